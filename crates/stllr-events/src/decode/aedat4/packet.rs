//! A packet of events: the flatbuffer `EVTS`, whose one vector is read as it comes.
//!
//! An event has 16 bytes: i64 t in us (Unix), i16 x, i16 y, u8 on, three bytes of nothing.

use super::flatbuffer::{Stop, Table};
use super::plain::Plain;
use crate::chunk::{Chunk, MAX_TIME_US};
use crate::decode::file_fault::{Field, FileFault};

pub const EVENT: usize = 16;
/// How many bytes may stand before the first event. Writers need 32 or so.
const HEAD_MOST: usize = 4096;
/// The size before the flatbuffer, which its offsets do not count.
const SIZE: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// Which event comes next, and how many there are.
    Events {
        next: u32,
        count: u32,
    },
}

/// The reader of one packet.
#[derive(Debug, Clone)]
pub struct Packet {
    state: State,
}

impl Packet {
    pub fn new() -> Self {
        Self { state: State::Head }
    }

    /// Whether all events have been read.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Events { next, count } if next == count)
    }

    /// Whether an event could be read now, had the chunk room.
    pub fn is_ready(&self, plain: &Plain) -> bool {
        matches!(self.state, State::Events { next, count } if next < count) && plain.unread().len() >= EVENT
    }

    /// What is missing where the packet ends now.
    pub fn end(&self) -> FileFault {
        match self.state {
            State::Head => FileFault::Structure,
            State::Events { next, count } => FileFault::Missing { found: next, needed: count },
        }
    }

    /// Reads what there is while `out` has room. After [`FileFault::Value`] it can be called again: that event is past.
    pub fn read(&mut self, plain: &mut Plain, out: &mut Chunk) -> Result<(), FileFault> {
        if self.state == State::Head {
            match head(plain.unread()) {
                Ok((start, count)) => {
                    plain.consume(start);
                    self.state = State::Events { next: 0, count };
                }
                Err(Stop::Needs(end)) if end <= HEAD_MOST => return Ok(()),
                Err(_) => return Err(FileFault::Structure),
            }
        }
        while let State::Events { next, count } = &mut self.state {
            let left = (*count - *next) as usize;
            let (read, bad) = events(&plain.unread()[..plain.unread().len().min(left * EVENT)], out);
            let first = *next;
            plain.consume(read * EVENT);
            *next += read as u32;
            if let Some(field) = bad {
                return Err(FileFault::Value { field, index: first + read as u32 - 1 });
            }
            if read == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// Where the events begin, and how many there are.
fn head(bytes: &[u8]) -> Result<(usize, u32), Stop> {
    let size = u32::from_le_bytes(super::flatbuffer::array(bytes, 0)?);
    let needs = |stop| match stop {
        Stop::Needs(end) => Stop::Needs(end.saturating_add(SIZE)),
        Stop::Wrong => Stop::Wrong,
    };
    let table = Table::root(&bytes[SIZE..], b"EVTS").map_err(needs)?;
    let Some((start, count)) = table.vector(0).map_err(needs)? else { return Ok((0, 0)) };
    let end = (count as u64).saturating_mul(EVENT as u64).saturating_add(start as u64);
    if count == 0 {
        return Ok((0, 0));
    }
    if end > u64::from(size) {
        return Err(Stop::Wrong);
    }
    if bytes.len() < SIZE + start {
        return Err(Stop::Needs(SIZE + start));
    }
    Ok((SIZE + start, count as u32))
}

/// Reads events until the bytes end, `out` is full, or one cannot be: it is counted in what was read, and the field
/// returned.
fn events(bytes: &[u8], out: &mut Chunk) -> (usize, Option<Field>) {
    let free = out.free();
    let count = free.t_us.len().min(bytes.len() / EVENT);
    let (t_us, x, y, p) = (&mut free.t_us[..count], &mut free.x[..count], &mut free.y[..count], &mut free.p[..count]);
    let mut bad = None;
    let mut read = 0;
    for (at, event) in bytes.chunks_exact(EVENT).take(count).enumerate() {
        let low = u64::from_le_bytes([event[0], event[1], event[2], event[3], event[4], event[5], event[6], event[7]]);
        t_us[at] = low;
        x[at] = u16::from_le_bytes([event[8], event[9]]);
        y[at] = u16::from_le_bytes([event[10], event[11]]);
        p[at] = u8::from(event[12] != 0);
        read = at + 1;
        // As the file's numbers have a sign, a set top bit is a negative one.
        bad = if low > MAX_TIME_US {
            Some(Field::T)
        } else if x[at] >> 15 != 0 {
            Some(Field::X)
        } else if y[at] >> 15 != 0 {
            Some(Field::Y)
        } else {
            None
        };
        if bad.is_some() {
            break;
        }
    }
    out.take(read - usize::from(bad.is_some()));
    (read, bad)
}
