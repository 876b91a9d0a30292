//! The readout: leaky integrators without spikes, one a class.

use super::update::{Learning, Mode};
use crate::aligned::Aligned;
use crate::eligibility::{Eligibility, Format};
use crate::fixed::{
    Factor, MEMBRANE_MAX, READOUT_MEMBRANE_BITS, READOUT_WEIGHT_BITS, READOUT_WEIGHT_MAX, SIGNAL_BITS, mul_q15, rescale,
};
use crate::kernel;
use crate::meter::{Memory, Meter};
use crate::noise::{Noise, Normal};
use alloc::vec;
use alloc::vec::Vec;

/// A readout, as configured. Numbers are in the formats of [`crate::fixed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadoutSpec {
    /// Classes, from 2.
    pub classes: usize,
    /// What stays of a membrane in a step, `Q 15`, 0..=32768.
    pub leak: i32,
    /// Decay of the trace of input spikes, `Q 15`, 0..=32768.
    pub trace_decay: i32,
    /// Learning rate.
    pub rate: Factor,
    /// Is there a learned bias?
    pub bias: bool,
    /// Standard deviation of the initial weights, `Q 24`.
    pub deviation: i64,
}

impl ReadoutSpec {
    /// Classes, with padding to whole vectors.
    pub fn width(&self) -> usize {
        self.classes.next_multiple_of(4)
    }

    /// Bytes that the readout holds.
    pub fn memory(&self, inputs: usize, learning: &Learning) -> Memory {
        let (inputs, width) = (inputs as u64, self.width() as u64);
        let (traces, block) = Eligibility::bytes(inputs, width, learning.block_steps, false);
        Memory {
            weights: (inputs + 1) * width * 4 + 64,
            membranes: width * (4 + 8 + 8),
            traces,
            block: block + width * 8,
            gradients: if learning.mode == Mode::Sequence { inputs * width * 4 } else { 0 },
        }
    }
}

/// A readout with its state.
#[derive(Clone, Debug)]
pub struct Readout {
    spec: ReadoutSpec,
    learning: Learning,
    number: u32,
    inputs: usize,
    width: usize,
    /// A row of `width` an input.
    weights: Aligned<i32>,
    bias: Vec<i32>,
    membrane: Vec<i32>,
    current: Vec<i64>,
    /// Sum of the membrane since the scores were cleared.
    scores: Vec<i64>,
    eligibility: Eligibility,
    row_gradient: Vec<i32>,
    bias_gradient: Vec<i32>,
    gradient: Vec<i32>,
}

impl Readout {
    /// A readout with weights drawn from the seed and everything else at rest. The spec must be valid (see
    /// [`crate::network::Spec`]).
    pub fn new(spec: ReadoutSpec, inputs: usize, number: u32, learning: Learning) -> Self {
        let width = spec.width();
        let format = format(&spec, &learning);
        let mut weights = Aligned::new(inputs * width);
        let normal = Normal::new(learning.seed, number, spec.deviation);
        for input in 0..inputs {
            for class in 0..spec.classes {
                let index = (input * spec.classes + class) as u32;
                let value = normal.at(index);
                weights[input * width + class] = rescale(value, 24, READOUT_WEIGHT_BITS, READOUT_WEIGHT_MAX);
            }
        }
        Self {
            weights,
            bias: vec![0; width],
            membrane: vec![0; width],
            current: vec![0; width],
            scores: vec![0; width],
            eligibility: Eligibility::new(inputs, width, spec.trace_decay, learning.block_steps, false, format),
            row_gradient: vec![0; width],
            bias_gradient: vec![0; width],
            gradient: vec![0; if learning.mode == Mode::Sequence { inputs * width } else { 0 }],
            spec,
            learning,
            number,
            inputs,
            width,
        }
    }

    /// The spec it was made from.
    pub fn spec(&self) -> &ReadoutSpec {
        &self.spec
    }

    /// One time step forward: u <- leak u + W x + b. With `track` as in [`super::Spiking::forward`].
    pub fn forward(&mut self, input: &[u32], track: bool, meter: &mut Meter) {
        for (sum, &bias) in self.current.iter_mut().zip(&self.bias) {
            *sum = bias as i64;
        }
        for &row in input {
            let start = row as usize * self.width;
            for (sum, &w) in self.current.iter_mut().zip(&self.weights[start..start + self.width]) {
                *sum += w as i64;
            }
        }
        for ((u, sum), score) in self.membrane.iter_mut().zip(&self.current).zip(&mut self.scores) {
            let input = rescale(*sum, READOUT_WEIGHT_BITS, READOUT_MEMBRANE_BITS, MEMBRANE_MAX);
            *u = mul_q15(*u, self.spec.leak).saturating_add(input).clamp(-MEMBRANE_MAX, MEMBRANE_MAX);
            *score = score.saturating_add(*u as i64);
        }
        if track {
            self.eligibility.record(input);
        }
        meter.synaptic_operations += input.len() as u64 * self.spec.classes as u64;
    }

    /// Ends a step that learns; `error` is the gradient of the loss by each membrane, `Q 26`.
    pub fn learn(&mut self, error: &[i32]) {
        let format = self.eligibility.format();
        let scale = format.scale(self.spec.rate, SIGNAL_BITS);
        let (causal, _) = self.eligibility.contributions();
        causal.fill(0);
        for (p, &e) in causal.iter_mut().zip(&error[..self.spec.classes]) {
            *p = scale.apply(e);
        }
        if self.spec.bias {
            for (sum, &p) in self.bias_gradient.iter_mut().zip(causal.iter()) {
                *sum = (*sum + p).clamp(-kernel::SUM_MAX, kernel::SUM_MAX);
            }
        }
        self.eligibility.advance();
    }

