//! A layer of leaky integrate-and-fire neurons, dense or recurrent, that learns by the three-factor rule.

use super::update::{Learning, Mode};
use crate::aligned::Aligned;
use crate::eligibility::{Eligibility, Format};
use crate::fixed::{
    BIAS_MAX, Factor, MEMBRANE_EXTRA, ONE_Q15, SIGNAL_BITS, SIGNAL_MAX, WEIGHT_MAX, rescale, shift_round,
};
use crate::kernel::{self, Lif, Sweep};
use crate::meter::{Memory, Meter};
use crate::noise::{Noise, Normal};
use crate::psi::{Psi, Surrogate};
use alloc::vec;
use alloc::vec::Vec;

/// The rule's four factors: dW = d (alpha_pre psi trace_pre + alpha_post trace_post x).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factors {
    /// Decay of the trace of input spikes, `Q 15`, 0..=32768.
    pub lambda_pre: i32,
    /// Decay of the trace of surrogates, `Q 15`, 0..=32768.
    pub lambda_post: i32,
    /// Weight of the causal term.
    pub alpha_pre: Factor,
    /// Weight of the non-causal term.
    pub alpha_post: Factor,
}

/// A spiking layer, as configured. Numbers are in the formats of [`crate::fixed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpikingSpec {
    /// Neurons, from 1.
    pub units: usize,
    /// Do the neurons also see their own spikes of the step before?
    pub recurrent: bool,
    /// Fraction bits of the weights, 8..=13: their range is 2^(13 - bits).
    pub weight_bits: u32,
    /// What stays of a membrane in a step, `Q 15`, 0..=32768.
    pub leak: i32,
    /// Threshold, `Q 16`, 0.5 and up.
    pub threshold: i32,
    /// Is the threshold subtracted after a spike, or the membrane set to zero?
    pub soft_reset: bool,
    /// Surrogate derivative.
    pub psi: Psi,
    /// The rule's factors.
    pub factors: Factors,
    /// Learning rate.
    pub rate: Factor,
    /// Is there a learned bias?
    pub bias: bool,
    /// Standard deviation of the initial weights from the layer below, `Q 24`.
    pub deviation: i64,
    /// Standard deviation of the initial weights from the layer itself, `Q 24`.
    pub recurrent_deviation: i64,
}

impl SpikingSpec {
    fn rows(&self, inputs: usize) -> usize {
        inputs + if self.recurrent { self.units } else { 0 }
    }

    /// Neurons, with padding to whole vectors.
    pub fn width(&self) -> usize {
        self.units.next_multiple_of(8)
    }

    /// Fraction bits of membranes, thresholds and biases.
    pub fn membrane_bits(&self) -> u32 {
        self.weight_bits + MEMBRANE_EXTRA
    }

    /// Bytes that the layer holds.
    pub fn memory(&self, inputs: usize, learning: &Learning) -> Memory {
        let noncausal = self.factors.alpha_post.mantissa != 0;
        let (traces, block) = Eligibility::bytes(self.rows(inputs), self.width(), learning.block_steps, noncausal);
        let (rows, width) = (self.rows(inputs) as u64, self.width() as u64);
        let line = Aligned::<i32>::bytes(width);
        let sequence = learning.mode == Mode::Sequence;
        Memory {
            weights: Aligned::<i16>::bytes(rows * width) + line,
            membranes: 5 * line + Surrogate::bytes(self.psi) as u64 + 4 * (2 * width + rows),
            traces: traces + line,
            block: block
                + line
                + Aligned::<i16>::bytes((learning.block_steps as u64 + 1) * width)
                + Aligned::<i16>::bytes(width),
            gradients: if sequence { Aligned::<i32>::bytes(rows * width) + rows } else { 0 },
        }
    }
}

/// A spiking layer with its state.
#[derive(Clone, Debug)]
pub struct Spiking {
    spec: SpikingSpec,
    learning: Learning,
    /// The layer's number: keeps its noise apart from others'.
    number: u32,
    inputs: usize,
    width: usize,
    lif: Lif,
    surrogate: Surrogate,
    /// A row of `width` an input, then a row a neuron of the layer itself.
    weights: Aligned<i16>,
    bias: Aligned<i32>,
    membrane: Aligned<i32>,
    current: Aligned<i32>,
    v: Aligned<i32>,
    psi: Aligned<i32>,
    /// The spikes, where they stand for psi in the weight update.
    update_psi: Aligned<i32>,
    post_trace: Aligned<i32>,
    /// The rows that were active in this step.
    rows: Vec<u32>,
    spikes: Vec<u32>,
    spike_count: usize,
    eligibility: Eligibility,
    bias_gradient: Aligned<i32>,
    quantised: Aligned<i16>,
    /// d psi, narrowed for the product with the weights.
    narrow: Aligned<i16>,
    gradient: Aligned<i32>,
    /// Rows of the gradient that are not zero.
    touched: Vec<bool>,
}

