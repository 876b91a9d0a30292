//! Learning signals: how the error at the readout reaches a hidden layer, at the same time step.
//!
//! | name | d[t][i] |
//! | --- | --- |
//! | back-propagation (BP) | sum over c of W_readout[c][i] error[t][c]; below that, W^T (d psi) of the layer above |
//! | direct feedback alignment (DFA) | sum over c of F[c][i] error[t][c], F random and fixed, uniform within sqrt(6 / units) |

use crate::aligned::Aligned;
use crate::fixed::{FEEDBACK_BITS, READOUT_WEIGHT_BITS, SIGNAL_BITS, shift_round};
use crate::kernel;
use crate::noise::{self, Stream};

/// Which learning signal hidden layers get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Spatial back-propagation.
    Bp,
    /// Direct feedback alignment.
    Dfa,
}

/// Fraction bits of an error as the feedback kernel takes it.
const ERROR_BITS: u32 = SIGNAL_BITS - FEEDBACK_BITS;
/// The sum of an error's magnitudes is at most 2.0 here, so that a signal stays within its format.
const ERROR_SUM_MAX: u32 = 2 << ERROR_BITS;

/// A matrix from classes to neurons: `i16`, `Q 12`, pairs of classes side by side as [`kernel::feedback`] wants them.
#[derive(Clone, Debug)]
pub struct Feedback {
    weights: Aligned<i16>,
    width: usize,
}

impl Feedback {
    /// All zeros, for `classes` and a layer of `width` neurons.
    pub fn new(classes: usize, width: usize) -> Self {
        Self { weights: Aligned::new(classes.next_multiple_of(2) * width), width }
    }

    /// A fixed random matrix for DFA.
    pub fn random(classes: usize, units: usize, width: usize, seed: u64, stream: u32) -> Self {
        let mut feedback = Self::new(classes, width);
        let stream = Stream::new(seed, stream);
        // sqrt(6 / units) in Q 12.
        let bound = ((6u64 << (2 * FEEDBACK_BITS)) / units as u64).isqrt() as i64;
        for c in 0..classes {
            for i in 0..units {
                let index = (c * units + i) as u32;
                let value = noise::uniform(stream, index, bound) as i16;
                *feedback.at(c, i) = value;
            }
        }
        feedback
    }

    /// Bytes that the matrix occupies.
    pub fn bytes(classes: usize, width: usize) -> u64 {
        Aligned::<i16>::bytes(classes.next_multiple_of(2) as u64 * width as u64)
    }

    /// Becomes the transpose of readout weights, `inputs` rows of `stride`.
    pub fn follow(&mut self, readout: &[i32], stride: usize, classes: usize) {
        let narrow = |w: i32| shift_round(w, READOUT_WEIGHT_BITS - FEEDBACK_BITS) as i16;
        let pairs = self.weights.chunks_exact_mut(2 * self.width);
        for (first, pair) in (0..classes).step_by(2).zip(pairs) {
            // An odd number of classes leaves the last pair's second half at zero.
            let second = first + 1 < classes;
            for (feedback, row) in pair.chunks_exact_mut(2).zip(readout.chunks_exact(stride)) {
                feedback[0] = narrow(row[first]);
                if second {
                    feedback[1] = narrow(row[first + 1]);
                }
            }
        }
    }

    fn at(&mut self, class: usize, neuron: usize) -> &mut i16 {
        &mut self.weights[(class / 2 * self.width + neuron) * 2 + class % 2]
    }

    /// The weight from a class to a neuron.
    pub fn get(&self, class: usize, neuron: usize) -> i16 {
        self.weights[(class / 2 * self.width + neuron) * 2 + class % 2]
    }

    /// d = F error, both `Q 26`, given the error as [`narrow_error`] makes it.
    pub fn signal(&self, error: &[i16], d: &mut [i32]) {
        kernel::feedback(&self.weights, error, d);
    }

    /// Gives every weight to `sink`.
    pub fn visit(&self, sink: &mut impl FnMut(i64)) {
        self.weights.iter().for_each(|&w| sink(w as i64));
    }
}

/// Brings an error (`Q 26`) to the `i16` (`Q 14`) that feedback works with, scaled down where its magnitudes sum to more
/// than 2.0 (a softmax's never do). `out` is as long as `error`, rounded up to even.
pub fn narrow_error(error: &[i32], out: &mut [i16]) {
    let narrow = |shift: u32, e: i32| shift_round(e, SIGNAL_BITS - ERROR_BITS + shift);
    let sum = |shift: u32| error.iter().map(|&e| narrow(shift, e).unsigned_abs() as u64).sum::<u64>();
    // Rounding may lift the sum of a softmax's error above 2.0 by half a unit a class.
    let allowed = ERROR_SUM_MAX as u64 + error.len() as u64;
    let shift = (0..16).find(|&shift| sum(shift) <= allowed).unwrap_or(16);
    out.fill(0);
    for (out, &e) in out.iter_mut().zip(error) {
        *out = narrow(shift, e).clamp(-(2 << ERROR_BITS) + 1, (2 << ERROR_BITS) - 1) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signal_is_the_matrix_times_the_error() {
        let feedback = Feedback::random(3, 10, 16, 1, 2);
        let error = [1 << 25, -(1 << 26), 1 << 25];
        let mut narrow = [0; 4];
        narrow_error(&error, &mut narrow);
        assert_eq!(narrow, [1 << 13, -(1 << 14), 1 << 13, 0]);
        let mut d = [0; 16];
        feedback.signal(&narrow, &mut d);
        for (i, &d) in d.iter().enumerate() {
            let want: i32 = (0..3).map(|c| feedback.get(c, i) as i32 * narrow[c] as i32).sum();
            assert_eq!(d, want);
        }
        assert!(d[..10].iter().any(|&d| d != 0));
        assert_eq!(d[10..], [0; 6]);
    }

    #[test]
    fn random_feedback_fills_its_bound() {
        let feedback = Feedback::random(10, 256, 256, 1, 2);
        let bound = 627; // sqrt(6 / 256) * 4096
        let most = (0..2560).map(|k| feedback.get(k / 256, k % 256).abs()).max();
        assert!(most.is_some_and(|m| (bound - 5..=bound).contains(&m)), "{most:?}");
    }

    #[test]
    fn a_large_error_is_scaled_not_wrapped() {
        let mut narrow = [0; 2];
        narrow_error(&[i32::MAX, i32::MIN + 1], &mut narrow);
        assert!(narrow[0] > 8000 && narrow[1] < -8000);
        assert!(narrow.iter().map(|e| e.unsigned_abs() as u32).sum::<u32>() <= ERROR_SUM_MAX + 2);
    }
}
