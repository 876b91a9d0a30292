//! Prophesee EVT3 in a RAW file: a header of `% key value` lines, maybe `% end`, then little-endian words of 16 bits.
//!
//! The header is that of EVT2 and EVT2.1 too. The version stands in `% format EVT3;height=720;width=1280` or, in older
//! files, in `% evt 3.0`: a file that names another one than it is read as is refused, one that names none is taken as
//! what it is read as. Width and height stand in the same line or in `% geometry 1280x720`; where they are missing,
//! the sensor's name or generation gives them. Lines of more than 64 KiB and headers of more than 4 MiB are refused.
//!
//! Bits 15-12 of a word are its type:
//!
//! - 0: the row y (bits 10-0). 1: the row of exposure measurements; what follows it up to the next row is passed over.
//! - 2: an event at x (bits 10-0) with the polarity in bit 11.
//! - 3: the first column of a vector, with the polarity; 4 and 5: the next 12 and 8 pixels, a bit each. The column then
//!   advances by as many.
//! - 6: the lower 12 bits of the time in us; 8: the upper 12. A new upper part sets the lower one to 0. The clock of 24
//!   bits (16.8 s) has run over where the upper part goes back by 2048 or more, as the vendor's reader has it. Small
//!   steps back, which cameras make after an upper part, are kept.
//! - 10 (external trigger), 7, 14 and 15 (others, continued) are passed over. Any other type is a fault, and so is a
//!   pixel of a vector beyond x = 2047.
//!
//! Events before the first upper time, row or column have none: recordings begin so where they were cut out of a
//! running sensor's stream. They are left out and counted, whatever is to be done about faults.

use super::clock::HighClock;
use super::raw::Words;
use super::stream::{Room, Step, Stop};
use crate::chunk::{Chunk, Event};
use crate::decode::fault::DecodeFaultKind;

const WORD: usize = 2;
/// The types of words: bit n is set where there is a type n.
const TYPES: u32 = 0b1100_0101_1111_1111;
/// The last column that a word can state.
const X_MAX: u32 = 0x7FF;

/// What an event needs that is not known.
const NO_TIME: u8 = 1;
const NO_ROW: u8 = 2;
/// The row is one of exposure measurements.
const OTHER_ROW: u8 = 4;

/// What words set and events take.
#[derive(Debug, Clone, Copy)]
struct State {
    /// The time without its lower part, and with it.
    high_us: u64,
    t_us: u64,
    y: u16,
    /// What is missing; 0 where a word with a column is an event.
    missing: u8,
    /// The first column of the next vector, and its polarity.
    base: Option<u32>,
    p: u8,
    /// Pixels of the next vector that are events already: there was no room for the others.
    done: u32,
}

/// The state of EVT3.
#[derive(Debug)]
pub(super) struct Evt3 {
    clock: HighClock<12, 12>,
    state: State,
}

/// What a word of one of the frequent types (a row, an event, a lower time) does: masks of what it sets.
#[derive(Clone, Copy)]
struct Effect {
    time: u64,
    row: u16,
    /// Is it an event?
    event: u8,
    is_frequent: bool,
}

/// By type. A table, as compilers make a jump of comparisons.
static EFFECTS: [Effect; 16] = {
    let mut effects = [Effect { time: 0, row: 0, event: 0, is_frequent: false }; 16];
    effects[0] = Effect { time: 0, row: !0, event: 0, is_frequent: true };
    effects[2] = Effect { time: 0, row: 0, event: 1, is_frequent: true };
    effects[6] = Effect { time: !0, row: 0, event: 0, is_frequent: true };
    effects
};

impl State {
    /// Reads words of the frequent types, where nothing is missing; returns how many. Which type comes next cannot be
    /// predicted, so none of them has a branch of its own: each word is written as an event, and stays one if it is.
    #[inline(never)]
    fn frequent(&mut self, words: &[[u8; WORD]], room: &mut Room<'_>) -> usize {
        let (mut t, mut y) = (self.t_us, self.y);
        // None of them makes more than one event.
        let words = &words[..words.len().min(room.left())];
        let mut count = 0;
        for &word in words {
            let word = u16::from_le_bytes(word);
            let effect = &EFFECTS[usize::from(word >> 12)];
            if !effect.is_frequent {
                break;
            }
            t ^= (t ^ (self.high_us | u64::from(word & 0xFFF))) & effect.time;
            let column = word & X_MAX as u16;
            y ^= (y ^ column) & effect.row;
            room.put_if(Event { t, x: column, y, p: (word >> 11 & 1) as u8 }, effect.event);
            count += 1;
        }
        (self.t_us, self.y) = (t, y);
        count
    }

