//! Samples of sound as files store them, to 16 bits, without floats.

use crate::decode::npy::number::float;

/// How a sample is stored: so many bytes, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub bytes: usize,
    pub is_float: bool,
}

impl Stored {
    /// The sample at the beginning of `stored`, full scale being 2^15: rounded to the nearest, halves up, and held to what 16
    /// bits can be. One byte has no sign, more have one. `None` for a float that is no finite number.
    #[inline]
    pub fn read(self, stored: &[u8]) -> Option<i16> {
        if self.is_float {
            let mut word = [0; 8];
            word[..self.bytes].copy_from_slice(&stored[..self.bytes]);
            let (mantissa, exponent, negative) = float(u64::from_le_bytes(word), 8 * self.bytes)?;
            return Some(scaled(mantissa, exponent + 15, negative));
        }
        // At the top of 32 bits, as WAV aligns samples of fewer bits too.
        let mut word = [0; 4];
        word[4 - self.bytes..].copy_from_slice(&stored[..self.bytes]);
        let word = if self.bytes == 1 { i32::from_le_bytes(word) ^ i32::MIN } else { i32::from_le_bytes(word) };
        Some(held((i64::from(word) + 0x8000) >> 16))
    }
}

/// mantissa x 2^exponent to the nearest whole number.
fn scaled(mantissa: u64, exponent: i32, negative: bool) -> i16 {
    // Below 2^53.
    let number = if negative { -(mantissa as i64) } else { mantissa as i64 };
    held(match exponent {
        // Beyond 16 bits by then, as only numbers far below 1 have mantissas of fewer bits than their kind.
        0.. => number,
        -62..0 => (number + (1 << (-exponent - 1))) >> -exponent,
        _ => 0,
    })
}

fn held(sample: i64) -> i16 {
    sample.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
}
