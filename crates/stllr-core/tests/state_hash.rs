//! The state's hash: networks with equal hashes do the same from there on, whatever led to them, and whatever decides what
//! comes next is in it.

mod common;

use common::{layer, learning, loihi, network, power};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use stllr_core::fixed::ONE_Q15;
use stllr_core::layer::{
    ConvSpec, DropoutSpec, JoinSpec, Kernel, Learning, LoihiSpec, Mode, PoolSpec, Readout, ReadoutSpec, SpikingSpec,
    UpsampleSpec,
};
use stllr_core::loss::Loss;
use stllr_core::network::{Layer, LayerKind, LayerSpec, Network, Spec, Target};
use stllr_core::noise::Rounding;
use stllr_core::optimizer::Optimizer;
use stllr_core::shape::Shape;
use stllr_core::signal::Signal;

const INPUTS: u32 = 18;

fn node(source: usize, kind: LayerKind) -> LayerSpec {
    LayerSpec { sources: vec![source], kind }
}

/// Dropout, a standardised convolution with biases, an average, dropout, a recurrent layer, and a readout of three classes.
fn deep(signal: Signal, loss: Loss, learning: Learning) -> Spec {
    let kernel = Kernel { height: 2, width: 2, stride: 1, padding: 1, dilation: 1, groups: 2 };
    let neurons = SpikingSpec { bias: true, rate: power(-3), threshold: 1 << 15, deviation: 12 << 20, ..layer(4) };
    let conv = SpikingSpec { standardise: true, ..neurons.clone() };
    let recurrent = SpikingSpec { units: 5, recurrent: true, divisor: 4, standardise: true, ..neurons };
    let base = network(vec![], learning);
    Spec {
        input: Shape { channels: 2, height: 3, width: 3 },
        layers: vec![
            node(0, LayerKind::Dropout(DropoutSpec { rate: ONE_Q15 / 4 })),
            node(1, LayerKind::Conv(ConvSpec { neurons: conv, kernel })),
            node(2, LayerKind::Pool(PoolSpec { max: false, size: 2, stride: 2 })),
            node(3, LayerKind::Dropout(DropoutSpec { rate: ONE_Q15 / 2 })),
            node(4, LayerKind::Spiking(recurrent)),
            node(5, LayerKind::Dropout(DropoutSpec { rate: ONE_Q15 / 4 })),
        ],
        readout: ReadoutSpec { classes: 3, ..base.readout.clone() },
        readout_source: 6,
        signal,
        loss,
        ..base
    }
}

/// Two convolutions, the first of them seen twice, and two values at every pixel.
fn pixels(loss: Loss, learning: Learning) -> Spec {
    let kernel = Kernel { height: 3, width: 3, stride: 1, padding: 1, dilation: 1, groups: 1 };
    let neurons = SpikingSpec { rate: power(-3), threshold: 1 << 15, deviation: 12 << 20, ..layer(3) };
    let conv = |stride| {
        LayerKind::Conv(ConvSpec { neurons: neurons.clone(), kernel: Kernel { stride, padding: 1, ..kernel } })
    };
    let base = network(vec![], learning);
    Spec {
        input: Shape { channels: 2, height: 3, width: 3 },
        layers: vec![
            node(0, conv(1)),
            node(1, LayerKind::Pool(PoolSpec { max: true, size: 3, stride: 1 })),
            node(2, LayerKind::Upsample(UpsampleSpec { factor: 3 })),
            LayerSpec { sources: vec![3, 1], kind: LayerKind::Join(JoinSpec { concat: false, repeats: vec![1, 2] }) },
            node(4, LayerKind::Dropout(DropoutSpec { rate: ONE_Q15 / 4 })),
        ],
        readout: ReadoutSpec { classes: 2, kernel: Some(1), ..base.readout.clone() },
        readout_source: 5,
        loss,
        ..base
    }
}

