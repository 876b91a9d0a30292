//! Weights in 8 bits: see the scalar kernels of the same names.

use super::lanes::*;
use crate::fixed::BYTE_MAX;
use crate::kernel::scalar;
use core::arch::wasm32::*;

/// So many rows add up in an `i16`.
const ROWS: usize = 256;
/// Columns whose sums stay in registers: half a cache line of each row.
const COLUMNS: usize = 32;

/// See [`scalar::sum_byte_rows`].
#[inline(never)]
pub fn sum_byte_rows(weights: &[i8], stride: usize, rows: &[u32], shift: u32, out: &mut [i32]) {
    let n = out.len();
    assert!(n <= stride, "{n} sums from rows of {stride}");
    let held = weights.len() / stride.max(1);
    assert!(n == 0 || rows.iter().all(|&row| (row as usize) < held), "a row beyond the weights");
    out.fill(0);
    for rows in rows.chunks(ROWS) {
        let (tiles, vectors) = (n / COLUMNS * COLUMNS, n / 8 * 8);
        for i in (0..tiles).step_by(COLUMNS) {
            // SAFETY: all rows are there, and these columns are within n <= stride.
            unsafe { add_tile::<{ COLUMNS / 8 }>(weights, stride, rows, shift, i, out) };
        }
        for i in (tiles..vectors).step_by(8) {
            // SAFETY: all rows are there, and i + 8 <= n <= stride.
            unsafe { add_tile::<1>(weights, stride, rows, shift, i, out) };
        }
        for (i, out) in out.iter_mut().enumerate().skip(vectors) {
            *out += rows.iter().map(|&row| weights[row as usize * stride + i] as i32).sum::<i32>() << shift;
        }
    }
}

/// Adds columns `i..i + 8 * N` of up to [`ROWS`] rows, their sums in registers.
///
/// # Safety
/// All of these rows and columns must be there, in the weights and in `out`.
#[inline(always)]
unsafe fn add_tile<const N: usize>(weights: &[i8], stride: usize, rows: &[u32], shift: u32, i: usize, out: &mut [i32]) {
    let mut sums = [i16x8_splat(0); N];
    for &row in rows {
        // SAFETY: the caller's promise.
        sums = core::array::from_fn(|k| unsafe {
            let from = weights.as_ptr().add(row as usize * stride + i + 8 * k);
            i16x8_add(sums[k], i16x8_load_extend_i8x8(from))
        });
    }
    for (sum, out) in sums.into_iter().zip(out[i..i + 8 * N].as_chunks_mut::<8>().0) {
        add_to(out, i32x4_shl(i32x4_extend_low_i16x8(sum), shift), i32x4_shl(i32x4_extend_high_i16x8(sum), shift));
    }
}

#[inline(always)]
fn add_to(out: &mut [i32], low: v128, high: v128) {
    store_i32(out, 0, i32x4_add(load_i32(out, 0), low));
    store_i32(out, 4, i32x4_add(load_i32(out, 4), high));
}

/// Eight weights in 16 bits.
#[inline(always)]
fn widened(weights: &[i8; 8]) -> v128 {
    // SAFETY: there are the 8 bytes.
    unsafe { i16x8_load_extend_i8x8(weights.as_ptr()) }
}

/// See [`scalar::add_byte_row`].
#[inline(always)]
pub fn add_byte_row(weights: &[i8], shift: u32, out: &mut [i32]) {
    let n = weights.len().min(out.len());
    let ((weights, rest), (out, last)) = (weights[..n].as_chunks(), out[..n].as_chunks_mut::<8>());
    for (weights, out) in weights.iter().zip(out) {
        let w = i16x8_shl(widened(weights), shift);
        add_to(out, i32x4_extend_low_i16x8(w), i32x4_extend_high_i16x8(w));
    }
    scalar::add_byte_row(rest, shift, last);
}

/// See [`scalar::widen_bytes`].
#[inline(never)]
pub fn widen_bytes(weights: &[i8], shift: u32, out: &mut [i16]) {
    let n = weights.len().min(out.len());
    let ((weights, rest), (out, last)) = (weights[..n].as_chunks(), out[..n].as_chunks_mut::<8>());
    for (weights, out) in weights.iter().zip(out) {
        store_i16(out, 0, i16x8_shl(widened(weights), shift));
    }
    scalar::widen_bytes(rest, shift, last);
}

/// See [`scalar::change_bytes`].
#[inline(never)]
pub fn change_bytes(weights: &mut [i8], change: &[i16]) {
    let n = weights.len().min(change.len());
    let ((weights, rest), (change, last)) = (weights[..n].as_chunks_mut(), change[..n].as_chunks::<8>());
    for (weights, change) in weights.iter_mut().zip(change) {
        let new = clamp_i16(i16x8_add_sat(widened(weights), load_i16(change, 0)), BYTE_MAX as i16);
        // SAFETY: there is room for the 8 bytes.
        unsafe { v128_store64_lane::<0>(i8x16_narrow_i16x8(new, new), weights.as_mut_ptr().cast()) };
    }
    scalar::change_bytes(rest, last);
}
