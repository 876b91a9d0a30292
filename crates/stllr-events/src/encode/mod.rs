//! Encoders: sampled values, sound and frames of a camera in, events out.
//!
//! All are causal and streaming: any split of the input gives the same events, in the order of their times, and memory is fixed
//! by the settings. Integers only, tables included: every machine gives the same events.
//!
//! Values are fixed-point numbers with [`VALUE_BITS`] bits after the point; samples of sound are 16-bit numbers.
//!
//! ```
//! use stllr_events::encode::{Clock, Delta, DeltaConfig, Encoder, Follow, Sampled, Start, VALUE_BITS};
//!
//! let clock = Clock::new(0, 100_000)?; // 100 Hz
//! let delta = Delta::new(&DeltaConfig { thresholds: &[2 << VALUE_BITS], start: Start::First, follow: Follow::Step })?;
//! let mut encoder = Sampled::new(clock, delta);
//! let mut events = stllr_events::Chunk::new(64);
//! let values = [0, 1, 3, 5].map(|value| value << VALUE_BITS);
//! let consumed = encoder.feed(&values, &mut events); // fewer only where `events` may be too full for another frame
//! assert_eq!((consumed, events.t_us(), events.p()), (4, &[20_000, 30_000][..], &[1, 1][..]));
//! # Ok::<(), stllr_events::encode::SettingError>(())
//! ```

mod camera;
mod clock;
mod cochlea;
mod delta;
mod fourier;
mod imu;
mod latency;
mod mel;
mod number;
mod population;
mod rate;
mod sampled;
mod setting;

pub use camera::{Camera, CameraConfig, Pixels};
pub use clock::Clock;
pub use cochlea::{Cochlea, CochleaCode, CochleaConfig};
pub use delta::{Delta, DeltaConfig, Follow, Start};
pub use imu::{Imu, ImuConfig};
pub use latency::{Latency, LatencyConfig};
pub use mel::{Mel, MelConfig};
pub use population::{Population, PopulationConfig};
pub use rate::Rate;
pub use sampled::{Code, Encoder, Sampled};
pub(crate) use setting::within;
pub use setting::{Range, SettingError};

/// Bits after the point of a value: 1.0 is `1 << VALUE_BITS`.
pub const VALUE_BITS: u32 = 16;
