//! Clocks that run over, unrolled.

use crate::chunk::MAX_TIME_US;
use crate::decode::fault::DecodeFaultKind;

/// The fault of a time beyond [`MAX_TIME_US`].
#[cold]
fn too_late(t_us: u64) -> DecodeFaultKind {
    DecodeFaultKind::Time { found: (t_us >> 32) as u32, allowed: (MAX_TIME_US >> 32) as u32 }
}

/// A clock of 32 bits that every record states in full.
///
/// A time more than 2^31 us (36 minutes) before the last one has run over; once that has happened, one as far
/// after it is a late one from before. Smaller steps back are kept as they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock32 {
    last_us: u64,
}

impl Clock32 {
    /// The full time of a record at `t_us`.
    #[inline(always)]
    pub fn at(&mut self, t_us: u32) -> Result<u64, DecodeFaultKind> {
        let ahead = t_us.wrapping_sub(self.last_us as u32);
        let mut full = self.last_us.wrapping_add(ahead as i32 as u64);
        if full > MAX_TIME_US {
            // Before the begin, or after the end.
            full = self.last_us + u64::from(ahead);
            if full > MAX_TIME_US {
                return Err(too_late(full));
            }
        }
        self.last_us = full;
        Ok(full)
    }
}

/// A clock of few bits that never goes back: a smaller number is one of the next round.
#[derive(Debug, Clone, Default)]
pub(super) struct ForwardClock {
    last_us: u64,
}

impl ForwardClock {
    /// The full time of a record at `part`, of `bits` bits (less than 32).
    pub fn at(&mut self, part: u32, bits: u32) -> Result<u64, DecodeFaultKind> {
        self.add(part.wrapping_sub(self.last_us as u32) & ((1 << bits) - 1))
    }

    /// The full time of a record `ahead` us after the last one.
    pub fn add(&mut self, ahead: u32) -> Result<u64, DecodeFaultKind> {
        let full = self.last_us + u64::from(ahead);
        if full > MAX_TIME_US {
            return Err(too_late(full));
        }
        self.last_us = full;
        Ok(full)
    }
}

/// The upper part of a clock, stated now and then: `BITS` bits, in units of 2^`LOW` us.
///
/// It has run over where it goes back by half its range or more.
#[derive(Debug, Clone, Default)]
pub(super) struct HighClock<const BITS: u32, const LOW: u32> {
    /// All of it with what was run over, or `None` before the first.
    high: Option<u64>,
}

impl<const BITS: u32, const LOW: u32> HighClock<BITS, LOW> {
    /// Takes a new upper part; returns the time it stands for with a lower part of 0, and whether it is another
    /// than before.
    pub fn set(&mut self, part: u32) -> Result<(u64, bool), DecodeFaultKind> {
        let part = u64::from(part);
        let old = self.high.unwrap_or(part);
        let (loops, old_part) = (old >> BITS, old & ((1 << BITS) - 1));
        let run_over = old_part >= part + (1 << (BITS - 1));
        let high = (loops + u64::from(run_over)) << BITS | part;
        if high > MAX_TIME_US >> LOW {
            return Err(too_late(high << LOW));
        }
        let is_new = self.high.replace(high) != Some(high);
        Ok((high << LOW, is_new))
    }
}
