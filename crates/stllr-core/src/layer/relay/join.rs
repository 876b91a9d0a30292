//! Several maps become one: their sum (residual connections) or one behind the other (skip connections).

use super::list_memory;
use crate::fixed::SIGNAL_MAX;
use crate::meter::Memory;
use crate::shape::{Port, Shape};
use alloc::vec::Vec;

/// A joining layer, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinSpec {
    /// Channels one behind the other, or element by element the sum?
    pub concat: bool,
    /// How often each spike of a source counts, from 1, a number a source: so that sources with different units agree.
    pub repeats: Vec<usize>,
}

impl JoinSpec {
    /// What it gives for its sources; none where their maps do not fit together. There is one source at least, and a number
    /// for each.
    pub fn output(&self, inputs: &[Port]) -> Option<Port> {
        let (first, rest) = inputs.split_first()?;
        let fits = |port: &Port| {
            let shape = if self.concat { Shape { channels: first.shape.channels, ..port.shape } } else { port.shape };
            shape == first.shape && port.keep == first.keep
        };
        if !rest.iter().all(fits) || inputs.len() != self.repeats.len() {
            return None;
        }
        let levels = inputs.iter().zip(&self.repeats).map(|(port, &repeat)| port.levels.saturating_mul(repeat));
        Some(if self.concat {
            let channels = inputs.iter().map(|port| port.shape.channels).sum();
            Port { levels: levels.max()?, ..first.like(Shape { channels, ..first.shape }) }
        } else {
            Port { levels: levels.fold(0, usize::saturating_add), ..first.like(first.shape) }
        })
    }

    /// Bytes that the layer holds.
    pub fn memory(&self, inputs: &[Port]) -> Memory {
        list_memory(self.output(inputs).map_or(0, |port| port.most()))
    }
}

/// A source of a joining layer.
#[derive(Clone, Debug)]
struct Source {
    port: Port,
    repeat: usize,
    /// Its first channel, and the first of its spikes of an element.
    channel: usize,
    level: usize,
}

/// A joining layer with its state.
#[derive(Clone, Debug)]
pub struct Join {
    sources: Vec<Source>,
    port: Port,
    spikes: Vec<u32>,
}

impl Join {
    /// A join of sources whose maps fit together.
    pub fn new(spec: &JoinSpec, inputs: &[Port]) -> Self {
        let port = spec.output(inputs).unwrap_or(Port::spikes(Shape::default()));
        let (mut channel, mut level) = (0, 0);
        let place = |(input, &repeat): (&Port, &usize)| {
            let source = Source { port: *input, repeat, channel, level };
            if spec.concat {
                channel += input.shape.channels;
            } else {
                level += input.levels * repeat;
            }
            source
        };
        Self {
            sources: inputs.iter().zip(&spec.repeats).map(place).collect(),
            spikes: Vec::with_capacity(port.most()),
            port,
        }
    }

    /// What it gives.
    pub fn port(&self) -> Port {
        self.port
    }

    /// Begins a step.
    pub fn begin_step(&mut self) {
        self.spikes.clear();
    }

    /// Takes the spikes of a source.
    pub fn take(&mut self, source: usize, spikes: &[u32]) {
        let Some(source) = self.sources.get(source) else { return };
        let Shape { channels, width, .. } = self.port.shape;
        for &spike in spikes {
            let (y, x, channel) = source.port.place(spike);
            let element = (y * width + x) * channels + source.channel + channel;
            let level = source.level + spike as usize % source.port.levels * source.repeat;
            for again in 0..source.repeat {
                self.spikes.push((element * self.port.levels + level + again) as u32);
            }
        }
    }

    /// The spikes of this step.
    pub fn spikes(&self) -> &[u32] {
        &self.spikes
    }

    /// Adds a source's part of the signal.
    pub fn signal_below(&self, source: usize, d: &[i32], out: &mut [i32]) {
        let Some(source) = self.sources.get(source) else { return };
        let Shape { channels, height, width } = source.port.shape;
        for position in 0..height * width {
            for channel in 0..channels {
                let value = d[self.port.signal_index(position, source.channel + channel)] as i64;
                let sum = &mut out[source.port.signal_index(position, channel)];
                let limit = SIGNAL_MAX as i64;
                *sum = (*sum as i64 + value * source.repeat as i64).clamp(-limit, limit) as i32;
            }
        }
    }
}
