//! Dropout: elements that are silent for a whole sequence while the network learns.
//!
//! What is kept counts as it is, and when nothing is dropped consumers scale their input by the share that is kept.

use super::list_memory;
use crate::fixed::{ONE_Q15, SIGNAL_MAX, mul_q15};
use crate::meter::Memory;
use crate::noise::Stream;
use crate::shape::Port;
use alloc::vec;
use alloc::vec::Vec;

/// A dropout layer, as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropoutSpec {
    /// The share of elements that are dropped, `Q 15`, 0 to 29,491 (0.9).
    pub rate: i32,
}

impl DropoutSpec {
    /// What it gives for an input.
    pub fn output(&self, input: &Port) -> Port {
        let keep = mul_q15(input.keep, ONE_Q15 - self.rate);
        Port { keep, levels: input.levels, ..input.like(input.shape) }
    }

    /// Bytes that the layer holds.
    pub fn memory(&self, input: &Port) -> Memory {
        let mask = Memory { membranes: input.shape.elements() as u64, ..Memory::default() };
        mask + list_memory(input.most())
    }
}

/// A dropout layer with its state.
#[derive(Clone, Debug)]
pub struct Dropout {
    input: Port,
    port: Port,
    rate: i32,
    /// Is the element dropped? Numbered as the output's elements.
    dropped: Vec<bool>,
    spikes: Vec<u32>,
}

impl Dropout {
    /// A dropout that drops nothing yet.
    pub fn new(spec: DropoutSpec, input: Port) -> Self {
        Self {
            dropped: vec![false; input.shape.elements()],
            spikes: Vec::with_capacity(input.most()),
            port: spec.output(&input),
            rate: spec.rate,
            input,
        }
    }

    /// What it gives.
    pub fn port(&self) -> Port {
        self.port
    }

    /// Draws what is dropped from now on; with `None` nothing is.
    pub fn draw(&mut self, stream: Option<Stream>) {
        for (element, dropped) in self.dropped.iter_mut().enumerate() {
            *dropped = stream.is_some_and(|stream| ((stream.word(element as u32) >> 17) as i32) < self.rate);
        }
    }

    /// Which elements are dropped, numbered as the output's.
    pub fn dropped(&self) -> &[bool] {
        &self.dropped
    }

    /// Begins a step.
    pub fn begin_step(&mut self) {
        self.spikes.clear();
    }

    /// Takes the spikes of this step.
    pub fn take(&mut self, spikes: &[u32]) {
        let shape = self.port.shape;
        for &spike in spikes {
            let (y, x, channel) = self.input.place(spike);
            let element = (y * shape.width + x) * shape.channels + channel;
            if !self.dropped[element] {
                self.spikes.push((element * self.port.levels + spike as usize % self.port.levels) as u32);
            }
        }
    }

    /// The spikes of this step.
    pub fn spikes(&self) -> &[u32] {
        &self.spikes
    }

    /// Adds the signals of what is kept.
    pub fn signal_below(&self, d: &[i32], out: &mut [i32]) {
        let channels = self.port.shape.channels;
        for (element, _) in self.dropped.iter().enumerate().filter(|(_, dropped)| !**dropped) {
            let (position, channel) = (element / channels, element % channels);
            let sum = &mut out[self.input.signal_index(position, channel)];
            *sum = sum.saturating_add(d[self.port.signal_index(position, channel)]).clamp(-SIGNAL_MAX, SIGNAL_MAX);
        }
    }
}
