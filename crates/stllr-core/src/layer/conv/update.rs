//! Learning: a step's end, and the end of blocks and sequences.

use super::Conv;
use crate::fixed::BIAS_MAX;
use crate::kernel::{self, SUM_MAX};
use crate::layer::descent::Update;
use crate::layer::update::Mode;
use crate::meter::Meter;
use crate::noise::Noise;

impl Conv {
    /// Ends a step that learns. `d` is the learning signal, `Q 26`, one a neuron, zero in the padding.
    pub fn learn(&mut self, d: &[i32]) {
        self.learn_scaled(d, 0);
    }

    /// The same where `d` has `gain` more fraction bits.
    pub fn learn_scaled(&mut self, d: &[i32], gain: u32) {
        self.neurons.learn(d, gain);
        if self.spec.neurons.bias {
            let all = 0..self.current.len();
            self.neurons.bias_contribution(d, gain, all, &mut self.current);
            for position in self.current.chunks_exact(self.stride) {
                for (sum, &p) in self.bias_gradient.iter_mut().zip(position) {
                    *sum = (*sum + p).clamp(-SUM_MAX, SUM_MAX);
                }
            }
        }
        self.neurons.end_step();
    }

    /// Ends a step that does not learn.
    pub fn rest(&mut self) {
        self.neurons.rest();
    }

    /// Ends a block: its contributions become weight changes (block mode) or part of the gradient (sequence mode).
    /// `update` numbers it, for the rounding noise.
    pub fn end_block(&mut self, update: u64, meter: &mut Meter) {
        let learned = self.neurons.eligibility.learned();
        if learned {
            self.neurons.eligibility.sweep();
            self.gathered |= self.add_gradient(meter);
        }
        self.neurons.eligibility.end_block();
        if self.learning.mode == Mode::Block && learned {
            self.change_weights(update, meter);
        }
    }

    /// Adds what each input that spiked lately, or has a trace, gives to the weights that it is seen through. Returns whether
    /// there was any.
    fn add_gradient(&mut self, meter: &mut Meter) -> bool {
        let (geometry, places) = (&self.geometry, self.places);
        let (steps, carry) = self.neurons.eligibility.swept();
        let (map, gradient) = (carry.len(), &mut self.gradient);
        let (of_group, mut some) = (geometry.group_inputs(), false);
        if kernel::peak(steps) == 0 && kernel::peak(carry) == 0 {
            return false;
        }
        self.neurons.eligibility.for_each_row(|spike, mask, trace| {
            let (y, x, channel) = places.of(spike);
            let (group, channel) = (channel / of_group, channel % of_group);
            let mut taps = 0;
            for row_tap in geometry.row_taps(y) {
                let line = row_tap.output as usize * geometry.output.width;
                for tap in geometry.column_taps(x) {
                    let at = (line + tap.output as usize) * self.stride + group * self.span;
                    let row = geometry.weight_row(group, row_tap.kernel as usize, tap.kernel as usize) + channel;
                    let sum = &mut gradient[row * self.row_width..][..self.span];
                    kernel::accumulate_row(sum, &steps[at..], map, mask, &carry[at..], trace);
                    taps += 1;
                }
            }
            some |= taps > 0;
            let terms = (mask.count_ones() + (trace != 0) as u32) as u64;
            meter.update_operations += terms * taps * geometry.group_outputs() as u64;
        });
        some
    }

    /// Ends a sequence: in sequence mode the gradient becomes weight changes. Call it after [`Self::end_block`].
    pub fn end_sequence(&mut self, update: u64, meter: &mut Meter) {
        if self.learning.mode == Mode::Sequence {
            self.change_weights(update, meter);
        }
    }

    fn change_weights(&mut self, number: u64, meter: &mut Meter) {
        let neurons = &self.spec.neurons;
        let noise = Noise::new(self.learning.seed, self.number, number, self.learning.rounding);
        let bits = self.neurons.eligibility.format().bits;
        let update = Update { rate: self.neurons.rate(), bits, weight_bits: neurons.weight_bits, noise };
        let (weights, gradient) = (&mut self.weights, &mut self.gradient);
        let rows = self.descent.change(weights, gradient, self.row_width, (self.gathered, &mut []), &update);
        self.gathered = false;
        meter.weight_updates += rows * self.geometry.group_outputs() as u64;
        if neurons.bias {
            // A row of its own, after all rows of weights.
            let row = self.geometry.weight_rows() as u32;
            let update = Update { weight_bits: neurons.membrane_bits(), ..update };
            self.descent.change_bias(&mut self.bias, &mut self.bias_gradient, BIAS_MAX, row, &update);
            self.spread_bias();
        }
    }
}
