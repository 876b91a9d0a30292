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

use crate::keep::{Keeper, Part, Values, within};
use crate::kernel::{self, Back, CENTRED_EXTRA, ColumnSums, Line, SUM_MAX};
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
/// Rows that are walked column by column: so few that they stay in a near cache.
pub const CHUNK_ROWS: usize = 128;

/// The standardisation of a matrix of weights: a gain an output, and what the raw weights were like.
#[derive(Clone, Debug)]
pub struct Standard {
    gain: Vec<i32>,
    columns: Vec<Column>,
    /// Of raw weights, or of a gradient.
    sums: ColumnSums,
    /// The whole part of each mean.
    centres: Vec<i16>,
    /// A raw weight's effective one.
    lines: Vec<Line>,
    backs: Vec<Back>,
    /// The largest magnitude of a gradient.
    peak: i32,
    raw_bits: u32,
    bits: u32,
}

/// One output: what is known of its raw weights.
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    /// Mean weight, `MEAN_BITS` fraction bits in weight units.
    mean: i32,
    /// 1 / s, s in weight units.
    inverse: Number,
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

impl Column {
    /// The sums of `n` weights become mean and inverse.
    fn new(sum: i64, squares: i64, n: i64, raw_bits: u32) -> Self {
        // squares - sum^2 / n, exactly but for the last division: sum = n whole + rest.
        let (whole, rest) = (sum.div_euclid(n), sum.rem_euclid(n));
        let deviation = (squares - whole * (sum + rest)) << MEAN_BITS;
        let deviation = (deviation - ((rest * rest) << MEAN_BITS) / n).max(0);
        let variance = (deviation + deviation / (n - 1).max(1)) as u64;
        let square = variance + (EPSILON >> (2 * (13u32.saturating_sub(raw_bits))));
        // A root of 32 bits: s = root / 2^((MEAN_BITS + left) / 2).
        let left = square.leading_zeros() & !1;
        let root = (square << left).isqrt();
        Self {
            inverse: Number::new((1 << 63) / root.max(1), 63 - (MEAN_BITS + left) as i32 / 2, 32),
            mean: (((sum << MEAN_BITS) + n / 2).div_euclid(n)) as i32,
        }
    }

    /// What the sums of a gradient, and of its products with the weights less their [`Self::centre`], make of it; and the
    /// gradient by the gain.
    fn back(&self, sum: i64, products: i64, gain: i32, n: i64, raw_bits: u32) -> (Back, i64) {
        let fraction = self.mean as i64 & ((1 << MEAN_BITS) - 1);
        let low = sum & ((1 << MEAN_BITS) - 1);
        let product = products - (sum >> MEAN_BITS) * fraction - ((low * fraction) >> MEAN_BITS);
        // product / s, then product / s^2 n / (n - 1).
        let by_gain = self.inverse.times(Number::new(product.unsigned_abs(), 0, 31), 31);
        let mut along = self.inverse.times(by_gain, 31);
        along.mantissa += along.mantissa / (n - 1).max(1) as u64;
        along.shift -= CENTRED_EXTRA as i32;
        let scale = self.inverse.times(gain_over(gain, raw_bits), 15);
        let back = Back {
            line: along.line(product < 0, self.mean),
            mean: (sum << CENTRED_EXTRA).div_euclid(n),
            scale: if gain < 0 { -(scale.mantissa as i32) } else { scale.mantissa as i32 },
            right: (scale.shift + CENTRED_EXTRA as i32).clamp(1, 62) as u32,
        };
        (back, by_gain.line(product < 0, 0).at(1))
    }

    /// The whole part of the mean.
    fn centre(&self) -> i16 {
        (self.mean >> MEAN_BITS) as i16
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
        Self {
            gain: vec![gain; outputs],
            columns: vec![Column::default(); outputs],
            sums: ColumnSums { first: vec![0; outputs], second: vec![0; outputs] },
            centres: vec![0; outputs],
            lines: vec![Line::default(); outputs],
            backs: vec![Back::default(); outputs],
            peak: 0,
            raw_bits,
            bits,
        }
    }

