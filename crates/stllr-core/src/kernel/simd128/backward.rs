//! From learning signals to weights: see the scalar kernels of the same names.

use super::lanes::*;
use crate::fixed::{Scale, WEIGHT_MAX};
use crate::kernel::{SUM_MAX, Sweep, scalar};
use core::arch::wasm32::*;

/// The most steps that a block can have: one bit each in a row's mask.
const MAX_STEPS: usize = 32;

/// Pairs of classes that [`feedback`] takes together: ten classes.
const PAIRS: usize = 5;

/// See [`scalar::feedback`].
pub fn feedback(feedback: &[i16], error: &[i16], out: &mut [i32]) {
    let width = out.len();
    let vectors = width / 4 * 4;
    let pairs = error.len() / 2;
    let feedback = &feedback[..pairs * width * 2];
    // A few pairs of classes at a time, so that their errors stay in registers.
    out[..vectors].fill(0);
    for first in (0..pairs).step_by(PAIRS) {
        let here = (pairs - first).min(PAIRS);
        let both: [v128; PAIRS] = core::array::from_fn(|k| {
            let e = |c: usize| error.get(2 * (first + k.min(here - 1)) + c).copied().unwrap_or(0);
            i32x4_splat(if k < here { e(0) as u16 as i32 | (e(1) as i32) << 16 } else { 0 })
        });
        // Places beyond the last pair read that pair again, times zero.
        let row = |k: usize| (first + k.min(here - 1)) * width * 2;
        let rows: [*const i16; PAIRS] = core::array::from_fn(|k| feedback[row(k)..row(k) + 2 * width].as_ptr());
        for i in (0..vectors).step_by(4) {
            // SAFETY: every row has 2 * width values, and i + 4 <= vectors <= width.
            let products = |k: usize| unsafe { i32x4_dot_i16x8(load(rows[k].add(2 * i)), both[k]) };
            let sum = i32x4_add(load_i32(out, i), products(0));
            let (low, high) = (i32x4_add(products(1), products(2)), i32x4_add(products(3), products(4)));
            store_i32(out, i, i32x4_add(sum, i32x4_add(low, high)));
        }
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
#[inline(never)]
pub fn rows_dot(weights: &[i16], stride: usize, g: &[i16], scale: Scale, out: &mut [i32]) {
    let whole = if g.len().is_multiple_of(8) { out.len() / 4 * 4 } else { 0 };
    for first in (0..whole).step_by(4) {
        // Four rows at once, so that their sums over lanes are one vector.
        let rows: [&[i16]; 4] = core::array::from_fn(|k| &weights[(first + k) * stride..][..g.len()]);
        let mut sums = [i32x4_splat(0); 4];
        for i in (0..g.len()).step_by(8) {
            let g = load_i16(g, i);
            for (sum, row) in sums.iter_mut().zip(rows) {
                // SAFETY: i + 8 <= g.len(), the length of every row.
                let weights = unsafe { load(row.as_ptr().add(i)) };
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(weights, g));
            }
        }
        store_i32(out, first, add_scaled(load_i32(out, first), across(sums), scale));
    }
    scalar::rows_dot(weights.get(whole * stride..).unwrap_or_default(), stride, g, scale, &mut out[whole..]);
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
pub fn contribution(d: &[i32], psi: &[i32], scale: Scale, out: &mut [i32]) {
    let n = d.len().min(psi.len()).min(out.len());
    let vectors = n / 4 * 4;
    let (mantissa, half) = (i32x4_splat(scale.mantissa), i32x4_splat(0x4000));
    let room = scale.limit >> scale.left;
    for i in (0..vectors).step_by(4) {
        let factor = i32x4_shr(i32x4_add(i32x4_mul(load_i32(psi, i), mantissa), half), 15);
        let product = shift_round(mul_q15(load_i32(d, i), factor), scale.right);
        store_i32(out, i, i32x4_shl(clamp_i32(product, room), scale.left));
    }
    scalar::contribution(&d[vectors..n], &psi[vectors..n], scale, &mut out[vectors..n]);
}

/// See [`scalar::trace_contribution`].
pub fn trace_contribution(d: &[i32], trace: &[i32], scale: Scale, limit: i32, out: &mut [i32]) {
    let n = d.len().min(trace.len()).min(out.len());
    let vectors = n / 4 * 4;
    let mantissa = i32x4_splat(scale.mantissa);
    let room = scale.limit >> scale.left;
    for i in (0..vectors).step_by(4) {
        let scaled = shift_round(mul_q15(load_i32(d, i), mantissa), scale.right);
        let d = i32x4_shl(clamp_i32(scaled, room), scale.left);
        let trace = load_i32(trace, i);
        let whole = i32x4_mul(d, i32x4_shr(trace, 15));
        let part = mul_q15(d, v128_and(trace, i32x4_splat(0x7fff)));
        store_i32(out, i, clamp_i32(i32x4_add(whole, part), limit));
    }
    scalar::trace_contribution(&d[vectors..n], &trace[vectors..n], scale, limit, &mut out[vectors..n]);
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
    let (lines, rest) = a.as_chunks::<16>();
    let mut tops = [i32x4_splat(0); 4];
    for line in lines {
        tops = core::array::from_fn(|k| i32x4_max(tops[k], i32x4_abs(load_i32(line, 4 * k))));
    }
    let top = i32x4_max(i32x4_max(tops[0], tops[1]), i32x4_max(tops[2], tops[3]));
    largest(top).max(scalar::peak(rest))
}

/// See [`scalar::quantise`].
pub fn quantise(a: &[i32], shift: u32, limit: i32, out: &mut [i16]) {
    let n = a.len().min(out.len());
    let vectors = n / 8 * 8;
    for i in (0..vectors).step_by(8) {
        let half = |at: usize| clamp_i32(shift_round(load_i32(a, at), shift), limit);
        store_i16(out, i, i16x8_narrow_i32x4(half(i), half(i + 4)));
    }
    scalar::quantise(&a[vectors..n], shift, limit, &mut out[vectors..n]);
}

/// See [`scalar::update_row`].
pub fn update_row(weights: &mut [i16], sweep: &Sweep, mask: u32, trace: i16, noise: Option<u32>) {
    let width = weights.len();
    if !width.is_multiple_of(8) {
        return scalar::update_row(weights, sweep, mask, trace, noise);
    }
    let carry = sweep.carry[..width].as_ptr();
    let mut steps = [carry; MAX_STEPS];
    let mut count = 0;
    let mut rest = mask;
    while rest != 0 {
        let start = rest.trailing_zeros() as usize * width;
        steps[count] = sweep.steps[start..start + width].as_ptr();
        count += 1;
        rest &= rest - 1;
    }
    // The rounding multiplication below adds half a unit itself, so the noise is taken around zero.
    let half = i16x8_splat(1 << (sweep.shift - 1));
    let noise = noise_i16(noise, sweep.shift).map(|noise| i16x8_sub(noise, half));
    let row = Row { steps: &steps[..count], carry, trace, noise, unit: 1 << (15 - sweep.shift) };
    // SAFETY: `row` points to `width` values each, as many as there are weights.
    unsafe { row.update(weights) }
}

/// What changes one row.
struct Row<'a> {
    steps: &'a [*const i16],
    carry: *const i16,
    trace: i16,
    noise: [v128; 2],
    /// A unit of the sweep as a fraction of a weight unit, `Q 15`.
    unit: i16,
}

/// Calls `some` with the number of steps as a constant, so that its loops unroll: a loop whose length changes from row to
/// row is mispredicted at every one.
macro_rules! unrolled {
    ($row:ident, $weights:ident, $carry:literal, $($steps:literal)*) => {
        match $row.steps.len() {
            // SAFETY: the caller's promise.
            $($steps => unsafe { $row.some::<$steps, $carry>($weights) },)*
            // SAFETY: the caller's promise.
            _ => unsafe { $row.many($weights) },
        }
    };
}

impl Row<'_> {
    /// # Safety
    /// The steps and the carry must point to as many values as there are weights, a multiple of eight.
    #[inline(always)]
    unsafe fn update(&self, weights: &mut [i16]) {
        if self.trace == 0 {
            unrolled!(self, weights, false, 1 2 3 4 5 6)
        } else {
            unrolled!(self, weights, true, 0 1 2 3 4)
        }
    }

    /// A few steps.
    ///
    /// # Safety
    /// As for `update`, with `N` steps.
    unsafe fn some<const N: usize, const CARRY: bool>(&self, weights: &mut [i16]) {
        let steps: [*const i16; N] = core::array::from_fn(|k| self.steps[k]);
        let (trace, unit) = (i16x8_splat(self.trace), i16x8_splat(self.unit));
        let (noise, width) = (self.noise, weights.len());
        let weights = weights.as_mut_ptr();
        // SAFETY: the caller's promise, for columns i..i + 8.
        let column = |i: usize, noise: v128| unsafe {
            let mut sum = noise;
            if CARRY {
                sum = i16x8_add(sum, i16x8_q15mulr_sat(load(self.carry.add(i)), trace));
            }
            for step in steps {
                sum = i16x8_add(sum, load(step.add(i)));
            }
            change(weights.add(i), i16x8_q15mulr_sat(sum, unit));
        };
        let tiles = width / 32 * 32;
        for i in (0..tiles).step_by(32) {
            column(i, noise[0]);
            column(i + 8, noise[1]);
            column(i + 16, noise[0]);
            column(i + 24, noise[1]);
        }
        for i in (tiles..width).step_by(8) {
            column(i, noise[i / 8 % 2]);
        }
    }

    /// Any number of steps.
    ///
    /// # Safety
    /// As for `update`.
    unsafe fn many(&self, weights: &mut [i16]) {
        let tiles = weights.len() / 32 * 32;
        for i in (0..tiles).step_by(32) {
            // SAFETY: the caller's promise; i + 32 <= weights.len().
            unsafe { self.tile::<4>(weights, i) };
        }
        for i in (tiles..weights.len()).step_by(8) {
            // SAFETY: the caller's promise; i + 8 <= weights.len().
            unsafe { self.tile::<1>(weights, i) };
        }
    }

    /// Columns `i..i + 8 * N`, their sums in registers.
    ///
    /// # Safety
    /// As for `update`; these columns must be there.
    #[inline(always)]
    unsafe fn tile<const N: usize>(&self, weights: &mut [i16], i: usize) {
        let (trace, unit) = (i16x8_splat(self.trace), i16x8_splat(self.unit));
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums: [v128; N] = core::array::from_fn(|k| {
                let carried = i16x8_q15mulr_sat(load(self.carry.add(i + 8 * k)), trace);
                i16x8_add(self.noise[(i / 8 + k) % 2], carried)
            });
            for &step in self.steps {
                let step = step.add(i);
                sums = core::array::from_fn(|k| i16x8_add(sums[k], load(step.add(8 * k))));
            }
            for (k, sum) in sums.into_iter().enumerate() {
                change(weights.as_mut_ptr().add(i + 8 * k), i16x8_q15mulr_sat(sum, unit));
            }
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
#[inline(never)]
pub fn accumulate_row(sum: &mut [i32], steps: &[i32], stride: usize, mask: u32, carry: &[i32], trace: i32) {
    let width = sum.len();
    if !width.is_multiple_of(4) {
        return scalar::accumulate_row(sum, steps, stride, mask, carry, trace);
    }
    let tiles = width / 16 * 16;
    for i in (0..tiles).step_by(16) {
        accumulate::<4>(&mut sum[i..i + 16], steps, i, stride, mask, &carry[i..i + 16], trace);
    }
    for i in (tiles..width).step_by(4) {
        accumulate::<1>(&mut sum[i..i + 4], steps, i, stride, mask, &carry[i..i + 4], trace);
    }
}

/// So many vectors of a row, their sums in registers; `steps` from `first` on.
#[inline(always)]
fn accumulate<const N: usize>(
    sum: &mut [i32],
    steps: &[i32],
    first: usize,
    stride: usize,
    mask: u32,
    carry: &[i32],
    trace: i32,
) {
    let mut new = [i32x4_splat(0); N];
    if trace != 0 {
        new = core::array::from_fn(|k| mul_q15(load_i32(carry, 4 * k), i32x4_splat(trace)));
    }
    let mut rest = mask;
    while rest != 0 {
        let start = rest.trailing_zeros() as usize * stride + first;
        let step = &steps[start..start + 4 * N];
        new = core::array::from_fn(|k| i32x4_add(new[k], load_i32(step, 4 * k)));
        rest &= rest - 1;
    }
    for (k, new) in new.into_iter().enumerate() {
        store_i32(sum, 4 * k, clamp_i32(i32x4_add(load_i32(sum, 4 * k), new), SUM_MAX));
    }
}

/// See [`scalar::apply_row`].
#[inline(never)]
pub fn apply_row(weights: &mut [i16], gradient: &mut [i32], shift: u32, noise: Option<u32>) {
    let width = weights.len().min(gradient.len());
    if !width.is_multiple_of(8) {
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

/// See [`scalar::apply_wide_row`].
pub fn apply_wide_row(weights: &mut [i32], gradient: &mut [i32], shift: i32, limit: i32, noise: Option<u32>) {
    let width = weights.len().min(gradient.len());
    let vectors = width / 4 * 4;
    let (right, left) = (shift.max(0) as u32, (-shift).max(0) as u32);
    let lanes = noise_i32(noise, right);
    let room = SUM_MAX >> left;
    for i in (0..vectors).step_by(4) {
        let by = i32x4_shr(i32x4_add(load_i32(gradient, i), lanes[i / 4 % 2]), right);
        let by = i32x4_shl(clamp_i32(by, room), left);
        store_i32(weights, i, clamp_i32(i32x4_sub(load_i32(weights, i), by), limit));
        store_i32(gradient, i, i32x4_splat(0));
    }
    if vectors < width {
        let noise = crate::noise::lanes_i32(noise, right);
        for i in vectors..width {
            scalar::apply_wide(&mut weights[i], &mut gradient[i], right, left, limit, noise[i % noise.len()]);
        }
    }
}