/// How far small traces are scaled up, log2: with it, the carry's shift stays below 32.
const MAX_SPARE: u32 = 10;
/// Where the trace of surrogates saturates, `Q 15`: 64.
const POST_TRACE_MAX: i32 = 64 << 15;
/// So many rows have a sum that fits an `i32`, whatever their weights.
const ROWS_AT_ONCE: usize = (i32::MAX / WEIGHT_MAX) as usize;
/// The largest sum of magnitudes that the product with the weights takes.
const NARROW_SUM_MAX: u64 = 1 << 17;

impl Spiking {
    /// A layer with weights drawn from the seed and everything else at rest. The spec must be valid (see
    /// [`crate::network::Spec`]).
    pub fn new(spec: SpikingSpec, inputs: usize, number: u32, learning: Learning) -> Self {
        let (rows, width) = (spec.rows(inputs), spec.width());
        let noncausal = spec.factors.alpha_post.mantissa != 0;
        let format = format(&spec, &learning);
        let mut layer = Self {
            lif: Lif {
                leak: spec.leak,
                threshold: rescale(spec.threshold as i64, 16, spec.membrane_bits(), BIAS_MAX),
                soft_reset: spec.soft_reset,
            },
            surrogate: Surrogate::new(spec.psi, spec.membrane_bits()),
            weights: Aligned::new(rows * width),
            bias: Aligned::new(width),
            membrane: Aligned::new(width),
            current: Aligned::new(width),
            v: Aligned::new(width),
            psi: Aligned::new(width),
            update_psi: Aligned::new(width),
            post_trace: Aligned::new(width),
            rows: Vec::with_capacity(rows),
            spikes: vec![0; 2 * width],
            spike_count: 0,
            eligibility: Eligibility::new(
                rows,
                width,
                spec.factors.lambda_pre,
                learning.block_steps,
                noncausal,
                format,
            ),
            bias_gradient: Aligned::new(width),
            quantised: Aligned::new((learning.block_steps + 1) * width),
            narrow: Aligned::new(width),
            gradient: Aligned::new(if learning.mode == Mode::Sequence { rows * width } else { 0 }),
            touched: vec![false; if learning.mode == Mode::Sequence { rows } else { 0 }],
            spec,
            learning,
            number,
            inputs,
            width,
        };
        layer.draw_weights();
        layer
    }

    fn draw_weights(&mut self) {
        let units = self.spec.units;
        let normal = |deviation| Normal::new(self.learning.seed, self.number, deviation);
        let (from_below, from_itself) = (normal(self.spec.deviation), normal(self.spec.recurrent_deviation));
        for (row, weights) in self.weights.chunks_exact_mut(self.width).enumerate() {
            let normal = if row < self.inputs { from_below } else { from_itself };
            for (unit, weight) in weights[..units].iter_mut().enumerate() {
                let value = normal.at((row * units + unit) as u32);
                *weight = rescale(value, 24, self.spec.weight_bits, WEIGHT_MAX) as i16;
            }
        }
    }

    /// The spec it was made from.
    pub fn spec(&self) -> &SpikingSpec {
        &self.spec
    }

    /// One time step forward: `input` are the numbers of the inputs that spike, each once. Returns the numbers of the
    /// neurons that spike, rising.
    ///
    /// With `track`, the step enters the traces and must be ended by [`Self::learn`] or [`Self::rest`].
    pub fn forward(&mut self, input: &[u32], track: bool, meter: &mut Meter) -> &[u32] {
        self.rows.clear();
        self.rows.extend_from_slice(input);
        if self.spec.recurrent {
            let first = self.inputs as u32;
            self.rows.extend(self.spikes[..self.spike_count].iter().map(|&neuron| first + neuron));
        }
        let (first, rest) = self.rows.split_at(self.rows.len().min(ROWS_AT_ONCE));
        kernel::sum_rows(&self.weights, self.width, first, &mut self.current);
        for rows in rest.chunks(ROWS_AT_ONCE) {
            kernel::sum_rows(&self.weights, self.width, rows, &mut self.v);
            for (sum, &more) in self.current.iter_mut().zip(self.v.iter()) {
                *sum = sum.saturating_add(more);
            }
        }
        self.spike_count =
            kernel::lif(&self.lif, &self.current, &self.bias, &mut self.membrane, &mut self.v, &mut self.spikes);
        if track {
            self.eligibility.record(&self.rows);
        }
        meter.synaptic_operations += (self.rows.len() * self.spec.units) as u64;
        meter.hidden_spikes += self.spike_count as u64;
        self.spikes()
    }

