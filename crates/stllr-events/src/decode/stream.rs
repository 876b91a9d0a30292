//! What all streaming formats share: an unfinished record kept across calls, where the stream stands, and what
//! becomes of a fault.
//!
//! A format is a [`Layout`]: it reads from bytes that lie together and says where it stopped and why. A
//! [`Stream`] makes a [`Decoder`] of it.

use super::{Decoder, Dropped};
use crate::chunk::{Chunk, Event, Free};
use crate::decode::fault::{DecodeFault, DecodeFaultKind};
use crate::error::OnFault;
use alloc::boxed::Box;

/// Bytes that are kept across calls: no layout needs more of them together.
const HELD: usize = 32;

/// Where a layout stopped.
pub(super) enum Stop {
    /// The bytes that are left are none or an unfinished record of less than [`HELD`] bytes.
    More,
    /// There is no room for the next event.
    Full,
    /// The next `len` bytes are sound, but no event can be made of them: they are left out and counted.
    Left {
        /// How many bytes.
        len: usize,
    },
    /// The next `len` bytes are faulty.
    Fault {
        /// What is wrong.
        kind: DecodeFaultKind,
        /// How many bytes are dropped where faults are skipped.
        len: usize,
        /// Do they belong to the bytes dropped just before? Then they are no further record.
        again: bool,
    },
    /// From `back` bytes before this place on nothing can be read: the header is wrong.
    Lost {
        /// What is wrong.
        kind: DecodeFaultKind,
        /// How many of the bytes taken belong to the fault.
        back: usize,
    },
}

impl Stop {
    /// A faulty record of `len` bytes.
    pub fn fault(kind: DecodeFaultKind, len: usize) -> Self {
        Self::Fault { kind, len, again: false }
    }
}

/// How far a layout came and why not further.
pub(super) struct Step {
    /// How many bytes it has read.
    pub taken: usize,
    /// Why it stopped there.
    pub stop: Stop,
}

/// The layout of a format.
pub(super) trait Layout {
    /// The layout at the start of a stream, with the same settings.
    fn restart(&self) -> Self;

    /// Reads records from the begin of `bytes` while `out` has room. It stops in the same places whatever follows.
    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Step;

    /// What is wrong with a stream that ends here with `held` bytes of an unfinished record: how many bytes taken
    /// before belong to the fault, and the fault. Called for a whole stream too.
    fn end(&self, held: usize) -> Option<(usize, DecodeFaultKind)>;

    /// Width and height, once known.
    fn sensor(&self) -> Option<(u32, u32)> {
        None
    }
}

/// A decoder of a layout. It holds [`HELD`] bytes and what the layout holds; nothing grows.
#[derive(Debug)]
pub(super) struct Stream<L> {
    layout: L,
    on_fault: OnFault,
    /// Bytes of the stream that the layout has read or that were dropped: where `held` begins.
    offset: u64,
    held: [u8; HELD],
    held_len: usize,
    dropped: Dropped,
    /// The fault that ended the stream, under [`OnFault::Refuse`].
    fault: Option<DecodeFault>,
    /// Is all that follows dropped?
    lost: bool,
}

impl<L: Layout + 'static> Stream<L> {
    pub fn new(layout: L, on_fault: OnFault) -> Self {
        Self {
            layout,
            on_fault,
            offset: 0,
            held: [0; HELD],
            held_len: 0,
            dropped: Dropped::default(),
            fault: None,
            lost: false,
        }
    }

    pub fn boxed(layout: L, on_fault: OnFault) -> Box<dyn Decoder> {
        Box::new(Self::new(layout, on_fault))
    }

    /// Settles why the layout stopped. Returns how many further bytes that takes and whether to go on.
    fn settle(&mut self, stop: Stop, available: usize) -> Result<(usize, bool), DecodeFault> {
        let (kind, back, len, again) = match stop {
            Stop::More | Stop::Full => return Ok((0, false)),
            Stop::Left { len } => {
                self.drop_bytes(len, false);
                return Ok((len, true));
            }
            Stop::Fault { kind, len, again } => (kind, 0, len, again),
            Stop::Lost { kind, back } => (kind, back, available, false),
        };
        if self.on_fault == OnFault::Refuse {
            return Err(self.refuse(back, kind));
        }
        self.lost = matches!(stop, Stop::Lost { .. });
        self.drop_bytes(len, again);
        self.dropped.bytes += back as u64;
        Ok((len, true))
    }

    fn drop_bytes(&mut self, len: usize, again: bool) {
        self.dropped.records += u64::from(!again);
        self.dropped.bytes += len as u64;
        self.offset += len as u64;
    }

    fn refuse(&mut self, back: usize, kind: DecodeFaultKind) -> DecodeFault {
        let fault = DecodeFault { offset: self.offset - back as u64, kind };
        self.fault = Some(fault);
        fault
    }

    /// Reads once: what is held with the begin of `bytes` behind it, or `bytes` themselves. Returns how many of
    /// them are consumed and whether there may be more to do.
    fn read(&mut self, bytes: &[u8], out: &mut Chunk) -> Result<(usize, bool), DecodeFault> {
        let had = self.held_len;
        if had == 0 {
            let Step { taken, stop } = self.layout.read(bytes, out);
            self.offset += taken as u64;
            let more = matches!(stop, Stop::More);
            let (len, on) = self.settle(stop, bytes.len() - taken)?;
            let rest = &bytes[taken + len..];
            if more {
                self.held[..rest.len()].copy_from_slice(rest);
                self.held_len = rest.len();
                return Ok((bytes.len(), false));
            }
            return Ok((taken + len, on));
        }
        let fill = bytes.len().min(HELD - had);
        self.held[had..had + fill].copy_from_slice(&bytes[..fill]);
        let held = self.held;
        let Step { taken, stop } = self.layout.read(&held[..had + fill], out);
        self.offset += taken as u64;
        let more = matches!(stop, Stop::More);
        let (len, on) = self.settle(stop, had + fill - taken)?;
        let used = taken + len;
        if used == 0 && more {
            self.held_len = had + fill;
            return Ok((fill, fill < bytes.len()));
        }
        // What was held is used up, but for faults of less than a record: the rest is read again from `bytes`.
        self.held_len = had.saturating_sub(used);
        self.held.copy_within(used.min(had)..had, 0);
        Ok((used.saturating_sub(had), on || more))
    }
}

