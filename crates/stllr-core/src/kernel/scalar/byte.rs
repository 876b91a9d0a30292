//! Weights in 8 bits: integers of magnitudes up to `BYTE_MAX`, each of which stands for itself times 2^shift in 16 bits.

use crate::fixed::BYTE_MAX;

/// `out[i]` = sum over `rows` of `weights[row * stride + i]`, times 2^`shift`.
///
/// `stride` is the length of a row, `out` at most that long; `shift` in 0..=6, and at most 2^18 rows.
pub fn sum_byte_rows(weights: &[i8], stride: usize, rows: &[u32], shift: u32, out: &mut [i32]) {
    out.fill(0);
    for &row in rows {
        let start = row as usize * stride;
        add_byte_row(&weights[start..start + stride], shift, out);
    }
}

/// `out[i] += weights[i] * 2^shift`, `shift` in 0..=6. No sum leaves an `i32`.
#[inline(always)]
pub fn add_byte_row(weights: &[i8], shift: u32, out: &mut [i32]) {
    for (sum, &w) in out.iter_mut().zip(weights) {
        *sum += (w as i32) << shift;
    }
}

/// `out[i] = weights[i] * 2^shift`, `shift` in 0..=6: the weights as they would be in 16 bits.
pub fn widen_bytes(weights: &[i8], shift: u32, out: &mut [i16]) {
    for (out, &w) in out.iter_mut().zip(weights) {
        *out = (w as i16) << shift;
    }
}

/// `weights[i] += change[i]`, saturating at `BYTE_MAX`.
pub fn change_bytes(weights: &mut [i8], change: &[i16]) {
    for (w, &change) in weights.iter_mut().zip(change) {
        *w = (*w as i32 + change as i32).clamp(-BYTE_MAX, BYTE_MAX) as i8;
    }
}
