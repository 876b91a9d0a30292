//! ZSTD frames, block by block: one block is held (128 kB), and the window that the frame asks for, up to a bound.
//!
//! A frame may ask for a larger window, as writers do that do not know how much will come: the crate is then given a
//! head with the largest one allowed here, and only a copy from further back than that is a fault.

use super::MAX_WINDOW_BYTES;
use super::plain::Plain;
use super::unpack::Wrong;
use alloc::vec::Vec;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::io::Read;

const MAGIC: [u8; 4] = 0xFD2F_B528u32.to_le_bytes();
/// The descriptor of [`MAX_WINDOW_BYTES`].
const LARGEST: u8 = 12 << 3 | 7;
const _: () = assert!(window(LARGEST) == MAX_WINDOW_BYTES);
/// The most that a block may hold, compressed or not.
const BLOCK: u32 = 1 << 17;
const BLOCK_HEAD: usize = 3;
const CHECKSUM: usize = 4;
/// In the frame descriptor.
const CHECKSUM_FLAG: u8 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Magic number and frame descriptor.
    Start,
    FrameHead,
    BlockHead,
    Block,
    /// The last block has been decompressed.
    End,
}

/// The decompressor of one frame.
pub struct Zstd {
    state: State,
    /// The field or block that is being collected, and how long it will be.
    held: Vec<u8>,
    needed: usize,
    last: bool,
    checksum: bool,
    decoder: FrameDecoder,
    /// The window that the decoder has room for, as a descriptor.
    room: u8,
    /// Whether the frame asks for more than it has got, and whether it has come to miss it.
    less: bool,
    past: bool,
}

impl Zstd {
    pub fn new() -> Self {
        Self {
            state: State::Start,
            held: Vec::new(),
            needed: MAGIC.len() + 1,
            last: false,
            checksum: false,
            decoder: FrameDecoder::new(),
            room: 0,
            less: false,
            past: false,
        }
    }

    /// Makes it ready for the next frame.
    pub fn restart(&mut self) {
        self.state = State::Start;
        self.held.clear();
        self.needed = MAGIC.len() + 1;
    }

    /// Whether there is output that needs no more input.
    pub fn is_busy(&self) -> bool {
        matches!(self.state, State::BlockHead | State::End) && self.decoder.can_collect() > 0
    }

    /// Decompresses until `plain` has enough, or `input` is at its end; returns how much of it was taken.
    pub fn run(&mut self, input: &[u8], plain: &mut Plain) -> Result<usize, Wrong> {
        let mut rest = input;
        loop {
            if self.is_busy() {
                self.past = true;
                let count = self.decoder.read(plain.room()).map_err(|_| Wrong::Damaged)?;
                plain.commit(count);
                if plain.is_enough() {
                    break;
                }
                continue;
            }
            if self.state == State::End {
                return Ok(input.len());
            }
            let count = rest.len().min(self.needed - self.held.len());
            self.held.extend_from_slice(&rest[..count]);
            rest = &rest[count..];
            if self.held.len() < self.needed {
                break;
            }
            self.collected()?;
        }
        Ok(input.len() - rest.len())
    }

    fn expect(&mut self, state: State, needed: usize) {
        self.held.clear();
        self.state = state;
        self.needed = needed;
    }

    /// What was to be collected is whole.
    fn collected(&mut self) -> Result<(), Wrong> {
        match self.state {
            State::Start => {
                if self.held[..4] != MAGIC {
                    return Err(Wrong::Damaged);
                }
                self.state = State::FrameHead;
                self.needed += FrameHead::new(self.held[4]).len();
                Ok(())
            }
            State::FrameHead => self.frame(),
            State::BlockHead => self.block_head(),
            State::Block => self.block(),
            State::End => Ok(()),
        }
    }

