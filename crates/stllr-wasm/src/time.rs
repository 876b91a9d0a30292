//! Times as JavaScript holds them.

use stllr_events::{MAX_TIME_US, TimeUs};

/// A time as JavaScript gives it: a number, which may be anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
#[repr(transparent)]
pub struct JsTime(pub f64);

impl TimeUs for JsTime {
    #[inline(always)]
    fn us(self) -> Option<u64> {
        // The cast saturates and makes NaN 0, so only whole numbers in range survive the way back.
        let us = self.0 as u64;
        (us as f64 == self.0 && us <= MAX_TIME_US).then_some(us)
    }

    #[inline(always)]
    fn from_us(us: u64) -> Self {
        Self(us as f64)
    }

    #[inline(always)]
    fn is_whole(self) -> bool {
        // From 2^52 on there are no fractions.
        self.0.abs() >= 4_503_599_627_370_496.0 || self.0 as i64 as f64 == self.0
    }
}
