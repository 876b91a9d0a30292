//! Number formats and the few ways in which a number is scaled.
//!
//! A value in format `Q n` is an integer that stands for itself divided by 2^n. Every operation here is an exact
//! function of integers, so every build gives the same result.
//!
//! | what | storage | fraction bits |
//! | --- | --- | --- |
//! | hidden weights | `i16`, magnitude at most [`WEIGHT_MAX`] | `f`, 8 to 13: a range of 32 down to 1 |
//! | the same in 8 bits | `i8`, magnitude at most [`BYTE_MAX`] | `f` less 0 to [`BYTE_SHIFT_MAX`] |
//! | membranes, biases, thresholds | `i32`, magnitude at most [`MEMBRANE_MAX`] | `f` + [`MEMBRANE_EXTRA`] |
//! | leaks, trace decays, surrogates | `i32` in 0..=32768 | 15 |
//! | traces | `i32` | 15 |
//! | learning signal | `i32`, magnitude at most [`SIGNAL_MAX`] | [`SIGNAL_BITS`] |
//! | update contributions | `i32` | 8 to 28, see [`crate::eligibility`] |
//! | readout weights | `i32`, magnitude at most [`READOUT_WEIGHT_MAX`] | [`READOUT_WEIGHT_BITS`] |
//! | readout membrane | `i32`, magnitude at most [`MEMBRANE_MAX`] | [`READOUT_MEMBRANE_BITS`] |

/// The largest magnitude of a hidden weight. Four such weights add up in an `i16` without overflow.
pub const WEIGHT_MAX: i32 = 8191;
/// The largest magnitude of a hidden weight that is held in 8 bits.
pub const BYTE_MAX: i32 = 127;
/// The most bits by which a weight of 8 bits is coarser than its layer's format: with them both have one range.
pub const BYTE_SHIFT_MAX: u32 = 6;
/// Fraction bits that a membrane has beyond its layer's weights.
pub const MEMBRANE_EXTRA: u32 = 8;
/// Where membranes saturate: 512 times the weight range.
pub const MEMBRANE_MAX: i32 = 1 << 30;
/// Where the summed input of one step saturates, in membrane format: 256 times the weight range.
pub const CURRENT_MAX: i32 = 1 << 29;
/// Where biases saturate, in membrane format.
pub const BIAS_MAX: i32 = 1 << 28;
/// Fraction bits of a learning signal.
pub const SIGNAL_BITS: u32 = 26;
/// Where learning signals saturate: 16.0.
pub const SIGNAL_MAX: i32 = 1 << 30;
/// Fraction bits of readout weights and biases.
pub const READOUT_WEIGHT_BITS: u32 = 24;
/// Where readout weights saturate: just under 8.0, so that they fit a feedback weight.
pub const READOUT_WEIGHT_MAX: i32 = (1 << 27) - (1 << 12);
/// Fraction bits of the readout's membrane.
pub const READOUT_MEMBRANE_BITS: u32 = 16;
/// Fraction bits of feedback weights, which are `i16`.
pub const FEEDBACK_BITS: u32 = 12;
/// One in `Q 15`.
pub const ONE_Q15: i32 = 1 << 15;

/// `a * m / 2^15` to nearest, halves up. Exact for every `a` and for `m` in -32768..=32768.
#[inline(always)]
pub const fn mul_q15(a: i32, m: i32) -> i32 {
    // a = high * 2^15 + low: neither product leaves an i32, and the first needs no rounding.
    (a >> 15).wrapping_mul(m).wrapping_add(((a & 0x7fff) * m + 0x4000) >> 15)
}

/// `a * m / 2^15` rounded down: a decaying trace reaches zero instead of staying stuck above it.
#[inline(always)]
pub const fn mul_q15_floor(a: i32, m: i32) -> i32 {
    (a >> 15).wrapping_mul(m).wrapping_add(((a & 0x7fff) * m) >> 15)
}

/// `a / 2^shift` to nearest, halves up; `shift` in 0..=31.
#[inline(always)]
pub const fn shift_round(a: i32, shift: u32) -> i32 {
    if shift == 0 {
        a
    } else {
        // The last bit that falls out rounds: no sum here can leave an i32.
        (a >> shift) + ((a >> (shift - 1)) & 1)
    }
}

