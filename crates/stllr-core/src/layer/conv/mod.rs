//! A convolution of leaky integrate-and-fire neurons that learns by the three-factor rule.
//!
//! Forward it is driven by events: each input spike adds a row of weights to every output that sees it. Weights lie as a row of output channels for
//! each (group, kernel row, kernel column, input channel), neurons as (y, x, channel), so that both are read in order.

mod below;
mod forward;
mod geometry;
mod spec;
mod update;

pub use geometry::{Geometry, Kernel};
pub use spec::ConvSpec;

use super::descent::Descent;
use super::neurons::Neurons;
use super::update::Learning;
use super::weights::{Weights, draw_row};
use crate::aligned::Aligned;
use crate::eligibility::Eligibility;
use crate::fixed::{BIAS_MAX, Factor, ONE_Q15, WEIGHT_MAX};
use crate::keep::{Keeper, Part, Values, keep_flag, keep_resting, within};
use crate::kernel::SUM_MAX;
use crate::noise::Normal;
use crate::shape::{Places, Port};
use alloc::vec;
use alloc::vec::Vec;
use below::Narrowed;

/// A convolution with its state.
#[derive(Clone, Debug)]
pub struct Conv {
    spec: ConvSpec,
    learning: Learning,
    /// The layer's number: keeps its noise apart from others'.
    number: u32,
    geometry: Geometry,
    /// From one position's neurons to the next's.
    stride: usize,
    /// From one row of weights to the next.
    row_width: usize,
    /// Weights of a row that are used: all of it, or a group's where there are several.
    span: usize,
    neurons: Neurons,
    /// The share of the input that counts, `Q 15`.
    keep: i32,
    weights: Weights,
    /// One an output channel.
    bias: Aligned<i32>,
    /// The same for each position of a line.
    line_bias: Aligned<i32>,
    bias_gradient: Aligned<i32>,
    /// The neurons' input.
    current: Aligned<i32>,
    /// Where input spikes lie.
    places: Places,
    narrowed: Narrowed,
    gradient: Aligned<i32>,
    /// May the gradient be other than zero?
    gathered: bool,
    descent: Descent,
    /// The elements that spiked in the last step.
    spikes: Vec<u32>,
}

impl Conv {
    /// A convolution over `input`, its weights drawn from the seed and everything else at rest. The spec must be valid (see
    /// [`crate::network::Spec`]).
    pub fn new(spec: ConvSpec, input: Port, number: u32, learning: Learning) -> Self {
        let geometry = Geometry::new(spec.kernel, input, spec.neurons.units);
        let output = geometry.output;
        let (stride, row_width, groups) = (spec.neurons.width(), spec.row_width(), spec.kernel.groups);
        let (line, weights) = (output.width * stride, geometry.weight_rows() * row_width);
        let mut layer = Self {
            stride,
            row_width,
            span: if groups == 1 { row_width } else { geometry.group_outputs() },
            keep: ONE_Q15,
            neurons: Neurons::new(&spec.neurons, output.height * line, input.most(), learning),
            weights: Weights::new(geometry.weight_rows(), row_width, &spec.neurons.byte_shift),
            bias: Aligned::new(stride),
            line_bias: Aligned::new(line),
            bias_gradient: Aligned::new(stride),
            current: Aligned::new(output.height * line),
            places: Places::new(&input),
            narrowed: Narrowed::new(output.height * output.width, row_width),
            gradient: Aligned::new(weights),
            gathered: false,
            descent: Descent::new(learning, weights, stride, spec.neurons.divisor),
            spikes: Vec::with_capacity(output.elements()),
            spec,
            learning,
            number,
            geometry,
        };
        if layer.spec.neurons.standardise {
            let groups = layer.spec.kernel.groups;
            let part = (layer.geometry.weight_rows() / groups, layer.geometry.group_outputs());
            let parts = vec![part; groups];
            layer.descent.standardise(&parts, false, layer.spec.neurons.weight_bits, &layer.weights);
        }
        layer.draw_weights();
        layer
    }

    fn draw_weights(&mut self) {
        let normal = Normal::new(self.learning.seed, self.number, self.spec.neurons.deviation);
        let outputs = self.geometry.group_outputs();
        let bits = self.spec.neurons.weight_bits;
        self.descent.draw(self.row_width, &mut self.weights, bits, &|row, weights, bits| {
            draw_row(normal, row * outputs, &mut weights[..outputs], bits);
        });
    }

    /// The spec it was made from.
    pub fn spec(&self) -> &ConvSpec {
        &self.spec
    }

