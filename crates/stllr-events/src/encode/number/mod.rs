//! Sines and logarithms by integers: tables that are the same on every machine.

mod angle;
mod logarithm;

pub use angle::{UNIT, UNIT_BITS, cosine_sine};
pub use logarithm::{HZ_BITS, LOG_BITS, halved, log2, power_of_two, spaced};

/// `value` times a fraction with `bits` bits after the point, rounded to nearest.
pub fn scaled(value: i64, fraction: i64, bits: u32) -> i64 {
    (value * fraction + (1 << (bits - 1))) >> bits
}
