//! The product of signals with all weights that passes below a convolution: see the scalar kernels of the same names.

use super::lanes::*;
use crate::fixed::Scale;
use crate::kernel::{Place, scalar};
use core::arch::wasm32::*;

/// See [`scalar::rows_dot_many`].
#[inline(never)]
pub fn rows_dot_many(weights: &[i16], width: usize, g: &[i16], places: &[Place], scale: Scale, out: &mut [i32]) {
    let rows = weights.len() / width;
    for place in places {
        assert!(place.from as usize + width <= g.len() && place.to as usize + rows <= out.len(), "a place outside");
    }
    let whole = if width.is_multiple_of(8) { rows / 4 * 4 } else { 0 };
    let (pairs, rest) = places.as_chunks::<2>();
    // Four rows stay in the nearest cache while all vectors pass.
    for first in (0..whole).step_by(4) {
        let four = &weights[first * width..(first + 4) * width];
        for pair in pairs {
            // SAFETY: every place was found to be inside.
            unsafe { four_rows(four, pair.map(|place| at(g, out, place, first)), scale) };
        }
        for &place in rest {
            // SAFETY: every place was found to be inside.
            unsafe { four_rows(four, [at(g, out, place, first)], scale) };
        }
    }
    if whole < rows {
        for place in places {
            let (from, to) = (place.from as usize, place.to as usize);
            let g = &g[from..from + width];
            scalar::rows_dot(&weights[whole * width..], width, g, scale, &mut out[to + whole..to + rows]);
        }
    }
}

/// Where a place's vector begins, and its results from row `first` on.
#[inline(always)]
fn at(g: &[i16], out: &mut [i32], place: Place, first: usize) -> (*const i16, *mut i32) {
    (g[place.from as usize..].as_ptr(), out[place.to as usize + first..].as_mut_ptr())
}

/// Four rows times some vectors: each vector of weights that is loaded serves all of them.
///
/// # Safety
/// Each pair must point to as many elements as a row has, a multiple of eight, and to four results.
#[inline(always)]
unsafe fn four_rows<const N: usize>(weights: &[i16], places: [(*const i16, *mut i32); N], scale: Scale) {
    let width = weights.len() / 4;
    let rows: [*const i16; 4] = core::array::from_fn(|k| weights[k * width..].as_ptr());
    let mut sums = [[i32x4_splat(0); 4]; N];
    // Neither more sums nor two vectors at a time: engines have 15 registers, and what does not fit goes through memory.
    for i in (0..width).step_by(8) {
        // SAFETY: the caller's promise, for the values i..i + 8.
        let g = places.map(|(g, _)| unsafe { load(g.add(i)) });
        for (k, row) in rows.into_iter().enumerate() {
            // SAFETY: the same.
            let weights = unsafe { load(row.add(i)) };
            for (sums, g) in sums.iter_mut().zip(g) {
                sums[k] = i32x4_add(sums[k], i32x4_dot_i16x8(weights, g));
            }
        }
    }
    for (sums, (_, out)) in sums.into_iter().zip(places) {
        // SAFETY: the caller's promise.
        unsafe { store(out, add_scaled(load(out), across(sums), scale)) };
    }
}

/// See [`scalar::rows_dot_sparse`].
#[inline(never)]
pub fn rows_dot_sparse(weights: &[i16], stride: usize, g: &[i16], blocks: &[u16], scale: Scale, out: &mut [i32]) {
    let whole = out.len() / 4 * 4;
    for first in (0..whole).step_by(4) {
        let rows: [&[i16]; 4] = core::array::from_fn(|k| &weights[(first + k) * stride..][..g.len()]);
        let mut sums = [i32x4_splat(0); 4];
        for &block in blocks {
            let i = 8 * block as usize;
            let g = load_i16(g, i);
            for (sum, row) in sums.iter_mut().zip(rows) {
                // SAFETY: i + 8 <= g.len(), the length of every row.
                let weights = unsafe { load(row.as_ptr().add(i)) };
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(weights, g));
            }
        }
        store_i32(out, first, add_scaled(load_i32(out, first), across(sums), scale));
    }
    let rest = weights.get(whole * stride..).unwrap_or_default();
    scalar::rows_dot_sparse(rest, stride, g, blocks, scale, &mut out[whole..]);
}

/// See [`scalar::product_size`].
pub fn product_size(a: &[i32], m: &[i32]) -> (i32, u64) {
    let n = a.len().min(m.len());
    let vectors = n / 4 * 4;
    let (mut peaks, mut sums) = (i32x4_splat(0), i64x2_splat(0));
    for i in (0..vectors).step_by(4) {
        let size = i32x4_abs(mul_q15(load_i32(a, i), load_i32(m, i)));
        peaks = i32x4_max(peaks, size);
        // Two magnitudes of at most 2^30 fit together in an unsigned lane.
        let halves = i32x4_add(size, i32x4_shuffle::<2, 3, 0, 1>(size, size));
        sums = i64x2_add(sums, u64x2_extend_low_u32x4(halves));
    }
    let (peak, sum) = scalar::product_size(&a[vectors..n], &m[vectors..n]);
    let peak = peak.max(largest(peaks));
    (peak, sum + u64x2_extract_lane::<0>(sums) + u64x2_extract_lane::<1>(sums))
}

/// See [`scalar::product_narrow`].
pub fn product_narrow(a: &[i32], m: &[i32], shift: u32, out: &mut [i16]) {
    let n = a.len().min(m.len()).min(out.len());
    let vectors = n / 8 * 8;
    for i in (0..vectors).step_by(8) {
        let half = |at: usize| shift_round(mul_q15(load_i32(a, at), load_i32(m, at)), shift);
        store_i16(out, i, i16x8_narrow_i32x4(half(i), half(i + 4)));
    }
    scalar::product_narrow(&a[vectors..n], &m[vectors..n], shift, &mut out[vectors..n]);
}
