//! WAV files: PCM of 8 to 32 bits and floats of 32 and 64, any number of channels up to [`MAX_CHANNELS`].
//!
//! Read are `RIFF` and, for more than 4 GiB, `RF64` and `BW64`; of the chunks `fmt ` (also in its extensible form), `ds64`
//! and `data`. Others are passed over, and so is what follows the samples.
//!
//! Lengths are not trusted. That of the whole file is only asked where that of the samples is 0: if the file is to end there,
//! or has no length, it was never closed, and the samples go on to its end. A length of [`UNKNOWN_BYTES`] or more is what programs
//! write that cannot go back to correct it: the samples may end before it, and for `0xFFFF_FFFF` after it. All other lengths
//! are promises: fewer samples are a fault, after the last of them.
//!
//! Held are at most the first 40 bytes of a chunk and one frame, of at most 8 bytes a channel.

use super::sample::Stored;
use crate::decode::Dropped;
use crate::decode::fault::{DecodeFault, DecodeFaultKind};
use crate::decode::file_fault::FileFault;
use crate::error::OnFault;
use alloc::vec::Vec;

/// The most channels that are read.
pub const MAX_CHANNELS: u16 = 1024;
/// Lengths of samples from here on are not believed where the file is shorter: `sox` and `arecord` write such into pipes.
pub const UNKNOWN_BYTES: u32 = 0x7FFF_0000;

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xFFFE;
/// What the type of a chunk in its extensible form goes on with: a number that says where the types are defined.
const TYPES: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
/// The bytes of `fmt ` and `ds64` that are needed, and the most of `fmt ` that tell something.
const FORMAT_BYTES: u32 = 16;
const EXTENSIBLE_BYTES: u32 = 40;
const SIZES_BYTES: u32 = 28;

/// Whether a file that begins so is WAV.
pub fn is_head(head: &[u8]) -> bool {
    is_mark(head) && head.get(8..12) == Some(b"WAVE")
}

fn is_mark(head: &[u8]) -> bool {
    [b"RIFF", b"RF64", b"BW64"].iter().any(|mark| head.starts_with(&mark[..]))
}

/// What the samples are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WavFormat {
    /// Frames a second.
    pub sample_rate_hz: u32,
    /// Samples a frame.
    pub channels: u16,
    /// Bits of a sample as they are stored.
    pub bits: u16,
    /// Floats, else integers.
    pub is_float: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The mark, a length, and what kind of RIFF file it is.
    Riff,
    /// A chunk's name and length.
    Chunk,
    /// The chunk `fmt `, of so many bytes.
    Format { len: u32 },
    /// The chunk `ds64`.
    Sizes { len: u32 },
    /// What is passed over.
    Skip { left: u64 },
    /// Frames; so many bytes are to come.
    Samples { left: u64 },
    /// Everything that follows is passed over, and counted where it is lost.
    Rest { is_lost: bool },
}

/// The decoder of WAV files.
#[derive(Debug, Clone)]
pub struct Wav {
    on_fault: OnFault,
    state: State,
    /// Bytes taken so far.
    offset: u64,
    /// What has come of the chunk or frame that is being read.
    held: Vec<u8>,
    /// What the file says of its own length, and `ds64` of that of the samples.
    riff_len: u32,
    long_len: Option<u64>,
    format: Option<WavFormat>,
    stored: Stored,
    /// Frames that were read, and how many there must be.
    frames: u64,
    promised: Option<u64>,
    failed: Option<DecodeFault>,
    dropped: Dropped,
}

impl Wav {
    /// A decoder. Under [`OnFault::Skip`] a float that is no number becomes 0 and is counted.
    pub fn new(on_fault: OnFault) -> Self {
        Self {
            on_fault,
            state: State::Riff,
            offset: 0,
            held: Vec::new(),
            riff_len: 0,
            long_len: None,
            format: None,
            stored: Stored { bytes: 1, is_float: false },
            frames: 0,
            promised: None,
            failed: None,
            dropped: Dropped::default(),
        }
    }

