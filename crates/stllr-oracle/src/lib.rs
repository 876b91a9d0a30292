//! The learning rule in `f64`, one time step at a time: the reference the integer core is compared with.
//!
//! The crate is written to be read beside the paper (S-TLLR, a three-factor rule whose eligibility has a causal and a
//! non-causal part) and follows the authors' official code wherever the two differ. It is never shipped and never fast:
//! every line is the plain equation, and every value of a step can be looked at before the next one.
//!
//! [`network::Network`] is what was recorded from the official code: a chain with a batch. [`graph::Graph`] is every
//! network the core can be, with the same layers, and agrees with it on chains.
//!
//! All arrays are flat slices in row-major order. Spikes are `0.0` and `1.0`, so that the output of a layer is the
//! input of the next. Shapes are checked with panics: a caller who gives a wrong length has made a mistake.
//!
//! ```
//! use stllr_oracle::layer::{Connection, SpikingLayer};
//! use stllr_oracle::neuron::{Neuron, Reset};
//! use stllr_oracle::parameters::{Parameters, Weights};
//! use stllr_oracle::psi::Psi;
//! use stllr_oracle::Factors;
//!
//! let neuron = Neuron { leak: 0.5, threshold: 1.0, reset: Reset::Soft, psi: Psi::Tri };
//! let factors = Factors { lambda_post: 0.2, lambda_pre: 0.75, alpha_post: -1.0, alpha_pre: 1.0 };
//! let parameters = Parameters::new(Weights::plain(1, vec![1.5, 0.25]));
//! let mut layer = SpikingLayer::new(Connection::dense(2, 1), parameters, neuron, factors);
//!
//! assert_eq!(layer.step(&[1.0, 0.0]), [1.0]);
//! assert_eq!(layer.neurons().membrane_before_reset(), [1.5]);
//! assert_eq!(layer.neurons().membrane_after_reset(), [0.5]);
//! let gradients = layer.gradients(&[2.0]);
//! assert_eq!(gradients.bias, [2.0 * 0.15]);
//! ```

pub mod golden;
pub mod graph;
pub mod layer;
pub mod loihi;
pub mod loss;
pub mod network;
pub mod neuron;
pub mod optim;
pub mod parameters;
pub mod psi;
#[cfg(test)]
mod random;
pub mod standardise;
pub mod training;

/// The rule's four constants, in the order in which the official code writes them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factors {
    /// Decay a step of the trace of psi (the non-causal part), 0 to 1.
    pub lambda_post: f64,
    /// Decay a step of the input traces (the causal part), 0 to 1. Not tied to the membrane's leak.
    pub lambda_pre: f64,
    /// Weight of the non-causal part; negative punishes inputs that come after the output's activity.
    pub alpha_post: f64,
    /// Weight of the causal part.
    pub alpha_pre: f64,
}
