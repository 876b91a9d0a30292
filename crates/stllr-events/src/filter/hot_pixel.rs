//! Hot pixels: one that fires more often than any scene makes it is silenced until it has been quiet.
//!
//! Time is cut into windows. Of a pixel and window the first `most` events pass; none does in a window that follows one with more
//! events than that.

use super::Filter;
use super::each::{Judge, Order, Why, each};
use super::pixels::{NEVER, Pixels};
use crate::chunk::{Event, MAX_TIME_US};
use crate::encode::{SettingError, within};
use alloc::boxed::Box;

/// The sensor, and how often is too often. 16 bytes a pixel.
#[derive(Debug, Clone, Copy)]
pub struct HotPixelConfig {
    /// Columns: 1 to 4,096.
    pub width: u32,
    /// Rows: 1 to 4,096.
    pub height: u32,
    /// The length of a window in us, from time 0 on: 1 and up.
    pub window_us: u64,
    /// Events of a pixel in a window: 1 and up.
    pub most: u32,
}

#[derive(Debug, Clone, Copy)]
struct Pixel {
    window: u64,
    count: u32,
    is_hot: bool,
}

struct HotPixel {
    config: HotPixelConfig,
    order: Order,
    pixels: Pixels<Pixel>,
}

impl HotPixelConfig {
    /// The filter.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn filter(self) -> Result<Box<dyn Filter>, SettingError> {
        within("windowUs", self.window_us as i64, 1, MAX_TIME_US as i64)?;
        within("most", self.most.into(), 1, u32::MAX.into())?;
        let pixels = Pixels::new(self.width, self.height, Pixel { window: NEVER, count: 0, is_hot: false })?;
        Ok(each(HotPixel { config: self, order: Order::default(), pixels }))
    }
}

impl Judge for HotPixel {
    #[inline]
    fn judge(&mut self, event: Event<u64>) -> Result<Event<u64>, Why> {
        let place = self.pixels.place(event.x, event.y)?;
        self.order.check(event.t)?;
        let HotPixelConfig { window_us, most, .. } = self.config;
        let pixel = &mut self.pixels.values[place];
        let window = event.t / window_us;
        if pixel.window != window {
            let is_next = pixel.window.wrapping_add(1) == window;
            *pixel = Pixel { window, count: 0, is_hot: is_next && pixel.count > most };
        }
        pixel.count = pixel.count.saturating_add(1);
        if pixel.is_hot || pixel.count > most { Err(Why::Rule) } else { Ok(event) }
    }

    fn reset(&mut self) {
        self.order = Order::default();
        self.pixels.reset();
    }
}
