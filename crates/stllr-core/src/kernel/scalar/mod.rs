//! Plain Rust: the truth that the other kernels are compared with.

mod backward;
mod byte;
mod forward;
mod loihi;
mod product;
mod standard;

pub use backward::*;
pub use byte::*;
pub use forward::*;
pub use loihi::*;
pub use product::*;
pub use standard::*;
