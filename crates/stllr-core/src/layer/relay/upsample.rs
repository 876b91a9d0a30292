//! Upsampling by the nearest neighbour: each element becomes a square of elements.

use super::list_memory;
use crate::fixed::SIGNAL_MAX;
use crate::meter::Memory;
use crate::shape::{Port, Shape};
use alloc::vec::Vec;

/// An upsampling layer, as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpsampleSpec {
    /// How many times as high and as wide, from 1.
    pub factor: usize,
}

impl UpsampleSpec {
    /// What it gives for an input.
    pub fn output(&self, input: &Port) -> Port {
        let Shape { channels, height, width } = input.shape;
        let (height, width) = (height.saturating_mul(self.factor), width.saturating_mul(self.factor));
        input.like(Shape { channels, height, width })
    }

    /// Bytes that the layer holds.
    pub fn memory(&self, input: &Port) -> Memory {
        list_memory(self.output(input).most())
    }
}

/// An upsampling layer with its state.
#[derive(Clone, Debug)]
pub struct Upsample {
    input: Port,
    port: Port,
    factor: usize,
    spikes: Vec<u32>,
}

impl Upsample {
    /// An upsampling of an input.
    pub fn new(spec: UpsampleSpec, input: Port) -> Self {
        let port = spec.output(&input);
        Self { input, port, factor: spec.factor, spikes: Vec::with_capacity(port.most()) }
    }

    /// What it gives.
    pub fn port(&self) -> Port {
        self.port
    }

    /// Begins a step.
    pub fn begin_step(&mut self) {
        self.spikes.clear();
    }

    /// Takes the spikes of this step.
    pub fn take(&mut self, spikes: &[u32]) {
        let Shape { channels, width, .. } = self.port.shape;
        for &spike in spikes {
            let (y, x, channel) = self.input.place(spike);
            let level = spike as usize % self.port.levels;
            for within in 0..self.factor * self.factor {
                let (y, x) = (y * self.factor + within / self.factor, x * self.factor + within % self.factor);
                let element = (y * width + x) * channels + channel;
                self.spikes.push((element * self.port.levels + level) as u32);
            }
        }
    }

    /// The spikes of this step.
    pub fn spikes(&self) -> &[u32] {
        &self.spikes
    }

    /// Adds the signals of each square to its element's.
    pub fn signal_below(&self, d: &[i32], out: &mut [i32]) {
        let Shape { channels, height, width } = self.port.shape;
        for position in 0..height * width {
            let below = position / width / self.factor * self.input.shape.width + position % width / self.factor;
            for channel in 0..channels {
                let sum = &mut out[self.input.signal_index(below, channel)];
                *sum = sum.saturating_add(d[self.port.signal_index(position, channel)]).clamp(-SIGNAL_MAX, SIGNAL_MAX);
            }
        }
    }
}
