//! Prophesee `.dat`: a header of `% ` lines, a type (0 or 12) and a size (8), a byte each, then eight bytes an event.
//!
//! A record is a time in us and a word, each of 32 bits, little-endian: x bits 0-13, y bits 14-27, polarity bit 28.
//! A file without header lines (version 1) has no type and size either. The clock of 32 bits runs over and is
//! unrolled: a time more than 2^31 us before the last one belongs to the next round.
//!
//! The sensor is known where the header has `% Width` and `% Height`. Lines of more than 64 KiB and headers of more
//! than 4 MiB are refused.

use super::clock::Clock32;
use super::lines::{Line, Lines};
use super::stream::{Layout, Read, Step, Stop, cut_record, read_records};
use crate::chunk::{Chunk, Event};
use crate::decode::fault::DecodeFaultKind;

const RECORD: usize = 8;
/// Types of events in two dimensions: 0 in older files, 12 in later ones.
const TYPES: u32 = 1 | 1 << 12;
const VERSION_MAX: u32 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Lines,
    TypeAndSize,
    Records,
}

/// The layout of `.dat`.
#[derive(Debug)]
pub(super) struct Dat {
    lines: Lines,
    /// Was there a line?
    has_header: bool,
    next: Next,
    width: Option<u32>,
    height: Option<u32>,
    clock: Clock32,
}

impl Dat {
    pub fn new() -> Self {
        Self {
            lines: Lines::percent(),
            has_header: false,
            next: Next::Lines,
            width: None,
            height: None,
            clock: Clock32::default(),
        }
    }

    /// Takes a line of the header.
    fn line(&mut self) -> Result<(), DecodeFaultKind> {
        self.has_header = true;
        let text = self.lines.text();
        let (key, value) = text.split_once(' ').unwrap_or((text, ""));
        match key {
            "Version" => {
                let found = super::version_number(value).unwrap_or(0);
                if found > VERSION_MAX {
                    return Err(DecodeFaultKind::Version { found, allowed: VERSION_MAX });
                }
            }
            "Width" => self.width = value.trim().parse().ok(),
            "Height" => self.height = value.trim().parse().ok(),
            _ => {}
        }
        Ok(())
    }

    /// Reads what stands before the records; returns how far, and why not further.
    fn read_header(&mut self, bytes: &[u8]) -> (usize, Option<Stop>) {
        let mut taken = 0;
        while self.next == Next::Lines {
            let (read, line) = self.lines.read(&bytes[taken..]);
            taken += read;
            let lost = match line {
                Line::More => return (taken, Some(Stop::More)),
                Line::Whole => self.line().err().map(|kind| (kind, self.lines.line())),
                Line::TooLong(kind, back) => Some((kind, back)),
                Line::Body => {
                    self.next = if self.has_header { Next::TypeAndSize } else { Next::Records };
                    None
                }
            };
            if let Some((kind, back)) = lost {
                return (taken, Some(Stop::Lost { kind, back }));
            }
        }
        if self.next == Next::TypeAndSize {
            let &[kind, size, ..] = &bytes[taken..] else { return (taken, Some(Stop::More)) };
            if let Err(kind) = type_and_size(kind, size) {
                return (taken, Some(Stop::Lost { kind, back: 0 }));
            }
            self.next = Next::Records;
            taken += 2;
        }
        (taken, None)
    }
}

/// Are these the two bytes in front of the records?
pub(crate) fn type_and_size(kind: u8, size: u8) -> Result<(), DecodeFaultKind> {
    if kind > 31 || TYPES >> kind & 1 == 0 {
        return Err(DecodeFaultKind::Type { found: u32::from(kind), allowed: TYPES });
    }
    if usize::from(size) != RECORD {
        return Err(DecodeFaultKind::Size { found: u32::from(size), allowed: RECORD as u32 });
    }
    Ok(())
}

impl Layout for Dat {
    fn restart(&self) -> Self {
        Self::new()
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let mut taken = 0;
        if self.next != Next::Records {
            let (read, stop) = self.read_header(bytes);
            taken = read;
            if let Some(stop) = stop {
                return Step { taken, stop };
            }
        }
        let mut clock = self.clock.clone();
        let step = read_records(&bytes[taken..], out, |&[a, b, c, d, e, f, g, h]: &[u8; RECORD]| {
            let word = u32::from_le_bytes([e, f, g, h]);
            match clock.at(u32::from_le_bytes([a, b, c, d])) {
                Ok(t) => Read::Event(Event {
                    t,
                    x: (word & 0x3FFF) as u16,
                    y: (word >> 14 & 0x3FFF) as u16,
                    p: (word >> 28 & 1) as u8,
                }),
                Err(kind) => Read::Fault(kind),
            }
        });
        self.clock = clock;
        Step { taken: taken + step.taken, stop: step.stop }
    }

    fn end(&self, held: usize) -> Option<(usize, DecodeFaultKind)> {
        match self.next {
            Next::Lines => self.lines.end(held, self.has_header),
            Next::TypeAndSize => self.lines.end(held, true),
            Next::Records => cut_record(held, RECORD),
        }
    }

    fn sensor(&self) -> Option<(u32, u32)> {
        if self.next == Next::Records { self.width.zip(self.height) } else { None }
    }
}
