//! Polarities merged: all become 0.

use super::Filter;
use super::each::{Judge, Why, each};
use crate::chunk::Event;
use alloc::boxed::Box;

/// Nothing to set.
#[derive(Debug, Clone, Copy)]
pub struct MergeConfig;

impl MergeConfig {
    /// The filter.
    pub fn filter(self) -> Box<dyn Filter> {
        each(self)
    }
}

impl Judge for MergeConfig {
    #[inline]
    fn judge(&mut self, event: Event<u64>) -> Result<Event<u64>, Why> {
        Ok(Event { p: 0, ..event })
    }
}
