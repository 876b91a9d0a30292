//! Rate limit: no more events a second than can be dealt with, and a burst above it; what is more is dropped and counted.
//!
//! A bucket holds `burst` tokens at first and gains `rate` a second, up to `burst`. An event takes one, or is dropped where there is
//! none: so no stretch of time has more than burst + rate times its length.

use super::Filter;
use super::each::{Judge, Order, Why, each};
use crate::chunk::Event;
use crate::encode::{SettingError, within};
use alloc::boxed::Box;

/// How many.
#[derive(Debug, Clone, Copy)]
pub struct RateLimitConfig {
    /// Events a second: 1 to 10^9.
    pub rate: u32,
    /// Events at once: 1 to 10^9.
    pub burst: u32,
}

/// Parts of a token: the rate gives as many a microsecond.
const TOKEN: u64 = 1_000_000;

struct RateLimit {
    config: RateLimitConfig,
    order: Order,
    last_us: u64,
    parts: u64,
}

impl RateLimitConfig {
    /// The filter.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn filter(self) -> Result<Box<dyn Filter>, SettingError> {
        within("rateHz", self.rate.into(), 1, 1_000_000_000)?;
        within("burst", self.burst.into(), 1, 1_000_000_000)?;
        Ok(each(RateLimit { config: self, order: Order::default(), last_us: 0, parts: u64::from(self.burst) * TOKEN }))
    }
}

impl Judge for RateLimit {
    #[inline]
    fn judge(&mut self, event: Event<u64>) -> Result<Event<u64>, Why> {
        self.order.check(event.t)?;
        let gained = (event.t - self.last_us).saturating_mul(self.config.rate.into());
        self.last_us = event.t;
        self.parts = self.parts.saturating_add(gained).min(u64::from(self.config.burst) * TOKEN);
        if self.parts < TOKEN {
            return Err(Why::Rule);
        }
        self.parts -= TOKEN;
        Ok(event)
    }

    fn reset(&mut self) {
        self.order = Order::default();
        self.last_us = 0;
        self.parts = u64::from(self.config.burst) * TOKEN;
    }
}
