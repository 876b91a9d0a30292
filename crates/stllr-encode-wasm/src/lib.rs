//! The boundary between encoders, filters and JavaScript: samples, frames or events in, events out, one call a chunk.
//!
//! A module of its own, loaded with the first encoder or filter. Nothing is passed but numbers: settings as a list of them, in
//! the order that each `start` states, and faults as the setting's name and numbers. Floats appear here only as JavaScript's numbers,
//! which count whole numbers exactly up to 2^53.
//!
//! JavaScript keeps views of the buffers; they stand still while their object lives, but a view must be made again when the memory
//! has grown. It must not read or write them during a call, and does not, as calls do not yield.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod frames;
mod numbers;
mod output;
mod pipe;
mod samples;

pub use frames::FrameEncoder;
pub use output::Fault;
pub use pipe::FilterPipe;
pub use samples::SampleEncoder;

/// Without the standard library: a panic is a bug of ours, and ends in a trap.
#[cfg(target_arch = "wasm32")]
mod bare {
    #[global_allocator]
    static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo) -> ! {
        core::arch::wasm32::unreachable()
    }
}
