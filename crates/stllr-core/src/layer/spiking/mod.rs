//! A layer of leaky integrate-and-fire neurons, dense or recurrent, that learns by the three-factor rule.

mod inspect;
mod spec;
mod update;

pub use spec::{Factors, SpikingSpec};

use super::descent::Descent;
use super::neurons::{Neurons, narrowing, scale};
use super::update::Learning;
use super::weights::{Weights, draw_row};
use crate::aligned::Aligned;
use crate::deep::DEEP;
use crate::fixed::{Factor, ONE_Q15, WEIGHT_MAX, shift_round};
use crate::kernel;
use crate::meter::Meter;
use crate::noise::Normal;
use crate::shape::Port;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// A spiking layer with its state.
#[derive(Clone, Debug)]
pub struct Spiking {
    spec: SpikingSpec,
    learning: Learning,
    /// The layer's number: keeps its noise apart from others'.
    number: u32,
    input: Port,
    width: usize,
    neurons: Neurons,
    /// The share of the input that counts, `Q 15`.
    keep: i32,
    /// A row of `width` an input, then a row a neuron of the layer itself.
    weights: Weights,
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
    descent: Descent,
}

/// So many rows have a sum that fits an `i32`, whatever their weights.
const ROWS_AT_ONCE: usize = (i32::MAX / WEIGHT_MAX) as usize;

impl Spiking {
    /// A layer with weights drawn from the seed and everything else at rest. The spec must be valid (see
    /// [`crate::network::Spec`]).
    pub fn new(spec: SpikingSpec, input: impl Into<Port>, number: u32, learning: Learning) -> Self {
        let input = input.into();
        let (rows, width) = (spec.rows(input.shape.elements()), spec.width());
        let gathers = spec.gathers(&learning);
        let gathered = if gathers { rows * width } else { 0 };
        let mut layer = Self {
            neurons: Neurons::new(&spec, width, spec.rows(input.most()), learning),
            weights: Weights::new(rows, width, &spec.byte_shift),
            bias: Aligned::new(width),
            current: Aligned::new(width),
            rows: Vec::with_capacity(spec.rows(input.most())),
            bias_gradient: Aligned::new(width),
            quantised: Aligned::new((learning.block_steps + 1) * width),
            narrow: Aligned::new(width),
            gradient: Aligned::new(gathered),
            touched: vec![false; if gathers { rows } else { 0 }],
            descent: Descent::new(learning, gathered, width, spec.divisor),
            spec,
            learning,
            number,
            input,
            width,
            keep: ONE_Q15,
        };
        if DEEP && layer.spec.standardise {
            layer.standardise();
        }
        layer.draw_weights();
        layer
    }

    fn standardise(&mut self) {
        let (inputs, units) = (self.input.shape.elements(), self.spec.units);
        let recurrent = self.spec.recurrent;
        let parts = &[(inputs, units), (units, units)][..1 + recurrent as usize];
        self.descent.standardise(parts, recurrent, self.spec.weight_bits, &self.weights);
    }

    fn draw_weights(&mut self) {
        let units = self.spec.units;
        let normal = |deviation| Normal::new(self.learning.seed, self.number, deviation);
        let (from_below, from_itself) = (normal(self.spec.deviation), normal(self.spec.recurrent_deviation));
        let inputs = self.input.shape.elements();
        self.descent.draw(self.width, &mut self.weights, self.spec.weight_bits, &|row, weights, bits| {
            let normal = if row < inputs { from_below } else { from_itself };
            draw_row(normal, row * units, &mut weights[..units], bits);
        });
    }

    /// The spec it was made from.
    pub fn spec(&self) -> &SpikingSpec {
        &self.spec
    }

