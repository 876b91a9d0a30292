//! Streaming decoders: bytes in any split, events out in the order of the file.
//!
//! All formats share [`Decoder`]. A whole file, any split of it and byte by byte give the same events and the
//! same faults. Decoders keep times and order as the file has them; whether a time may go back is for the
//! reader of the events to say.

pub mod aedat2;
pub mod aedat3;
pub mod aedat4;
pub mod bs1;
pub mod bs3;
mod chip;
mod clock;
pub mod dat;
mod decimal;
pub mod edvs;
pub mod es;
pub mod evt2;
pub mod evt21;
pub mod evt3;
pub mod fault;
pub mod file_fault;
pub(crate) mod lines;
pub mod nmnist;
pub mod npy;
pub(crate) mod raw;
pub mod spif;
mod stream;
pub mod text;

use crate::chunk::Chunk;
use crate::decode::fault::DecodeFault;
use crate::error::OnFault;
use alloc::boxed::Box;

/// The event formats. The numbers are part of the boundary to JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Format {
    /// N-MNIST and N-Caltech101, `.bin`: see [`nmnist`].
    Bin = 0,
    /// SLAYER, `.bs2`: see [`nmnist`].
    Bs2 = 1,
    /// SLAYER, `.bs1`: see [`bs1`].
    Bs1 = 2,
    /// SLAYER, `.bs3`: see [`bs3`].
    Bs3 = 3,
    /// AEDAT 2.0: see [`aedat2`].
    Aedat2 = 4,
    /// AEDAT 3.1: see [`aedat3`].
    Aedat3 = 5,
    /// Prophesee, `.dat`: see [`dat`].
    Dat = 6,
    /// Prophesee RAW, EVT2: see [`evt2`].
    Evt2 = 7,
    /// Prophesee RAW, EVT2.1: see [`evt21`].
    Evt21 = 8,
    /// Prophesee RAW, EVT3: see [`evt3`].
    Evt3 = 9,
    /// Event Stream, `.es`: see [`es`].
    Es = 10,
    /// SPIF words: see [`spif`].
    Spif = 14,
    /// AEDAT 4, `.aedat4`: see [`aedat4`].
    Aedat4 = 11,
    /// Lines of numbers, `.txt` and `.csv`: see [`text`].
    Text = 12,
    /// NumPy arrays, `.npy`: see [`npy`].
    Npy = 13,
    /// The network stream of dv-processing: see [`aedat4`].
    Dv = 15,
    /// The eDVS's serial line, mode E0, addresses only: see [`edvs`].
    Edvs0 = 20,
    /// Mode E1, times since the event before.
    Edvs1 = 21,
    /// Mode E2, times of 16 bits.
    Edvs2 = 22,
    /// Mode E3, times of 24 bits.
    Edvs3 = 23,
    /// Mode E4, times of 32 bits.
    Edvs4 = 24,
    /// Modes E30 and E31, text.
    EdvsText = 25,
}

impl Format {
    /// The format behind a number.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Bin),
            1 => Some(Self::Bs2),
            2 => Some(Self::Bs1),
            3 => Some(Self::Bs3),
            4 => Some(Self::Aedat2),
            5 => Some(Self::Aedat3),
            6 => Some(Self::Dat),
            7 => Some(Self::Evt2),
            8 => Some(Self::Evt21),
            9 => Some(Self::Evt3),
            10 => Some(Self::Es),
            14 => Some(Self::Spif),
            11 => Some(Self::Aedat4),
            12 => Some(Self::Text),
            13 => Some(Self::Npy),
            15 => Some(Self::Dv),
            20 => Some(Self::Edvs0),
            21 => Some(Self::Edvs1),
            22 => Some(Self::Edvs2),
            23 => Some(Self::Edvs3),
            24 => Some(Self::Edvs4),
            25 => Some(Self::EdvsText),
            _ => None,
        }
    }
}

