//! From learning signals to weights: see the scalar kernels of the same names.

use super::lanes::*;
use crate::fixed::{Scale, WEIGHT_MAX};
use crate::kernel::{SUM_MAX, SWEEP_MAX, Sweep, scalar};
use core::arch::wasm32::*;

/// The most steps that a block can have: one bit each in a row's mask.
const MAX_STEPS: usize = 32;

/// See [`scalar::feedback`].
pub fn feedback(feedback: &[i16], error: &[i16], out: &mut [i32]) {
    let width = out.len();
    let vectors = width / 4 * 4;
    let pairs = error.len() / 2;
    let feedback = &feedback[..pairs * width * 2];
    for i in (0..vectors).step_by(4) {
        let mut sum = i32x4_splat(0);
        for pair in 0..pairs {
            let both = i32x4_splat(error[2 * pair] as u16 as i32 | (error[2 * pair + 1] as i32) << 16);
            // SAFETY: row `pair` of the feedback has 2 * width values, and i + 4 <= width.
            let weights = unsafe { load(feedback.as_ptr().add((pair * width + i) * 2)) };
            sum = i32x4_add(sum, i32x4_dot_i16x8(weights, both));
        }
        store_i32(out, i, sum);
    }
    for i in vectors..width {
        let weights = |pair: usize| &feedback[(pair * width + i) * 2..][..2];
        let products = |pair: usize| {
            weights(pair)[0] as i32 * error[2 * pair] as i32 + weights(pair)[1] as i32 * error[2 * pair + 1] as i32
        };
        out[i] = (0..pairs).map(products).sum();
    }
}

/// See [`scalar::rows_dot`].
pub fn rows_dot(weights: &[i16], stride: usize, g: &[i16], out: &mut [i32]) {
    let vectors = g.len() / 8 * 8;
    for (row, out) in out.iter_mut().enumerate() {
        let weights = &weights[row * stride..row * stride + g.len()];
        let mut sum = i32x4_splat(0);
        for i in (0..vectors).step_by(8) {
            sum = i32x4_add(sum, i32x4_dot_i16x8(load_i16(weights, i), load_i16(g, i)));
        }
        sum = i32x4_add(sum, i32x4_shuffle::<2, 3, 0, 1>(sum, sum));
        sum = i32x4_add(sum, i32x4_shuffle::<1, 0, 3, 2>(sum, sum));
        let tail: i32 = weights[vectors..].iter().zip(&g[vectors..]).map(|(&w, &g)| w as i32 * g as i32).sum();
        *out = i32x4_extract_lane::<0>(sum) + tail;
    }
}

/// See [`scalar::product`].
pub fn product(a: &[i32], m: &[i32], out: &mut [i32]) {
    let n = a.len().min(m.len()).min(out.len());
    let vectors = n / 4 * 4;
    for i in (0..vectors).step_by(4) {
        store_i32(out, i, mul_q15(load_i32(a, i), load_i32(m, i)));
    }
    scalar::product(&a[vectors..n], &m[vectors..n], &mut out[vectors..n]);
}

/// See [`scalar::contribution`].
pub fn contribution(d: &[i32], factor: &[i32], scale: Scale, limit: i32, out: &mut [i32]) {
    let n = d.len().min(factor.len()).min(out.len());
    let vectors = n / 4 * 4;
    let mantissa = i32x4_splat(scale.mantissa);
    let room = scale.limit >> scale.left;
    for i in (0..vectors).step_by(4) {
        let scaled = shift_round(mul_q15(load_i32(d, i), mantissa), scale.right);
        let d = i32x4_shl(clamp_i32(scaled, room), scale.left);
        let factor = load_i32(factor, i);
        let whole = i32x4_mul(d, i32x4_shr(factor, 15));
        let part = mul_q15(d, v128_and(factor, i32x4_splat(0x7fff)));
        store_i32(out, i, clamp_i32(i32x4_add(whole, part), limit));
    }
    scalar::contribution(&d[vectors..n], &factor[vectors..n], scale, limit, &mut out[vectors..n]);
}

