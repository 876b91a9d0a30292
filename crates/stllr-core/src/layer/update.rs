//! When and how a layer's weights change: what spiking layers and the readout share.

use crate::noise::Rounding;

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
}
