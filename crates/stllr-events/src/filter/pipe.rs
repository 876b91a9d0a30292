//! Filters one behind the other.

use super::{CropConfig, Filter, Removed};
use crate::chunk::{Chunk, EventView};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Events on their way from one filter to the next: 13 bytes each.
const BETWEEN: usize = 1024;

/// Filters one behind the other; it behaves as a single one.
pub struct Pipe {
    stages: Vec<Stage>,
}

struct Stage {
    filter: Box<dyn Filter>,
    /// What it has given to the next, and how much of it that has taken. The last has none.
    given: Chunk,
    taken: usize,
    is_finished: bool,
}

impl Pipe {
    /// Events go through the filters in this order; through none as they are.
    pub fn new(mut filters: Vec<Box<dyn Filter>>) -> Self {
        if filters.is_empty() {
            let all = CropConfig { x: 0, y: 0, width: 1 << 16, height: 1 << 16 };
            filters.extend(all.filter());
        }
        let last = filters.len().saturating_sub(1);
        let stage = |(index, filter)| {
            let given = Chunk::new(if index == last { 0 } else { BETWEEN });
            Stage { filter, given, taken: 0, is_finished: false }
        };
        Self { stages: filters.into_iter().enumerate().map(stage).collect() }
    }

    /// As [`Filter::feed`].
    pub fn feed(&mut self, events: &EventView<'_>, from: usize, out: &mut Chunk) -> usize {
        let mut next = from;
        loop {
            let (taken, room) = (next, out.room());
            next = self.run(0, Some((events, next)), out);
            // Without room in `out` there may be some left between, and what comes next waits behind it.
            if next == events.len() && self.is_drained(self.stages.len()) || (next, out.room()) == (taken, room) {
                return next;
            }
        }
    }

    /// As [`Filter::finish`].
    pub fn finish(&mut self, out: &mut Chunk) -> bool {
        for index in 0..self.stages.len() {
            while !(self.stages[index].is_finished && self.is_drained(index + 1)) {
                let room = out.room();
                let has_finished = self.stages[index].is_finished;
                let held: usize = self.stages.iter().map(|stage| stage.given.len() - stage.taken).sum();
                if self.is_drained(index) && !has_finished {
                    let stage = &mut self.stages[index];
                    let to = if stage.given.capacity() == 0 { &mut *out } else { &mut stage.given };
                    stage.is_finished = stage.filter.finish(to);
                }
                self.run(index + 1, None, out);
                let left: usize = self.stages.iter().map(|stage| stage.given.len() - stage.taken).sum();
                if (room, held, has_finished) == (out.room(), left, self.stages[index].is_finished) {
                    return false;
                }
            }
        }
        true
    }

    /// What the filter of this place has left out.
    pub fn removed(&self, stage: usize) -> Removed {
        self.stages.get(stage).map_or(Removed::default(), |stage| stage.filter.removed())
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        for stage in &mut self.stages {
            stage.filter.reset();
            stage.given.clear();
            (stage.taken, stage.is_finished) = (0, false);
        }
    }

    /// Has the next stage taken all that those before `until` have given?
    fn is_drained(&self, until: usize) -> bool {
        self.stages[..until.min(self.stages.len())].iter().all(|stage| stage.given.is_empty())
    }

    /// Lets each stage from `first` on take what there is for it; the first of all takes `events`, and the index of the first that
    /// it has not taken is returned.
    fn run(&mut self, first: usize, events: Option<(&EventView<'_>, usize)>, out: &mut Chunk) -> usize {
        let mut next = events.map_or(0, |(_, from)| from);
        for index in first..self.stages.len() {
            let (before, rest) = self.stages.split_at_mut(index);
            let Some(stage) = rest.first_mut() else { break };
            let to = if stage.given.capacity() == 0 { &mut *out } else { &mut stage.given };
            match (before.last_mut(), events) {
                (Some(Stage { given, taken, .. }), _) => {
                    *taken = stage.filter.feed(&given.view(), *taken, to);
                    if *taken == given.len() {
                        given.clear();
                        *taken = 0;
                    }
                }
                (None, Some((events, from))) => next = stage.filter.feed(events, from, to),
                (None, None) => {}
            }
        }
        next
    }
}
