//! Background activity: an event passes only where enough of the eight pixels around it had one a short time ago.

use super::Filter;
use super::each::{Judge, Order, Why, each};
use super::pixels::{NEVER, Pixels};
use crate::chunk::{Event, MAX_TIME_US};
use crate::encode::{SettingError, within};
use alloc::boxed::Box;

/// The sensor, and what supports an event. 8 bytes a pixel.
#[derive(Debug, Clone, Copy)]
pub struct BackgroundConfig {
    /// Columns: 1 to 4,096.
    pub width: u32,
    /// Rows: 1 to 4,096.
    pub height: u32,
    /// How long ago the last event of a pixel around may be, in us: 1 and up. Events that did not pass count too.
    pub window_us: u64,
    /// How many such pixels an event needs: 1 to 8.
    pub support: u32,
}

struct Background {
    config: BackgroundConfig,
    order: Order,
    last: Pixels<u64>,
}

impl BackgroundConfig {
    /// The filter.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn filter(self) -> Result<Box<dyn Filter>, SettingError> {
        within("windowUs", self.window_us as i64, 1, MAX_TIME_US as i64)?;
        within("support", self.support.into(), 1, 8)?;
        let last = Pixels::new(self.width, self.height, NEVER)?;
        Ok(each(Background { config: self, order: Order::default(), last }))
    }
}

impl Judge for Background {
    #[inline]
    fn judge(&mut self, event: Event<u64>) -> Result<Event<u64>, Why> {
        let place = self.last.place(event.x, event.y)?;
        self.order.check(event.t)?;
        self.last.values[place] = event.t;
        let is_recent = |&place: &usize| {
            let last = self.last.values[place];
            last != NEVER && event.t - last <= self.config.window_us
        };
        let supporters = self.last.around(event.x, event.y).filter(is_recent);
        let support = self.config.support as usize;
        if supporters.take(support).count() < support { Err(Why::Rule) } else { Ok(event) }
    }

    fn reset(&mut self) {
        self.order = Order::default();
        self.last.reset();
    }
}
