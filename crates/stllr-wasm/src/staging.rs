//! Where JavaScript puts the events of a chunk.

use crate::time::JsTime;
use alloc::vec;
use alloc::vec::Vec;
use stllr_events::EventView;
use wasm_bindgen::prelude::wasm_bindgen;

/// Room for a chunk of events, as four arrays. JavaScript keeps views of them; a view must be made again when the memory
/// has grown. One serves all learners, as calls do not yield.
#[wasm_bindgen]
pub struct Staging {
    t: Vec<JsTime>,
    x: Vec<u16>,
    y: Vec<u16>,
    p: Vec<u8>,
}

#[wasm_bindgen]
impl Staging {
    /// Room for `capacity` events, 13 bytes each.
    #[wasm_bindgen(constructor)]
    pub fn new(capacity: usize) -> Self {
        Self { t: vec![JsTime::default(); capacity], x: vec![0; capacity], y: vec![0; capacity], p: vec![0; capacity] }
    }

    /// Where the times go: f64, in us.
    #[wasm_bindgen(js_name = tPtr)]
    pub fn t_ptr(&mut self) -> *mut f64 {
        // JsTime is a transparent f64.
        self.t.as_mut_ptr().cast()
    }

    /// Where the columns go: u16.
    #[wasm_bindgen(js_name = xPtr)]
    pub fn x_ptr(&mut self) -> *mut u16 {
        self.x.as_mut_ptr()
    }

    /// Where the rows go: u16.
    #[wasm_bindgen(js_name = yPtr)]
    pub fn y_ptr(&mut self) -> *mut u16 {
        self.y.as_mut_ptr()
    }

    /// Where the polarities go: u8.
    #[wasm_bindgen(js_name = pPtr)]
    pub fn p_ptr(&mut self) -> *mut u8 {
        self.p.as_mut_ptr()
    }
}

impl Staging {
    /// The first `count` events.
    pub fn view(&self, count: usize) -> EventView<'_, JsTime> {
        let count = count.min(self.t.len());
        EventView::new(&self.t[..count], &self.x[..count], &self.y[..count], &self.p[..count])
    }
}
