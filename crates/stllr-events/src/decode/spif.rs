//! SPIF words, as SpiNNaker's interface boards and their UDP senders use them: little-endian words of 32 bits, no
//! header.
//!
//! Bits 30-16 are x, bit 15 is the polarity and bits 14-0 are y. Bit 31 says that no time follows; else the next word
//! is the time in us. An event without a time has that of the event before it, 0 before the first: who receives
//! such words as they happen must put the time of arrival in its place. The clock of 32 bits runs over and is
//! unrolled: a time more than 2^31 us before the last one belongs to the next round.

use super::clock::Clock32;
use super::stream::{Layout, Room, Step, Stop};
use crate::chunk::{Chunk, Event};
use crate::decode::fault::DecodeFaultKind;

const WORD: usize = 4;
const TIMED: usize = 8;
/// Set in words that no time follows.
const UNTIMED: u32 = 1 << 31;

/// The layout of SPIF words.
#[derive(Debug)]
pub(super) struct Spif {
    clock: Clock32,
    t_us: u64,
    /// Does the unfinished record have all of its first word, and does a time follow it?
    needed: usize,
}

impl Spif {
    pub fn new() -> Self {
        Self { clock: Clock32::default(), t_us: 0, needed: WORD }
    }
}

/// The word at the begin of some bytes.
fn word(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|&bytes| u32::from_le_bytes(bytes))
}

impl Layout for Spif {
    fn restart(&self) -> Self {
        Self::new()
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let mut room = Room::new(out.free());
        let mut taken = 0;
        let stop = loop {
            self.needed = WORD;
            let Some(event) = word(&bytes[taken..]) else { break Stop::More };
            let mut len = WORD;
            if event & UNTIMED == 0 {
                len = TIMED;
                self.needed = TIMED;
                let Some(time) = word(&bytes[taken + WORD..]) else { break Stop::More };
                if room.is_full() {
                    break Stop::Full;
                }
                match self.clock.at(time) {
                    Ok(t_us) => self.t_us = t_us,
                    Err(kind) => break Stop::fault(kind, TIMED),
                }
            }
            if room.is_full() {
                break Stop::Full;
            }
            taken += len;
            let [x, y] = [event >> 16 & 0x7FFF, event & 0x7FFF];
            room.put(Event { t: self.t_us, x: x as u16, y: y as u16, p: (event >> 15 & 1) as u8 });
        };
        let at = room.at;
        out.take(at);
        Step { taken, stop }
    }

    fn end(&self, held: usize) -> Option<(usize, DecodeFaultKind)> {
        let kind = DecodeFaultKind::CutRecord { found: held as u32, needed: self.needed as u32 };
        (held > 0).then_some((0, kind))
    }
}
