//! Encoders of samples.

use crate::numbers::Numbers;
use crate::output::{Fault, Output};
use alloc::boxed::Box;
use alloc::vec;
use stllr_events::encode::{
    Clock, Cochlea, CochleaCode, CochleaConfig, Code, Delta, DeltaConfig, Encoder, Follow, Imu, ImuConfig, Latency,
    LatencyConfig, Mel, MelConfig, Population, PopulationConfig, Rate, Sampled, SettingError, Start,
};
use wasm_bindgen::prelude::wasm_bindgen;

/// Values a call can take at most.
const INPUT: usize = 4096;

/// One stream at a time through an encoder of samples.
#[wasm_bindgen]
pub struct SampleEncoder {
    inner: Box<dyn Encoder>,
    input: Box<[i32]>,
    output: Output,
    consumed: usize,
    fault: Option<SettingError>,
}

impl Default for SampleEncoder {
    fn default() -> Self {
        Self::new()
    }
}

#[wasm_bindgen]
impl SampleEncoder {
    /// Call `start` before the first value.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self {
            inner: Box::new(Nothing),
            input: vec![0; INPUT].into(),
            output: Output::new(0),
            consumed: 0,
            fault: None,
        }
    }

    /// Makes an encoder of a kind with its settings; false where one is refused (`fault`). They begin with the start in us and the
    /// rate in mHz; then, by kind:
    ///
    /// 0. delta: does it start at a value, the value, does the reference follow to the value, thresholds
    /// 1. rate: low and high of each channel
    /// 2. latency: span in us, low and high of each channel
    /// 3. population: levels, low and high of each channel
    /// 4. imu: levels, thresholds, low and high of each channel
    /// 5. mel: window, hop, points, bands, low and high in mHz, full scale, floor, then rate's range and delta each as whether and what
    /// 6. cochlea: channels, low and high in mHz; 0, rate in mHz, half in us; or 1, delta, floor, envelope in mHz
    pub fn start(&mut self, kind: u8, settings: &[f64]) -> bool {
        match made(kind, &mut Numbers::new(settings)) {
            Ok(inner) => {
                self.output = Output::new(inner.most_events());
                self.inner = inner;
                self.consumed = 0;
                true
            }
            Err(fault) => {
                self.fault = Some(fault);
                false
            }
        }
    }

    /// Encodes `input[from..until]` and returns how many events there are now in the arrays, from index 0 on. `consumed` says how
    /// many values that took: fewer than were given only when the arrays are nearly full.
    pub fn feed(&mut self, from: usize, until: usize) -> usize {
        self.output.chunk.clear();
        let until = until.min(INPUT);
        let values = &self.input[from.min(until)..until];
        self.consumed = self.inner.feed(values, &mut self.output.chunk);
        self.output.settle()
    }

    /// How many values the last `feed` has consumed.
    pub fn consumed(&self) -> usize {
        self.consumed
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        self.inner.reset();
    }

    /// What was refused last.
    pub fn fault(&self) -> Option<Fault> {
        self.fault.map(Fault::from)
    }

    /// Values of a frame.
    pub fn channels(&self) -> usize {
        self.inner.channels()
    }

    /// Columns of its events.
    pub fn width(&self) -> u32 {
        self.inner.sensor().width
    }

    /// Polarities of its events.
    pub fn polarities(&self) -> u32 {
        self.inner.sensor().polarities
    }

    /// An event with time t has been given when the samples up to t + this have been fed.
    #[wasm_bindgen(js_name = latencyUs)]
    pub fn latency_us(&self) -> f64 {
        self.inner.latency_us() as f64
    }

    /// How many values `input` holds.
    #[wasm_bindgen(js_name = inputCapacity)]
    pub fn input_capacity(&self) -> usize {
        INPUT
    }

    /// Where the values go: i32.
    #[wasm_bindgen(js_name = inputPtr)]
    pub fn input_ptr(&mut self) -> *mut i32 {
        self.input.as_mut_ptr()
    }

    /// How many events the arrays hold.
    pub fn capacity(&self) -> usize {
        self.output.chunk.capacity()
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

fn made(kind: u8, numbers: &mut Numbers<'_>) -> Result<Box<dyn Encoder>, SettingError> {
    let clock = Clock::new(numbers.u64(), numbers.u64())?;
    match kind {
        0 => {
            let start = numbers.option().map_or(Start::First, Start::At);
            let follow = if numbers.flag() { Follow::Value } else { Follow::Step };
            boxed(clock, Delta::new(&DeltaConfig { thresholds: &numbers.values(), start, follow })?)
        }
        1 => boxed(clock, Rate::new(&numbers.ranges())?),
        2 => {
            let (span_us, ranges) = (numbers.u64(), &numbers.ranges()[..]);
            let latency = Latency::new(&LatencyConfig { ranges, span_us }, &clock)?;
            boxed(clock, latency)
        }
        3 => {
            let (levels, ranges) = (numbers.u32(), &numbers.ranges()[..]);
            boxed(clock, Population::new(&PopulationConfig { ranges, levels })?)
        }
        4 => {
            let levels = numbers.u32();
            let thresholds = &numbers.part(numbers.len() / 3).values()[..];
            boxed(clock, Imu::new(&ImuConfig { thresholds, ranges: &numbers.ranges(), levels })?)
        }
        5 => {
            let config = MelConfig {
                window: numbers.usize(),
                hop: numbers.usize(),
                points: numbers.usize(),
                bands: numbers.usize(),
                low_mhz: numbers.u64(),
                high_mhz: numbers.u64(),
                full_scale: numbers.u32(),
                floor_db: numbers.i32(),
                range_db: numbers.option(),
                delta_db: numbers.option(),
            };
            let mel = Mel::new(&config, &clock)?;
            boxed(clock, mel)
        }
        6 => {
            let (channels, low_mhz, high_mhz) = (numbers.usize(), numbers.u64(), numbers.u64());
            let code = if numbers.flag() {
                CochleaCode::Delta { delta_db: numbers.i32(), floor_db: numbers.i32(), envelope_mhz: numbers.u64() }
            } else {
                CochleaCode::Fire { rate_mhz: numbers.u64(), half_us: numbers.u64() }
            };
            let cochlea = Cochlea::new(&CochleaConfig { channels, low_mhz, high_mhz, code }, &clock)?;
            boxed(clock, cochlea)
        }
        _ => Err(SettingError { setting: "kind", found: kind.into(), least: 0, most: 6 }),
    }
}

fn boxed<C: Code + 'static>(clock: Clock, code: C) -> Result<Box<dyn Encoder>, SettingError> {
    Ok(Box::new(Sampled::new(clock, code)))
}

/// Before it is started.
struct Nothing;

impl Encoder for Nothing {
    fn channels(&self) -> usize {
        1
    }

    fn sensor(&self) -> stllr_events::Sensor {
        stllr_events::Sensor { width: 1, height: 1, polarities: 1 }
    }

    fn latency_us(&self) -> u64 {
        0
    }

    fn most_events(&self) -> usize {
        0
    }

    fn feed(&mut self, values: &[i32], _: &mut stllr_events::Chunk) -> usize {
        values.len()
    }

    fn reset(&mut self) {}
}
