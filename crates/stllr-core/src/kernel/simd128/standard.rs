//! Weight standardisation: see the scalar kernels of the same names.
//!
//! A lane cannot be shifted by a count of its own, nor an `i64` well at all. So lines are scaled by powers of two until all of
//! eight columns are to be shifted by the same 32 bits and some: then the upper halves are the results, and the bytes are
//! the scalar ones. Columns that are too far apart, or too large, are left to the scalar kernel.

use super::lanes::*;
use crate::fixed::WEIGHT_MAX;
use crate::kernel::{Back, CENTRED_EXTRA, ColumnSums, Line, SUM_MAX, scalar};
use core::arch::wasm32::*;
use core::ops::Range;

/// Columns that are made ready together.
const BLOCK: usize = 8;
/// Rows of weights whose sums stay in registers: so few that memory is read in order, and that squares add up in an `i32`.
const WEIGHT_ROWS: usize = 8;
/// The same of gradients.
const GRADIENT_ROWS: usize = 4;
/// Blocks whose columns are walked together, row by row. Their factors are read for each row: were they to stay in registers, the
/// compiler would widen them once and for all, and have a product of an `i64`, which is slow.
const STRIPE: usize = 64;
/// The furthest that a weight can be shifted left.
const SPREAD: u32 = 17;

/// See [`scalar::weight_sums`].
pub fn weight_sums(weights: &[i16], stride: usize, sums: &mut ColumnSums) {
    let columns = sums.first.len().min(sums.second.len()).min(stride);
    let blocks = columns / BLOCK * BLOCK;
    for rows in weights.chunks(WEIGHT_ROWS * stride) {
        let rows = &rows[..rows.len() / stride * stride];
        for first in (0..blocks).step_by(BLOCK) {
            let (mut sum, mut square) = ([i32x4_splat(0); 2], [i32x4_splat(0); 2]);
            let mut pairs = rows.chunks_exact(2 * stride);
            let mut take = |a: v128, b: v128| {
                let both = [
                    i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b),
                    i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b),
                ];
                for (k, both) in both.into_iter().enumerate() {
                    sum[k] = i32x4_add(sum[k], i32x4_dot_i16x8(both, i16x8_splat(1)));
                    square[k] = i32x4_add(square[k], i32x4_dot_i16x8(both, both));
                }
            };
            for pair in &mut pairs {
                take(load_i16(pair, first), load_i16(pair, stride + first));
            }
            if !pairs.remainder().is_empty() {
                take(load_i16(pairs.remainder(), first), i16x8_splat(0));
            }
            for k in 0..2 {
                add_wide(&mut sums.first, first + 4 * k, sum[k]);
                add_wide(&mut sums.second, first + 4 * k, square[k]);
            }
        }
        for row in rows.chunks_exact(stride) {
            for (column, &w) in row.iter().enumerate().take(columns).skip(blocks) {
                sums.first[column] += w as i64;
                sums.second[column] += (w as i32 * w as i32) as i64;
            }
        }
    }
}

/// Adds four `i32` lanes to `sums[at..at + 4]`.
#[inline(always)]
fn add_wide(sums: &mut [i64], at: usize, lanes: v128) {
    let parts = [i64x2_extend_low_i32x4(lanes), i64x2_extend_high_i32x4(lanes)];
    for (k, part) in parts.into_iter().enumerate() {
        store_i64(sums, at + 2 * k, i64x2_add(load_i64(sums, at + 2 * k), part));
    }
}

/// See [`scalar::gradient_sums`].
pub fn gradient_sums(weights: &[i16], gradient: &[i32], stride: usize, centres: &[i16], sums: &mut ColumnSums) -> i32 {
    let columns = sums.first.len().min(sums.second.len()).min(centres.len()).min(stride);
    let blocks = columns / BLOCK * BLOCK;
    let rows = (weights.len() / stride).min(gradient.len() / stride);
    let (weights, gradient) = (&weights[..rows * stride], &gradient[..rows * stride]);
    let (mut peaks, mut peak) = (i32x4_splat(0), 0);
    for chunk in (0..rows).step_by(GRADIENT_ROWS) {
        let chunk = chunk * stride..((chunk + GRADIENT_ROWS).min(rows)) * stride;
        let (weights, gradient) = (&weights[chunk.clone()], &gradient[chunk]);
        for first in (0..blocks).step_by(BLOCK) {
            let centre = load_i16(centres, first);
            let mut totals: [v128; 4] = core::array::from_fn(|k| load_i64(&sums.first, first + 2 * k));
            let mut products: [v128; 4] = core::array::from_fn(|k| load_i64(&sums.second, first + 2 * k));
            for at in (first..weights.len()).step_by(stride) {
                let w = i16x8_sub(load_i16(weights, at), centre);
                let (low, high) = (load_i32(gradient, at), load_i32(gradient, at + 4));
                peaks = i32x4_max(peaks, i32x4_max(i32x4_abs(low), i32x4_abs(high)));
                let (w_low, w_high) = (i32x4_extend_low_i16x8(w), i32x4_extend_high_i16x8(w));
                totals[0] = i64x2_add(totals[0], i64x2_extend_low_i32x4(low));
                totals[1] = i64x2_add(totals[1], i64x2_extend_high_i32x4(low));
                totals[2] = i64x2_add(totals[2], i64x2_extend_low_i32x4(high));
                totals[3] = i64x2_add(totals[3], i64x2_extend_high_i32x4(high));
                products[0] = i64x2_add(products[0], i64x2_extmul_low_i32x4(low, w_low));
                products[1] = i64x2_add(products[1], i64x2_extmul_high_i32x4(low, w_low));
                products[2] = i64x2_add(products[2], i64x2_extmul_low_i32x4(high, w_high));
                products[3] = i64x2_add(products[3], i64x2_extmul_high_i32x4(high, w_high));
            }
            for k in 0..4 {
                store_i64(&mut sums.first, first + 2 * k, totals[k]);
                store_i64(&mut sums.second, first + 2 * k, products[k]);
            }
        }
        for at in (0..weights.len()).step_by(stride) {
            for column in blocks..columns {
                let (w, g) = (weights[at + column] as i64, gradient[at + column]);
                sums.first[column] += g as i64;
                sums.second[column] += g as i64 * (w - centres[column] as i64);
                peak = peak.max(g.abs());
            }
        }
    }
    peak.max(largest(peaks))
}

