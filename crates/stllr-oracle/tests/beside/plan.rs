//! A network to be compared: the core's spec, integers for all weights, and what counts of spikes stand for.

use stllr_core::fixed::MEMBRANE_EXTRA;
use stllr_core::layer::{ConvSpec, Readout as CoreReadout, SpikingSpec};
use stllr_core::network::{Layer, LayerKind, Network, Spec};
use stllr_core::psi::Psi as CorePsi;
use stllr_core::shape::{Port, Shape};
use stllr_oracle::Factors;
use stllr_oracle::golden::core::factor_value;
use stllr_oracle::layer::{Connection, ConvShape, Readout, SpikingLayer};
use stllr_oracle::neuron::{Neuron, Reset};
use stllr_oracle::parameters::{Parameters, Weights};
use stllr_oracle::psi::Psi;

/// What a count of spikes stands for: count / unit and, while dropout drops, 1 / (1 - rate) times that for each dropout on
/// the way.
#[derive(Clone, Debug)]
pub struct Value {
    pub port: Port,
    /// Spikes that make one: averages have the size of their windows.
    pub unit: usize,
    /// `Q 15`.
    pub rates: Vec<i32>,
}

impl Value {
    /// The share that all dropouts leave.
    pub fn kept(&self) -> f64 {
        self.rates.iter().map(|&rate| 1.0 - rate as f64 / 32768.0).product()
    }

    /// The value of one spike.
    pub fn worth(&self, dropping: bool) -> f64 {
        1.0 / (self.unit as f64 * if dropping { self.kept() } else { 1.0 })
    }

    /// The reference's number of each element, in the core's order.
    pub fn elements(&self) -> Vec<usize> {
        let of = |element: usize| self.of_spike((element * self.port.levels) as u32);
        (0..self.port.shape.elements()).map(of).collect()
    }

    /// The reference's number of the input that each of the core's rows belongs to.
    pub fn rows(&self) -> Vec<usize> {
        (0..self.port.most() as u32).map(|spike| self.of_spike(spike)).collect()
    }

    fn of_spike(&self, spike: u32) -> usize {
        let (y, x, channel) = self.port.place(spike);
        number(self.port.shape, channel, y, x)
    }

    /// Where the learning signal of each element stands, in the reference's order.
    pub fn signal_places(&self) -> Vec<usize> {
        let Shape { channels, height, width } = self.port.shape;
        let of = |n: usize| self.port.signal_index(n % (height * width), n / (height * width));
        (0..channels * height * width).map(of).collect()
    }

    /// How many spikes each element has, in the reference's order.
    pub fn counts(&self, spikes: &[u32]) -> Vec<f64> {
        let mut counts = vec![0.0; self.port.shape.elements()];
        spikes.iter().for_each(|&spike| counts[self.of_spike(spike)] += 1.0);
        counts
    }
}

/// The reference's number of an element.
pub fn number(shape: Shape, channel: usize, y: usize, x: usize) -> usize {
    (channel * shape.height + y) * shape.width + x
}

/// A layer's weights and biases in the core's formats and the reference's order.
#[derive(Clone, Debug, Default)]
pub struct Integers {
    /// `[output][input]`, or of a convolution `[output channel][input channel of the group][row][column]`.
    pub weight: Vec<i32>,
    /// `[post][pre]`; empty where the layer is not recurrent.
    pub recurrent: Vec<i32>,
    /// Empty where there are none.
    pub bias: Vec<i32>,
}

/// A network to be compared.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub spec: Spec,
    /// Of the input and all layers.
    pub values: Vec<Value>,
    /// One a layer: is it a pool that averages?
    pub averages: Vec<bool>,
    /// One a layer, and the readout's. Before a run, raw weights where they are standardised.
    pub integers: Vec<Integers>,
    /// How many sequences the steps are.
    pub sequences: usize,
}

impl Plan {
    /// What a layer sees; the readout for the number after the last.
    pub fn input(&self, layer: usize) -> &Value {
        let source = self.spec.layers.get(layer).map_or(self.spec.readout_source, |layer| layer.sources[0]);
        &self.values[source]
    }

