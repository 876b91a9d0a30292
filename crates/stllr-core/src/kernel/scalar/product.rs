//! The product of signals with all weights that passes below a convolution.

use super::rows_dot;
use crate::fixed::{Scale, mul_q15, shift_round};
use crate::kernel::Place;

/// [`rows_dot`] with one matrix for many vectors: at each place `out[to + j]` += sum over i of `weights[j * width + i]` *
/// `g[from + i]`, for all j of the matrix.
///
/// What holds there holds for the `width` values of each place. No two places have results in common.
pub fn rows_dot_many(weights: &[i16], width: usize, g: &[i16], places: &[Place], scale: Scale, out: &mut [i32]) {
    let rows = weights.len() / width;
    for place in places {
        let (from, to) = (place.from as usize, place.to as usize);
        rows_dot(weights, width, &g[from..from + width], scale, &mut out[to..to + rows]);
    }
}

/// [`rows_dot`] with a vector that is zero but for some blocks of eight: `blocks` are their numbers, each once.
pub fn rows_dot_sparse(weights: &[i16], stride: usize, g: &[i16], blocks: &[u16], scale: Scale, out: &mut [i32]) {
    for (row, out) in out.iter_mut().enumerate() {
        let weights = &weights[row * stride..row * stride + g.len()];
        let block = |&block: &u16| {
            let eight = 8 * block as usize..8 * block as usize + 8;
            weights[eight.clone()].iter().zip(&g[eight]).map(|(&w, &g)| w as i32 * g as i32).sum::<i32>()
        };
        *out = (*out + scale.shift(blocks.iter().map(block).sum())).clamp(-scale.limit, scale.limit);
    }
}

/// The largest magnitude of `a[i] * m[i]` and the sum of them, the products as [`super::product`] gives them, at most 2^30.
pub fn product_size(a: &[i32], m: &[i32]) -> (i32, u64) {
    a.iter().zip(m).map(|(&a, &m)| mul_q15(a, m).abs()).fold((0, 0), |(peak, sum), g| (peak.max(g), sum + g as u64))
}

/// `out[i] = a[i] * m[i] / 2^shift`, to nearest and saturating, the products as [`super::product`] gives them; `shift` in 0..=31.
pub fn product_narrow(a: &[i32], m: &[i32], shift: u32, out: &mut [i16]) {
    for ((out, &a), &m) in out.iter_mut().zip(a).zip(m) {
        *out = shift_round(mul_q15(a, m), shift).clamp(i16::MIN as i32, i16::MAX as i32) as i16;
    }
}
