//! A cochlea: a bank of band-pass filters as narrow as the ear's, each with a hair cell that spikes.
//!
//! Centres lie at equal distances of log(1 + 0.00437 f), the scale of equivalent rectangular bandwidths, ERB(f) = 24.7 (1 +
//! 0.00437 f) Hz. A channel is two resonators one after the other, which together are one ERB wide at half power:
//!
//! ```text
//! y_n = b (x_n - x_(n-2)) + 2 c / (1 + a) y_(n-1) - (1 - a) / (1 + a) y_(n-2)
//! w = 2 pi f / rate, c = cos w, Q = 0.6436 f / ERB(f), a = sin w / (2 Q), b = a / (1 + a)
//! ```
//!
//! Their half wave r = max(0, y) drives the cell, by one of two codes:
//!
//! - [`CochleaCode::Fire`], a leaky integrate-and-fire neuron: v = v d + r, a spike where v >= threshold, which is then taken from v.
//! - [`CochleaCode::Delta`]: the envelope e += (r - e) k, and levels `delta_db` apart from the floor up; a spike up (1) where it
//!   reaches the level above, down (0) where it is no more than the level below. It begins on the floor; at most one a sample.

mod hair;
mod resonator;

use self::hair::{Cell, Changing, Firing, Hair};
use self::resonator::{Filter, Resonator};
use super::clock::Clock;
use super::number::spaced;
use super::sampled::Code;
use super::setting::{SettingError, within};
use crate::chunk::Chunk;
use alloc::boxed::Box;

/// Bits after the point of a filter's signal.
const SIGNAL_BITS: u32 = 16;
/// 1000 / 4.37 Hz, in mHz.
const ERB_CORNER_MHZ: u64 = 228_833;

/// What a hair cell does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CochleaCode {
    /// Leaky integrate and fire.
    Fire {
        /// Spikes a second of a tone of full scale at the centre, without the leak: the sample rate / 50,000 to 10^8 mHz.
        rate_mhz: u64,
        /// The time after which a membrane has leaked to half: 1 to 10^7 us.
        half_us: u64,
    },
    /// Changes of the envelope.
    Delta {
        /// From level to level: 0.5 to 60 dB, with 16 bits after the point.
        delta_db: i32,
        /// The lowest level, of the full scale: -90 to 0 dB, with 16 bits after the point.
        floor_db: i32,
        /// Where the envelope's low pass halves power: 1 mHz to an eighth of the sample rate.
        envelope_mhz: u64,
    },
}

/// Settings of [`Cochlea`].
#[derive(Debug, Clone, Copy)]
pub struct CochleaConfig {
    /// 1 to 256.
    pub channels: usize,
    /// The lowest centre: from 1,000 mHz.
    pub low_mhz: u64,
    /// The highest: above the lowest, at most 0.45 of the sample rate.
    pub high_mhz: u64,
    /// The code.
    pub code: CochleaCode,
}

/// The code: 88 bytes a channel.
#[derive(Debug, Clone)]
pub struct Cochlea {
    channels: Box<[Channel]>,
    cell: Cell,
    /// The last two samples.
    inputs: [i64; 2],
}

#[derive(Debug, Clone, Copy, Default)]
struct Channel {
    filter: Filter,
    first: Resonator,
    second: Resonator,
    /// The membrane or the envelope, with more bits than a signal.
    state: i64,
    /// The envelope's level.
    level: usize,
}

impl Channel {
    /// Lets the hair cell of channel `x` hear samples, of each the change since the one before the last.
    #[inline(always)]
    fn listen(&mut self, changes: &[i64], hair: &mut impl Hair, x: usize, spikes: &mut [Spikes; BLOCK]) {
        let (filter, mut first, mut second) = (self.filter, self.first, self.second);
        for (&change, spikes) in changes.iter().zip(spikes) {
            second.next(first.next(change, filter), filter);
            if let Some(p) = hair.take(second.outputs[0].max(0)) {
                spikes.channels[p & 1][x / 64 % 4] |= 1 << (x % 64);
            }
        }
        (self.first, self.second) = (first, second);
    }
}

