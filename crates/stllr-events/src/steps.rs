//! Events to time steps: the unique input rows of each step, found by pulling.
//!
//! A [`Binner`] stands in one step at a time. [`Binner::advance`] takes events into it until one belongs to a
//! later step; then the caller uses [`Binner::rows`], calls [`Binner::next_step`] and advances again from the
//! same event. Steps without events come one by one in the same way, so a network sees each of them.
//!
//! ```
//! use stllr_events::{Binner, BinnerConfig, EventView, OnFault, Progress, Sensor};
//!
//! let sensor = Sensor { width: 34, height: 34, polarities: 2 };
//! let mut binner = Binner::new(BinnerConfig { sensor, step_us: 10_000, origin_us: Some(0), max_gap_us: 1_000_000 })?;
//! let events = EventView::new(&[500, 700, 25_000u64], &[3, 3, 4], &[0, 0, 1], &[0, 0, 1]);
//! let mut steps = Vec::new();
//! let mut from = 0;
//! loop {
//!     match binner.advance(&events, from, OnFault::Refuse) {
//!         Progress::StepDone { next } => {
//!             steps.push(binner.rows().to_vec()); // the network's step stands here
//!             binner.next_step();
//!             from = next;
//!         }
//!         Progress::AllTaken => break,
//!         Progress::Fault(fault) => panic!("{fault}"),
//!     }
//! }
//! for _ in 0..binner.steps_left(None) {
//!     steps.push(binner.rows().to_vec());
//!     binner.next_step();
//! }
//! assert_eq!(steps, [vec![3], vec![], vec![1194]]); // 1194 = (1 * 34 + 1) * 34 + 4
//! # Ok::<(), stllr_events::ConfigError>(())
//! ```

use crate::chunk::{Event, EventView, MAX_TIME_US, TimeUs};
use crate::error::{ConfigError, EventFault, EventFaultKind, OnFault};
use crate::limits::Limits;
use alloc::boxed::Box;
use alloc::vec;

/// The greatest number of input rows: a 3840 x 2160 sensor with two polarities fits.
pub const MAX_ROWS: u64 = 1 << 24;

/// The geometry of a sensor. For a line of channels (a cochlea), height and polarities are 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sensor {
    /// Columns: x is below this. 1 to 65,536.
    pub width: u32,
    /// Rows: y is below this. 1 to 65,536.
    pub height: u32,
    /// Polarities or channels a pixel has: p is below this. 1 to 256.
    pub polarities: u32,
}

impl Sensor {
    /// The number of input rows: width x height x polarities.
    pub const fn rows(&self) -> u64 {
        self.width as u64 * self.height as u64 * self.polarities as u64
    }

    /// The input row of an event inside the sensor: (p * height + y) * width + x.
    #[inline(always)]
    pub const fn row(&self, x: u16, y: u16, p: u8) -> u32 {
        (p as u32 * self.height + y as u32) * self.width + x as u32
    }
}

impl<T> Event<T> {
    #[inline(always)]
    pub(crate) fn is_on(&self, sensor: Sensor) -> bool {
        u32::from(self.x) < sensor.width && u32::from(self.y) < sensor.height && u32::from(self.p) < sensor.polarities
    }
}

/// The settings of a [`Binner`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BinnerConfig {
    /// The sensor; at most [`MAX_ROWS`] rows.
    pub sensor: Sensor,
    /// The length of a step in us: 1 to 2^32.
    pub step_us: u64,
    /// When step 0 begins, at most [`MAX_TIME_US`]; `None`: with the first event taken.
    pub origin_us: Option<u64>,
    /// How far an event may lie after the one before it (the first: after the origin, where there is one), so
    /// that a wrong clock cannot ask for billions of empty steps. At least `step_us`.
    pub max_gap_us: u64,
}

impl BinnerConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let ranges = [
            ("width", u64::from(self.sensor.width), 1, 1 << 16),
            ("height", u64::from(self.sensor.height), 1, 1 << 16),
            ("polarities", u64::from(self.sensor.polarities), 1, 1 << 8),
            ("width x height x polarities", self.sensor.rows(), 1, MAX_ROWS),
            ("step_us", self.step_us, 1, 1 << 32),
            ("max_gap_us", self.max_gap_us, self.step_us, u64::MAX),
            ("origin_us", self.origin_us.unwrap_or(0), 0, MAX_TIME_US),
        ];
        match ranges.into_iter().find(|&(_, found, least, most)| found < least || found > most) {
            Some((setting, found, least, most)) => Err(ConfigError { setting, found, least, most }),
            None => Ok(()),
        }
    }

    /// The bytes a [`Binner`] with these settings allocates.
    pub const fn bytes(&self) -> u64 {
        let rows = self.sensor.rows();
        4 * rows + 8 * rows.div_ceil(64)
    }
}