    /// A layer of neurons in the reference, with the core's weights times `scale`.
    pub fn neurons(&self, layer: usize, scale: f64) -> Option<SpikingLayer> {
        let input = self.input(layer).port.shape;
        let (spec, connection) = match &self.spec.layers[layer].kind {
            LayerKind::Spiking(spec) => (spec, Connection::dense(input.elements(), spec.units)),
            LayerKind::Conv(spec) => (&spec.neurons, Connection::Conv(conv_shape(spec, input))),
            _ => return None,
        };
        let integers = &self.integers[layer];
        let values = |integers: &[i32], bits: u32, scale: f64| -> Vec<f64> {
            integers.iter().map(|&n| n as f64 / 2f64.powi(bits as i32) * scale).collect()
        };
        let weights = |integers, scale| Weights::plain(spec.units, values(integers, spec.weight_bits, scale));
        let mut parameters = Parameters::new(weights(&integers.weight, scale));
        if spec.recurrent {
            parameters = parameters.with_recurrence(weights(&integers.recurrent, 1.0));
        }
        if spec.bias {
            parameters = parameters.with_bias(values(&integers.bias, spec.weight_bits + MEMBRANE_EXTRA, 1.0));
        }
        Some(SpikingLayer::new(connection, parameters, neuron(spec), factors(spec)))
    }

    /// The readout in the reference, with the core's weights times `scale`.
    pub fn readout(&self, scale: f64) -> Readout {
        let (spec, integers) = (&self.spec.readout, &self.integers[self.spec.layers.len()]);
        let values = |integers: &[i32], scale: f64| -> Vec<f64> {
            integers.iter().map(|&n| n as f64 / f64::from(1 << 24) * scale).collect()
        };
        let weight = Weights::plain(spec.classes, values(&integers.weight, scale));
        let bias = spec.bias.then(|| values(&integers.bias, 1.0));
        let (leak, decay) = (q15(spec.leak), q15(spec.trace_decay));
        match spec.kernel {
            None => Readout::new(weight, bias, leak, decay),
            Some(side) => {
                let Shape { channels, height, width } = self.input(self.spec.layers.len()).port.shape;
                let shape = ConvShape::same([channels, spec.classes], height, width, side);
                Readout::conv(shape, weight, bias, leak, decay)
            }
        }
    }

    /// The core's network of a spec that may have been altered, with the plan's weights.
    pub fn network(&self, spec: Spec) -> Network {
        let mut network = Network::new(spec).unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
        network.edit(|layers, readout| {
            for (i, layer) in layers.iter_mut().enumerate() {
                self.write_layer(i, layer);
            }
            self.write_readout(readout);
        });
        network
    }

    fn write_layer(&self, number: usize, layer: &mut Layer) {
        let integers = &self.integers[number];
        self.write_weights(number, layer, &integers.weight, &integers.recurrent);
        Self::renew(layer);
        if let Some(layer) = layer.as_spiking_mut() {
            integers.bias.iter().enumerate().for_each(|(unit, &bias)| layer.set_bias(unit, bias));
        } else if let Some(layer) = layer.as_conv_mut() {
            integers.bias.iter().enumerate().for_each(|(channel, &bias)| layer.set_bias(channel, bias));
        }
    }

    /// Makes the weights in use of raw ones.
    pub fn renew(layer: &mut Layer) {
        if let Some(layer) = layer.as_spiking_mut() {
            layer.renew();
        } else if let Some(layer) = layer.as_conv_mut() {
            layer.renew();
        }
    }

