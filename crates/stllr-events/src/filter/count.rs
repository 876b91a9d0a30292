//! Steps of a fixed count: time is told by events, so that a step holds `events` of them however fast they come.
//!
//! The k-th event, from 0, gets the time floor(k / events) step_us: who then cuts time into steps of `step_us` from 0 on, as a network
//! does, has that many events in each.

use super::Filter;
use super::each::{Judge, Order, Why, each};
use crate::chunk::{Event, MAX_TIME_US};
use crate::encode::{SettingError, within};
use alloc::boxed::Box;

/// How many events a step has, and what a step is taken to last.
#[derive(Debug, Clone, Copy)]
pub struct CountConfig {
    /// 1 to 2^32 - 1.
    pub events: u32,
    /// 1 to 2^32 us.
    pub step_us: u64,
}

struct Count {
    config: CountConfig,
    order: Order,
    in_step: u32,
    step_begin_us: u64,
}

impl CountConfig {
    /// The filter.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn filter(self) -> Result<Box<dyn Filter>, SettingError> {
        within("events", self.events.into(), 1, u32::MAX.into())?;
        within("stepUs", self.step_us as i64, 1, 1 << 32)?;
        Ok(each(Count { config: self, order: Order::default(), in_step: 0, step_begin_us: 0 }))
    }
}

impl Judge for Count {
    #[inline]
    fn judge(&mut self, event: Event<u64>) -> Result<Event<u64>, Why> {
        self.order.check(event.t)?;
        if self.in_step == self.config.events {
            self.in_step = 0;
            self.step_begin_us = (self.step_begin_us + self.config.step_us).min(MAX_TIME_US);
        }
        self.in_step += 1;
        Ok(Event { t: self.step_begin_us, ..event })
    }

    fn reset(&mut self) {
        self.order = Order::default();
        (self.in_step, self.step_begin_us) = (0, 0);
    }
}
