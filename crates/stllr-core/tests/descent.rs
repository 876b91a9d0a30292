//! Optimisers, weight decay and standardisation at work in networks of every kind of layer.

mod common;

use common::{Draw, layer, learning, network, power};
use stllr_core::fixed::Factor;
use stllr_core::layer::{ConvSpec, Kernel, Learning, Mode, SpikingSpec};
use stllr_core::network::{LayerKind, LayerSpec, Network, Spec, Target};
use stllr_core::noise::Rounding;
use stllr_core::optimizer::Optimizer;
use stllr_core::shape::Shape;

const MOMENTUM: Optimizer = Optimizer::Momentum { momentum: 9 << 26, nesterov: false };
const NESTEROV: Optimizer = Optimizer::Momentum { momentum: 9 << 26, nesterov: true };
const ALL: [(Optimizer, i32); 6] = [
    (Optimizer::Sgd, -6),
    (MOMENTUM, -8),
    (NESTEROV, -8),
    (Optimizer::ADAM, -7),
    (Optimizer::RMSPROP, -8),
    (Optimizer::RPROP, -9),
];

/// A convolution over 2 x 6 x 6, a recurrent layer upon it, a readout of four classes.
fn spec(learning: Learning, rate: i32, standardise: bool) -> Spec {
    stored(learning, rate, standardise, None)
}

/// The same, with weights of 8 bits where they are so much coarser.
fn stored(learning: Learning, rate: i32, standardise: bool, byte_shift: Option<u32>) -> Spec {
    let kernel = Kernel { height: 3, width: 3, stride: 1, padding: 1, dilation: 1, groups: 2 };
    let neurons = SpikingSpec { rate: power(rate), standardise, byte_shift, bias: true, weight_bits: 12, ..layer(8) };
    let conv = LayerSpec { sources: vec![0], kind: LayerKind::Conv(ConvSpec { neurons: neurons.clone(), kernel }) };
    let dense = SpikingSpec { units: 20, recurrent: true, deviation: 2 << 20, ..neurons };
    let dense = LayerSpec { sources: vec![1], kind: LayerKind::Spiking(dense) };
    let base = network(vec![layer(1)], learning);
    let mut spec = Spec {
        input: Shape { channels: 2, height: 6, width: 6 },
        layers: vec![conv, dense],
        readout_source: 2,
        ..base
    };
    // For those that heed no gradient's size as fast as hidden layers.
    spec.readout.rate = if learning.optimizer.folds_rate() { power(-9) } else { power(rate) };
    spec
}

/// A recording: each class has a corner of the sensor.
fn recording(network: &mut Network, class: u32, seed: u64, learns: bool) -> u32 {
    let mut draw = Draw::new(seed);
    network.reset(true);
    for _ in 0..20 {
        let at = |i: u32| (i / 6 % 6 / 3 * 2 + i % 6 / 3) == class;
        let input: Vec<u32> = (0..72).filter(|&i| draw.chance(if at(i) { 40 } else { 8 })).collect();
        network.step(&input, if learns { Target::Class(class) } else { Target::None });
    }
    network.end_sequence();
    let scores = network.scores();
    (0..4).max_by_key(|&c| scores[c as usize]).unwrap_or(0)
}

fn accuracy(spec: Spec, recordings: u64) -> u32 {
    let mut network = Network::new(spec).unwrap_or_else(|error| panic!("{error}"));
    (0..recordings).for_each(|n| {
        recording(&mut network, n as u32 % 4, n, true);
    });
    2 * (0..50).map(|n| (recording(&mut network, n % 4, 90_000 + n as u64, false) == n % 4) as u32).sum::<u32>()
}

#[test]
fn every_optimiser_learns_with_and_without_standardisation_and_decay() {
    for (mode, block_steps) in [(Mode::Sequence, 16), (Mode::Block, 10)] {
        for (optimizer, rate) in ALL {
            for (standardise, decay, byte_shift) in [
                (false, Factor::ZERO, None),
                (true, power(-12), None),
                (false, Factor::ZERO, Some(6)),
                (true, power(-12), Some(6)),
            ] {
                let learning = Learning { optimizer, decay, ..learning(mode, block_steps, Rounding::Dithered) };
                let right = accuracy(stored(learning, rate, standardise, byte_shift), 80);
                // Rprop goes by signs alone, which a single recording's gradient often has wrong.
                let wanted = if optimizer == Optimizer::RPROP { 50 } else { 72 };
                assert!(
                    right >= wanted,
                    "{optimizer:?}, {mode:?}, standardised {standardise}, {byte_shift:?}: {right} of 100"
                );
            }
        }
    }
}

