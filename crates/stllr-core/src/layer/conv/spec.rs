//! A convolution, as configured.

use super::below::Narrowed;
use super::geometry::{Geometry, Kernel};
use crate::aligned::Aligned;
use crate::layer::descent::Descent;
use crate::layer::neurons::Neurons;
use crate::layer::spiking::SpikingSpec;
use crate::layer::update::Learning;
use crate::layer::weights::Weights;
use crate::meter::Memory;
use crate::shape::{Port, Shape};

/// A convolution of spiking neurons, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvSpec {
    /// The neurons; `units` are the output channels, `recurrent` is false.
    pub neurons: SpikingSpec,
    /// The kernel.
    pub kernel: Kernel,
}

impl ConvSpec {
    /// The shape of the output; none where the kernel does not fit the input.
    pub fn output(&self, input: Shape) -> Option<Shape> {
        Geometry::output(&self.kernel, input, self.neurons.units)
    }

    /// Weights of a row, with padding to whole vectors.
    pub fn row_width(&self) -> usize {
        (self.neurons.units / self.kernel.groups).next_multiple_of(8)
    }

    /// The most weights' rows that a neuron can see in a step: its connections times the spikes of an input.
    pub(crate) fn most_rows(&self, input: &Port) -> usize {
        (input.shape.channels / self.kernel.groups).saturating_mul(self.kernel.taps()).saturating_mul(input.levels)
    }

    /// Bytes that the layer holds for an input that its kernel fits.
    pub fn memory(&self, input: &Port, learning: &Learning) -> Memory {
        let Some(output) = self.output(input.shape) else { return Memory::default() };
        let stride = self.neurons.width() as u64;
        let (width, height) = (output.width as u64, output.height as u64);
        let rows = (input.shape.channels * self.kernel.taps()) as u64;
        let weights = rows * self.row_width() as u64;
        let line = Aligned::<i32>::bytes(width * stride);
        let own = Memory {
            weights: Weights::memory(rows, self.row_width() as u64, &self.neurons.byte_shift)
                + Aligned::<i32>::bytes(stride)
                + line
                + Geometry::bytes(&self.kernel, input.shape),
            membranes: Aligned::<i32>::bytes(height * width * stride) + 4 * output.elements() as u64,
            block: Aligned::<i32>::bytes(stride) + Narrowed::bytes(width * height, self.row_width()),
            gradients: Aligned::<i32>::bytes(weights),
            ..Memory::default()
        };
        let outputs = self.neurons.units as u64;
        let standard = self.neurons.standardise.then(|| Descent::standard_memory(learning, weights, outputs));
        let descent = Descent::memory(learning, weights, stride) + standard.unwrap_or_default();
        own + Neurons::memory(&self.neurons, width * height * stride, input.most() as u64, learning) + descent
    }
}