    /// The neurons that spiked in the last step.
    pub fn spikes(&self) -> &[u32] {
        &self.spikes[..self.spike_count]
    }

    /// Ends a step that learns. `d` is the learning signal, `Q 26`, one a neuron (`width` of them, zero in the padding).
    pub fn learn(&mut self, d: &[i32]) {
        self.compute_psi();
        let format = self.eligibility.format();
        let factors = &self.spec.factors;
        let (causal, noncausal) = self.eligibility.contributions();
        let scale = format.scale(self.spec.rate.times(factors.alpha_pre), SIGNAL_BITS);
        let update_psi = if self.spec.psi == Psi::TriOut { &self.update_psi } else { &self.psi };
        kernel::contribution(d, update_psi, scale, causal);
        if !noncausal.is_empty() {
            // The trace as it was before this step.
            let scale = format.scale(self.spec.rate.times(factors.alpha_post), SIGNAL_BITS);
            kernel::trace_contribution(d, &self.post_trace, scale, format.limit, noncausal);
        }
        if self.spec.bias {
            let scale = format.scale(self.spec.rate, SIGNAL_BITS);
            kernel::contribution(d, &self.psi, scale, &mut self.current);
            for (sum, &p) in self.bias_gradient.iter_mut().zip(self.current.iter()) {
                *sum = (*sum + p).clamp(-kernel::SUM_MAX, kernel::SUM_MAX);
            }
        }
        self.end_step();
    }

    /// Ends a step that does not learn.
    pub fn rest(&mut self) {
        if self.spec.factors.alpha_post.mantissa != 0 {
            self.compute_psi();
        }
        self.trace_psi();
        self.eligibility.rest();
    }

    fn end_step(&mut self) {
        self.trace_psi();
        self.eligibility.advance();
    }

    fn compute_psi(&mut self) {
        self.surrogate.apply(&self.v, &mut self.psi);
        if self.spec.psi == Psi::TriOut {
            self.update_psi.fill(0);
            for &neuron in &self.spikes[..self.spike_count] {
                self.update_psi[neuron as usize] = ONE_Q15;
            }
        }
    }

    fn trace_psi(&mut self) {
        if self.spec.factors.alpha_post.mantissa != 0 {
            let update_psi = if self.spec.psi == Psi::TriOut { &self.update_psi } else { &self.psi };
            kernel::decay_add(&mut self.post_trace, self.spec.factors.lambda_post, update_psi, POST_TRACE_MAX);
        }
    }

    /// What passes to the layer below: `out[j]` = sum over i of W[j][i] d[i] psi[i], `Q 26`; call it after
    /// [`Self::learn`] with the same `d`, while the weights are as they were in the step. `out` has one element an input.
    pub fn signal_below(&mut self, d: &[i32], out: &mut [i32]) {
        kernel::product(d, &self.psi, &mut self.current);
        let sum: u64 = self.current.iter().map(|g| g.unsigned_abs() as u64).sum();
        let peak = kernel::peak(&self.current).unsigned_abs() as u64;
        // Rounding adds at most a half to each value, and at most doubles it.
        let allowed = NARROW_SUM_MAX.saturating_sub(self.width as u64).max(NARROW_SUM_MAX / 2);
        let shift = (0..32).find(|&s| sum >> s <= allowed && peak >> s < 32767).unwrap_or(32);
        for (narrow, &g) in self.narrow.iter_mut().zip(self.current.iter()) {
            *narrow = shift_round(g, shift.min(31)) as i16;
        }
        kernel::rows_dot(&self.weights[..out.len() * self.width], self.width, &self.narrow, out);
        for value in out {
            *value = rescale(*value as i64, self.spec.weight_bits, shift, SIGNAL_MAX);
        }
    }

    /// Is the block full, so that [`Self::end_block`] must come before the next step?
    pub fn block_full(&self) -> bool {
        self.eligibility.full()
    }

