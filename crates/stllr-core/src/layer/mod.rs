//! Layers: spiking ones (dense, recurrent) and the readout.

mod conv;
mod descent;
mod loihi;
mod neurons;
mod readout;
mod relay;
mod spiking;
mod update;
mod weights;

pub use conv::{Conv, ConvSpec, Geometry, Kernel};
pub use loihi::{LOIHI_THRESHOLD_MAX, LoihiSpec};
pub use neurons::Neurons;
pub use readout::{Readout, ReadoutSpec};
pub use relay::{Dropout, DropoutSpec, Join, JoinSpec, Pool, PoolSpec, Relay, Upsample, UpsampleSpec};
pub use spiking::{Factors, Spiking, SpikingSpec};
pub use update::{Learning, Mode};
