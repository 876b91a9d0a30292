//! Binary cross-entropy of logits.

use super::{divide, gain_of};
use crate::exp::sigmoid;
use crate::fixed::SIGNAL_BITS;

/// 2^gain (sigmoid(u) - y) / count, `Q 26`, with the gain of a mean over `count`; u and y in `Q 16`, y held to 0..=1.
///
/// Within 2^-26 of the exact value.
pub fn error(u: i32, y: i32, count: usize) -> i32 {
    let y = (y.clamp(0, 1 << 16) as i64) << 14;
    let difference = sigmoid(u) as i64 - y;
    divide(difference << gain_of(count), (count as u64) << (30 - SIGNAL_BITS)) as i32
}
