//! Optimisers: from the gradient of an update to what is subtracted from the weights.
//!
//! Definitions and order of operations are those of `torch.optim`, g the gradient with weight decay already in it:
//!
//! | optimiser | per weight and update | bytes of state |
//! | --- | --- | --- |
//! | SGD | w <- w - rate g | 0 |
//! | momentum | b <- momentum b + g; w <- w - rate b | 4 |
//! | Nesterov | b <- momentum b + g; w <- w - rate (g + momentum b) | 4 |
//! | Adam | m <- beta1 m + (1 - beta1) g; v <- beta2 v + (1 - beta2) g^2; w <- w - rate m' / (sqrt(v') + epsilon) with m' = m / (1 - beta1^k), v' = v / (1 - beta2^k) at update k | 8 |
//! | RMSprop | v <- alpha v + (1 - alpha) g^2; w <- w - rate g / (sqrt(v) + epsilon) | 4 |
//! | Rprop | the step grows where g keeps its sign, shrinks and rests where it turns; w <- w - step sign(g) | 4 |
//!
//! SGD has the rate in its gradient from the start, so its changes need no pass of their own. All others take the gradient
//! itself, and every weight at every update, also where the gradient is 0: moments decay, and a change of rate acts at once,
//! as it does in PyTorch. Their changes follow float64 to a part in 5,000 of the largest change, and are the same on every
//! machine; epsilon is 1e-8.

mod decay;
mod moments;
mod packed;

pub use decay::decay_row;
pub use moments::Moments;

use crate::deep::DEEP;
use crate::kernel::SUM_MAX;

/// Fraction bits of betas, momentum, alpha and etas.
pub const BETA_BITS: u32 = 30;
/// One in `Q 30`.
pub const ONE_BETA: u32 = 1 << BETA_BITS;
/// Fraction bits of a change by momentum, Nesterov, Adam and RMSprop: up to 4.0, in steps of 4e-9.
pub const CHANGE_BITS: u32 = 28;
/// Fraction bits of a change by Rprop, and of its steps: PyTorch's largest step is 50.
pub const STEP_BITS: u32 = 24;

/// An optimiser with its constants, `Q 30` where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimizer {
    /// Plain gradient descent.
    Sgd,
    /// Momentum without dampening.
    Momentum {
        /// What stays of the sum of gradients, below one.
        momentum: u32,
        /// Look ahead, as Nesterov does?
        nesterov: bool,
    },
    /// Adam with bias correction.
    Adam {
        /// Decay of the mean of gradients, below one.
        beta1: u32,
        /// Decay of the mean of their squares, below one.
        beta2: u32,
    },
    /// RMSprop, neither centred nor with momentum.
    RmsProp {
        /// Decay of the mean of squares, below one.
        alpha: u32,
    },
    /// Rprop. The rate at a weight's first gradient is its first step; later ones follow from the gradient's signs alone, but
    /// for a rate of 0, which rests.
    RProp {
        /// What a step shrinks by, up to one.
        shrink: u32,
        /// What it grows by, from one, below two.
        grow: u32,
        /// The smallest step, `Q 24`, from 1.
        least: u32,
        /// The largest step, `Q 24`, from the smallest to `SUM_MAX`.
        most: u32,
    },
}

impl Optimizer {
    /// Adam with 0.9 and 0.999, PyTorch's constants.
    pub const ADAM: Self = Self::Adam { beta1: 966_367_642, beta2: 1_072_668_082 };
    /// RMSprop with 0.99, PyTorch's constant.
    pub const RMSPROP: Self = Self::RmsProp { alpha: 1_063_004_406 };
    /// Rprop with 0.5, 1.2 and steps of 1e-6 to 50, PyTorch's constants.
    pub const RPROP: Self = Self::RProp { shrink: ONE_BETA / 2, grow: 1_288_490_189, least: 17, most: 50 << STEP_BITS };

    /// Are all constants in the ranges that their fields state?
    pub fn valid(self) -> bool {
        match self {
            _ if !DEEP => self == Self::Sgd,
            Self::Sgd => true,
            Self::Momentum { momentum: beta, .. } | Self::RmsProp { alpha: beta } => beta < ONE_BETA,
            Self::Adam { beta1, beta2 } => beta1.max(beta2) < ONE_BETA,
            Self::RProp { shrink, grow, least, most } => {
                shrink <= ONE_BETA
                    && (ONE_BETA..2 * ONE_BETA).contains(&grow)
                    && least >= 1
                    && (least..=SUM_MAX as u32).contains(&most)
            }
        }
    }

    /// Must the gradient come multiplied by the rate? Then it is the change, and [`Moments`] have nothing to do.
    pub fn folds_rate(self) -> bool {
        // Without the deep build there is no other.
        !DEEP || self == Self::Sgd
    }

    /// Bytes of state a weight.
    pub fn bytes_per_weight(self) -> u64 {
        4 * self.words() as u64
    }

    /// Fraction bits of a change, for a gradient with `bits`.
    pub fn change_bits(self, bits: u32) -> u32 {
        match self {
            _ if !DEEP => bits,
            Self::Sgd => bits,
            Self::RProp { .. } => STEP_BITS,
            _ => CHANGE_BITS,
        }
    }

    /// Words of state a weight.
    fn words(self) -> usize {
        match self {
            _ if !DEEP => 0,
            Self::Sgd => 0,
            Self::Adam { .. } => 2,
            _ => 1,
        }
    }
}
