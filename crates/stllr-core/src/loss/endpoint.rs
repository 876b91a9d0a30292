//! The average endpoint error of a flow.

use super::{Outcome, divide, gain_of};
use crate::fixed::SIGNAL_BITS;

/// Where the parts of a flow are held.
const FLOW_MAX: i32 = 1 << 30;

/// `error` = 2^gain e / |e| / N, `Q 26`, for e = (u, v) - flow at each of the N masked positions; zero where e is, and
/// where the mask is. Returns the gain, log2 of N rounded down, and the mean of |e|.
///
/// `membrane` and `error` have rows of `stride`, u and v first; `flow` has rows of two, `mask` a byte a position. All
/// are `Q 16`, magnitude up to 2^30. Errors are within 2^-26 of the exact value, the mean within 2^-16.
pub fn endpoint_error(membrane: &[i32], stride: usize, flow: &[i32], mask: &[u8], error: &mut [i32]) -> Outcome {
    error.fill(0);
    let count = mask.iter().filter(|&&known| known != 0).count() as u64;
    let gain = gain_of(count as usize);
    // 2^gain / N, one in Q 31.
    let share = divide(1 << (31 + gain), count);
    let mut sum = 0;
    let rows = membrane.chunks(stride).zip(error.chunks_mut(stride)).zip(flow.chunks_exact(2)).zip(mask);
    for (((membrane, error), flow), _) in rows.filter(|row| *row.1 != 0) {
        let ([u, v, ..], [x, y]) = (membrane, flow) else { continue };
        let held = |a: i32| a.clamp(-FLOW_MAX, FLOW_MAX) as i64;
        let difference = |a: &i32, b: &i32| held(*a) - held(*b);
        let (unit, length) = direction(difference(u, x), difference(v, y));
        sum += length as i64;
        let shift = 30 + 31 - SIGNAL_BITS;
        for (e, unit) in error.iter_mut().zip(unit) {
            *e = ((unit * share + (1 << (shift - 1))) >> shift) as i32;
        }
    }
    Outcome { gain, finest: 0, value: Some(divide(sum, count)) }
}

/// The unit vector along (x, y) in `Q 30`, zero for none, and the length in the format of x and y, to nearest. Both are
/// at most 2^31 in magnitude.
#[inline(never)]
pub(super) fn direction(x: i64, y: i64) -> ([i64; 2], u64) {
    let (a, b) = (x.unsigned_abs(), y.unsigned_abs());
    // As large as their squares' sum can be: the root keeps 30 bits of short vectors too.
    let up = (a | b).leading_zeros().saturating_sub(33).min(31);
    let (a, b) = (a << up, b << up);
    let root = (a * a + b * b).isqrt().max(1);
    let part = |a: u64, negative: bool| {
        let part = ((a << 30) / root) as i64;
        if negative { -part } else { part }
    };
    ([part(a, x < 0), part(b, y < 0)], (root + (1 << up >> 1)) >> up)
}
