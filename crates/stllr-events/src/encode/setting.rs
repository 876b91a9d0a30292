//! Settings: what is allowed, and what is said where one is not.

use alloc::boxed::Box;
use core::fmt;

/// A setting of an encoder or a filter that is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingError {
    /// The setting's name.
    pub setting: &'static str,
    /// The value given.
    pub found: i64,
    /// The least value allowed.
    pub least: i64,
    /// The greatest value allowed.
    pub most: i64,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, found, least, most } = self;
        write!(f, "{setting}: {found} is not allowed; allowed: {least} to {most}")
    }
}

impl core::error::Error for SettingError {}

/// A setting that must lie within a range.
pub(crate) fn within(setting: &'static str, found: i64, least: i64, most: i64) -> Result<(), SettingError> {
    if (least..=most).contains(&found) { Ok(()) } else { Err(SettingError { setting, found, least, most }) }
}

/// The number of channels, which are columns of events: 1 to 65,536.
pub(crate) fn channels(found: usize) -> Result<(), SettingError> {
    within("channels", i64::try_from(found).unwrap_or(i64::MAX), 1, 1 << 16)
}

/// The values of a channel that a code tells apart, `low` below `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// What lies below counts as this.
    pub low: i32,
    /// What lies above counts as this.
    pub high: i32,
}

impl Range {
    /// high - low.
    pub(crate) fn width(self) -> i64 {
        i64::from(self.high) - i64::from(self.low)
    }

    /// How far a value lies above `low`, from 0 to the width.
    pub(crate) fn above(self, value: i32) -> i64 {
        i64::from(value.clamp(self.low, self.high)) - i64::from(self.low)
    }
}

/// A range for each channel.
pub(crate) fn ranges(ranges: &[Range]) -> Result<Box<[Range]>, SettingError> {
    channels(ranges.len())?;
    for range in ranges {
        within("high", range.high.into(), i64::from(range.low) + 1, i32::MAX.into())?;
    }
    Ok(ranges.into())
}
