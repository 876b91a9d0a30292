//! How far psi in the core may be from psi of the reference.

use super::Estimate;
use crate::psi::Psi;

/// One unit of `Q 15`.
const UNIT: f64 = 1.0 / 32768.0;

/// Fraction bits of |v| in the core's tables.
const TABLE_BITS: i32 = 20;

/// psi(v), given that the core's v may be off. psi is even and falls with |v|, so its largest change within the error of
/// v is at an end of the interval. On top comes what the core's arithmetic adds:
///
/// * tri: 1 - |v| is cut to `Q 15` (below 0.3 units), the slope is 9830 / 2^15 instead of 0.3, and half a unit for the
///   product's rounding.
/// * exp and sigmoid: a table (see [`interpolation`]) with entries rounded to `Q 16`, its line rounded to `Q 16` and then
///   to `Q 15`: a unit of `Q 15` in all. At |v| = 0 half a unit of `Q 16` more, since one is stored as 65535. |v| is cut to
///   20 fraction bits, which matters to membranes of 21. Beyond |v| = 4 the core gives 0.
pub fn psi(psi: Psi, v: Estimate, membrane_bits: u32) -> Estimate {
    let finest = 2f64.powi(-TABLE_BITS);
    let table = matches!(psi, Psi::Exp | Psi::Sigmoid);
    let cut = if table && membrane_bits as i32 > TABLE_BITS { finest } else { 0.0 };
    let (low, high) = ((v.value.abs() - v.error - cut).max(0.0), v.magnitude());
    let value = psi.slope(v.value);
    let moved = (psi.slope(low) - value).max(value - psi.slope(high));
    let arithmetic = match psi {
        Psi::Tri | Psi::TriOut => 0.3 * UNIT + (0.3 - 9830.0 * UNIT) + UNIT / 2.0,
        Psi::Exp | Psi::Sigmoid => {
            let peak = if low < finest { UNIT / 4.0 } else { 0.0 };
            interpolation(psi, low, high) + UNIT + peak
        }
    };
    Estimate { value, error: moved + arithmetic }
}

/// How far a line between two entries of the table may be from psi, for |v| from `low` to `high`: h^2 / 8 max |psi''|.
/// There are 32 entries an octave, so their distance is h <= |v| / 32, and the entry below |v| is at 31/32 |v| or above.
///
/// * exp: psi'' = 60000 / (z + 1)^4 with z = 100 |v|, and z^2 / (z + 1)^4 rises up to z = 1 and falls from there.
/// * sigmoid: psi'' = 4 psi (4 - 6 psi), at most 8 and at most 16 psi in magnitude.
fn interpolation(psi: Psi, low: f64, high: f64) -> f64 {
    let low = low * 31.0 / 32.0;
    let squares = 32.0 * 32.0 * 8.0;
    if psi == Psi::Exp {
        let z = 1f64.clamp(100.0 * low, 100.0 * high);
        // z is at |v| in h and at the entry below in psi''
        return 6.0 * (z * 32.0 / 31.0).powi(2) / (z + 1.0).powi(4) / squares;
    }
    high * high * (16.0 * psi.slope(low)).min(8.0) / squares
}

#[cfg(test)]
mod tests {
    use super::*;
    use stllr_core::psi::{Psi as CorePsi, Surrogate};

    #[test]
    fn the_core_s_tables_are_within_the_arithmetic_s_part() {
        let shapes = [
            (Psi::Exp, CorePsi::Exp),
            (Psi::Tri, CorePsi::Tri),
            (Psi::Sigmoid, CorePsi::Sigmoid),
            (Psi::TriOut, CorePsi::TriOut),
        ];
        for (shape, core) in shapes {
            for bits in [16, 20, 21] {
                let v: Vec<i32> = (-6000..6000).map(|k: i32| k * k.abs() / 4).collect();
                let mut got = vec![0; v.len()];
                Surrogate::new(core, bits).apply(&v, &mut got);
                for (&v, got) in v.iter().zip(got) {
                    let bound = psi(shape, Estimate::exact(v as f64 / 2f64.powi(bits as i32)), bits);
                    let off = (got as f64 * UNIT - bound.value).abs();
                    assert!(off <= bound.error, "{shape:?} of {v} at {bits} bits: {off:.1e}, not {bound:?}");
                }
            }
        }
    }
}
