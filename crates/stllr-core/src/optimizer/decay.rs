//! L2 weight decay: the gradient of factor / 2 times the sum of squared weights.

use crate::fixed::Factor;
use crate::kernel::SUM_MAX;
use crate::noise::{LANE_STRIDE, mix};

/// Tells this rounding's noise from that of the row's change, which comes from the same seed.
const SALT: u32 = 0x5bd1_e995;

/// `gradient[i] += factor * weights[i]` for a row of `i16` or `i32` weights, saturating at `SUM_MAX`.
///
/// `factor` is the decay, times the rate where [`super::Optimizer::folds_rate`]; `weight_bits` and `bits` are the fraction bits
/// of weights and gradient. What is below a unit of the gradient counts on average: `noise` is the row's, as
/// [`crate::noise::Noise::row`] gives it.
pub fn decay_row<W: Copy + Into<i32>>(
    gradient: &mut [i32],
    weights: &[W],
    factor: Factor,
    weight_bits: u32,
    bits: u32,
    noise: Option<u32>,
) {
    let right = 15 + weight_bits as i32 - bits as i32 - factor.exponent;
    for (i, (g, &w)) in gradient.iter_mut().zip(weights).enumerate() {
        // A fraction in Q 32.
        let fraction = match noise {
            None => 1 << 31,
            Some(seed) => mix((seed ^ SALT).wrapping_add((i as u32).wrapping_mul(LANE_STRIDE))),
        };
        *g = add_rounded(*g, w.into() as i64 * factor.mantissa as i64, right, fraction);
    }
}

/// `g + product / 2^right`. Out of line, or it would be vectorised: much code for little speed.
#[inline(never)]
fn add_rounded(g: i32, product: i64, right: i32, fraction: u32) -> i32 {
    // Products are 2^14 to 2^46: after the longest of these shifts nothing remains of them, or all of them saturate.
    let (right, left) = (right.clamp(0, 62) as u32, (-right).clamp(0, 16) as u32);
    let rounding = ((fraction as u64) << right.saturating_sub(32)) >> 32u32.saturating_sub(right);
    let change = ((product + rounding as i64) >> right) << left;
    (g as i64 + change).clamp(-SUM_MAX as i64, SUM_MAX as i64) as i32
}
