//! Text: one event a line, `t x y p` or `t,x,y,p`, as in the Event Camera Dataset and in CSV files.
//!
//! - Values are separated by commas or semicolons, in a line without either by blanks or tabs; what follows the last one
//!   needed is ignored. Empty lines, and those that begin with `#` or `%`, are passed over. A line ends with `\n` or
//!   `\r\n`.
//! - The first line may name the columns, in any order, also behind a `#`: t (ts, time, timestamp, timestamps), x, y, p
//!   (pol, polarity, on). Without names, and without [`Options::columns`], the order is t, x, y, p. A first line of two
//!   whole numbers is the sensor's width and height.
//! - The unit of time is that of [`Options::unit`], else the one in the column's name (`t_us`, `t[s]`, `time (ms)` with
//!   commas), else seconds if the first event's time has a decimal point or an exponent, else us. It is rounded to the
//!   nearest us, halves up.
//! - A polarity is 0, 1, -1 (which becomes 0), true or false. Numbers may be written as floats (`9.6e+01`).
//!
//! A line may have [`MAX_LINE`] bytes; one unfinished line is all that is held.

mod columns;

use super::decimal::Decimal;
use super::{Decoder, Dropped};
use crate::chunk::{Chunk, MAX_TIME_US};
use crate::decode::fault::{DecodeFault, DecodeFaultKind};
use crate::decode::file_fault::{Field, FileFault, HeadPart};
use crate::error::OnFault;
use alloc::vec::Vec;
use columns::{columns, fields, is_comment, is_name, needed, pixel, polarity, sensor_size, uncommented};

/// The most bytes that a line may have, without its end.
pub const MAX_LINE: usize = 4096;

const FIELDS: [Field; 4] = [Field::T, Field::X, Field::Y, Field::P];

/// The unit of times in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum TimeUnit {
    /// 1 s.
    Seconds = 0,
    /// 10^-3 s.
    Milliseconds = 1,
    /// 10^-6 s.
    Microseconds = 2,
    /// 10^-9 s.
    Nanoseconds = 3,
}

impl TimeUnit {
    /// A unit is 10^`power` us.
    pub(super) const fn power(self) -> i32 {
        match self {
            Self::Seconds => 6,
            Self::Milliseconds => 3,
            Self::Microseconds => 0,
            Self::Nanoseconds => -3,
        }
    }
}

/// What a caller knows better than the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// The columns of t, x, y, p, from 0 (each below 64). A line of names is then passed over.
    pub columns: Option<[u8; 4]>,
    /// The unit of the times.
    pub unit: Option<TimeUnit>,
}

