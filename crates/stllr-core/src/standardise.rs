//! Weight standardisation: every output's weights get mean 0 and a length set by the output's gain.
//!
//! For an output with n raw weights W, their mean m and unbiased variance var:
//!
//! ```text
//! c_j     = W_j - m              s = sqrt(n var + 1e-4)
//! W_eff_j = gain c_j / s
//! dL/dgain = sum_j G_j c_j / s   for G = dL/dW_eff
//! dL/dW_j  = gain / s (G_j - mean(G) - n / (n - 1) c_j / s^2 sum_k G_k c_k)
//! ```
//!
//! Sums over an output's weights are exact. What multiplies its weights is made once for each output, with a mantissa and an
//! exponent; each weight costs a product and a shift. A column of equal weights has s = 0.01: nothing is divided by zero.

use crate::fixed::WEIGHT_MAX;
use crate::kernel::SUM_MAX;
use alloc::vec;
use alloc::vec::Vec;

/// Fraction bits of a gain.
pub const GAIN_BITS: u32 = 20;
/// Where gains saturate: 64.
pub const GAIN_MAX: i32 = 1 << 26;
/// The most rows for which no sum leaves an `i64`.
pub const MAX_ROWS: usize = 1 << 20;

/// 1e-4, `Q 42`.
const EPSILON: u64 = 439_804_651;
/// Fraction bits of means and variances, in weight units.
const MEAN_BITS: u32 = 16;
/// Fraction bits that a gradient gets while sums are subtracted from it.
const EXTRA: u32 = 8;
/// Where such a gradient saturates, so that a product with 15 bits fits.
const CENTRED_MAX: i64 = 1 << 47;

/// The standardisation of a matrix of weights: a gain an output, and what the raw weights were like.
#[derive(Clone, Debug)]
pub struct Standard {
    gain: Vec<i32>,
    columns: Vec<Column>,
    raw_bits: u32,
    bits: u32,
}

/// One output: what is known of its raw weights, and the work in progress.
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    /// Mean weight, `MEAN_BITS` fraction bits in weight units.
    mean: i32,
    /// 1 / s, s in weight units.
    inverse: Number,
    /// Forward: of weights and their squares. Backward: of the gradient, and of its products with the weights less the whole
    /// part of their mean.
    sums: (i64, i64),
    /// Forward: a raw weight's effective one. Backward: what of the gradient lies along it, with `EXTRA` fraction bits.
    line: Line,
    /// Mean gradient, with `EXTRA` fraction bits.
    mean_gradient: i64,
    /// gain / s.
    scale: i64,
    right: u32,
}

/// `mantissa / 2^shift`; the mantissa has up to 32 bits.
#[derive(Clone, Copy, Debug, Default)]
struct Number {
    mantissa: u64,
    shift: i32,
}

impl Number {
    /// `value / 2^shift` with a mantissa of at most `bits`.
    fn new(value: u64, shift: i32, bits: u32) -> Self {
        let over = (64 - value.leading_zeros()).saturating_sub(bits);
        Self { mantissa: value >> over, shift: shift - over as i32 }
    }

    /// The product with a number of up to 31 bits.
    fn times(self, other: Self, bits: u32) -> Self {
        Self::new(self.mantissa * other.mantissa, self.shift + other.shift, bits)
    }

    /// `factor * (w - mean)` for a signed factor as `w * slope + offset`, to be shifted right by `self.shift`, to nearest.
    fn line(self, negative: bool, mean: i32) -> Line {
        let slope = if negative { -(self.mantissa as i64) } else { self.mantissa as i64 };
        let right = self.shift.clamp(0, 62) as u32;
        let half = 1i64 << right >> 1;
        let offset = half - ((mean as i64 * slope) >> MEAN_BITS);
        Line { slope, offset, right, left: (-self.shift).clamp(0, 16) as u32 }
    }
}

/// A linear function of a weight.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    slope: i64,
    offset: i64,
    right: u32,
    left: u32,
}

impl Line {
    #[inline(always)]
    fn at(self, w: i16) -> i64 {
        ((w as i64 * self.slope + self.offset) >> self.right) << self.left
    }
}

impl Column {
    /// The sums of `n` weights become mean and inverse.
    fn measure(&mut self, n: i64, raw_bits: u32) {
        let (sum, squares) = self.sums;
        // squares - sum^2 / n, exactly but for the last division: sum = n whole + rest.
        let (whole, rest) = (sum.div_euclid(n), sum.rem_euclid(n));
        let deviation = (squares - whole * (sum + rest)) << MEAN_BITS;
        let deviation = (deviation - ((rest * rest) << MEAN_BITS) / n).max(0);
        let variance = (deviation + deviation / (n - 1).max(1)) as u64;
        let square = variance + (EPSILON >> (2 * (13u32.saturating_sub(raw_bits))));
        // A root of 32 bits: s = root / 2^((MEAN_BITS + left) / 2).
        let left = square.leading_zeros() & !1;
        let root = (square << left).isqrt();
        self.inverse = Number::new((1 << 63) / root.max(1), 63 - (MEAN_BITS + left) as i32 / 2, 32);
        self.mean = (((sum << MEAN_BITS) + n / 2).div_euclid(n)) as i32;
    }

