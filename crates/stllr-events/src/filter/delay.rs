//! A delay line: each event comes again after each of some delays, in polarities of its own, so that a neuron sees what was beside
//! what is.
//!
//! An event with time t and polarity p comes at t + delay_k with polarity p + k `polarities`, in the order of the new times; where those
//! are equal, the larger delay first. A copy is given as soon as an event shows that its time has come, or the stream ends. Held are
//! the events of the last, largest delay; where there are more than `most_events` of them, new ones are dropped and counted.

use super::{Filter, Removed};
use crate::chunk::{Chunk, Event, EventView, MAX_TIME_US};
use crate::encode::{SettingError, within};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

/// The delays.
#[derive(Debug, Clone)]
pub struct DelayConfig {
    /// Rising, from 0 us to 2^32: 1 to 256 of them.
    pub delays_us: Vec<u64>,
    /// Polarities of the events: times the delays at most 256. Others are outside.
    pub polarities: u32,
    /// Events that are held: 1 to 2^24; 13 bytes each, rounded up to 16.
    pub most_events: usize,
}

struct Delay {
    config: DelayConfig,
    held: Box<[Held]>,
    /// Numbers of events since the stream began: held are those from `first` on, and the k-th delay's next is `next[k]`.
    first: u64,
    end: u64,
    next: Box<[u64]>,
    last_us: u64,
    removed: Removed,
}

#[derive(Debug, Clone, Copy, Default)]
struct Held {
    t_us: u64,
    x: u16,
    y: u16,
    p: u8,
}

impl DelayConfig {
    /// The filter.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn filter(self) -> Result<Box<dyn Filter>, SettingError> {
        let Self { delays_us, polarities, most_events } = &self;
        within("delaysUs.length", delays_us.len() as i64, 1, 256)?;
        within("polarities", (*polarities).into(), 1, 256 / delays_us.len() as i64)?;
        within("mostEvents", *most_events as i64, 1, 1 << 24)?;
        let mut least = 0;
        for &delay_us in delays_us {
            within("delaysUs", delay_us as i64, least, 1 << 32)?;
            least = delay_us as i64 + 1;
        }
        let (held, next) = (vec![Held::default(); *most_events].into(), vec![0; delays_us.len()].into());
        Ok(Box::new(Delay { config: self, held, first: 0, end: 0, next, last_us: 0, removed: Removed::default() }))
    }
}

impl Delay {
    fn held(&self, number: u64) -> Held {
        self.held[(number % self.held.len() as u64) as usize]
    }

    /// Appends all copies up to a time; false where `out` is full.
    fn give(&mut self, until_us: u64, out: &mut Chunk) -> bool {
        loop {
            // Of equal times the last delay's: its event came first.
            let mut best: Option<(usize, u64)> = None;
            for (k, (&next, &delay_us)) in self.next.iter().zip(&self.config.delays_us).enumerate() {
                if next < self.end {
                    let t_us = (self.held(next).t_us + delay_us).min(MAX_TIME_US);
                    if t_us <= until_us && best.is_none_or(|(_, least_us)| t_us <= least_us) {
                        best = Some((k, t_us));
                    }
                }
            }
            let Some((k, t_us)) = best else { return true };
            if out.is_full() {
                return false;
            }
            let Held { x, y, p, .. } = self.held(self.next[k]);
            out.push(t_us, x, y, p + (k as u32 * self.config.polarities) as u8);
            self.next[k] += 1;
            // The last delay is always the last to be done with an event.
            self.first = self.next[self.next.len() - 1];
        }
    }
}

impl Filter for Delay {
    fn feed(&mut self, events: &EventView<'_>, from: usize, out: &mut Chunk) -> usize {
        let mut next = from;
        for Event { t, x, y, p } in events.iter_from(from) {
            if u32::from(p) >= self.config.polarities {
                self.removed.outside += 1;
            } else if t < self.last_us {
                self.removed.late += 1;
            } else {
                // What is due goes first; so the event's own copies, which come later, find all before it given.
                if !self.give(t, out) {
                    return next;
                }
                self.last_us = t;
                if self.end - self.first == self.held.len() as u64 {
                    self.removed.no_room += 1;
                } else {
                    let at = (self.end % self.held.len() as u64) as usize;
                    self.held[at] = Held { t_us: t, x, y, p };
                    self.end += 1;
                }
            }
            next += 1;
        }
        self.give(self.last_us, out);
        next
    }

    fn finish(&mut self, out: &mut Chunk) -> bool {
        self.give(MAX_TIME_US, out)
    }

    fn removed(&self) -> Removed {
        self.removed
    }

    fn reset(&mut self) {
        (self.first, self.end, self.last_us) = (0, 0, 0);
        self.next.fill(0);
        self.removed = Removed::default();
    }
}
