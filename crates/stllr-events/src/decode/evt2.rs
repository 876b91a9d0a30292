//! Prophesee EVT2 in a RAW file (its header: see [`super::evt3`]): little-endian words of 32 bits.
//!
//! Bits 31-28 are the type: 0 an OFF event, 1 an ON event (bits 27-22 the lower time, 21-11 x, 10-0 y), 8 the upper
//! time (28 bits); t = upper x 64 + lower, in us. Types 10 (external trigger), 14 and 15 (others, continued) are passed
//! over; any other is a fault. The clock of 34 bits (4.8 hours) has run over where its upper part goes back by half its
//! range or more.

use super::clock::HighClock;
use super::raw::Words;
use super::stream::{Read, Step, read_records};
use crate::chunk::{Chunk, Event};
use crate::decode::fault::DecodeFaultKind;

/// The types of words, EVT2.1's too: bit n is set where there is a type n.
pub(super) const TYPES: u32 = 1 | 1 << 1 | 1 << HIGH | 1 << 10 | 1 << 14 | 1 << 15;
/// The type of a word with the upper part of the time.
pub(super) const HIGH: u32 = 8;

/// The state of EVT2.
#[derive(Debug)]
pub(super) struct Evt2 {
    clock: HighClock<28, 6>,
    /// The upper time, once there is one.
    base_us: Option<u64>,
}

impl Words for Evt2 {
    const VERSION: u32 = 20;
    const WORD: usize = 4;

    fn start() -> Self {
        Self { clock: HighClock::default(), base_us: None }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let clock = &mut self.clock;
        let (mut base_us, mut is_timed) = (self.base_us.unwrap_or(0), self.base_us.is_some());
        let step = read_records(bytes, out, |&word: &[u8; 4]| {
            let word = u32::from_le_bytes(word);
            let kind = word >> 28;
            if kind < 2 {
                if !is_timed {
                    return Read::Left;
                }
                return Read::Event(Event {
                    t: base_us + u64::from(word >> 22 & 0x3F),
                    x: (word >> 11 & 0x7FF) as u16,
                    y: (word & 0x7FF) as u16,
                    p: kind as u8,
                });
            }
            if kind == HIGH {
                match clock.set(word & 0xFFF_FFFF) {
                    Ok((t_us, _)) => (base_us, is_timed) = (t_us, true),
                    Err(fault) => return Read::Fault(fault),
                }
            } else if TYPES >> kind & 1 == 0 {
                return Read::Fault(DecodeFaultKind::Type { found: kind, allowed: TYPES });
            }
            Read::Other
        });
        self.base_us = is_timed.then_some(base_us);
        step
    }
}
