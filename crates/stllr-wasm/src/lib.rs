//! The boundary between the core and JavaScript: numbers in, numbers out, one call a chunk of steps.
//!
//! Everything pleasant is in the TypeScript above; everything that computes is in the crates below. Floats appear here
//! only as JavaScript's numbers, which count whole microseconds and steps exactly up to 2^53.

mod decoder;
mod learner;
mod staging;

pub use decoder::{Decoder, JsTime};
pub use learner::Learner;
pub use staging::Staging;

use wasm_bindgen::prelude::wasm_bindgen;

/// The kernels of this build: `"simd128"` or `"scalar"`.
#[wasm_bindgen]
pub fn kernels() -> String {
    stllr_core::kernel::NAME.into()
}
