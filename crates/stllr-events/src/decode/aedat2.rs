//! AEDAT 2.0, as jAER writes it: a header of `#` lines, the first of them `#!AER-DAT2.0`, then eight bytes an event.
//!
//! A record is an address and a time in us, each of 32 bits, big-endian. The header's line `# AEChip: NAME` says
//! which sensor that is; without it the file is read as one of a DVS128.
//!
//! - DVS128: polarity bit 0, x bits 1-7, y bits 8-14. Records with bit 15 set (synchronisation) are passed over; the
//!   upper half is not looked at.
//! - DAVIS: polarity bit 11, x bits 12-21, y bits 22-30. Records with bit 31 (frames, inertial samples) or bit 10
//!   (external signals) set are passed over.
//!
//! Coordinates and polarities are as stored: viewers mirror x, and show ON where the bit of a DVS128 is 0. The clock
//! of 32 bits runs over and is unrolled: a time more than 2^31 us before the last one belongs to the next round.
//!
//! The header ends with the line `#End Of ASCII Header`, or, in older files, before the first line that does not
//! begin with `#`; lines of more than 64 KiB and headers of more than 4 MiB are refused.

use super::chip::{Addresses, Chip, DVS128, chip};
use super::clock::Clock32;
use super::lines::{Line, Lines};
use super::stream::{Layout, Read, Step, Stop, cut_record, read_records};
use crate::chunk::{Chunk, Event};
use crate::decode::fault::DecodeFaultKind;

const RECORD: usize = 8;
/// What the first line begins with, without its `#`.
pub(crate) const MARK: &str = "!AER-DAT";
const VERSION: u32 = 20;

/// The layout of AEDAT 2.0.
#[derive(Debug)]
pub(super) struct Aedat2 {
    lines: Lines,
    is_first: bool,
    in_header: bool,
    chip: Chip,
    clock: Clock32,
}

impl Aedat2 {
    pub fn new() -> Self {
        Self { lines: Lines::hash(), is_first: true, in_header: true, chip: DVS128, clock: Clock32::default() }
    }

    /// Takes a line of the header.
    fn line(&mut self) -> Result<(), DecodeFaultKind> {
        let text = self.lines.text();
        if core::mem::take(&mut self.is_first) {
            return version(text, VERSION..=VERSION);
        }
        if let Some(name) = text.strip_prefix("AEChip:") {
            self.chip = chip(name.trim()).ok_or(DecodeFaultKind::Chip)?;
        }
        self.in_header = text != "End Of ASCII Header";
        Ok(())
    }
}

/// Is this the first line of an AEDAT file of one of these versions?
pub(super) fn version(text: &str, allowed: core::ops::RangeInclusive<u32>) -> Result<(), DecodeFaultKind> {
    let Some(rest) = text.strip_prefix(MARK) else {
        let mut found = [0; 4];
        text.bytes().zip(&mut found).for_each(|(from, to)| *to = from);
        return Err(DecodeFaultKind::Mark { found: u32::from_be_bytes(found), allowed: u32::from_be_bytes(*b"!AER") });
    };
    let found = super::version_number(rest).unwrap_or(0);
    if allowed.contains(&found) {
        return Ok(());
    }
    Err(DecodeFaultKind::Version { found, allowed: *allowed.end() })
}

/// The fault of a file that begins with another byte than `#`.
pub(super) fn no_mark(byte: u8) -> DecodeFaultKind {
    DecodeFaultKind::Mark { found: u32::from(byte), allowed: u32::from(b'#') }
}

impl Layout for Aedat2 {
    fn restart(&self) -> Self {
        Self::new()
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let mut taken = 0;
        while self.in_header {
            let (read, line) = self.lines.read(&bytes[taken..]);
            taken += read;
            let lost = match line {
                Line::More => return Step { taken, stop: Stop::More },
                Line::Whole => self.line().err().map(|kind| (kind, self.lines.line())),
                Line::TooLong(kind, back) => Some((kind, back)),
                Line::Body if self.is_first => Some((no_mark(bytes[taken]), 0)),
                Line::Body => {
                    self.in_header = false;
                    None
                }
            };
            if let Some((kind, back)) = lost {
                return Step { taken, stop: Stop::Lost { kind, back } };
            }
        }
        let Self { clock, chip, .. } = self;
        let body = &bytes[taken..];
        let step = match chip.addresses {
            Addresses::Dvs128 => read_records(body, out, |record| read_record::<false>(record, clock)),
            Addresses::Davis => read_records(body, out, |record| read_record::<true>(record, clock)),
        };
        Step { taken: taken + step.taken, stop: step.stop }
    }

    fn end(&self, held: usize) -> Option<(usize, DecodeFaultKind)> {
        if self.in_header { self.lines.end(held, self.is_first) } else { cut_record(held, RECORD) }
    }

    fn sensor(&self) -> Option<(u32, u32)> {
        if self.in_header { None } else { self.chip.sensor }
    }
}

#[inline(always)]
fn read_record<const DAVIS: bool>(record: &[u8; RECORD], clock: &mut Clock32) -> Read {
    let [a, b, c, d, time @ ..] = *record;
    let address = u32::from_be_bytes([a, b, c, d]);
    let t = match clock.at(u32::from_be_bytes(time)) {
        Ok(t) => t,
        Err(kind) => return Read::Fault(kind),
    };
    let other = if DAVIS { 1 << 31 | 1 << 10 } else { 1 << 15 };
    if address & other != 0 {
        return Read::Other;
    }
    Read::Event(if DAVIS {
        let [x, y] = [address >> 12 & 0x3FF, address >> 22 & 0x1FF];
        Event { t, x: x as u16, y: y as u16, p: (address >> 11 & 1) as u8 }
    } else {
        let [x, y] = [address >> 1 & 0x7F, address >> 8 & 0x7F];
        Event { t, x: x as u16, y: y as u16, p: (address & 1) as u8 }
    })
}
