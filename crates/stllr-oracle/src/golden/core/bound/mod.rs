//! The rule once more, in values with bounds on the core's distance from them.
//!
//! Every constant enters with the distance of its rounded value, every product of the core with its rounding, and
//! [`Estimate`]'s arithmetic carries both through the time steps. Nothing is fitted: the bound follows from the formats in
//! [`stllr_core::fixed`] and from the order of the core's operations. The only thing taken from the core's run are its
//! spikes, since a neuron that spikes on one side only has another membrane from there on.
//!
//! Where the core saturates and the reference does not, the bound grows by what may be cut off.

mod estimate;
mod gradient;
mod psi;
mod readout;
mod signal;
mod spiking;
mod synapses;
mod trace;

pub use estimate::{Estimate, between};
pub use gradient::Narrow;
pub use readout::ReadoutBound;
pub use signal::{feedback, output_error};
pub use spiking::SpikingBound;
pub use synapses::Synapses;

/// A spike of the reference and of the core.
pub fn spike(reference: bool, core: bool) -> Estimate {
    Estimate::between(f64::from(reference), f64::from(core))
}
