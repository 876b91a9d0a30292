//! A spiking layer.

use stllr_core::eligibility::Format;
use stllr_core::fixed::{CURRENT_MAX, MEMBRANE_MAX};
use stllr_core::layer::Spiking;

use super::estimate::{between, dot};
use super::gradient::{Alpha, Gradient, contribution};
use super::trace::{Decay, Traces};
use super::{Estimate, psi, signal, spike};
use crate::layer::SpikingLayer;
use crate::neuron::Reset;
use crate::psi::Psi;

/// One unit of `Q 15`.
const UNIT: f64 = 1.0 / 32768.0;
/// Where the core's trace of psi saturates.
const POST_TRACE_MAX: f64 = 64.0;

/// A layer's values in the reference, each with the bound on the core's distance. Slices have one value a neuron.
#[derive(Clone, Debug)]
pub struct SpikingBound {
    weight: Vec<Estimate>,
    weight_rec: Vec<Estimate>,
    bias: Vec<Estimate>,
    leak: Decay,
    threshold: Estimate,
    soft: bool,
    psi: Psi,
    membrane_bits: u32,
    width: usize,
    inputs: usize,
    lambda_post: Decay,
    alpha_pre: Alpha,
    /// None where it is zero: then the core keeps no trace of psi.
    alpha_post: Option<Alpha>,
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
    /// At rest. `rounded` is the reference with the core's constants; for the core's arithmetic alone, give it twice.
    pub fn new(reference: &SpikingLayer, rounded: &SpikingLayer, core: &Spiking) -> Self {
        let (spec, format) = (core.spec(), core.eligibility().format());
        let (neuron, factors, inputs) =
            (reference.neurons().neuron(), reference.factors(), reference.connection().inputs());
        let units = spec.units;
        let weight_rec = reference.effective_weight_rec().zip(rounded.effective_weight_rec());
        let bias = |layer: &SpikingLayer| layer.parameters().bias.clone().unwrap_or_else(|| vec![0.0; units]);
        let lambda_pre = Decay::between(factors.lambda_pre, rounded.factors().lambda_pre);
        let rows = inputs + if weight_rec.is_some() { units } else { 0 };
        let zeros = vec![Estimate::default(); units];
        Self {
            weight: between(reference.effective_weight(), rounded.effective_weight()),
            weight_rec: weight_rec.map(|(a, b)| between(a, b)).unwrap_or_default(),
            bias: between(&bias(reference), &bias(rounded)),
            leak: Decay::between(neuron.leak, rounded.neurons().neuron().leak),
            threshold: Estimate::between(neuron.threshold, rounded.neurons().neuron().threshold),
            soft: neuron.reset == Reset::Soft,
            psi: neuron.psi,
            membrane_bits: spec.membrane_bits(),
            width: spec.width(),
            inputs,
            lambda_post: Decay::between(factors.lambda_post, rounded.factors().lambda_post),
            alpha_pre: Alpha::between(factors.alpha_pre, rounded.factors().alpha_pre),
            alpha_post: (rounded.factors().alpha_post != 0.0)
                .then(|| Alpha::between(factors.alpha_post, rounded.factors().alpha_post)),
            format,
            before: zeros.clone(),
            after: zeros.clone(),
            spikes: zeros.clone(),
            rows: vec![],
            psi_now: zeros.clone(),
            post_trace: zeros.clone(),
            traces: Traces::new(rows, lambda_pre, format.span_bits),
            gradient: Gradient::new(rows, units, lambda_pre, format),
            bias_gradient: zeros,
        }
    }

