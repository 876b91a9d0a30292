//! The state of an optimiser for one tensor, and what it makes of a gradient.

use super::packed::{EXTRA, SQUARE_EXTRA, follow, follow_square, pack_signed, parts, signed_parts};
use super::{BETA_BITS, CHANGE_BITS, ONE_BETA, Optimizer, STEP_BITS};
use crate::fixed::Factor;
use crate::keep::{Keeper, Part, Values, keep_flag, keep_resting};
use crate::kernel::SUM_MAX;
use alloc::vec;
use alloc::vec::Vec;

/// Fraction bits, beyond the gradient's, of the finest root of a mean of squares.
const ROOT_BITS: i32 = 27;
/// PyTorch's epsilon, 1e-8, for a gradient with 28 fraction bits, with `ROOT_BITS` beyond them.
const EPSILON: u64 = 360_287_970;

/// What an [`Optimizer`] remembers of the elements of one tensor.
#[derive(Clone, Debug)]
pub struct Moments {
    optimizer: Optimizer,
    /// [`Optimizer::words`] an element: momentum's sum of gradients; Adam's mean of gradients and of their squares;
    /// RMSprop's mean of squares; Rprop's `step << 2 | sign`, 0 before the first.
    words: Vec<u32>,
    /// beta1^k and beta2^k, `Q 30`.
    powers: [u32; 2],
    /// Was there ever a gradient? Until then all words are zero.
    moved: bool,
    update: Update,
}

/// What is the same for all elements in an update.
#[derive(Clone, Copy, Debug)]
struct Update {
    optimizer: Optimizer,
    /// The rate, with Adam's bias corrections.
    rate: Factor,
    /// From a mantissa's unit to a change's without the rate, log2.
    exponent: i32,
    /// Epsilon in the gradient's unit, `ROOT_BITS` beyond it.
    epsilon: u32,
}

impl Moments {
    /// For a tensor of `len` elements, at rest. The optimiser must be valid.
    pub fn new(optimizer: Optimizer, len: usize) -> Self {
        Self {
            optimizer,
            words: vec![0; len * optimizer.words()],
            powers: [ONE_BETA; 2],
            moved: false,
            update: Update { optimizer, rate: Factor::ZERO, exponent: 0, epsilon: 1 },
        }
    }

    /// The optimiser whose state this is.
    pub fn optimizer(&self) -> Optimizer {
        self.optimizer
    }

    /// Begins an update with a learning rate, never negative, for gradients with `bits` fraction bits, at most 28.
    ///
    /// `bits` must stay what they are as long as the state lives; the rate may change freely.
    #[inline(never)]
    pub fn begin_update(&mut self, rate: Factor, bits: u32) {
        let mut epsilon = EPSILON >> CHANGE_BITS.saturating_sub(bits);
        // Whatever exponent a rate of zero has.
        let mut corrected = if rate.mantissa == 0 { Factor::ZERO } else { rate };
        if let Optimizer::Adam { beta1, beta2 } = self.optimizer {
            for (power, beta) in self.powers.iter_mut().zip([beta1, beta2]) {
                *power = ((*power as u64 * beta as u64) >> BETA_BITS) as u32;
            }
            // m / (1 - beta1^k) / (sqrt(v) / root + epsilon) = root / (1 - beta1^k) m / (sqrt(v) + root epsilon).
            let [rest1, rest2] = self.powers.map(|power| (ONE_BETA - power) as u64);
            let root = (rest2 << BETA_BITS).isqrt();
            corrected = rate.times(ratio(root, rest1));
            epsilon = (epsilon * root) >> BETA_BITS;
        }
        let exponent = CHANGE_BITS as i32 - bits as i32 - EXTRA as i32;
        self.update = Update { optimizer: self.optimizer, rate: corrected, exponent, epsilon: epsilon.max(1) as u32 };
    }

    /// Turns gradients of the elements from `start` on into the changes to subtract from them, with
    /// [`Optimizer::change_bits`] fraction bits and magnitudes up to `SUM_MAX`: each element once an update.
    /// Stops where the tensor ends.
    #[inline(never)]
    pub fn change(&mut self, start: usize, gradient: &mut [i32]) {
        let each = self.optimizer.words();
        if each == 0 {
            return;
        }
        for (g, words) in gradient.iter_mut().zip(self.words.chunks_exact_mut(each).skip(start)) {
            // What never had a gradient costs nothing.
            if *g != 0 || words.iter().any(|&word| word != 0) {
                *g = self.update.change(*g, words);
                self.moved = true;
            }
        }
    }

    /// Would gradients of zero change nothing, nor the state but for the powers?
    pub fn at_rest(&self) -> bool {
        !self.moved
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.words.fill(0);
        self.powers = [ONE_BETA; 2];
        self.moved = false;
    }

    /// Gives all state to a keeper, as the part that it is.
    pub fn keep(&mut self, keeper: &mut dyn Keeper, part: Part) {
        if self.optimizer.words() == 0 {
            return;
        }
        for power in &mut self.powers {
            *power = keeper.number(*power as i64, (0, ONE_BETA as i64)) as u32;
        }
        keep_flag(keeper, &mut self.moved);
        keep_resting(keeper, part, Values::U32(&mut self.words), (0, u32::MAX as i64));
    }
}

