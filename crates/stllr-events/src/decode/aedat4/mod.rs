//! AEDAT 4 files, and the network stream of dv-processing, which is the same without its first 14 bytes.
//!
//! `#!AER-DAT4.0\r\n`, then a head, a flatbuffer after its size: how packets are compressed (not at all, LZ4, ZSTD),
//! where the table of packets begins, and the streams as XML. Then packets: i32 stream, i32 size, and one compressed
//! frame with a flatbuffer after its size: events, frames, inertial measurements or triggers. The table, where there
//! is one, ends the file; it is not needed here.
//!
//! Events are those of one stream: the first that the XML calls `EVTS`, or the one asked for by
//! [`Aedat4::with_stream`]; two cameras in one file are two streams with the same pixels. Packets of other streams are
//! passed over without being decompressed. Times are Unix times in us. After a packet's last event, what is left of it
//! is passed over.
//!
//! Packets may have any size, as they are read as they come. Held are at most the head ([`MAX_HEADER_BYTES`]), 128 kB
//! of decompressed bytes, and for ZSTD one block and a window ([`MAX_WINDOW_BYTES`]), for which 8.7 MB are allocated at
//! most. Checksums inside compressed frames are not checked; dv-processing writes none.
//!
//! Under [`OnFault::Skip`] a packet that cannot be read is dropped from the fault on and counts with all its bytes as
//! one record; an event that cannot be counts with its 16. Where the packets' own sizes are wrong, or the head is,
//! everything that follows is dropped as one record.

mod flatbuffer;
mod header;
mod lz4;
mod packet;
mod plain;
mod unpack;
mod zstd;

use super::{Decoder, Dropped};
use crate::chunk::Chunk;
use crate::decode::fault::{DecodeFault, DecodeFaultKind};
use crate::decode::file_fault::{FileFault, HeadPart, Unsupported};
use crate::error::OnFault;
use alloc::vec::Vec;
use header::{Header, Stream};
use packet::Packet;
use plain::Plain;
use unpack::{Unpack, Wrong};

/// The most bytes that the head may have. Real ones have 2 to 20 kB.
pub const MAX_HEADER_BYTES: u32 = 1 << 20;
/// How far back copies in a ZSTD frame may reach: 7.5 MiB. The frames of dv-processing have windows of 2 MiB, those of
/// its highest level of the packet's size, so that all packets of up to 490,000 events can be read, and most larger ones.
pub const MAX_WINDOW_BYTES: u64 = 7_864_320;

const MAGIC: [u8; 14] = *b"#!AER-DAT4.0\r\n";
const SIZE: usize = 4;
const PACKET_HEAD: usize = 8;

/// Whether a file that begins so is one of AEDAT 4.
pub fn is_head(head: &[u8]) -> bool {
    head.starts_with(&MAGIC)
}

/// Whether a stream that begins so is one of dv-processing.
pub fn is_stream_head(head: &[u8]) -> bool {
    head.get(8..12) == Some(b"IOHE")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Magic,
    HeaderSize,
    Header {
        size: u32,
    },
    PacketHead,
    /// A packet of events, of which so many bytes are to come.
    Body {
        left: u32,
    },
    /// A packet, or the rest of one, that is passed over; as a loss if it is faulty.
    Pass {
        left: u32,
        faulty: bool,
    },
    /// Everything that follows is passed over: the table, or a loss.
    Rest {
        lost: bool,
    },
}

/// The decoder of AEDAT 4.
pub struct Aedat4 {
    network: bool,
    wanted: Option<i32>,
    on_fault: OnFault,
    state: State,
    /// Bytes consumed since the start, and where the head or packet that is being read began.
    offset: u64,
    start: u64,
    /// A fixed field or the head, as far as it has come.
    held: Vec<u8>,
    /// Whether the last byte taken was not reported as consumed, as it has brought more events than there was room for.
    owed: bool,
    unpack: Unpack,
    plain: Plain,
    packet: Packet,
    /// Why the packet cannot be decompressed further than `plain`.
    broken: Option<Wrong>,
    table: Option<u64>,
    streams: Vec<Stream>,
    /// The stream whose events are read.
    chosen: Option<Stream>,
    failed: Option<DecodeFault>,
    dropped: Dropped,
}

impl Aedat4 {
    /// For a file.
    pub fn file(on_fault: OnFault) -> Self {
        Self::new(false, None, on_fault)
    }

    /// For the network stream of dv-processing.
    pub fn stream(on_fault: OnFault) -> Self {
        Self::new(true, None, on_fault)
    }

    /// The same for the events of the stream with this number.
    pub fn with_stream(self, id: i32) -> Self {
        Self::new(self.network, Some(id), self.on_fault)
    }

