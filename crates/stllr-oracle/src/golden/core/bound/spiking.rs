//! A spiking layer: dense, recurrent or convolutional.

use stllr_core::eligibility::Format;
use stllr_core::fixed::{CURRENT_MAX, Factor, MEMBRANE_MAX};
use stllr_core::layer::SpikingSpec;

use super::estimate::between;
use super::gradient::{Alpha, Gradient, Narrow};
use super::trace::{Decay, Traces};
use super::{Estimate, Synapses, psi, signal, spike};
use crate::golden::core::formats::factor_value;
use crate::layer::SpikingLayer;
use crate::neuron::Reset;
use crate::psi::Psi;

/// One unit of `Q 15`.
const UNIT: f64 = 1.0 / 32768.0;
/// Where the core's trace of psi saturates.
const POST_TRACE_MAX: f64 = 64.0;

/// A layer's values in the reference, each with the bound on the core's distance. Slices have one value a neuron, in the
/// reference's order.
#[derive(Clone, Debug)]
pub struct SpikingBound {
    synapses: Synapses,
    /// Those from the input, then the recurrent ones.
    weight: Vec<Estimate>,
    bias: Vec<Estimate>,
    /// The share of the input that counts, and how far the core's product with it may be off.
    keep: (Estimate, f64),
    leak: Decay,
    threshold: Estimate,
    soft: bool,
    psi: Psi,
    membrane_bits: u32,
    width: usize,
    input_rows: usize,
    input_weights: usize,
    lambda_post: Decay,
    alpha_pre: Alpha,
    /// None where it is zero: then the core keeps no trace of psi.
    alpha_post: Option<Alpha>,
    /// The factor on the signal in the gradient of the biases.
    rate: Alpha,
    format: Format,
    before: Vec<Estimate>,
    after: Vec<Estimate>,
    spikes: Vec<Estimate>,
    rows: Vec<Estimate>,
    psi_now: Vec<Estimate>,
    post_trace: Vec<Estimate>,
    traces: Traces,
    gradient: Gradient,
    bias_gradient: Vec<Estimate>,
}

impl SpikingBound {
    /// At rest, for a layer of the core of this spec, each input of which is one row. `rounded` is the reference with the
    /// core's constants; for the core's arithmetic alone, give it twice.
    pub fn new(reference: &SpikingLayer, rounded: &SpikingLayer, spec: &SpikingSpec, format: Format) -> Self {
        Self::with_rows(reference, rounded, spec, format, (0..reference.connection().inputs()).collect())
    }

    /// The same where inputs may spike more than once in a step: `row_inputs` has the input of each of the core's rows.
    pub fn with_rows(
        reference: &SpikingLayer,
        rounded: &SpikingLayer,
        spec: &SpikingSpec,
        format: Format,
        row_inputs: Vec<usize>,
    ) -> Self {
        let (neuron, factors, connection) = (reference.neurons().neuron(), reference.factors(), reference.connection());
        let input_rows = row_inputs.len();
        let synapses = Synapses::new(connection, row_inputs, reference.effective_weight_rec().is_some());
        let (weight, bias) = parameters(reference, rounded);
        let rate = factor_value(spec.rate);
        let alpha = |reference: f64, core: Factor| Alpha::new(rate * reference, spec.rate.times(core), format);
        let square = Factor::square_of(spec.divisor);
        let lambda_pre = Decay::between(factors.lambda_pre, rounded.factors().lambda_pre);
        let zeros = vec![Estimate::default(); synapses.outputs()];
        Self {
            weight,
            bias: synapses.spread_bias(&bias),
            keep: (Estimate::exact(1.0), 0.0),
            leak: Decay::between(neuron.leak, rounded.neurons().neuron().leak),
            threshold: Estimate::between(neuron.threshold, rounded.neurons().neuron().threshold),
            soft: neuron.reset == Reset::Soft,
            psi: neuron.psi,
            membrane_bits: spec.membrane_bits(),
            width: spec.width(),
            input_rows,
            input_weights: connection.weights(),
            lambda_post: Decay::between(factors.lambda_post, rounded.factors().lambda_post),
            alpha_pre: alpha(factors.alpha_pre, spec.factors.alpha_pre),
            alpha_post: spec.has_noncausal().then(|| alpha(factors.alpha_post, spec.factors.alpha_post)),
            rate: alpha((spec.divisor * spec.divisor) as f64, square),
            format,
            before: zeros.clone(),
            after: zeros.clone(),
            spikes: zeros.clone(),
            rows: vec![],
            psi_now: zeros.clone(),
            post_trace: zeros.clone(),
            traces: Traces::new(synapses.rows(), lambda_pre, format.span_bits),
            gradient: Gradient::new(synapses.weights(), lambda_pre, format),
            bias_gradient: zeros,
            synapses,
        }
    }

