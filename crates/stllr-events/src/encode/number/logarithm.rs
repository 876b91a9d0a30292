//! Logarithms to the base 2, bit by bit, and what is found by them.

use super::angle::UNIT_BITS;

/// Bits after the point of a logarithm.
pub const LOG_BITS: u32 = 24;

/// log2(value), off by less than 2^-22; that of 0 as of 1.
pub fn log2(value: u128) -> i64 {
    let value = value.max(1);
    let whole = value.ilog2();
    // The mantissa, from 1 to 2, with 31 bits after the point.
    let mut mantissa = if whole >= 31 { (value >> (whole - 31)) as u64 } else { (value as u64) << (31 - whole) };
    let mut log = i64::from(whole);
    for _ in 0..LOG_BITS {
        mantissa = (mantissa * mantissa) >> 31;
        let is_two = mantissa >> 32;
        mantissa >>= is_two;
        log = log << 1 | is_two as i64;
    }
    log
}

/// The least whole number whose logarithm is no less than `log`, of those up to 2^`most_bits`: 2^log but for the last places.
pub fn power_of_two(log: i64, most_bits: u32) -> u64 {
    let (mut low, mut high) = (1u64, 1 << most_bits);
    while low < high {
        let middle = low + (high - low) / 2;
        if log2(middle.into()) < log { low = middle + 1 } else { high = middle }
    }
    low
}

/// 2^-(part / whole), with [`UNIT_BITS`], by its series.
pub fn halved(part: u64, whole: u64) -> i64 {
    const BITS: u32 = 60;
    /// ln(2)
    const LN_2: i128 = 799_144_290_325_165_979;
    let (halvings, rest) = (part / whole, part % whole);
    if halvings >= u64::from(UNIT_BITS) {
        return 0;
    }
    let x = i128::from(rest) * LN_2 / i128::from(whole);
    // 1 - x (1 - x / 2 (1 - x / 3 (...)))
    let one = 1i128 << BITS;
    let power = (1..20).rev().fold(one, |sum, n| one - ((x * sum) >> BITS) / n);
    (power >> halvings >> (BITS - UNIT_BITS)) as i64
}

/// Bits after the point of a frequency in Hz.
pub const HZ_BITS: u32 = 20;

/// `count` frequencies from `low_mhz` to `high_mhz`, both included, at equal distances of log(f + `corner_mhz`): as the mel and
/// the ERB scale have them. In Hz with [`HZ_BITS`].
pub fn spaced(low_mhz: u64, high_mhz: u64, corner_mhz: u64, count: usize) -> impl Iterator<Item = u64> {
    let hz = |mhz: u64| (u128::from(mhz) << HZ_BITS).div_ceil(1000) as u64;
    let corner = hz(corner_mhz);
    let (low, high) = (hz(low_mhz), hz(high_mhz));
    let (from, to) = (log2((low + corner).into()), log2((high + corner).into()));
    let last = count.max(2) as i64 - 1;
    (0..count as i64).map(move |index| {
        let found = power_of_two(from + (to - from) * index / last, 50);
        if index == 0 { low } else { (found.max(corner) - corner).min(high) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_logarithm() {
        let one = f64::from(1 << LOG_BITS);
        let mut value = 1u128;
        while value < 1 << 120 {
            let off = log2(value) as f64 / one - (value as f64).log2();
            assert!(off.abs() < 2.0 / one, "{value}: off by {off}");
            value += value / 7 + 1;
        }
    }

    #[test]
    fn powers_undo_logarithms() {
        for value in [1u64, 2, 3, 1000, 65_537, 123_456_789] {
            let found = power_of_two(log2(value.into()), 40);
            assert!(value.abs_diff(found) <= value >> 22, "{value}: {found}");
        }
    }

    #[test]
    fn halves() {
        for (part, whole) in [(0, 1), (1, 1), (1, 3), (7, 2), (1, 1_000_000_007), (29, 1), (30, 1), (u64::MAX, 1)] {
            let wanted = (-(part as f64) / whole as f64).exp2() * f64::from(1 << UNIT_BITS);
            assert!((halved(part, whole) as f64 - wanted).abs() <= 1.0, "{part} / {whole}");
        }
    }

    #[test]
    fn mels_are_spaced_as_by_their_formula() {
        let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
        let wanted = |index: f64| {
            let at = mel(60.0) + (mel(4000.0) - mel(60.0)) * index / 33.0;
            700.0 * (10f64.powf(at / 2595.0) - 1.0)
        };
        for (index, found) in spaced(60_000, 4_000_000, 700_000, 34).enumerate() {
            let found = found as f64 / f64::from(1 << HZ_BITS);
            assert!((found - wanted(index as f64)).abs() < 1e-3, "{index}: {found}, not {}", wanted(index as f64));
        }
    }
}