/// Where [`Binner::advance`] stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The current step is over: event `next` belongs to a later one and has not been taken.
    StepDone {
        /// The index to advance from, after [`Binner::next_step`].
        next: usize,
    },
    /// All events are taken; the current step is still open.
    AllTaken,
    /// An event that cannot be taken, under [`OnFault::Refuse`]. The events before it are taken and nothing of
    /// it is; going on from the index after it is safe.
    Fault(EventFault),
}

/// Events to time steps. Its memory is fixed by the sensor ([`BinnerConfig::bytes`]).
#[derive(Debug, Clone)]
pub struct Binner {
    config: BinnerConfig,
    /// Whether the current step has a place in time: always with a given origin, else from the first event on.
    placed: bool,
    /// Index of the current step.
    step: u64,
    /// First time after the current step.
    end_us: u64,
    /// No event may lie before this: the last event's time or the current step's begin, whichever is later.
    floor_us: u64,
    /// One bit a row: has it an event in the current step.
    seen: Box<[u64]>,
    /// Where `rows` lists the current step's rows.
    rows: Box<[u32]>,
    dropped: [u64; EventFaultKind::COUNT],
}

impl Binner {
    /// A binner at the begin of step 0.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn new(config: BinnerConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let rows = config.sensor.rows() as usize;
        let mut binner = Self {
            config,
            placed: false,
            step: 0,
            end_us: 0,
            floor_us: 0,
            seen: vec![0; rows.div_ceil(64)].into(),
            rows: vec![0; rows].into(),
            dropped: [0; EventFaultKind::COUNT],
        };
        binner.reset();
        Ok(binner)
    }

    /// The settings.
    pub fn config(&self) -> &BinnerConfig {
        &self.config
    }

    /// Back to the begin of step 0, as new: no rows, no counts, and the configured origin.
    pub fn reset(&mut self) {
        self.reset_at(self.config.origin_us);
    }

    /// The same with another origin; `None`: step 0 begins with the first event taken. An origin beyond
    /// [`MAX_TIME_US`] leaves no time for events: each one goes back.
    pub fn reset_at(&mut self, origin_us: Option<u64>) {
        self.clear_rows();
        self.dropped = [0; EventFaultKind::COUNT];
        self.step = 0;
        self.placed = origin_us.is_some();
        self.floor_us = origin_us.unwrap_or(0);
        self.end_us = origin_us.map_or(0, |origin| end_us(origin, self.config.step_us));
    }

    /// Takes events from index `from` on, until one belongs to a later step, all are taken or, under
    /// [`OnFault::Refuse`], one has a fault. Under [`OnFault::Skip`] faulty events are dropped and counted.
    ///
    /// Two events of one step at the same pixel and polarity give one row.
    pub fn advance<T: TimeUs>(&mut self, events: &EventView<'_, T>, from: usize, on_fault: OnFault) -> Progress {
        let sensor = self.config.sensor;
        let seen = &mut self.seen[..];
        // Times are compared as the caller stores them: converting each would cost more than all the rest.
        let (mut floor, mut end) = (T::from_us(self.floor_us), T::from_us(self.end_us));
        let mut progress = Progress::AllTaken;
        for (event, index) in events.iter_from(from).zip(from..) {
            // Inside the current step neither the gap nor the latest time can be exceeded.
            if !(event.t >= floor && event.t < end && event.t.is_whole() && event.is_on(sensor)) {
                let mut limits = Limits::new(&self.config, self.placed, self.floor_us);
                match limits.judge_after(floor, event) {
                    Ok(_) if self.placed => {
                        progress = Progress::StepDone { next: index };
                        break;
                    }
                    Ok(t_us) => {
                        self.placed = true;
                        self.end_us = end_us(t_us, self.config.step_us);
                        end = T::from_us(self.end_us);
                    }
                    Err(kind) if on_fault == OnFault::Skip => {
                        self.dropped[kind as usize] += 1;
                        continue;
                    }
                    Err(kind) => {
                        progress = Progress::Fault(limits.fault(index, kind, event));
                        break;
                    }
                }
            }
            floor = event.t;
            let row = sensor.row(event.x, event.y, event.p);
            seen[(row >> 6) as usize] |= 1 << (row & 63);
        }
        self.floor_us = floor.us().unwrap_or(self.floor_us);
        progress
    }

    /// Looks for the first event that [`Binner::advance`] would refuse, and changes nothing: for callers who
    /// want all of a chunk or none of it.
    ///
    /// # Errors
    /// That event's fault.
    pub fn check<T: TimeUs>(&self, events: &EventView<'_, T>) -> Result<(), EventFault> {
        self.check_after(events, None, u64::MAX, OnFault::Refuse).map(|_| ())
    }

    /// The same for a chunk that follows others not taken yet: `after_us` is the time of the event before it, as
    /// the check of the chunk before returned it; `None`: the chunk is the next one to take. Looks no further than the
    /// first sound event at or after `until_us`. Returns the time of the last sound event before that, of this chunk
    /// or, where it has none, `after_us`.
    ///
    /// # Errors
    /// Under [`OnFault::Refuse`] the first faulty event's fault.
    pub fn check_after<T: TimeUs>(
        &self,
        events: &EventView<'_, T>,
        after_us: Option<u64>,
        until_us: u64,
        on_fault: OnFault,
    ) -> Result<Option<u64>, EventFault> {
        let mut limits = Limits::new(&self.config, self.placed, self.floor_us);
        if let Some(t_us) = after_us {
            limits.follow(t_us, self.config.max_gap_us);
        }
        let sensor = self.config.sensor;
        // What lies between the last event and the horizon is sound; nothing at first, so that the first event is judged.
        let mut last = T::from_us(limits.floor_us);
        let mut horizon = last;
        let mut any = false;
        for (index, event) in events.iter_from(0).enumerate() {
            if !(event.t >= last && event.t < horizon && event.t.is_whole() && event.is_on(sensor)) {
                match limits.judge_after(last, event) {
                    Ok(t_us) if t_us >= until_us => break,
                    Ok(t_us) => {
                        limits.follow(t_us, self.config.max_gap_us);
                        horizon = T::from_us(end_us(t_us, self.config.max_gap_us).min(until_us));
                        any = true;
                    }
                    Err(_) if on_fault == OnFault::Skip => continue,
                    Err(kind) => return Err(limits.fault(index, kind, event)),
                }
            }
            last = event.t;
        }
        Ok(if any { last.us() } else { after_us })
    }

    /// The rows of the current step that have an event: each once, rising, so that who reads memory by them reads
    /// upwards.
    pub fn rows(&mut self) -> &[u32] {
        let mut used = 0;
        for (word, &bits) in self.seen.iter().enumerate() {
            for bit in set_bits(bits) {
                self.rows[used] = (word * 64 + bit) as u32;
                used += 1;
            }
        }
        &self.rows[..used]
    }

    /// The index of the current step.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Closes the current step and stands in the next one. Events that lie before its begin are now late: they
    /// go back in time. Before the first event of a binner without an origin only the index moves on.
    pub fn next_step(&mut self) {
        self.clear_rows();
        self.step += 1;
        if self.placed {
            self.floor_us = self.floor_us.max(self.end_us);
            self.end_us = end_us(self.end_us, self.config.step_us);
        }
    }

    /// How many steps, the current one included, are still to be used once all events are taken: up to `until`
    /// steps in all (none where they are over), or, with `None`, the current one if it has an event.
    pub fn steps_left(&self, until: Option<u64>) -> u64 {
        match until {
            Some(until) => until.saturating_sub(self.step),
            None => u64::from(self.seen.iter().any(|&bits| bits != 0)),
        }
    }

    /// How many events were dropped since the reset, by kind: the index is `kind as usize`.
    pub fn dropped(&self) -> &[u64; EventFaultKind::COUNT] {
        &self.dropped
    }

    /// Where it stands, but for the events of the current step: the step's index, the time before which no event may lie, the
    /// first time after the step (us), and how many events were dropped, by kind.
    pub fn place(&self) -> [u64; 3 + EventFaultKind::COUNT] {
        let mut place = [0; 3 + EventFaultKind::COUNT];
        place[..3].copy_from_slice(&[self.step, self.floor_us, self.end_us]);
        place[3..].copy_from_slice(&self.dropped);
        place
    }

    /// Stands where another with a given origin stood. The times must be at most [`MAX_TIME_US`] + 1.
    pub fn set_place(&mut self, place: [u64; 3 + EventFaultKind::COUNT]) {
        let [step, floor_us, end_us, dropped @ ..] = place;
        (self.step, self.floor_us, self.end_us, self.dropped) = (step, floor_us, end_us, dropped);
    }

    /// Which rows have an event in the current step, a bit each, to be set; [`Self::adopt`] must follow.
    pub fn seen_mut(&mut self) -> &mut [u64] {
        &mut self.seen
    }

    /// Forgets bits beyond the last row.
    pub fn adopt(&mut self) {
        let beyond = self.rows.len() % 64;
        if let (Some(last), 1..) = (self.seen.last_mut(), beyond) {
            *last &= (1 << beyond) - 1;
        }
    }

    fn clear_rows(&mut self) {
        self.seen.fill(0);
    }
}

/// The numbers of the bits that are set, rising.
#[inline(always)]
fn set_bits(mut bits: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let bit = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

/// The first time after a stretch that begins at `start_us`. None reaches beyond [`MAX_TIME_US`], so a time inside
/// it is always a sound one.
fn end_us(start_us: u64, length_us: u64) -> u64 {
    start_us.saturating_add(length_us).min(MAX_TIME_US + 1)
}
