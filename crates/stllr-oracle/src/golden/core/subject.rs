//! A spiking layer of the core, its values in the files' order.

use stllr_core::eligibility::Eligibility;
use stllr_core::layer::{Conv, Spiking};
use stllr_core::meter::Meter;
use stllr_core::shape::{Port, Shape};

use super::formats::{self, SpikingFormats, spiking_rows};
use super::layer::gather;
use crate::layer::Connection;

/// The core's layer.
#[derive(Clone, Debug)]
pub enum Core {
    /// Dense or recurrent: the files' order is the core's.
    Dense(Box<Spiking>),
    /// A convolution: maps are `[channel][row][column]` in the files and `[row][column][channel]` in the core.
    Conv(Box<Conv>),
}

impl Core {
    /// A layer with the weights and biases of `formats`, whose gradients add up in blocks of so many steps.
    pub fn new(formats: &SpikingFormats, block_steps: usize) -> Self {
        let learning = formats::learning(block_steps);
        match formats.connection {
            Connection::Dense { inputs, .. } => {
                let mut core = Spiking::new(formats.spec.clone(), inputs, 0, learning);
                formats.write(&mut core);
                Self::Dense(Box::new(core))
            }
            Connection::Conv(shape) => {
                let (spec, input) = formats.conv_spec(&shape);
                let mut core = Conv::new(spec, input, 0, learning);
                formats.write_conv(&mut core);
                Self::Conv(Box::new(core))
            }
        }
    }
}

/// A layer that is driven and looked at. Slices given and returned are in the files' order.
pub struct Subject {
    core: Core,
    /// The core's numbers of the inputs, and the places of their learning signals.
    inputs: Vec<usize>,
    input_signals: Vec<usize>,
    /// The places of the neurons, which are also those of their learning signals.
    neurons: Vec<usize>,
    /// The files' number of each neuron that may spike.
    numbers: Vec<usize>,
    meter: Meter,
}

impl Subject {
    /// A layer that sees so many inputs.
    pub fn new(core: Core, inputs: usize) -> Self {
        let (inputs, input_signals, neurons, numbers) = match &core {
            Core::Dense(core) => {
                let (all, units) = (|count: usize| (0..count).collect::<Vec<_>>(), core.spec().units);
                (all(inputs), all(inputs), all(units), all(units))
            }
            Core::Conv(core) => {
                let geometry = core.geometry();
                let output = Port::spikes(geometry.output);
                let (inputs, input_signals) = places(&geometry.input);
                let (elements, neurons) = places(&output);
                let mut numbers = vec![0; elements.len()];
                elements.iter().enumerate().for_each(|(number, &element)| numbers[element] = number);
                (inputs, input_signals, neurons, numbers)
            }
        };
        Self { core, inputs, input_signals, neurons, numbers, meter: Meter::default() }
    }

    /// One step forward; the numbers of the neurons that spike.
    pub fn forward(&mut self, input: &[f64]) -> Result<Vec<u32>, String> {
        let rows: Vec<u32> = spiking_rows(input)?.iter().map(|&row| self.inputs[row as usize] as u32).collect();
        let spikes = match &mut self.core {
            Core::Dense(core) => core.forward(&rows, true, &mut self.meter),
            Core::Conv(core) => core.forward(&rows, true, &mut self.meter),
        };
        Ok(spikes.iter().map(|&spike| self.numbers[spike as usize] as u32).collect())
    }

    /// Learns from a signal, `Q 26`; gives what passes to the layer below.
    pub fn learn(&mut self, d: &[i32]) -> Vec<i32> {
        let end = |places: &[usize]| places.iter().max().map_or(0, |last| last + 1).next_multiple_of(8);
        let mut padded = vec![0; end(&self.neurons)];
        d.iter().zip(&self.neurons).for_each(|(&d, &place)| padded[place] = d);
        let mut below = vec![0; end(&self.input_signals)];
        match &mut self.core {
            Core::Dense(core) => {
                core.learn(&padded);
                core.signal_below(&padded, &mut below);
            }
            Core::Conv(core) => {
                core.learn(&padded);
                core.signal_below(&padded, &mut below);
            }
        }
        self.input_signals.iter().map(|&place| below[place]).collect()
    }