/// What a decoder left out: what is faulty, under [`OnFault::Skip`]. Only recordings that begin in the middle of a
/// stream (Prophesee RAW) have something to leave out that is no fault: events before the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Records. Where a header leaves nothing to read, all that follows is one.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A streaming decoder.
///
/// ```
/// use stllr_events::{decoder, Chunk, Format, OnFault};
///
/// let file = [7, 15, 0x80, 0x02, 0x8E, 19, 18, 0x00, 0x0B, 0xB7];
/// let mut decoder = decoder(Format::Bin, OnFault::Refuse);
/// let mut events = Chunk::new(4096);
/// let mut rest = &file[..];
/// while !rest.is_empty() {
///     let consumed = decoder.feed(rest, &mut events)?;
///     rest = &rest[consumed..];
///     // use and clear the events here: a full chunk stops the decoder
/// }
/// decoder.finish(&mut events)?;
/// assert_eq!(events.t_us(), [654, 2999]);
/// # Ok::<(), stllr_events::DecodeFault>(())
/// ```
pub trait Decoder {
    /// Appends the events of `bytes` to `out` and returns how many bytes it has consumed.
    ///
    /// It stops early only when `out` is full: then drain `out` and feed the rest of the bytes. While `out` has
    /// room for one event and there are bytes, at least one byte is consumed or one event appended: a word of several
    /// events is consumed with the last of them. An unfinished word at the end is consumed and kept for the next call.
    ///
    /// # Errors
    /// The first fault, under [`OnFault::Refuse`]: the events before it are in `out`, and every later call
    /// returns the same fault until [`Decoder::reset`].
    fn feed(&mut self, bytes: &[u8], out: &mut Chunk) -> Result<usize, DecodeFault>;

    /// A message ends here, and records do not go over its border: an unfinished one is a fault, and what follows begins with
    /// a new one. Formats whose packets find their own borders go on as they were.
    ///
    /// # Errors
    /// A record that is cut, under [`OnFault::Refuse`].
    fn border(&mut self) -> Result<(), DecodeFault> {
        Ok(())
    }

    /// Ends the stream. Appends at most one event, so `out` must not be full.
    ///
    /// # Errors
    /// A last record or a header that is cut, under [`OnFault::Refuse`].
    fn finish(&mut self, out: &mut Chunk) -> Result<(), DecodeFault>;

    /// What was left out since the start of the stream.
    fn dropped(&self) -> Dropped;

    /// Columns and rows of the sensor, where the stream says them and they have been read.
    fn sensor(&self) -> Option<(u32, u32)> {
        None
    }

    /// Forgets the stream: the next byte is the first of a new one.
    fn reset(&mut self);
}

/// Ten times a version of two numbers below ten: `2.1` is 21, `3` is 30.
fn version_number(text: &str) -> Option<u32> {
    let (major, minor) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let digit = |text: &str| text.parse::<u32>().ok().filter(|&digit| digit < 10);
    Some(digit(major)? * 10 + digit(minor)?)
}

/// A decoder for a format.
pub fn decoder(format: Format, on_fault: OnFault) -> Box<dyn Decoder> {
    match format {
        Format::Bin => Box::new(nmnist::Nmnist::bin(on_fault)),
        Format::Bs2 => Box::new(nmnist::Nmnist::bs2(on_fault)),
        Format::Bs1 => stream::Stream::boxed(bs1::Bs1, on_fault),
        Format::Bs3 => stream::Stream::boxed(bs3::Bs3, on_fault),
        Format::Aedat2 => stream::Stream::boxed(aedat2::Aedat2::new(), on_fault),
        Format::Aedat3 => stream::Stream::boxed(aedat3::Aedat3::new(), on_fault),
        Format::Dat => stream::Stream::boxed(dat::Dat::new(), on_fault),
        Format::Evt2 => stream::Stream::boxed(raw::Raw::<evt2::Evt2>::new(), on_fault),
        Format::Evt21 => stream::Stream::boxed(raw::Raw::<evt21::Evt21>::new(), on_fault),
        Format::Evt3 => stream::Stream::boxed(raw::Raw::<evt3::Evt3>::new(), on_fault),
        Format::Es => stream::Stream::boxed(es::Es::new(), on_fault),
        Format::Spif => stream::Stream::boxed(spif::Spif::new(), on_fault),
        Format::Aedat4 => Box::new(aedat4::Aedat4::file(on_fault)),
        Format::Text => Box::new(text::Text::new(on_fault)),
        Format::Npy => Box::new(npy::Npy::new(on_fault)),
        Format::Dv => Box::new(aedat4::Aedat4::stream(on_fault)),
        Format::Edvs0 => stream::Stream::boxed(edvs::Edvs::new(edvs::Time::None), on_fault),
        Format::Edvs1 => stream::Stream::boxed(edvs::Edvs::new(edvs::Time::Since), on_fault),
        Format::Edvs2 => stream::Stream::boxed(edvs::Edvs::new(edvs::Time::Bytes(2)), on_fault),
        Format::Edvs3 => stream::Stream::boxed(edvs::Edvs::new(edvs::Time::Bytes(3)), on_fault),
        Format::Edvs4 => stream::Stream::boxed(edvs::Edvs::new(edvs::Time::Bytes(4)), on_fault),
        Format::EdvsText => stream::Stream::boxed(edvs::EdvsText::new(), on_fault),
    }
}
