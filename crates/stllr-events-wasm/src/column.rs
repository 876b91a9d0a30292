//! One field of events that lie in an array a field, a chunk a call; JavaScript puts the fields together.

use crate::fault;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use stllr_events::decode::npy;
use stllr_events::{DecodeFault, Field, OnFault};
use wasm_bindgen::prelude::wasm_bindgen;

/// Values a call can give at most, and bytes it can take.
const VALUES: usize = 2048;
const INPUT: usize = 8 * VALUES;

/// The field that a name of an array means, in any of the spellings that are read: 0 to 3 as for a [`Column`], else -1.
#[wasm_bindgen(js_name = fieldOf)]
pub fn field_of(name: &str) -> i32 {
    npy::field_named(name.as_bytes()).map_or(-1, |field| field as i32)
}

/// One array at a time, as `.npy`.
#[wasm_bindgen]
pub struct Column {
    inner: npy::Column,
    input: Vec<u8>,
    words: Vec<u64>,
    values: Vec<f64>,
    consumed: usize,
    fault: Option<DecodeFault>,
}

#[wasm_bindgen]
impl Column {
    /// For times (0), columns (1), rows (2) or polarities (3); `skip` as for a decoder.
    #[wasm_bindgen(constructor)]
    pub fn new(field: u8, skip: bool) -> Self {
        let field = [Field::T, Field::X, Field::Y, Field::P][usize::from(field & 3)];
        let on_fault = if skip { OnFault::Skip } else { OnFault::Refuse };
        Self {
            inner: npy::Column::new(field, None, on_fault),
            input: vec![0; INPUT],
            words: vec![0; VALUES],
            values: vec![0.0; VALUES],
            consumed: 0,
            fault: None,
        }
    }

    /// Decodes `input[from..until]` and returns how many values there are now, from index 0 on: exact, and NaN for one that
    /// cannot be and is skipped. `consumed` says how many bytes that took; fewer than were given where there is no room, or
    /// before a fault.
    pub fn feed(&mut self, from: usize, until: usize) -> usize {
        let until = until.min(INPUT);
        match self.inner.feed(&self.input[from.min(until)..until], &mut self.words) {
            Ok((consumed, written)) => {
                self.consumed = consumed;
                for (to, &from) in self.values.iter_mut().zip(&self.words[..written]) {
                    *to = if from == npy::Column::MISSING { f64::NAN } else { from as f64 };
                }
                written
            }
            Err(fault) => {
                self.consumed = 0;
                self.fault = Some(fault);
                0
            }
        }
    }

    /// Ends the array.
    pub fn finish(&mut self) {
        self.fault = self.inner.finish().err();
    }

    /// What was left out of the array as a whole.
    pub fn dropped(&self) -> f64 {
        self.inner.dropped().records as f64
    }

    /// The values: f64, times in us.
    #[wasm_bindgen(js_name = valuesPtr)]
    pub fn values_ptr(&self) -> *const f64 {
        self.values.as_ptr()
    }

    /// How many values there is room for.
    pub fn capacity(&self) -> usize {
        VALUES
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