    /// From the next step on the layer's input, but not that from itself, counts by a share. The core's product with it is
    /// off by at most `rounding`.
    pub fn set_keep(&mut self, keep: Estimate, rounding: f64) {
        self.keep = (keep, rounding);
    }

    /// Other weights and biases from the next step on, as after an update: no gradient waits any more. All else stays.
    pub fn set_parameters(&mut self, reference: &SpikingLayer, rounded: &SpikingLayer) {
        let (weight, bias) = parameters(reference, rounded);
        (self.weight, self.bias) = (weight, self.synapses.spread_bias(&bias));
        self.gradient.clear();
        self.bias_gradient.fill(Estimate::default());
    }

    /// One time step forward, given a spike a row and the core's spikes in it: u <- leak u + W x + b + W_rec s, the leak's
    /// product to nearest, all else exact; a spike where u passes the threshold; then the reset.
    pub fn forward(&mut self, input: &[Estimate], core_spikes: &[u32]) {
        assert_eq!(input.len(), self.input_rows, "input: one spike a row");
        let unit = 2f64.powi(-(self.membrane_bits as i32));
        self.rows = input.to_vec();
        if self.synapses.rows() > input.len() {
            self.rows.extend_from_slice(&self.spikes);
        }
        let from_input = self.synapses.current(&self.weight, &self.rows, 0..input.len());
        let from_itself = self.synapses.current(&self.weight, &self.rows, input.len()..self.rows.len());
        for (i, spike_now) in self.spikes.iter_mut().enumerate() {
            let input = match from_input[i] {
                input if input.magnitude() == 0.0 => input,
                input => (input * self.keep.0).widen(self.keep.1),
            };
            let input = (input + from_itself[i]).clipped(CURRENT_MAX as f64 * unit) + self.bias[i];
            let u = (self.leak.of(self.after[i], unit / 2.0) + input).clipped(MEMBRANE_MAX as f64 * unit);
            self.before[i] = u;
            *spike_now = spike((u - self.threshold).value > 0.0, core_spikes.contains(&(i as u32)));
            self.after[i] = match self.soft {
                true => u - self.threshold * *spike_now,
                false => u * (Estimate::exact(1.0) - *spike_now),
            };
        }
        self.traces.record(self.rows.clone());
    }

    /// Ends a step, learning from the signal `d` where there is one.
    pub fn learn(&mut self, d: Option<&[Estimate]>) {
        self.learn_gained(d, 0);
    }

