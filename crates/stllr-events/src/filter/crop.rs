//! Crop: a rectangle of the sensor becomes the whole of it.

use super::Filter;
use super::each::{Judge, Why, each};
use crate::chunk::Event;
use crate::encode::{SettingError, within};
use alloc::boxed::Box;

/// The rectangle. Its first column and row become 0.
#[derive(Debug, Clone, Copy)]
pub struct CropConfig {
    /// The first column.
    pub x: u16,
    /// The first row.
    pub y: u16,
    /// Columns: 1 to 65,536.
    pub width: u32,
    /// Rows: 1 to 65,536.
    pub height: u32,
}

impl CropConfig {
    /// The filter.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn filter(self) -> Result<Box<dyn Filter>, SettingError> {
        within("width", self.width.into(), 1, 1 << 16)?;
        within("height", self.height.into(), 1, 1 << 16)?;
        Ok(each(self))
    }
}

impl Judge for CropConfig {
    #[inline]
    fn judge(&mut self, event: Event<u64>) -> Result<Event<u64>, Why> {
        // What lies before the first wraps to beyond the last.
        let x = u32::from(event.x).wrapping_sub(self.x.into());
        let y = u32::from(event.y).wrapping_sub(self.y.into());
        if x < self.width && y < self.height { Ok(Event { x: x as u16, y: y as u16, ..event }) } else { Err(Why::Rule) }
    }
}
