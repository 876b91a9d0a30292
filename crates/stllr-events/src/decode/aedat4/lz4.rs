//! LZ4 frames, byte by byte: no block is ever held, only the 64 kB that a copy may reach back.
//!
//! By the LZ4 frame format 1.6 and block format. Checksums are passed over. Our own, as no crate reads frames without
//! the standard library.

use super::plain::{HISTORY, Plain};
use super::unpack::Wrong;

const MAGIC: [u8; 4] = 0x184D_2204u32.to_le_bytes();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Magic,
    /// Flags and block size.
    Descriptor,
    /// Content size and header checksum.
    DescriptorRest,
    BlockSize,
    /// A block that is not compressed.
    Stored,
    Token,
    LiteralLength,
    Literals,
    Offset,
    MatchLength,
    Match,
    BlockChecksum,
    End,
}

/// The decompressor of one frame.
#[derive(Debug, Clone)]
pub struct Lz4 {
    state: State,
    /// How many bytes of the current fixed field are still to come, and what has come of it.
    field_left: usize,
    field: u32,
    linked: bool,
    block_checksum: bool,
    block_most: u32,
    /// What is left of the block.
    block_left: u32,
    literals: u32,
    matches: u32,
    back: usize,
    /// How many bytes a copy may reach back.
    history: usize,
}

impl Lz4 {
    pub fn new() -> Self {
        Self {
            state: State::Magic,
            field_left: 4,
            field: 0,
            linked: false,
            block_checksum: false,
            block_most: 0,
            block_left: 0,
            literals: 0,
            matches: 0,
            back: 0,
            history: 0,
        }
    }

    /// Whether there is output that needs no more input.
    pub fn is_busy(&self) -> bool {
        self.state == State::Match
    }

    /// Decompresses until `plain` has enough, or `input` is at its end; returns how much of it was taken.
    pub fn run(&mut self, input: &[u8], plain: &mut Plain) -> Result<usize, Wrong> {
        let mut rest = input;
        loop {
            match self.state {
                State::Match => self.copy(plain),
                State::Literals | State::Stored if !rest.is_empty() => self.literals(&mut rest, plain)?,
                State::End => return Ok(input.len()),
                _ => {
                    let Some((&byte, after)) = rest.split_first() else { break };
                    rest = after;
                    self.byte(byte)?;
                    continue;
                }
            }
            if plain.is_enough() {
                break;
            }
        }
        Ok(input.len() - rest.len())
    }

    fn wrote(&mut self, count: usize) {
        self.history = HISTORY.min(self.history + count);
    }

    fn copy(&mut self, plain: &mut Plain) {
        let count = plain.repeat(self.back, self.matches as usize);
        self.wrote(count);
        self.matches -= count as u32;
        if self.matches == 0 {
            self.state = State::Token;
        }
    }

    fn literals(&mut self, rest: &mut &[u8], plain: &mut Plain) -> Result<(), Wrong> {
        let count = plain.push(&rest[..rest.len().min(self.literals as usize)]);
        *rest = &rest[count..];
        self.wrote(count);
        self.literals -= count as u32;
        self.block_left -= count as u32;
        if self.literals == 0 {
            self.after_literals()?;
        }
        Ok(())
    }

    /// A block ends after literals, and nowhere else.
    fn after_literals(&mut self) -> Result<(), Wrong> {
        if self.block_left == 0 {
            if self.block_checksum {
                self.expect(State::BlockChecksum, 4)
            } else {
                self.expect(State::BlockSize, 4)
            }
            Ok(())
        } else if self.state == State::Stored {
            Err(Wrong::Damaged)
        } else {
            self.expect(State::Offset, 2);
            Ok(())
        }
    }

    fn expect(&mut self, state: State, bytes: usize) {
        self.state = state;
        self.field_left = bytes;
        self.field = 0;
    }

    /// One byte of anything but literals.
    fn byte(&mut self, byte: u8) -> Result<(), Wrong> {
        if matches!(self.state, State::Token | State::LiteralLength | State::Offset | State::MatchLength) {
            self.block_left = self.block_left.checked_sub(1).ok_or(Wrong::Damaged)?;
        }
        match self.state {
            State::Token => {
                self.literals = u32::from(byte >> 4);
                self.matches = u32::from(byte & 15);
                if self.literals == 15 { self.state = State::LiteralLength } else { self.start_literals()? }
            }
            State::LiteralLength => {
                self.literals = self.literals.checked_add(byte.into()).ok_or(Wrong::Damaged)?;
                if byte < 255 {
                    self.start_literals()?;
                }
            }
            State::MatchLength => {
                self.matches = self.matches.checked_add(byte.into()).ok_or(Wrong::Damaged)?;
                if byte < 255 {
                    self.start_match()?;
                }
            }
            _ => {
                self.field = self.field >> 8 | u32::from(byte) << 24;
                self.field_left -= 1;
                if self.field_left == 0 {
                    self.field()?;
                }
            }
        }
        Ok(())
    }

    fn start_literals(&mut self) -> Result<(), Wrong> {
        if self.literals > self.block_left {
            return Err(Wrong::Damaged);
        }
        self.state = State::Literals;
        if self.literals == 0 { self.after_literals() } else { Ok(()) }
    }

    fn start_match(&mut self) -> Result<(), Wrong> {
        self.matches = self.matches.checked_add(4).ok_or(Wrong::Damaged)?;
        self.state = State::Match;
        Ok(())
    }

    /// A fixed field is whole: its last four bytes stand in `field`, the first of them lowest.
    fn field(&mut self) -> Result<(), Wrong> {
        match self.state {
            State::Magic if self.field.to_le_bytes() == MAGIC => self.expect(State::Descriptor, 2),
            State::Descriptor => self.descriptor()?,
            State::DescriptorRest | State::BlockChecksum => self.expect(State::BlockSize, 4),
            State::BlockSize => self.block()?,
            State::Offset => {
                self.back = (self.field >> 16) as usize;
                if self.back == 0 || self.back > self.history {
                    return Err(Wrong::Damaged);
                }
                if self.matches == 15 { self.state = State::MatchLength } else { self.start_match()? }
            }
            _ => return Err(Wrong::Damaged),
        }
        Ok(())
    }

    fn descriptor(&mut self) -> Result<(), Wrong> {
        let [_, _, flags, size] = self.field.to_le_bytes();
        if flags & 0b1100_0010 != 0b0100_0000 || size & 0b1000_1111 != 0 || size >> 4 < 4 {
            return Err(Wrong::Damaged);
        }
        if flags & 1 != 0 {
            return Err(Wrong::Dictionary);
        }
        self.linked = flags & 0b10_0000 == 0;
        self.block_checksum = flags & 0b1_0000 != 0;
        self.block_most = 1 << (8 + 2 * (size >> 4));
        let content_size = if flags & 0b1000 != 0 { 8 } else { 0 };
        self.expect(State::DescriptorRest, content_size + 1);
        Ok(())
    }

    fn block(&mut self) -> Result<(), Wrong> {
        let (stored, size) = (self.field >> 31 != 0, self.field & 0x7FFF_FFFF);
        if self.field == 0 {
            self.state = State::End;
            return Ok(());
        }
        if size == 0 || size > self.block_most {
            return Err(Wrong::Damaged);
        }
        if !self.linked {
            self.history = 0;
        }
        self.block_left = size;
        self.literals = size;
        self.state = if stored { State::Stored } else { State::Token };
        Ok(())
    }
}
