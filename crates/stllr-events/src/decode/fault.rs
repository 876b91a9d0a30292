//! What can be wrong with the bytes of an event file.

use crate::decode::file_fault::FileFault;
use core::fmt;

/// What stands between what was found and what is allowed in the text of every [`DecodeFaultKind`].
pub const ALLOWED: &str = "; allowed: ";

/// Bytes that are not what their format demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeFault {
    /// Where the faulty record begins, in bytes from the start of the stream.
    pub offset: u64,
    /// What is wrong with it.
    pub kind: DecodeFaultKind,
}

/// What can be wrong with the bytes of an event file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeFaultKind {
    /// The stream ends inside a record.
    CutRecord {
        /// How many of the record's bytes are there.
        found: u32,
        /// How many bytes the record has.
        needed: u32,
    },
    /// The stream ends inside its header.
    CutHeader {
        /// How many bytes are there.
        found: u32,
    },
    /// The bytes that mark the format are others.
    Mark {
        /// The bytes found, at most four, as one big-endian number.
        found: u32,
        /// The bytes that must stand there.
        allowed: u32,
    },
    /// Another version of the format, as ten times the version: 21 is 2.1.
    Version {
        /// The version found.
        found: u32,
        /// The one version, or the latest of several, that is read.
        allowed: u32,
    },
    /// A line, a header or a packet that is longer than is read. Nothing that long is ever held.
    Length {
        /// Its length in bytes; [`u32::MAX`] stands for all that are longer.
        found: u32,
        /// The greatest length allowed.
        allowed: u32,
    },
    /// Records of another size than those of the format.
    Size {
        /// The size found, in bytes.
        found: u32,
        /// The size they must have.
        allowed: u32,
    },
    /// A record or a file of a type that is not read, or that the format does not have.
    Type {
        /// The type's number.
        found: u32,
        /// The types allowed: bit n is set where type n is.
        allowed: u32,
    },
    /// A number that is greater than it may be there.
    Value {
        /// The number found.
        found: u32,
        /// The greatest number allowed.
        allowed: u32,
    },
    /// A time beyond [`crate::MAX_TIME_US`]: the clock has run over too often.
    Time {
        /// The time in units of 2^32 us.
        found: u32,
        /// The greatest time allowed, in units of 2^32 us.
        allowed: u32,
    },
    /// The header names a sensor whose addresses are not known.
    Chip,
    /// Something that only formats with a head, packets or lines can have.
    File(FileFault),
}

impl fmt::Display for DecodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.kind)
    }
}

/// What was found, then [`ALLOWED`], then what is allowed.
impl fmt::Display for DecodeFaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::CutRecord { found, needed } => {
                write!(f, "the last record is cut, it has {found} bytes; allowed: {needed}")
            }
            Self::CutHeader { found } => write!(f, "the header is cut, it has {found} bytes; allowed: a whole header"),
            Self::Mark { found, allowed } => {
                write!(f, "not the mark of the format, but bytes {found:X}; allowed: {allowed:X}")
            }
            Self::Version { found, allowed } => {
                let [found, allowed] = [found, allowed].map(|v| (v / 10, v % 10));
                write!(f, "version {}.{}; allowed: {}.{}", found.0, found.1, allowed.0, allowed.1)
            }
            Self::Length { found, allowed } => write!(f, "a length of {found} bytes; allowed: 0 to {allowed}"),
            Self::Size { found, allowed } => write!(f, "records of {found} bytes; allowed: {allowed}"),
            Self::Type { found, allowed } => {
                write!(f, "type {found} is not read; allowed:")?;
                (0..32).filter(|bit| allowed >> bit & 1 == 1).try_for_each(|bit| write!(f, " {bit}"))
            }
            Self::Value { found, allowed } => write!(f, "the number {found}; allowed: 0 to {allowed}"),
            Self::Time { found, allowed } => {
                write!(f, "a time of {found} times 2^32 us; allowed: 0 to {allowed} times 2^32 us")
            }
            Self::Chip => f.write_str("a sensor that is not known; allowed: DVS128 and the DAVIS family"),
            Self::File(fault) => write!(f, "{fault}"),
        }
    }
}

impl core::error::Error for DecodeFault {}
