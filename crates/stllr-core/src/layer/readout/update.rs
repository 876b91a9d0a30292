//! Learning: a step's end, and the end of blocks and sequences.

use super::{Readout, each_tap};
use crate::fixed::{Factor, READOUT_WEIGHT_BITS, READOUT_WEIGHT_MAX, SIGNAL_BITS};
use crate::kernel::{self, SUM_MAX};
use crate::layer::descent::Update;
use crate::layer::update::Mode;
use crate::meter::Meter;
use crate::noise::Noise;

impl Readout {
    /// Ends a step that learns; `error` is the gradient of the loss by each membrane, `Q 26` with `gain` more
    /// fraction bits, laid out as [`Self::membrane`].
    pub fn learn(&mut self, error: &[i32], gain: u32) {
        let rate = self.learning.folded(self.spec.rate);
        let scale = self.eligibility.format().scale(rate, SIGNAL_BITS + gain);
        let (causal, _) = self.eligibility.contributions();
        causal.fill(0);
        for (p, &e) in causal.iter_mut().zip(error) {
            *p = scale.apply(e);
        }
        if self.spec.bias {
            let rate = self.learning.folded(self.spec.rate.times(Factor::square_of(self.spec.divisor)));
            let scale = self.eligibility.format().scale(rate, SIGNAL_BITS + gain);
            for (i, &e) in error.iter().enumerate() {
                let sum = &mut self.bias_gradient[i % self.width];
                *sum = (*sum + scale.apply(e)).clamp(-SUM_MAX, SUM_MAX);
            }
        }
        self.eligibility.advance();
    }

    /// Ends a step that does not learn.
    pub fn rest(&mut self) {
        self.eligibility.rest();
    }

    /// Ends a block: see [`crate::layer::Spiking::end_block`].
    pub fn end_block(&mut self, update: u64, meter: &mut Meter) {
        let learned = self.eligibility.learned();
        if learned {
            self.eligibility.sweep();
            self.add_gradient(update, meter);
        }
        self.eligibility.end_block();
        if self.learning.mode == Mode::Block {
            if learned && !self.gradient.is_empty() {
                self.change_weights(update, meter);
            }
            if learned {
                self.change_bias(update);
            }
        }
    }

    /// Adds up the gradient; where none is kept, each row changes its weights at once.
    fn add_gradient(&mut self, update: u64, meter: &mut Meter) {
        let noise = Noise::new(self.learning.seed, self.number, update, self.learning.rounding);
        let (shift, width) = (self.shift(), self.width);
        let (steps, carry) = self.eligibility.swept();
        let (map, classes) = (carry.len(), self.spec.classes as u64);
        let (gradient, row_gradient, weights) = (&mut self.gradient, &mut self.row_gradient, &mut self.weights);
        self.eligibility.for_each_row(|spike, mask, trace| {
            each_tap(&self.input, self.geometry.as_ref(), spike, |row, position| {
                let (at, range) = (position * width, row * width..(row + 1) * width);
                meter.update_operations += (mask.count_ones() + 1) as u64 * classes;
                if let Some(sum) = gradient.get_mut(range.clone()) {
                    kernel::accumulate_row(sum, &steps[at..], map, mask, &carry[at..], trace);
                    return;
                }
                kernel::accumulate_row(row_gradient, &steps[at..], map, mask, &carry[at..], trace);
                let (weights, noise) = (&mut weights[range], noise.row(spike));
                kernel::apply_wide_row(weights, row_gradient, shift, READOUT_WEIGHT_MAX, noise);
                meter.weight_updates += classes;
            });
        });
    }

    /// Ends a sequence: see [`crate::layer::Spiking::end_sequence`].
    pub fn end_sequence(&mut self, update: u64, meter: &mut Meter) {
        if self.learning.mode == Mode::Sequence {
            self.change_weights(update, meter);
            self.change_bias(update);
        }
    }

    fn change_weights(&mut self, number: u64, meter: &mut Meter) {
        let update = self.update(number);
        let (weights, gradient) = (&mut self.weights, &mut self.gradient);
        self.descent.change_wide(weights, gradient, self.width, READOUT_WEIGHT_MAX, &update);
        meter.weight_updates += (self.weights.len() / self.width * self.spec.classes) as u64;
    }

    fn change_bias(&mut self, number: u64) {
        if !self.spec.bias {
            return;
        }
        // A row of its own, after all others.
        let (row, update) = (self.input.most() as u32, self.update(number));
        self.descent.change_bias(&mut self.bias, &mut self.bias_gradient, READOUT_WEIGHT_MAX, row, &update);
    }

    fn update(&self, number: u64) -> Update {
        let noise = Noise::new(self.learning.seed, self.number, number, self.learning.rounding);
        let bits = self.eligibility.format().bits;
        Update { rate: self.spec.rate, bits, weight_bits: READOUT_WEIGHT_BITS, noise }
    }

    /// log2 of a weight unit in units of a contribution.
    fn shift(&self) -> i32 {
        self.eligibility.format().bits as i32 - READOUT_WEIGHT_BITS as i32
    }
}
