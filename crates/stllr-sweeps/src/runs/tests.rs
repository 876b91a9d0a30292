//! Native hashes, and that the runs are worth hashing.

use super::*;
use std::collections::BTreeSet;
use stllr_core::layer::Kernel;
use stllr_core::loss::Loss;
use stllr_core::network::{Layer, LayerKind};
use stllr_core::optimizer::Optimizer;

#[test]
fn every_run_gives_its_hash() {
    let wrong: Vec<String> = (0..RUNS)
        .map(|run| (run, hash(run), expected(run)))
        .filter(|&(_, got, want)| Some(got) != want)
        .map(|(run, got, want)| format!("{}: {got:016x}, not {:016x}", name(run), want.unwrap_or(0)))
        .collect();
    assert!(wrong.is_empty(), "{} of {RUNS} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn there_is_a_line_for_every_run_and_no_other() {
    let names: BTreeSet<String> = (0..RUNS).map(name).collect();
    assert_eq!(names.len(), RUNS, "names differ");
    let hashes: BTreeSet<Option<u64>> = (0..RUNS).map(expected).collect();
    assert!(hashes.len() == RUNS && !hashes.contains(&None), "every run has a hash of its own");
    assert_eq!(lines(), RUNS);
}

#[test]
fn every_run_spikes_and_learns_in_all_layers() {
    for run in 0..RUNS {
        let before = Network::new(spec(run)).expect("the spec is valid");
        let after = train(run, &mut |_| (), &mut |_| ());
        let steps = after.meter().steps;
        let spikes = after.meter().hidden_spikes;
        let neurons = |layer: &Layer| match layer {
            Layer::Spiking(layer) => layer.spec().units,
            Layer::Conv(layer) => layer.geometry().output.elements(),
            Layer::Relay(_) => 0,
        };
        let units: usize = after.layers().iter().map(neurons).sum();
        assert!(spikes > steps && spikes < steps * units as u64 / 2, "{}: {spikes} spikes", name(run));
        for (i, (old, new)) in before.layers().iter().zip(after.layers()).enumerate() {
            let (old, new) = (weights(old), weights(new));
            let moved = old.iter().zip(&new).filter(|(old, new)| old != new).count();
            assert!(moved >= old.len().min(500) / 5, "{}: {moved} weights of layer {i} moved", name(run));
        }
        assert_ne!(before.readout().weights(), after.readout().weights(), "{}", name(run));
    }
}

fn weights(layer: &Layer) -> Vec<i64> {
    let mut weights = Vec::new();
    let mut sink = |weight: i64| weights.push(weight);
    match layer {
        Layer::Spiking(layer) => layer.visit_weights(&mut sink),
        Layer::Conv(layer) => layer.visit_weights(&mut sink),
        Layer::Relay(_) => (),
    }
    weights
}

/// What a network has of what there is.
fn features(spec: &Spec) -> Vec<String> {
    let mut all = vec![
        format!("signal {:?}", spec.signal),
        format!("{:?} mode", spec.learning.mode),
        format!("rounding {:?}", spec.learning.rounding),
        format!("readout of pixels: {}", spec.readout.kernel.is_some()),
        format!("decay: {}", spec.learning.decay.mantissa != 0),
    ];
    all.push(match spec.loss {
        Loss::Contrast(_) => "loss Contrast".into(),
        loss => format!("loss {loss:?}"),
    });
    all.push(match spec.learning.optimizer {
        Optimizer::Momentum { nesterov, .. } => format!("momentum, Nesterov: {nesterov}"),
        Optimizer::Sgd => "plain descent".into(),
        Optimizer::Adam { .. } => "Adam".into(),
        Optimizer::RmsProp { .. } => "RMSprop".into(),
        Optimizer::RProp { .. } => "Rprop".into(),
    });
    let mut neurons = |spec: &SpikingSpec, kind: &str| {
        let is = [
            (spec.bias, "bias"),
            (spec.byte_shift.is_some(), "8 bits"),
            (spec.standardise, "standardised"),
            (spec.divisor > 1, "divided"),
            (spec.recurrent, "recurrent"),
        ];
        all.extend(is.into_iter().filter(|(is, _)| *is).map(|(_, name)| format!("{kind}: {name}")));
        all.push(format!("{kind}: {:?}", spec.psi));
    };
    let mut relays = vec![];
    for layer in &spec.layers {
        match &layer.kind {
            LayerKind::Spiking(spec) => neurons(spec, "dense"),
            LayerKind::Conv(conv) => {
                neurons(&conv.neurons, "convolution");
                let Kernel { stride, padding, dilation, groups, .. } = conv.kernel;
                let is = [
                    (stride > 1, "stride"),
                    (padding > 0, "padding"),
                    (dilation > 1, "dilation"),
                    (groups > 1, "groups"),
                ];
                relays.extend(is.into_iter().filter(|(is, _)| *is).map(|(_, name)| name.to_owned()));
            }
            LayerKind::Pool(pool) => relays.push(format!("pool, maximum: {}", pool.max)),
            LayerKind::Upsample(_) => relays.push("upsample".into()),
            LayerKind::Join(join) => relays.push(format!("join, concat: {}", join.concat)),
            LayerKind::Dropout(_) => relays.push("dropout".into()),
        }
    }
    all.extend(relays);
    all
}

#[test]
fn everything_that_there_is_is_in_some_run() {
    let all: BTreeSet<String> = (0..RUNS).flat_map(|run| features(&spec(run))).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let wanted = [
        "Adam",
        "Block mode",
        "RMSprop",
        "Rprop",
        "Sequence mode",
        "convolution: 8 bits",
        "convolution: Exp",
        "convolution: Sigmoid",
        "convolution: Tri",
        "convolution: TriOut",
        "convolution: bias",
        "convolution: divided",
        "convolution: standardised",
        "decay: false",
        "decay: true",
        "dense: 8 bits",
        "dense: Exp",
        "dense: Sigmoid",
        "dense: Tri",
        "dense: TriOut",
        "dense: bias",
        "dense: divided",
        "dense: recurrent",
        "dense: standardised",
        "dilation",
        "dropout",
        "groups",
        "join, concat: false",
        "join, concat: true",
        "loss Binary",
        "loss Contrast",
        "loss CrossEntropy",
        "loss Endpoint",
        "loss MeanSquare",
        "momentum, Nesterov: false",
        "momentum, Nesterov: true",
        "padding",
        "plain descent",
        "pool, maximum: false",
        "pool, maximum: true",
        "readout of pixels: false",
        "readout of pixels: true",
        "rounding Dithered",
        "rounding Nearest",
        "signal Bp",
        "signal Dfa",
        "signal Drtp",
        "signal Local",
        "signal Sdfa",
        "stride",
        "upsample",
    ];
    assert_eq!(all, wanted);
    assert!(deep::ALL.iter().any(|run| run.changes_classes));
}