    /// How its inputs reach its outputs.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The neurons: `height` x `width` positions of `units` neurons, padded to whole vectors.
    pub fn neurons(&self) -> &Neurons {
        &self.neurons
    }

    /// From one position's neurons to the next's in [`Self::neurons`].
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Traces of the inputs, the block and its format.
    pub fn eligibility(&self) -> &Eligibility {
        &self.neurons.eligibility
    }

    fn index(&self, output: usize, input: usize, ky: usize, kx: usize) -> usize {
        let group = output / self.geometry.group_outputs();
        let row = self.geometry.weight_row(group, ky, kx) + input;
        row * self.row_width + output % self.geometry.group_outputs()
    }

    /// The weight, in the layer's format, from input channel `input` of the output's group through the kernel's (ky, kx).
    pub fn weight(&self, output: usize, input: usize, ky: usize, kx: usize) -> i16 {
        self.weights.get(self.index(output, input, ky, kx))
    }

    /// Sets a weight, the raw one where weights are standardised ([`Self::renew`] must follow then); `value` is held to the
    /// format's range, and to what 8 bits can hold.
    pub fn set_weight(&mut self, output: usize, input: usize, ky: usize, kx: usize, value: i32) {
        let index = self.index(output, input, ky, kx);
        let value = value.clamp(-WEIGHT_MAX, WEIGHT_MAX) as i16;
        match self.descent.raw_mut().get_mut(index) {
            Some(raw) => *raw = value,
            None => self.weights.set(index, value),
        }
    }

    /// Makes the weights in use of raw ones that were set.
    pub fn renew(&mut self) {
        self.descent.renew(self.row_width, &mut self.weights);
    }

    /// What decides how gradients become changes.
    pub fn descent(&self) -> &Descent {
        &self.descent
    }

    /// The gradient times the rate by a weight, as of the last block's end, in the format's bits; kept in sequence mode.
    pub fn gradient(&self, output: usize, input: usize, ky: usize, kx: usize) -> i32 {
        self.gradient[self.index(output, input, ky, kx)]
    }

    /// The bias gradient times the rate that waits to be applied, one an output channel.
    pub fn bias_gradient(&self) -> &[i32] {
        &self.bias_gradient[..self.spec.neurons.units]
    }

    /// Sets a bias (membrane format), also where biases are not learned.
    pub fn set_bias(&mut self, channel: usize, value: i32) {
        assert!(channel < self.spec.neurons.units);
        self.bias[channel] = value.clamp(-BIAS_MAX, BIAS_MAX);
        self.spread_bias();
    }

    fn spread_bias(&mut self) {
        for position in self.line_bias.chunks_exact_mut(self.stride) {
            position.copy_from_slice(&self.bias);
        }
    }

    /// See [`super::Spiking::scale_input`].
    pub fn scale_input(&mut self, whole: bool) {
        self.keep = if whole { ONE_Q15 } else { self.geometry.input.keep };
    }

    /// Changes the learning rate; only between blocks (block mode) or sequences (sequence mode).
    pub fn set_rate(&mut self, rate: Factor) {
        self.neurons.set_rate(rate);
    }

    /// Membranes, traces and everything that waits to be applied go back to rest; weights stay.
    pub fn reset(&mut self) {
        self.neurons.reset();
        self.spikes.clear();
        self.bias_gradient.fill(0);
        if core::mem::take(&mut self.gathered) {
            self.gradient.fill(0);
        }
    }

    /// Gives all weights and state to a keeper. [`Self::adopt`] must follow where it was set.
    pub fn keep(&mut self, keeper: &mut dyn Keeper) {
        self.neurons.keep(keeper);
        self.descent.keep(keeper, &mut self.weights);
        keeper.array(Part::Bias, Values::I32(&mut self.bias), within(BIAS_MAX));
        keep_resting(keeper, Part::BiasGradient, Values::I32(&mut self.bias_gradient), within(SUM_MAX));
        keep_resting(keeper, Part::Gradient, Values::I32(&mut self.gradient), within(SUM_MAX));
        keep_flag(keeper, &mut self.gathered);
    }

    /// Makes anew what follows from state that was set.
    pub fn adopt(&mut self) {
        self.neurons.adopt();
        self.spread_bias();
        self.renew();
    }

    /// Gives every weight, in the layer's format, and bias to `sink`.
    pub fn visit_weights(&self, sink: &mut dyn FnMut(i64)) {
        self.weights.visit(sink);
        self.bias.iter().for_each(|&b| sink(b as i64));
    }
}
