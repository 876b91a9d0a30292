//! Tests that must also run in WebAssembly, as a module with plain C exports: the kernel sweeps of `stllr-core`, whole
//! training runs, and what a 32-bit machine could get wrong.
//!
//! The natives run them by `cargo test`, the WASM builds by `test/kernels.test.ts`; both want the same hashes.

pub mod deep;
mod exports;
pub mod limits;
pub mod runs;
