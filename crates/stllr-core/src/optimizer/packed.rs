//! The numbers of the state: 32 bits with a binary exponent, precise like a single-precision number, made of integers.
//!
//! A mean with beta = 0.999 moves by a thousandth of what comes in; with the gradient's own resolution it would stand still
//! below 1,000 units, or fall too fast. So numbers have fraction bits beyond the gradient's and, from 2^26 of these units on,
//! an exponent. All rounding is towards zero: what decays gets smaller at each update, until it is zero.

use super::{BETA_BITS, ONE_BETA};

/// Bits of a mantissa.
const MANTISSA_BITS: u32 = 26;
/// Fraction bits of a mean of gradients, beyond the gradient's.
pub(super) const EXTRA: u32 = 20;
/// Fraction bits of a mean of squares, beyond the square's: of one unit, a thousandth still has 14 bits.
pub(super) const SQUARE_EXTRA: u32 = 24;
const SIGN: u32 = 1 << 31;
/// The largest exponent of a signed number, for which 5 bits remain.
const SIGNED_EXPONENT: u32 = 30;
/// The largest magnitude of a signed number: 2^36 units of the gradient.
const SIGNED_MAX: u64 = ((1 << MANTISSA_BITS) - 1) << SIGNED_EXPONENT;

/// Mantissa and exponent of a number without a sign.
#[inline(always)]
pub(super) fn parts(packed: u32) -> (u32, u32) {
    (packed & ((1 << MANTISSA_BITS) - 1), packed >> MANTISSA_BITS)
}

/// Mantissa and exponent of a signed number's magnitude, and whether it is negative.
#[inline(always)]
pub(super) fn signed_parts(packed: u32) -> (u32, u32, bool) {
    let (mantissa, exponent) = parts(packed & !SIGN);
    (mantissa, exponent, packed & SIGN != 0)
}

#[inline(always)]
fn pack(value: u64, exponent: u32) -> u32 {
    let over = (64 - (value | 1).leading_zeros()).saturating_sub(MANTISSA_BITS);
    if value == 0 { 0 } else { (exponent + over) << MANTISSA_BITS | (value >> over) as u32 }
}

/// A number in units of 2^-EXTRA.
#[inline(always)]
pub(super) fn pack_signed(value: i64) -> u32 {
    pack(value.unsigned_abs().min(SIGNED_MAX), 0) | (value >> 63) as u32 & SIGN
}

#[inline(always)]
fn with_sign(magnitude: u64, negative: bool) -> i64 {
    let mask = -(negative as i64);
    (magnitude as i64 ^ mask) - mask
}

/// `keep * mean + take * g` for a signed number; betas are in `Q 30`, up to one.
#[inline(always)]
pub(super) fn follow(mean: u32, keep: u32, g: i32, take: u32) -> u32 {
    let (mantissa, exponent, negative) = signed_parts(mean);
    let old = (mantissa as u64 * keep as u64) >> BETA_BITS.saturating_sub(exponent);
    let new = (g.unsigned_abs() as u64 * take as u64) >> (BETA_BITS - EXTRA);
    pack_signed(with_sign(old, negative) + with_sign(new, g < 0))
}

/// `keep * mean + (1 - keep) * g^2` for a mean of squares.
#[inline(always)]
pub(super) fn follow_square(mean: u32, keep: u32, g: i32) -> u32 {
    let (mantissa, exponent) = parts(mean);
    let square = (g.unsigned_abs() as u64).pow(2);
    let over = 32u32.saturating_sub(square.leading_zeros());
    let old = mantissa as u64 * keep as u64;
    let new = (square >> over) * (ONE_BETA - keep) as u64;
    // The products have 56 and 62 bits: brought to the larger exponent, they lose nothing that the mantissa could show.
    let new_exponent = over + SQUARE_EXTRA;
    let most = exponent.max(new_exponent);
    let sum = (old >> (most - exponent)) + (new >> (most - new_exponent));
    pack(sum >> BETA_BITS.saturating_sub(most), most.saturating_sub(BETA_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn signed(packed: u32) -> i128 {
        let (mantissa, exponent, negative) = signed_parts(packed);
        let magnitude = (mantissa as i128) << exponent;
        if negative { -magnitude } else { magnitude }
    }

    proptest! {
        #[test]
        fn packing_keeps_26_bits(value in any::<i64>(), shift in 0u32..64) {
            let value = value >> shift;
            let got = signed(pack_signed(value));
            let want = (value as i128).clamp(-(SIGNED_MAX as i128), SIGNED_MAX as i128);
            prop_assert!(got.abs() <= want.abs() && (want - got).abs() <= want.abs() >> 25, "{got} for {want}");
        }

        #[test]
        fn a_mean_is_the_exact_one(before in any::<i32>(), g in any::<i32>(), scale in 0u32..31, keep in 0..=ONE_BETA, take in 0..=ONE_BETA) {
            let g = g >> scale;
            let got = signed(follow(follow(0, 0, before, ONE_BETA), keep, g, take)) << BETA_BITS;
            let part = |g: i32, beta: u32| ((g as i128) << EXTRA) * beta as i128;
            let want = part(before, keep) + part(g, take);
            let most = part(before, keep).abs() + part(g, take).abs();
            prop_assert!((want - got).abs() <= (most >> 24) + (3 << BETA_BITS), "{got} for {want}");
        }

        #[test]
        fn a_mean_of_squares_is_the_exact_one(before in any::<i32>(), g in any::<i32>(), scale in 0u32..31, keep in 0..=ONE_BETA) {
            let g = g >> scale;
            let old = follow_square(0, 0, before);
            let (mantissa, exponent) = parts(follow_square(old, keep, g));
            // Units of 2^-(SQUARE_EXTRA + BETA_BITS).
            let got = (mantissa as i128) << exponent << BETA_BITS;
            let square = |g: i32| (g as i128 * g as i128) << SQUARE_EXTRA;
            let want = square(before) * keep as i128 + square(g) * (ONE_BETA - keep) as i128;
            prop_assert!(got <= want && want - got <= (want >> 24) + (3 << BETA_BITS), "{got} for {want}");
        }
    }

    #[test]
    fn what_only_decays_reaches_zero() {
        for (beta, most) in [(ONE_BETA / 2, 100), (1_072_668_082, 100_000), (ONE_BETA - 1, 200_000_000)] {
            // With a beta of nearly one, from near the end: each update must still take something.
            let start = if beta == ONE_BETA - 1 { 5 } else { i32::MAX };
            let (mut mean, mut square) = (follow(0, 0, -start, ONE_BETA >> 3), follow_square(0, 0, start >> 3));
            let mut updates = 0;
            while mean != 0 || square != 0 {
                let before = (signed_parts(mean), parts(square));
                (mean, square) = (follow(mean, beta, 0, ONE_BETA), follow_square(square, beta, 0));
                let after = (signed_parts(mean), parts(square));
                assert!(mean == 0 || after.0 != before.0);
                assert!(square == 0 || after.1 != before.1);
                updates += 1;
                assert!(updates < most, "{beta}");
            }
        }
    }
}