    /// Ends the block where it is full, or anyway; says whether it did.
    pub fn end_block(&mut self, anyway: bool) -> bool {
        let ends = anyway || self.eligibility().full();
        match &mut self.core {
            Core::Dense(core) if ends => core.end_block(0, &mut self.meter),
            Core::Conv(core) if ends => core.end_block(0, &mut self.meter),
            Core::Dense(_) | Core::Conv(_) => {}
        }
        ends
    }

    fn of_neurons(&self, values: &[i32]) -> Vec<i32> {
        self.neurons.iter().filter_map(|&place| values.get(place)).copied().collect()
    }

    /// Membranes before the reset, less the threshold.
    pub fn v(&self) -> Vec<i32> {
        match &self.core {
            Core::Dense(core) => self.of_neurons(core.v()),
            Core::Conv(core) => self.of_neurons(core.neurons().v()),
        }
    }

    /// Membranes after the reset.
    pub fn membrane(&self) -> Vec<i32> {
        match &self.core {
            Core::Dense(core) => self.of_neurons(core.membrane()),
            Core::Conv(core) => self.of_neurons(core.neurons().membrane()),
        }
    }

    /// Traces of psi; empty where there are none.
    pub fn post_trace(&self) -> Vec<i32> {
        match &self.core {
            Core::Dense(core) => self.of_neurons(core.post_trace()),
            Core::Conv(core) => self.of_neurons(core.neurons().post_trace()),
        }
    }

    /// Traces of the inputs.
    pub fn input_traces(&self) -> Vec<i32> {
        self.inputs.iter().map(|&row| self.eligibility().trace(row)).collect()
    }

    /// Traces of the layer's own spikes; only of a recurrent layer.
    pub fn recurrent_traces(&self) -> Vec<i32> {
        let rows = self.inputs.len()..self.inputs.len() + self.neurons.len();
        rows.map(|row| self.eligibility().trace(row)).collect()
    }

    /// The gradient of the weights from the inputs.
    pub fn weight_gradient(&self) -> Vec<i32> {
        match &self.core {
            Core::Dense(core) => gather(core.gradient(), core.spec().width(), core.spec().units, 0, self.inputs.len()),
            Core::Conv(core) => {
                let (kernel, geometry) = (&core.spec().kernel, core.geometry());
                let taps = || (0..kernel.taps()).map(|tap| (tap / kernel.width, tap % kernel.width));
                let of_channels = |(o, i)| taps().map(move |(ky, kx)| core.gradient(o, i, ky, kx));
                let inputs = |o| (0..geometry.group_inputs()).map(move |i| (o, i));
                (0..geometry.output.channels).flat_map(inputs).flat_map(of_channels).collect()
            }
        }
    }

    /// That of the recurrent weights; only of a recurrent layer.
    pub fn recurrent_gradient(&self) -> Vec<i32> {
        match &self.core {
            Core::Dense(core) => {
                let units = core.spec().units;
                gather(core.gradient(), core.spec().width(), units, self.inputs.len(), units)
            }
            Core::Conv(_) => vec![],
        }
    }

    /// That of the biases.
    pub fn bias_gradient(&self) -> &[i32] {
        match &self.core {
            Core::Dense(core) => core.bias_gradient(),
            Core::Conv(core) => core.bias_gradient(),
        }
    }

    /// Traces, the block and its format.
    pub fn eligibility(&self) -> &Eligibility {
        match &self.core {
            Core::Dense(core) => core.eligibility(),
            Core::Conv(core) => core.eligibility(),
        }
    }
}

/// For each element of a map, in the files' order, its number in the core and the place of its learning signal.
fn places(port: &Port) -> (Vec<usize>, Vec<usize>) {
    let Shape { channels, height, width } = port.shape;
    let positions = move |channel| (0..height * width).map(move |position| (channel, position));
    let both = |(channel, position)| (position * channels + channel, port.signal_index(position, channel));
    (0..channels).flat_map(positions).map(both).unzip()
}
