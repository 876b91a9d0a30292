//! The boundary between the event decoders and JavaScript: bytes in, events out, one call a chunk.
//!
//! A module of its own, as learners need none of it: who feeds a network from a sensor loads no decoders. Floats appear here
//! only as JavaScript's numbers, which count whole microseconds and bytes exactly up to 2^53.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod column;
mod decoder;
mod fault;
mod inflater;
mod wav;

pub use column::{Column, field_of};
pub use decoder::{Decoder, detect, suspect};
pub use inflater::Inflater;
pub use wav::Wav;

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
