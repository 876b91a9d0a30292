//! A network file through the core.
//!
//! Each recorded batch starts from the file's parameters at that point, standardised in `f64` and then rounded; each of
//! its sequences runs on its own. The gradients of the sequences are summed and taken through the standardisation in
//! `f64`, as the file's are.

use std::collections::BTreeMap;

use stllr_core::fixed::READOUT_MEMBRANE_BITS;

use super::Basis;
use super::bound::{Estimate, ReadoutBound, SpikingBound, between, feedback, output_error};
use super::comparison::{Comparison, Group};
use super::formats::{self, ReadoutFormats, SpikingFormats, spiking_rows, values};
use super::layer::gather;
use super::machine::Machine;
use crate::golden::{NetworkCase, Sequence};
use crate::layer::{Readout, SpikingLayer};
use crate::network::Signal;
use crate::parameters::{Tensors, Weights};
use crate::training::Mode;

/// What of a file with a step of the optimiser at each learning step is left out.
pub const ONLINE: &str = "online: up to each sequence's first learning step, as the parameters change from there on";

/// Replays all sequences.
pub fn replay(case: &NetworkCase, basis: Basis) -> Result<Comparison, String> {
    let mut all = Comparison::default();
    let mut network = case.trainer().network;
    for sequence in &case.sequences {
        let (hidden, readout) = (&network.hidden(0)[0], network.readout(0));
        Replay { case, sequence, basis, hidden, readout }.run(&mut all)?;
        if let Some(parameters) = sequence.parameters_after.last() {
            network.set_parameters(&ours(parameters));
        }
    }
    Ok(all)
}

/// Parameters under the reference's names.
fn ours(parameters: &Tensors) -> Tensors {
    let rename = |name: &str| name.replacen("h.", "hidden0.", 1).replacen("o.", "readout.", 1);
    parameters.iter().map(|(name, values)| (rename(name), values.clone())).collect()
}

/// One batch.
struct Replay<'a> {
    case: &'a NetworkCase,
    sequence: &'a Sequence,
    basis: Basis,
    /// With the file's parameters as the batch begins.
    hidden: &'a SpikingLayer,
    readout: &'a Readout,
}

/// Gradients with respect to the effective weights, summed over the batch: the core's and their bounds.
type Sums = BTreeMap<&'static str, (Vec<f64>, Vec<Estimate>)>;

