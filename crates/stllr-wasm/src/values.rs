//! What a readout of values is to learn, and what it gives: only in the deep module.

use crate::learner::Learner;
use crate::staging::Staging;
use alloc::vec;
use alloc::vec::Vec;
use stllr_core::loss::{Events, Loss, Shape};
use stllr_core::network::Target;
use wasm_bindgen::prelude::wasm_bindgen;

/// Room for what some steps are to learn, and for what they gave. JavaScript writes to it and reads from it; it lives as long
/// as a recording is taken.
#[wasm_bindgen]
pub struct Values {
    loss: Loss,
    shape: Shape,
    /// Is there anything to learn?
    learns: bool,
    /// `Q 16`, position by position.
    values: Vec<i32>,
    mask: Vec<u8>,
    /// Columns, rows and times of events, in one.
    places: Vec<u16>,
    polarity: Vec<u8>,
    /// Of the room for events, how many there are.
    events: usize,
    means: Vec<f32>,
}

#[wasm_bindgen]
impl Values {
    /// Room for the values and the mask of this network's readout, or, where it learns from events, for at most `events` of
    /// them: 7 bytes each.
    #[wasm_bindgen(constructor)]
    pub fn new(learner: &Learner, events: usize) -> Self {
        let shape = learner.network().outputs();
        let outputs = shape.outputs();
        Self {
            loss: learner.network().spec().loss,
            shape,
            learns: false,
            values: vec![0; outputs],
            mask: vec![0; shape.positions()],
            places: vec![0; 3 * events],
            polarity: vec![0; events],
            events: 0,
            means: vec![0.0; outputs],
        }
    }

    /// Where values go: i32 in `Q 16`, `[height][width][values]`.
    #[wasm_bindgen(js_name = valuesPtr)]
    pub fn values_ptr(&mut self) -> *mut i32 {
        self.values.as_mut_ptr()
    }

    /// Where the mask goes: u8, `[height][width]`; 0 where nothing is known.
    #[wasm_bindgen(js_name = maskPtr)]
    pub fn mask_ptr(&mut self) -> *mut u8 {
        self.mask.as_mut_ptr()
    }

    /// Where events go: u16, the columns of all for which there is room, then their rows, then their times as a fraction of
    /// the window in `Q 15`.
    #[wasm_bindgen(js_name = placesPtr)]
    pub fn places_ptr(&mut self) -> *mut u16 {
        self.places.as_mut_ptr()
    }

    /// Where their polarities go: u8.
    #[wasm_bindgen(js_name = polarityPtr)]
    pub fn polarity_ptr(&mut self) -> *mut u8 {
        self.polarity.as_mut_ptr()
    }

    /// The steps to come learn what is here, with so many events; or nothing.
    pub fn teach(&mut self, learns: bool, events: usize) {
        self.learns = learns;
        self.events = events.min(self.polarity.len());
    }

    /// See `Learner.feed`.
    pub fn feed(&self, learner: &mut Learner, staging: &Staging, from: usize, count: usize, until: f64) -> usize {
        learner.feed_with(staging, from, count, until, |learner| learner.step_to(self.target()))
    }

    /// See `Learner.run`.
    pub fn run(&self, learner: &mut Learner, until: f64) {
        learner.run_with(until, |learner| learner.step_to(self.target()));
    }

    /// Brings what the readout's membranes were in the mean of `steps`, since the scores were cleared, to `meansPtr`.
    pub fn average(&mut self, learner: &Learner, steps: f64) {
        let rows = learner.network().scores().chunks(self.shape.stride.max(1));
        let used = rows.flat_map(|row| row.iter().take(self.shape.values));
        for (mean, &sum) in self.means.iter_mut().zip(used) {
            *mean = (sum as f64 / (65_536.0 * steps)) as f32;
        }
    }

    /// Where `average` puts the means: f32, `[height][width][values]`.
    #[wasm_bindgen(js_name = meansPtr)]
    pub fn means_ptr(&self) -> *const f32 {
        self.means.as_ptr()
    }
}

impl Values {
    fn target(&self) -> Target<'_> {
        let (values, mask) = (&self.values[..], &self.mask[..]);
        match self.loss {
            _ if !self.learns => Target::None,
            Loss::Endpoint => Target::Flow { flow: values, mask },
            Loss::Contrast(_) => {
                let mut places = self.places.chunks_exact(self.polarity.len().max(1));
                let mut next = || places.next().unwrap_or_default().get(..self.events).unwrap_or_default();
                Target::Events(Events { x: next(), y: next(), t: next(), polarity: &self.polarity[..self.events] })
            }
            _ => Target::Masked { values, mask },
        }
    }
}
