//! Deflated bytes, a chunk a call, through a window that is also where the unpacked bytes are read from: whatever comes out of a
//! stream takes the same memory.

use alloc::boxed::Box;
use alloc::vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_PARSE_ZLIB_HEADER};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use wasm_bindgen::prelude::wasm_bindgen;

/// A power of two, not less than what deflate looks back (32 KiB).
const WINDOW: usize = 1 << 16;
const INPUT: usize = 1 << 14;

/// One stream at a time.
#[wasm_bindgen]
pub struct Inflater {
    inner: Box<DecompressorOxide>,
    flags: u32,
    input: Box<[u8]>,
    window: Box<[u8]>,
    /// Where the window is written next.
    at: usize,
    /// Where what the last call gave begins, and how much of its input it took.
    from: usize,
    consumed: usize,
    status: TINFLStatus,
}

#[wasm_bindgen]
impl Inflater {
    /// Of bare deflate data, or of a zlib stream (with a header and a checksum).
    #[wasm_bindgen(constructor)]
    pub fn new(zlib: bool) -> Self {
        Self {
            inner: Box::default(),
            flags: if zlib { TINFL_FLAG_PARSE_ZLIB_HEADER } else { 0 },
            input: vec![0; INPUT].into(),
            window: vec![0; WINDOW].into(),
            at: 0,
            from: 0,
            consumed: 0,
            status: TINFLStatus::NeedsMoreInput,
        }
    }

    /// Unpacks `input[from..until]` and returns how many bytes there are now, at `outputPtr`. `consumed` says how many bytes that
    /// took: fewer than were given where the window is full, at the end of the stream and at a fault.
    pub fn feed(&mut self, from: usize, until: usize) -> usize {
        let until = until.min(INPUT);
        let input = &self.input[from.min(until)..until];
        if self.at == WINDOW {
            self.at = 0;
        }
        self.from = self.at;
        if self.is_done() || self.has_fault() {
            self.consumed = 0;
            return 0;
        }
        let flags = self.flags | TINFL_FLAG_HAS_MORE_INPUT;
        let (status, consumed, made) = decompress(&mut self.inner, input, &mut self.window, self.at, flags);
        self.status = status;
        self.consumed = consumed;
        self.at += made;
        made
    }

    /// Has the stream ended, as it says itself?
    #[wasm_bindgen(js_name = isDone)]
    pub fn is_done(&self) -> bool {
        self.status == TINFLStatus::Done
    }

    /// Can what was given not be unpacked?
    #[wasm_bindgen(js_name = hasFault)]
    pub fn has_fault(&self) -> bool {
        !matches!(self.status, TINFLStatus::Done | TINFLStatus::HasMoreOutput | TINFLStatus::NeedsMoreInput)
    }

    /// How many bytes the last `feed` has consumed.
    pub fn consumed(&self) -> usize {
        self.consumed
    }

    /// How many bytes `input` holds.
    #[wasm_bindgen(js_name = inputCapacity)]
    pub fn input_capacity(&self) -> usize {
        INPUT
    }

    /// Where the input bytes go.
    #[wasm_bindgen(js_name = inputPtr)]
    pub fn input_ptr(&mut self) -> *mut u8 {
        self.input.as_mut_ptr()
    }

    /// Where the bytes of the last `feed` begin.
    #[wasm_bindgen(js_name = outputPtr)]
    pub fn output_ptr(&self) -> *const u8 {
        self.window[self.from..].as_ptr()
    }
}