impl Replay<'_> {
    fn run(&self, all: &mut Comparison) -> Result<(), String> {
        let mut sums = Sums::new();
        for lane in 0..self.case.batch {
            self.lane(lane, &mut sums, all)?;
        }
        if let Some(recorded) = &self.sequence.gradients {
            self.note_gradients(&sums, &ours(recorded), all);
        }
        Ok(())
    }

    /// One sequence of the batch.
    fn lane(&self, lane: usize, sums: &mut Sums, all: &mut Comparison) -> Result<(), String> {
        let Self { case, sequence, basis, .. } = self;
        let (hidden, readout) = (SpikingFormats::of(self.hidden)?, ReadoutFormats::of(self.readout)?);
        let steps = self.sequence.input.values.len() / self.sequence.input.width;
        let (matrix, aligned) = match &case.signal {
            Signal::Bp => (&self.readout.parameters().weight.raw, false),
            Signal::Dfa(matrices) => (&matrices[0], true),
        };
        let (core_feedback, rounded_matrix) = formats::feedback(matrix, case.classes, hidden.spec.width())?;
        let matrix = between(basis.choose(matrix, &rounded_matrix), &rounded_matrix);
        // A gradient can be read when a block ends, so the last one must end with the sequence.
        let block_steps = (1..=32).rev().find(|block| steps.is_multiple_of(*block)).unwrap_or(1);
        let learning = formats::learning(block_steps);
        let mut core = Machine::new(&hidden, &readout, aligned.then_some(core_feedback), learning)?;
        let (rounded_hidden, rounded_readout) = (hidden.reference(), readout.reference());
        let format = core.hidden().eligibility().format();
        let file = basis.choose(self.hidden, &rounded_hidden);
        let mut bound = SpikingBound::new(file, &rounded_hidden, &hidden.spec, format);
        let format = core.readout().eligibility().format();
        let file = basis.choose(self.readout, &rounded_readout);
        let mut readout_bound = ReadoutBound::new(file, &rounded_readout, &readout.spec, format);

        let first_learned = sequence.learn_steps.first().map_or(steps, |&t| t as usize);
        let last = if case.mode == Mode::Online { first_learned } else { steps - 1 };
        for t in 0..=last {
            let input = lane_of(sequence.input.at(t), lane, case.batch);
            let learns = case.mode == Mode::Sequence && t >= first_learned;
            let label = learns.then_some(sequence.labels[lane]);
            core.step(&spiking_rows(input)?, label);

            bound.forward(&between(input, input), core.hidden().spikes());
            readout_bound.forward(bound.spikes());
            let error = label.map(|label| output_error(readout_bound.membrane(), label));
            bound.learn(error.as_ref().map(|error| feedback(&matrix, error)).as_deref());
            readout_bound.learn(error.as_deref());
            if (t + 1) % block_steps == 0 {
                bound.end_block();
                readout_bound.end_block();
            }

            let logits = values(core.readout().membrane(), READOUT_MEMBRANE_BITS);
            let recorded = lane_of(sequence.logits.at(t), lane, case.batch);
            let recorded = (*basis == Basis::File).then_some(recorded);
            all.note("logits", Group::Membrane, &logits, readout_bound.membrane(), recorded);
            (0..case.hidden).for_each(|i| all.note_spike(bound.spikes()[i], bound.v(i)));
        }
        self.add_gradients(&core, &bound, &readout_bound, sums);
        Ok(())
    }

    /// Adds a sequence's gradients, divided by the size of the batch as in the file: the readout's always, the hidden
    /// layer's with the error propagated back, but not with feedback alignment.
    fn add_gradients(&self, core: &Machine, bound: &SpikingBound, readout_bound: &ReadoutBound, sums: &mut Sums) {
        let (hidden, readout) = (core.hidden(), core.readout());
        let (units, inputs, classes) = (self.case.hidden, self.case.inputs, self.case.classes);
        let share = 1.0 / self.case.batch as f64;
        let hidden_share = if self.case.signal == Signal::Bp { share } else { 1.0 };
        let bits = hidden.eligibility().format().bits;
        let rows = |first, count| values(&gather(hidden.gradient(), hidden.spec().width(), units, first, count), bits);
        let mut add = |name, core: Vec<f64>, bound: &[Estimate], share: f64| {
            let zeros = || (vec![0.0; core.len()], vec![Estimate::default(); core.len()]);
            let (sum, bounds) = sums.entry(name).or_insert_with(zeros);
            sum.iter_mut().zip(&core).for_each(|(sum, more)| *sum += share * more);
            bounds.iter_mut().zip(bound).for_each(|(sum, &more)| *sum = *sum + more * Estimate::exact(share));
        };
        add("hidden0.weight", rows(0, inputs), &bound.weight_gradient(), hidden_share);
        if let Some(bound) = bound.recurrent_gradient() {
            add("hidden0.weight_rec", rows(inputs, units), &bound, hidden_share);
        }
        add("hidden0.bias", values(hidden.bias_gradient(), bits), &bound.bias_gradient(), hidden_share);
        let bits = readout.eligibility().format().bits;
        let gradient = gather(readout.gradient(), readout.spec().width(), classes, 0, units);
        add("readout.weight", values(&gradient, bits), &readout_bound.weight_gradient(), share);
        add("readout.bias", values(readout.bias_gradient(), bits), &readout_bound.bias_gradient(), share);
    }

    fn note_gradients(&self, sums: &Sums, recorded: &Tensors, all: &mut Comparison) {
        let parameters = self.hidden.parameters();
        let mut note = |name: &str, quantity, core: &[f64], bound: &[Estimate]| {
            if let Some(recorded) = recorded.get(name) {
                let recorded = (self.basis == Basis::File).then_some(&recorded[..]);
                all.note(quantity, Group::Gradient, core, bound, recorded);
            }
        };
        let standardised = [
            ("hidden0.weight", "grads.h.weight", "hidden0.gain", "grads.h.gain", Some(&parameters.weight)),
            (
                "hidden0.weight_rec",
                "grads.h.weight_rec",
                "hidden0.gain_rec",
                "grads.h.gain_rec",
                parameters.weight_rec.as_ref(),
            ),
        ];
        for (name, quantity, gain_name, gain_quantity, weights) in standardised {
            if let (Some((core, bound)), Some(weights)) = (sums.get(name), weights) {
                let (core, core_gain) = weights.backward(core);
                let (bound, gain_bound) = backward(weights, bound);
                note(name, quantity, &core, &bound);
                note(gain_name, gain_quantity, &core_gain.unwrap_or_default(), &gain_bound);
            }
        }
        let plain =
            [("hidden0.bias", "grads.h.bias"), ("readout.weight", "grads.o.weight"), ("readout.bias", "grads.o.bias")];
        for (name, quantity) in plain {
            if let Some((core, bound)) = sums.get(name) {
                note(name, quantity, core, bound);
            }
        }
    }
}

