//! What an event must keep to, and in which words it does not.

use crate::chunk::{Event, MAX_TIME_US, TimeUs};
use crate::error::{EventFault, EventFaultKind};
use crate::steps::{BinnerConfig, Sensor};

/// What an event must keep to: the sensor, the time before it and the largest gap.
#[derive(Clone, Copy)]
pub struct Limits {
    sensor: Sensor,
    pub floor_us: u64,
    gap_us: u64,
}

impl Limits {
    pub fn new(config: &BinnerConfig, placed: bool, floor_us: u64) -> Self {
        let gap_us = if placed { config.max_gap_us } else { MAX_TIME_US };
        Self { sensor: config.sensor, floor_us, gap_us }
    }

    /// The same for an event that follows one at `last`; `floor_us` is then that time. Kept out of the loops that call it
    /// now and then: converting the time would otherwise be done for every event there.
    #[cold]
    #[inline(never)]
    pub fn judge_after<T: TimeUs>(&mut self, last: T, event: Event<T>) -> Result<u64, EventFaultKind> {
        self.floor_us = last.us().unwrap_or(self.floor_us);
        self.judge(event)
    }

    /// The event's time, or the first thing that is wrong with it.
    #[inline(always)]
    fn judge<T: TimeUs>(&self, event: Event<T>) -> Result<u64, EventFaultKind> {
        let Some(t_us) = event.t.us() else { return Err(EventFaultKind::Time) };
        let in_time = t_us <= MAX_TIME_US && t_us >= self.floor_us && t_us - self.floor_us <= self.gap_us;
        if in_time && event.is_on(self.sensor) { Ok(t_us) } else { Err(self.kind(t_us, event.x, event.y)) }
    }

    #[cold]
    fn kind(&self, t_us: u64, x: u16, y: u16) -> EventFaultKind {
        if t_us > MAX_TIME_US {
            EventFaultKind::Time
        } else if t_us < self.floor_us {
            EventFaultKind::Back
        } else if t_us - self.floor_us > self.gap_us {
            EventFaultKind::Gap
        } else if u32::from(x) >= self.sensor.width {
            EventFaultKind::X
        } else if u32::from(y) >= self.sensor.height {
            EventFaultKind::Y
        } else {
            EventFaultKind::Polarity
        }
    }

    /// The limits of the event after one at `t_us`.
    #[inline(always)]
    pub fn follow(&mut self, t_us: u64, max_gap_us: u64) {
        self.floor_us = t_us;
        self.gap_us = max_gap_us;
    }

    #[cold]
    pub fn fault<T: TimeUs>(&self, index: usize, kind: EventFaultKind, event: Event<T>) -> EventFault {
        let latest = self.floor_us.saturating_add(self.gap_us).min(MAX_TIME_US);
        let (found, least, most) = match kind {
            EventFaultKind::Time => (event.t.us(), 0, MAX_TIME_US),
            EventFaultKind::Back | EventFaultKind::Gap => (event.t.us(), self.floor_us, latest),
            EventFaultKind::X => (Some(event.x.into()), 0, u64::from(self.sensor.width) - 1),
            EventFaultKind::Y => (Some(event.y.into()), 0, u64::from(self.sensor.height) - 1),
            EventFaultKind::Polarity => (Some(event.p.into()), 0, u64::from(self.sensor.polarities) - 1),
        };
        EventFault { index, kind, found, least, most }
    }
}