/// See [`scalar::decay_add`].
pub fn decay_add(trace: &mut [i32], decay: i32, add: &[i32], limit: i32) {
    let n = trace.len().min(add.len());
    let vectors = n / 4 * 4;
    let (factor, top) = (i32x4_splat(decay), i32x4_splat(limit));
    for i in (0..vectors).step_by(4) {
        let sum = i32x4_add(mul_q15_floor(load_i32(trace, i), factor), load_i32(add, i));
        store_i32(trace, i, i32x4_min(sum, top));
    }
    scalar::decay_add(&mut trace[vectors..n], decay, &add[vectors..n], limit);
}

/// See [`scalar::sweep_back`].
pub fn sweep_back(sum: &mut [i32], decay: i32, p: &mut [i32]) {
    let n = sum.len().min(p.len());
    let vectors = n / 4 * 4;
    let factor = i32x4_splat(decay);
    for i in (0..vectors).step_by(4) {
        let next = i32x4_add(mul_q15(load_i32(sum, i), factor), load_i32(p, i));
        store_i32(sum, i, next);
        store_i32(p, i, next);
    }
    scalar::sweep_back(&mut sum[vectors..n], decay, &mut p[vectors..n]);
}

/// See [`scalar::add`].
pub fn add(a: &mut [i32], b: &[i32]) {
    let n = a.len().min(b.len());
    let vectors = n / 4 * 4;
    for i in (0..vectors).step_by(4) {
        store_i32(a, i, i32x4_add(load_i32(a, i), load_i32(b, i)));
    }
    scalar::add(&mut a[vectors..n], &b[vectors..n]);
}

/// See [`scalar::peak`].
pub fn peak(a: &[i32]) -> i32 {
    let vectors = a.len() / 4 * 4;
    let mut top = i32x4_splat(0);
    for i in (0..vectors).step_by(4) {
        top = i32x4_max(top, i32x4_abs(load_i32(a, i)));
    }
    top = i32x4_max(top, i32x4_shuffle::<2, 3, 0, 1>(top, top));
    top = i32x4_max(top, i32x4_shuffle::<1, 0, 3, 2>(top, top));
    i32x4_extract_lane::<0>(top).max(scalar::peak(&a[vectors..]))
}

/// See [`scalar::quantise`].
pub fn quantise(a: &[i32], shift: u32, out: &mut [i16]) {
    let n = a.len().min(out.len());
    let vectors = n / 8 * 8;
    for i in (0..vectors).step_by(8) {
        let half = |at: usize| clamp_i32(shift_round(load_i32(a, at), shift), SWEEP_MAX);
        store_i16(out, i, i16x8_narrow_i32x4(half(i), half(i + 4)));
    }
    scalar::quantise(&a[vectors..n], shift, &mut out[vectors..n]);
}

/// See [`scalar::update_row`].
pub fn update_row(weights: &mut [i16], sweep: &Sweep, mask: u32, trace: i16, noise: Option<u32>) {
    let width = weights.len();
    if width % 8 != 0 {
        return scalar::update_row(weights, sweep, mask, trace, noise);
    }
    let noise = noise_i16(noise, sweep.shift);
    let mut list = [sweep.carry[..width].as_ptr(); MAX_STEPS];
    let mut count = 0;
    let mut rest = mask;
    while rest != 0 {
        let start = rest.trailing_zeros() as usize * width;
        list[count] = sweep.steps[start..start + width].as_ptr();
        count += 1;
        rest &= rest - 1;
    }
    let row = Row { steps: &list[..count], carry: sweep.carry[..width].as_ptr(), trace, noise, shift: sweep.shift };
    // As many values of the sweep as fit in an i16 beside the noise; more need the wider path. Both compute the same
    // integers.
    let terms = count as i32 + (trace != 0) as i32;
    let is_short = terms * SWEEP_MAX + (1 << sweep.shift) <= i16::MAX as i32;
    let tiles = width / TILE * TILE;
    for i in (0..width).step_by(if is_short { TILE } else { 8 }) {
        // SAFETY: the pointers of `row` are to `width` values each, and i + TILE <= tiles or i + 8 <= width.
        unsafe {
            if !is_short {
                row.long(weights.as_mut_ptr(), i);
            } else if i < tiles {
                row.short::<{ TILE / 8 }>(weights.as_mut_ptr(), i);
            } else {
                for i in (i..width).step_by(8) {
                    row.short::<1>(weights.as_mut_ptr(), i);
                }
            }
        }
    }
}

/// Columns that are updated together, in registers.
const TILE: usize = 32;

