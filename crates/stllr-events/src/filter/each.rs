//! What filters share that look at one event after the other.

use super::{Filter, Removed};
use crate::chunk::{Chunk, Event, EventView};
use alloc::boxed::Box;

/// Why an event is left out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Why {
    Rule,
    Outside,
    Late,
}

/// What becomes of an event.
pub(super) trait Judge {
    fn judge(&mut self, event: Event<u64>) -> Result<Event<u64>, Why>;

    fn reset(&mut self) {}
}

/// A filter of a judge.
struct Each<J> {
    judge: J,
    removed: Removed,
}

/// A filter of a judge.
pub(super) fn each<J: Judge + 'static>(judge: J) -> Box<dyn Filter> {
    Box::new(Each { judge, removed: Removed::default() })
}

impl<J: Judge> Filter for Each<J> {
    fn feed(&mut self, events: &EventView<'_>, from: usize, out: &mut Chunk) -> usize {
        // Each gives one event at most, so there is room for what becomes of as many.
        let count = out.room();
        let mut next = from;
        for event in events.iter_from(from).take(count) {
            next += 1;
            match self.judge.judge(event) {
                Ok(Event { t, x, y, p }) => out.push(t, x, y, p),
                Err(Why::Rule) => self.removed.by_rule += 1,
                Err(Why::Outside) => self.removed.outside += 1,
                Err(Why::Late) => self.removed.late += 1,
            }
        }
        next
    }

    fn removed(&self) -> Removed {
        self.removed
    }

    fn reset(&mut self) {
        self.removed = Removed::default();
        self.judge.reset();
    }
}

/// The rule for late events.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Order {
    last_us: u64,
}

impl Order {
    /// Takes a time; an error where it goes back.
    #[inline(always)]
    pub(super) fn check(&mut self, t_us: u64) -> Result<(), Why> {
        if t_us < self.last_us {
            return Err(Why::Late);
        }
        self.last_us = t_us;
        Ok(())
    }
}
