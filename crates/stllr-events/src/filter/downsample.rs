//! Downsampling: cells of several pixels as one, which may count events before it passes one on.

use super::Filter;
use super::each::{Judge, Why, each};
use crate::chunk::Event;
use crate::encode::{SettingError, within};
use alloc::boxed::Box;
use alloc::vec;

/// How coarse.
#[derive(Debug, Clone, Copy)]
pub struct DownsampleConfig {
    /// Columns of the sensor: 1 to 4,096.
    pub width: u32,
    /// Rows: 1 to 4,096.
    pub height: u32,
    /// Columns and rows of a cell: 1 to 4,096. Cells at the right and lower edge may be cut.
    pub factor: u32,
    /// Of each cell and polarity the n-th event of every n passes: 1 to 65,535.
    pub every: u32,
    /// Polarities of the events, 1 to 256, where `every` is more than 1; others are outside. 2 bytes for each of every cell.
    pub polarities: u32,
}

struct Downsample {
    config: DownsampleConfig,
    columns: u32,
    rows: u32,
    /// Events since the last that passed; none where each does.
    counts: Box<[u16]>,
}

impl DownsampleConfig {
    /// The filter.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn filter(self) -> Result<Box<dyn Filter>, SettingError> {
        within("width", self.width.into(), 1, 4096)?;
        within("height", self.height.into(), 1, 4096)?;
        within("factor", self.factor.into(), 1, 4096)?;
        within("every", self.every.into(), 1, 65_535)?;
        within("polarities", self.polarities.into(), 1, 256)?;
        let (columns, rows) = (self.width.div_ceil(self.factor), self.height.div_ceil(self.factor));
        let counts = if self.every == 1 { 0 } else { i64::from(columns * rows) * i64::from(self.polarities) };
        within("cells x polarities", counts, 0, 1 << 24)?;
        Ok(each(Downsample { config: self, columns, rows, counts: vec![0; counts as usize].into() }))
    }
}

impl Judge for Downsample {
    #[inline]
    fn judge(&mut self, event: Event<u64>) -> Result<Event<u64>, Why> {
        let DownsampleConfig { width, height, factor, every, polarities } = self.config;
        if u32::from(event.x) >= width || u32::from(event.y) >= height {
            return Err(Why::Outside);
        }
        let (x, y) = (u32::from(event.x) / factor, u32::from(event.y) / factor);
        if every > 1 {
            if u32::from(event.p) >= polarities {
                return Err(Why::Outside);
            }
            let count = &mut self.counts[((u32::from(event.p) * self.rows + y) * self.columns + x) as usize];
            *count += 1;
            if u32::from(*count) < every {
                return Err(Why::Rule);
            }
            *count = 0;
        }
        Ok(Event { x: x as u16, y: y as u16, ..event })
    }

    fn reset(&mut self) {
        self.counts.fill(0);
    }
}
