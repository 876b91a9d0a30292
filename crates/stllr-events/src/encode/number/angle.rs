//! Sine and cosine of a part of a turn, by their series.

/// Bits after the point of a sine.
pub const UNIT_BITS: u32 = 30;
/// The sine of a quarter.
pub const UNIT: i64 = 1 << UNIT_BITS;

/// Bits after the point within.
const BITS: u32 = 60;
const ONE: i128 = 1 << BITS;
/// 2 pi.
const TURN: i128 = 7_244_019_458_077_122_842;

/// Cosine and sine of `part` / `whole` of a turn, off by no more than one unit in the last place.
pub fn cosine_sine(part: u64, whole: u64) -> (i64, i64) {
    let eighths = 8 * u128::from(part % whole.max(1));
    let octant = eighths / u128::from(whole);
    // Odd octants are gone through backwards, so that the angle is at most an eighth of a turn.
    let rest = eighths % u128::from(whole);
    let rest = if octant % 2 == 0 { rest } else { u128::from(whole) - rest };
    let angle = (rest as i128 * TURN) / (8 * i128::from(whole));
    let (c, s) = series(angle);
    match octant {
        0 => (c, s),
        1 => (s, c),
        2 => (-s, c),
        3 => (-c, s),
        4 => (-c, -s),
        5 => (-s, -c),
        6 => (s, -c),
        _ => (c, -s),
    }
}

/// Cosine and sine of an angle from 0 to pi / 4.
fn series(angle: i128) -> (i64, i64) {
    let square = (angle * angle) >> BITS;
    // 1 - x^2 / (1 2) (1 - x^2 / (3 4) (1 - ...)), and the same for the sine with x before it.
    let horner = |first: i128| {
        (0..8).rev().fold(ONE, |sum, k| {
            let n = first + 2 * k;
            ONE - ((square * sum) >> BITS) / (n * (n + 1))
        })
    };
    let round = |value: i128| ((value + (1 << (BITS - UNIT_BITS - 1))) >> (BITS - UNIT_BITS)) as i64;
    (round(horner(1)), round((angle * horner(2)) >> BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_sine() {
        for whole in [1u64, 3, 7, 8, 200, 512, 4096, 1 << 40] {
            for part in (0..whole).step_by((whole / 997 + 1) as usize) {
                let turn = part as f64 / whole as f64 * core::f64::consts::TAU;
                let (c, s) = cosine_sine(part, whole);
                for (found, wanted) in [(c, turn.cos()), (s, turn.sin())] {
                    let off = found as f64 - wanted * UNIT as f64;
                    assert!(off.abs() <= 1.0, "{part} / {whole}: {found}, off by {off}");
                }
            }
        }
    }
}
