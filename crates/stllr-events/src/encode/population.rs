//! Place code: the range of a value is cut into levels, and a channel spikes when its value comes into another one.
//!
//! The level is floor((x - low) levels / (high - low)), in 0..levels; the polarity of the event says which. The first sample counts
//! as a change.

use super::sampled::Code;
use super::setting::{Range, SettingError, ranges, within};
use crate::chunk::Chunk;
use alloc::boxed::Box;
use alloc::vec;

/// Settings of [`Population`].
#[derive(Debug, Clone, Copy)]
pub struct PopulationConfig<'a> {
    /// One a channel.
    pub ranges: &'a [Range],
    /// 2 to 256.
    pub levels: u32,
}

/// The code. 12 bytes a channel.
#[derive(Debug, Clone)]
pub struct Population {
    ranges: Box<[Range]>,
    levels: u32,
    last: Box<[Option<u8>]>,
}

impl Population {
    /// At rest.
    ///
    /// # Errors
    /// No or too many channels, an empty range, or a number of levels that is not allowed.
    pub fn new(config: &PopulationConfig<'_>) -> Result<Self, SettingError> {
        let PopulationConfig { ranges: each, levels } = *config;
        within("levels", levels.into(), 2, 256)?;
        Ok(Self { ranges: ranges(each)?, levels, last: vec![None; each.len()].into() })
    }
}

impl Code for Population {
    fn channels(&self) -> usize {
        self.ranges.len()
    }

    fn polarities(&self) -> u32 {
        self.levels
    }

    fn most_events(&self) -> usize {
        self.ranges.len()
    }

    fn frame(&mut self, t_us: u64, values: &[i32], plane: u8, out: &mut Chunk) {
        let levels = i64::from(self.levels);
        for (x, ((range, last), &value)) in self.ranges.iter().zip(&mut self.last).zip(values).enumerate() {
            let level = (range.above(value) * levels / range.width()).min(levels - 1) as u8;
            if *last != Some(level) {
                *last = Some(level);
                out.push(t_us, x as u16, 0, plane + level);
            }
        }
    }

    fn reset(&mut self) {
        self.last.fill(None);
    }
}
