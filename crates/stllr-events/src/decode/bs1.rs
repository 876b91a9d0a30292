//! SLAYER `.bs1`: five bytes an event, no header; neurons in a row.
//!
//! Bytes 0 and 1, big-endian, are the neuron: it becomes x, and y is 0. Bit 7 of byte 2 is the polarity and the
//! other 23 bits, big-endian, are the time in us.

use super::stream::{Layout, Read, Step, cut_record, read_records};
use crate::chunk::{Chunk, Event};
use crate::decode::fault::DecodeFaultKind;

const RECORD: usize = 5;

/// The layout of `.bs1`.
#[derive(Debug)]
pub(super) struct Bs1;

impl Layout for Bs1 {
    fn restart(&self) -> Self {
        Self
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        read_records(bytes, out, |&[high, low, upper, middle, lower]: &[u8; RECORD]| {
            let word = u32::from_be_bytes([0, upper, middle, lower]);
            let x = u16::from_be_bytes([high, low]);
            Read::Event(Event { t: u64::from(word & 0x7F_FFFF), x, y: 0, p: (word >> 23) as u8 })
        })
    }

    fn end(&self, held: usize) -> Option<(usize, DecodeFaultKind)> {
        cut_record(held, RECORD)
    }
}
