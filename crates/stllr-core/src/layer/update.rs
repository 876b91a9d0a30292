//! When and how a layer's weights change: what spiking layers and the readout share.

use crate::deep::DEEP;
use crate::fixed::Factor;
use crate::noise::Rounding;
use crate::optimizer::Optimizer;

/// When weights change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Gradients add up over a sequence; the weights change at its end.
    Sequence,
    /// The weights change at the end of every block. Blocks of one step are the paper's online mode.
    Block,
}

/// What all layers of a network agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learning {
    /// When weights change.
    pub mode: Mode,
    /// Steps of a block, 1..=32.
    pub block_steps: usize,
    /// How changes are rounded to the weights' format.
    pub rounding: Rounding,
    /// Where initial weights and rounding noise come from.
    pub seed: u64,
    /// How gradients become changes.
    pub optimizer: Optimizer,
    /// L2 weight decay.
    pub decay: Factor,
}

impl Learning {
    /// Plain gradient descent, dithered, in blocks of 32 steps.
    pub const PLAIN: Self = Self {
        mode: Mode::Block,
        block_steps: 32,
        rounding: Rounding::Dithered,
        seed: 1,
        optimizer: Optimizer::Sgd,
        decay: Factor::ZERO,
    };

    /// Must gradients be gathered for all weights, rather than change rows as they come?
    pub fn gathers(&self) -> bool {
        let gathers = !self.optimizer.folds_rate() || self.decay.mantissa != 0;
        self.mode == Mode::Sequence || DEEP && gathers
    }

    /// What the gradient is multiplied by beforehand, of a rate.
    pub fn folded(&self, rate: Factor) -> Factor {
        if self.optimizer.folds_rate() { rate } else { Factor::ONE }
    }

    /// The rate of what is not held divided, in units of that of what is: weights are held as W / n, and learn at a rate
    /// smaller by n^2, or by n where the optimiser does not heed the gradient's size.
    pub fn undivided(&self, divisor: usize) -> Factor {
        let square = Factor::square_of(divisor);
        match self.optimizer {
            _ if !DEEP => square,
            Optimizer::Sgd | Optimizer::Momentum { .. } => square,
            _ => Factor::of(divisor),
        }
    }
}