    /// Writes a layer's weights, raw ones where they are standardised.
    pub fn write_weights(&self, number: usize, layer: &mut Layer, weight: &[i32], recurrent: &[i32]) {
        let elements = self.input(number).elements();
        if let Some(layer) = layer.as_spiking_mut() {
            let (units, inputs) = (layer.spec().units, elements.len());
            for unit in 0..units {
                for (row, &input) in elements.iter().enumerate() {
                    layer.set_weight(row, unit, weight[unit * inputs + input]);
                }
                for (pre, &weight) in recurrent.iter().skip(unit * units).take(units).enumerate() {
                    layer.set_weight(inputs + pre, unit, weight);
                }
            }
        } else if let Some(layer) = layer.as_conv_mut() {
            let (inputs, kernel) = (layer.geometry().group_inputs(), layer.spec().kernel);
            for (i, &weight) in weight.iter().enumerate() {
                let (tap, channels) = (i % kernel.taps(), i / kernel.taps());
                let (ky, kx) = (tap / kernel.width, tap % kernel.width);
                layer.set_weight(channels / inputs, channels % inputs, ky, kx, weight);
            }
        }
    }

    fn write_readout(&self, readout: &mut CoreReadout) {
        let integers = &self.integers[self.spec.layers.len()];
        for (place, &weight) in self.readout_places().iter().zip(&integers.weight) {
            readout.weights_mut()[*place] = weight;
        }
        if self.spec.readout.bias {
            readout.bias_mut().copy_from_slice(&integers.bias);
        }
    }

    /// Where each of the readout's weights stands in the core.
    pub fn readout_places(&self) -> Vec<usize> {
        let (spec, input) = (&self.spec.readout, self.input(self.spec.layers.len()));
        let elements = input.elements();
        let rows: Vec<usize> = match spec.kernel {
            // The row of each input.
            None => {
                let mut rows = vec![0; elements.len()];
                elements.iter().enumerate().for_each(|(row, &input)| rows[input] = row);
                rows
            }
            Some(side) => {
                let channels = input.port.shape.channels;
                let row = |k: usize| k % (side * side) * channels + k / (side * side);
                (0..channels * side * side).map(row).collect()
            }
        };
        let of_class = |class: usize| rows.iter().map(move |row| row * spec.width() + class);
        (0..spec.classes).flat_map(of_class).collect()
    }

    /// The shape of the readout's outputs.
    pub fn outputs(&self) -> Shape {
        self.spec.readout.output(&self.input(self.spec.layers.len()).port)
    }

    /// Where each of the readout's membranes stands in the core.
    pub fn membrane_places(&self) -> Vec<usize> {
        let (spec, output) = (&self.spec.readout, self.outputs());
        let positions = output.height * output.width;
        (0..output.elements()).map(|n| n % positions * spec.width() + n / positions).collect()
    }
}

/// What an integer with so many fraction bits stands for.
pub fn real(integer: i32, bits: u32) -> f64 {
    integer as f64 / 2f64.powi(bits as i32)
}

/// A value in `Q 15`.
pub fn q15(value: i32) -> f64 {
    value as f64 / 32768.0
}

/// A convolution's sizes in the reference.
fn conv_shape(spec: &ConvSpec, input: Shape) -> ConvShape {
    let kernel = spec.kernel;
    ConvShape {
        channels_in: input.channels,
        channels_out: spec.neurons.units,
        height: input.height,
        width: input.width,
        kernel: [kernel.height, kernel.width],
        stride: kernel.stride,
        padding: kernel.padding,
        dilation: kernel.dilation,
        groups: kernel.groups,
    }
}

fn neuron(spec: &SpikingSpec) -> Neuron {
    Neuron {
        leak: q15(spec.leak),
        threshold: spec.threshold as f64 / 65536.0,
        reset: if spec.soft_reset { Reset::Soft } else { Reset::Hard },
        psi: match spec.psi {
            CorePsi::Exp => Psi::Exp,
            CorePsi::Tri => Psi::Tri,
            CorePsi::Sigmoid => Psi::Sigmoid,
            CorePsi::TriOut => Psi::TriOut,
        },
    }
}

fn factors(spec: &SpikingSpec) -> Factors {
    Factors {
        lambda_post: q15(spec.factors.lambda_post),
        lambda_pre: q15(spec.factors.lambda_pre),
        alpha_post: factor_value(spec.factors.alpha_post),
        alpha_pre: factor_value(spec.factors.alpha_pre),
    }
}
