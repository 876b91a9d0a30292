//! A class more or less.

mod common;

use common::{Draw, layer, learning, network};
use stllr_core::layer::Mode;
use stllr_core::network::{Network, Spec, Target};
use stllr_core::noise::Rounding;
use stllr_core::signal::Signal;

const SIGNALS: [Signal; 5] = [Signal::Bp, Signal::Dfa, Signal::Sdfa, Signal::Drtp, Signal::Local];

fn made(signal: Signal, mode: Mode) -> Network {
    let hidden = vec![layer(20), layer(12)];
    let spec = Spec { signal, ..network(hidden, learning(mode, 8, Rounding::Dithered)) };
    Network::new(spec).expect("the spec is valid")
}

/// A recording of each class: some inputs are more active than others.
fn learn(network: &mut Network, class: u32, seed: u64, learns: bool) -> Vec<i64> {
    let mut draw = Draw::new(seed);
    network.reset(true);
    for _ in 0..30 {
        let mut input = draw.some(30, 10);
        input.extend((0..30).filter(|i| i % 6 == class && draw.chance(70)));
        input.sort_unstable();
        input.dedup();
        network.step(&input, if learns { Target::Class(class) } else { Target::None });
    }
    network.end_sequence();
    network.scores().to_vec()
}

fn best(scores: &[i64]) -> u32 {
    (0..scores.len()).max_by_key(|&c| scores[c]).unwrap_or(0) as u32
}

#[test]
fn the_others_scores_stay_as_they_were() {
    for signal in SIGNALS {
        for mode in [Mode::Block, Mode::Sequence] {
            let mut network = made(signal, mode);
            (0..40).for_each(|n| drop(learn(&mut network, n % 4, n as u64, true)));
            let before = learn(&mut network, 2, 99, false);
            network.add_class().expect("room for one more");
            let more = learn(&mut network, 2, 99, false);
            assert_eq!((&more[..4], more[4]), (&before[..], 0), "{signal:?}");
            network.remove_class(1).expect("there is such a class");
            let fewer = learn(&mut network, 2, 99, false);
            assert_eq!(fewer, [before[0], before[2], before[3], 0], "{signal:?}");
            assert_eq!(network.memory(), &network.spec().memory());
        }
    }
}

#[test]
fn a_new_class_is_learned_and_the_others_are_not_forgotten() {
    for signal in [Signal::Bp, Signal::Dfa] {
        let mut network = made(signal, Mode::Block);
        (0..400).for_each(|n| drop(learn(&mut network, n % 4, n as u64, true)));
        network.add_class().expect("room for one more");
        // A few of the new ones among old ones.
        (0..100).for_each(|n| drop(learn(&mut network, n % 5, 1000 + n as u64, true)));
        let right = (0..100).filter(|&n| best(&learn(&mut network, n % 5, 5000 + n as u64, false)) == n % 5).count();
        let new = (0..20).filter(|&n| best(&learn(&mut network, 4, 7000 + n as u64, false)) == 4).count();
        assert!(right >= 90 && new >= 18, "{signal:?}: {right} of 100, {new} of 20 new ones");
    }
}

#[test]
fn matrices_of_old_classes_stay_and_new_ones_differ() {
    // What is random must not repeat after classes went and came.
    let mut network = made(Signal::Dfa, Mode::Block);
    let mut hashes = vec![network.state_hash()];
    for _ in 0..3 {
        network.remove_class(0).expect("there is such a class");
        network.add_class().expect("room for one more");
        hashes.push(network.state_hash());
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 4);
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut network = made(Signal::Bp, Mode::Block);
    let before = network.state_hash();
    assert_eq!(network.remove_class(4).map_err(|error| error.field), Err("class"));
    assert_eq!(network.state_hash(), before);
    network.remove_class(0).expect("there is such a class");
    network.remove_class(0).expect("there is such a class");
    let before = network.state_hash();
    assert_eq!(network.remove_class(0).map_err(|error| error.field), Err("classes"));
    assert_eq!(network.state_hash(), before);
    let memory_limit = network.spec().memory().total();
    let mut full = Network::new(Spec { memory_limit, ..network.spec().clone() }).expect("it just fits");
    let refused = (0..8).find_map(|_| full.add_class().err()).expect("there is no room");
    assert_eq!(refused.field, "memory in bytes");
}