/// Whether a file that begins so is a text of events: its first line that is no comment names the columns or holds four
/// numbers.
pub fn is_head(head: &[u8]) -> bool {
    let head = head.strip_prefix(BOM).unwrap_or(head);
    let mut lines = head.split_inclusive(|&byte| byte == b'\n').filter(|line| line.len() <= MAX_LINE).filter(|line| {
        let line = line.trim_ascii();
        !line.is_empty() && !is_comment(line) && sensor_size(line).is_none()
    });
    let Some(line) = lines.next().map(|line| line.trim_ascii()) else { return false };
    let mut numbers = fields(line).take(4);
    columns(line).is_some() || numbers.by_ref().filter(|text| Decimal::read(text).is_some()).count() >= 3
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The decoder of text.
#[derive(Debug, Clone)]
pub struct Text {
    options: Options,
    on_fault: OnFault,
    /// The columns of t, x, y, p, and how many a line needs.
    columns: [u8; 4],
    needed: u32,
    unit: Option<TimeUnit>,
    /// Whether a line of names or of events has been read.
    begun: bool,
    sensor: Option<(u32, u32)>,
    /// Where the line began that is being read.
    offset: u64,
    line: Vec<u8>,
    /// Whether the line is too long and passed over to its end.
    long: bool,
    failed: Option<DecodeFault>,
    dropped: Dropped,
}

impl Text {
    /// For a file that says by itself what it holds, or holds `t x y p`.
    pub fn new(on_fault: OnFault) -> Self {
        Self::with_options(on_fault, Options::default())
    }

    /// For a file of which more is known.
    pub fn with_options(on_fault: OnFault, options: Options) -> Self {
        let columns = options.columns.map_or([0, 1, 2, 3], |columns| columns.map(|column| column.min(63)));
        Self {
            options,
            on_fault,
            columns,
            needed: needed(columns),
            unit: options.unit,
            begun: false,
            sensor: None,
            offset: 0,
            line: Vec::new(),
            long: false,
            failed: None,
            dropped: Dropped::default(),
        }
    }

    /// The line of `len` bytes, with its end, that begins at `offset` has a fault.
    fn fault(&mut self, fault: FileFault, len: usize) -> Result<(), DecodeFault> {
        if self.on_fault == OnFault::Skip {
            self.dropped.records += 1;
            self.dropped.bytes += len as u64;
            return Ok(());
        }
        let fault = DecodeFault { offset: self.offset, kind: DecodeFaultKind::File(fault) };
        self.failed = Some(fault);
        Err(fault)
    }

    /// A whole line of `len` bytes with its end; `out` has room for one event.
    fn line(&mut self, line: &[u8], len: usize, out: &mut Chunk) -> Result<(), DecodeFault> {
        let line = if self.offset == 0 { line.strip_prefix(BOM).unwrap_or(line) } else { line };
        let read = self.read(line.trim_ascii(), out);
        let end = read.map_or_else(|fault| self.fault(fault, len), |()| Ok(()));
        self.offset += len as u64;
        end
    }

    fn read(&mut self, line: &[u8], out: &mut Chunk) -> Result<(), FileFault> {
        if line.is_empty() {
            return Ok(());
        }
        if !self.begun {
            if self.begin(line)? {
                return Ok(());
            }
        } else if is_comment(line) {
            return Ok(());
        }
        let event = self.event(line)?;
        let free = out.free();
        (free.t_us[0], free.x[0], free.y[0], free.p[0]) = event;
        out.take(1);
        Ok(())
    }

    /// A line before the first event; whether there is no event in it.
    fn begin(&mut self, line: &[u8]) -> Result<bool, FileFault> {
        let comment = is_comment(line);
        let names = uncommented(line);
        if comment || is_name(names) {
            match columns(names).filter(|_| !comment || fields(names).count() == 4) {
                Some((columns, unit)) => {
                    if self.options.columns.is_none() {
                        self.columns = columns;
                        self.needed = needed(columns);
                    }
                    self.unit = self.unit.or(unit);
                    self.begun = true;
                }
                None if comment => {}
                None => {
                    self.begun = true;
                    if self.options.columns.is_none() {
                        return Err(FileFault::Head(HeadPart::Columns));
                    }
                }
            }
            return Ok(true);
        }
        if self.sensor.is_none()
            && let Some(size) = sensor_size(line)
        {
            self.sensor = Some(size);
            return Ok(true);
        }
        self.begun = true;
        Ok(false)
    }

    fn event(&mut self, line: &[u8]) -> Result<(u64, u16, u16, u8), FileFault> {
        let mut texts: [&[u8]; 4] = [&[]; 4];
        let mut found = 0;
        for text in fields(line).take(self.needed as usize) {
            for (slot, &column) in texts.iter_mut().zip(&self.columns) {
                if u32::from(column) == found {
                    *slot = text;
                }
            }
            found += 1;
        }
        if found < self.needed {
            return Err(FileFault::Columns { found, needed: self.needed });
        }
        let wrong = |field| FileFault::Value { field: FIELDS[field], index: 0 };
        let time = Decimal::read(texts[0]).ok_or(wrong(0))?;
        let guess = if time.fraction { TimeUnit::Seconds } else { TimeUnit::Microseconds };
        let unit = *self.unit.get_or_insert(guess);
        let (t_us, _) = time.scaled(unit.power()).ok_or(wrong(0))?;
        if t_us > MAX_TIME_US || (time.negative && t_us > 0) {
            return Err(wrong(0));
        }
        let x = pixel(texts[1]).ok_or(wrong(1))?;
        let y = pixel(texts[2]).ok_or(wrong(2))?;
        let p = polarity(texts[3]).ok_or(wrong(3))?;
        Ok((t_us, x, y, p))
    }

    /// The kept line is at its end, a mark of so many bytes.
    fn end_line(&mut self, mark: usize, out: &mut Chunk) -> Result<(), DecodeFault> {
        if core::mem::take(&mut self.long) {
            self.pass(mark);
            return Ok(());
        }
        let line = core::mem::take(&mut self.line);
        let end = self.line(&line, line.len() + mark, out);
        self.line = line;
        self.line.clear();
        end
    }

    /// Adds to the line, which ends here or not; whether it is still short enough.
    fn keep(&mut self, part: &[u8]) -> Result<(), DecodeFault> {
        if self.long {
            self.pass(part.len());
            return Ok(());
        }
        let len = self.line.len() + part.len();
        if len <= MAX_LINE {
            self.line.extend_from_slice(part);
            return Ok(());
        }
        self.long = true;
        self.line.clear();
        self.fault(FileFault::Length { found: MAX_LINE as u32 + 1, most: MAX_LINE as u32 }, len)?;
        self.offset += len as u64;
        Ok(())
    }

    /// Passes over bytes of a line that is too long.
    fn pass(&mut self, count: usize) {
        self.dropped.bytes += count as u64;
        self.offset += count as u64;
    }
}

impl Decoder for Text {
    fn feed(&mut self, bytes: &[u8], out: &mut Chunk) -> Result<usize, DecodeFault> {
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        let mut rest = bytes;
        while !rest.is_empty() && !out.is_full() {
            let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
                self.keep(rest)?;
                rest = &[];
                break;
            };
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            if self.line.is_empty() && !self.long && end <= MAX_LINE {
                self.line(line, end + 1, out)?;
            } else {
                self.keep(line)?;
                self.end_line(1, out)?;
            }
            rest = after;
        }
        Ok(bytes.len() - rest.len())
    }

    fn finish(&mut self, out: &mut Chunk) -> Result<(), DecodeFault> {
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        if self.line.is_empty() && !self.long {
            return Ok(());
        }
        self.end_line(0, out)
    }

    fn dropped(&self) -> Dropped {
        self.dropped
    }

    fn sensor(&self) -> Option<(u32, u32)> {
        self.sensor
    }

    fn reset(&mut self) {
        *self = Self::with_options(self.on_fault, self.options);
    }
}