    fn frame(&mut self) -> Result<(), Wrong> {
        let head = FrameHead::new(self.held[4]);
        if head.dictionary > 0 {
            return Err(Wrong::Dictionary);
        }
        let window = head.window(&self.held[5..]);
        let descriptor = descriptor(window);
        self.less = window > MAX_WINDOW_BYTES;
        self.past = false;
        let [a, b, c, d] = MAGIC;
        let given = [a, b, c, d, self.held[4] & CHECKSUM_FLAG, descriptor];
        if descriptor > self.room {
            // The old window goes before the new one comes.
            self.decoder = FrameDecoder::new();
            self.decoder.init(&given[..]).map_err(|_| Wrong::Damaged)?;
            self.room = descriptor;
        }
        // From the second time on it takes the room for the window at once, and does not double it step by step.
        self.decoder.init(&given[..]).map_err(|_| Wrong::Damaged)?;
        self.checksum = head.checksum;
        self.expect(State::BlockHead, BLOCK_HEAD);
        Ok(())
    }

    fn block_head(&mut self) -> Result<(), Wrong> {
        let word = u32::from_le_bytes([self.held[0], self.held[1], self.held[2], 0]);
        let (kind, size) = (word >> 1 & 3, word >> 3);
        if kind == 3 || size > BLOCK {
            return Err(Wrong::Damaged);
        }
        self.last = word & 1 != 0;
        let content = if kind == 1 { 1 } else { size as usize };
        self.state = State::Block;
        self.needed = BLOCK_HEAD + content + if self.last && self.checksum { CHECKSUM } else { 0 };
        if self.held.len() == self.needed { self.block() } else { Ok(()) }
    }

    fn block(&mut self) -> Result<(), Wrong> {
        if self.held[0] >> 1 & 3 == 2 && literals(&self.held[BLOCK_HEAD..]) > BLOCK {
            return Err(Wrong::Damaged);
        }
        let decoded = self.decoder.decode_blocks(&self.held[..], BlockDecodingStrategy::UptoBlocks(1));
        decoded.map_err(|_| if self.less && self.past { Wrong::Window } else { Wrong::Damaged })?;
        self.expect(if self.last { State::End } else { State::BlockHead }, BLOCK_HEAD);
        Ok(())
    }
}

/// What the frame descriptor says about the bytes after it.
struct FrameHead {
    single: bool,
    checksum: bool,
    /// Bytes of the dictionary's number and of the content's size.
    dictionary: usize,
    content: usize,
}

impl FrameHead {
    fn new(descriptor: u8) -> Self {
        let single = descriptor & 0x20 != 0;
        let content = match descriptor >> 6 {
            0 => usize::from(single),
            power => 1 << power,
        };
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        Self { single, checksum: descriptor & CHECKSUM_FLAG != 0, dictionary, content }
    }

    fn len(&self) -> usize {
        usize::from(!self.single) + self.dictionary + self.content
    }

    /// The window in bytes; no more than the content, where that is said.
    fn window(&self, fields: &[u8]) -> u64 {
        let window = if self.single { u64::MAX } else { window(fields[0]) };
        if self.content == 0 {
            return window;
        }
        let mut content = [0; 8];
        content[..self.content].copy_from_slice(&fields[fields.len() - self.content..]);
        let content = u64::from_le_bytes(content).saturating_add(if self.content == 2 { 256 } else { 0 });
        window.min(content)
    }
}

/// The window of a descriptor.
const fn window(descriptor: u8) -> u64 {
    let base = 1 << (10 + (descriptor >> 3));
    base + base / 8 * (descriptor & 7) as u64
}

/// The descriptor of the smallest window that holds so many bytes, at most that of [`MAX_WINDOW_BYTES`].
fn descriptor(bytes: u64) -> u8 {
    (0..LARGEST).find(|&descriptor| window(descriptor) >= bytes).unwrap_or(LARGEST)
}

/// How many literals a compressed block says it has. The crate bounds what the block's copies make, not these.
fn literals(block: &[u8]) -> u32 {
    let mut bytes = [0; 4];
    let count = block.len().min(4);
    bytes[..count].copy_from_slice(&block[..count]);
    let word = u32::from_le_bytes(bytes);
    let (kind, form) = (word & 3, word >> 2 & 3);
    match (kind, form) {
        (0 | 1, 0 | 2) => word >> 3 & 0x1F,
        (0 | 1, 1) => word >> 4 & 0xFFF,
        (0 | 1, _) => word >> 4 & 0xF_FFFF,
        (_, 0 | 1) => word >> 4 & 0x3FF,
        (_, 2) => word >> 4 & 0x3FFF,
        _ => word >> 4 & 0x3_FFFF,
    }
}
