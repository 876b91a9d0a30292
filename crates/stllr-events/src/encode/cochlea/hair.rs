//! Hair cells: how half waves become spikes.

use super::{CochleaCode, SIGNAL_BITS};
use crate::encode::VALUE_BITS;
use crate::encode::number::{UNIT_BITS, halved, log2, power_of_two, scaled};
use crate::encode::setting::{SettingError, within};
use alloc::boxed::Box;

/// The same for all channels.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Fire { threshold: i64, leak: i64 },
    Delta { levels: Box<[i64]>, share: i64 },
}

/// Bits that a cell's state has beyond a signal's.
const STATE_BITS: u32 = 8;
/// Bits of a membrane that its leak does not see.
const LEAK_SHIFT: u32 = 21;
/// Bits after the point of an envelope's share.
const SHARE_BITS: u32 = 20;

impl Cell {
    pub(super) fn new(code: CochleaCode, rate: u64) -> Result<Self, SettingError> {
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
                let db = |decibels: i64| decibels << VALUE_BITS;
                within("deltaDb x 65536", delta_db.into(), db(1) / 2, db(60))?;
                within("floorDb x 65536", floor_db.into(), db(-90), 0)?;
                within("envelopeHz x 1000", envelope_mhz as i64, 1, (rate / 8) as i64)?;
                // log2(10) / 20, of an amplitude.
                let log = |db: i32| i64::from(db) * 55_732_705 / (20 << VALUE_BITS);
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
}

/// A hair cell at work, its numbers at hand.
pub(super) trait Hair {
    /// Takes a half wave; the polarity of its spike, if it spikes.
    fn take(&mut self, wave: i64) -> Option<usize>;
}

pub(super) struct Firing {
    pub(super) threshold: i64,
    pub(super) leak: i64,
    pub(super) membrane: i64,
}

impl Hair for Firing {
    #[inline(always)]
    fn take(&mut self, wave: i64) -> Option<usize> {
        // 1 - d of the membrane's upper bits, as the whole product would have too many.
        let leak = ((self.membrane >> LEAK_SHIFT) * self.leak) >> (UNIT_BITS - LEAK_SHIFT);
        self.membrane += (wave << STATE_BITS) - leak;
        let has_spiked = self.membrane >= self.threshold;
        self.membrane -= if has_spiked { self.threshold } else { 0 };
        has_spiked.then_some(0)
    }
}

pub(super) struct Changing<'a> {
    levels: &'a [i64],
    share: i64,
    pub(super) envelope: i64,
    pub(super) level: usize,
    /// The levels above and below; where there is none, one that is never reached.
    above: i64,
    below: i64,
}

impl<'a> Changing<'a> {
    pub(super) fn new(levels: &'a [i64], share: i64, envelope: i64, level: usize) -> Self {
        let mut changing = Self { levels, share, envelope, level, above: 0, below: 0 };
        changing.come_to(level);
        changing
    }

    fn come_to(&mut self, level: usize) {
        self.level = level;
        self.above = self.levels.get(level + 1).copied().unwrap_or(i64::MAX);
        self.below = level.checked_sub(1).and_then(|below| self.levels.get(below)).copied().unwrap_or(i64::MIN);
    }
}

impl Hair for Changing<'_> {
    #[inline(always)]
    fn take(&mut self, wave: i64) -> Option<usize> {
        self.envelope += scaled((wave << STATE_BITS) - self.envelope, self.share, SHARE_BITS);
        if self.envelope >= self.above {
            self.come_to(self.level + 1);
            Some(1)
        } else if self.envelope <= self.below {
            self.come_to(self.level - 1);
            Some(0)
        } else {
            None
        }
    }
}