    /// The streams of events, with columns and rows (0 where they are not said), once the head has been read.
    pub fn event_streams(&self) -> impl Iterator<Item = (i32, (u32, u32))> + '_ {
        self.streams.iter().filter(|stream| stream.events).map(|stream| (stream.id, stream.size))
    }

    fn new(network: bool, wanted: Option<i32>, on_fault: OnFault) -> Self {
        Self {
            network,
            wanted,
            on_fault,
            state: if network { State::HeaderSize } else { State::Magic },
            offset: 0,
            start: 0,
            held: Vec::new(),
            owed: false,
            unpack: Unpack::None,
            plain: Plain::default(),
            packet: Packet::new(),
            broken: None,
            table: None,
            streams: Vec::new(),
            chosen: None,
            failed: None,
            dropped: Dropped::default(),
        }
    }

    /// A fault of what began at `start`: an error, or under `Skip` a record dropped.
    fn fault(&mut self, kind: DecodeFaultKind) -> Result<(), DecodeFault> {
        if self.on_fault == OnFault::Skip {
            self.dropped.records += 1;
            return Ok(());
        }
        let fault = DecodeFault { offset: self.start, kind };
        self.failed = Some(fault);
        Err(fault)
    }

    /// A fault after which nothing more can be found: everything from `start` on is lost.
    fn lose(&mut self, fault: FileFault) -> Result<(), DecodeFault> {
        self.state = State::Rest { lost: true };
        self.held.clear();
        self.fault(DecodeFaultKind::File(fault))?;
        self.dropped.bytes += self.offset - self.start;
        Ok(())
    }

    /// A fault of the packet, which goes on for `left` bytes.
    fn drop_packet(&mut self, fault: FileFault, left: u32) -> Result<(), DecodeFault> {
        self.state = if left == 0 { State::PacketHead } else { State::Pass { left, faulty: true } };
        self.fault(DecodeFaultKind::File(fault))?;
        self.dropped.bytes += self.offset - self.start;
        Ok(())
    }

    /// Takes `count` bytes.
    fn advance(&mut self, input: &mut &[u8], count: usize) {
        *input = &input[count..];
        self.offset += count as u64;
    }

    /// Adds to `held` until it has `needed` bytes; whether it has them.
    fn collect(&mut self, input: &mut &[u8], needed: usize) -> bool {
        let count = input.len().min(needed - self.held.len());
        self.held.extend_from_slice(&input[..count]);
        self.advance(input, count);
        self.held.len() == needed
    }

    /// Passes over up to `left` bytes; returns how many.
    fn pass(&mut self, input: &mut &[u8], left: u32, lost: bool) -> u32 {
        let count = input.len().min(left as usize);
        self.advance(input, count);
        self.dropped.bytes += if lost { count as u64 } else { 0 };
        count as u32
    }

    fn magic(&mut self) -> Result<(), DecodeFault> {
        if self.held[..] != MAGIC {
            return self.lose(FileFault::Head(HeadPart::Magic));
        }
        self.held.clear();
        self.start = self.offset;
        self.state = State::HeaderSize;
        Ok(())
    }

    fn header_size(&mut self) -> Result<(), DecodeFault> {
        let size = word(&self.held);
        if size > MAX_HEADER_BYTES {
            return self.lose(FileFault::Length { found: size, most: MAX_HEADER_BYTES });
        }
        self.held.clear();
        self.state = State::Header { size };
        if size == 0 { self.header() } else { Ok(()) }
    }

    fn header(&mut self) -> Result<(), DecodeFault> {
        let Some(header) = Header::read(&core::mem::take(&mut self.held)) else {
            return self.lose(FileFault::Head(HeadPart::Content));
        };
        self.streams = header.streams;
        let Some(compression) = header.compression else {
            return self.lose(FileFault::Unsupported(Unsupported::Compression));
        };
        let mut events = self.streams.iter().filter(|stream| stream.events);
        self.chosen = match self.wanted {
            Some(id) => events.find(|stream| stream.id == id).copied(),
            None => events.next().copied(),
        };
        if self.chosen.is_none() {
            return self.lose(FileFault::Unsupported(Unsupported::NoEvents));
        }
        self.unpack = Unpack::new(compression);
        // Where the table would begin before the packets do, there is none: some writers leave a 0.
        let table = u64::try_from(header.table).ok().filter(|&table| table >= self.offset);
        self.table = if self.network { None } else { table };
        self.next_packet();
        Ok(())
    }

    fn next_packet(&mut self) {
        self.held.clear();
        self.start = self.offset;
        self.state = if self.table == Some(self.offset) { State::Rest { lost: false } } else { State::PacketHead };
    }

    fn packet_head(&mut self) -> Result<(), DecodeFault> {
        let (id, size) = (word(&self.held) as i32, word(&self.held[4..]));
        self.held.clear();
        let room = self.table.map_or(i32::MAX as u64, |table| table.saturating_sub(self.offset));
        let most = u32::try_from(room.min(i32::MAX as u64)).unwrap_or(0);
        if size > most || self.table.is_some_and(|table| self.offset > table) {
            return self.lose(FileFault::Length { found: size, most });
        }
        if self.chosen.is_some_and(|chosen| chosen.id == id) {
            self.unpack.restart();
            self.plain.clear();
            self.packet = Packet::new();
            self.broken = None;
            self.state = State::Body { left: size };
            if size == 0 { self.drop_packet(FileFault::Structure, 0) } else { Ok(()) }
        } else {
            self.state = State::Pass { left: size, faulty: false };
            if self.streams.iter().any(|stream| stream.id == id) {
                return Ok(());
            }
            self.drop_packet(FileFault::Stream { found: id as u32 }, size)
        }
    }

    /// Reads events until `out` is full, the input ends, or the packet does.
    fn body(&mut self, input: &mut &[u8], mut left: u32, out: &mut Chunk) -> Result<(), DecodeFault> {
        loop {
            if let Err(fault) = self.packet.read(&mut self.plain, out) {
                if !matches!(fault, FileFault::Value { .. }) {
                    return self.drop_packet(fault, left);
                }
                self.state = State::Body { left };
                self.fault(DecodeFaultKind::File(fault))?;
                self.dropped.bytes += packet::EVENT as u64;
                continue;
            }
            if self.packet.is_done() {
                self.state = State::Pass { left, faulty: false };
                return Ok(());
            }
            self.state = State::Body { left };
            if self.packet.is_ready(&self.plain) {
                return Ok(());
            }
            if let Some(wrong) = self.broken.take() {
                return self.drop_packet(wrong.fault(), left);
            }
            let part = &input[..input.len().min(left as usize)];
            if part.is_empty() && !self.unpack.is_busy() {
                return if left == 0 { self.drop_packet(self.packet.end(), 0) } else { Ok(()) };
            }
            match self.unpack.run(part, &mut self.plain) {
                Ok(count) => {
                    self.advance(input, count);
                    left -= count as u32;
                }
                Err(wrong) => self.broken = Some(wrong),
            }
        }
    }

    fn step(&mut self, input: &mut &[u8], out: &mut Chunk) -> Result<(), DecodeFault> {
        match self.state {
            State::Magic => {
                if self.collect(input, MAGIC.len()) {
                    self.magic()?;
                }
            }
            State::HeaderSize => {
                if self.collect(input, SIZE) {
                    self.header_size()?;
                }
            }
            State::Header { size } => {
                if self.collect(input, size as usize) {
                    self.header()?;
                }
            }
            State::PacketHead => {
                if self.collect(input, PACKET_HEAD) {
                    self.packet_head()?;
                }
            }
            State::Body { left } => self.body(input, left, out)?,
            State::Pass { left, faulty } => {
                let left = left - self.pass(input, left, faulty);
                self.state = State::Pass { left, faulty };
            }
            State::Rest { lost } => {
                self.pass(input, u32::MAX, lost);
            }
        }
        if let State::Pass { left: 0, .. } = self.state {
            self.state = State::PacketHead;
        }
        if self.state == State::PacketHead && self.held.is_empty() {
            self.next_packet();
        }
        Ok(())
    }

    /// Whether events wait for room.
    fn is_blocked(&self) -> bool {
        matches!(self.state, State::Body { .. }) && self.packet.is_ready(&self.plain)
    }
}

