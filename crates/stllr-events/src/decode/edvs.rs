//! The embedded DVS (eDVS, 128 x 128) on its serial line: what its firmware sends after `E+`, in the modes `!E0` to `!E4` and,
//! on the older boards, in the text of `!E30` and `!E31`.
//!
//! Binary: bit 7 of the first byte is set and bits 6-0 are y; of the second, bit 7 is the polarity and bits 6-0 are x. Then
//!
//! - E0: nothing. There are no times: all are 0, and who receives events as they happen must put the time of arrival there;
//! - E1: the time since the event before, in us, 7 bits a byte from the upper ones down, one to four bytes, bit 7 set in the last;
//! - E2, E3, E4: the time in us, 16, 24 or 32 bits, big-endian.
//!
//! The clocks of 16 and 24 bits run over every 66 ms and 17 s: they never go back, so that a smaller time is one of the next
//! round. (A silence of more than a round shortens by whole rounds: in E2 only a busy sensor's times hold.) The clock of 32 bits
//! is that of [`super::spif`]. A byte without bit 7 where an event should begin is dropped, up to the next with it: so a
//! reader that joins in the middle, or a device's answer to a command, costs a few bytes. (E1 of firmware from before 2012 is
//! E2 here.)
//!
//! Text: a line an event, `p yyy xxx` or `p yyy xxx ttttt`, blanks in front of small numbers, t of 16 bits as in E2.

use super::clock::{Clock32, ForwardClock};
use super::stream::{Layout, Room, Step, Stop};
use crate::chunk::{Chunk, Event, Free};
use crate::decode::fault::DecodeFaultKind;

/// What the binary modes have after the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    /// E0.
    None,
    /// E1.
    Since,
    /// E2 to E4: so many bytes.
    Bytes(usize),
}

const ADDRESS: usize = 2;
/// The most bytes of a time of E1.
const SINCE: usize = 4;
/// Set in the first byte of an event.
const FIRST: u8 = 0x80;

/// The layout of the binary modes.
#[derive(Debug)]
pub(super) struct Edvs {
    time: Time,
    forward: ForwardClock,
    full: Clock32,
    /// Were the bytes just before dropped, so that more of them are no further fault?
    is_astray: bool,
}

impl Edvs {
    pub fn new(time: Time) -> Self {
        Self { time, forward: ForwardClock::default(), full: Clock32::default(), is_astray: false }
    }

    /// How many bytes the event at the begin of `rest` has; `None` where they do not say it yet.
    fn length(&self, rest: &[u8]) -> Option<Result<usize, DecodeFaultKind>> {
        match self.time {
            Time::None => Some(Ok(ADDRESS)),
            Time::Bytes(bytes) => Some(Ok(ADDRESS + bytes)),
            Time::Since => {
                let time = rest.get(ADDRESS..)?;
                let last = time.iter().take(SINCE).position(|byte| byte & 0x80 != 0);
                match last {
                    Some(last) => Some(Ok(ADDRESS + last + 1)),
                    None if time.len() < SINCE => None,
                    None => Some(Err(DecodeFaultKind::Length { found: SINCE as u32 + 1, allowed: SINCE as u32 })),
                }
            }
        }
    }

    fn at(&mut self, time: &[u8]) -> Result<u64, DecodeFaultKind> {
        let number = time.iter().fold(0, |number, &byte| number << 8 | u32::from(byte));
        match self.time {
            Time::None => Ok(0),
            Time::Since => self.forward.add(time.iter().fold(0, |sum, &byte| sum << 7 | u32::from(byte & 0x7F))),
            Time::Bytes(4) => self.full.at(number),
            Time::Bytes(bytes) => self.forward.at(number, 8 * bytes as u32),
        }
    }
}

impl Layout for Edvs {
    fn restart(&self) -> Self {
        Self::new(self.time)
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let mut room = Room::new(out.free());
        let mut taken = 0;
        let stop = loop {
            let rest = &bytes[taken..];
            let Some(&row) = rest.first() else { break Stop::More };
            if row & FIRST == 0 {
                let kind = DecodeFaultKind::Mark { found: row.into(), allowed: FIRST.into() };
                break Stop::Fault { kind, len: 1, again: core::mem::replace(&mut self.is_astray, true) };
            }
            let len = match self.length(rest) {
                None => break Stop::More,
                Some(Err(kind)) => break self.stray(kind, ADDRESS + SINCE),
                Some(Ok(len)) if rest.len() < len => break Stop::More,
                Some(Ok(len)) => len,
            };
            if room.is_full() {
                break Stop::Full;
            }
            let t = match self.at(&rest[ADDRESS..len]) {
                Ok(t) => t,
                Err(kind) => break self.stray(kind, len),
            };
            self.is_astray = false;
            taken += len;
            room.put(Event { t, x: (rest[1] & 0x7F).into(), y: (row & 0x7F).into(), p: rest[1] >> 7 });
        };
        let at = room.at;
        out.take(at);
        Step { taken, stop }
    }

