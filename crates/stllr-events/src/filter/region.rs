//! Regions of interest: what lies in any of some rectangles is kept where it is; or what lies in none.

use super::Filter;
use super::each::{Judge, Why, each};
use crate::chunk::Event;
use crate::encode::{SettingError, within};
use alloc::boxed::Box;

/// Columns x..x + width, rows y..y + height.
#[derive(Debug, Clone, Copy)]
pub struct Rectangle {
    /// The first column.
    pub x: u16,
    /// The first row.
    pub y: u16,
    /// Columns: 1 to 65,536.
    pub width: u32,
    /// Rows: 1 to 65,536.
    pub height: u32,
}

/// The regions.
#[derive(Debug, Clone)]
pub struct RegionConfig {
    /// 1 to 64.
    pub regions: Box<[Rectangle]>,
    /// Is what lies outside of all kept in place of what lies inside of any?
    pub is_outside: bool,
}

impl RegionConfig {
    /// The filter.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn filter(self) -> Result<Box<dyn Filter>, SettingError> {
        within("regions.length", self.regions.len() as i64, 1, 64)?;
        for region in &self.regions {
            within("width", region.width.into(), 1, 1 << 16)?;
            within("height", region.height.into(), 1, 1 << 16)?;
        }
        Ok(each(self))
    }
}

impl Judge for RegionConfig {
    #[inline]
    fn judge(&mut self, event: Event<u64>) -> Result<Event<u64>, Why> {
        let is_in = self.regions.iter().any(|region| {
            u32::from(event.x).wrapping_sub(region.x.into()) < region.width
                && u32::from(event.y).wrapping_sub(region.y.into()) < region.height
        });
        if is_in == self.is_outside { Err(Why::Rule) } else { Ok(event) }
    }
}