/// Lines of eight columns, ready to be taken together.
#[derive(Clone, Copy)]
struct Lines {
    /// What weights are multiplied by: a power of two.
    factor: [v128; 2],
    slope: [v128; 2],
    /// Times the factor.
    offset: [v128; 4],
    /// Bits to shift right, beyond 32.
    right: u32,
}

impl Default for Lines {
    fn default() -> Self {
        let zero = i64x2_splat(0);
        Self { factor: [zero; 2], slope: [zero; 2], offset: [zero; 4], right: 0 }
    }
}

impl Lines {
    /// None where they are too far apart or too large.
    fn new(lines: &[Line; BLOCK]) -> Option<Self> {
        let lines = lines.map(flat);
        let right = lines.iter().fold(32, |most, line| most.max(line.right));
        let fits = |line: &Line| {
            line.left == 0
                && right - line.right <= SPREAD
                && i32::try_from(line.slope).is_ok()
                && line.offset.abs() < 1 << 45
        };
        if !lines.iter().all(fits) {
            return None;
        }
        let i32s = |get: &dyn Fn(Line) -> i32| {
            [0, 4].map(|k| i32x4(get(lines[k]), get(lines[k + 1]), get(lines[k + 2]), get(lines[k + 3])))
        };
        let offset = |line: Line| line.offset << (right - line.right);
        Some(Self {
            factor: i32s(&|line| 1 << (right - line.right)),
            slope: i32s(&|line| line.slope as i32),
            offset: [0, 2, 4, 6].map(|k| i64x2(offset(lines[k]), offset(lines[k + 1]))),
            right: right - 32,
        })
    }

    /// Their values for eight weights.
    #[inline(always)]
    fn at(&self, w: v128) -> [v128; 2] {
        let half = |k: usize, w: v128| {
            let w = i32x4_mul(w, self.factor[k]);
            let low = i64x2_add(i64x2_extmul_low_i32x4(w, self.slope[k]), self.offset[2 * k]);
            let high = i64x2_add(i64x2_extmul_high_i32x4(w, self.slope[k]), self.offset[2 * k + 1]);
            i32x4_shr(upper(low, high), self.right)
        };
        [half(0, i32x4_extend_low_i16x8(w)), half(1, i32x4_extend_high_i16x8(w))]
    }
}

/// A line that is rounded to 0 for every weight as one that is 0; others as they are.
fn flat(line: Line) -> Line {
    // Without its half the line is below 2^47 in magnitude, so it makes no whole unit.
    if line.right > 48 && line.slope.abs() < 1 << 31 && (line.offset - (1 << (line.right - 1))).abs() < 1 << 45 {
        return Line { slope: 0, offset: 0, right: 32, left: 0 };
    }
    line
}

/// The upper halves of four `i64`.
#[inline(always)]
fn upper(low: v128, high: v128) -> v128 {
    i32x4_shuffle::<1, 3, 5, 7>(low, high)
}

/// See [`scalar::standardise`].
pub fn standardise(raw: &[i16], stride: usize, lines: &[Line], out: &mut [i16]) {
    let (lines, rows) = (&lines[..lines.len().min(stride)], (raw.len() / stride).min(out.len() / stride));
    let (blocks, rest) = lines.as_chunks::<BLOCK>();
    let end = rows * stride;
    for (number, some) in blocks.chunks(STRIPE).enumerate() {
        let mut stripe = [(0, Lines::default()); STRIPE];
        let mut count = 0;
        for (k, block) in some.iter().enumerate() {
            let first = (number * STRIPE + k) * BLOCK;
            match Lines::new(block) {
                Some(lines) => {
                    stripe[count] = (first, lines);
                    count += 1;
                }
                None => standardise_columns(raw, stride, first..end, block, out),
            }
        }
        for row in (0..end).step_by(stride) {
            for (first, lines) in &stripe[..count] {
                let [low, high] = lines.at(load_i16(raw, row + first));
                store_i16(out, row + first, clamp_i16(i16x8_narrow_i32x4(low, high), WEIGHT_MAX as i16));
            }
        }
    }
    standardise_columns(raw, stride, blocks.len() * BLOCK..end, rest, out);
}