    /// Ends a block: its contributions become weight changes (block mode) or part of the gradient (sequence mode).
    /// `update` numbers it, for the rounding noise.
    pub fn end_block(&mut self, update: u64, meter: &mut Meter) {
        if self.eligibility.learned() {
            self.eligibility.sweep();
            match self.learning.mode {
                Mode::Block => self.change_weights(update, meter),
                Mode::Sequence => self.add_gradient(meter),
            }
        }
        self.eligibility.end_block();
        if self.learning.mode == Mode::Block {
            self.change_bias(update);
        }
    }

    fn change_weights(&mut self, update: u64, meter: &mut Meter) {
        let (steps, carry) = self.eligibility.swept();
        // The sweep in 16 bits, only as coarse as its largest value, the largest trace and the longest sum of a row ask.
        let shift = self.eligibility.format().bits - self.spec.weight_bits;
        let (mut rows, mut additions, mut terms, mut largest_trace) = (0, 0, 1, 0);
        self.eligibility.for_each_row(|_, mask, trace| {
            let here = mask.count_ones() + (trace != 0) as u32;
            terms = terms.max(here);
            largest_trace = largest_trace.max(trace);
            additions += here as usize;
            rows += 1;
        });
        meter.update_operations += (additions * self.spec.units) as u64;
        meter.weight_updates += (rows * self.spec.units) as u64;
        // Small traces are taken larger, and what a full one adds smaller: it must not make the unit coarse for nothing.
        let spare = (largest_trace.max(1) as u32).leading_zeros().saturating_sub(17).min(MAX_SPARE);
        let carried = if largest_trace == 0 { 0 } else { shift_round(kernel::peak(carry), spare) };
        let peak = kernel::peak(steps).max(carried);
        let limit = |quantum: u32| (i16::MAX as i32 - (1 << (shift - quantum))) / terms as i32;
        let (least, most) = (shift.saturating_sub(14), shift - 1);
        let quantum = (least..most).find(|&q| shift_round(peak, q) <= limit(q)).unwrap_or(most);
        let (quantised, quantised_carry) = self.quantised.split_at_mut(steps.len());
        let quantised_carry = &mut quantised_carry[..self.width];
        kernel::quantise(steps, quantum, limit(quantum), quantised);
        kernel::quantise(carry, quantum + spare, limit(quantum), quantised_carry);
        let sweep = Sweep { steps: quantised, carry: quantised_carry, shift: shift - quantum };
        let noise = Noise::new(self.learning.seed, self.number, update, self.learning.rounding);
        self.eligibility.for_each_row(|row, mask, trace| {
            let start = row as usize * self.width;
            let weights = &mut self.weights[start..start + self.width];
            let scaled = (trace << spare).min(i16::MAX as i32) as i16;
            kernel::update_row(weights, &sweep, mask, scaled, noise.row(row));
        });
    }

    fn add_gradient(&mut self, meter: &mut Meter) {
        let (steps, carry) = self.eligibility.swept();
        self.eligibility.for_each_row(|row, mask, trace| {
            let start = row as usize * self.width;
            let sum = &mut self.gradient[start..start + self.width];
            kernel::accumulate_row(sum, steps, mask, carry, trace);
            self.touched[row as usize] = true;
            count_update(meter, mask, trace, self.spec.units);
        });
    }

    /// Ends a sequence: in sequence mode the gradient becomes weight changes. Call it after [`Self::end_block`].
    pub fn end_sequence(&mut self, update: u64, meter: &mut Meter) {
        if self.learning.mode == Mode::Block {
            return;
        }
        let noise = Noise::new(self.learning.seed, self.number, update, self.learning.rounding);
        let shift = self.eligibility.format().bits - self.spec.weight_bits;
        for (row, touched) in self.touched.iter_mut().enumerate().filter(|(_, touched)| **touched) {
            let range = row * self.width..(row + 1) * self.width;
            let (weights, gradient) = (&mut self.weights[range.clone()], &mut self.gradient[range]);
            kernel::apply_row(weights, gradient, shift, noise.row(row as u32));
            meter.weight_updates += self.spec.units as u64;
            *touched = false;
        }
        self.change_bias(update);
    }

    fn change_bias(&mut self, update: u64) {
        if !self.spec.bias {
            return;
        }
        // A row of its own, after all rows of weights.
        let row = self.spec.rows(self.inputs) as u32;
        let noise = Noise::new(self.learning.seed, self.number, update, self.learning.rounding).row(row);
        let shift = self.eligibility.format().bits as i32 - self.spec.membrane_bits() as i32;
        kernel::apply_wide_row(&mut self.bias, &mut self.bias_gradient, shift, BIAS_MAX, noise);
    }

