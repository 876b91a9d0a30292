//! The mean square.

use super::divide;
use crate::fixed::{READOUT_MEMBRANE_BITS, SIGNAL_BITS, SIGNAL_MAX};

/// 2 (u - y) / count to nearest, `Q 26`, saturating; u and y in `Q 16`.
pub fn error(u: i32, y: i32, count: usize) -> i32 {
    let difference = u as i64 - y as i64;
    let exact = divide(difference << (SIGNAL_BITS - READOUT_MEMBRANE_BITS + 1), count as u64);
    exact.clamp(-SIGNAL_MAX as i64, SIGNAL_MAX as i64) as i32
}
