//! Event files, a chunk a call: bytes are put into `input`, events are read from four arrays.
//!
//! Nothing is passed but numbers, and texts about faults. JavaScript keeps views of the five buffers; they stand still while the
//! decoder lives, but a view must be made again when the memory has grown. It must not read or write them
//! during a call, and does not, as calls do not yield.

use crate::fault;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use stllr_events::{Chunk, DecodeFault, Format, OnFault, decoder};
use wasm_bindgen::prelude::wasm_bindgen;

/// Events a call can give at most.
const EVENTS: usize = 16_384;
/// Bytes a call can take at most: a full chunk of five-byte records.
const INPUT: usize = 5 * EVENTS;

/// The format whose mark the first bytes of a file bear; -1 where they bear none.
#[wasm_bindgen]
pub fn detect(head: &[u8]) -> i32 {
    told(head, true)
}

/// The format, of those without a mark, that the first bytes of a file could be of; -1 where none is likely.
#[wasm_bindgen]
pub fn suspect(head: &[u8]) -> i32 {
    told(head, false)
}

fn told(head: &[u8], is_certain: bool) -> i32 {
    stllr_events::detect(head).filter(|found| found.is_certain == is_certain).map_or(-1, |found| found.format as i32)
}

/// One stream at a time through one of the formats.
#[wasm_bindgen]
pub struct Decoder {
    inner: Box<dyn stllr_events::Decoder>,
    input: Vec<u8>,
    chunk: Chunk,
    t: Vec<f64>,
    consumed: usize,
    fault: Option<DecodeFault>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

#[wasm_bindgen]
impl Decoder {
    /// A decoder with its buffers; call `start` before the first byte.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self {
            inner: decoder(Format::Bin, OnFault::Refuse),
            input: vec![0; INPUT],
            chunk: Chunk::new(EVENTS),
            t: vec![0.0; EVENTS],
            consumed: 0,
            fault: None,
        }
    }

    /// Begins a new stream: the format's number (see [`Format`]) and whether faults are skipped. False where
    /// there is no such format.
    pub fn start(&mut self, format: u8, skip: bool) -> bool {
        let Some(format) = Format::from_code(format) else { return false };
        self.inner = decoder(format, if skip { OnFault::Skip } else { OnFault::Refuse });
        self.consumed = 0;
        self.fault = None;
        true
    }

    /// Decodes `input[from..until]` and returns how many events there are now in the arrays, from index 0 on.
    /// `consumed` says how many bytes that took: fewer than were given only when the arrays are full. After a
    /// fault (`faultCode`) the events are those before it.
    pub fn feed(&mut self, from: usize, until: usize) -> usize {
        self.chunk.clear();
        let until = until.min(INPUT);
        let bytes = &self.input[from.min(until)..until];
        let fed = self.inner.feed(bytes, &mut self.chunk);
        self.settle(fed)
    }

    /// A message ends: a record that it cuts is dropped, or refused. See `hasFault`.
    pub fn border(&mut self) {
        self.chunk.clear();
        let border = self.inner.border();
        self.settle(border.map(|()| 0));
    }

    /// Ends the stream; returns how many last events there are in the arrays. See `faultCode`.
    pub fn finish(&mut self) -> usize {
        self.chunk.clear();
        let finished = self.inner.finish(&mut self.chunk);
        self.settle(finished.map(|()| 0))
    }

    /// How many bytes the last `feed` has consumed.
    pub fn consumed(&self) -> usize {
        self.consumed
    }

    /// Faulty records left out of this stream so far.
    pub fn dropped(&self) -> f64 {
        self.inner.dropped().records as f64
    }

    /// The sensor's columns, once a header has stated them; else 0.
    pub fn width(&self) -> u32 {
        self.inner.sensor().map_or(0, |(width, _)| width)
    }

    /// The sensor's rows, likewise.
    pub fn height(&self) -> u32 {
        self.inner.sensor().map_or(0, |(_, height)| height)
    }

    /// Is something wrong with the stream?
    #[wasm_bindgen(js_name = hasFault)]
    pub fn has_fault(&self) -> bool {
        self.fault.is_some()
    }

    /// Where it is wrong, in bytes from the begin of the stream.
    #[wasm_bindgen(js_name = faultOffset)]
    pub fn fault_offset(&self) -> f64 {
        fault::offset(self.fault)
    }

    /// What was found there.
    #[wasm_bindgen(js_name = faultFound)]
    pub fn fault_found(&self) -> String {
        fault::found(self.fault)
    }

    /// What is allowed there.
    #[wasm_bindgen(js_name = faultAllowed)]
    pub fn fault_allowed(&self) -> String {
        fault::allowed(self.fault)
    }

    /// How many bytes `input` holds.
    #[wasm_bindgen(js_name = inputCapacity)]
    pub fn input_capacity(&self) -> usize {
        INPUT
    }

    /// How many events the arrays hold.
    pub fn capacity(&self) -> usize {
        EVENTS
    }

    /// Where the input bytes go.
    #[wasm_bindgen(js_name = inputPtr)]
    pub fn input_ptr(&mut self) -> *mut u8 {
        self.input.as_mut_ptr()
    }

    /// The events' times in us: f64, exact to 2^53.
    #[wasm_bindgen(js_name = tPtr)]
    pub fn t_ptr(&self) -> *const f64 {
        self.t.as_ptr()
    }

    /// The events' columns: u16.
    #[wasm_bindgen(js_name = xPtr)]
    pub fn x_ptr(&self) -> *const u16 {
        self.chunk.x().as_ptr()
    }

    /// The events' rows: u16.
    #[wasm_bindgen(js_name = yPtr)]
    pub fn y_ptr(&self) -> *const u16 {
        self.chunk.y().as_ptr()
    }

    /// The events' polarities or channels: u8.
    #[wasm_bindgen(js_name = pPtr)]
    pub fn p_ptr(&self) -> *const u8 {
        self.chunk.p().as_ptr()
    }

    fn settle(&mut self, result: Result<usize, DecodeFault>) -> usize {
        match result {
            Ok(consumed) => self.consumed = consumed,
            Err(fault) => {
                self.consumed = 0;
                self.fault = Some(fault);
            }
        }
        for (to, &from) in self.t.iter_mut().zip(self.chunk.t_us()) {
            *to = from as f64;
        }
        self.chunk.len()
    }
}
