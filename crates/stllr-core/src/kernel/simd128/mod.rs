//! WebAssembly SIMD, 128 bits. No relaxed instructions: those differ between machines.

mod backward;
mod byte;
mod forward;
mod lanes;
mod product;
mod standard;

pub use backward::*;
pub use byte::*;
pub use forward::*;
pub use product::*;
pub use standard::*;
