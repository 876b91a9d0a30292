//! A layer of leaky integrate-and-fire neurons, dense or recurrent, that learns by the three-factor rule.

mod inspect;
mod spec;
mod update;

pub use spec::{Factors, SpikingSpec};

use super::update::{Learning, Mode};
use crate::aligned::Aligned;
use crate::eligibility::{Eligibility, Format};
use crate::fixed::{BIAS_MAX, Factor, ONE_Q15, SIGNAL_BITS, SIGNAL_MAX, WEIGHT_MAX, rescale, shift_round};
use crate::kernel::{self, Lif};
use crate::meter::Meter;
use crate::noise::Normal;
use crate::psi::{Psi, Surrogate};
use alloc::vec;
use alloc::vec::Vec;

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
        meter.synaptic_operations += self.rows.len() as u64 * self.spec.units as u64;
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
}

fn format(spec: &SpikingSpec, learning: &Learning) -> Format {
    let (pre, post) = (spec.rate.times(spec.factors.alpha_pre), spec.rate.times(spec.factors.alpha_post));
    let largest =
        [pre, post, spec.rate].into_iter().max_by_key(|f| if f.mantissa == 0 { i32::MIN } else { f.log2_ceil() });
    // A bit more than the weights have, so that the sweep has a fraction to round.
    Format::new(spec.factors.lambda_pre, learning.block_steps, largest.unwrap_or(spec.rate), spec.weight_bits + 1)
}
