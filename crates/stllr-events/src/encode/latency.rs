//! Latency code: each sample is one spike a channel, the sooner the larger its value.
//!
//! A value above `low` spikes floor((high - x) (span - 1) / (high - low)) us after its sample; one at or below `low` does not.

use super::clock::Clock;
use super::sampled::Code;
use super::setting::{Range, SettingError, ranges, within};
use crate::chunk::Chunk;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Settings of [`Latency`].
#[derive(Debug, Clone, Copy)]
pub struct LatencyConfig<'a> {
    /// One a channel.
    pub ranges: &'a [Range],
    /// All spikes of a sample come within so many us of it: 1 to the whole us between samples.
    pub span_us: u64,
}

/// The code. 16 bytes a channel.
#[derive(Debug, Clone)]
pub struct Latency {
    ranges: Box<[Range]>,
    span_us: u64,
    /// The spikes of a sample, as delay and channel, to be brought into order.
    spikes: Vec<u64>,
}

impl Latency {
    /// At rest; `clock` says how far samples lie apart.
    ///
    /// # Errors
    /// No or too many channels, an empty range, or a span that reaches beyond the next sample.
    pub fn new(config: &LatencyConfig<'_>, clock: &Clock) -> Result<Self, SettingError> {
        let LatencyConfig { ranges: each, span_us } = *config;
        // A delay must fit beside a channel in 64 bits.
        let most = clock.period_us().min(1 << 40);
        within("spanUs", i64::try_from(span_us).unwrap_or(i64::MAX), 1, most as i64)?;
        Ok(Self { ranges: ranges(each)?, span_us, spikes: Vec::with_capacity(each.len()) })
    }
}

impl Code for Latency {
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
        self.spikes.clear();
        for (x, (range, &value)) in self.ranges.iter().zip(values).enumerate() {
            let above = range.above(value);
            if above > 0 {
                let below = (range.width() - above) as u128;
                let delay = below * u128::from(self.span_us - 1) / range.width() as u128;
                self.spikes.push((delay as u64) << 16 | x as u64);
            }
        }
        self.spikes.sort_unstable();
        for &spike in &self.spikes {
            out.push(t_us + (spike >> 16), spike as u16, 0, plane);
        }
    }

    fn reset(&mut self) {}
}
