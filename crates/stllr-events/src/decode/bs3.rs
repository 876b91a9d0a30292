//! SLAYER `.bs3`: seven bytes an event, no header.
//!
//! x and y of 12 bits each (x bits 11-4, then x bits 3-0 and y bits 11-8, then y bits 7-0), a channel of 8 bits,
//! which becomes the polarity, and the time in us of 24 bits, big-endian.

use super::stream::{Layout, Read, Step, cut_record, read_records};
use crate::chunk::{Chunk, Event};
use crate::decode::fault::DecodeFaultKind;

const RECORD: usize = 7;

/// The layout of `.bs3`.
#[derive(Debug)]
pub(super) struct Bs3;

impl Layout for Bs3 {
    fn restart(&self) -> Self {
        Self
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        read_records(bytes, out, |&[x, both, y, p, upper, middle, lower]: &[u8; RECORD]| {
            Read::Event(Event {
                t: u64::from(u32::from_be_bytes([0, upper, middle, lower])),
                x: u16::from(x) << 4 | u16::from(both >> 4),
                y: u16::from(both & 15) << 8 | u16::from(y),
                p,
            })
        })
    }

    fn end(&self, held: usize) -> Option<(usize, DecodeFaultKind)> {
        cut_record(held, RECORD)
    }
}