    /// One time step forward, given the core's spikes in it: u <- leak u + W x + b + W_rec s, the leak's product to
    /// nearest, all else exact; a spike where u passes the threshold; then the reset.
    pub fn forward(&mut self, input: &[Estimate], core_spikes: &[u32]) {
        let unit = 2f64.powi(-(self.membrane_bits as i32));
        let units = self.before.len();
        self.before = (0..units)
            .map(|i| {
                let mut current = dot(&self.weight[i * self.inputs..][..self.inputs], input);
                if !self.weight_rec.is_empty() {
                    current = current + dot(&self.weight_rec[i * units..][..units], &self.spikes);
                }
                let kept = self.leak.of(self.after[i], unit / 2.0);
                let input = current.clipped(CURRENT_MAX as f64 * unit) + self.bias[i];
                (kept + input).clipped(MEMBRANE_MAX as f64 * unit)
            })
            .collect();
        self.rows = input.to_vec();
        if !self.weight_rec.is_empty() {
            self.rows.extend_from_slice(&self.spikes);
        }
        for i in 0..units {
            let u = self.before[i];
            self.spikes[i] = spike(self.v(i).value > 0.0, core_spikes.contains(&(i as u32)));
            self.after[i] = match self.soft {
                true => u - self.threshold * self.spikes[i],
                false => u * (Estimate::exact(1.0) - self.spikes[i]),
            };
        }
        self.traces.record(self.rows.clone());
    }

    /// Ends a step, learning from the signal `d` where there is one.
    pub fn learn(&mut self, d: Option<&[Estimate]>) {
        let units = self.before.len();
        let rest = vec![Estimate::default(); units];
        let (d, rests) = (d.unwrap_or(&rest), d.is_none());
        self.psi_now = (0..units).map(|i| psi::psi(self.psi, self.v(i), self.membrane_bits)).collect();
        let update_psi = if self.psi == Psi::TriOut { &self.spikes } else { &self.psi_now };
        let format = self.format;
        let all = |alpha: Option<Alpha>, factor: &[Estimate]| -> Vec<Estimate> {
            let Some(alpha) = alpha.filter(|_| !rests) else { return rest.clone() };
            d.iter().zip(factor).map(|(&d, &factor)| contribution(format, d, alpha, factor)).collect()
        };
        let causal = all(Some(self.alpha_pre), update_psi);
        let noncausal = all(self.alpha_post, &self.post_trace);
        let bias = all(Some(Alpha::between(1.0, 1.0)), &self.psi_now);
        self.bias_gradient.iter_mut().zip(bias).for_each(|(sum, more)| *sum = *sum + more);
        self.gradient.record(std::mem::take(&mut self.rows), &self.traces, causal, noncausal);
        for (trace, &psi) in self.post_trace.iter_mut().zip(update_psi) {
            *trace = (self.lambda_post.of(*trace, UNIT) + psi).clipped(POST_TRACE_MAX);
        }
    }

    /// What passes to the layer below in the step that was learned last.
    pub fn below(&self, d: &[Estimate]) -> Vec<Estimate> {
        signal::below(&self.weight, d, &self.psi_now, self.width)
    }

    /// Ends a block.
    pub fn end_block(&mut self) {
        self.gradient.end_block(&self.traces);
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

    /// Traces of the inputs after this step, before the block ends.
    pub fn input_traces(&self) -> Vec<Estimate> {
        (0..self.inputs).map(|row| self.traces.observed(row)).collect()
    }

    /// Traces of the layer's own spikes of the step before, where it is recurrent.
    pub fn recurrent_traces(&self) -> Option<Vec<Estimate>> {
        let rows = self.inputs..self.inputs + self.before.len();
        (!self.weight_rec.is_empty()).then(|| rows.map(|row| self.traces.observed(row)).collect())
    }

    /// The gradient of the weights, `[post][pre]`, as of the last block's end.
    pub fn weight_gradient(&self) -> Vec<Estimate> {
        self.gradient.rows(0, self.inputs)
    }

    /// The same for the recurrent weights, where there are any.
    pub fn recurrent_gradient(&self) -> Option<Vec<Estimate>> {
        (!self.weight_rec.is_empty()).then(|| self.gradient.rows(self.inputs, self.before.len()))
    }

    /// The gradient of the biases.
    pub fn bias_gradient(&self) -> &[Estimate] {
        &self.bias_gradient
    }
}