    /// Reads a vector of `len` pixels.
    #[inline(always)]
    fn vector(&mut self, mask: u32, len: u32, room: &mut Room<'_>) -> Result<(), Stop> {
        let Some(x) = self.base else { return Err(Stop::Left { len: WORD }) };
        if self.missing == 0 {
            let last = x + 31 - mask.leading_zeros().min(31);
            if last > X_MAX && mask != 0 {
                self.advance(x, len);
                return Err(Stop::fault(DecodeFaultKind::Value { found: last, allowed: X_MAX }, WORD));
            }
            let mut left = mask & !self.done;
            while left != 0 {
                if room.is_full() {
                    self.done = mask & !left;
                    return Err(Stop::Full);
                }
                room.put(Event { t: self.t_us, x: (x + left.trailing_zeros()) as u16, y: self.y, p: self.p });
                left &= left - 1;
            }
            self.done = 0;
        }
        self.advance(x, len);
        self.not_an_event()
    }

    /// Moves the column on; once it is beyond the last one, how far does not matter.
    fn advance(&mut self, x: u32, len: u32) {
        self.base = Some((x + len).min(X_MAX + 1));
    }

    /// What becomes of a word with a column, where it is no event.
    #[inline(always)]
    fn not_an_event(&self) -> Result<(), Stop> {
        let is_left = self.missing & (NO_TIME | NO_ROW) != 0;
        if is_left { Err(Stop::Left { len: WORD }) } else { Ok(()) }
    }
}

impl Words for Evt3 {
    const VERSION: u32 = 30;
    const WORD: usize = WORD;

    fn start() -> Self {
        let state = State { high_us: 0, t_us: 0, y: 0, missing: NO_TIME | NO_ROW, base: None, p: 0, done: 0 };
        Self { clock: HighClock::default(), state }
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let mut room = Room::new(out.free());
        let mut state = self.state;
        let words = bytes.as_chunks::<WORD>().0;
        let mut index = 0;
        let stop = loop {
            if state.missing == 0 {
                index += state.frequent(&words[index..], &mut room);
            }
            let Some(&word) = words.get(index) else { break Stop::More };
            let word = u32::from(u16::from_le_bytes(word));
            let kind = word >> 12;
            let result = match kind {
                0 => {
                    state.y = (word & 0x7FF) as u16;
                    state.missing &= NO_TIME;
                    Ok(())
                }
                2 if state.missing == 0 => {
                    if room.is_full() {
                        break Stop::Full;
                    }
                    let p = (word >> 11 & 1) as u8;
                    room.put(Event { t: state.t_us, x: (word & X_MAX) as u16, y: state.y, p });
                    Ok(())
                }
                2 => state.not_an_event(),
                3 => {
                    state.base = Some(word & X_MAX);
                    state.p = (word >> 11 & 1) as u8;
                    Ok(())
                }
                4 => state.vector(word & 0xFFF, 12, &mut room),
                5 => state.vector(word & 0xFF, 8, &mut room),
                6 => {
                    state.t_us = state.high_us | u64::from(word & 0xFFF);
                    Ok(())
                }
                8 => match self.clock.set(word & 0xFFF) {
                    Ok((high_us, is_new)) => {
                        state.high_us = high_us;
                        state.t_us = if is_new { high_us } else { state.t_us };
                        state.missing &= !NO_TIME;
                        Ok(())
                    }
                    Err(fault) => Err(Stop::fault(fault, WORD)),
                },
                1 => {
                    state.missing = state.missing & NO_TIME | OTHER_ROW;
                    Ok(())
                }
                7 | 10 | 14 | 15 => Ok(()),
                _ => Err(Stop::fault(DecodeFaultKind::Type { found: kind, allowed: TYPES }, WORD)),
            };
            if let Err(stop) = result {
                break stop;
            }
            index += 1;
        };
        self.state = state;
        let at = room.at;
        out.take(at);
        Step { taken: index * WORD, stop }
    }
}
