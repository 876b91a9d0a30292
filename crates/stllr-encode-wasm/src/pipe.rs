//! Filters: events into four arrays, others out of four.

use crate::numbers::Numbers;
use crate::output::{EVENTS, Fault, Output};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use stllr_events::encode::SettingError;
use stllr_events::filter::{
    BackgroundConfig, CountConfig, CropConfig, DelayConfig, DownsampleConfig, Filter, HotPixelConfig, MergeConfig,
    Pipe, RateLimitConfig, Rectangle, RefractoryConfig, RegionConfig,
};
use stllr_events::{EventView, MAX_TIME_US};
use wasm_bindgen::prelude::wasm_bindgen;

/// Filters one behind the other.
#[wasm_bindgen]
pub struct FilterPipe {
    filters: Vec<Box<dyn Filter>>,
    pipe: Pipe,
    t: Box<[f64]>,
    t_us: Box<[u64]>,
    x: Box<[u16]>,
    y: Box<[u16]>,
    p: Box<[u8]>,
    count: usize,
    output: Output,
    consumed: usize,
    is_done: bool,
    fault: Option<SettingError>,
}

impl Default for FilterPipe {
    fn default() -> Self {
        Self::new()
    }
}

#[wasm_bindgen]
impl FilterPipe {
    /// Without filters: `add` them, then `begin`.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self {
            filters: Vec::new(),
            pipe: Pipe::new(Vec::new()),
            t: vec![0.0; EVENTS].into(),
            t_us: vec![0; EVENTS].into(),
            x: vec![0; EVENTS].into(),
            y: vec![0; EVENTS].into(),
            p: vec![0; EVENTS].into(),
            count: 0,
            output: Output::new(0),
            consumed: 0,
            is_done: true,
            fault: None,
        }
    }

    /// Adds a filter behind the others; false where a setting is refused (`fault`). Settings, by kind:
    ///
    /// 0. crop: x, y, width, height
    /// 1. region: is what lies outside kept, then x, y, width, height of each
    /// 2. downsample: width, height, factor, every, polarities
    /// 3. merge
    /// 4. refractory: width, height, period in us
    /// 5. background: width, height, window in us, support
    /// 6. hot pixel: width, height, window in us, most
    /// 7. rate limit: events a second, burst
    /// 8. count: events, step in us
    /// 9. delay: polarities, most events, delays in us
    pub fn add(&mut self, kind: u8, settings: &[f64]) -> bool {
        match made(kind, &mut Numbers::new(settings)) {
            Ok(filter) => {
                self.filters.push(filter);
                true
            }
            Err(fault) => {
                self.fault = Some(fault);
                false
            }
        }
    }

    /// Ends adding, begins filtering.
    pub fn begin(&mut self) {
        self.pipe = Pipe::new(core::mem::take(&mut self.filters));
    }

    /// Forgets the stream and what was left out.
    pub fn reset(&mut self) {
        self.pipe.reset();
    }

    /// Says that `count` new events lie in the input arrays. Times are whole numbers from 0 to 2^53 - 1; another would count as the
    /// nearest.
    pub fn put(&mut self, count: usize) {
        self.count = count.min(EVENTS);
        for (to, &t) in self.t_us.iter_mut().zip(&self.t[..self.count]) {
            *to = (t as u64).min(MAX_TIME_US);
        }
    }

    /// Filters the events from index `from` on and returns how many there are now in the output arrays. `consumed` says which is
    /// the first that has not been taken; call again while the output is full.
    pub fn feed(&mut self, from: usize) -> usize {
        self.output.chunk.clear();
        let end = self.count;
        let events = EventView::new(&self.t_us[..end], &self.x[..end], &self.y[..end], &self.p[..end]);
        self.consumed = self.pipe.feed(&events, from, &mut self.output.chunk);
        self.output.settle()
    }

    /// The index after the last event that was taken.
    pub fn consumed(&self) -> usize {
        self.consumed
    }

    /// Ends the stream; returns how many last events there are. Call again until `isDone`.
    pub fn finish(&mut self) -> usize {
        self.output.chunk.clear();
        self.is_done = self.pipe.finish(&mut self.output.chunk);
        self.output.settle()
    }

    /// Is the stream at its end?
    #[wasm_bindgen(js_name = isDone)]
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// What a filter left out: 0 by its rule, 1 outside, 2 late, 3 for want of room.
    pub fn removed(&self, filter: usize, why: u8) -> f64 {
        let removed = self.pipe.removed(filter);
        let count = match why {
            0 => removed.by_rule,
            1 => removed.outside,
            2 => removed.late,
            _ => removed.no_room,
        };
        count as f64
    }

    /// What was refused last.
    pub fn fault(&self) -> Option<Fault> {
        self.fault.map(Fault::from)
    }

    /// How many events the arrays hold, those of the input and those of the output.
    pub fn capacity(&self) -> usize {
        EVENTS
    }

    /// Where times go: f64.
    #[wasm_bindgen(js_name = inputTPtr)]
    pub fn input_t_ptr(&mut self) -> *mut f64 {
        self.t.as_mut_ptr()
    }

    /// Where columns go: u16.
    #[wasm_bindgen(js_name = inputXPtr)]
    pub fn input_x_ptr(&mut self) -> *mut u16 {
        self.x.as_mut_ptr()
    }

    /// Where rows go: u16.
    #[wasm_bindgen(js_name = inputYPtr)]
    pub fn input_y_ptr(&mut self) -> *mut u16 {
        self.y.as_mut_ptr()
    }

    /// Where polarities go: u8.
    #[wasm_bindgen(js_name = inputPPtr)]
    pub fn input_p_ptr(&mut self) -> *mut u8 {
        self.p.as_mut_ptr()
    }

    /// The events' times in us: f64.
    #[wasm_bindgen(js_name = tPtr)]
    pub fn t_ptr(&self) -> *const f64 {
        self.output.t_ptr()
    }

    /// The events' columns: u16.
    #[wasm_bindgen(js_name = xPtr)]
    pub fn x_ptr(&self) -> *const u16 {
        self.output.chunk.x().as_ptr()
    }

    /// The events' rows: u16.
    #[wasm_bindgen(js_name = yPtr)]
    pub fn y_ptr(&self) -> *const u16 {
        self.output.chunk.y().as_ptr()
    }

    /// The events' polarities: u8.
    #[wasm_bindgen(js_name = pPtr)]
    pub fn p_ptr(&self) -> *const u8 {
        self.output.chunk.p().as_ptr()
    }
}

