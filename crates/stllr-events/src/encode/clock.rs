//! When the samples of a stream are: time from their number, without a rounding that adds up.

use super::setting::{SettingError, within};
use crate::chunk::MAX_TIME_US;

/// The time of one sample after the other: start + floor(number * 10^9 / rate in mHz) microseconds.
#[derive(Debug, Clone)]
pub struct Clock {
    start_us: u64,
    rate_mhz: u64,
    now_us: u64,
    /// What the floor has left over, in parts of `rate_mhz`.
    rest: u64,
}

/// Microseconds of a period, times the rate in mHz.
const PERIOD: u64 = 1_000_000_000;

impl Clock {
    /// A clock that stands at sample 0.
    ///
    /// # Errors
    /// A start beyond 2^52 us, or a rate that is not from 1 to 10^9 mHz (1 MHz).
    pub fn new(start_us: u64, rate_mhz: u64) -> Result<Self, SettingError> {
        within("startUs", i64::try_from(start_us).unwrap_or(i64::MAX), 0, 1 << 52)?;
        within("sampleRateHz x 1000", i64::try_from(rate_mhz).unwrap_or(i64::MAX), 1, PERIOD as i64)?;
        Ok(Self { start_us, rate_mhz, now_us: start_us, rest: 0 })
    }

    /// Back to sample 0.
    pub(crate) fn reset(&mut self) {
        (self.now_us, self.rest) = (self.start_us, 0);
    }

    /// The time of the current sample. Times end at [`MAX_TIME_US`].
    pub(crate) fn now_us(&self) -> u64 {
        self.now_us
    }

    /// The next sample.
    pub(crate) fn tick(&mut self) {
        self.rest += PERIOD % self.rate_mhz;
        self.now_us += PERIOD / self.rate_mhz;
        if self.rest >= self.rate_mhz {
            self.rest -= self.rate_mhz;
            self.now_us += 1;
        }
        self.now_us = self.now_us.min(MAX_TIME_US);
    }

    /// Samples a second, in thousandths.
    pub(crate) fn rate_mhz(&self) -> u64 {
        self.rate_mhz
    }

    /// No fewer microseconds than so many samples take.
    pub(crate) fn span_us(&self, samples: u64) -> u64 {
        (u128::from(samples) * u128::from(PERIOD)).div_ceil(u128::from(self.rate_mhz)) as u64
    }

    /// The whole microseconds of a period, at least.
    pub(crate) fn period_us(&self) -> u64 {
        PERIOD / self.rate_mhz
    }
}
