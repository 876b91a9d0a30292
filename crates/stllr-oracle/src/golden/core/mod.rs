//! Golden files through the integer core, with the case's values rounded to the core's formats.
//!
//! Every file is compared twice:
//!
//! * with what it records ([`Basis::File`]). The bound then holds the rounding of every constant (weights, biases, leak,
//!   threshold, decays) and the core's own arithmetic.
//! * with the rule computed in `f64` from the rounded constants ([`Basis::Rounded`]). Then only the core's arithmetic is
//!   left in the bound, some hundred times tighter: a leak that is off by two units, a product rounded down or a trace
//!   read a step late stands out.
//!
//! The bounds are derived in `bound`, step by step, from the formats. A spike may differ only where the bound of its
//! membrane reaches the threshold; from there on the bound holds the difference that the spike makes.
//!
//! What is not replayed says so: neurons without a reset, values outside the core's ranges (`formats`).

pub mod bound;
mod comparison;
mod formats;
mod layer;
mod machine;
mod network;
mod readout;
mod subject;

use std::fmt;

use serde::Serialize;

pub use comparison::{Comparison, Group, Measured, Mismatches};
pub use formats::{factor, factor_value};

use super::Case;
use crate::training::Mode;

/// What the core is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// What the file records.
    File,
    /// The rule in `f64` with the rounded constants.
    Rounded,
}

impl Basis {
    fn choose<'a, T: ?Sized>(self, file: &'a T, rounded: &'a T) -> &'a T {
        match self {
            Self::File => file,
            Self::Rounded => rounded,
        }
    }
}

/// How the core did on a file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase", untagged)]
pub enum CoreColumn {
    /// It was replayed.
    Replayed(Box<Replayed>),
    /// It was not.
    #[serde(rename_all = "camelCase")]
    DoesNotFit {
        /// Why.
        does_not_fit: String,
    },
}

/// A replay compared on both bases.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// Against what the file records.
    pub file: Comparison,
    /// Against the reference with the rounded constants.
    pub rounded: Comparison,
    /// What part of the file was left out.
    pub left_out: Option<&'static str>,
    /// Whether everything is within its bound on both bases.
    pub within_bound: bool,
}

impl CoreColumn {
    /// Replays a case.
    pub fn of(case: &Case) -> Self {
        let (file, rounded) = match (replay(case, Basis::File), replay(case, Basis::Rounded)) {
            (Ok(file), Ok(rounded)) => (file, rounded),
            (Err(does_not_fit), _) | (_, Err(does_not_fit)) => return Self::DoesNotFit { does_not_fit },
        };
        let within_bound = [&file, &rounded].iter().all(|comparison| comparison.nearest_to_bound().1 <= 1.0);
        let left_out = match case {
            Case::Network(case) if case.mode == Mode::Online => Some(network::ONLINE),
            Case::Network(_) | Case::Layer(_) => None,
        };
        Self::Replayed(Box::new(Replayed { file, rounded, left_out, within_bound }))
    }

    /// Whether nothing is off by more than its bound.
    pub fn within_bound(&self) -> bool {
        match self {
            Self::Replayed(replayed) => replayed.within_bound,
            Self::DoesNotFit { .. } => true,
        }
    }
}

fn replay(case: &Case, basis: Basis) -> Result<Comparison, String> {
    match case {
        Case::Layer(case) => layer::replay(case, basis),
        Case::Network(case) => network::replay(case, basis),
    }
}

impl fmt::Display for CoreColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replayed(replayed) => replayed.fmt(f),
            Self::DoesNotFit { does_not_fit } => write!(f, "core: does not fit: {does_not_fit}"),
        }
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "core:")?;
        let groups = [
            ("membrane", Group::Membrane),
            ("trace", Group::Trace),
            ("signal", Group::Signal),
            ("gradient", Group::Gradient),
        ];
        for (name, group) in groups {
            if let Some(deviation) = self.file.deviation(group) {
                write!(f, " {name} {deviation:.1e}")?;
            }
        }
        let ((_, file), (quantity, rounded)) = (self.file.nearest_to_bound(), self.rounded.nearest_to_bound());
        write!(f, ", {file:.2} of the bound; rounded {rounded:.2} ({quantity}); spikes: ")?;
        let spikes = &self.file.spikes;
        match (spikes.nearest, spikes.furthest) {
            (Some(nearest), Some(furthest)) => {
                write!(f, "{} differ, {nearest:.1e} to {furthest:.1e} from the threshold", spikes.count)?;
            }
            _ => write!(f, "none differ")?,
        }
        if let Some(left_out) = self.left_out {
            write!(f, "; {left_out}")?;
        }
        for (comparison, basis) in [(&self.file, "of the file"), (&self.rounded, "of the rounded reference")] {
            let (quantity, fraction) = comparison.nearest_to_bound();
            if fraction > 1.0 {
                write!(f, " OFF: {quantity} {basis} by {fraction:.3} times its bound")?;
            }
        }
        Ok(())
    }
}