fn made(kind: u8, numbers: &mut Numbers<'_>) -> Result<Box<dyn Filter>, SettingError> {
    match kind {
        0 => {
            let Rectangle { x, y, width, height } = rectangle(numbers);
            CropConfig { x, y, width, height }.filter()
        }
        1 => {
            let is_outside = numbers.flag();
            let regions = (0..numbers.len() / 4).map(|_| rectangle(numbers)).collect();
            RegionConfig { regions, is_outside }.filter()
        }
        2 => DownsampleConfig {
            width: numbers.u32(),
            height: numbers.u32(),
            factor: numbers.u32(),
            every: numbers.u32(),
            polarities: numbers.u32(),
        }
        .filter(),
        3 => Ok(MergeConfig.filter()),
        4 => RefractoryConfig { width: numbers.u32(), height: numbers.u32(), period_us: numbers.u64() }.filter(),
        5 => BackgroundConfig {
            width: numbers.u32(),
            height: numbers.u32(),
            window_us: numbers.u64(),
            support: numbers.u32(),
        }
        .filter(),
        6 => HotPixelConfig {
            width: numbers.u32(),
            height: numbers.u32(),
            window_us: numbers.u64(),
            most: numbers.u32(),
        }
        .filter(),
        7 => RateLimitConfig { rate: numbers.u32(), burst: numbers.u32() }.filter(),
        8 => CountConfig { events: numbers.u32(), step_us: numbers.u64() }.filter(),
        9 => {
            DelayConfig { polarities: numbers.u32(), most_events: numbers.usize(), delays_us: numbers.times() }.filter()
        }
        _ => Err(SettingError { setting: "kind", found: kind.into(), least: 0, most: 9 }),
    }
}

fn rectangle(numbers: &mut Numbers<'_>) -> Rectangle {
    Rectangle { x: numbers.u16(), y: numbers.u16(), width: numbers.u32(), height: numbers.u32() }
}
