//! From a packet's bytes to those of its flatbuffer, whatever it is compressed with.

use super::header::Compression;
use super::lz4::Lz4;
use super::plain::Plain;
use super::zstd::Zstd;
use crate::decode::file_fault::{FileFault, Unsupported};
use alloc::boxed::Box;

/// Why a frame cannot be decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Damaged,
    Dictionary,
    Window,
}

impl Wrong {
    pub fn fault(self) -> FileFault {
        match self {
            Self::Damaged => FileFault::Compressed,
            Self::Dictionary => FileFault::Unsupported(Unsupported::Dictionary),
            Self::Window => FileFault::Unsupported(Unsupported::Window),
        }
    }
}

/// The bytes of a packet to those of its flatbuffer.
pub enum Unpack {
    None,
    Lz4(Lz4),
    Zstd(Box<Zstd>),
}

impl Unpack {
    pub fn new(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::None,
            Compression::Lz4 => Self::Lz4(Lz4::new()),
            Compression::Zstd => Self::Zstd(Box::new(Zstd::new())),
        }
    }

    /// Makes it ready for the next packet.
    pub fn restart(&mut self) {
        match self {
            Self::None => {}
            Self::Lz4(lz4) => *lz4 = Lz4::new(),
            Self::Zstd(zstd) => zstd.restart(),
        }
    }

    pub fn is_busy(&self) -> bool {
        match self {
            Self::None => false,
            Self::Lz4(lz4) => lz4.is_busy(),
            Self::Zstd(zstd) => zstd.is_busy(),
        }
    }

    pub fn run(&mut self, input: &[u8], plain: &mut Plain) -> Result<usize, Wrong> {
        match self {
            Self::None => Ok(plain.push(input)),
            Self::Lz4(lz4) => lz4.run(input, plain),
            Self::Zstd(zstd) => zstd.run(input, plain),
        }
    }
}