/// Four bytes, little-endian.
fn word(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

impl Decoder for Aedat4 {
    fn feed(&mut self, bytes: &[u8], out: &mut Chunk) -> Result<usize, DecodeFault> {
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        if bytes.is_empty() || out.is_full() {
            return Ok(0);
        }
        let mut input = &bytes[usize::from(self.owed)..];
        self.owed = false;
        loop {
            self.step(&mut input, out)?;
            if self.is_blocked() || input.is_empty() {
                break;
            }
        }
        // A byte can bring a whole block of events: it is only consumed when they all have been given.
        self.owed = input.is_empty() && self.is_blocked();
        Ok(bytes.len() - input.len() - usize::from(self.owed))
    }

    fn finish(&mut self, _out: &mut Chunk) -> Result<(), DecodeFault> {
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        let found = self.offset - self.start;
        let (done, needed) = match self.state {
            State::Magic => (found == 0, MAGIC.len() as u32),
            State::HeaderSize => (found == 0 && self.network, SIZE as u32),
            State::Header { size } => (false, SIZE as u32 + size),
            State::PacketHead => (found == 0, PACKET_HEAD as u32),
            State::Body { left } | State::Pass { left, faulty: false } => {
                (false, u32::try_from(found + u64::from(left)).unwrap_or(u32::MAX))
            }
            State::Pass { faulty: true, .. } | State::Rest { .. } => (true, 0),
        };
        if done {
            return Ok(());
        }
        let found_u32 = u32::try_from(found).unwrap_or(u32::MAX);
        self.state = State::Rest { lost: true };
        self.fault(DecodeFaultKind::CutRecord { found: found_u32, needed })?;
        self.dropped.bytes += found;
        Ok(())
    }

    fn dropped(&self) -> Dropped {
        self.dropped
    }

    fn sensor(&self) -> Option<(u32, u32)> {
        self.chosen.map(|stream| stream.size).filter(|size| size.0 > 0 && size.1 > 0)
    }

    fn reset(&mut self) {
        *self = Self::new(self.network, self.wanted, self.on_fault);
    }
}
