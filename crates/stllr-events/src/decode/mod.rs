//! Streaming decoders: bytes in any split, events out in the order of the file.
//!
//! All formats share [`Decoder`]. A whole file, any split of it and byte by byte give the same events and the
//! same faults. Decoders keep times and order as the file has them; whether a time may go back is for the
//! reader of the events to say.

pub mod nmnist;

use crate::chunk::Chunk;
use crate::error::{DecodeFault, OnFault};
use alloc::boxed::Box;

/// The event formats. The numbers are part of the boundary to JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Format {
    /// N-MNIST and N-Caltech101, `.bin`: see [`nmnist`].
    Bin = 0,
    /// SLAYER, `.bs2`: see [`nmnist`].
    Bs2 = 1,
}

impl Format {
    /// The format behind a number.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Bin),
            1 => Some(Self::Bs2),
            _ => None,
        }
    }
}

/// What a decoder left out under [`OnFault::Skip`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Faulty records.
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
    /// room for one event and there are bytes, at least one byte is consumed. An unfinished word at the end is
    /// consumed and kept for the next call.
    ///
    /// # Errors
    /// The first fault, under [`OnFault::Refuse`]: the events before it are in `out`, and every later call
    /// returns the same fault until [`Decoder::reset`].
    fn feed(&mut self, bytes: &[u8], out: &mut Chunk) -> Result<usize, DecodeFault>;

    /// Ends the stream. Appends at most one event, so `out` must not be full.
    ///
    /// # Errors
    /// A last record that is cut, under [`OnFault::Refuse`].
    fn finish(&mut self, out: &mut Chunk) -> Result<(), DecodeFault>;

    /// What was left out since the start of the stream.
    fn dropped(&self) -> Dropped;

    /// Forgets the stream: the next byte is the first of a new one.
    fn reset(&mut self);
}

/// A decoder for a format.
pub fn decoder(format: Format, on_fault: OnFault) -> Box<dyn Decoder> {
    match format {
        Format::Bin => Box::new(nmnist::Nmnist::bin(on_fault)),
        Format::Bs2 => Box::new(nmnist::Nmnist::bs2(on_fault)),
    }
}
