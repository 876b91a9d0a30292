//! What all have in common: events in four arrays, and a setting that is out of its range.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use stllr_events::Chunk;
use stllr_events::encode::SettingError;
use wasm_bindgen::prelude::wasm_bindgen;

/// Events a call can give, unless a single moment can have more.
pub const EVENTS: usize = 4096;

/// Events on their way out.
pub struct Output {
    pub chunk: Chunk,
    t: Box<[f64]>,
}

impl Output {
    pub fn new(least: usize) -> Self {
        let capacity = EVENTS.max(least);
        Self { chunk: Chunk::new(capacity), t: vec![0.0; capacity].into() }
    }

    /// How many events there are now in the arrays; times are ready to be read.
    pub fn settle(&mut self) -> usize {
        for (to, &from) in self.t.iter_mut().zip(self.chunk.t_us()) {
            *to = from as f64;
        }
        self.chunk.len()
    }

    pub fn t_ptr(&self) -> *const f64 {
        self.t.as_ptr()
    }
}

/// A setting that was refused.
#[wasm_bindgen]
pub struct Fault {
    inner: SettingError,
}

impl From<SettingError> for Fault {
    fn from(inner: SettingError) -> Self {
        Self { inner }
    }
}

#[wasm_bindgen]
impl Fault {
    /// Its name.
    pub fn setting(&self) -> String {
        self.inner.setting.into()
    }

    /// What was given.
    pub fn found(&self) -> f64 {
        self.inner.found as f64
    }

    /// The least allowed.
    pub fn least(&self) -> f64 {
        self.inner.least as f64
    }

    /// The most allowed.
    pub fn most(&self) -> f64 {
        self.inner.most as f64
    }
}