    fn end(&self, held: usize) -> Option<(usize, DecodeFaultKind)> {
        let time = match self.time {
            Time::None => 0,
            Time::Since => 1,
            Time::Bytes(bytes) => bytes,
        };
        super::stream::cut_record(held, ADDRESS + time)
    }
}

impl Edvs {
    fn stray(&mut self, kind: DecodeFaultKind, len: usize) -> Stop {
        self.is_astray = true;
        Stop::fault(kind, len)
    }
}

/// The bytes of a line with a time, its end with it.
const TIMED: usize = 16;
/// And of one without.
const UNTIMED: usize = 10;
/// The most bytes that a line may have: none of the device's has more, but for its answers.
const LINE: usize = 24;

/// The layout of the text.
#[derive(Debug)]
pub(super) struct EdvsText {
    clock: ForwardClock,
    t_us: u64,
    /// Is what comes up to the next line's end part of a line that was dropped?
    is_astray: bool,
}

impl EdvsText {
    pub fn new() -> Self {
        Self { clock: ForwardClock::default(), t_us: 0, is_astray: false }
    }

    /// An event of a line; `None` where there is none in it.
    fn line(&mut self, line: &[u8]) -> Result<Option<Event<u64>>, DecodeFaultKind> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(None);
        }
        let mut values = [0; 4];
        let mut found = 0;
        for text in line.split(|byte| *byte == b' ').filter(|text| !text.is_empty()) {
            let most = [1, 127, 127, 0xFFFF].get(found);
            let Some((value, most)) = number(text).zip(most) else { return Err(no_line()) };
            if value > *most {
                return Err(DecodeFaultKind::Value { found: value, allowed: *most });
            }
            values[found] = value;
            found += 1;
        }
        let [p, y, x, time] = values;
        match found {
            3 => {}
            4 => self.t_us = self.clock.at(time, 16)?,
            _ => return Err(no_line()),
        }
        Ok(Some(Event { t: self.t_us, x: x as u16, y: y as u16, p: p as u8 }))
    }
}

/// Something that is no event: an answer of the device, or a line that lost a byte.
fn no_line() -> DecodeFaultKind {
    DecodeFaultKind::File(crate::decode::file_fault::FileFault::Columns { found: 0, needed: 3 })
}

/// A whole number of at most five digits.
fn number(text: &[u8]) -> Option<u32> {
    let is_number = text.len() <= 5 && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| text.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

/// Are these lines of the device, with its blanks in front of small numbers? The last one may be cut.
pub fn is_text_head(head: &[u8]) -> bool {
    let mut lines = head.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n")).peekable();
    lines.peek().is_some() && lines.all(is_device_line)
}

fn is_device_line(line: &[u8]) -> bool {
    let has_shape = |places: &[usize]| {
        places.iter().all(|&place| line.get(place) == Some(&b' ')) && matches!(line.first(), Some(b'0' | b'1'))
    };
    let shape = match line.len() {
        UNTIMED => has_shape(&[1, 5]),
        TIMED => has_shape(&[1, 5, 9]),
        _ => false,
    };
    shape && matches!(EdvsText::new().line(line), Ok(Some(_)))
}

impl Layout for EdvsText {
    fn restart(&self) -> Self {
        Self::new()
    }

    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step {
        let mut taken = 0;
        let stop = loop {
            let rest = &bytes[taken..];
            let end = rest.iter().take(LINE).position(|&byte| byte == b'\n');
            let len = match end {
                Some(end) => end + 1,
                None if rest.len() < LINE => break Stop::More,
                None => LINE,
            };
            if end.is_none() || self.is_astray {
                let again = core::mem::replace(&mut self.is_astray, end.is_none());
                let kind = DecodeFaultKind::Length { found: u32::MAX, allowed: LINE as u32 - 1 };
                break Stop::Fault { kind, len, again };
            }
            if out.is_full() {
                break Stop::Full;
            }
            match self.line(&rest[..len]) {
                Ok(Some(event)) => put(out.free(), event),
                Ok(None) => {
                    taken += len;
                    continue;
                }
                Err(kind) => break Stop::fault(kind, len),
            }
            out.take(1);
            taken += len;
        };
        Step { taken, stop }
    }

    fn end(&self, held: usize) -> Option<(usize, DecodeFaultKind)> {
        super::stream::cut_record(held, UNTIMED)
    }
}

fn put(free: Free<'_>, event: Event<u64>) {
    Room::new(free).put(event);
}