/// `a` brought from `from` fraction bits to `to`, to nearest, saturating at `limit`.
pub fn rescale(a: i64, from: u32, to: u32, limit: i32) -> i32 {
    let scaled = if to >= from {
        a.saturating_mul(1i64 << (to - from).min(62))
    } else {
        let shift = (from - to).min(62);
        (a >> shift) + ((a >> (shift - 1)) & 1)
    };
    scaled.clamp(-(limit as i64), limit as i64) as i32
}

/// A factor of any size in 16 bits: `mantissa * 2^(exponent - 15)`. Learning rates and the rule's alphas are such factors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factor {
    /// Zero, or of magnitude 2^14 up to 2^15.
    pub mantissa: i32,
    /// The binary exponent, -64..=16.
    pub exponent: i32,
}

impl Factor {
    /// Nothing.
    pub const ZERO: Self = Self { mantissa: 0, exponent: 0 };
    /// One. Products by powers of two are exact where the mantissa is 2^15.
    pub const ONE: Self = Self { mantissa: 1 << 15, exponent: 0 };

    /// Is it in the ranges that its fields state?
    pub fn valid(self) -> bool {
        let m = self.mantissa.unsigned_abs();
        (m == 0 || (1 << 14..=1 << 15).contains(&m)) && (-64..=16).contains(&self.exponent)
    }

    /// A count of at most 2^24, to a mantissa bit. A power of two gets the mantissa 2^15, like one.
    pub fn of(count: usize) -> Self {
        let count = count.max(1) as u32;
        let exponent = count.next_power_of_two().ilog2();
        let mantissa = if exponent <= 15 { count << (15 - exponent) } else { count >> (exponent - 15) };
        Self { mantissa: mantissa as i32, exponent: exponent as i32 }
    }

    /// One by a count of at most 2^24, to a mantissa bit.
    pub fn inverse_of(count: usize) -> Self {
        let count = count.max(1) as u64;
        // The largest power of two that is not above the count: the quotient is 2^14 to 2^15.
        let exponent = count.ilog2();
        let mantissa = (1u64 << (15 + exponent)) / count;
        Self { mantissa: mantissa as i32, exponent: -(exponent as i32) }
    }

    /// The square of a count of at most 4096.
    pub fn square_of(count: usize) -> Self {
        Self::of(count * count)
    }

    /// The product, its mantissa to nearest.
    pub fn times(self, other: Self) -> Self {
        let product = self.mantissa as i64 * other.mantissa as i64;
        if product == 0 {
            return Self::ZERO;
        }
        // Two mantissas of 2^14..=2^15 give 2^28..=2^30: one shift brings them back into range.
        let shift = if product.abs() >= 1 << 29 { 15 } else { 14 };
        let mantissa = ((product + (1 << (shift - 1))) >> shift) as i32;
        Self { mantissa, exponent: self.exponent + other.exponent + shift - 15 }
    }

    /// The smallest power of two that is not below the magnitude, as its exponent.
    pub fn log2_ceil(self) -> i32 {
        let m = self.mantissa.unsigned_abs();
        self.exponent - (m <= 1 << 14) as i32
    }

    /// How to multiply a `Q from` integer by this factor and get `Q to`, saturating at `limit`.
    pub fn scale(self, from: u32, to: u32, limit: i32) -> Scale {
        // mul_q15 takes the mantissa as a fraction; what remains is a shift.
        let right = (from as i32 - to as i32).saturating_sub(self.exponent);
        // Shifted further, nothing is left of any number.
        let mantissa = if right > 31 { 0 } else { self.mantissa };
        Scale { mantissa, right: right.clamp(0, 31) as u32, left: right.saturating_neg().clamp(0, 31) as u32, limit }
    }
}

/// A multiplication by a [`Factor`] together with a change of format: see [`Scale::apply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The factor's mantissa, `Q 15`.
    pub mantissa: i32,
    /// Bits to shift right after the product, to nearest.
    pub right: u32,
    /// Bits to shift left after the product; zero when `right` is not.
    pub left: u32,
    /// Where the result saturates.
    pub limit: i32,
}

