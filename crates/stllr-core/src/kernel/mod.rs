//! The inner loops, once for each kind of machine.
//!
//! `scalar` is the truth: plain Rust that anybody can check by eye. The other folders hold the same names and give the
//! same bytes for every input; `sweep` is the one set of tests, run on each of them. What is exported here is the
//! fastest for the target.
//!
//! All take slices of any length and alignment (fastest when rows begin on 16 bytes). Where lengths do not fit together they panic,
//! like indexing does, or, where element meets element, stop at the shortest.

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
