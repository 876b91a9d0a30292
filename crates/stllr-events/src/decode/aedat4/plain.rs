//! Decompressed bytes on their way to the events, with the history that LZ4 copies from.

use alloc::vec;
use alloc::vec::Vec;

/// How far back LZ4 may copy from.
pub const HISTORY: usize = 1 << 16;
const CAPACITY: usize = 2 * HISTORY;
/// When to stop decompressing and read.
const ENOUGH: usize = 1 << 14;

/// 128 kB: what was written lately, of which the end has not been read yet.
///
/// Less than [`HISTORY`] bytes may be unread when something is written; whoever reads them leaves far less.
#[derive(Debug, Clone, Default)]
pub struct Plain {
    bytes: Vec<u8>,
    read: usize,
    written: usize,
}

impl Plain {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.read = 0;
        self.written = 0;
    }

    /// What has not been read.
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.read..self.written]
    }

    /// Takes what has been read.
    pub fn consume(&mut self, count: usize) {
        self.read = self.written.min(self.read + count);
    }

    /// Whether it should be read before more is written.
    pub fn is_enough(&self) -> bool {
        self.written - self.read >= ENOUGH
    }

    /// Room for at least one byte.
    pub fn room(&mut self) -> &mut [u8] {
        if self.bytes.is_empty() {
            self.bytes = vec![0; CAPACITY];
        }
        if self.written == CAPACITY {
            let keep = HISTORY.max(self.written - self.read);
            let from = CAPACITY - keep;
            self.bytes.copy_within(from.., 0);
            self.written -= from;
            self.read -= from;
        }
        &mut self.bytes[self.written..]
    }

    /// Takes `count` bytes that were written to [`Plain::room`].
    pub fn commit(&mut self, count: usize) {
        self.written = self.bytes.len().min(self.written + count);
    }

    /// Appends the beginning of `bytes`; returns how much of it.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let room = self.room();
        let count = room.len().min(bytes.len());
        room[..count].copy_from_slice(&bytes[..count]);
        self.commit(count);
        count
    }

    /// Appends up to `count` bytes of what was written `back` bytes ago; returns how many. `back` is at least 1 and at
    /// most [`HISTORY`] and what was written since [`Plain::clear`].
    pub fn repeat(&mut self, back: usize, count: usize) -> usize {
        let count = self.room().len().min(count);
        let (from, to) = (self.written - back, self.written);
        if back >= count {
            self.bytes.copy_within(from..from + count, to);
        } else {
            // What is copied may have been written by this very copy.
            for at in 0..count {
                self.bytes[to + at] = self.bytes[from + at];
            }
        }
        self.written += count;
        count
    }
}
