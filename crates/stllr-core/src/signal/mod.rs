//! Learning signals: how the error at the readout reaches a hidden layer, at the same time step.
//!
//! | name | d\[t\]\[i\] |
//! | --- | --- |
//! | back-propagation (BP) | sum over c of W_readout\[c\]\[i\] error\[t\]\[c\]; below that, W^T (d psi) of the layer above |
//! | direct feedback alignment (DFA) | sum over c of F\[c\]\[i\] error\[t\]\[c\], F random and fixed, uniform within sqrt(6 / units) |
//! | the same of signs (sDFA) | sum over c of F\[c\]\[i\] sign(error\[t\]\[c\]) |
//! | direct random target projection (DRTP) | sum over c of F\[c\]\[i\] y\[t\]\[c\], y the target (of a class: onehot) |
//! | local | sum over c of B\[i\]\[c\] e\[c\], e the error of the layer's own fixed random readout o <- leak o + B^T s |
//!
//! (DFA: Nøkland, 2016; sDFA and DRTP: Frenkel, Lefebvre, Bol, 2021; local: Mostafa, Ramesh, Cauwenberghs, 2018.)

mod feedback;
mod local;
mod narrow;

pub use feedback::Feedback;
pub use local::LocalReadout;
pub use narrow::{Narrow, narrow_error};

use crate::fixed::{FEEDBACK_BITS, SIGNAL_MAX, Scale};

/// Which learning signal hidden layers get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Spatial back-propagation.
    Bp,
    /// Direct feedback alignment.
    Dfa,
    /// Direct feedback alignment of the error's signs.
    Sdfa,
    /// Direct random target projection.
    Drtp,
    /// Each layer's own random readout.
    Local,
}

/// The most outputs that a feedback matrix takes: no sum of so many products leaves an `i32`.
pub const MAX_OUTPUTS: usize = u16::MAX as usize;

/// Brings products of weights (`Q 12`) and an error from whose `Q 26` form `right` bits fell back to `Q 26`, saturating.
#[inline(never)]
fn restore(right: u32, d: &mut [i32]) {
    let (right, left) = (FEEDBACK_BITS.saturating_sub(right), right.saturating_sub(FEEDBACK_BITS));
    let scale = Scale { mantissa: 0, right, left, limit: SIGNAL_MAX };
    d.iter_mut().for_each(|d| *d = scale.shift(*d));
}
