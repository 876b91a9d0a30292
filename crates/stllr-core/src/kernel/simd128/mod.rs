//! WebAssembly SIMD, 128 bits. No relaxed instructions: those differ between machines.

mod backward;
mod byte;
mod forward;
mod lanes;
mod loihi;
mod product;
mod standard;

pub use backward::*;
pub use byte::*;
pub use forward::*;
pub use loihi::*;
pub use product::*;
pub use standard::*;