    /// One time step forward: `input` are the input spikes, each once, numbered as the input's port says. Returns the
    /// numbers of the neurons that spike, rising.
    ///
    /// With `track`, the step enters the traces and must be ended by [`Self::learn`] or [`Self::rest`].
    pub fn forward(&mut self, input: &[u32], track: bool, meter: &mut Meter) -> &[u32] {
        self.rows.clear();
        self.rows.extend_from_slice(input);
        if self.spec.recurrent {
            let first = self.input.most() as u32;
            self.rows.extend(self.neurons.spikes().iter().map(|&neuron| first + neuron));
        }
        if track {
            self.neurons.eligibility.record(&self.rows);
        }
        if self.input.levels > 1 {
            let (port, most) = (self.input, self.input.most());
            self.rows.iter_mut().for_each(|row| *row = weight_row(&port, most, *row) as u32);
        }
        // A share of the input counts, but not of the layer's own spikes.
        let scaled = if self.keep == ONE_Q15 { self.rows.len() } else { input.len() };
        let first = scaled.min(ROWS_AT_ONCE);
        self.weights.sum_rows(&self.rows[..first], &mut self.current);
        self.add_rows(first..scaled);
        scale(&mut self.current, self.keep);
        self.add_rows(scaled..self.rows.len());
        self.neurons.begin_step();
        self.neurons.fire(0..self.width, &self.current, &self.bias);
        self.neurons.end_spikes(self.spec.units);
        meter.synaptic_operations += self.rows.len() as u64 * self.spec.units as u64;
        meter.hidden_spikes += self.spikes().len() as u64;
        self.spikes()
    }

    /// Adds some of the active rows to the neurons' input.
    fn add_rows(&mut self, rows: Range<usize>) {
        for rows in self.rows[rows].chunks(ROWS_AT_ONCE) {
            let more = self.neurons.scratch();
            self.weights.sum_rows(rows, more);
            for (sum, &more) in self.current.iter_mut().zip(more.iter()) {
                *sum = sum.saturating_add(more);
            }
        }
    }

    /// The neurons that spiked in the last step.
    pub fn spikes(&self) -> &[u32] {
        self.neurons.spikes()
    }

    /// Ends a step that learns. `d` is the learning signal, `Q 26`, one a neuron (`width` of them, zero in the padding).
    pub fn learn(&mut self, d: &[i32]) {
        self.learn_scaled(d, 0);
    }

    /// The same where `d` has `gain` more fraction bits.
    pub fn learn_scaled(&mut self, d: &[i32], gain: u32) {
        self.neurons.learn(d, gain);
        if self.spec.bias {
            self.neurons.bias_contribution(d, gain, 0..self.width, &mut self.current);
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

    /// What passes to the layer below: adds to `out[j]` (laid out as [`Port::signal_index`] says)
    /// sum over i of W[j][i] d[i] psi[i], `Q 26`; call it after [`Self::learn`] with the same `d`, while the weights are as
    /// they were in the step.
    pub fn signal_below(&mut self, d: &[i32], out: &mut [i32]) {
        self.neurons.product(d, 0..self.width, &mut self.current);
        let sum: u64 = self.current.iter().map(|g| g.unsigned_abs() as u64).sum();
        let peak = kernel::peak(&self.current).unsigned_abs() as u64;
        let (shift, scale) = narrowing(sum, peak, self.width, self.spec.weight_bits);
        for (narrow, &g) in self.narrow.iter_mut().zip(self.current.iter()) {
            *narrow = shift_round(g, shift) as i16;
        }
        let (channels, width, narrow) = (self.input.shape.channels, self.width, &self.narrow);
        for (position, out) in out.chunks_exact_mut(self.input.signal_stride()).enumerate() {
            self.weights.read(position * channels..(position + 1) * channels, |first, rows| {
                let out = &mut out[first..first + rows.len() / width];
                kernel::rows_dot(rows, width, narrow, scale, out);
            });
        }
    }

    /// Its input counts whole (while dropout drops spikes, or where none does) or by the share that dropout leaves.
    pub fn scale_input(&mut self, whole: bool) {
        self.keep = if whole { ONE_Q15 } else { self.input.keep };
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

/// The row of weights of a row of traces: those of an input with several spikes a step share one.
fn weight_row(input: &Port, most: usize, row: u32) -> usize {
    let row = row as usize;
    if row < most { row / input.levels } else { row - most + input.shape.elements() }
}
