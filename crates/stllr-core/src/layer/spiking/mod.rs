//! A layer of leaky integrate-and-fire neurons, dense or recurrent, that learns by the three-factor rule.

mod inspect;
mod spec;
mod update;

pub use spec::{Factors, SpikingSpec};

use super::neurons::Neurons;
use super::update::{Learning, Mode};
use crate::aligned::Aligned;
use crate::fixed::{Factor, SIGNAL_MAX, WEIGHT_MAX, rescale, shift_round};
use crate::kernel;
use crate::meter::Meter;
use crate::noise::Normal;
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
    neurons: Neurons,
    /// A row of `width` an input, then a row a neuron of the layer itself.
    weights: Aligned<i16>,
    bias: Aligned<i32>,
    current: Aligned<i32>,
    /// The rows that were active in this step.
    rows: Vec<u32>,
    bias_gradient: Aligned<i32>,
    quantised: Aligned<i16>,
    /// d psi, narrowed for the product with the weights.
    narrow: Aligned<i16>,
    gradient: Aligned<i32>,
    /// Rows of the gradient that are not zero.
    touched: Vec<bool>,
}

/// So many rows have a sum that fits an `i32`, whatever their weights.
const ROWS_AT_ONCE: usize = (i32::MAX / WEIGHT_MAX) as usize;
/// The largest sum of magnitudes that the product with the weights takes.
const NARROW_SUM_MAX: u64 = 1 << 17;

impl Spiking {
    /// A layer with weights drawn from the seed and everything else at rest. The spec must be valid (see
    /// [`crate::network::Spec`]).
    pub fn new(spec: SpikingSpec, inputs: usize, number: u32, learning: Learning) -> Self {
        let (rows, width) = (spec.rows(inputs), spec.width());
        let is_sequence = learning.mode == Mode::Sequence;
        let mut layer = Self {
            neurons: Neurons::new(&spec, width, rows, learning),
            weights: Aligned::new(rows * width),
            bias: Aligned::new(width),
            current: Aligned::new(width),
            rows: Vec::with_capacity(rows),
            bias_gradient: Aligned::new(width),
            quantised: Aligned::new((learning.block_steps + 1) * width),
            narrow: Aligned::new(width),
            gradient: Aligned::new(if is_sequence { rows * width } else { 0 }),
            touched: vec![false; if is_sequence { rows } else { 0 }],
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
            self.rows.extend(self.neurons.spikes().iter().map(|&neuron| first + neuron));
        }
        let (first, rest) = self.rows.split_at(self.rows.len().min(ROWS_AT_ONCE));
        kernel::sum_rows(&self.weights, self.width, first, &mut self.current);
        for rows in rest.chunks(ROWS_AT_ONCE) {
            let more = self.neurons.scratch();
            kernel::sum_rows(&self.weights, self.width, rows, more);
            for (sum, &more) in self.current.iter_mut().zip(more.iter()) {
                *sum = sum.saturating_add(more);
            }
        }
        self.neurons.begin_step();
        self.neurons.fire(0..self.width, &self.current, &self.bias);
        if track {
            self.neurons.eligibility.record(&self.rows);
        }
        meter.synaptic_operations += self.rows.len() as u64 * self.spec.units as u64;
        meter.hidden_spikes += self.spikes().len() as u64;
        self.spikes()
    }

    /// The neurons that spiked in the last step.
    pub fn spikes(&self) -> &[u32] {
        self.neurons.spikes()
    }

    /// Ends a step that learns. `d` is the learning signal, `Q 26`, one a neuron (`width` of them, zero in the padding).
    pub fn learn(&mut self, d: &[i32]) {
        self.neurons.learn(d);
        if self.spec.bias {
            self.neurons.bias_contribution(d, 0..self.width, &mut self.current);
            for (sum, &p) in self.bias_gradient.iter_mut().zip(self.current.iter()) {
                *sum = (*sum + p).clamp(-kernel::SUM_MAX, kernel::SUM_MAX);
            }
        }
        self.neurons.end_step();
    }

    /// Ends a step that does not learn.
    pub fn rest(&mut self) {
        self.neurons.rest();
    }

    /// What passes to the layer below: `out[j]` = sum over i of W[j][i] d[i] psi[i], `Q 26`; call it after
    /// [`Self::learn`] with the same `d`, while the weights are as they were in the step. `out` has one element an input.
    pub fn signal_below(&mut self, d: &[i32], out: &mut [i32]) {
        self.neurons.product(d, 0..self.width, &mut self.current);
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
        self.neurons.eligibility.full()
    }

    /// Changes the learning rate; only between blocks (block mode) or sequences (sequence mode).
    pub fn set_rate(&mut self, rate: Factor) {
        self.neurons.set_rate(rate);
    }

    /// Membranes, traces and everything that waits to be applied go back to rest; weights stay.
    pub fn reset(&mut self) {
        self.neurons.reset();
        self.bias_gradient.fill(0);
        self.gradient.fill(0);
        self.touched.fill(false);
    }
}
