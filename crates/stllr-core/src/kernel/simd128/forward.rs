//! From input spikes to output spikes: see the scalar kernels of the same names.

use super::lanes::*;
use crate::fixed::{CURRENT_MAX, MEMBRANE_EXTRA, MEMBRANE_MAX};
use crate::kernel::{Lif, scalar};
use crate::psi::TRI_SLOPE;
use core::arch::wasm32::*;

/// Rows that are added in `i16` before the sum is widened: four weights fit.
const GROUP: usize = 4;

/// See [`scalar::sum_rows`].
pub fn sum_rows(weights: &[i16], stride: usize, rows: &[u32], out: &mut [i32]) {
    assert!(out.len() <= stride, "{} sums from rows of {stride}", out.len());
    out.fill(0);
    let (many, rest) = rows.as_chunks::<8>();
    for rows in many {
        add_rows(weights, stride, rows, out);
    }
    let (some, rest) = rest.as_chunks::<4>();
    for rows in some {
        add_rows(weights, stride, rows, out);
    }
    let (pairs, rest) = rest.as_chunks::<2>();
    for rows in pairs {
        add_rows(weights, stride, rows, out);
    }
    for &row in rest {
        add_rows(weights, stride, &[row], out);
    }
    let vectors = out.len() / 8 * 8;
    if vectors < out.len() {
        for &r in rows {
            out[vectors..].iter_mut().zip(&row(weights, stride, r)[vectors..]).for_each(|(sum, &w)| *sum += w as i32);
        }
    }
}

/// Adds so many rows to the whole vectors of `out`, which is at most `stride` long.
#[inline(always)]
fn add_rows<const N: usize>(weights: &[i16], stride: usize, rows: &[u32; N], out: &mut [i32]) {
    let rows = rows.map(|r| row(weights, stride, r));
    let vectors = out.len() / 8 * 8;
    for i in (0..vectors).step_by(8) {
        let (mut low, mut high) = (i32x4_splat(0), i32x4_splat(0));
        for group in rows.chunks(GROUP) {
            let mut sum = i16x8_splat(0);
            for row in group {
                // SAFETY: i + 8 <= vectors <= stride, the length of every row.
                sum = i16x8_add(sum, unsafe { load(row.as_ptr().add(i)) });
            }
            low = i32x4_add(low, i32x4_extend_low_i16x8(sum));
            high = i32x4_add(high, i32x4_extend_high_i16x8(sum));
        }
        // SAFETY: i + 8 <= vectors <= out.len().
        unsafe { add_to(out.as_mut_ptr().add(i), low, high) };
    }
}

/// See [`scalar::add_row`].
#[inline(always)]
pub fn add_row(weights: &[i16], out: &mut [i32]) {
    let n = weights.len().min(out.len());
    let vectors = n / 8 * 8;
    for i in (0..vectors).step_by(8) {
        let w = load_i16(weights, i);
        // SAFETY: i + 8 <= vectors <= out.len().
        unsafe { add_to(out.as_mut_ptr().add(i), i32x4_extend_low_i16x8(w), i32x4_extend_high_i16x8(w)) };
    }
    scalar::add_row(&weights[vectors..n], &mut out[vectors..n]);
}

/// # Safety
/// `out` must point to eight `i32`.
#[inline(always)]
unsafe fn add_to(out: *mut i32, low: v128, high: v128) {
    // SAFETY: the caller's promise.
    unsafe {
        store(out, i32x4_add(load(out), low));
        store(out.add(4), i32x4_add(load(out.add(4)), high));
    }
}

#[inline(always)]
fn row(weights: &[i16], stride: usize, row: u32) -> &[i16] {
    let start = row as usize * stride;
    &weights[start..start + stride]
}

/// See [`scalar::lif`].
pub fn lif(lif: &Lif, current: &[i32], bias: &[i32], membrane: &mut [i32], v: &mut [i32], spikes: &mut [u32]) -> usize {
    let n = membrane.len();
    let vectors = n / 4 * 4;
    let (current, bias, v, spikes) = (&current[..n], &bias[..n], &mut v[..n], &mut spikes[..n]);
    let leak = i32x4_splat(lif.leak);
    let threshold = i32x4_splat(lif.threshold);
    let soft = i32x4_splat(if lif.soft_reset { -1 } else { 0 });
    let mut count = 0;
    for i in (0..vectors).step_by(4) {
        // SAFETY: i + 4 <= n, the length of all of them.
        let (now, before, bias) =
            unsafe { (load(current.as_ptr().add(i)), load(membrane.as_ptr().add(i)), load(bias.as_ptr().add(i))) };
        let input = i32x4_shl(clamp_i32(now, CURRENT_MAX >> MEMBRANE_EXTRA), MEMBRANE_EXTRA);
        let u = clamp_i32(i32x4_add(i32x4_add(mul_q15(before, leak), input), bias), MEMBRANE_MAX);
        let above = i32x4_sub(u, threshold);
        let spike = i32x4_gt(above, i32x4_splat(0));
        // SAFETY: as above.
        unsafe {
            store(v.as_mut_ptr().add(i), above);
            store(membrane.as_mut_ptr().add(i), v128_bitselect(v128_and(above, soft), u, spike));
        }
        let mut set = i32x4_bitmask(spike);
        while set != 0 {
            spikes[count] = i as u32 + set.trailing_zeros();
            count += 1;
            set &= set - 1;
        }
    }
    let tail = scalar::lif(
        lif,
        &current[vectors..],
        &bias[vectors..],
        &mut membrane[vectors..],
        &mut v[vectors..],
        &mut spikes[count..],
    );
    for spike in &mut spikes[count..count + tail] {
        *spike += vectors as u32;
    }
    count + tail
}

/// See [`scalar::tri`].
pub fn tri(v: &[i32], out: &mut [i32], membrane_bits: u32) {
    let n = v.len().min(out.len());
    let vectors = n / 4 * 4;
    let one = i32x4_splat(1 << membrane_bits);
    for i in (0..vectors).step_by(4) {
        let rest = i32x4_max(i32x4_sub(one, i32x4_abs(load_i32(v, i))), i32x4_splat(0));
        let scaled = i32x4_mul(i32x4_shr(rest, membrane_bits - 15), i32x4_splat(TRI_SLOPE));
        store_i32(out, i, i32x4_shr(i32x4_add(scaled, i32x4_splat(1 << 14)), 15));
    }
    scalar::tri(&v[vectors..n], &mut out[vectors..n], membrane_bits);
}
