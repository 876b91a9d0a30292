//! The end of blocks and sequences: what waits becomes weight changes.

use super::Spiking;
use crate::fixed::{BIAS_MAX, shift_round};
use crate::kernel::{self, Sweep};
use crate::layer::update::Mode;
use crate::meter::Meter;
use crate::noise::Noise;

/// How far small traces are scaled up, log2: with it, the carry's shift stays below 32.
const MAX_SPARE: u32 = 10;

impl Spiking {
    /// Ends a block: its contributions become weight changes (block mode) or part of the gradient (sequence mode).
    /// `update` numbers it, for the rounding noise.
    pub fn end_block(&mut self, update: u64, meter: &mut Meter) {
        if self.neurons.eligibility.learned() {
            self.neurons.eligibility.sweep();
            match self.learning.mode {
                Mode::Block => self.change_weights(update, meter),
                Mode::Sequence => self.add_gradient(meter),
            }
        }
        self.neurons.eligibility.end_block();
        if self.learning.mode == Mode::Block {
            self.change_bias(update);
        }
    }

    fn change_weights(&mut self, update: u64, meter: &mut Meter) {
        let (steps, carry) = self.neurons.eligibility.swept();
        // The sweep in 16 bits, only as coarse as its largest value, the largest trace and the longest sum of a row ask.
        let shift = self.neurons.eligibility.format().bits - self.spec.weight_bits;
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
        self.neurons.eligibility.for_each_row(|row, mask, trace| {
            let start = row as usize * self.width;
            let weights = &mut self.weights[start..start + self.width];
            let scaled = (trace << spare).min(i16::MAX as i32) as i16;
            kernel::update_row(weights, &sweep, mask, scaled, noise.row(row));
        });
    }

    fn add_gradient(&mut self, meter: &mut Meter) {
        let (steps, carry) = self.neurons.eligibility.swept();
        self.neurons.eligibility.for_each_row(|row, mask, trace| {
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
        let shift = self.neurons.eligibility.format().bits - self.spec.weight_bits;
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
        let shift = self.neurons.eligibility.format().bits as i32 - self.spec.membrane_bits() as i32;
        kernel::apply_wide_row(&mut self.bias, &mut self.bias_gradient, shift, BIAS_MAX, noise);
    }
}

fn count_update(meter: &mut Meter, mask: u32, trace: i32, units: usize) {
    meter.update_operations += (mask.count_ones() + (trace != 0) as u32) as u64 * units as u64;
}
