//! The bytes of an `.npy` file, in any split: its head, then its records one by one.

use super::header::Header;
use crate::decode::Dropped;
use crate::decode::fault::{DecodeFault, DecodeFaultKind};
use crate::decode::file_fault::{Field, FileFault, HeadPart, Unsupported};
use crate::error::OnFault;
use alloc::vec::Vec;

pub const MAGIC: [u8; 6] = *b"\x93NUMPY";
/// The most bytes that the dictionary in the head may have. Real ones have 118 or a few more.
pub const MAX_HEADER_BYTES: u32 = 1 << 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The magic string and the version.
    Magic,
    /// The length of the dictionary, in 2 or 4 bytes.
    Length {
        bytes: usize,
    },
    Dictionary {
        len: usize,
    },
    /// Records of so many bytes, of which so many are to come.
    Records {
        size: usize,
        left: u64,
    },
    /// Everything that follows is dropped.
    Lost,
}

#[derive(Debug, Clone)]
pub struct Source {
    on_fault: OnFault,
    state: State,
    /// Bytes taken so far, and where the head or record that is being read began.
    offset: u64,
    start: u64,
    /// What has come of the field or record that is being read.
    held: Vec<u8>,
    count: u64,
    failed: Option<DecodeFault>,
    dropped: Dropped,
}

impl Source {
    pub fn new(on_fault: OnFault) -> Self {
        Self {
            on_fault,
            state: State::Magic,
            offset: 0,
            start: 0,
            held: Vec::new(),
            count: 0,
            failed: None,
            dropped: Dropped::default(),
        }
    }

    pub fn on_fault(&self) -> OnFault {
        self.on_fault
    }

    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// A fault of what began at `start`, of so many bytes.
    fn fault(&mut self, kind: DecodeFaultKind, bytes: u64) -> Result<(), DecodeFault> {
        if self.on_fault == OnFault::Skip {
            self.dropped.records += 1;
            self.dropped.bytes += bytes;
            return Ok(());
        }
        let fault = DecodeFault { offset: self.start, kind };
        self.failed = Some(fault);
        Err(fault)
    }

    /// The head cannot be read: everything is lost.
    pub fn lose(&mut self, fault: FileFault) -> Result<(), DecodeFault> {
        self.state = State::Lost;
        self.held = Vec::new();
        self.fault(DecodeFaultKind::File(fault), self.offset - self.start)
    }

    /// Adds to `held` until it has `needed` bytes; whether it has them.
    fn collect(&mut self, rest: &mut &[u8], needed: usize) -> bool {
        let count = rest.len().min(needed - self.held.len());
        self.held.extend_from_slice(&rest[..count]);
        self.skip(rest, count);
        self.held.len() == needed
    }

    fn skip(&mut self, rest: &mut &[u8], count: usize) {
        *rest = &rest[count..];
        self.offset += count as u64;
    }

    /// Reads on in the head; returns it when it is whole. Then [`Source::begin`] or [`Source::lose`] must follow.
    pub fn header(&mut self, rest: &mut &[u8]) -> Result<Option<Header>, DecodeFault> {
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        let state = self.state;
        match state {
            State::Magic if self.collect(rest, MAGIC.len() + 2) => {
                if self.held[..MAGIC.len()] != MAGIC {
                    self.lose(FileFault::Head(HeadPart::Magic))?;
                    return Ok(None);
                }
                let bytes = match self.held[MAGIC.len()] {
                    1 => 2,
                    2 | 3 => 4,
                    _ => {
                        self.lose(FileFault::Unsupported(Unsupported::Version))?;
                        return Ok(None);
                    }
                };
                self.held.clear();
                self.state = State::Length { bytes };
            }
            State::Length { bytes } if self.collect(rest, bytes) => {
                let mut word = [0; 4];
                word[..bytes].copy_from_slice(&self.held);
                let len = u32::from_le_bytes(word);
                self.held.clear();
                self.state = State::Dictionary { len: len as usize };
                if len > MAX_HEADER_BYTES {
                    self.lose(FileFault::Length { found: len, most: MAX_HEADER_BYTES })?;
                } else if len == 0 {
                    self.lose(FileFault::Head(HeadPart::Content))?;
                }
            }
            State::Dictionary { len } if self.collect(rest, len) => {
                match Header::read(&core::mem::take(&mut self.held)) {
                    Ok(header) => return Ok(Some(header)),
                    Err(fault) => self.lose(fault)?,
                }
            }
            State::Lost => {
                self.dropped.bytes += rest.len() as u64;
                self.skip(rest, rest.len());
            }
            _ => {}
        }
        Ok(None)
    }

    /// The head was good: `count` records of `size` bytes follow, at least one byte each.
    pub fn begin(&mut self, size: usize, count: u64) {
        self.state = State::Records { size, left: count };
        self.count = count;
        self.start = self.offset;
    }

    /// Gives the next whole record to `read`, if it is there; a field that cannot be is a fault.
    pub fn record<T>(
        &mut self,
        rest: &mut &[u8],
        read: impl FnOnce(&[u8]) -> Result<T, Field>,
    ) -> Result<Option<T>, DecodeFault> {
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        let State::Records { size, left } = self.state else {
            self.dropped.bytes += rest.len() as u64;
            self.skip(rest, rest.len());
            return Ok(None);
        };
        if left == 0 {
            self.start = self.offset;
            self.state = State::Lost;
            self.fault(DecodeFaultKind::File(FileFault::Trailing), 0)?;
            return Ok(None);
        }
        let value = if self.held.is_empty() && rest.len() >= size {
            let value = read(&rest[..size]);
            self.skip(rest, size);
            value
        } else if self.collect(rest, size) {
            let value = read(&self.held);
            self.held.clear();
            value
        } else {
            return Ok(None);
        };
        self.state = State::Records { size, left: left - 1 };
        let field = match value {
            Ok(value) => return Ok(Some(value)),
            Err(field) => field,
        };
        let index = u32::try_from(self.count - left).unwrap_or(u32::MAX);
        self.start = self.offset - size as u64;
        self.fault(DecodeFaultKind::File(FileFault::Value { field, index }), size as u64)?;
        Ok(None)
    }

    /// Ends the file.
    pub fn finish(&mut self) -> Result<(), DecodeFault> {
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        let state = core::mem::replace(&mut self.state, State::Lost);
        let held = self.held.len() as u64;
        let cut = |needed: usize| DecodeFaultKind::CutRecord { found: held as u32, needed: needed as u32 };
        let kind = match state {
            State::Lost => return Ok(()),
            State::Magic if held == 0 => return Ok(()),
            State::Magic => cut(MAGIC.len() + 2),
            State::Length { bytes } => cut(bytes),
            State::Dictionary { len } => cut(len),
            State::Records { size, .. } if held > 0 => cut(size),
            State::Records { left: 0, .. } => return Ok(()),
            State::Records { left, .. } => DecodeFaultKind::File(FileFault::Missing {
                found: u32::try_from(self.count - left).unwrap_or(u32::MAX),
                needed: u32::try_from(self.count).unwrap_or(u32::MAX),
            }),
        };
        // What is cut lies at the end of what has come, and nothing lies after what is missing.
        let lost = if matches!(kind, DecodeFaultKind::CutRecord { .. }) { held } else { 0 };
        self.start = self.offset - lost;
        self.fault(kind, lost)
    }
}
