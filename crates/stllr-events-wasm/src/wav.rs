//! WAV files, a chunk a call: bytes are put into `input`, samples of 16 bits are read from `samples`.

use crate::fault;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use stllr_events::audio::wav;
use stllr_events::{DecodeFault, OnFault};
use wasm_bindgen::prelude::wasm_bindgen;

/// Samples a call can give at most: room for a frame of the most channels, and more. And bytes it can take.
const SAMPLES: usize = 8192;
const INPUT: usize = 2 * SAMPLES;

/// One file at a time.
#[wasm_bindgen]
pub struct Wav {
    inner: wav::Wav,
    input: Vec<u8>,
    samples: Vec<i16>,
    consumed: usize,
    fault: Option<DecodeFault>,
}

#[wasm_bindgen]
impl Wav {
    /// `skip` as for a decoder.
    #[wasm_bindgen(constructor)]
    pub fn new(skip: bool) -> Self {
        let on_fault = if skip { OnFault::Skip } else { OnFault::Refuse };
        let inner = wav::Wav::new(on_fault);
        Self { inner, input: vec![0; INPUT], samples: vec![0; SAMPLES], consumed: 0, fault: None }
    }

    /// Decodes `input[from..until]` and returns how many samples there are now, whole frames from index 0 on. `consumed` says
    /// how many bytes that took: fewer than were given only where there is no room. After a fault the samples are those
    /// before it.
    pub fn feed(&mut self, from: usize, until: usize) -> usize {
        let until = until.min(INPUT);
        match self.inner.feed(&self.input[from.min(until)..until], &mut self.samples) {
            Ok((consumed, written)) => {
                self.consumed = consumed;
                written
            }
            Err((fault, written)) => {
                self.consumed = 0;
                self.fault = Some(fault);
                written
            }
        }
    }

    /// Ends the file.
    pub fn finish(&mut self) {
        self.fault = self.inner.finish().err();
    }

    /// Faults that were skipped so far.
    pub fn dropped(&self) -> f64 {
        self.inner.dropped().records as f64
    }

    /// Frames a second, once the head has been read; else 0, and so are the next ones.
    #[wasm_bindgen(js_name = sampleRateHz)]
    pub fn sample_rate_hz(&self) -> u32 {
        self.inner.format().map_or(0, |format| format.sample_rate_hz)
    }

    /// Samples a frame.
    pub fn channels(&self) -> u16 {
        self.inner.format().map_or(0, |format| format.channels)
    }

    /// Bits of a sample as they are stored.
    pub fn bits(&self) -> u16 {
        self.inner.format().map_or(0, |format| format.bits)
    }

    /// Are they floats?
    #[wasm_bindgen(js_name = isFloat)]
    pub fn is_float(&self) -> bool {
        self.inner.format().is_some_and(|format| format.is_float)
    }

    /// The samples: i16.
    #[wasm_bindgen(js_name = samplesPtr)]
    pub fn samples_ptr(&self) -> *const i16 {
        self.samples.as_ptr()
    }

    /// How many samples there is room for.
    pub fn capacity(&self) -> usize {
        SAMPLES
    }

    /// How many bytes the last `feed` has consumed.
    pub fn consumed(&self) -> usize {
        self.consumed
    }

    /// Is something wrong?
    #[wasm_bindgen(js_name = hasFault)]
    pub fn has_fault(&self) -> bool {
        self.fault.is_some()
    }

    /// Where it is wrong, in bytes from the begin.
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

    /// Where the input bytes go.
    #[wasm_bindgen(js_name = inputPtr)]
    pub fn input_ptr(&mut self) -> *mut u8 {
        self.input.as_mut_ptr()
    }
}