    /// What the samples are, once the head before them has been read.
    pub fn format(&self) -> Option<WavFormat> {
        self.format.filter(|_| matches!(self.state, State::Samples { .. } | State::Rest { .. }))
    }

    /// What was left out since the start.
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Writes the samples of `bytes` to `out`, frame by frame; returns how many bytes it has consumed and how many samples it
    /// has written, always whole frames. It stops early only where `out` has no room for another frame, so `out` must have
    /// room for [`MAX_CHANNELS`] samples.
    ///
    /// # Errors
    /// The first fault, under [`OnFault::Refuse`], with how many samples before it were written; every later call returns
    /// it again.
    pub fn feed(&mut self, bytes: &[u8], out: &mut [i16]) -> Result<(usize, usize), (DecodeFault, usize)> {
        let mut rest = bytes;
        let mut written = 0;
        if let Some(fault) = self.failed {
            return Err((fault, 0));
        }
        while !rest.is_empty() {
            if let State::Samples { left } = self.state {
                if out.len() - written < self.channels() {
                    break;
                }
                self.frames(&mut rest, left, out, &mut written).map_err(|fault| (fault, written))?;
            } else {
                self.head(&mut rest).map_err(|fault| (fault, written))?;
            }
        }
        Ok((bytes.len() - rest.len(), written))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// A head or a frame that is cut, or fewer frames than the head has promised.
    pub fn finish(&mut self) -> Result<(), DecodeFault> {
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        let state = core::mem::replace(&mut self.state, State::Rest { is_lost: false });
        let State::Samples { .. } = state else {
            if matches!(state, State::Rest { .. }) {
                return Ok(());
            }
            let found = u32::try_from(self.offset).unwrap_or(u32::MAX);
            return self.fault(DecodeFaultKind::CutHeader { found }, 0, self.offset);
        };
        let held = self.held.len() as u64;
        let at = self.offset - held;
        if held > 0 {
            let (found, needed) = (held as u32, self.frame_bytes() as u32);
            return self.fault(DecodeFaultKind::CutRecord { found, needed }, at, held);
        }
        let count = |frames: u64| u32::try_from(frames).unwrap_or(u32::MAX);
        match self.promised {
            Some(needed) if needed > self.frames => {
                let missing = FileFault::Missing { found: count(self.frames), needed: count(needed) };
                self.fault(DecodeFaultKind::File(missing), at, 0)
            }
            _ => Ok(()),
        }
    }

    /// Forgets the file: the next byte is the first of a new one.
    pub fn reset(&mut self) {
        *self = Self::new(self.on_fault);
    }

    fn channels(&self) -> usize {
        self.format.map_or(1, |format| usize::from(format.channels))
    }

    fn frame_bytes(&self) -> usize {
        self.channels() * self.stored.bytes
    }

    fn fault(&mut self, kind: DecodeFaultKind, offset: u64, bytes: u64) -> Result<(), DecodeFault> {
        if self.on_fault == OnFault::Skip {
            self.dropped.records += 1;
            self.dropped.bytes += bytes;
            return Ok(());
        }
        let fault = DecodeFault { offset, kind };
        self.failed = Some(fault);
        Err(fault)
    }

    /// What has been held cannot be read, nor what follows.
    fn lose(&mut self, kind: DecodeFaultKind) -> Result<(), DecodeFault> {
        let held = core::mem::take(&mut self.held).len() as u64;
        self.state = State::Rest { is_lost: true };
        self.fault(kind, self.offset - held, held)
    }

    fn pass(&mut self, rest: &mut &[u8], count: usize) {
        *rest = &rest[count..];
        self.offset += count as u64;
    }

    /// Adds to `held` until it has `needed` bytes; whether it has them.
    fn collect(&mut self, rest: &mut &[u8], needed: usize) -> bool {
        let count = (needed - self.held.len()).min(rest.len());
        self.held.extend_from_slice(&rest[..count]);
        self.pass(rest, count);
        self.held.len() == needed
    }

    /// Reads on before or behind the samples.
    fn head(&mut self, rest: &mut &[u8]) -> Result<(), DecodeFault> {
        let state = self.state;
        match state {
            State::Riff if self.collect(rest, 12) => {
                let held = core::mem::take(&mut self.held);
                if !is_head(&held) {
                    let at = if is_mark(&held) { 8 } else { 0 };
                    let allowed = u32::from_be_bytes(if at == 0 { *b"RIFF" } else { *b"WAVE" });
                    self.state = State::Rest { is_lost: true };
                    let mark = [held[at], held[at + 1], held[at + 2], held[at + 3]];
                    let kind = DecodeFaultKind::Mark { found: u32::from_be_bytes(mark), allowed };
                    return self.fault(kind, at as u64, 12);
                }
                self.riff_len = u32_at(&held, 4);
                self.state = State::Chunk;
            }
            State::Chunk if self.collect(rest, 8) => {
                let held = core::mem::take(&mut self.held);
                let len = u32_at(&held, 4);
                match &held[..4] {
                    b"fmt " => self.state = State::Format { len },
                    b"ds64" => self.state = State::Sizes { len },
                    b"data" if self.format.is_some() => self.begin(len),
                    b"data" => {
                        self.held = held;
                        return self.lose(DecodeFaultKind::File(FileFault::NoFormat));
                    }
                    _ => self.state = State::Skip { left: padded(len) },
                }
                let least = match self.state {
                    State::Format { .. } => FORMAT_BYTES,
                    State::Sizes { .. } => SIZES_BYTES,
                    _ => 0,
                };
                if len < least {
                    self.held = held;
                    return self.lose(DecodeFaultKind::Size { found: len, allowed: least });
                }
            }
            State::Format { len } if self.collect(rest, len.min(EXTENSIBLE_BYTES) as usize) => {
                if let Err(kind) = self.read_format() {
                    return self.lose(kind);
                }
                self.held.clear();
                self.state = State::Skip { left: padded(len) - u64::from(len.min(EXTENSIBLE_BYTES)) };
            }
            State::Sizes { len } if self.collect(rest, SIZES_BYTES as usize) => {
                let [low, high] = [8, 12].map(|at| u64::from(u32_at(&self.held, at)));
                self.long_len = Some(high << 32 | low);
                self.held.clear();
                self.state = State::Skip { left: padded(len) - u64::from(SIZES_BYTES) };
            }
            State::Skip { left } => {
                let count = left.min(rest.len() as u64) as usize;
                self.pass(rest, count);
                self.state =
                    if left == count as u64 { State::Chunk } else { State::Skip { left: left - count as u64 } };
            }
            State::Rest { is_lost } => {
                if is_lost {
                    self.dropped.bytes += rest.len() as u64;
                }
                self.pass(rest, rest.len());
            }
            _ => {}
        }
        Ok(())
    }

    /// What a chunk `fmt ` says.
    fn read_format(&mut self) -> Result<(), DecodeFaultKind> {
        let held = &self.held;
        let mut kind = u16_at(held, 0);
        let channels = u16_at(held, 2);
        let (frame_bytes, bits) = (u16_at(held, 12), u16_at(held, 14));
        if kind == EXTENSIBLE && held.len() == EXTENSIBLE_BYTES as usize && held[26..] == TYPES {
            kind = u16_at(held, 24);
        }
        if kind != PCM && kind != FLOAT {
            return Err(DecodeFaultKind::Type { found: kind.into(), allowed: 1 << PCM | 1 << FLOAT });
        }
        if channels == 0 || channels > MAX_CHANNELS {
            return Err(DecodeFaultKind::File(FileFault::Channels { found: channels, most: MAX_CHANNELS }));
        }
        let is_float = kind == FLOAT;
        let bytes = usize::from(frame_bytes / channels);
        let is_whole = frame_bytes.is_multiple_of(channels) && usize::from(bits) <= 8 * bytes;
        let is_read =
            if is_float { (bytes, bits) == (4, 32) || (bytes, bits) == (8, 64) } else { (1..=4).contains(&bytes) };
        if !is_whole || !is_read || bits == 0 {
            return Err(DecodeFaultKind::File(FileFault::SampleSize { bits, frame_bytes }));
        }
        let sample_rate_hz = u32_at(held, 4);
        if sample_rate_hz == 0 {
            return Err(DecodeFaultKind::File(FileFault::Rate));
        }
        self.stored = Stored { bytes, is_float };
        self.format = Some(WavFormat { sample_rate_hz, channels, bits, is_float });
        Ok(())
    }

    /// The samples begin; `len` is what their chunk says of their length.
    fn begin(&mut self, len: u32) {
        let ends_here = u64::from(self.riff_len) + 8 == self.offset;
        let (left, is_promise) = match (self.long_len, len) {
            (Some(long), u32::MAX) => (long, true),
            (_, u32::MAX) => (u64::MAX, false),
            (_, 0) if matches!(self.riff_len, 0 | u32::MAX) || ends_here => (u64::MAX, false),
            _ => (len.into(), len < UNKNOWN_BYTES),
        };
        self.promised = is_promise.then(|| left / self.frame_bytes() as u64);
        self.state = if left == 0 { State::Rest { is_lost: false } } else { State::Samples { left } };
    }

    /// Reads frames.
    fn frames(&mut self, rest: &mut &[u8], left: u64, out: &mut [i16], written: &mut usize) -> Result<(), DecodeFault> {
        let (channels, size) = (self.channels(), self.frame_bytes());
        let part = &rest[..left.min(rest.len() as u64) as usize];
        if self.held.is_empty() && part.len() >= size {
            let count = (part.len() / size).min((out.len() - *written) / channels);
            let to = &mut out[*written..*written + count * channels];
            let read = self.samples(&part[..count * size], to);
            *written += read.map_or_else(|(_, whole)| whole, |()| to.len());
            self.state = State::Samples { left: left - (count * size) as u64 };
            self.pass(rest, count * size);
            read.map_err(|(fault, _)| fault)?;
        } else {
            let mut part = part;
            let taken = part.len();
            let is_whole = self.collect(&mut part, size);
            let taken = taken - part.len();
            *rest = &rest[taken..];
            self.state = State::Samples { left: left - taken as u64 };
            if is_whole {
                let held = core::mem::take(&mut self.held);
                // The bytes were passed when they were collected.
                self.offset -= size as u64;
                let to = &mut out[*written..*written + channels];
                let read = self.samples(&held, to);
                self.offset += size as u64;
                *written += read.map_or(0, |()| channels);
                read.map_err(|(fault, _)| fault)?;
            }
        }
        if self.state == (State::Samples { left: 0 }) {
            self.state = State::Rest { is_lost: false };
            let held = core::mem::take(&mut self.held).len() as u64;
            if held > 0 {
                let kind = DecodeFaultKind::CutRecord { found: held as u32, needed: size as u32 };
                return self.fault(kind, self.offset - held, held);
            }
        }
        Ok(())
    }

    /// The samples of whole frames, whose first byte is at `offset`; at a fault, how many of the frames before it.
    fn samples(&mut self, bytes: &[u8], out: &mut [i16]) -> Result<(), (DecodeFault, usize)> {
        let stored = self.stored;
        let channels = self.channels();
        for (index, (to, from)) in out.iter_mut().zip(bytes.chunks_exact(stored.bytes)).enumerate() {
            *to = match stored.read(from) {
                Some(sample) => sample,
                None => {
                    let at = self.offset + (index * stored.bytes) as u64;
                    let whole = index - index % channels;
                    self.frames += (index / channels) as u64;
                    let kind = DecodeFaultKind::File(FileFault::Sample);
                    self.fault(kind, at, stored.bytes as u64).map_err(|fault| (fault, whole))?;
                    self.frames -= (index / channels) as u64;
                    0
                }
            };
        }
        self.frames += (out.len() / channels) as u64;
        Ok(())
    }
}

/// Chunks begin at even bytes.
fn padded(len: u32) -> u64 {
    u64::from(len) + u64::from(len & 1)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