/// The columns of some lines, those from the beginning of `range` on.
#[inline(never)]
fn standardise_columns(raw: &[i16], stride: usize, range: Range<usize>, lines: &[Line], out: &mut [i16]) {
    for at in range.step_by(stride) {
        for (k, line) in lines.iter().enumerate() {
            out[at + k] = scalar::standardise_one(line, raw[at + k]);
        }
    }
}

/// [`Back`]s of eight columns, ready to be taken together: a gradient g becomes the upper half of
/// `g * scale * 2^CENTRED_EXTRA - line * scale + rest`.
#[derive(Clone, Copy)]
struct Backs {
    lines: Lines,
    scale: [v128; 2],
    rest: [v128; 4],
}

impl Default for Backs {
    fn default() -> Self {
        let zero = i64x2_splat(0);
        Self { lines: Lines::default(), scale: [zero; 2], rest: [zero; 4] }
    }
}

impl Backs {
    /// None where a step could leave an `i64`, for gradients of magnitudes up to `peak`.
    fn new(backs: &[Back; BLOCK], peak: i32) -> Option<Self> {
        let lines = Lines::new(&backs.map(|back| back.line))?;
        let scale = |back: &Back| (back.scale as i64) << 32u32.saturating_sub(back.right);
        let fits = |back: &Back| {
            let line = ((back.line.slope.unsigned_abs() * WEIGHT_MAX as u64 + back.line.offset.unsigned_abs())
                >> back.line.right)
                + 1;
            let most = ((peak as u64) << CENTRED_EXTRA) + back.mean.unsigned_abs() + line;
            let product = most as u128 * scale(back).unsigned_abs() as u128;
            (16..=32).contains(&back.right) && back.mean.abs() < 1 << 40 && line < 1 << 31 && product < 1 << 61
        };
        if !backs.iter().all(fits) {
            return None;
        }
        let scales = backs.each_ref().map(|back| scale(back) as i32);
        let rest = |k: usize| (1i64 << 31) - backs[k].mean * scale(&backs[k]);
        Some(Self {
            lines,
            scale: [0, 4].map(|k| i32x4(scales[k], scales[k + 1], scales[k + 2], scales[k + 3])),
            rest: [0, 2, 4, 6].map(|k| i64x2(rest(k), rest(k + 1))),
        })
    }

    /// Four gradients' values by the raw weights: the half `k` of the columns.
    #[inline(always)]
    fn at(&self, k: usize, g: v128, line: v128) -> v128 {
        let part = |g: v128, line: v128, rest: v128| i64x2_add(i64x2_sub(i64x2_shl(g, CENTRED_EXTRA), line), rest);
        let scale = self.scale[k];
        let low = part(i64x2_extmul_low_i32x4(g, scale), i64x2_extmul_low_i32x4(line, scale), self.rest[2 * k]);
        let high = part(i64x2_extmul_high_i32x4(g, scale), i64x2_extmul_high_i32x4(line, scale), self.rest[2 * k + 1]);
        clamp_i32(upper(low, high), SUM_MAX)
    }
}

/// See [`scalar::standard_back`].
pub fn standard_back(raw: &[i16], stride: usize, backs: &[Back], peak: i32, gradient: &mut [i32]) {
    let (backs, rows) = (&backs[..backs.len().min(stride)], (raw.len() / stride).min(gradient.len() / stride));
    let (blocks, rest) = backs.as_chunks::<BLOCK>();
    let end = rows * stride;
    for (number, some) in blocks.chunks(STRIPE).enumerate() {
        let mut stripe = [(0, Backs::default()); STRIPE];
        let mut count = 0;
        for (k, block) in some.iter().enumerate() {
            let first = (number * STRIPE + k) * BLOCK;
            match Backs::new(block, peak) {
                Some(backs) => {
                    stripe[count] = (first, backs);
                    count += 1;
                }
                None => back_columns(raw, stride, first..end, block, gradient),
            }
        }
        for row in (0..end).step_by(stride) {
            for (first, backs) in &stripe[..count] {
                let at = row + first;
                let [low, high] = backs.lines.at(load_i16(raw, at));
                store_i32(gradient, at, backs.at(0, load_i32(gradient, at), low));
                store_i32(gradient, at + 4, backs.at(1, load_i32(gradient, at + 4), high));
            }
        }
    }
    back_columns(raw, stride, blocks.len() * BLOCK..end, rest, gradient);
}

/// The columns of some backs, those from the beginning of `range` on.
#[inline(never)]
fn back_columns(raw: &[i16], stride: usize, range: Range<usize>, backs: &[Back], gradient: &mut [i32]) {
    for at in range.step_by(stride) {
        for (k, back) in backs.iter().enumerate() {
            gradient[at + k] = scalar::back_one(back, raw[at + k], gradient[at + k]);
        }
    }
}
