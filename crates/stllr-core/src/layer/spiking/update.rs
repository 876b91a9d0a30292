//! The end of blocks and sequences: what waits becomes weight changes.

use super::{Spiking, weight_row};
use crate::fixed::{BIAS_MAX, shift_round};
use crate::kernel::{self, Sweep};
use crate::layer::descent::Update;
use crate::layer::update::Mode;
use crate::meter::Meter;
use crate::noise::Noise;

/// How far small traces are scaled up, log2.
const MAX_SPARE: u32 = 10;

impl Spiking {
    /// Ends a block: its contributions become weight changes (block mode) or part of the gradient (sequence mode).
    /// `update` numbers it, for the rounding noise.
    pub fn end_block(&mut self, update: u64, meter: &mut Meter) {
        let learned = self.neurons.eligibility.learned();
        let gathers = !self.gradient.is_empty();
        if learned {
            self.neurons.eligibility.sweep();
            if gathers {
                self.add_gradient(meter);
            } else {
                self.change_weights(update, meter);
            }
        }
        self.neurons.eligibility.end_block();
        if self.learning.mode == Mode::Block && learned {
            if gathers {
                self.apply_gradient(update, meter);
            }
            self.change_bias(update);
        }
    }

    fn change_weights(&mut self, update: u64, meter: &mut Meter) {
        let (steps, carry) = self.neurons.eligibility.swept();
        // The sweep in 16 bits, only as coarse as its largest value, the largest trace and the longest sum of a row ask.
        let shift = self.neurons.eligibility.format().bits - self.spec.held_bits();
        let (mut rows, mut additions, mut terms, mut largest_trace) = (0u64, 0u64, 1, 0);
        self.neurons.eligibility.for_each_row(|_, mask, trace| {
            let here = mask.count_ones() + (trace != 0) as u32;
            terms = terms.max(here);
            largest_trace = largest_trace.max(trace);
            additions += here as u64;
            rows += 1;
        });
        let units = self.spec.units as u64;
        meter.update_operations += additions * units;
        meter.weight_updates += rows * units;
        // Small traces are taken larger, and what a full one adds smaller: it must not make the unit coarse for nothing.
        let spare = (largest_trace.max(1) as u32).leading_zeros().saturating_sub(17).min(MAX_SPARE).min(32 - shift);
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
        let most = self.input.most();
        self.neurons.eligibility.for_each_row(|row, mask, trace| {
            let scaled = (trace << spare).min(i16::MAX as i32) as i16;
            self.weights.change(weight_row(&self.input, most, row), |weights| {
                kernel::update_row(weights, &sweep, mask, scaled, noise.row(row));
            });
        });
    }

    fn add_gradient(&mut self, meter: &mut Meter) {
        let (steps, carry) = self.neurons.eligibility.swept();
        let most = self.input.most();
        self.neurons.eligibility.for_each_row(|row, mask, trace| {
            let weight_row = weight_row(&self.input, most, row);
            let start = weight_row * self.width;
            let sum = &mut self.gradient[start..start + self.width];
            kernel::accumulate_row(sum, steps, self.width, mask, carry, trace);
            self.touched[weight_row] = true;
            count_update(meter, mask, trace, self.spec.units);
        });
    }

    /// Ends a sequence: in sequence mode the gradient becomes weight changes. Call it after [`Self::end_block`].
    pub fn end_sequence(&mut self, update: u64, meter: &mut Meter) {
        if self.learning.mode == Mode::Sequence {
            self.apply_gradient(update, meter);
            self.change_bias(update);
        }
    }

    fn apply_gradient(&mut self, number: u64, meter: &mut Meter) {
        let update = self.update(number, self.spec.weight_bits);
        let (weights, gradient) = (&mut self.weights, &mut self.gradient);
        let some = self.touched.contains(&true);
        let rows = self.descent.change(weights, gradient, self.width, (some, &mut self.touched), &update);
        meter.weight_updates += rows * self.spec.units as u64;
    }

    fn change_bias(&mut self, number: u64) {
        if !self.spec.bias {
            return;
        }
        // A row of its own, after all rows of weights.
        let row = self.spec.rows(self.input.most()) as u32;
        let update = self.update(number, self.spec.membrane_bits());
        self.descent.change_bias(&mut self.bias, &mut self.bias_gradient, BIAS_MAX, row, &update);
    }

    fn update(&self, number: u64, weight_bits: u32) -> Update {
        let noise = Noise::new(self.learning.seed, self.number, number, self.learning.rounding);
        Update { rate: self.neurons.rate(), bits: self.neurons.eligibility.format().bits, weight_bits, noise }
    }
}

fn count_update(meter: &mut Meter, mask: u32, trace: i32, units: usize) {
    meter.update_operations += (mask.count_ones() + (trace != 0) as u32) as u64 * units as u64;
}