    /// Ends a step that does not learn.
    pub fn rest(&mut self) {
        self.eligibility.rest();
    }

    /// Ends a block: see [`super::Spiking::end_block`].
    pub fn end_block(&mut self, update: u64, meter: &mut Meter) {
        if self.eligibility.learned() {
            self.eligibility.sweep();
            let noise = Noise::new(self.learning.seed, self.number, update, self.learning.rounding);
            let shift = self.shift();
            let (steps, carry) = self.eligibility.swept();
            self.eligibility.for_each_row(|row, mask, trace| {
                let range = row as usize * self.width..(row as usize + 1) * self.width;
                meter.update_operations += (mask.count_ones() + 1) as u64 * self.spec.classes as u64;
                if self.learning.mode == Mode::Sequence {
                    kernel::accumulate_row(&mut self.gradient[range], steps, mask, carry, trace);
                    return;
                }
                kernel::accumulate_row(&mut self.row_gradient, steps, mask, carry, trace);
                let weights = &mut self.weights[range];
                let noise = noise.row(row);
                kernel::apply_wide_row(weights, &mut self.row_gradient, shift, READOUT_WEIGHT_MAX, noise);
                meter.weight_updates += self.spec.classes as u64;
            });
        }
        self.eligibility.end_block();
        if self.learning.mode == Mode::Block {
            self.change_bias(update);
        }
    }

    /// Ends a sequence: see [`super::Spiking::end_sequence`].
    pub fn end_sequence(&mut self, update: u64, meter: &mut Meter) {
        if self.learning.mode == Mode::Block {
            return;
        }
        let noise = Noise::new(self.learning.seed, self.number, update, self.learning.rounding);
        let shift = self.shift();
        let rows = self.weights.chunks_exact_mut(self.width).zip(self.gradient.chunks_exact_mut(self.width));
        for (row, (weights, gradient)) in rows.enumerate() {
            let noise = noise.row(row as u32);
            kernel::apply_wide_row(weights, gradient, shift, READOUT_WEIGHT_MAX, noise);
        }
        meter.weight_updates += self.inputs as u64 * self.spec.classes as u64;
        self.change_bias(update);
    }

    fn change_bias(&mut self, update: u64) {
        if !self.spec.bias {
            return;
        }
        let noise = Noise::new(self.learning.seed, self.number, update, self.learning.rounding).row(self.inputs as u32);
        let shift = self.shift();
        kernel::apply_wide_row(&mut self.bias, &mut self.bias_gradient, shift, READOUT_WEIGHT_MAX, noise);
    }

    /// log2 of a weight unit in units of a contribution.
    fn shift(&self) -> i32 {
        self.eligibility.format().bits as i32 - READOUT_WEIGHT_BITS as i32
    }

    /// Changes the learning rate: see [`super::Spiking::set_rate`].
    pub fn set_rate(&mut self, rate: Factor) {
        self.spec.rate = rate;
        self.eligibility.set_format(format(&self.spec, &self.learning));
    }

    /// Membranes, scores, traces and everything that waits to be applied go back to rest; weights stay.
    pub fn reset(&mut self) {
        self.membrane.fill(0);
        self.scores.fill(0);
        self.eligibility.reset();
        self.bias_gradient.fill(0);
        self.gradient.fill(0);
    }

    /// Membranes, `Q 16`.
    pub fn membrane(&self) -> &[i32] {
        &self.membrane[..self.spec.classes]
    }

    /// Sums of the membranes since they were last cleared, `Q 16`.
    pub fn scores(&self) -> &[i64] {
        &self.scores[..self.spec.classes]
    }

    /// Sets the scores to zero.
    pub fn clear_scores(&mut self) {
        self.scores.fill(0);
    }

    /// Weights, `Q 24`: a row of [`ReadoutSpec::width`] an input.
    pub fn weights(&self) -> &[i32] {
        &self.weights
    }

    /// The same, to be set; magnitudes above `READOUT_WEIGHT_MAX` break the formats' promises.
    pub fn weights_mut(&mut self) -> &mut [i32] {
        &mut self.weights
    }

    /// Biases, `Q 24`.
    pub fn bias_mut(&mut self) -> &mut [i32] {
        &mut self.bias[..self.spec.classes]
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
        &self.bias_gradient[..self.spec.classes]
    }

    /// Gives every weight and bias to `sink`.
    pub fn visit_weights(&self, sink: &mut impl FnMut(i64)) {
        self.weights.iter().for_each(|&w| sink(w as i64));
        self.bias.iter().for_each(|&b| sink(b as i64));
    }

    /// Gives all other state to `sink`.
    pub fn visit_state(&self, sink: &mut impl FnMut(i64)) {
        self.membrane.iter().for_each(|&u| sink(u as i64));
        self.scores.iter().for_each(|&s| sink(s));
        self.eligibility.visit(sink);
        self.bias_gradient.iter().chain(&self.gradient).for_each(|&g| sink(g as i64));
    }
}

fn format(spec: &ReadoutSpec, learning: &Learning) -> Format {
    // Fraction bits down to 8: a fast readout gives up resolution that it does not need.
    Format::new(spec.trace_decay, learning.block_steps, spec.rate, 8)
}
