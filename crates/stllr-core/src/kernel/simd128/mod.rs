//! WebAssembly SIMD, 128 bits. No relaxed instructions: those differ between machines.

mod backward;
mod forward;
mod lanes;

pub use backward::*;
pub use forward::*;