impl Cochlea {
    /// At rest; `clock` says how many samples a second has.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn new(config: &CochleaConfig, clock: &Clock) -> Result<Self, SettingError> {
        let CochleaConfig { channels, low_mhz, high_mhz, code } = *config;
        let rate = clock.rate_mhz();
        within("channels", channels as i64, 1, 256)?;
        within("lowHz x 1000", low_mhz as i64, 1000, rate as i64)?;
        within("highHz x 1000", high_mhz as i64, low_mhz as i64 + 1, (rate * 9 / 20) as i64)?;
        let filters = spaced(low_mhz, high_mhz, ERB_CORNER_MHZ, channels).map(|hz| Filter::new(hz, rate));
        let channels = filters.map(|filter| Channel { filter, ..Channel::default() }).collect();
        Ok(Self { channels, cell: Cell::new(code, rate)?, inputs: [0; 2] })
    }
}

/// Samples that are taken at once, so that a channel's numbers stay in registers meanwhile.
const BLOCK: usize = 16;

/// The channels that spike at a sample, a bit each: those of polarity 0, and those of 1.
#[derive(Debug, Clone, Copy, Default)]
struct Spikes {
    channels: [[u64; 4]; 2],
}

impl Spikes {
    /// Appends them, by channel. One has one at most.
    #[inline(always)]
    fn give(&self, t_us: u64, plane: u8, out: &mut Chunk) {
        let [zeros, ones] = self.channels;
        for (word, (zero, one)) in zeros.into_iter().zip(ones).enumerate() {
            let mut bits = zero | one;
            while bits != 0 {
                let bit = bits.trailing_zeros();
                out.push(t_us, (64 * word) as u16 + bit as u16, 0, plane + (one >> bit & 1) as u8);
                bits &= bits - 1;
            }
        }
    }
}

impl Cochlea {
    /// The spikes of up to [`BLOCK`] samples.
    fn block(&mut self, values: &[i32]) -> [Spikes; BLOCK] {
        let mut changes = [0; BLOCK];
        for (change, &value) in changes.iter_mut().zip(values) {
            let input = i64::from(value.clamp(-32_768, 32_767)) << SIGNAL_BITS;
            *change = input - self.inputs[1];
            self.inputs = [input, self.inputs[0]];
        }
        let changes = &changes[..values.len().min(BLOCK)];
        let mut spikes = [Spikes::default(); BLOCK];
        for (x, channel) in self.channels.iter_mut().enumerate() {
            match &self.cell {
                Cell::Fire { threshold, leak } => {
                    let mut hair = Firing { threshold: *threshold, leak: *leak, membrane: channel.state };
                    channel.listen(changes, &mut hair, x, &mut spikes);
                    channel.state = hair.membrane;
                }
                Cell::Delta { levels, share } => {
                    let mut hair = Changing::new(levels, *share, channel.state, channel.level);
                    channel.listen(changes, &mut hair, x, &mut spikes);
                    (channel.state, channel.level) = (hair.envelope, hair.level);
                }
            }
        }
        spikes
    }
}

impl Code for Cochlea {
    fn channels(&self) -> usize {
        1
    }

    fn columns(&self) -> u32 {
        self.channels.len() as u32
    }

    fn polarities(&self) -> u32 {
        match self.cell {
            Cell::Fire { .. } => 1,
            Cell::Delta { .. } => 2,
        }
    }

    fn most_events(&self) -> usize {
        self.channels.len()
    }

    fn most_frames(&self) -> usize {
        BLOCK
    }

    fn frame(&mut self, t_us: u64, values: &[i32], plane: u8, out: &mut Chunk) {
        let spikes = self.block(values);
        spikes[0].give(t_us, plane, out);
    }

    fn frames(&mut self, clock: &mut Clock, values: &[i32], out: &mut Chunk) {
        let spikes = self.block(values);
        for spikes in spikes.iter().take(values.len()) {
            spikes.give(clock.now_us(), 0, out);
            clock.tick();
        }
    }

    fn reset(&mut self) {
        self.inputs = [0; 2];
        for channel in &mut self.channels {
            *channel = Channel { filter: channel.filter, ..Channel::default() };
        }
    }
}
