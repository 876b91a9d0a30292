//! Event Stream, `.es`, version 2: `Event Stream`, three bytes of version, a type, and for all but type 0 the width
//! and the height, 16 bits each, little-endian. Then each event is a byte with the time since the one before, and
//! what its type has.
//!
//! - 1, DVS: a byte of time x 2 + polarity, then x and y, 16 bits each, little-endian. 255 adds 127 us and is no
//!   event; 254 is none either.
//! - 2, ATIS: a byte of time x 4 + polarity x 2 + threshold, then x and y; from 252 on, the lower two bits times 63 us
//!   are added instead. Change-detection events (threshold 0) are events; those of the exposure measurement
//!   (threshold 1) are passed over.
//! - 0, generic (bytes of any meaning), and 4, colour: refused, as nothing in them is an event of a pixel with a
//!   polarity.
//!
//! y is as stored: its origin is the bottom of the picture. An event outside the sensor that the header states is a
//! fault, as it is in the format's own reader.

use super::stream::{Layout, Room, Step, Stop, cut_record};
use crate::chunk::{Chunk, Event};
use crate::decode::fault::DecodeFaultKind;

/// What the file begins with.
pub(crate) const MARK: &[u8; 12] = b"Event Stream";
const HEADER: usize = 20;
const RECORD: usize = 5;
const VERSION: u32 = 20;
const TYPES: u32 = 1 << 1 | 1 << 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dvs,
    Atis,
}

/// The layout of `.es`.
#[derive(Debug)]
pub(super) struct Es {
    /// Once the header is read.
    kind: Option<Kind>,
    width: u16,
    height: u16,
    t_us: u64,
}

impl Es {
    pub fn new() -> Self {
        Self { kind: None, width: 0, height: 0, t_us: 0 }
    }

    fn header(&mut self, bytes: &[u8; HEADER]) -> Kind {
        let [.., kind, a, b, c, d] = *bytes;
        self.width = u16::from_le_bytes([a, b]);
        self.height = u16::from_le_bytes([c, d]);
        if kind == 1 { Kind::Dvs } else { Kind::Atis }
    }

    fn read_events<const ATIS: bool>(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let mut room = Room::new(out.free());
        let mut t = self.t_us;
        let mut taken = 0;
        let stop = loop {
            let Some(&first) = bytes.get(taken) else { break Stop::More };
            // Times grow by 189 us a byte at most: no stream is long enough for one to become too great.
            if ATIS && first >= 252 {
                t += u64::from(first & 3) * 63;
                taken += 1;
                continue;
            }
            if !ATIS && first >= 254 {
                t += u64::from(first & 1) * 127;
                taken += 1;
                continue;
            }
            let Some(&[_, a, b, c, d]) = bytes[taken..].first_chunk::<RECORD>() else { break Stop::More };
            if room.is_full() {
                break Stop::Full;
            }
            t += u64::from(if ATIS { first >> 2 } else { first >> 1 });
            let [x, y] = [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])];
            if x >= self.width || y >= self.height {
                let (found, size) = if x >= self.width { (x, self.width) } else { (y, self.height) };
                let allowed = u32::from(size.saturating_sub(1));
                break Stop::fault(DecodeFaultKind::Value { found: u32::from(found), allowed }, RECORD);
            }
            taken += RECORD;
            if ATIS {
                if first & 1 == 0 {
                    room.put(Event { t, x, y, p: first >> 1 & 1 });
                }
            } else {
                room.put(Event { t, x, y, p: first & 1 });
            }
        };
        self.t_us = t;
        let at = room.at;
        out.take(at);
        Step { taken, stop }
    }
}

/// What is wrong with the begin of a file, and where.
fn check(bytes: &[u8]) -> Option<(usize, DecodeFaultKind)> {
    let first = |bytes: &[u8]| bytes.first_chunk().map_or(0, |&bytes| u32::from_be_bytes(bytes));
    if let Some((at, _)) = bytes.iter().zip(MARK).enumerate().find(|(_, (found, mark))| found != mark) {
        let at = at & !3;
        let (found, allowed) = (first(bytes.get(at..)?), first(&MARK[at..]));
        return (bytes.len() >= at + 4).then_some((at, DecodeFaultKind::Mark { found, allowed }));
    }
    let &[major, minor, _, kind] = bytes.get(MARK.len()..)?.first_chunk()?;
    if major != 2 {
        let found = u32::from(major) * 10 + u32::from(minor.min(9));
        return Some((MARK.len(), DecodeFaultKind::Version { found, allowed: VERSION }));
    }
    let is_read = kind < 32 && TYPES >> kind & 1 == 1;
    (!is_read).then_some((MARK.len() + 3, DecodeFaultKind::Type { found: u32::from(kind), allowed: TYPES }))
}

impl Layout for Es {
    fn restart(&self) -> Self {
        Self::new()
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let Some(kind) = self.kind else {
            if let Some((taken, kind)) = check(bytes) {
                return Step { taken, stop: Stop::Lost { kind, back: 0 } };
            }
            let Some(header) = bytes.first_chunk::<HEADER>() else { return Step { taken: 0, stop: Stop::More } };
            self.kind = Some(self.header(header));
            let step = self.read(&bytes[HEADER..], out);
            return Step { taken: HEADER + step.taken, stop: step.stop };
        };
        match kind {
            Kind::Dvs => self.read_events::<false>(bytes, out),
            Kind::Atis => self.read_events::<true>(bytes, out),
        }
    }

    fn end(&self, held: usize) -> Option<(usize, DecodeFaultKind)> {
        if self.kind.is_none() {
            return Some((0, DecodeFaultKind::CutHeader { found: held as u32 }));
        }
        cut_record(held, RECORD)
    }

    fn sensor(&self) -> Option<(u32, u32)> {
        self.kind.map(|_| (u32::from(self.width), u32::from(self.height)))
    }
}
