//! The readout.

use stllr_core::eligibility::Format;
use stllr_core::fixed::{MEMBRANE_MAX, READOUT_MEMBRANE_BITS};
use stllr_core::layer::Readout as CoreReadout;

use super::Estimate;
use super::estimate::{between, dot};
use super::gradient::{Alpha, Gradient, contribution};
use super::trace::{Decay, Traces};
use crate::layer::Readout;

/// Half a unit of the membrane.
const ROUNDING: f64 = 1.0 / (1u64 << (READOUT_MEMBRANE_BITS + 1)) as f64;
/// Where it saturates.
const MEMBRANE_LIMIT: f64 = MEMBRANE_MAX as f64 * 2.0 * ROUNDING;

/// A readout's values in the reference, each with the bound on the core's distance. Slices have one value a class.
#[derive(Clone, Debug)]
pub struct ReadoutBound {
    weight: Vec<Estimate>,
    bias: Vec<Estimate>,
    leak: Decay,
    inputs: usize,
    format: Format,
    membrane: Vec<Estimate>,
    input: Vec<Estimate>,
    traces: Traces,
    gradient: Gradient,
    bias_gradient: Vec<Estimate>,
}

impl ReadoutBound {
    /// At rest. `rounded` is the reference with the core's constants; for the core's arithmetic alone, give it twice.
    pub fn new(reference: &Readout, rounded: &Readout, core: &CoreReadout) -> Self {
        let classes = reference.membrane().len();
        let inputs = reference.parameters().weight.raw.len() / classes;
        let format = core.eligibility().format();
        let bias = |readout: &Readout| readout.parameters().bias.clone().unwrap_or_else(|| vec![0.0; classes]);
        let decay = Decay::between(reference.trace_decay(), rounded.trace_decay());
        Self {
            weight: between(&reference.parameters().weight.raw, &rounded.parameters().weight.raw),
            bias: between(&bias(reference), &bias(rounded)),
            leak: Decay::between(reference.leak(), rounded.leak()),
            inputs,
            format,
            membrane: vec![Estimate::default(); classes],
            input: vec![],
            traces: Traces::new(inputs, decay, format.span_bits),
            gradient: Gradient::new(inputs, classes, decay, format),
            bias_gradient: vec![Estimate::default(); classes],
        }
    }

    /// One time step forward: u <- leak u + W x + b. Two roundings: the leak's product, and the sum of weights and bias
    /// brought to the membrane's format.
    pub fn forward(&mut self, input: &[Estimate]) {
        let rows = self.weight.chunks_exact(self.inputs);
        for ((u, weights), &bias) in self.membrane.iter_mut().zip(rows).zip(&self.bias) {
            let kept = self.leak.of(*u, ROUNDING);
            *u = (kept + (dot(weights, input) + bias).widen(ROUNDING)).clipped(MEMBRANE_LIMIT);
        }
        self.input = input.to_vec();
        self.traces.record(input.to_vec());
    }

    /// Ends a step, learning from the error where there is one.
    pub fn learn(&mut self, error: Option<&[Estimate]>) {
        let rate = Alpha::between(1.0, 1.0);
        let causal: Vec<Estimate> = match error {
            Some(error) => error.iter().map(|&e| contribution(self.format, e, rate, Estimate::exact(1.0))).collect(),
            None => vec![Estimate::default(); self.membrane.len()],
        };
        self.bias_gradient.iter_mut().zip(&causal).for_each(|(sum, &more)| *sum = *sum + more);
        let nothing = vec![Estimate::default(); causal.len()];
        self.gradient.record(std::mem::take(&mut self.input), &self.traces, causal, nothing);
    }

    /// Ends a block.
    pub fn end_block(&mut self) {
        self.gradient.end_block(&self.traces);
        self.traces.end_block();
    }

    /// Membranes: the logits.
    pub fn membrane(&self) -> &[Estimate] {
        &self.membrane
    }

    /// Traces of the inputs after this step, before the block ends.
    pub fn input_traces(&self) -> Vec<Estimate> {
        (0..self.inputs).map(|row| self.traces.observed(row)).collect()
    }

    /// The gradient of the weights, `[class][input]`, as of the last block's end.
    pub fn weight_gradient(&self) -> Vec<Estimate> {
        self.gradient.rows(0, self.inputs)
    }

    /// The gradient of the biases.
    pub fn bias_gradient(&self) -> &[Estimate] {
        &self.bias_gradient
    }
}