impl Scale {
    /// The product, to nearest, saturating at plus and minus `limit`.
    #[inline(always)]
    pub fn apply(self, a: i32) -> i32 {
        self.shift(mul_q15(a, self.mantissa))
    }

    /// What [`Self::apply`] does after the product.
    #[inline(always)]
    pub fn shift(self, product: i32) -> i32 {
        // Clamping before the left shift keeps the shift exact.
        let room = self.limit >> self.left;
        shift_round(product, self.right).clamp(-room, room) << self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn div_nearest(n: i128, shift: u32) -> i128 {
        (n + (1 << shift >> 1)).div_euclid(1 << shift)
    }

    proptest! {
        #[test]
        fn mul_q15_is_the_exact_product_rounded(a in any::<i32>(), m in -32768i32..=32768) {
            // -2^31 * -1.0 is the one product that an i32 cannot hold.
            prop_assume!(!(a == i32::MIN && m == -32768));
            let exact = div_nearest(a as i128 * m as i128, 15);
            prop_assume!(exact <= i32::MAX as i128);
            prop_assert_eq!(mul_q15(a, m) as i128, exact);
            prop_assert_eq!(mul_q15_floor(a, m) as i128, (a as i128 * m as i128).div_euclid(1 << 15));
        }

        #[test]
        fn shift_round_is_nearest(a in any::<i32>(), shift in 0u32..=31) {
            prop_assert_eq!(shift_round(a, shift) as i128, div_nearest(a as i128, shift));
        }

        #[test]
        fn scale_is_the_factor_to_a_mantissa_bit(a in -(1 << 30)..(1i32 << 30), m in (1i32 << 14)..=(1 << 15), exponent in -20i32..=4) {
            let factor = Factor { mantissa: m, exponent };
            let got = factor.scale(26, 26, 1 << 30).apply(a) as i128;
            // a * m * 2^(exponent - 15), in units of 2^-40
            let want = (a as i128 * m as i128) << (25 + exponent);
            let limit = 1i128 << 70;
            let tolerance = (1i128 << 40) * if exponent > 0 { 1 << exponent } else { 1 };
            prop_assert!(((got << 40) - want.clamp(-limit, limit)).abs() <= tolerance);
        }

        #[test]
        fn factor_times_is_the_product(a in (1i32 << 14)..=(1 << 15), b in (1i32 << 14)..=(1 << 15), sign: bool) {
            let f = Factor { mantissa: a, exponent: -3 };
            let g = Factor { mantissa: if sign { b } else { -b }, exponent: 2 };
            let p = f.times(g);
            prop_assert!(p.valid());
            let got = (p.mantissa as i128) << (p.exponent + 16);
            let want = (f.mantissa as i128 * g.mantissa as i128) * 2;
            prop_assert!((got * 2 - want).abs() <= (1 << 16) + 2, "{got} {want}");
        }
    }

    #[test]
    fn counts_and_their_inverses_are_factors() {
        for count in 1..=1 << 16 {
            let (of, inverse) = (Factor::of(count), Factor::inverse_of(count));
            assert!(of.valid() && inverse.valid(), "{count}: {of:?}, {inverse:?}");
            // A count by its inverse, in units of 2^-30.
            let one = (of.mantissa as i64 * inverse.mantissa as i64) << (of.exponent + inverse.exponent);
            assert!(((1 << 30) - one).abs() <= 1 << 17, "{count}: {of:?}, {inverse:?}");
        }
    }

    #[test]
    fn log2_ceil_bounds_the_factor() {
        assert_eq!(Factor::ONE.log2_ceil(), 0);
        assert_eq!(Factor { mantissa: (1 << 14) + 1, exponent: 1 }.log2_ceil(), 1);
        assert_eq!(Factor { mantissa: -(1 << 14), exponent: -5 }.log2_ceil(), -6);
    }

    #[test]
    fn rescale_rounds_and_saturates() {
        assert_eq!(rescale(3, 1, 0, 100), 2);
        assert_eq!(rescale(-3, 1, 0, 100), -1);
        assert_eq!(rescale(5, 0, 4, 100), 80);
        assert_eq!(rescale(50, 0, 4, 100), 100);
        assert_eq!(rescale(i64::MAX, 0, 30, 100), 100);
    }
}