/// What changes one row.
struct Row<'a> {
    steps: &'a [*const i16],
    carry: *const i16,
    trace: i16,
    noise: [v128; 2],
    shift: u32,
}

impl Row<'_> {
    /// Columns `i..i + 8 * N`, all sums in `i16`.
    ///
    /// # Safety
    /// These columns must be there, in the weights and in every row of the sweep.
    #[inline(always)]
    unsafe fn short<const N: usize>(&self, weights: *mut i16, i: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums: [v128; N] = core::array::from_fn(|k| self.noise[(i / 8 + k) % 2]);
            if self.trace != 0 {
                let trace = i16x8_splat(self.trace);
                for (k, sum) in sums.iter_mut().enumerate() {
                    *sum = i16x8_add(*sum, i16x8_q15mulr_sat(load(self.carry.add(i + 8 * k)), trace));
                }
            }
            for step in self.steps {
                for (k, sum) in sums.iter_mut().enumerate() {
                    *sum = i16x8_add(*sum, load(step.add(i + 8 * k)));
                }
            }
            for (k, sum) in sums.iter().enumerate() {
                change(weights.add(i + 8 * k), i16x8_shr(*sum, self.shift));
            }
        }
    }

    /// Columns `i..i + 8`, sums in `i32`.
    ///
    /// # Safety
    /// As for `short`.
    #[inline(always)]
    unsafe fn long(&self, weights: *mut i16, i: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let carry = i16x8_q15mulr_sat(load(self.carry.add(i)), i16x8_splat(self.trace));
            let first = i16x8_add(self.noise[i / 8 % 2], carry);
            let mut low = i32x4_extend_low_i16x8(first);
            let mut high = i32x4_extend_high_i16x8(first);
            for group in self.steps.chunks(8) {
                let mut sum = i16x8_splat(0);
                for step in group {
                    sum = i16x8_add(sum, load(step.add(i)));
                }
                low = i32x4_add(low, i32x4_extend_low_i16x8(sum));
                high = i32x4_add(high, i32x4_extend_high_i16x8(sum));
            }
            let by = i16x8_narrow_i32x4(i32x4_shr(low, self.shift), i32x4_shr(high, self.shift));
            change(weights.add(i), by);
        }
    }
}

/// Eight weights less `by`, saturating.
///
/// # Safety
/// They must be there.
#[inline(always)]
unsafe fn change(weights: *mut i16, by: v128) {
    // SAFETY: the caller's promise.
    unsafe {
        let new = i16x8_sub_sat(load(weights), by);
        store(weights, clamp_i16(new, WEIGHT_MAX as i16));
    }
}

/// See [`scalar::accumulate_row`].
pub fn accumulate_row(sum: &mut [i32], steps: &[i32], mask: u32, carry: &[i32], trace: i32) {
    let width = sum.len();
    if width % 4 != 0 {
        return scalar::accumulate_row(sum, steps, mask, carry, trace);
    }
    let trace = i32x4_splat(trace);
    for i in (0..width).step_by(4) {
        let mut new = mul_q15(load_i32(carry, i), trace);
        let mut rest = mask;
        while rest != 0 {
            new = i32x4_add(new, load_i32(steps, rest.trailing_zeros() as usize * width + i));
            rest &= rest - 1;
        }
        store_i32(sum, i, clamp_i32(i32x4_add(load_i32(sum, i), new), SUM_MAX));
    }
}

/// See [`scalar::apply_row`].
pub fn apply_row(weights: &mut [i16], gradient: &mut [i32], shift: u32, noise: Option<u32>) {
    let width = weights.len().min(gradient.len());
    if width % 8 != 0 {
        return scalar::apply_row(weights, gradient, shift, noise);
    }
    let lanes = noise_i32(noise, shift);
    for i in (0..width).step_by(8) {
        let low = i32x4_shr(i32x4_add(load_i32(gradient, i), lanes[0]), shift);
        let high = i32x4_shr(i32x4_add(load_i32(gradient, i + 4), lanes[1]), shift);
        // SAFETY: i + 8 <= width <= weights.len().
        unsafe { change(weights.as_mut_ptr().add(i), i16x8_narrow_i32x4(low, high)) };
        store_i32(gradient, i, i32x4_splat(0));
        store_i32(gradient, i + 4, i32x4_splat(0));
    }
}
