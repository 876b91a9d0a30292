//! A readout, as configured.

use crate::aligned::Aligned;
use crate::deep::DEEP;
use crate::eligibility::Eligibility;
use crate::fixed::Factor;
use crate::layer::conv::{Geometry, Kernel};
use crate::layer::descent::Descent;
use crate::layer::update::Learning;
use crate::meter::Memory;
use crate::shape::{Port, Shape};

/// A readout, as configured. Numbers are in the formats of [`crate::fixed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadoutSpec {
    /// Classes, from 2; or values a pixel, from 1, where there is a kernel.
    pub classes: usize,
    /// Side of the kernel, odd: the readout gives its values at every pixel. `None`: it sees everything at once.
    pub kernel: Option<usize>,
    /// What stays of a membrane in a step, `Q 15`, 0..=32768.
    pub leak: i32,
    /// Decay of the trace of input spikes, `Q 15`, 0..=32768.
    pub trace_decay: i32,
    /// Learning rate.
    pub rate: Factor,
    /// Is there a learned bias?
    pub bias: bool,
    /// As in [`crate::layer::SpikingSpec`].
    pub divisor: usize,
    /// Standard deviation of the initial weights, `Q 24`.
    pub deviation: i64,
}

impl ReadoutSpec {
    /// Classes, with padding to whole vectors.
    pub fn width(&self) -> usize {
        self.classes.next_multiple_of(4)
    }

    /// The kernel by which each pixel sees the input.
    pub(super) fn pixel_kernel(&self) -> Option<Kernel> {
        let size = self.kernel.filter(|_| DEEP)?;
        Some(Kernel { height: size, width: size, stride: 1, padding: size / 2, dilation: 1, groups: 1 })
    }

    /// What it gives for an input: a vector of classes, or a map of values.
    pub fn output(&self, input: &Port) -> Shape {
        let pixels = |kernel| Geometry::output(&kernel, input.shape, self.classes);
        self.pixel_kernel().and_then(pixels).unwrap_or(Shape::vector(self.classes))
    }

    /// Rows of weights.
    pub(super) fn rows(&self, input: &Port) -> usize {
        match self.pixel_kernel() {
            Some(kernel) => input.shape.channels * kernel.taps(),
            None => input.shape.elements(),
        }
    }

    /// Membranes, with the padding of each position.
    pub fn membranes(&self, input: &Port) -> usize {
        let output = self.output(input);
        output.height * output.width * self.width()
    }

    /// Does the gradient wait in an array of its own?
    pub(super) fn gathers(&self, learning: &Learning) -> bool {
        learning.gathers() || self.pixel_kernel().is_some()
    }

    /// Bytes that the readout holds.
    pub fn memory(&self, input: impl Into<Port>, learning: &Learning) -> Memory {
        let input = input.into();
        let (rows, width, count) = (self.rows(&input) as u64, self.width() as u64, self.membranes(&input) as u64);
        let (traces, block) = Eligibility::bytes(input.most() as u64, count, learning.block_steps, false);
        let tables = self.pixel_kernel().map_or(0, |kernel| Geometry::bytes(&kernel, input.shape));
        let weights = if self.gathers(learning) { rows * width } else { 0 };
        let own = Memory {
            weights: Aligned::<i32>::bytes(rows * width) + 4 * width + tables,
            membranes: count * (4 + 8 + 8),
            traces,
            block: block + width * 8,
            gradients: 4 * weights,
            ..Memory::default()
        };
        own + Descent::memory(learning, weights, width)
    }
}
