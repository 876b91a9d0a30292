//! The encoder of a camera's frames.

use crate::numbers::Numbers;
use crate::output::{Fault, Output};
use alloc::boxed::Box;
use alloc::vec;
use stllr_events::encode::{Camera, CameraConfig, Pixels, SettingError};
use wasm_bindgen::prelude::wasm_bindgen;

/// One film at a time.
#[wasm_bindgen]
pub struct FrameEncoder {
    inner: Option<Camera>,
    input: Box<[u8]>,
    output: Output,
    is_done: bool,
    fault: Option<SettingError>,
}

impl Default for FrameEncoder {
    fn default() -> Self {
        Self::new()
    }
}

#[wasm_bindgen]
impl FrameEncoder {
    /// Call `start` before the first frame.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self { inner: None, input: Box::default(), output: Output::new(0), is_done: true, fault: None }
    }

    /// Makes the encoder with its settings: width, height, on, off, mismatch, seed, linearBelow, resolution and longest interval in us,
    /// and whether pixels are red, green, blue and a byte more. False where one is refused (`fault`).
    pub fn start(&mut self, settings: &[f64]) -> bool {
        let mut numbers = Numbers::new(settings);
        let config = CameraConfig {
            width: numbers.u32(),
            height: numbers.u32(),
            on: numbers.i32(),
            off: numbers.i32(),
            mismatch: numbers.i32(),
            seed: numbers.u32(),
            linear_below: numbers.u32(),
            resolution_us: numbers.u64(),
            max_interval_us: numbers.u64(),
        };
        let pixels = pixels(numbers.flag());
        match Camera::new(config) {
            Ok(camera) => {
                self.input = vec![0; (config.width * config.height) as usize * pixels.bytes()].into();
                self.inner = Some(camera);
                true
            }
            Err(fault) => {
                self.fault = Some(fault);
                false
            }
        }
    }

    /// Takes the frame that `input` holds; false where its time is refused (`fault`). Then call `events`.
    pub fn frame(&mut self, time_us: f64, is_rgba: bool) -> bool {
        let Some(camera) = &mut self.inner else { return false };
        let length = self.input.len();
        let bytes = if is_rgba { &self.input[..] } else { &self.input[..length.min(camera_pixels(camera))] };
        match camera.frame(time_us as u64, pixels(is_rgba), bytes) {
            Ok(()) => {
                self.is_done = false;
                true
            }
            Err(fault) => {
                self.fault = Some(fault);
                false
            }
        }
    }

    /// The next events of the frame: how many there are now in the arrays. Call again until `isDone`.
    pub fn events(&mut self) -> usize {
        self.output.chunk.clear();
        self.is_done = self.inner.as_mut().is_none_or(|camera| camera.events(&mut self.output.chunk));
        self.output.settle()
    }

    /// Are all events of the frame given?
    #[wasm_bindgen(js_name = isDone)]
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Forgets all frames.
    pub fn reset(&mut self) {
        if let Some(camera) = &mut self.inner {
            camera.reset();
        }
        self.is_done = true;
    }

    /// What was refused last.
    pub fn fault(&self) -> Option<Fault> {
        self.fault.map(Fault::from)
    }

    /// How many bytes `input` holds.
    #[wasm_bindgen(js_name = inputCapacity)]
    pub fn input_capacity(&self) -> usize {
        self.input.len()
    }

    /// Where a frame's bytes go.
    #[wasm_bindgen(js_name = inputPtr)]
    pub fn input_ptr(&mut self) -> *mut u8 {
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

fn pixels(is_rgba: bool) -> Pixels {
    if is_rgba { Pixels::Rgba } else { Pixels::Grey }
}

fn camera_pixels(camera: &Camera) -> usize {
    let sensor = camera.sensor();
    (sensor.width * sensor.height) as usize
}