#[test]
fn gathered_plain_descent_changes_what_plain_descent_changes() {
    // A decay far below a unit makes the gradient be gathered; to nearest, both then round the same sum.
    let run = |decay: Factor| {
        let learning = Learning { decay, ..learning(Mode::Block, 10, Rounding::Nearest) };
        let mut network = Network::new(spec(learning, -6, false)).expect("a valid spec");
        recording(&mut network, 1, 5, true);
        conv_weights(&network)
    };
    assert_eq!(run(Factor::ZERO), run(power(-24)));
}

#[test]
fn weight_decay_shrinks_weights_that_nothing_else_changes() {
    for (optimizer, rate) in ALL.into_iter().take(3) {
        let plain = Learning { optimizer, decay: power(-2), ..learning(Mode::Sequence, 16, Rounding::Dithered) };
        let mut spec = spec(plain, rate, false);
        // No signal reaches the hidden layers.
        spec.readout.deviation = 0;
        spec.readout.rate = Factor::ZERO;
        let mut network = Network::new(spec).expect("a valid spec");
        let size = |network: &Network| {
            let mut sum = 0;
            network.hidden()[0].visit_weights(&mut |w| sum += w.abs());
            sum
        };
        let before = size(&network);
        (0..60).for_each(|n| {
            recording(&mut network, n % 4, n as u64, true);
        });
        let after = size(&network);
        assert!(after * 10 < before * 9 && after > 0, "{optimizer:?}: {before} to {after}");
    }
}

/// A recording in which nothing spikes.
fn silence(network: &mut Network) {
    network.reset(true);
    (0..20).for_each(|_| network.step(&[], Target::Class(0)));
    network.end_sequence();
}

fn conv_weights(network: &Network) -> Vec<i64> {
    let mut weights = Vec::new();
    for layer in network.layers() {
        layer.as_conv().into_iter().for_each(|conv| conv.visit_weights(&mut |w| weights.push(w)));
    }
    weights
}

#[test]
fn without_a_gradient_descent_rests_and_moments_go_on() {
    for (optimizer, rate) in [(Optimizer::Sgd, -6), (Optimizer::ADAM, -7)] {
        let learning = Learning { optimizer, ..learning(Mode::Sequence, 16, Rounding::Nearest) };
        let mut spec = spec(learning, rate, true);
        // Biases and the layers above would learn in silence too.
        if let LayerKind::Conv(conv) = &mut spec.layers[0].kind {
            conv.neurons.bias = false;
        }
        spec.readout.rate = Factor::ZERO;
        let mut network = Network::new(spec).expect("a valid spec");
        let drawn = conv_weights(&network);
        silence(&mut network);
        assert_eq!(conv_weights(&network), drawn, "{optimizer:?}: what never had a gradient");
        recording(&mut network, 1, 5, true);
        let learned = conv_weights(&network);
        assert_ne!(learned, drawn, "{optimizer:?}");
        silence(&mut network);
        let rests = conv_weights(&network) == learned;
        assert_eq!(rests, optimizer.folds_rate(), "{optimizer:?}: what had one");
    }
}

#[test]
fn silence_counts_as_an_update() {
    // Adam corrects its means by the number of updates, also of what had no gradient in them.
    let run = |optimizer, rate, silences| {
        let learning = Learning { optimizer, ..learning(Mode::Sequence, 16, Rounding::Nearest) };
        let mut spec = spec(learning, rate, true);
        if let LayerKind::Conv(conv) = &mut spec.layers[0].kind {
            conv.neurons.bias = false;
        }
        if let LayerKind::Spiking(dense) = &mut spec.layers[1].kind {
            dense.rate = Factor::ZERO;
        }
        spec.readout.rate = Factor::ZERO;
        let mut network = Network::new(spec).expect("a valid spec");
        (0..silences).for_each(|_| silence(&mut network));
        recording(&mut network, 1, 5, true);
        conv_weights(&network)
    };
    assert_eq!(run(Optimizer::Sgd, -6, 0), run(Optimizer::Sgd, -6, 3));
    assert_ne!(run(Optimizer::ADAM, -7, 0), run(Optimizer::ADAM, -7, 3));
}

#[test]
fn what_it_holds_is_foretold_and_everything_counts_in_its_state() {
    for (optimizer, rate) in ALL {
        let learning = Learning { optimizer, ..learning(Mode::Block, 10, Rounding::Nearest) };
        let mut network = Network::new(spec(learning, rate, true)).expect("a valid spec");
        let weights = 18 * 8 / 2 * 2 + (288 + 20) * 24;
        let bytes = network.memory().optimizer;
        assert!(bytes >= weights * optimizer.bytes_per_weight() && (bytes > 0) != optimizer.folds_rate());
        let before = network.state_hash();
        recording(&mut network, 1, 3, true);
        let (after, hidden) = (network.state_hash(), network.weights_hash());
        network.reset(true);
        assert_ne!(before, after);
        assert_eq!(network.weights_hash(), hidden, "a reset leaves weights");
    }
}
