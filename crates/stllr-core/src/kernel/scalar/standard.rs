//! Weight standardisation: see [`crate::standardise`].
//!
//! Matrices have rows of `stride`, of which the first columns are outputs, as many as there are lines, backs or sums; the others
//! stay as they are. A row that is not whole is left out.

use crate::fixed::WEIGHT_MAX;
use crate::kernel::{Back, CENTRED_EXTRA, CENTRED_MAX, ColumnSums, Line, SUM_MAX};

/// Adds each column's weights to `sums.first` and their squares to `sums.second`. Weights are at most `WEIGHT_MAX` in magnitude.
pub fn weight_sums(weights: &[i16], stride: usize, sums: &mut ColumnSums) {
    for row in weights.chunks_exact(stride) {
        for ((sum, square), &w) in sums.first.iter_mut().zip(&mut sums.second).zip(row) {
            *sum += w as i64;
            *square += (w as i32 * w as i32) as i64;
        }
    }
}

/// Adds each column's gradients to `sums.first` and their products with the weights less `centres` to `sums.second`. Returns the
/// largest magnitude of a gradient.
///
/// Gradients are at most [`SUM_MAX`] in magnitude, weights and centres at most `WEIGHT_MAX`.
pub fn gradient_sums(weights: &[i16], gradient: &[i32], stride: usize, centres: &[i16], sums: &mut ColumnSums) -> i32 {
    let mut peak = 0;
    for (weights, gradient) in weights.chunks_exact(stride).zip(gradient.chunks_exact(stride)) {
        let sums = sums.first.iter_mut().zip(&mut sums.second).zip(centres);
        for (((sum, product), &centre), (&w, &g)) in sums.zip(weights.iter().zip(gradient)) {
            *sum += g as i64;
            *product += g as i64 * (w as i64 - centre as i64);
            peak = peak.max(g.abs());
        }
    }
    peak
}

/// `out` = each column's line at its raw weights, saturating at `WEIGHT_MAX`. Raw weights are at most that in magnitude.
pub fn standardise(raw: &[i16], stride: usize, lines: &[Line], out: &mut [i16]) {
    for (raw, out) in raw.chunks_exact(stride).zip(out.chunks_exact_mut(stride)) {
        for ((line, &w), out) in lines.iter().zip(raw).zip(out) {
            *out = standardise_one(line, w);
        }
    }
}

/// One element of [`standardise`].
#[inline(always)]
pub fn standardise_one(line: &Line, w: i16) -> i16 {
    line.at(w).clamp(-WEIGHT_MAX as i64, WEIGHT_MAX as i64) as i16
}

/// Brings gradients back to the raw weights, in place, as each column's [`Back`] says, saturating at [`SUM_MAX`].
///
/// `peak` is at least the largest magnitude of a gradient and at most [`SUM_MAX`]; raw weights are at most `WEIGHT_MAX` in
/// magnitude.
pub fn standard_back(raw: &[i16], stride: usize, backs: &[Back], _peak: i32, gradient: &mut [i32]) {
    for (raw, gradient) in raw.chunks_exact(stride).zip(gradient.chunks_exact_mut(stride)) {
        for ((back, &w), g) in backs.iter().zip(raw).zip(gradient) {
            *g = back_one(back, w, *g);
        }
    }
}

/// One element of [`standard_back`].
#[inline(always)]
pub fn back_one(back: &Back, w: i16, g: i32) -> i32 {
    let centred = ((g as i64) << CENTRED_EXTRA) - back.mean - back.line.at(w);
    let product = centred.clamp(-CENTRED_MAX, CENTRED_MAX) * back.scale as i64 + (1 << (back.right - 1));
    (product >> back.right).clamp(-SUM_MAX as i64, SUM_MAX as i64) as i32
}
