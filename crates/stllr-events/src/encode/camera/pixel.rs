//! What a pixel goes by: the brightness of grey levels, and thresholds of its own.

use super::{BITS, CameraConfig};
use crate::encode::VALUE_BITS;
use crate::encode::number::{LOG_BITS, log2, scaled};
use alloc::boxed::Box;

#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    pub(super) on: u16,
    pub(super) off: u16,
}

/// L of each grey level.
pub(super) fn brightness(linear_below: u32) -> Box<[i32; 256]> {
    /// ln(2), with the bits of a logarithm.
    const LN_2: i64 = 11_629_080;
    let ln = |grey: u32| scaled(log2(grey.into()), LN_2, 2 * LOG_BITS - BITS);
    let mut table = Box::new([0; 256]);
    for (grey, to) in (0..).zip(table.iter_mut()) {
        *to = if grey >= linear_below {
            ln(grey) as i32
        } else {
            (ln(linear_below) * i64::from(grey) / i64::from(linear_below)) as i32
        };
    }
    table
}

pub(super) fn mismatched(config: &CameraConfig, pixel: u32) -> Thresholds {
    let of = |threshold: i32, which: u32| {
        let mut key = mix(config.seed ^ mix(2 * pixel + which));
        let mut sum = -4 * 32_768i64;
        for _ in 0..4 {
            key = mix(key.wrapping_add(0x9E37_79B9));
            sum += i64::from(key >> 16);
        }
        // Four numbers of variance 2^32 / 12 each: by sqrt(3) their sum has a standard deviation of 2^16.
        let z = (sum * 113_512) >> 16;
        let threshold = i64::from(threshold);
        let spread = (threshold * i64::from(config.mismatch)) >> VALUE_BITS;
        ((threshold + ((spread * z) >> 16)).max(threshold / 4) >> 4).clamp(1, 65_535) as u16
    };
    Thresholds { on: of(config.on, 1), off: of(config.off, 0) }
}

/// Spreads every bit of a word over the whole word; one to one (the finaliser of MurmurHash3).
fn mix(word: u32) -> u32 {
    let h = (word ^ (word >> 16)).wrapping_mul(0x85EB_CA6B);
    let h = (h ^ (h >> 13)).wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}
