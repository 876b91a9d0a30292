//! Filters: events in, fewer or other events out.
//!
//! All are streaming: any split of the events gives the same ones, memory is fixed by the settings, and what is left out is counted.
//! Those that look at times ([`RefractoryConfig`], [`BackgroundConfig`], [`HotPixelConfig`], [`RateLimitConfig`], [`DelayConfig`],
//! [`CountConfig`]) have one rule for late events: an event whose time lies before that of the event before it is dropped and
//! counted. The others take times in any order and leave them as they are.
//!
//! ```
//! use stllr_events::filter::{CropConfig, MergeConfig, Pipe};
//! use stllr_events::{Chunk, EventView};
//!
//! let crop = CropConfig { x: 10, y: 0, width: 20, height: 20 };
//! let mut pipe = Pipe::new(vec![crop.filter()?, MergeConfig.filter()]);
//! let events = EventView::new(&[5, 7, 9u64], &[9, 10, 29], &[0, 3, 19], &[0, 1, 1]);
//! let mut kept = Chunk::new(1024);
//! let consumed = pipe.feed(&events, 0, &mut kept); // fewer than 3 only where `kept` is full
//! assert!(pipe.finish(&mut kept)); // false: drain `kept` and call again
//! assert_eq!((consumed, kept.t_us(), kept.x(), kept.p()), (3, &[7, 9][..], &[0, 19][..], &[0, 0][..]));
//! assert_eq!(pipe.removed(0).by_rule, 1);
//! # Ok::<(), stllr_events::encode::SettingError>(())
//! ```

mod background;
mod count;
mod crop;
mod delay;
mod downsample;
mod each;
mod hot_pixel;
mod merge;
mod pipe;
mod pixels;
mod rate_limit;
mod refractory;
mod region;

pub use background::BackgroundConfig;
pub use count::CountConfig;
pub use crop::CropConfig;
pub use delay::DelayConfig;
pub use downsample::DownsampleConfig;
pub use hot_pixel::HotPixelConfig;
pub use merge::MergeConfig;
pub use pipe::Pipe;
pub use rate_limit::RateLimitConfig;
pub use refractory::RefractoryConfig;
pub use region::{Rectangle, RegionConfig};

use crate::chunk::{Chunk, EventView};

/// What a filter has left out since its stream began, each event once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// What the filter is for.
    pub by_rule: u64,
    /// Outside the sensor that the filter was told.
    pub outside: u64,
    /// Times that go back.
    pub late: u64,
    /// For want of room: more events at a time than the settings allow for.
    pub no_room: u64,
}

/// A streaming filter.
pub trait Filter {
    /// Appends what becomes of the events from index `from` on, and returns the index of the first that it has not taken: only where
    /// `out` is full.
    fn feed(&mut self, events: &EventView<'_>, from: usize, out: &mut Chunk) -> usize;

    /// Appends what is still to come at the end of a stream, until there is nothing left (true) or `out` is full (false).
    fn finish(&mut self, _out: &mut Chunk) -> bool {
        true
    }

    /// What was left out.
    fn removed(&self) -> Removed;

    /// Forgets the stream.
    fn reset(&mut self);
}
