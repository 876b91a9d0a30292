//! Sound files to samples: bytes in, in any split, samples of 16 bits out.

mod sample;
pub mod wav;
