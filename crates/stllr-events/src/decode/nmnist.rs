//! N-MNIST and N-Caltech101 `.bin`, and SLAYER `.bs2`: five bytes an event, no header.
//!
//! Byte 0 is x, byte 1 is y; bit 7 of byte 2 is the polarity and the other 23 bits, big-endian, are the time
//! in us. The two formats differ in one thing. In `.bin` a record with y = 240 is no event but says that the
//! sensor's clock ran over: it is left out, and all later times grow by 2^13 us. (The ATIS has rows 0 to 239,
//! so no event is lost by that.) In `.bs2` it is an event like any other.

use super::{Decoder, Dropped};
use crate::chunk::Chunk;
use crate::decode::fault::{DecodeFault, DecodeFaultKind};
use crate::error::OnFault;

const RECORD: usize = 5;
const OVERFLOW_ROW: u8 = 240;
const OVERFLOW_US: u64 = 1 << 13;

/// The decoder of `.bin` and `.bs2`. It holds one unfinished record and nothing else.
#[derive(Debug, Clone)]
pub struct Nmnist {
    marks: bool,
    on_fault: OnFault,
    /// What overflow marks have added to the time so far.
    base_us: u64,
    /// Bytes of whole records so far: where the unfinished one begins.
    offset: u64,
    partial: [u8; RECORD],
    partial_len: usize,
    dropped: Dropped,
}

impl Nmnist {
    /// For `.bin`: y = 240 marks an overflow of the clock.
    pub fn bin(on_fault: OnFault) -> Self {
        Self::new(true, on_fault)
    }

    /// For `.bs2`: every record is an event.
    pub fn bs2(on_fault: OnFault) -> Self {
        Self::new(false, on_fault)
    }

    fn new(marks: bool, on_fault: OnFault) -> Self {
        Self {
            marks,
            on_fault,
            base_us: 0,
            offset: 0,
            partial: [0; RECORD],
            partial_len: 0,
            dropped: Dropped::default(),
        }
    }

    /// Decodes whole records while `out` has room; returns how many bytes they took.
    fn records(&mut self, bytes: &[u8], out: &mut Chunk) -> usize {
        let mut records = 0;
        // A mark takes no room, so that one pass may leave room for more.
        while !out.is_full() && bytes.len() - records * RECORD >= RECORD {
            let (taken, base_us) = if self.marks {
                decode::<true>(&bytes[records * RECORD..], self.base_us, out)
            } else {
                decode::<false>(&bytes[records * RECORD..], self.base_us, out)
            };
            records += taken;
            self.base_us = base_us;
        }
        self.offset += (records * RECORD) as u64;
        records * RECORD
    }

    /// Adds to the unfinished record.
    fn keep(&mut self, bytes: &[u8]) {
        self.partial[self.partial_len..self.partial_len + bytes.len()].copy_from_slice(bytes);
        self.partial_len += bytes.len();
    }
}

/// One pass: at most as many records as `out` has room for. Returns the records read and the new time base.
fn decode<const MARKS: bool>(bytes: &[u8], mut base_us: u64, out: &mut Chunk) -> (usize, u64) {
    let free = out.free();
    let count = free.t_us.len().min(bytes.len() / RECORD);
    let (t_us, x, y, p) = (&mut free.t_us[..count], &mut free.x[..count], &mut free.y[..count], &mut free.p[..count]);
    let mut at = 0;
    for record in bytes.chunks_exact(RECORD).take(count) {
        let word = u32::from_be_bytes([0, record[2], record[3], record[4]]);
        x[at] = u16::from(record[0]);
        y[at] = u16::from(record[1]);
        p[at] = (word >> 23) as u8;
        t_us[at] = base_us + u64::from(word & 0x7F_FFFF);
        // A mark is written like an event and then written over by the next one.
        let mark = MARKS && record[1] == OVERFLOW_ROW;
        base_us += if mark { OVERFLOW_US } else { 0 };
        at += usize::from(!mark);
    }
    out.take(at);
    (count, base_us)
}

impl Decoder for Nmnist {
    fn feed(&mut self, bytes: &[u8], out: &mut Chunk) -> Result<usize, DecodeFault> {
        if out.is_full() {
            return Ok(0);
        }
        let mut consumed = 0;
        if self.partial_len > 0 {
            consumed = bytes.len().min(RECORD - self.partial_len);
            self.keep(&bytes[..consumed]);
            if self.partial_len < RECORD {
                return Ok(consumed);
            }
            self.partial_len = 0;
            let record = self.partial;
            self.records(&record, out);
        }
        consumed += self.records(&bytes[consumed..], out);
        let rest = &bytes[consumed..];
        if rest.len() < RECORD && !out.is_full() {
            self.keep(rest);
            consumed += rest.len();
        }
        Ok(consumed)
    }

    fn finish(&mut self, _out: &mut Chunk) -> Result<(), DecodeFault> {
        let found = self.partial_len;
        if found == 0 {
            return Ok(());
        }
        match self.on_fault {
            OnFault::Refuse => Err(DecodeFault {
                offset: self.offset,
                kind: DecodeFaultKind::CutRecord { found: found as u32, needed: RECORD as u32 },
            }),
            OnFault::Skip => {
                self.partial_len = 0;
                self.dropped.records += 1;
                self.dropped.bytes += found as u64;
                Ok(())
            }
        }
    }

    fn dropped(&self) -> Dropped {
        self.dropped
    }

    fn reset(&mut self) {
        *self = Self::new(self.marks, self.on_fault);
    }
}