fn specs() -> Vec<Spec> {
    let block = |optimizer| Learning { optimizer, ..learning(Mode::Block, 2, Rounding::Nearest) };
    let dithered = learning(Mode::Block, 2, Rounding::Dithered);
    let sequence = |optimizer| Learning { optimizer, ..learning(Mode::Sequence, 2, Rounding::Dithered) };
    let decayed = |learning: Learning| Learning { decay: power(-3), ..learning };
    let momentum = Optimizer::Momentum { momentum: 1 << 29, nesterov: false };
    // What its currents hold is all that decides what comes next.
    let chip = LoihiSpec { current_decay: 512, voltage_decay: 4096, threshold: 40, bits: 13 };
    let nesterov = Optimizer::Momentum { momentum: 1 << 29, nesterov: true };
    vec![
        Spec { input: Shape::vector(18), ..network(vec![layer(6)], dithered) },
        Spec { input: Shape::vector(18), ..network(vec![layer(6)], decayed(dithered)) },
        Spec { input: Shape::vector(18), ..network(vec![loihi(chip, layer(6))], dithered) },
        deep(Signal::Bp, Loss::CrossEntropy, block(Optimizer::Sgd)),
        deep(Signal::Bp, Loss::MeanSquare, decayed(sequence(Optimizer::ADAM))),
        deep(Signal::Dfa, Loss::Binary, block(momentum)),
        deep(Signal::Sdfa, Loss::CrossEntropy, sequence(nesterov)),
        deep(Signal::Drtp, Loss::MeanSquare, block(Optimizer::RMSPROP)),
        deep(Signal::Local, Loss::CrossEntropy, block(Optimizer::RPROP)),
        pixels(Loss::Endpoint, block(Optimizer::ADAM)),
        pixels(Loss::MeanSquare, decayed(block(Optimizer::Sgd))),
    ]
}

/// What may be done to a network.
#[derive(Clone, Copy, Debug)]
enum Action {
    Reset(bool),
    DrawDropout(bool),
    /// A step that learns nothing, with one of three patterns; one that learns, and one whose error is zero.
    Rest(u32),
    Learn,
    LearnNothing,
    EndSequence,
    AddClass,
    RemoveClass,
}

const ACTIONS: [Action; 9] = [
    Action::Reset(true),
    Action::Reset(false),
    Action::DrawDropout(true),
    Action::DrawDropout(false),
    Action::Rest(0),
    Action::Learn,
    Action::LearnNothing,
    Action::EndSequence,
    Action::AddClass,
];

/// A network and whether it tracks.
#[derive(Clone)]
struct Driven {
    network: Network,
    tracks: bool,
}

impl Driven {
    /// Returns false where it cannot be done now.
    fn act(&mut self, action: Action) -> bool {
        let network = &mut self.network;
        let input = |pattern: u32| (0..INPUTS).filter(move |i| i % 3 == pattern).collect::<Vec<_>>();
        match action {
            Action::Reset(tracking) => {
                self.tracks = tracking;
                network.reset(tracking);
            }
            Action::DrawDropout(drop) => network.draw_dropout(drop),
            Action::Rest(pattern) => network.step(&input(pattern), Target::None),
            Action::Learn | Action::LearnNothing if !self.tracks => return false,
            Action::Learn => {
                let (values, mask) = ([1 << 17; 18], [1, 0, 1, 1, 1, 1, 0, 1, 1]);
                let target = match network.spec().loss {
                    Loss::Endpoint => Target::Flow { flow: &values, mask: &mask },
                    _ if network.spec().readout.kernel.is_some() => Target::Values(&values),
                    _ => Target::Class(1),
                };
                network.step(&input(2), target);
            }
            Action::LearnNothing => {
                let error = vec![0; network.error().len()];
                network.step(&input(0), Target::Error(&error));
            }
            Action::EndSequence => network.end_sequence(),
            Action::AddClass => return network.add_class().is_ok(),
            Action::RemoveClass => return network.remove_class(0).is_ok(),
        }
        true
    }

    /// What it does from here on: all that it answers, and the hashes that it ends with.
    fn future(mut self) -> Vec<i64> {
        const NEXT: [Action; 11] = [
            Action::Rest(1),
            Action::EndSequence,
            Action::Reset(true),
            Action::Learn,
            Action::DrawDropout(true),
            Action::Learn,
            Action::EndSequence,
            Action::RemoveClass,
            Action::AddClass,
            Action::Learn,
            Action::EndSequence,
        ];
        let mut all = Vec::new();
        for action in NEXT {
            self.act(action);
            all.extend_from_slice(self.network.scores());
        }
        all.push(self.network.state_hash() as i64);
        all
    }
}

/// All networks that come of so many actions or fewer, and what was done.
fn histories(start: &Driven, most: usize) -> Vec<(Vec<Action>, Driven)> {
    let mut all = vec![(vec![], start.clone())];
    let mut first = 0;
    for _ in 0..most {
        let longest = first..all.len();
        first = all.len();
        for i in longest {
            for action in ACTIONS {
                let (mut actions, mut driven) = all[i].clone();
                actions.push(action);
                if driven.act(action) {
                    all.push((actions, driven));
                }
            }
        }
    }
    all
}

/// What was done to a network, how it is then, and what it does next where that was asked.
type Past = (Vec<Action>, Driven, Option<Vec<i64>>);

