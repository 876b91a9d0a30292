//! Plain Rust: the truth that the other kernels are compared with.

mod backward;
mod forward;

pub use backward::*;
pub use forward::*;
