//! AEDAT 3.0 and 3.1 (DVS128 Gesture): a header of `#` lines from `#!AER-DAT3.1` to `#!END-HEADER`, then packets.
//!
//! A packet is a header of 28 bytes, little-endian (i16 type, i16 source, then i32 event size, time offset, time
//! overflow, capacity, number, valid), and capacity x size bytes. Packets of type 1 hold polarity events of eight
//! bytes: bit 0 valid, bit 1 polarity, bits 2-16 y, bits 17-31 x, then an i32 time in us; the full time is
//! overflow x 2^31 + time. Of them the first `number` are read; events that say they are not valid are passed over,
//! as are packets of other types. All sources are read as one stream. The sensor is known where the header's
//! line `#Source N: NAME` names one that is.
//!
//! A packet of more than 256 MiB, a number above the capacity or a negative time is a fault. Where faults are
//! skipped, the next packet of polarity events is looked for byte by byte. Nothing of a packet is held but 28 bytes.

use super::aedat2::{no_mark, version};
use super::chip::chip;
use super::lines::{Line, Lines};
use super::stream::{Layout, Read, Step, Stop, cut_record, read_records};
use crate::chunk::{Chunk, Event, MAX_TIME_US};
use crate::decode::fault::DecodeFaultKind;

const HEADER: usize = 28;
const RECORD: usize = 8;
const POLARITY: u32 = 1;
/// The longest packet that is read, in bytes without its header.
const PACKET_MAX: u64 = 1 << 28;

/// What comes next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Lines,
    Packet,
    /// So many polarity events, then so many bytes that are none.
    Events {
        count: u64,
        then: u64,
    },
    /// So many bytes to pass over.
    Bytes(u64),
}

/// The layout of AEDAT 3.1.
#[derive(Debug)]
pub(super) struct Aedat3 {
    lines: Lines,
    is_first: bool,
    next: Next,
    /// The upper part of the packet's times.
    base_us: u64,
    /// Was the last thing read a byte that is no packet's begin?
    is_searching: bool,
    sensor: Option<(u32, u32)>,
}

impl Aedat3 {
    pub fn new() -> Self {
        Self { lines: Lines::hash(), is_first: true, next: Next::Lines, base_us: 0, is_searching: false, sensor: None }
    }

    /// Takes a line of the header.
    fn line(&mut self) -> Result<(), DecodeFaultKind> {
        let text = self.lines.text();
        if core::mem::take(&mut self.is_first) {
            return version(text, 30..=31);
        }
        if text == "!END-HEADER" {
            self.next = Next::Packet;
        }
        if let Some((_, name)) = text.strip_prefix("Source").and_then(|rest| rest.split_once(':')) {
            self.sensor = self.sensor.or(chip(name.trim()).and_then(|chip| chip.sensor));
        }
        Ok(())
    }

    fn read_lines(&mut self, bytes: &[u8]) -> (usize, Option<Stop>) {
        let (taken, line) = self.lines.read(bytes);
        let lost = match line {
            Line::More => return (taken, Some(Stop::More)),
            Line::Whole => self.line().err().map(|kind| (kind, self.lines.line())),
            Line::TooLong(kind, back) => Some((kind, back)),
            Line::Body => Some((no_mark(bytes[0]), 0)),
        };
        (taken, lost.map(|(kind, back)| Stop::Lost { kind, back }))
    }

    fn read_packet(&mut self, bytes: &[u8]) -> (usize, Option<Stop>) {
        let Some(header) = bytes.first_chunk::<HEADER>() else { return (0, Some(Stop::More)) };
        match packet(header, self.is_searching) {
            Ok((next, base_us)) => {
                (self.next, self.base_us, self.is_searching) = (next, base_us, false);
                (HEADER, None)
            }
            Err(kind) => {
                let again = core::mem::replace(&mut self.is_searching, true);
                (0, Some(Stop::Fault { kind, len: 1, again }))
            }
        }
    }