impl<L: Layout + 'static> Decoder for Stream<L> {
    fn feed(&mut self, bytes: &[u8], out: &mut Chunk) -> Result<usize, DecodeFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let mut consumed = 0;
        while consumed < bytes.len() && !out.is_full() {
            let rest = &bytes[consumed..];
            if self.lost {
                self.offset += rest.len() as u64;
                self.dropped.bytes += rest.len() as u64;
                return Ok(bytes.len());
            }
            let (used, on) = self.read(rest, out)?;
            consumed += used;
            if !on {
                break;
            }
        }
        Ok(consumed)
    }

    fn border(&mut self) -> Result<(), DecodeFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.lost || self.held_len == 0 {
            return Ok(());
        }
        let Some((_, kind)) = self.layout.end(self.held_len) else { return Ok(()) };
        if self.on_fault == OnFault::Refuse {
            return Err(self.refuse(0, kind));
        }
        self.drop_bytes(self.held_len, false);
        self.held_len = 0;
        Ok(())
    }

    fn finish(&mut self, _out: &mut Chunk) -> Result<(), DecodeFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let end = if self.lost { None } else { self.layout.end(self.held_len) };
        let Some((back, kind)) = end else { return Ok(()) };
        if self.on_fault == OnFault::Refuse {
            return Err(self.refuse(back, kind));
        }
        self.drop_bytes(self.held_len, false);
        self.dropped.bytes += back as u64;
        self.held_len = 0;
        self.lost = true;
        Ok(())
    }

    fn dropped(&self) -> Dropped {
        self.dropped
    }

    fn reset(&mut self) {
        *self = Self::new(self.layout.restart(), self.on_fault);
    }

    fn sensor(&self) -> Option<(u32, u32)> {
        self.layout.sensor()
    }
}

/// The fault of a stream of records of `size` bytes that ends with `held` bytes.
pub(super) fn cut_record(held: usize, size: usize) -> Option<(usize, DecodeFaultKind)> {
    let kind = DecodeFaultKind::CutRecord { found: held as u32, needed: size as u32 };
    (held > 0).then_some((0, kind))
}

/// What a record is.
pub(super) enum Read {
    /// An event.
    Event(Event<u64>),
    /// Something else that is sound.
    Other,
    /// Something that needs what the stream has not said yet.
    Left,
    /// A fault.
    Fault(DecodeFaultKind),
}

/// Reads records of `SIZE` bytes, each at most one event.
#[inline(always)]
pub(super) fn read_records<const SIZE: usize>(
    bytes: &[u8],
    out: &mut Chunk,
    mut read: impl FnMut(&[u8; SIZE]) -> Read,
) -> Step {
    let records = bytes.as_chunks::<SIZE>().0;
    let mut room = Room::new(out.free());
    let mut index = 0;
    let stop = loop {
        let Some(record) = records.get(index) else { break Stop::More };
        if room.is_full() {
            break Stop::Full;
        }
        match read(record) {
            Read::Event(event) => room.put(event),
            Read::Other => {}
            Read::Left => break Stop::Left { len: SIZE },
            Read::Fault(kind) => break Stop::fault(kind, SIZE),
        }
        index += 1;
    };
    let at = room.at;
    out.take(at);
    Step { taken: index * SIZE, stop }
}

/// The free end of a chunk, filled one event after the other.
pub(super) struct Room<'a> {
    free: Free<'a>,
    /// How many events there are in it.
    pub at: usize,
}

impl<'a> Room<'a> {
    #[inline(always)]
    pub fn new(free: Free<'a>) -> Self {
        let len = free.t_us.len();
        // One length that the compiler sees, so that one test serves the four arrays.
        let free =
            Free { t_us: &mut free.t_us[..len], x: &mut free.x[..len], y: &mut free.y[..len], p: &mut free.p[..len] };
        Self { free, at: 0 }
    }

    #[inline(always)]
    pub fn is_full(&self) -> bool {
        self.at >= self.free.t_us.len()
    }

    /// Adds an event; there must be room.
    #[inline(always)]
    pub fn put(&mut self, event: Event<u64>) {
        self.put_if(event, 1);
    }

    /// For how many events there is room.
    #[inline(always)]
    pub fn left(&self) -> usize {
        self.free.t_us.len() - self.at
    }

    /// Adds 1 event, or 0: it is written then too, to be written over. There must be room.
    #[inline(always)]
    pub fn put_if(&mut self, event: Event<u64>, is_event: u8) {
        let at = self.at;
        self.free.t_us[at] = event.t;
        self.free.x[at] = event.x;
        self.free.y[at] = event.y;
        self.free.p[at] = event.p;
        self.at = at + usize::from(is_event);
    }
}
