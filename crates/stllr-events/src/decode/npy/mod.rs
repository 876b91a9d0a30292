//! NumPy arrays, `.npy`, versions 1 to 3 of the format, in C order.
//!
//! - A structured array of shape (N,) with the fields t, x, y, p in any order, as Tonic makes them; other fields are
//!   passed over. Also called: ts, time, timestamp, timestamps; xs; ys; ps, pol, polarity, on.
//! - A plain array of shape (N, 4). Its columns are x, y, t, p, as in MVSEC and in Tonic, unless [`Options::columns`]
//!   says otherwise.
//!
//! Numbers are integers of 1 to 8 bytes, bool, or floats of 2 to 8 bytes, of either byte order. Times that are floats
//! count seconds, others us, unless [`Options::unit`] says otherwise; they are rounded to the nearest us, halves up. A
//! polarity is 0, 1 or -1, which becomes 0.
//!
//! An `.npz` is a zip of such files. What SpikingJelly writes has one array a field: [`Column`] reads those.
//!
//! Held are the head, of at most [`MAX_HEADER_BYTES`], and one unfinished record, of at most 1,024 bytes.

mod header;
pub(crate) mod number;
mod source;

use super::text::{Options, TimeUnit};
use super::{Decoder, Dropped};
use crate::chunk::{Chunk, MAX_TIME_US};
use crate::decode::fault::DecodeFault;
use crate::decode::file_fault::{Field, FileFault, HeadPart, Unsupported};
use crate::error::OnFault;
use header::{Header, Items, Slot};
pub use source::MAX_HEADER_BYTES;
use source::{MAGIC, Source};

const FIELDS: [Field; 4] = [Field::T, Field::X, Field::Y, Field::P];

/// Whether a file that begins so is a NumPy array.
pub fn is_head(head: &[u8]) -> bool {
    head.starts_with(&MAGIC)
}

/// Where t, x, y and p lie in a record.
#[derive(Debug, Clone, Copy)]
struct Layout {
    slots: [Slot; 4],
    unit: TimeUnit,
}

impl Layout {
    /// The layout, the size of a record and how many there are.
    fn new(header: Header, options: Options) -> Result<(Self, usize, u64), FileFault> {
        let (slots, size) = match (header.items, header.dimensions) {
            (Items::Fields { size, slots: [Some(t), Some(x), Some(y), Some(p)] }, 1) => ([t, x, y, p], size),
            (Items::Fields { .. }, 1) => return Err(FileFault::Head(HeadPart::Columns)),
            (Items::Plain(number), 2) if header.shape[1] == 4 => {
                let [t, x, y, p] = options.columns.unwrap_or([2, 0, 1, 3]);
                let slot = |column: u8| Slot { offset: usize::from(column & 3) * number.size(), number };
                ([slot(t), slot(x), slot(y), slot(p)], 4 * number.size())
            }
            _ => return Err(FileFault::Unsupported(Unsupported::Shape)),
        };
        let unit = options.unit.unwrap_or(slots[0].number.unit());
        Ok((Self { slots, unit }, size, header.shape[0]))
    }

    fn event(&self, record: &[u8]) -> Result<(u64, u16, u16, u8), Field> {
        let [t, x, y, p] = self.slots;
        let t_us = time(t, record, self.unit).ok_or(Field::T)?;
        let x = pixel(x, record).ok_or(Field::X)?;
        let y = pixel(y, record).ok_or(Field::Y)?;
        let p = polarity(p, record).ok_or(Field::P)?;
        Ok((t_us, x, y, p))
    }
}

fn scaled(slot: Slot, record: &[u8], power: i32) -> Option<(u64, bool, bool)> {
    slot.number.scaled(record.get(slot.offset..)?, power)
}

fn time(slot: Slot, record: &[u8], unit: TimeUnit) -> Option<u64> {
    let (value, negative, _) = scaled(slot, record, unit.power())?;
    (value <= MAX_TIME_US && (!negative || value == 0)).then_some(value)
}

fn pixel(slot: Slot, record: &[u8]) -> Option<u16> {
    match scaled(slot, record, 0)? {
        (value, negative, true) if !negative || value == 0 => u16::try_from(value).ok(),
        _ => None,
    }
}

/// A polarity, of which -1 is the same as 0, or a channel.
fn polarity(slot: Slot, record: &[u8]) -> Option<u8> {
    match scaled(slot, record, 0)? {
        (1, true, true) => Some(0),
        (value, negative, true) if value == 0 || !negative => u8::try_from(value).ok(),
        _ => None,
    }
}

/// The decoder of `.npy` files with events.
#[derive(Debug, Clone)]
pub struct Npy {
    options: Options,
    source: Source,
    layout: Option<Layout>,
}

impl Npy {
    /// For an array that says by itself what it holds, or holds the columns x, y, t, p.
    pub fn new(on_fault: OnFault) -> Self {
        Self::with_options(on_fault, Options::default())
    }

