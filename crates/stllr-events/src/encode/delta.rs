//! Send on delta: a channel spikes where its value has moved, up (polarity 1) or down (polarity 0).
//!
//! With a reference r of its own, a channel spikes up where x - r >= threshold and down where x - r <= -threshold, at most once a
//! sample. Then r follows: by a threshold ([`Follow::Step`]), or to x ([`Follow::Value`]).

use super::sampled::Code;
use super::setting::{SettingError, channels, within};
use crate::chunk::Chunk;
use alloc::boxed::Box;

/// Where references begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the first sample, which does not spike.
    First,
    /// At a value.
    At(i32),
}

/// How a reference follows the value at a spike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// By one threshold.
    Step,
    /// To the value itself.
    Value,
}

/// Settings of [`Delta`].
#[derive(Debug, Clone, Copy)]
pub struct DeltaConfig<'a> {
    /// One a channel, 1 or more.
    pub thresholds: &'a [i32],
    /// Where references begin.
    pub start: Start,
    /// How they follow.
    pub follow: Follow,
}

/// The code. 8 bytes a channel.
#[derive(Debug, Clone)]
pub struct Delta {
    channels: Box<[Channel]>,
    start: Start,
    follow: Follow,
    /// Have references begun?
    begun: bool,
}

#[derive(Debug, Clone, Copy)]
struct Channel {
    threshold: i32,
    reference: i32,
}

impl Delta {
    /// At rest.
    ///
    /// # Errors
    /// No or too many channels, or a threshold below 1.
    pub fn new(config: &DeltaConfig<'_>) -> Result<Self, SettingError> {
        channels(config.thresholds.len())?;
        for &threshold in config.thresholds {
            within("threshold", threshold.into(), 1, i32::MAX.into())?;
        }
        let channels = config.thresholds.iter().map(|&threshold| Channel { threshold, reference: 0 }).collect();
        let mut delta = Self { channels, start: config.start, follow: config.follow, begun: false };
        delta.reset();
        Ok(delta)
    }
}

impl Code for Delta {
    fn channels(&self) -> usize {
        self.channels.len()
    }

    fn polarities(&self) -> u32 {
        2
    }

    fn most_events(&self) -> usize {
        self.channels.len()
    }

    fn frame(&mut self, t_us: u64, values: &[i32], plane: u8, out: &mut Chunk) {
        if !self.begun {
            self.begun = true;
            for (channel, &value) in self.channels.iter_mut().zip(values) {
                channel.reference = value;
            }
        }
        for (x, (channel, &value)) in self.channels.iter_mut().zip(values).enumerate() {
            let change = i64::from(value) - i64::from(channel.reference);
            let threshold = i64::from(channel.threshold);
            if change.abs() < threshold {
                continue;
            }
            let is_up = change > 0;
            channel.reference = match self.follow {
                Follow::Value => value,
                // No further than the value, so within its range.
                Follow::Step if is_up => channel.reference.wrapping_add(channel.threshold),
                Follow::Step => channel.reference.wrapping_sub(channel.threshold),
            };
            out.push(t_us, x as u16, 0, plane + u8::from(is_up));
        }
    }

    fn reset(&mut self) {
        self.begun = self.start != Start::First;
        let start = if let Start::At(value) = self.start { value } else { 0 };
        for channel in &mut self.channels {
            channel.reference = start;
        }
    }
}