    /// Bytes that it holds.
    pub fn bytes(outputs: u64) -> u64 {
        outputs * (4 + 16 + 2 + size_of::<(Column, Line, Back)>() as u64)
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
        self.begin();
        raw.chunks(CHUNK_ROWS * stride).for_each(|rows| self.measure(rows, stride));
        self.finish(raw, stride, effective);
    }

    /// Begins to look at raw weights: [`Self::measure`] must see all of their rows, once each, before [`Self::finish`].
    pub fn begin(&mut self) {
        self.sums.first.fill(0);
        self.sums.second.fill(0);
    }

    /// Looks at some rows of raw weights.
    pub fn measure(&mut self, rows: &[i16], stride: usize) {
        kernel::weight_sums(rows, stride, &mut self.sums);
    }

    /// What [`Self::effective`] does, of raw weights whose rows were all seen.
    pub fn finish(&mut self, raw: &[i16], stride: usize, effective: &mut [i16]) {
        self.ready(raw.len() / stride);
        let chunks = raw.chunks(CHUNK_ROWS * stride).zip(effective.chunks_mut(CHUNK_ROWS * stride));
        chunks.for_each(|(raw, effective)| self.make(raw, stride, effective));
    }

    /// The first half of [`Self::finish`], for so many rows: all but the weights.
    pub fn ready(&mut self, rows: usize) {
        let n = rows.max(1) as i64;
        for (i, column) in self.columns.iter_mut().enumerate() {
            *column = Column::new(self.sums.first[i], self.sums.second[i], n, self.raw_bits);
            let gain = self.gain[i];
            self.lines[i] = column.inverse.times(gain_over(gain, self.bits), 31).line(gain < 0, column.mean);
        }
    }

    /// The second half, for some rows.
    pub fn make(&self, raw: &[i16], stride: usize, effective: &mut [i16]) {
        kernel::standardise(raw, stride, &self.lines, effective);
    }

    /// Turns a gradient by the effective weights into one by the raw weights, in place, and adds that by the gains to
    /// `gain_gradient`, one an output. `raw` is what [`Self::effective`] was last given.
    ///
    /// All gradients have the same fraction bits and magnitudes up to `SUM_MAX`, where they saturate.
    pub fn backward(&mut self, raw: &[i16], stride: usize, gradient: &mut [i32], gain_gradient: &mut [i32]) {
        self.turn(raw, stride, gradient, gain_gradient);
        let chunks = raw.chunks(CHUNK_ROWS * stride).zip(gradient.chunks_mut(CHUNK_ROWS * stride));
        chunks.for_each(|(raw, gradient)| self.back(raw, stride, gradient));
    }

    /// The first half of [`Self::backward`]: all but the gradient by the raw weights.
    pub fn turn(&mut self, raw: &[i16], stride: usize, gradient: &[i32], gain_gradient: &mut [i32]) {
        let n = (raw.len() / stride).max(1) as i64;
        self.begin();
        self.centres.iter_mut().zip(&self.columns).for_each(|(centre, column)| *centre = column.centre());
        let chunks = raw.chunks(CHUNK_ROWS * stride).zip(gradient.chunks(CHUNK_ROWS * stride));
        let peaks =
            chunks.map(|(raw, gradient)| kernel::gradient_sums(raw, gradient, stride, &self.centres, &mut self.sums));
        self.peak = peaks.fold(0, i32::max);
        for (i, (column, by_gain)) in self.columns.iter().zip(gain_gradient).enumerate() {
            let (sum, products) = (self.sums.first[i], self.sums.second[i]);
            let (back, more) = column.back(sum, products, self.gain[i], n, self.raw_bits);
            self.backs[i] = back;
            *by_gain = (*by_gain as i64 + more).clamp(-SUM_MAX as i64, SUM_MAX as i64) as i32;
        }
    }

    /// The second half, for some rows: each once.
    pub fn back(&self, raw: &[i16], stride: usize, gradient: &mut [i32]) {
        kernel::standard_back(raw, stride, &self.backs, self.peak, gradient);
    }

    /// Gives all gains to a keeper.
    pub fn keep(&mut self, keeper: &mut dyn Keeper) {
        keeper.array(Part::Gain, Values::I32(&mut self.gain), within(GAIN_MAX));
    }
}
