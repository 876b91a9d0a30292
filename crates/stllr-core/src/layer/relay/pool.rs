//! Pooling: sums and maxima over windows of a map.
//!
//! A sum is as many spikes of one element as its window has. (An average is a sum whose consumer takes 1 / window for its
//! weights' unit.) A maximum of spikes is one spike where the window has any.

use super::list_memory;
use crate::fixed::SIGNAL_MAX;
use crate::layer::conv::{Geometry, Kernel};
use crate::meter::Memory;
use crate::shape::{Port, Shape};
use alloc::vec;
use alloc::vec::Vec;

/// A pooling layer, as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSpec {
    /// The largest of a window, which must be single spikes, or their sum?
    pub max: bool,
    /// Rows and columns of a window, 1 to 64.
    pub size: usize,
    /// From one window to the next, from 1.
    pub stride: usize,
}

impl PoolSpec {
    fn kernel(&self) -> Kernel {
        let PoolSpec { size, stride, .. } = *self;
        Kernel { height: size, width: size, stride, padding: 0, dilation: 1, groups: 1 }
    }

    /// What it gives for an input; none where the window does not fit.
    pub fn output(&self, input: &Port) -> Option<Port> {
        let shape = Geometry::output(&self.kernel(), input.shape, input.shape.channels)?;
        let levels = if self.max { 1 } else { input.levels.saturating_mul(self.size * self.size) };
        Some(Port { levels, ..input.like(shape) })
    }

    /// Bytes that the layer holds.
    pub fn memory(&self, input: &Port) -> Memory {
        let Some(output) = self.output(input) else { return Memory::default() };
        let firsts = if self.max { 2 * output.shape.elements() as u64 } else { 0 };
        let tables =
            Memory { membranes: firsts, weights: Geometry::bytes(&self.kernel(), input.shape), ..Memory::default() };
        tables + list_memory(output.most())
    }
}

/// A pooling layer with its state.
#[derive(Clone, Debug)]
pub struct Pool {
    geometry: Geometry,
    port: Port,
    spikes: Vec<u32>,
    /// For maxima: which element of each window spiked first, in the order of rows and columns; [`NONE`] where none did.
    firsts: Vec<u16>,
    max: bool,
}

const NONE: u16 = u16::MAX;

impl Pool {
    /// A pool over an input that its window fits.
    pub fn new(spec: PoolSpec, input: Port) -> Self {
        let port = spec.output(&input).unwrap_or(input.like(Shape::default()));
        Self {
            geometry: Geometry::new(spec.kernel(), input, input.shape.channels),
            spikes: Vec::with_capacity(port.most()),
            firsts: vec![NONE; if spec.max { port.shape.elements() } else { 0 }],
            max: spec.max,
            port,
        }
    }

    /// What it gives.
    pub fn port(&self) -> Port {
        self.port
    }

    /// Begins a step.
    pub fn begin_step(&mut self) {
        if self.max {
            self.spikes.iter().for_each(|&spike| self.firsts[spike as usize] = NONE);
        }
        self.spikes.clear();
    }

    /// Takes the spikes of this step.
    pub fn take(&mut self, spikes: &[u32]) {
        let (input, output, size) = (self.geometry.input, self.port.shape, self.geometry.kernel.width);
        for &spike in spikes {
            let (y, x, channel) = input.place(spike);
            for row in self.geometry.row_taps(y) {
                for column in self.geometry.column_taps(x) {
                    let position = row.output as usize * output.width + column.output as usize;
                    let element = position * output.channels + channel;
                    let within = row.kernel as usize * size + column.kernel as usize;
                    if !self.max {
                        let level = within * input.levels + spike as usize % input.levels;
                        self.spikes.push((element * self.port.levels + level) as u32);
                        continue;
                    }
                    let first = &mut self.firsts[element];
                    if *first == NONE {
                        self.spikes.push(element as u32);
                    }
                    *first = (*first).min(within as u16);
                }
            }
        }
    }

    /// The spikes of this step.
    pub fn spikes(&self) -> &[u32] {
        &self.spikes
    }

    /// Adds what passes below: to all of a window, or for maxima to its first largest element.
    pub fn signal_below(&self, d: &[i32], out: &mut [i32]) {
        let (input, shape, size) = (self.geometry.input, self.port.shape, self.geometry.kernel.width);
        for position in 0..shape.height * shape.width {
            let (oy, ox) = (position / shape.width, position % shape.width);
            for within in 0..size * size {
                let (y, x) =
                    (self.geometry.input_row(oy, within / size), self.geometry.input_column(ox, within % size));
                let (Some(y), Some(x)) = (y, x) else { continue };
                for channel in 0..shape.channels {
                    let first = self.firsts.get(position * shape.channels + channel);
                    // Where nothing spiked all are the largest, and the first of them is the window's corner.
                    if first.is_some_and(|&first| within as u16 != if first == NONE { 0 } else { first }) {
                        continue;
                    }
                    let sum = &mut out[input.signal_index(y * input.shape.width + x, channel)];
                    *sum =
                        sum.saturating_add(d[self.port.signal_index(position, channel)]).clamp(-SIGNAL_MAX, SIGNAL_MAX);
                }
            }
        }
    }
}
