//! How fast a file is decoded natively: what `npm run bench -- decode` compares the WASM with.
//!
//!     cargo run --release --example decode -- FORMAT FILE PASSES
//!
//! FORMAT is the number of a [`Format`]. Prints, as JSON, how many events there are and the nanoseconds of the fastest pass.

use std::time::Instant;
use stllr_events::{Chunk, Format, OnFault, decoder};

/// Events of a chunk: as many as the WASM's buffers hold.
const EVENTS: usize = 16_384;

fn main() {
    let [format, file, passes] = std::env::args().skip(1).collect::<Vec<_>>().try_into().expect("FORMAT FILE PASSES");
    let format = Format::from_code(format.parse().expect("a number")).expect("the number of a format");
    let bytes = std::fs::read(file).expect("a file that can be read");
    let mut decoder = decoder(format, OnFault::Refuse);
    let mut chunk = Chunk::new(EVENTS);
    let (mut events, mut best) = (0, u128::MAX);
    for _ in 0..passes.parse().expect("a number of passes") {
        decoder.reset();
        events = 0;
        let begin = Instant::now();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let consumed = decoder.feed(rest, &mut chunk).expect("a sound file");
            rest = &rest[consumed..];
            events += chunk.len();
            chunk.clear();
        }
        decoder.finish(&mut chunk).expect("a whole file");
        events += chunk.len();
        chunk.clear();
        best = best.min(begin.elapsed().as_nanos());
    }
    println!("{{\"events\": {events}, \"ns\": {best}}}");
}