    /// For an array of which more is known. [`Options::columns`] are those of t, x, y, p, from 0 to 3.
    pub fn with_options(on_fault: OnFault, options: Options) -> Self {
        Self { options, source: Source::new(on_fault), layout: None }
    }
}

impl Decoder for Npy {
    fn feed(&mut self, bytes: &[u8], out: &mut Chunk) -> Result<usize, DecodeFault> {
        let mut rest = bytes;
        while !rest.is_empty() && !out.is_full() {
            let Some(layout) = self.layout else {
                if let Some(header) = self.source.header(&mut rest)? {
                    match Layout::new(header, self.options) {
                        Ok((layout, size, count)) => {
                            self.layout = Some(layout);
                            self.source.begin(size, count);
                        }
                        Err(fault) => self.source.lose(fault)?,
                    }
                }
                continue;
            };
            if let Some(event) = self.source.record(&mut rest, |record| layout.event(record))? {
                let free = out.free();
                (free.t_us[0], free.x[0], free.y[0], free.p[0]) = event;
                out.take(1);
            }
        }
        Ok(bytes.len() - rest.len())
    }

    fn finish(&mut self, _out: &mut Chunk) -> Result<(), DecodeFault> {
        self.source.finish()
    }

    fn dropped(&self) -> Dropped {
        self.source.dropped()
    }

    fn reset(&mut self) {
        *self = Self::with_options(self.source.on_fault(), self.options);
    }
}

/// The reader of an array of one field of events, of shape (N,).
///
/// Events whose fields lie in several arrays cannot be decoded in one pass: whoever holds the arrays reads each and puts
/// them together by index. So under [`OnFault::Skip`] a value that cannot be is [`Column::MISSING`]: with it falls the event,
/// and whoever puts them together counts it.
#[derive(Debug, Clone)]
pub struct Column {
    field: Field,
    unit: Option<TimeUnit>,
    source: Source,
    slot: Option<Slot>,
    count: Option<u64>,
}

impl Column {
    /// What stands for a value that cannot be.
    pub const MISSING: u64 = u64::MAX;

    /// For the array of this field; `unit` is that of times, without it floats count seconds and others us.
    pub fn new(field: Field, unit: Option<TimeUnit>, on_fault: OnFault) -> Self {
        Self { field, unit, source: Source::new(on_fault), slot: None, count: None }
    }

    /// What was left out of the array as a whole: its head, its end, or what follows it.
    pub fn dropped(&self) -> Dropped {
        self.source.dropped()
    }

    /// How many values the array has, once its head has been read.
    pub fn count(&self) -> Option<u64> {
        self.count
    }

    /// Writes the values of `bytes` to `out`, times in us; returns how many bytes it has consumed and how many values it
    /// has written. It stops early when `out` is full, and before a fault: the next call, or [`Column::finish`], returns that.
    ///
    /// # Errors
    /// The first fault, under [`OnFault::Refuse`]; every later call returns it again.
    pub fn feed(&mut self, bytes: &[u8], out: &mut [u64]) -> Result<(usize, usize), DecodeFault> {
        let mut rest = bytes;
        let mut written = 0;
        while !rest.is_empty() && written < out.len() {
            let Some(slot) = self.slot else {
                if let Some(header) = self.source.header(&mut rest)? {
                    match (header.items, header.dimensions) {
                        (Items::Plain(number), 1) => {
                            self.slot = Some(Slot { offset: 0, number });
                            self.count = Some(header.shape[0]);
                            self.source.begin(number.size(), header.shape[0]);
                        }
                        _ => self.source.lose(FileFault::Unsupported(Unsupported::Shape))?,
                    }
                }
                continue;
            };
            let (field, unit) = (self.field, self.unit.unwrap_or(slot.number.unit()));
            let missing = (self.source.on_fault() == OnFault::Skip).then_some(Self::MISSING);
            let read = |record: &[u8]| match field {
                Field::T => time(slot, record, unit),
                Field::X | Field::Y => pixel(slot, record).map(u64::from),
                Field::P => polarity(slot, record).map(u64::from),
            };
            match self.source.record(&mut rest, |record| read(record).or(missing).ok_or(field)) {
                Ok(Some(value)) => {
                    out[written] = value;
                    written += 1;
                }
                Ok(None) => {}
                Err(_) if written > 0 => break,
                Err(fault) => return Err(fault),
            }
        }
        Ok((bytes.len() - rest.len(), written))
    }

    /// Ends the array.
    ///
    /// # Errors
    /// A head or record that is cut, or fewer values than the head says.
    pub fn finish(&mut self) -> Result<(), DecodeFault> {
        self.source.finish()
    }
}

/// The field that a name of an array or column means, as `t` or `timestamps`.
pub fn field_named(name: &[u8]) -> Option<Field> {
    header::field(name).map(|index| FIELDS[index])
}
