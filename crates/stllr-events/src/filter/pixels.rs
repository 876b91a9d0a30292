//! Something for each pixel of a sensor.

use super::each::Why;
use crate::encode::SettingError;
use crate::encode::within;
use alloc::boxed::Box;
use alloc::vec;

/// A time that no event has.
pub(super) const NEVER: u64 = u64::MAX;

/// A value for each pixel.
#[derive(Debug, Clone)]
pub(super) struct Pixels<T> {
    width: u32,
    height: u32,
    empty: T,
    pub(super) values: Box<[T]>,
}

impl<T: Copy> Pixels<T> {
    /// Of a sensor of 1 to 4,096 columns and rows.
    pub(super) fn new(width: u32, height: u32, empty: T) -> Result<Self, SettingError> {
        within("width", width.into(), 1, 4096)?;
        within("height", height.into(), 1, 4096)?;
        Ok(Self { width, height, empty, values: vec![empty; (width * height) as usize].into() })
    }

    /// Where a pixel's value is.
    #[inline(always)]
    pub(super) fn place(&self, x: u16, y: u16) -> Result<usize, Why> {
        let (x, y) = (u32::from(x), u32::from(y));
        if x < self.width && y < self.height { Ok((y * self.width + x) as usize) } else { Err(Why::Outside) }
    }

    /// The places of the up to eight pixels around.
    #[inline(always)]
    pub(super) fn around(&self, x: u16, y: u16) -> impl Iterator<Item = usize> + use<T> {
        let (width, height) = (self.width, self.height);
        let (x, y) = (u32::from(x), u32::from(y));
        let rows = y.saturating_sub(1)..(y + 2).min(height);
        rows.flat_map(move |row| {
            let columns = x.saturating_sub(1)..(x + 2).min(width);
            columns.filter(move |&column| column != x || row != y).map(move |column| (row * width + column) as usize)
        })
    }

    pub(super) fn reset(&mut self) {
        self.values.fill(self.empty);
    }
}
