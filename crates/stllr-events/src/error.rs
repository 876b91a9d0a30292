//! Faults of events and of settings, each with its place, what was found there and what is allowed.
//!
//! The numbers behind the kinds are part of the boundary to JavaScript: they are never reused.

use core::fmt;

/// What to do about a fault in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFault {
    /// Stop there and say so.
    #[default]
    Refuse,
    /// Drop what is faulty, count it and go on.
    Skip,
}

/// An event that cannot enter a time step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventFault {
    /// Which event of the events given, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub kind: EventFaultKind,
    /// The value found; `None` where the caller's time is no whole number of microseconds.
    pub found: Option<u64>,
    /// The least value allowed.
    pub least: u64,
    /// The greatest value allowed.
    pub most: u64,
}

/// What can be wrong with an event. When several things are, the first in this order is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EventFaultKind {
    /// The time is not a whole number of microseconds from 0 to [`crate::MAX_TIME_US`].
    Time = 0,
    /// The time lies before the previous event, or in a step that is already over.
    Back = 1,
    /// The time lies further ahead than the largest gap allowed.
    Gap = 2,
    /// The column lies outside the sensor.
    X = 3,
    /// The row lies outside the sensor.
    Y = 4,
    /// The polarity (or channel) is one the sensor does not have.
    Polarity = 5,
}

impl EventFaultKind {
    /// How many kinds there are.
    pub const COUNT: usize = 6;

    /// The name of the value that is wrong.
    pub const fn value_name(self) -> &'static str {
        match self {
            Self::Time | Self::Back | Self::Gap => "t",
            Self::X => "x",
            Self::Y => "y",
            Self::Polarity => "p",
        }
    }
}

impl fmt::Display for EventFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, least, most, .. } = *self;
        write!(f, "event {index}: {} ", self.kind.value_name())?;
        match self.found {
            Some(found) => write!(f, "{found}")?,
            None => f.write_str("is no whole number")?,
        }
        f.write_str(match self.kind {
            EventFaultKind::Time => "",
            EventFaultKind::Back => " goes back in time",
            EventFaultKind::Gap => " leaves a gap that is too long",
            EventFaultKind::X | EventFaultKind::Y | EventFaultKind::Polarity => " is outside the sensor",
        })?;
        write!(f, "; allowed: {least} to {most}")
    }
}

impl core::error::Error for EventFault {}

/// A setting of a [`crate::Binner`] that is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigError {
    /// The setting's name.
    pub setting: &'static str,
    /// The value given.
    pub found: u64,
    /// The least value allowed.
    pub least: u64,
    /// The greatest value allowed.
    pub most: u64,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, found, least, most } = self;
        write!(f, "{setting}: {found} is not allowed; allowed: {least} to {most}")
    }
}

impl core::error::Error for ConfigError {}
