//! Surrogate derivatives psi(v) of a spike, v = membrane - threshold before the reset.
//!
//! | name | psi(v) |
//! | --- | --- |
//! | `Exp` | 1 / (100 \|v\| + 1)^2 |
//! | `Tri` | 0.3 max(0, 1 - \|v\|) |
//! | `Sigmoid` | 4 s(4v) (1 - s(4v)), s the logistic function |
//! | `TriOut` | `Tri`; in the weight update the spike itself stands in its place |

use crate::exp::exp_neg;
use crate::fixed::ONE_Q15;
use crate::kernel;
use alloc::vec::Vec;

/// Which surrogate derivative a layer uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Psi {
    /// 1 / (100 |v| + 1)^2
    Exp,
    /// 0.3 max(0, 1 - |v|)
    Tri,
    /// 4 s(4v) (1 - s(4v))
    Sigmoid,
    /// `Tri` for what passes down, the spike for the weight update.
    TriOut,
}

/// 0.3 in `Q 15`.
pub const TRI_SLOPE: i32 = 9830;

/// Fraction bits of |v| in the tables.
const TABLE_BITS: u32 = 20;
/// |v| is read up to 4, where every tabulated surrogate is below 2^-15 or as good as.
const TABLE_END: u32 = 4 << TABLE_BITS;
/// Entries an octave of |v|, as a power of two: steps are fine near 0, where `Exp` is steep.
const OCTAVE_BITS: u32 = 5;

/// Computes psi for a layer; holds the table where there is one.
#[derive(Clone, Debug)]
pub struct Surrogate {
    psi: Psi,
    membrane_bits: u32,
    table: Vec<u16>,
}

impl Surrogate {
    /// For membranes with `membrane_bits` fraction bits (16 to 21).
    pub fn new(psi: Psi, membrane_bits: u32) -> Self {
        let table = match psi {
            Psi::Tri | Psi::TriOut => Vec::new(),
            Psi::Exp => table(exp_at),
            Psi::Sigmoid => table(sigmoid_at),
        };
        Self { psi, membrane_bits, table }
    }

    /// Bytes that the table occupies.
    pub fn bytes(psi: Psi) -> usize {
        match psi {
            Psi::Tri | Psi::TriOut => 0,
            Psi::Exp | Psi::Sigmoid => (index_of(TABLE_END) + 2) * size_of::<u16>(),
        }
    }

    /// psi of each `v` (membrane format), `Q 15`, 0..=32768. Slices of equal length.
    pub fn apply(&self, v: &[i32], psi: &mut [i32]) {
        match self.psi {
            Psi::Tri | Psi::TriOut => kernel::tri(v, psi, self.membrane_bits),
            Psi::Exp | Psi::Sigmoid => {
                for (psi, v) in psi.iter_mut().zip(v) {
                    *psi = self.look_up(v.unsigned_abs());
                }
            }
        }
    }

    /// Linear between the two entries around |v|.
    fn look_up(&self, magnitude: u32) -> i32 {
        let a = if self.membrane_bits >= TABLE_BITS {
            magnitude >> (self.membrane_bits - TABLE_BITS)
        } else {
            magnitude.saturating_mul(1 << (TABLE_BITS - self.membrane_bits))
        };
        if a >= TABLE_END {
            return 0;
        }
        let index = index_of(a);
        let (left, right) = (self.table[index] as i32, self.table[index + 1] as i32);
        let step_bits = step_bits_of(a);
        let rest = (a & ((1 << step_bits) - 1)) as i64;
        // One is stored as 65535: give it back whole.
        let value = ((left as i64) << step_bits) + (right - left) as i64 * rest;
        let half = 1i64 << step_bits >> 1;
        (((value + half) >> step_bits) as i32 + 1) >> 1
    }
}

/// The entry at or below `a`: the first 2^OCTAVE_BITS one by one, then as many an octave.
const fn index_of(a: u32) -> usize {
    let step = step_bits_of(a);
    ((step << OCTAVE_BITS) + (a >> step)) as usize
}

/// log2 of the distance of neighbouring entries at `a`.
const fn step_bits_of(a: u32) -> u32 {
    let bits = 32 - a.leading_zeros();
    bits.saturating_sub(OCTAVE_BITS + 1)
}

/// Entries in `Q 16`, one stored as 65535; one more than can be looked up, for the interpolation.
fn table(at: fn(u32) -> u32) -> Vec<u16> {
    let mut entries = Vec::with_capacity(index_of(TABLE_END) + 2);
    let mut a = 0;
    while a <= TABLE_END {
        entries.push(at(a).min(u16::MAX as u32) as u16);
        a += 1 << step_bits_of(a);
    }
    entries.push(0);
    entries
}