    /// The sums of a gradient become what [`Self::back`] needs. Returns the gradient by the gain.
    fn turn(&mut self, gain: i32, n: i64, raw_bits: u32) -> i64 {
        let fraction = self.mean as i64 & ((1 << MEAN_BITS) - 1);
        let low = self.sums.0 & ((1 << MEAN_BITS) - 1);
        let product = self.sums.1 - (self.sums.0 >> MEAN_BITS) * fraction - ((low * fraction) >> MEAN_BITS);
        // product / s, then product / s^2 n / (n - 1).
        let by_gain = self.inverse.times(Number::new(product.unsigned_abs(), 0, 31), 31);
        let mut along = self.inverse.times(by_gain, 31);
        along.mantissa += along.mantissa / (n - 1).max(1) as u64;
        along.shift -= EXTRA as i32;
        self.line = along.line(product < 0, self.mean);
        let scale = self.inverse.times(gain_over(gain, raw_bits), 15);
        self.scale = if gain < 0 { -(scale.mantissa as i64) } else { scale.mantissa as i64 };
        self.right = (scale.shift + EXTRA as i32).clamp(1, 62) as u32;
        self.mean_gradient = (self.sums.0 << EXTRA).div_euclid(n);
        by_gain.line(product < 0, 0).at(1)
    }

    /// A gradient by an effective weight as one by the raw weight `w`.
    #[inline(always)]
    fn back(&self, g: i32, w: i16) -> i32 {
        let centred = ((g as i64) << EXTRA) - self.mean_gradient - self.line.at(w);
        clamp_sum((centred.clamp(-CENTRED_MAX, CENTRED_MAX) * self.scale + (1 << (self.right - 1))) >> self.right)
    }
}

/// A gain's magnitude, over 2^bits.
fn gain_over(gain: i32, bits: u32) -> Number {
    Number { mantissa: gain.unsigned_abs() as u64, shift: GAIN_BITS as i32 - bits as i32 }
}

impl Standard {
    /// For matrices with `outputs` columns, all with the same gain, `Q 20`. `raw_bits` and `bits` are the fraction bits of the
    /// raw and the effective weights, 8..=13.
    pub fn new(outputs: usize, gain: i32, raw_bits: u32, bits: u32) -> Self {
        let gain = gain.clamp(-GAIN_MAX, GAIN_MAX);
        Self { gain: vec![gain; outputs], columns: vec![Column::default(); outputs], raw_bits, bits }
    }

    /// Bytes that it holds.
    pub fn bytes(outputs: u64) -> u64 {
        outputs * (4 + size_of::<Column>() as u64)
    }

    /// Gains, `Q 20`.
    pub fn gain(&self) -> &[i32] {
        &self.gain
    }

    /// The same, to be changed; magnitudes above [`GAIN_MAX`] break the formats' promises.
    pub fn gain_mut(&mut self) -> &mut [i32] {
        &mut self.gain
    }

    /// Makes the effective weights of raw ones, to nearest, saturating at `WEIGHT_MAX`.
    ///
    /// Both have rows of `stride`, of which the first columns are outputs; the others stay. From 2 to [`MAX_ROWS`] rows:
    /// those of one row get 0, where PyTorch would get no number.
    pub fn effective(&mut self, raw: &[i16], stride: usize, effective: &mut [i16]) {
        let n = (raw.len() / stride).max(1) as i64;
        self.columns.iter_mut().for_each(|column| column.sums = (0, 0));
        for row in raw.chunks_exact(stride) {
            for (column, &w) in self.columns.iter_mut().zip(row) {
                column.sums.0 += w as i64;
                column.sums.1 += (w as i32 * w as i32) as i64;
            }
        }
        for (column, &gain) in self.columns.iter_mut().zip(&self.gain) {
            column.measure(n, self.raw_bits);
            column.line = column.inverse.times(gain_over(gain, self.bits), 31).line(gain < 0, column.mean);
        }
        for (row, out) in raw.chunks_exact(stride).zip(effective.chunks_exact_mut(stride)) {
            for ((column, &w), out) in self.columns.iter().zip(row).zip(out) {
                *out = column.line.at(w).clamp(-WEIGHT_MAX as i64, WEIGHT_MAX as i64) as i16;
            }
        }
    }

    /// Turns a gradient by the effective weights into one by the raw weights, in place, and adds that by the gains to
    /// `gain_gradient`, one an output. `raw` is what [`Self::effective`] was last given.
    ///
    /// All gradients have the same fraction bits and magnitudes up to `SUM_MAX`, where they saturate.
    pub fn backward(&mut self, raw: &[i16], stride: usize, gradient: &mut [i32], gain_gradient: &mut [i32]) {
        let n = (raw.len() / stride).max(1) as i64;
        self.columns.iter_mut().for_each(|column| column.sums = (0, 0));
        for (row, gradient) in raw.chunks_exact(stride).zip(gradient.chunks_exact(stride)) {
            for ((column, &w), &g) in self.columns.iter_mut().zip(row).zip(gradient) {
                column.sums.0 += g as i64;
                column.sums.1 += g as i64 * (w as i64 - (column.mean >> MEAN_BITS) as i64);
            }
        }
        for ((column, &gain), sum) in self.columns.iter_mut().zip(&self.gain).zip(gain_gradient) {
            *sum = clamp_sum(*sum as i64 + column.turn(gain, n, self.raw_bits));
        }
        for (row, gradient) in raw.chunks_exact(stride).zip(gradient.chunks_exact_mut(stride)) {
            for ((column, &w), g) in self.columns.iter().zip(row).zip(gradient) {
                *g = column.back(*g, w);
            }
        }
    }

    /// Gives every gain to `sink`: all else follows from them and the raw weights.
    pub fn visit(&self, sink: &mut dyn FnMut(i64)) {
        self.gain.iter().for_each(|&gain| sink(gain as i64));
    }
}

#[inline(always)]
fn clamp_sum(sum: i64) -> i32 {
    sum.clamp(-SUM_MAX as i64, SUM_MAX as i64) as i32
}