    /// Changes the learning rate; only between blocks (block mode) or sequences (sequence mode).
    pub fn set_rate(&mut self, rate: Factor) {
        self.spec.rate = rate;
        self.eligibility.set_format(format(&self.spec, &self.learning));
    }

    /// Membranes, traces and everything that waits to be applied go back to rest; weights stay.
    pub fn reset(&mut self) {
        self.membrane.fill(0);
        self.post_trace.fill(0);
        self.update_psi.fill(0);
        self.spike_count = 0;
        self.eligibility.reset();
        self.bias_gradient.fill(0);
        self.gradient.fill(0);
        self.touched.fill(false);
    }

    /// The weight from row `row` (an input, or `inputs` + a neuron of the layer itself) to neuron `unit`.
    pub fn weight(&self, row: usize, unit: usize) -> i16 {
        self.weights[row * self.width + unit]
    }

    /// Sets a weight; `value` is held to the format's range.
    pub fn set_weight(&mut self, row: usize, unit: usize, value: i32) {
        assert!(unit < self.spec.units);
        self.weights[row * self.width + unit] = value.clamp(-WEIGHT_MAX, WEIGHT_MAX) as i16;
    }

    /// Biases, membrane format.
    pub fn bias(&self) -> &[i32] {
        &self.bias[..self.spec.units]
    }

    /// Sets a bias, also where biases are not learned.
    pub fn set_bias(&mut self, unit: usize, value: i32) {
        assert!(unit < self.spec.units);
        self.bias[unit] = value.clamp(-BIAS_MAX, BIAS_MAX);
    }

    /// Membranes after the reset, membrane format.
    pub fn membrane(&self) -> &[i32] {
        &self.membrane[..self.spec.units]
    }

    /// Membranes before the reset, less the threshold.
    pub fn v(&self) -> &[i32] {
        &self.v[..self.spec.units]
    }

    /// Surrogates of the last learning step, `Q 15`.
    pub fn psi(&self) -> &[i32] {
        &self.psi[..self.spec.units]
    }

    /// Traces of the surrogates, `Q 15`.
    pub fn post_trace(&self) -> &[i32] {
        &self.post_trace[..self.spec.units]
    }

    /// Traces, the block and its format.
    pub fn eligibility(&self) -> &Eligibility {
        &self.eligibility
    }

    /// The gradient times the rate that waits for the end of the sequence, in the format's bits; empty in block mode.
    pub fn gradient(&self) -> &[i32] {
        &self.gradient
    }

    /// The bias gradient times the rate that waits to be applied, in the format's bits.
    pub fn bias_gradient(&self) -> &[i32] {
        &self.bias_gradient[..self.spec.units]
    }

    /// Gives every weight and bias to `sink`.
    pub fn visit_weights(&self, sink: &mut impl FnMut(i64)) {
        self.weights.iter().for_each(|&w| sink(w as i64));
        self.bias.iter().for_each(|&b| sink(b as i64));
    }

    /// Gives all other state to `sink`.
    pub fn visit_state(&self, sink: &mut impl FnMut(i64)) {
        self.membrane.iter().for_each(|&u| sink(u as i64));
        self.post_trace.iter().for_each(|&t| sink(t as i64));
        self.spikes().iter().for_each(|&s| sink(s as i64));
        self.eligibility.visit(sink);
        self.bias_gradient.iter().for_each(|&g| sink(g as i64));
        self.gradient.iter().for_each(|&g| sink(g as i64));
    }
}

fn format(spec: &SpikingSpec, learning: &Learning) -> Format {
    let (pre, post) = (spec.rate.times(spec.factors.alpha_pre), spec.rate.times(spec.factors.alpha_post));
    let largest =
        [pre, post, spec.rate].into_iter().max_by_key(|f| if f.mantissa == 0 { i32::MIN } else { f.log2_ceil() });
    // A bit more than the weights have, so that the sweep has a fraction to round.
    Format::new(spec.factors.lambda_pre, learning.block_steps, largest.unwrap_or(spec.rate), spec.weight_bits + 1)
}

fn count_update(meter: &mut Meter, mask: u32, trace: i32, units: usize) {
    meter.update_operations += ((mask.count_ones() + (trace != 0) as u32) as usize * units) as u64;
}
