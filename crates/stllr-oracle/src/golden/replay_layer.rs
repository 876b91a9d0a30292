//! A layer file through the reference.

use super::deviations::Deviations;
use super::layer_case::LayerCase;
use crate::layer::{Gradients, Readout, SpikingLayer};
use crate::neuron::{Neuron, official_threshold};
use crate::psi::{Psi, sigmoid};

/// Runs all steps and compares every quantity of every step, then the sums through the standardisation.
pub(super) fn replay(case: &LayerCase) -> Deviations {
    let mut deviations = Deviations::default();
    let (leak, threshold) = (sigmoid(case.leak_raw), official_threshold(case.threshold));
    deviations.note("leak", &[leak], &[case.leak]);
    deviations.note("threshold_effective", &[threshold], &[case.threshold_effective]);
    match case.psi {
        Some(psi) => replay_spiking(case, leak, threshold, psi, &mut deviations),
        None => replay_readout(case, leak, &mut deviations),
    }
    deviations
}

fn replay_spiking(case: &LayerCase, leak: f64, threshold: f64, psi: Psi, deviations: &mut Deviations) {
    let neuron = Neuron { leak, threshold, reset: case.reset, psi };
    let mut layer = SpikingLayer::new(case.connection, case.parameters.clone(), neuron, case.factors);
    deviations.note("weight_effective", layer.effective_weight(), &case.totals["weight_effective"]);
    if let Some(weight_rec) = layer.effective_weight_rec() {
        deviations.note("weight_rec_effective", weight_rec, &case.totals["weight_rec_effective"]);
    }

    let mut sum: Option<Gradients> = None;
    for t in 0..case.steps {
        layer.step(case.input.at(t));
        let gradients = layer.gradients(case.grad_output.at(t));
        let mut note = |name, values| note_step(deviations, case, t, name, values);
        let neurons = layer.neurons();
        note("mem_pre_reset", neurons.membrane_before_reset());
        note("mem_post_reset", neurons.membrane_after_reset());
        note("output", neurons.spikes());
        note("trace_in", layer.trace_in());
        note("trace_out", neurons.trace_out());
        note("trace_out_used", neurons.trace_out_used());
        if let Some(recurrence) = layer.recurrence() {
            note("trace_in_rec_used", recurrence.trace_used());
            note("trace_in_rec_next", recurrence.trace_next());
        }
        note_gradients(deviations, case, t, &gradients);
        match &mut sum {
            None => sum = Some(gradients),
            Some(sum) => sum.add(&gradients),
        }
    }

    for (name, gradient) in sum.iter().flat_map(|sum| case.parameters.backward(sum)) {
        let name = match name.as_str() {
            "weight" => "sum_grad_weight_raw",
            "gain" => "sum_grad_gain",
            "weight_rec" => "sum_grad_weight_rec_raw",
            "gain_rec" => "sum_grad_gain_rec",
            _ => continue,
        };
        if let Some(recorded) = case.totals.get(name) {
            deviations.note(name, &gradient, recorded);
        }
    }
}

fn replay_readout(case: &LayerCase, leak: f64, deviations: &mut Deviations) {
    let parameters = case.parameters.clone();
    let mut readout = Readout::new(parameters.weight, parameters.bias, leak, case.factors.lambda_pre);
    deviations.note("weight_effective", &readout.parameters().weight.raw, &case.totals["weight_effective"]);
    for t in 0..case.steps {
        readout.step(case.input.at(t));
        for name in ["mem_pre_reset", "mem_post_reset", "output"] {
            note_step(deviations, case, t, name, readout.membrane());
        }
        note_step(deviations, case, t, "trace_in", readout.trace_in());
        note_gradients(deviations, case, t, &readout.gradients(case.grad_output.at(t)));
    }
}

fn note_gradients(deviations: &mut Deviations, case: &LayerCase, t: usize, gradients: &Gradients) {
    note_step(deviations, case, t, "grad_input", &gradients.input);
    note_step(deviations, case, t, "grad_weight", &gradients.weight);
    if let Some(weight_rec) = &gradients.weight_rec {
        note_step(deviations, case, t, "grad_weight_rec", weight_rec);
    }
    if case.parameters.bias.is_some() {
        note_step(deviations, case, t, "grad_bias", &gradients.bias);
    }
}

fn note_step(deviations: &mut Deviations, case: &LayerCase, t: usize, name: &str, values: &[f64]) {
    deviations.note(name, values, case.recorded[name].at(t));
}
