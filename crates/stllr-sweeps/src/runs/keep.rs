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

/// State of which some numbers and elements are others that their types have: it is refused, or the network works. `ROUNDS` in the
/// environment asks for more than the few of every run.
#[test]
fn state_that_is_taken_works_whatever_it_is() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(8);
    let mut taken = 0;
    for run in (0..RUNS).step_by(3) {
        let mut saved = None;
        let mut steps = 0;
        train(run, &mut |_| (), &mut |network| {
            steps += 1;
            if steps == 37 {
                saved = Some((network.spec().clone(), network.save()));
            }
        });
        let (spec, state) = saved.expect("so many steps");
        for round in 0..rounds {
            let draw = Stream::new(77, run as u32).word(round);
            let mut other = state.clone();
            damage(&mut other, draw);
            let mut network = Network::new(spec.clone()).expect("the spec is valid");
            if network.set(&other).is_ok() {
                taken += 1;
                go_on(&mut network);
            }
        }
    }
    assert!(taken > rounds, "{taken}");
}

fn damage(state: &mut stllr_core::keep::State, draw: u32) {
    let pick = |length: usize| mix(draw ^ 5) as usize % length.max(1);
    if draw.is_multiple_of(3) {
        let at = pick(state.numbers.len());
        state.numbers[at] = [0, 1, 2, 7, i64::MAX, 1 << 31, 1 << 16, 40][mix(draw ^ 9) as usize % 8];
        return;
    }
    let at = pick(state.arrays.len());
    let array = &mut state.arrays[at];
    for k in 0..4 {
        let at = mix(draw ^ (k + 20)) as usize % array.bytes.len();
        array.bytes[at] = mix(draw ^ (k + 30)) as u8;
    }
}

/// Steps, with whatever may be learned.
fn go_on(network: &mut Network) {
    let tracks = network.tracks();
    let (inputs, classes) = (network.spec().inputs() as u32, network.spec().readout.classes);
    let tells = network.spec().readout.kernel.is_none();
    for step in 0..70 {
        let input: Vec<u32> = (0..inputs).filter(|i| (i + step).is_multiple_of(3)).collect();
        let learns = tracks && tells && step % 3 != 1;
        network.step(&input, if learns { Target::Class(step % classes as u32) } else { Target::None });
    }
    network.end_sequence();
    network.reset(true);
    network.step(&[], Target::None);
}
