//! A network that is saved and loaded goes on as if nothing had happened.

use super::*;

/// Another that is as this one is, made of its spec and its state alone.
fn loaded(network: &mut Network) -> Network {
    let state = network.save();
    let mut other = Network::new(network.spec().clone()).expect("the spec is valid");
    other.set(&state).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(other.state_hash(), network.state_hash());
    assert_eq!(other.save(), state);
    other
}

#[test]
fn a_run_that_is_saved_and_loaded_on_its_way_gives_its_hash() {
    // Every run at other steps, which all begin, lie in and end blocks.
    let hash = |run: usize| {
        let mut step = run;
        hash_with(run, &mut |network| {
            step += 1;
            if step.is_multiple_of(8) {
                *network = loaded(network);
            }
        })
    };
    let wrong: Vec<String> = (0..RUNS).filter(|&run| Some(hash(run)) != expected(run)).map(name).collect();
    assert!(wrong.is_empty(), "{} of {RUNS} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn state_that_a_network_cannot_have_is_refused_at_its_place() {
    for run in (0..RUNS).step_by(5) {
        let mut step = 0;
        train(run, &mut |_| (), &mut |network| {
            step += 1;
            if step % 101 == 50 {
                refuses(network, run);
            }
        });
    }
}

/// Cuts and extends each list and array, and puts values into them that are out of range.
fn refuses(network: &mut Network, run: usize) {
    let state = network.save();
    let set =
        |state: &stllr_core::keep::State| Network::new(network.spec().clone()).expect("the spec is valid").set(state);
    assert_eq!(set(&state), Ok(()));
    for at in 0..state.numbers.len() {
        let mut bad = state.clone();
        bad.numbers[at] = -1 - i64::MAX / 2;
        let error = set(&bad).expect_err(&format!("{}: number {at}", name(run)));
        assert_eq!((error.at, error.found, error.part), (at, bad.numbers[at], None));
    }
    for change in [-1, 1] {
        let mut bad = state.clone();
        bad.numbers.resize((state.numbers.len() as i64 + change) as usize, 0);
        assert!(set(&bad).is_err());
    }
    for at in 0..state.arrays.len() {
        let array = &state.arrays[at];
        let mut fewer = state.clone();
        fewer.arrays.remove(at);
        let mut longer = state.clone();
        longer.arrays[at].bytes.push(0);
        let mut other = state.clone();
        other.arrays[at].kind ^= 1;
        for bad in [fewer, longer, other] {
            assert!(set(&bad).is_err(), "{}: {array:?}", name(run));
        }
        // The largest and the smallest of the type: nothing but sums and the optimiser's words may be that.
        let size = [1, 2, 4, 4, 8, 8][array.kind as usize];
        for byte in [0x7f, 0x80] {
            let mut bad = state.clone();
            let last = bad.arrays[at].bytes.len() - 1;
            bad.arrays[at].bytes[last + 1 - size..].fill(if byte == 0x7f { 0xff } else { 0 });
            bad.arrays[at].bytes[last] = byte;
            use stllr_core::keep::Part::{BiasMoments, GainMoments, Moments, Scores};
            if matches!(array.part, Scores | Moments | BiasMoments | GainMoments) || (array.kind, byte) == (0, 0x7f) {
                continue;
            }
            let error = set(&bad).expect_err(&format!("{}: {:?} of {:?}", name(run), array.part, array.layer));
            assert_eq!((error.part, error.layer), (Some(array.part), array.layer));
            assert_eq!(error.at, bad.arrays[at].bytes.len() / size - 1);
        }
    }
}
