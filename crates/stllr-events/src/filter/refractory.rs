//! Refractory period: for so long after an event of a pixel there is no other, of any polarity.

use super::Filter;
use super::each::{Judge, Order, Why, each};
use super::pixels::{NEVER, Pixels};
use crate::chunk::{Event, MAX_TIME_US};
use crate::encode::{SettingError, within};
use alloc::boxed::Box;

/// The sensor and the period. 8 bytes a pixel.
#[derive(Debug, Clone, Copy)]
pub struct RefractoryConfig {
    /// Columns: 1 to 4,096.
    pub width: u32,
    /// Rows: 1 to 4,096.
    pub height: u32,
    /// An event passes if the last that passed was at least so many us ago: 1 us and up.
    pub period_us: u64,
}

struct Refractory {
    period_us: u64,
    order: Order,
    last: Pixels<u64>,
}

impl RefractoryConfig {
    /// The filter.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn filter(self) -> Result<Box<dyn Filter>, SettingError> {
        within("periodUs", self.period_us as i64, 1, MAX_TIME_US as i64)?;
        let last = Pixels::new(self.width, self.height, NEVER)?;
        Ok(each(Refractory { period_us: self.period_us, order: Order::default(), last }))
    }
}

impl Judge for Refractory {
    #[inline]
    fn judge(&mut self, event: Event<u64>) -> Result<Event<u64>, Why> {
        let place = self.last.place(event.x, event.y)?;
        self.order.check(event.t)?;
        let last = &mut self.last.values[place];
        if *last != NEVER && event.t - *last < self.period_us {
            return Err(Why::Rule);
        }
        *last = event.t;
        Ok(event)
    }

    fn reset(&mut self) {
        self.order = Order::default();
        self.last.reset();
    }
}
