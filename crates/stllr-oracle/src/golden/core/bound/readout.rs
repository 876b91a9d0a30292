//! The readout: of classes, or of values a pixel.

use stllr_core::eligibility::Format;
use stllr_core::fixed::{Factor, MEMBRANE_MAX, READOUT_MEMBRANE_BITS};
use stllr_core::layer::ReadoutSpec;

use super::estimate::between;
use super::gradient::{Alpha, Gradient};
use super::trace::{Decay, Traces};
use super::{Estimate, Synapses, signal};
use crate::golden::core::formats::factor_value;
use crate::layer::Readout;

/// Half a unit of the membrane.
const ROUNDING: f64 = 1.0 / (1u64 << (READOUT_MEMBRANE_BITS + 1)) as f64;
/// Where it saturates.
const MEMBRANE_LIMIT: f64 = MEMBRANE_MAX as f64 * 2.0 * ROUNDING;

/// A readout's values in the reference, each with the bound on the core's distance. Slices have one value a membrane, in the
/// reference's order.
#[derive(Clone, Debug)]
pub struct ReadoutBound {
    synapses: Synapses,
    weight: Vec<Estimate>,
    bias: Vec<Estimate>,
    /// The share of the input that counts, and how far the core's product with it may be off.
    keep: (Estimate, f64),
    leak: Decay,
    /// The factor on the error in the gradient, and the same in that of the biases.
    rate: Alpha,
    bias_rate: Alpha,
    membrane: Vec<Estimate>,
    input: Vec<Estimate>,
    traces: Traces,
    gradient: Gradient,
    bias_gradient: Vec<Estimate>,
}

impl ReadoutBound {
    /// At rest, for a readout of the core of this spec, each input of which is one row. `rounded` is the reference with the
    /// core's constants; for the core's arithmetic alone, give it twice.
    pub fn new(reference: &Readout, rounded: &Readout, spec: &ReadoutSpec, format: Format) -> Self {
        Self::with_rows(reference, rounded, spec, format, (0..reference.connection().inputs()).collect())
    }

    /// The same where inputs may spike more than once in a step: `row_inputs` has the input of each of the core's rows.
    pub fn with_rows(
        reference: &Readout,
        rounded: &Readout,
        spec: &ReadoutSpec,
        format: Format,
        row_inputs: Vec<usize>,
    ) -> Self {
        let connection = reference.connection();
        let decay = Decay::between(reference.trace_decay(), rounded.trace_decay());
        let synapses = Synapses::new(connection, row_inputs, false);
        let rate = factor_value(spec.rate);
        let bias_rate = spec.rate.times(Factor::square_of(spec.divisor));
        Self {
            weight: between(&reference.parameters().weight.raw, &rounded.parameters().weight.raw),
            bias: synapses.spread_bias(&bias(reference, rounded)),
            keep: (Estimate::exact(1.0), 0.0),
            leak: Decay::between(reference.leak(), rounded.leak()),
            rate: Alpha::new(rate, spec.rate, format),
            bias_rate: Alpha::new(rate * (spec.divisor * spec.divisor) as f64, bias_rate, format),
            membrane: vec![Estimate::default(); connection.outputs()],
            input: vec![],
            traces: Traces::new(synapses.rows(), decay, format.span_bits),
            gradient: Gradient::new(synapses.weights(), decay, format),
            bias_gradient: vec![Estimate::default(); connection.outputs()],
            synapses,
        }
    }

    /// See [`super::SpikingBound::set_keep`].
    pub fn set_keep(&mut self, keep: Estimate, rounding: f64) {
        self.keep = (keep, rounding);
    }

    /// See [`super::SpikingBound::set_parameters`].
    pub fn set_parameters(&mut self, reference: &Readout, rounded: &Readout) {
        self.weight = between(&reference.parameters().weight.raw, &rounded.parameters().weight.raw);
        self.bias = self.synapses.spread_bias(&bias(reference, rounded));
        self.gradient.clear();
        self.bias_gradient.fill(Estimate::default());
    }

    /// One time step forward: u <- leak u + W x + b. Two roundings: the leak's product, and the sum of weights and bias
    /// brought to the membrane's format.
    pub fn forward(&mut self, input: &[Estimate]) {
        assert_eq!(input.len(), self.synapses.rows(), "input: one spike a row");
        let current = self.synapses.current(&self.weight, input, 0..input.len());
        for ((u, current), &bias) in self.membrane.iter_mut().zip(current).zip(&self.bias) {
            let kept = self.leak.of(*u, ROUNDING);
            let current = (current * self.keep.0).widen(self.keep.1);
            *u = (kept + (current + bias).widen(ROUNDING)).clipped(MEMBRANE_LIMIT);
        }
        self.input = input.to_vec();
        self.traces.record(input.to_vec());
    }

    /// Ends a step, learning from the error where there is one.
    pub fn learn(&mut self, error: Option<&[Estimate]>) {
        self.learn_gained(error, 0);
    }

    /// The same where the error has `gain` more fraction bits: see [`super::SpikingBound::learn_gained`].
    pub fn learn_gained(&mut self, error: Option<&[Estimate]>, gain: u32) {
        let rest = vec![Estimate::default(); self.membrane.len()];
        let error = error.unwrap_or(&rest);
        let (rate, bias_rate) = (self.rate.gained(gain), self.bias_rate.gained(gain));
        let causal = error.iter().map(|&e| rate.times(e)).collect();
        for (sum, &e) in self.bias_gradient.iter_mut().zip(error) {
            *sum = *sum + bias_rate.times(e);
        }
        self.gradient.record(std::mem::take(&mut self.input), &self.traces, causal, rest.clone());
    }

    /// What passes from a readout of pixels to the layer below, one value an input.
    pub fn below(&self, error: &[Estimate]) -> Vec<Estimate> {
        signal::below_pixels(&self.synapses, &self.weight, error)
    }

    /// Ends a block.
    pub fn end_block(&mut self) {
        self.gradient.end_block(&self.traces, &self.synapses, None);
        self.traces.end_block();
    }

    /// Membranes: the logits.
    pub fn membrane(&self) -> &[Estimate] {
        &self.membrane
    }

    /// Traces of the inputs' rows after this step, before the block ends.
    pub fn input_traces(&self) -> Vec<Estimate> {
        (0..self.synapses.rows()).map(|row| self.traces.observed(row)).collect()
    }

    /// The gradient of the weights, in their order, as of the last block's end.
    pub fn weight_gradient(&self) -> Vec<Estimate> {
        self.gradient.sum()
    }

    /// The gradient of the biases.
    pub fn bias_gradient(&self) -> Vec<Estimate> {
        self.synapses.gather_bias(&self.bias_gradient)
    }
}

fn bias(reference: &Readout, rounded: &Readout) -> Vec<Estimate> {
    let biases = reference.connection().biases();
    let bias = |readout: &Readout| readout.parameters().bias.clone().unwrap_or_else(|| vec![0.0; biases]);
    between(&bias(reference), &bias(rounded))
}
