//! A chunk of events as a struct of arrays, bounded, and the borrowed view that readers take.

use alloc::boxed::Box;
use alloc::vec;

/// The latest time an event can have, in microseconds: 2^53 - 1, the last whole number that a JavaScript
/// number still counts exactly (285 years).
pub const MAX_TIME_US: u64 = (1 << 53) - 1;

/// A time as some caller stores it.
///
/// The crate itself knows only whole microseconds; the boundary to JavaScript implements this for the
/// numbers it is given, so that they are read where they lie.
pub trait TimeUs: Copy + PartialOrd {
    /// The time in whole microseconds, or `None` where it is none.
    fn us(self) -> Option<u64>;

    /// A time of at most [`MAX_TIME_US`] + 1 us, as the caller stores it.
    fn from_us(us: u64) -> Self;

    /// Is it a whole number of microseconds, if it lies between two times that are?
    fn is_whole(self) -> bool;
}

impl TimeUs for u64 {
    #[inline(always)]
    fn us(self) -> Option<u64> {
        Some(self)
    }

    #[inline(always)]
    fn from_us(us: u64) -> Self {
        us
    }

    #[inline(always)]
    fn is_whole(self) -> bool {
        true
    }
}

/// One event, on its way from one array to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event<T> {
    pub t: T,
    pub x: u16,
    pub y: u16,
    pub p: u8,
}

/// Events in four arrays of one length, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct EventView<'a, T = u64> {
    t: &'a [T],
    x: &'a [u16],
    y: &'a [u16],
    p: &'a [u8],
}

impl<'a, T: TimeUs> EventView<'a, T> {
    /// A view of four arrays: time, column, row, polarity (or channel).
    ///
    /// Arrays of unequal lengths are cut to the shortest.
    pub fn new(t: &'a [T], x: &'a [u16], y: &'a [u16], p: &'a [u8]) -> Self {
        let len = t.len().min(x.len()).min(y.len()).min(p.len());
        Self { t: &t[..len], x: &x[..len], y: &y[..len], p: &p[..len] }
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.t.len()
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.t.is_empty()
    }

    /// The events from index `from` on, one by one; none where `from` lies beyond the end.
    #[inline]
    pub(crate) fn iter_from(&self, from: usize) -> impl Iterator<Item = Event<T>> + 'a {
        let from = from.min(self.len());
        let pixels = self.x[from..].iter().zip(&self.y[from..]).zip(&self.p[from..]);
        self.t[from..].iter().zip(pixels).map(|(&t, ((&x, &y), &p))| Event { t, x, y, p })
    }
}

/// Room for a fixed number of events, 13 bytes each; it never grows.
#[derive(Debug, Clone)]
pub struct Chunk {
    t_us: Box<[u64]>,
    x: Box<[u16]>,
    y: Box<[u16]>,
    p: Box<[u8]>,
    len: usize,
}

/// The free end of a [`Chunk`]: four slices of one length.
pub(crate) struct Free<'a> {
    pub t_us: &'a mut [u64],
    pub x: &'a mut [u16],
    pub y: &'a mut [u16],
    pub p: &'a mut [u8],
}

impl Chunk {
    /// An empty chunk with room for `capacity` events.
    pub fn new(capacity: usize) -> Self {
        Self {
            t_us: vec![0; capacity].into(),
            x: vec![0; capacity].into(),
            y: vec![0; capacity].into(),
            p: vec![0; capacity].into(),
            len: 0,
        }
    }

    /// How many events it has room for.
    pub fn capacity(&self) -> usize {
        self.t_us.len()
    }

    /// How many events it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it has no room left.
    pub fn is_full(&self) -> bool {
        self.len == self.capacity()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// How many events it still has room for.
    pub fn room(&self) -> usize {
        self.capacity() - self.len
    }

    /// Appends an event; one for which there is no room is lost.
    #[inline]
    pub(crate) fn push(&mut self, t_us: u64, x: u16, y: u16, p: u8) {
        let at = self.len;
        if let (Some(to_t), Some(to_x), Some(to_y), Some(to_p)) =
            (self.t_us.get_mut(at), self.x.get_mut(at), self.y.get_mut(at), self.p.get_mut(at))
        {
            (*to_t, *to_x, *to_y, *to_p) = (t_us, x, y, p);
            self.len = at + 1;
        }
    }

    /// The times in us, in the order of the file.
    pub fn t_us(&self) -> &[u64] {
        &self.t_us[..self.len]
    }

    /// The columns.
    pub fn x(&self) -> &[u16] {
        &self.x[..self.len]
    }

    /// The rows.
    pub fn y(&self) -> &[u16] {
        &self.y[..self.len]
    }

    /// The polarities or channels.
    pub fn p(&self) -> &[u8] {
        &self.p[..self.len]
    }

    /// All events as a view.
    pub fn view(&self) -> EventView<'_> {
        EventView::new(self.t_us(), self.x(), self.y(), self.p())
    }

    /// The room that is left, for a decoder to write into.
    pub(crate) fn free(&mut self) -> Free<'_> {
        Free {
            t_us: &mut self.t_us[self.len..],
            x: &mut self.x[self.len..],
            y: &mut self.y[self.len..],
            p: &mut self.p[self.len..],
        }
    }

    /// Takes the first `count` events that were written to [`Chunk::free`].
    pub(crate) fn take(&mut self, count: usize) {
        self.len = self.capacity().min(self.len + count);
    }
}