#[test]
fn networks_with_equal_hashes_do_the_same_from_there_on() {
    for (number, spec) in specs().into_iter().enumerate() {
        let network = Network::new(spec).unwrap_or_else(|error| panic!("{number}: {error}"));
        let mut start = Driven { network, tracks: true };
        // Something that was learned before.
        [Action::Learn, Action::Learn, Action::Learn, Action::EndSequence].into_iter().for_each(|action| {
            start.act(action);
        });
        // By hash: who came there first, and what they do next where others came there.
        let mut first: HashMap<u64, Past> = HashMap::new();
        let mut met = 0;
        for (actions, mut driven) in histories(&start, 3) {
            match first.entry(driven.network.state_hash()) {
                Entry::Vacant(entry) => _ = entry.insert((actions, driven, None)),
                Entry::Occupied(mut entry) => {
                    let (by, there, future) = entry.get_mut();
                    let future = future.get_or_insert_with(|| there.clone().future());
                    let differ = "have one hash, and go on differently";
                    assert!(*future == driven.future(), "network {number}: {by:?} and {actions:?} {differ}");
                    met += 1;
                }
            }
        }
        // Or the property would be empty.
        assert!(met > 50 && first.len() > 50, "network {number}: {met} met others, {} hashes", first.len());
    }
}

/// Sets one number of a layer or the readout to another; false where there is no such number.
type Set = fn(&mut [Layer], &mut Readout, layer: usize, index: usize) -> bool;

/// All the numbers of a network that can be set from outside.
const SETS: [(&str, Set); 6] = [
    ("weight", |layers, _, layer, index| {
        let Some(layer) = layers[layer].as_spiking_mut() else { return false };
        let (units, weights) = (layer.spec().units, count(|sink| layer.visit_weights(sink)) - layer.spec().width());
        let is = index < weights / layer.spec().width() * units;
        if is {
            // Neither can be what is drawn.
            layer.set_weight(index / units, index % units, -8190);
        }
        is
    }),
    ("bias", |layers, _, layer, index| {
        let Some(layer) = layers[layer].as_spiking_mut() else { return false };
        let is = index < layer.spec().units;
        if is {
            layer.set_bias(index, 12_345);
        }
        is
    }),
    ("weight of a convolution", |layers, _, layer, index| {
        let Some(conv) = layers[layer].as_conv_mut() else { return false };
        let (kernel, inputs) = (conv.spec().kernel, conv.geometry().group_inputs());
        let (tap, channels) = (index % kernel.taps(), index / kernel.taps());
        let is = channels < conv.spec().neurons.units * inputs;
        if is {
            conv.set_weight(channels / inputs, channels % inputs, tap / kernel.width, tap % kernel.width, -8190);
        }
        is
    }),
    ("bias of a convolution", |layers, _, layer, index| {
        let Some(conv) = layers[layer].as_conv_mut() else { return false };
        let is = index < conv.spec().neurons.units;
        if is {
            conv.set_bias(index, 12_345);
        }
        is
    }),
    ("weight of the readout", |_, readout, layer, index| {
        let is = layer == 0 && index < readout.weights().len();
        if is {
            readout.weights_mut()[index] ^= 1;
        }
        is
    }),
    ("bias of the readout", |_, readout, layer, index| {
        let is = layer == 0 && index < readout.bias_mut().len();
        if is {
            readout.bias_mut()[index] ^= 1;
        }
        is
    }),
];

fn count(visit: impl FnOnce(&mut dyn FnMut(i64))) -> usize {
    let mut count = 0;
    visit(&mut |_| count += 1);
    count
}

#[test]
fn every_weight_and_bias_is_in_the_hash() {
    for (number, spec) in specs().into_iter().enumerate() {
        let mut network = Network::new(spec).unwrap_or_else(|error| panic!("{number}: {error}"));
        let mut hashes = HashMap::from([(network.state_hash(), "nothing".to_owned())]);
        for (name, set) in SETS {
            for layer in 0..network.layers().len() {
                for index in 0.. {
                    let (mut other, mut is) = (network.clone(), false);
                    // Raw weights alone, where there are such: they wait to be made effective.
                    other.edit(|layers, readout| is = set(layers, readout, layer, index));
                    if !is {
                        break;
                    }
                    let what = format!("{name} {index} of layer {layer}");
                    if let Some(same) = hashes.insert(other.state_hash(), what.clone()) {
                        panic!("network {number}: {what} has the hash of {same}");
                    }
                }
            }
        }
        assert!(hashes.len() > 60, "network {number}: {} numbers", hashes.len());
    }
}
