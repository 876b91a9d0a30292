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

use super::clock::Clock;
use super::number::{HZ_BITS, UNIT_BITS, cosine_sine, halved, log2, power_of_two, scaled, spaced};
use super::sampled::Code;
use super::setting::{SettingError, within};
use crate::chunk::Chunk;
use alloc::boxed::Box;

/// Bits after the point of a filter's signal.
const SIGNAL_BITS: u32 = 16;
/// Bits after the point of a filter's coefficients, which are below 2.
const COEFFICIENT_BITS: u32 = 29;
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

/// Coefficients of both resonators.
#[derive(Debug, Clone, Copy, Default)]
struct Filter {
    gain: i64,
    last: i64,
    before: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Resonator {
    outputs: [i64; 2],
    /// What rounding has left over, for the next sample: else low channels would turn it into a wander of their own.
    rest: i64,
}

impl Resonator {
    /// Takes x_n - x_(n-2); gives y_n - y_(n-2), and y_n is `outputs[0]`.
    #[inline(always)]
    fn next(&mut self, change: i64, Filter { gain, last, before }: Filter) -> i64 {
        let [output, earlier] = self.outputs;
        let sum = gain * change + last * output - before * earlier + self.rest;
        self.rest = sum & ((1 << COEFFICIENT_BITS) - 1);
        self.outputs = [sum >> COEFFICIENT_BITS, output];
        self.outputs[0] - earlier
    }
}

/// The same for all channels.
#[derive(Debug, Clone)]
enum Cell {
    Fire { threshold: i64, leak: i64 },
    Delta { levels: Box<[i64]>, share: i64 },
}

/// Bits that a cell's state has beyond a signal's.
const STATE_BITS: u32 = 8;
/// Bits of a membrane that its leak does not see.
const LEAK_SHIFT: u32 = 21;
/// Bits after the point of an envelope's share.
const SHARE_BITS: u32 = 20;

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

impl Filter {
    fn new(hz: u64, rate_mhz: u64) -> Self {
        let rate = u128::from(rate_mhz) << HZ_BITS;
        let (c, s) = cosine_sine(hz * 1000, rate as u64);
        // 1 / (2 Q) = ERB / (2 0.6436 f) = (24.7 + 0.107939 f) / (1.2872 f)
        let erb = (u128::from(hz) * 107_939_000 + ((247 << HZ_BITS) * 100_000_000)) << COEFFICIENT_BITS;
        let half_inverse_q = (erb / (u128::from(hz) * 1_287_188_506)) as i64;
        let one = 1i64 << COEFFICIENT_BITS;
        let a = scaled(s, half_inverse_q, UNIT_BITS);
        let over = |value: i64| ((i128::from(value) << COEFFICIENT_BITS) / i128::from(one + a)) as i64;
        // A cosine has one bit more than a coefficient, so it is twice itself.
        Self { gain: over(a), last: over(c), before: over(one - a) }
    }
}

impl Cell {
    fn new(code: CochleaCode, rate: u64) -> Result<Self, SettingError> {
        let full = 1i64 << (15 + SIGNAL_BITS + STATE_BITS);
        match code {
            CochleaCode::Fire { rate_mhz, half_us } => {
                // So that a membrane has no more than 53 bits.
                within("rateHz x 1000", rate_mhz as i64, (rate / 50_000) as i64 + 1, 100_000_000)?;
                within("halfUs", half_us as i64, 1, 10_000_000)?;
                // The mean of a half wave is 1 / pi of its amplitude.
                let threshold =
                    i128::from(full) * i128::from(rate) * 1_000_000_000 / (i128::from(rate_mhz) * 3_141_592_654);
                // A sample lasts 10^9 / rate us.
                let leak = (1 << UNIT_BITS) - halved(1_000_000_000, rate * half_us);
                Ok(Self::Fire { threshold: threshold as i64, leak })
            }
            CochleaCode::Delta { delta_db, floor_db, envelope_mhz } => {
                let db = |decibels: i64| decibels << super::VALUE_BITS;
                within("deltaDb x 65536", delta_db.into(), db(1) / 2, db(60))?;
                within("floorDb x 65536", floor_db.into(), db(-90), 0)?;
                within("envelopeHz x 1000", envelope_mhz as i64, 1, (rate / 8) as i64)?;
                // log2(10) / 20, of an amplitude.
                let log = |db: i32| i64::from(db) * 55_732_705 / (20 << super::VALUE_BITS);
                let (floor, step) = (log2(full as u128) + log(floor_db), log(delta_db));
                let above_full = (log2(full as u128) - floor) / step + 2;
                let levels = (0..=above_full).map(|level| power_of_two(floor + level * step, 62) as i64).collect();
                // w / (1 + w), w = 2 pi f / rate
                let w = u128::from(envelope_mhz) * 6_283_185_307;
                let share = (w << SHARE_BITS) / (u128::from(rate) * 1_000_000_000 + w);
                Ok(Self::Delta { levels, share: share as i64 })
            }
        }
    }

    /// Takes a half wave into a channel; the polarity of its spike, if it spikes.
    #[inline(always)]
    fn take(&self, wave: i64, state: &mut i64, level: &mut usize) -> Option<u8> {
        let wave = wave << STATE_BITS;
        match self {
            Self::Fire { threshold, leak } => {
                // 1 - d of the membrane's upper bits, as the whole product would have too many.
                *state += wave - (((*state >> LEAK_SHIFT) * leak) >> (UNIT_BITS - LEAK_SHIFT));
                let has_spiked = *state >= *threshold;
                *state -= if has_spiked { *threshold } else { 0 };
                has_spiked.then_some(0)
            }
            Self::Delta { levels, share } => {
                *state += scaled(wave - *state, *share, SHARE_BITS);
                let envelope = (*state).max(levels[0]);
                if levels.get(*level + 1).is_some_and(|&above| envelope >= above) {
                    *level += 1;
                    Some(1)
                } else if *level > 0 && envelope <= levels[*level - 1] {
                    *level -= 1;
                    Some(0)
                } else {
                    None
                }
            }
        }
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

    fn frame(&mut self, t_us: u64, values: &[i32], plane: u8, out: &mut Chunk) {
        let Some(&value) = values.first() else { return };
        let input = i64::from(value.clamp(-32_768, 32_767)) << SIGNAL_BITS;
        let change = input - self.inputs[1];
        self.inputs = [input, self.inputs[0]];
        for (x, channel) in self.channels.iter_mut().enumerate() {
            let change = channel.first.next(change, channel.filter);
            channel.second.next(change, channel.filter);
            let wave = channel.second.outputs[0].max(0);
            if let Some(p) = self.cell.take(wave, &mut channel.state, &mut channel.level) {
                out.push(t_us, x as u16, 0, plane + p);
            }
        }
    }

    fn reset(&mut self) {
        self.inputs = [0; 2];
        for channel in &mut self.channels {
            *channel = Channel { filter: channel.filter, ..Channel::default() };
        }
    }
}
