#![no_std]
#![forbid(unsafe_code)]
//! From the bytes of event files and streams to the time steps of a spiking network.
//!
//! - [`audio`]: sound files to samples.
//! - [`decode`]: streaming decoders, one file a format; bytes in, a [`Chunk`] of events out.
//! - [`detect`]: which format the first bytes of a file are.
//! - [`encode`]: samples, sound and frames to events; [`filter`]: events to fewer, or to others.
//! - [`steps`]: events to time steps; a [`Binner`] gives the unique input rows of each step.
//!
//! Integers only, no standard library, and no memory beyond what a caller has bounded. No input makes
//! anything here panic: what cannot be taken is a typed fault with the place where it stands.

extern crate alloc;

pub mod audio;
pub mod chunk;
pub mod decode;
pub mod detect;
pub mod encode;
pub mod error;
pub mod filter;
mod limits;
pub mod steps;

pub use chunk::{Chunk, EventView, MAX_TIME_US, TimeUs};
pub use decode::fault::{ALLOWED, DecodeFault, DecodeFaultKind};
pub use decode::file_fault::{Field, FileFault, HeadPart, Unsupported};
pub use decode::{Decoder, Dropped, Format, decoder};
pub use detect::{Detected, detect};
pub use error::{ConfigError, EventFault, EventFaultKind, OnFault};

pub use steps::{Binner, BinnerConfig, Progress, Sensor};
