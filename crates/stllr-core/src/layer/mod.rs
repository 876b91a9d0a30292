//! Layers: spiking ones (dense, recurrent) and the readout.

mod neurons;
mod readout;
mod spiking;
mod update;

pub use readout::{Readout, ReadoutSpec};
pub use spiking::{Factors, Spiking, SpikingSpec};
pub use update::{Learning, Mode};
