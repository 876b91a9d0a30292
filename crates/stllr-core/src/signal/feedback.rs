//! A matrix that brings the readout's error to a layer.

use super::{Narrow, restore};
use crate::aligned::Aligned;
use crate::fixed::{FEEDBACK_BITS, READOUT_WEIGHT_BITS, shift_round};
use crate::keep::{Keeper, Part, Values, within};
use crate::kernel;
use crate::noise::{self, Stream};
use crate::shape::Port;

/// A matrix from classes to neurons: `i16`, `Q 12`, pairs of classes side by side as [`kernel::feedback`] wants them.
#[derive(Clone, Debug)]
pub struct Feedback {
    weights: Aligned<i16>,
    width: usize,
    /// No weight is larger in magnitude.
    peak: i16,
}

impl Feedback {
    /// All zeros, for `classes` (any outputs, at most [`MAX_OUTPUTS`](super::MAX_OUTPUTS)) and a layer of `width` neurons.
    pub fn new(classes: usize, width: usize) -> Self {
        Self { weights: Aligned::new(classes.next_multiple_of(2) * width), width, peak: i16::MAX }
    }

    /// A fixed random matrix for DFA, sDFA and DRTP.
    pub fn random(classes: usize, port: &Port, seed: u64, stream: u32) -> Self {
        let (units, channels) = (port.shape.elements(), port.shape.channels);
        let mut feedback = Self::new(classes, port.signal_len());
        let stream = Stream::new(seed, stream);
        // sqrt(6 / units) in Q 12.
        let bound = ((6u64 << (2 * FEEDBACK_BITS)) / units as u64).isqrt() as i64;
        feedback.peak = bound as i16;
        for c in 0..classes {
            for i in 0..units {
                let index = (c * units + i) as u32;
                let value = noise::uniform(stream, index, bound) as i16;
                *feedback.at(c, port.signal_index(i / channels, i % channels)) = value;
            }
        }
        feedback
    }

    /// Bytes that the matrix occupies.
    pub fn bytes(classes: usize, width: usize) -> u64 {
        Aligned::<i16>::bytes(classes.next_multiple_of(2) as u64 * width as u64)
    }

    /// Becomes the transpose of the weights of a readout that sees `input`: a row of `stride` an element.
    pub fn follow(&mut self, weights: &[i32], stride: usize, classes: usize, input: &Port) {
        let channels = input.shape.channels;
        let narrow = |w: i32| shift_round(w, READOUT_WEIGHT_BITS - FEEDBACK_BITS) as i16;
        let pairs = self.weights.chunks_exact_mut(2 * self.width);
        for (first, pair) in (0..classes).step_by(2).zip(pairs) {
            // An odd number of classes leaves the last pair's second half at zero.
            let second = first + 1 < classes;
            let positions = pair.chunks_exact_mut(2 * input.signal_stride());
            for (feedback, rows) in positions.zip(weights.chunks_exact(channels * stride)) {
                for (feedback, row) in feedback.chunks_exact_mut(2).zip(rows.chunks_exact(stride)) {
                    feedback[0] = narrow(row[first]);
                    if second {
                        feedback[1] = narrow(row[first + 1]);
                    }
                }
            }
        }
    }

    /// Takes the weights of another with other classes: class c from its class `of(c)`, where it has one.
    pub fn take_classes(&mut self, other: &Self, classes: usize, of: &dyn Fn(usize) -> Option<usize>) {
        for (class, old) in (0..classes).filter_map(|class| Some((class, of(class)?))) {
            (0..self.width).for_each(|neuron| *self.at(class, neuron) = other.get(old, neuron));
        }
    }

    fn at(&mut self, class: usize, neuron: usize) -> &mut i16 {
        &mut self.weights[(class / 2 * self.width + neuron) * 2 + class % 2]
    }

    /// The weight from a class to a neuron.
    pub fn get(&self, class: usize, neuron: usize) -> i16 {
        self.weights[(class / 2 * self.width + neuron) * 2 + class % 2]
    }

    /// The largest sum of magnitudes that [`Self::signal`] takes: no sum of products with it leaves an `i32`.
    pub fn sum_max(&self) -> u64 {
        i32::MAX as u64 / self.peak.max(1) as u64
    }

    /// d = F error, `Q 26`, saturating; with as much more gain as the error has.
    pub fn signal(&self, error: &Narrow, d: &mut [i32]) {
        kernel::feedback(&self.weights, error.values(), d);
        restore(error.right(), d);
    }

    /// Gives all weights to a keeper: those of a random matrix, within its bound.
    pub fn keep(&mut self, keeper: &mut dyn Keeper) {
        keeper.array(Part::Feedback, Values::I16(&mut self.weights), within(self.peak as i32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_feedback_fills_its_bound() {
        let feedback = Feedback::random(10, &Port::from(256), 1, 2);
        let bound = 627; // sqrt(6 / 256) * 4096
        let most = (0..2560).map(|k| feedback.get(k / 256, k % 256).abs()).max();
        assert!(most.is_some_and(|m| (bound - 5..=bound).contains(&m)), "{most:?}");
    }
}
