//! Prophesee EVT2.1 in a RAW file (its header: see [`super::evt3`]): words of 64 bits.
//!
//! The upper 32 bits are a word of EVT2 ([`super::evt2`]); in events the lower 32 bits say which of the pixels x to
//! x + 31 have one. Words are little-endian, the halves in that order or, of older cameras, swapped (`endianness=legacy`
//! in the header, or a system number below 0x37 and nothing said). A pixel beyond x = 2047 is a fault.

use super::clock::HighClock;
use super::evt2::{HIGH, TYPES};
use super::raw::{Header, Words};
use super::stream::{Room, Step, Stop};
use crate::chunk::{Chunk, Event};
use crate::decode::fault::DecodeFaultKind;

const WORD: usize = 8;
/// The last column that a word can state.
const X_MAX: u32 = 0x7FF;

/// The state of EVT2.1.
#[derive(Debug)]
pub(super) struct Evt21 {
    is_swapped: bool,
    clock: HighClock<28, 6>,
    /// The upper time, once there is one.
    base_us: Option<u64>,
    /// Pixels of the next word that are events already: there was no room for the others.
    done: u32,
}

impl Evt21 {
    /// Reads one word; says why it could not, wholly.
    #[inline(always)]
    fn word(&mut self, event: u32, mask: u32, room: &mut Room<'_>) -> Result<(), Stop> {
        let kind = event >> 28;
        if kind >= 2 {
            return self.other(kind, event);
        }
        let Some(base_us) = self.base_us else { return Err(Stop::Left { len: WORD }) };
        let t = base_us + u64::from(event >> 22 & 0x3F);
        let [x, y] = [event >> 11 & X_MAX, event & 0x7FF];
        let last = x + 31 - mask.leading_zeros().min(31);
        if last > X_MAX {
            return Err(Stop::fault(DecodeFaultKind::Value { found: last, allowed: X_MAX }, WORD));
        }
        let mut left = mask & !self.done;
        while left != 0 {
            if room.is_full() {
                self.done = mask & !left;
                return Err(Stop::Full);
            }
            room.put(Event { t, x: (x + left.trailing_zeros()) as u16, y: y as u16, p: kind as u8 });
            left &= left - 1;
        }
        self.done = 0;
        Ok(())
    }

    fn other(&mut self, kind: u32, event: u32) -> Result<(), Stop> {
        let result = if kind == HIGH {
            self.clock.set(event & 0xFFF_FFFF).map(|(t_us, _)| self.base_us = Some(t_us))
        } else if TYPES >> kind & 1 == 0 {
            Err(DecodeFaultKind::Type { found: kind, allowed: TYPES })
        } else {
            Ok(())
        };
        result.map_err(|fault| Stop::fault(fault, WORD))
    }
}

impl Words for Evt21 {
    const VERSION: u32 = 21;
    const WORD: usize = WORD;

    fn start() -> Self {
        Self { is_swapped: false, clock: HighClock::default(), base_us: None, done: 0 }
    }

    fn begin(&mut self, header: &Header) {
        self.is_swapped = header.is_swapped();
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let mut room = Room::new(out.free());
        let mut taken = 0;
        let mut stop = Stop::More;
        for word in bytes.as_chunks::<WORD>().0 {
            let word = u64::from_le_bytes(*word);
            let halves = [word as u32, (word >> 32) as u32];
            let [mask, event] = if self.is_swapped { [halves[1], halves[0]] } else { halves };
            if let Err(why) = self.word(event, mask, &mut room) {
                stop = why;
                break;
            }
            taken += WORD;
        }
        let at = room.at;
        out.take(at);
        Step { taken, stop }
    }
}