impl Update {
    /// One element's change.
    fn change(&self, g: i32, words: &mut [u32]) -> i32 {
        match (self.optimizer, words) {
            (Optimizer::Momentum { momentum, nesterov }, [sum]) => {
                *sum = follow(*sum, momentum, g, ONE_BETA);
                let ahead = if nesterov { follow(*sum, momentum, g, ONE_BETA) } else { *sum };
                let (mantissa, exponent, negative) = signed_parts(ahead);
                self.scaled(mantissa, exponent as i32 + self.exponent, negative)
            }
            (Optimizer::Adam { beta1, beta2 }, [mean, square]) => {
                *mean = follow(*mean, beta1, g, ONE_BETA - beta1);
                *square = follow_square(*square, beta2, g);
                self.normalised(*mean, *square)
            }
            (Optimizer::RmsProp { alpha }, [square]) => {
                *square = follow_square(*square, alpha, g);
                self.normalised(pack_signed((g as i64) << EXTRA), *square)
            }
            // A rate of nothing rests; PyTorch would take the smallest steps.
            (Optimizer::RProp { shrink, grow, least, most }, [state]) if self.rate.mantissa != 0 => {
                // The rate to Q 24.
                let initial = || self.scaled(1 << (STEP_BITS - 1), 1, false) as u32;
                let (step, last) =
                    if *state == 0 { (initial(), 0) } else { (*state >> 2, (*state << 30) as i32 >> 30) };
                let turn = g.signum() * last;
                let eta = match turn {
                    1 => grow,
                    -1 => shrink,
                    _ => ONE_BETA,
                };
                let step = (step as u64 * eta as u64 + (ONE_BETA / 2) as u64) >> BETA_BITS;
                let step = step.max(least as u64).min(most as u64) as i32;
                let sign = if turn < 0 { 0 } else { g.signum() };
                *state = (step as u32) << 2 | (sign & 3) as u32;
                sign * step
            }
            _ => 0,
        }
    }

    /// `value * 2^exponent * rate`, to nearest, saturating.
    #[inline(always)]
    fn scaled(&self, value: u32, exponent: i32, negative: bool) -> i32 {
        // Products are below 2^47. Shifting them left first makes shifts to the left and to the right one.
        let right = (14 + 16 - exponent - self.rate.exponent).clamp(0, 63);
        let product = (value as u64 * self.rate.mantissa.unsigned_abs() as u64) << 16;
        let magnitude = (((product >> right) + 1) >> 1).min(SUM_MAX as u64) as i32;
        if negative { -magnitude } else { magnitude }
    }

    /// `rate * mean / (sqrt(square) + epsilon)`.
    #[inline(always)]
    fn normalised(&self, mean: u32, square: u32) -> i32 {
        let (mantissa, exponent) = parts(square);
        // An even exponent, and a mantissa of 31 or 32 bits.
        let zeros = (mantissa | 1).leading_zeros();
        let left = zeros - ((zeros ^ exponent) & 1);
        let half = (exponent as i32 - SQUARE_EXTRA as i32 - left as i32) / 2;
        let root = root(mantissa << left) + (self.epsilon >> (half + ROOT_BITS).min(31));
        let (mantissa, exponent, negative) = signed_parts(mean);
        let zeros = (mantissa | 1).leading_zeros();
        let exponent = exponent as i32 - zeros as i32 - EXTRA as i32 - half;
        self.scaled((mantissa << zeros) / root.max(1), exponent + CHANGE_BITS as i32, negative)
    }
}

/// sqrt(k / 32) for k in 32..=128, `Q 15`.
const ROOTS: [u16; 97] = {
    let (mut roots, mut k) = ([0; 97], 0);
    while k < 97 {
        let root = (((k + 32) as u64) << 25).isqrt();
        roots[k] = if root > u16::MAX as u64 { u16::MAX } else { root as u16 };
        k += 1;
    }
    roots
};

/// The square root of `x`, 2^30 up to 2^32, to a part in 30,000; of less, nothing useful but 0 for 0.
#[inline(always)]
fn root(x: u32) -> u32 {
    let Some(at) = (x >> 25).checked_sub(32) else { return 0 };
    let (low, high) = (ROOTS[at as usize] as u32, ROOTS[at as usize + 1] as u32);
    low + (((high - low) * (x >> 9 & 0xffff)) >> 16)
}

/// `a / b` as a factor, to nearest, for `a` from 2^15 to 2^30 and `b` from 1 to 2^30.
fn ratio(a: u64, b: u64) -> Factor {
    let quotient = (a << BETA_BITS) / b.max(1);
    // At least 16.
    let bits = 64 - quotient.leading_zeros();
    let mantissa = ((quotient >> (bits - 16)) + 1) >> 1;
    Factor { mantissa: mantissa as i32, exponent: bits as i32 - BETA_BITS as i32 }
}
