//! The inner loops, once for each kind of machine.
//!
//! `scalar` is the truth: plain Rust that anybody can check by eye. The other folders hold the same names and give the
//! same bytes for every input; `sweep` is the one set of tests, run on each of them. What is exported here is the
//! fastest for the target.
//!
//! All take slices of any length and alignment (fastest when rows begin on 16 bytes). Where lengths do not fit together they panic,
//! like indexing does, or, where element meets element, stop at the shortest.

use alloc::vec::Vec;

pub mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub mod simd128;
#[cfg(any(test, feature = "sweep"))]
pub mod sweep;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub use scalar::*;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use simd128::*;

/// The name of the kernels in use: `"scalar"` or `"simd128"`.
pub const NAME: &str = if cfg!(all(target_arch = "wasm32", target_feature = "simd128")) { "simd128" } else { "scalar" };

/// Where a gradient summed over blocks saturates.
pub const SUM_MAX: i32 = (1 << 30) - 1;

/// What a leaky integrate-and-fire step needs besides the state.
#[derive(Clone, Copy, Debug)]
pub struct Lif {
    /// What stays of the membrane in a step, `Q 15`.
    pub leak: i32,
    /// Membrane format, at least 0.5.
    pub threshold: i32,
    /// Subtract the threshold after a spike (soft), or set the membrane to zero (hard).
    pub soft_reset: bool,
}

/// Where the states of Loihi's neurons saturate: 24 bits with the sign.
pub const LOIHI_MAX: i32 = (1 << 23) - 1;

/// What a step of Loihi's neurons needs besides the states.
#[derive(Clone, Copy, Debug)]
pub struct Loihi {
    /// What stays of a current in a step, in 4096ths.
    pub current_keep: i32,
    /// What stays of a voltage in a step, in 4096ths.
    pub voltage_keep: i32,
    /// In the chip's units, 1 to [`LOIHI_MAX`].
    pub threshold: i32,
    /// Fraction bits that the chip's units have beyond weights, 0 to 8.
    pub shift_in: u32,
    /// Fraction bits that membranes have beyond the chip's units, 0 to 8.
    pub shift_out: u32,
}

/// A linear function of a weight w, rounded down: `((w * slope + offset) >> right) << left`, in an `i64`.
///
/// `slope` is below 2^33 in magnitude, `offset` below 2^62, `right` at most 62, and `left` at most 16 and zero unless `right` is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    /// What a unit of the weight adds.
    pub slope: i64,
    /// What there is without a weight, with what rounds.
    pub offset: i64,
    /// Bits to shift right.
    pub right: u32,
    /// Bits to shift left after that.
    pub left: u32,
}

impl Line {
    /// Its value for a weight.
    #[inline(always)]
    pub fn at(self, w: i16) -> i64 {
        ((w as i64 * self.slope + self.offset) >> self.right) << self.left
    }
}

/// How a gradient by a standardised weight becomes one by the raw weight w:
/// `(g * 2^CENTRED_EXTRA - mean - line(w)) * scale / 2^right`, to nearest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Back {
    /// What of the gradient lies along the weights, with [`CENTRED_EXTRA`] fraction bits.
    pub line: Line,
    /// Mean gradient, as finely.
    pub mean: i64,
    /// Below 2^15 in magnitude.
    pub scale: i32,
    /// Bits to shift right, 1 to 62.
    pub right: u32,
}

/// Fraction bits that a gradient gets while sums are subtracted from it.
pub const CENTRED_EXTRA: u32 = 8;
/// Where such a gradient saturates, so that a product with 15 bits fits.
pub const CENTRED_MAX: i64 = 1 << 47;

/// Sums over the rows of a matrix, one a column.
#[derive(Clone, Debug, Default)]
pub struct ColumnSums {
    /// Of weights, or of gradients.
    pub first: Vec<i64>,
    /// Of the squares of weights; or of the products of gradients with weights.
    pub second: Vec<i64>,
}

/// Where the operands of one of many products lie: its vector, and its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The vector's first element.
    pub from: u32,
    /// The result's first element.
    pub to: u32,
}

/// The input of a row update that is the same for all rows of a block.
///
/// Values are so small that a row's sum fits in an `i16`: the number of its terms (steps, and one for a trace) times the
/// largest magnitude, and 2^`shift` for the rounding, are at most 32767.
#[derive(Clone, Copy, Debug)]
pub struct Sweep<'a> {
    /// Quantised sweep values, a row of `width` a step.
    pub steps: &'a [i16],
    /// What a full trace adds, `width` values.
    pub carry: &'a [i16],
    /// log2 of a weight unit in units of the sweep, 1..=14.
    pub shift: u32,
}