    /// The same where the signal has `gain` more fraction bits, so that `d` is 2^gain times what is meant.
    pub fn learn_gained(&mut self, d: Option<&[Estimate]>, gain: u32) {
        let count = self.before.len();
        let rest = vec![Estimate::default(); count];
        self.psi_now = (0..count).map(|i| psi::psi(self.psi, self.v(i), self.membrane_bits)).collect();
        let update_psi = if self.psi == Psi::TriOut { &self.spikes } else { &self.psi_now };
        let d = d.unwrap_or(&rest);
        assert_eq!(d.len(), count, "learning signal: one value a neuron");
        let causal =
            |alpha: Alpha, psi: &[Estimate]| d.iter().zip(psi).map(|(&d, &psi)| alpha.causal(d, psi)).collect();
        let noncausal = |alpha: Alpha| {
            let pairs = d.iter().zip(&self.post_trace);
            pairs.map(|(&d, &trace)| alpha.noncausal(d, trace, self.format)).collect::<Vec<_>>()
        };
        let bias: Vec<Estimate> = causal(self.rate.gained(gain), &self.psi_now);
        self.bias_gradient.iter_mut().zip(bias).for_each(|(sum, more)| *sum = *sum + more);
        let noncausal = self.alpha_post.map_or_else(|| rest.clone(), |alpha| noncausal(alpha.gained(gain)));
        let causal = causal(self.alpha_pre.gained(gain), update_psi);
        self.gradient.record(std::mem::take(&mut self.rows), &self.traces, causal, noncausal);
        for (trace, &psi) in self.post_trace.iter_mut().zip(update_psi) {
            *trace = (self.lambda_post.of(*trace, UNIT) + psi).clipped(POST_TRACE_MAX);
        }
    }

    /// What passes to the layer below in the step that was learned last, one value an input.
    pub fn below(&self, d: &[Estimate]) -> Vec<Estimate> {
        signal::below(&self.synapses, &self.weight, d, &self.psi_now, self.width)
    }

    /// Ends a block.
    pub fn end_block(&mut self) {
        self.end_block_by(None);
    }

    /// The same where the block's rows change the weights at once: the gradient is what it changes them by.
    pub fn end_block_by(&mut self, narrow: Option<Narrow>) {
        self.gradient.end_block(&self.traces, &self.synapses, narrow);
        self.traces.end_block();
    }

    /// The membrane before the reset, less the threshold.
    pub fn v(&self, neuron: usize) -> Estimate {
        self.before[neuron] - self.threshold
    }

    /// Membranes before the reset.
    pub fn before_reset(&self) -> &[Estimate] {
        &self.before
    }

    /// Membranes after the reset.
    pub fn after_reset(&self) -> &[Estimate] {
        &self.after
    }

    /// The step's spikes.
    pub fn spikes(&self) -> &[Estimate] {
        &self.spikes
    }

    /// The trace of psi, where the core keeps one.
    pub fn post_trace(&self) -> Option<&[Estimate]> {
        self.alpha_post.map(|_| &self.post_trace[..])
    }

    /// Traces of the inputs' rows after this step, before the block ends.
    pub fn input_traces(&self) -> Vec<Estimate> {
        (0..self.input_rows).map(|row| self.traces.observed(row)).collect()
    }

    /// Traces of the layer's own spikes of the step before, where it is recurrent.
    pub fn recurrent_traces(&self) -> Option<Vec<Estimate>> {
        let rows = self.input_rows..self.synapses.rows();
        (!rows.is_empty()).then(|| rows.map(|row| self.traces.observed(row)).collect())
    }

    /// The gradient of the weights, in their order, as of the last block's end.
    pub fn weight_gradient(&self) -> Vec<Estimate> {
        self.gradient.sum()[..self.input_weights].to_vec()
    }

    /// The same for the recurrent weights, `[post][pre]`, where there are any.
    pub fn recurrent_gradient(&self) -> Option<Vec<Estimate>> {
        let own = self.gradient.sum().split_off(self.input_weights);
        (!own.is_empty()).then_some(own)
    }

    /// The gradient of the biases.
    pub fn bias_gradient(&self) -> Vec<Estimate> {
        self.synapses.gather_bias(&self.bias_gradient)
    }
}

/// Weights from the input, then the recurrent ones; and biases.
fn parameters(reference: &SpikingLayer, rounded: &SpikingLayer) -> (Vec<Estimate>, Vec<Estimate>) {
    let weight_rec = reference.effective_weight_rec().zip(rounded.effective_weight_rec());
    let mut weight = between(reference.effective_weight(), rounded.effective_weight());
    weight.extend(weight_rec.into_iter().flat_map(|(a, b)| between(a, b)));
    let biases = reference.connection().biases();
    let bias = |layer: &SpikingLayer| layer.parameters().bias.clone().unwrap_or_else(|| vec![0.0; biases]);
    (weight, between(&bias(reference), &bias(rounded)))
}