    fn read_events(&mut self, bytes: &[u8], count: u64, then: u64, out: &mut Chunk) -> (usize, Option<Stop>) {
        if count == 0 {
            self.next = Next::Bytes(then);
            return (0, None);
        }
        let most = usize::try_from(count * RECORD as u64).unwrap_or(usize::MAX).min(bytes.len());
        let base_us = self.base_us;
        let Step { taken, stop } = read_records(&bytes[..most], out, |record| read_record(record, base_us));
        let faulty = matches!(stop, Stop::Fault { .. });
        let left = count - (taken / RECORD) as u64 - u64::from(faulty);
        self.next = Next::Events { count: left, then };
        (taken, if left == 0 && !faulty { None } else { Some(stop) })
    }
}

/// What follows a packet's header, and the upper part of its times. Bytes that only may be one must be that of polarity
/// events: the others have too little that is known.
fn packet(header: &[u8; HEADER], is_search: bool) -> Result<(Next, u64), DecodeFaultKind> {
    let kind = u32::from(u16::from_le_bytes([header[0], header[1]]));
    let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let [size, time_offset, overflow, capacity, count, valid] = [4, 8, 12, 16, 20, 24].map(number);
    if is_search && (kind != POLARITY || time_offset != 4) {
        return Err(DecodeFaultKind::Type { found: kind, allowed: 1 << POLARITY });
    }
    let at_most =
        |found, allowed| if found <= allowed { Ok(()) } else { Err(DecodeFaultKind::Value { found, allowed }) };
    at_most(kind, i16::MAX as u32)?;
    if size < RECORD as u32 || (kind == POLARITY && size != RECORD as u32) {
        return Err(DecodeFaultKind::Size { found: size, allowed: RECORD as u32 });
    }
    let bytes = u64::from(size) * u64::from(capacity);
    if bytes > PACKET_MAX {
        let found = u32::try_from(bytes).unwrap_or(u32::MAX);
        return Err(DecodeFaultKind::Length { found, allowed: PACKET_MAX as u32 });
    }
    at_most(time_offset, size - 4)?;
    at_most(overflow, (MAX_TIME_US >> 31) as u32)?;
    at_most(count, capacity)?;
    at_most(valid, count)?;
    let count = if kind == POLARITY { u64::from(count) } else { 0 };
    Ok((Next::Events { count, then: bytes - count * RECORD as u64 }, u64::from(overflow) << 31))
}

#[inline(always)]
fn read_record(&[a, b, c, d, ref time @ ..]: &[u8; RECORD], base_us: u64) -> Read {
    let word = u32::from_le_bytes([a, b, c, d]);
    let [e, f, g, h] = *time;
    let time = u32::from_le_bytes([e, f, g, h]);
    if time > i32::MAX as u32 {
        return Read::Fault(DecodeFaultKind::Value { found: time, allowed: i32::MAX as u32 });
    }
    if word & 1 == 0 {
        return Read::Other;
    }
    let [x, y] = [word >> 17, word >> 2 & 0x7FFF];
    Read::Event(Event { t: base_us + u64::from(time), x: x as u16, y: y as u16, p: (word >> 1 & 1) as u8 })
}

impl Layout for Aedat3 {
    fn restart(&self) -> Self {
        Self::new()
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            let (read, stop) = match self.next {
                Next::Lines => self.read_lines(rest),
                Next::Packet => self.read_packet(rest),
                Next::Events { count, then } => self.read_events(rest, count, then, out),
                Next::Bytes(0) => {
                    self.next = Next::Packet;
                    (0, None)
                }
                Next::Bytes(_) if rest.is_empty() => (0, Some(Stop::More)),
                Next::Bytes(left) => {
                    let read = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    self.next = Next::Bytes(left - read as u64);
                    (read, None)
                }
            };
            taken += read;
            if let Some(stop) = stop {
                return Step { taken, stop };
            }
        }
    }

    fn end(&self, held: usize) -> Option<(usize, DecodeFaultKind)> {
        match self.next {
            Next::Lines => self.lines.end(held, true),
            Next::Packet => cut_record(held, HEADER),
            Next::Events { count: 1.., .. } => {
                Some((0, DecodeFaultKind::CutRecord { found: held as u32, needed: RECORD as u32 }))
            }
            Next::Events { then: left, .. } | Next::Bytes(left) => {
                (left > 0).then_some((0, DecodeFaultKind::CutRecord { found: 0, needed: left as u32 }))
            }
        }
    }

    fn sensor(&self) -> Option<(u32, u32)> {
        self.sensor
    }
}
