//! Rate code: a channel spikes the more often, the larger its value.
//!
//! v += clip(x, low, high) - low at every sample; where v >= high - low it spikes and v -= high - low: never at `low`, at every
//! sample at `high`.

use super::sampled::Code;
use super::setting::{Range, SettingError, ranges};
use crate::chunk::Chunk;
use alloc::boxed::Box;
use alloc::vec;

/// The code. 16 bytes a channel.
#[derive(Debug, Clone)]
pub struct Rate {
    ranges: Box<[Range]>,
    sums: Box<[i64]>,
}

impl Rate {
    /// At rest, with a range for each channel.
    ///
    /// # Errors
    /// No or too many channels, or a range that is empty.
    pub fn new(each: &[Range]) -> Result<Self, SettingError> {
        Ok(Self { ranges: ranges(each)?, sums: vec![0; each.len()].into() })
    }
}

impl Code for Rate {
    fn channels(&self) -> usize {
        self.ranges.len()
    }

    fn polarities(&self) -> u32 {
        1
    }

    fn most_events(&self) -> usize {
        self.ranges.len()
    }

    fn frame(&mut self, t_us: u64, values: &[i32], plane: u8, out: &mut Chunk) {
        for (x, ((range, sum), &value)) in self.ranges.iter().zip(&mut self.sums).zip(values).enumerate() {
            *sum += range.above(value);
            if *sum >= range.width() {
                *sum -= range.width();
                out.push(t_us, x as u16, 0, plane);
            }
        }
    }

    fn reset(&mut self) {
        self.sums.fill(0);
    }
}
