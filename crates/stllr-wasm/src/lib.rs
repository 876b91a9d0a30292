//! The boundary between the core and JavaScript: numbers in, numbers out, one call a chunk of steps.
//!
//! Everything pleasant is in the TypeScript above; everything that computes is in the crates below. Floats appear here
//! only as JavaScript's numbers, which count whole microseconds and steps exactly up to 2^53.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod learner;
mod staging;
mod table;
mod time;
#[cfg(feature = "deep")]
mod values;

pub use learner::Learner;
pub use staging::Staging;
pub use time::JsTime;
#[cfg(feature = "deep")]
pub use values::Values;

use alloc::string::String;
use wasm_bindgen::prelude::wasm_bindgen;

/// The kernels of this build: `"simd128"` or `"scalar"`.
#[wasm_bindgen]
pub fn kernels() -> String {
    stllr_core::kernel::NAME.into()
}

/// Without the standard library, whose texts for panics and their places would be a third of the module: a panic is a bug of
/// ours, and ends in a trap.
#[cfg(target_arch = "wasm32")]
mod bare {
    #[global_allocator]
    static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo) -> ! {
        core::arch::wasm32::unreachable()
    }
}