fn lane_of(values: &[f64], lane: usize, batch: usize) -> &[f64] {
    let width = values.len() / batch;
    &values[lane * width..][..width]
}

/// Estimates of a gradient with respect to the effective weights, taken to the raw weights and the gains. The way back is
/// linear and joins weights of one output only, so an error spreads with the magnitudes of its coefficients: those of the
/// k-th weight of every output are what the k-th unit vector becomes.
fn backward(weights: &Weights, gradient: &[Estimate]) -> (Vec<Estimate>, Vec<Estimate>) {
    let fan_in = gradient.len() / weights.outputs;
    let values: Vec<f64> = gradient.iter().map(|g| g.value).collect();
    let start = |values: Vec<f64>| values.into_iter().map(Estimate::exact).collect::<Vec<_>>();
    let (raw, gain) = weights.backward(&values);
    let (mut raw, mut gain) = (start(raw), start(gain.unwrap_or_default()));
    for k in 0..fan_in {
        let only = |(i, g): (usize, &Estimate)| if i % fan_in == k { g.error } else { 0.0 };
        let (raw_part, gain_part) = weights.backward(&gradient.iter().enumerate().map(only).collect::<Vec<_>>());
        let widen = |all: &mut [Estimate], part: &[f64]| {
            all.iter_mut().zip(part).for_each(|(all, part)| *all = all.widen(part.abs()));
        };
        widen(&mut raw, &raw_part);
        widen(&mut gain, &gain_part.unwrap_or_default());
    }
    (raw, gain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_gradient_within_the_errors_goes_back_outside() {
        let weights = Weights::standardised(vec![0.3, -0.7, 1.1, 0.02, 0.05, -0.04], vec![1.3, -0.6], 1e-4);
        let gradient: Vec<Estimate> =
            [1.0, -2.0, 0.5, 0.25, 0.0, -1.0].map(|value| Estimate { value, error: 0.125 }).to_vec();
        let (raw, gain) = backward(&weights, &gradient);
        let mut largest = 0.0f64;
        for corner in 0..64 {
            let at = |i: usize| gradient[i].value + if corner >> i & 1 == 1 { 0.125 } else { -0.125 };
            let (raw_at, gain_at) = weights.backward(&(0..6).map(at).collect::<Vec<_>>());
            for (value, bound) in raw_at.iter().zip(&raw).chain(gain_at.iter().flatten().zip(&gain)) {
                assert!((value - bound.value).abs() <= bound.error + 1e-12);
                largest = largest.max((value - bound.value).abs() / bound.error);
            }
        }
        assert!(largest > 0.999, "a corner reaches the bound: {largest}");
    }
}
