//! What the core's weights are, in the reference's order.

use stllr_core::layer::Mode;
use stllr_core::network::{Layer, LayerKind, Network};

use crate::plan::{Integers, Plan};

/// Weights before they are standardised, in the effective ones' formats, and gains, `Q 20`.
#[derive(Clone, Debug)]
pub struct Raw {
    pub weight: Vec<i32>,
    pub gain: Vec<i32>,
    /// Of the layer's own spikes; empty where it is not recurrent.
    pub recurrent: Vec<i32>,
    pub recurrent_gain: Vec<i32>,
}

/// Where each weight stands in the core: those from the input, then the recurrent ones.
fn places(plan: &Plan, layer: usize, of: &Layer) -> (Vec<usize>, Vec<usize>) {
    match of {
        Layer::Spiking(of) => {
            let (units, width) = (of.spec().units, of.spec().width());
            let elements = plan.input(layer).elements();
            let mut rows = vec![0; elements.len()];
            elements.iter().enumerate().for_each(|(row, &input)| rows[input] = row);
            let first = elements.len();
            let own: Vec<usize> = (first..first + if of.spec().recurrent { units } else { 0 }).collect();
            let of = |rows: &[usize]| -> Vec<usize> {
                (0..units).flat_map(|unit| rows.iter().map(move |row| row * width + unit)).collect()
            };
            (of(&rows), of(&own))
        }
        Layer::Conv(of) => {
            let (geometry, kernel, width) = (of.geometry(), of.spec().kernel, of.spec().row_width());
            let (inputs, taps) = (geometry.group_inputs(), kernel.taps());
            let at = |i: usize| {
                let (tap, input, output) = (i % taps, i / taps % inputs, i / taps / inputs);
                let (group, output) = (output / geometry.group_outputs(), output % geometry.group_outputs());
                let row = geometry.weight_row(group, tap / kernel.width, tap % kernel.width) + input;
                row * width + output
            };
            ((0..geometry.output.channels * inputs * taps).map(at).collect(), vec![])
        }
        Layer::Relay(_) => (vec![], vec![]),
    }
}

/// A layer's weights in use and biases.
pub fn integers(plan: &Plan, network: &Network, layer: usize) -> Integers {
    let of = &network.layers()[layer];
    let mut all = Vec::new();
    let (units, padded, bias) = match of {
        Layer::Spiking(of) => {
            of.visit_weights(&mut |n| all.push(n as i32));
            (of.spec().units, of.spec().width(), of.spec().bias)
        }
        Layer::Conv(of) => {
            of.visit_weights(&mut |n| all.push(n as i32));
            (of.spec().neurons.units, of.stride(), of.spec().neurons.bias)
        }
        Layer::Relay(_) => return Integers::default(),
    };
    let (weight, recurrent) = places(plan, layer, of);
    let biases = all.split_off(all.len() - padded);
    let of = |places: Vec<usize>| places.into_iter().map(|place| all[place]).collect();
    Integers { weight: of(weight), recurrent: of(recurrent), bias: biases[..if bias { units } else { 0 }].to_vec() }
}

/// The raw weights and gains of a layer whose weights are standardised.
pub fn raw(plan: &Plan, network: &Network, layer: usize) -> Option<Raw> {
    let of = &network.layers()[layer];
    let (descent, recurrent) = match of {
        Layer::Spiking(of) => (of.descent(), of.spec().recurrent),
        Layer::Conv(of) => (of.descent(), false),
        Layer::Relay(_) => return None,
    };
    if descent.raw().is_empty() {
        return None;
    }
    let (weight, own) = places(plan, layer, of);
    let read = |places: Vec<usize>| places.into_iter().map(|place| descent.raw()[place] as i32).collect();
    let mut parts: Vec<Vec<i32>> = descent.gains().map(<[i32]>::to_vec).collect();
    let recurrent_gain = if recurrent { parts.pop().unwrap_or_default() } else { vec![] };
    Some(Raw { weight: read(weight), gain: parts.concat(), recurrent: read(own), recurrent_gain })
}

/// The readout's weights and biases.
pub fn readout(plan: &Plan, network: &Network) -> Integers {
    let readout = network.readout();
    let mut all = Vec::new();
    readout.visit_weights(&mut |n| all.push(n as i32));
    let biases = all.split_off(readout.weights().len());
    let weight = plan.readout_places().into_iter().map(|place| all[place]).collect();
    let used = if readout.spec().bias { readout.spec().classes } else { 0 };
    Integers { weight, recurrent: vec![], bias: biases[..used].to_vec() }
}

/// Do a layer's rows change weights at once, from a sweep in 16 bits?
pub fn is_narrow(plan: &Plan, layer: usize) -> bool {
    let learning = &plan.spec.learning;
    let plain = matches!(&plan.spec.layers[layer].kind, LayerKind::Spiking(spec) if !spec.standardise);
    plain && learning.mode == Mode::Block && !learning.gathers()
}