/// 1 / (100 a + 1)^2 in `Q 16`, `a` in `Q TABLE_BITS`.
fn exp_at(a: u32) -> u32 {
    // Below 2^29, as |v| is at most 4.
    let root = 100 * a as u64 + (1 << TABLE_BITS);
    let square = root * root;
    let one = 1u64 << (2 * TABLE_BITS + 16);
    ((one + square / 2) / square) as u32
}

/// 4 e / (1 + e)^2 with e = exp(-4a): what 4 s (1 - s) is.
fn sigmoid_at(a: u32) -> u32 {
    let e = exp_neg((4 * a) >> (TABLE_BITS - 16)) as u64;
    let sum = (1 << 30) + e;
    let square = sum * sum;
    // The quotient of e 2^48, which is too large for a word, and the square, bit by bit and then one more to round by.
    let (mut quotient, mut rest) = (0u32, e << 31);
    for _ in 0..18 {
        quotient *= 2;
        rest *= 2;
        if rest >= square {
            quotient += 1;
            rest -= square;
        }
    }
    quotient.div_ceil(2)
}

/// `Tri` for one value: what [`kernel::tri`] computes, `Q 15`.
#[inline(always)]
pub const fn tri(v: i32, membrane_bits: u32) -> i32 {
    let one = 1 << membrane_bits;
    let magnitude = if v < 0 { v.wrapping_neg() } else { v };
    let rest = one - magnitude;
    if rest <= 0 {
        return 0;
    }
    ((rest >> (membrane_bits - 15)) * TRI_SLOPE + ONE_Q15 / 2) >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    fn psi(kind: Psi, v: i32, bits: u32) -> i32 {
        let mut out = [0];
        Surrogate::new(kind, bits).apply(&[v], &mut out);
        out[0]
    }

    #[test]
    fn peaks_at_the_threshold() {
        assert_eq!(psi(Psi::Exp, 0, 21), 32768);
        assert_eq!(psi(Psi::Sigmoid, 0, 21), 32768);
        assert_eq!(psi(Psi::Tri, 0, 21), 9830);
        assert_eq!(psi(Psi::TriOut, 0, 16), 9830);
    }

    #[test]
    fn exp_is_the_rational_function_within_two_units() {
        for bits in 16..=21u32 {
            let surrogate = Surrogate::new(Psi::Exp, bits);
            for v in (0..5i64 << bits).step_by(97 << (bits - 16)) {
                let root = (100 * v + (1 << bits)) as i128;
                let want = (1i128 << (2 * bits + 15)) / (root * root);
                let got = surrogate.look_up(v as u32) as i128;
                assert!((got - want).abs() <= 2, "bits {bits}, v {v}: {got}, not {want}");
            }
        }
    }

    #[test]
    fn tables_hold_rounded_quotients() {
        for a in (0..=TABLE_END).step_by(61) {
            let e = exp_neg((4 * a) >> (TABLE_BITS - 16)) as u128;
            let (root, sum) = (100 * a as u128 + (1 << TABLE_BITS), (1 << 30) + e);
            let rounded = |n: u128, square: u128| ((n + square / 2) / square) as u32;
            assert_eq!(exp_at(a), rounded(1 << (2 * TABLE_BITS + 16), root * root));
            assert_eq!(sigmoid_at(a), rounded(e << 48, sum * sum));
        }
    }

    #[test]
    fn sigmoid_is_even_falls_and_has_its_known_values() {
        // 4 s(4v)(1 - s(4v)) = sech(2v)^2: sech(1)^2 = 0.419974, sech(2)^2 = 0.070651.
        for (v, want) in [(1 << 20, 13_762), (1 << 21, 2_315)] {
            assert!((psi(Psi::Sigmoid, v, 21) - want).abs() <= 1);
            assert_eq!(psi(Psi::Sigmoid, v, 21), psi(Psi::Sigmoid, -v, 21));
        }
        let mut last = 1 << 15;
        for v in (0..1 << 24).step_by(1009) {
            let now = psi(Psi::Sigmoid, v, 21);
            assert!(now <= last);
            last = now;
        }
    }

    #[test]
    fn nothing_breaks_at_the_ends_of_the_range() {
        for kind in [Psi::Exp, Psi::Tri, Psi::Sigmoid, Psi::TriOut] {
            for v in [i32::MIN + 1, -(1 << 30), i32::MAX, (4 << 21) - 1, 4 << 21] {
                assert!(psi(kind, v, 21) <= 1);
                assert!(psi(kind, v, 16) <= 1);
            }
            let table = Surrogate::new(kind, 21).table;
            assert_eq!(table.len() * 2, Surrogate::bytes(kind));
        }
    }
}
