//! How the inputs of a convolution reach its outputs.
//!
//! Cross-correlation as is usual: output (oy, ox) sees input (oy stride + ky dilation - padding, and the same for x) through
//! the kernel's (ky, kx). Channels are split into groups, and a group's outputs see its own inputs only.

use crate::shape::{Port, Shape};
use alloc::vec::Vec;

/// The kernel and its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Rows, 1 to 64.
    pub height: usize,
    /// Columns, 1 to 64.
    pub width: usize,
    /// From one output to the next, in inputs; from 1.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: usize,
    /// From one of the kernel's elements to the next, in inputs; from 1.
    pub dilation: usize,
    /// Groups of channels.
    pub groups: usize,
}

impl Kernel {
    /// The outputs along an axis of `input` elements for `size` of the kernel's; none where the kernel does not fit.
    pub fn outputs(&self, input: usize, size: usize) -> Option<usize> {
        let reach = self.dilation * (size - 1) + 1;
        Some((input + 2 * self.padding).checked_sub(reach)? / self.stride + 1)
    }

    /// Elements of the kernel.
    pub fn taps(&self) -> usize {
        self.height * self.width
    }
}

/// An element of the kernel and the output that sees an input through it, along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    /// The kernel's row or column.
    pub kernel: u16,
    /// The output's row or column.
    pub output: u16,
}

/// For each input along an axis its taps, the kernel's elements rising.
#[derive(Clone, Debug)]
struct Axis {
    starts: Vec<u32>,
    taps: Vec<Tap>,
}

impl Axis {
    fn new(inputs: usize, outputs: usize, size: usize, kernel: &Kernel) -> Self {
        let mut axis =
            Self { starts: Vec::with_capacity(inputs + 1), taps: Vec::with_capacity(Self::most(inputs, size)) };
        axis.starts.push(0);
        for input in 0..inputs {
            for k in 0..size {
                let Some(from_first) = (input + kernel.padding).checked_sub(k * kernel.dilation) else { break };
                let output = from_first / kernel.stride;
                if from_first.is_multiple_of(kernel.stride) && output < outputs {
                    axis.taps.push(Tap { kernel: k as u16, output: output as u16 });
                }
            }
            axis.starts.push(axis.taps.len() as u32);
        }
        axis
    }

    fn most(inputs: usize, size: usize) -> usize {
        inputs * size
    }

    fn bytes(inputs: usize, size: usize) -> u64 {
        (4 * (inputs + 1) + 4 * Self::most(inputs, size)) as u64
    }

    #[inline]
    fn of(&self, input: usize) -> &[Tap] {
        &self.taps[self.starts[input] as usize..self.starts[input + 1] as usize]
    }
}

/// A convolution's input, output and what connects them.
#[derive(Clone, Debug)]
pub struct Geometry {
    /// What it sees.
    pub input: Port,
    /// What it makes.
    pub output: Shape,
    /// The kernel.
    pub kernel: Kernel,
    rows: Axis,
    columns: Axis,
}

impl Geometry {
    /// Of a kernel that fits its input, for `channels` output channels.
    pub fn new(kernel: Kernel, input: Port, channels: usize) -> Self {
        let (height, width) = (input.shape.height, input.shape.width);
        let output = Self::output(&kernel, input.shape, channels).unwrap_or(Shape { channels, height: 0, width: 0 });
        let rows = Axis::new(height, output.height, kernel.height, &kernel);
        let columns = Axis::new(width, output.width, kernel.width, &kernel);
        Self { input, output, kernel, rows, columns }
    }

    /// The shape of the output; none where the kernel does not fit the input.
    pub fn output(kernel: &Kernel, input: Shape, channels: usize) -> Option<Shape> {
        let height = kernel.outputs(input.height, kernel.height)?;
        Some(Shape { channels, height, width: kernel.outputs(input.width, kernel.width)? })
    }

    /// Bytes that [`Self::new`] would hold.
    pub fn bytes(kernel: &Kernel, input: Shape) -> u64 {
        Axis::bytes(input.height, kernel.height) + Axis::bytes(input.width, kernel.width)
    }

    /// The row and column of the output, and of the kernel, by which an input at row y is seen.
    #[inline]
    pub fn row_taps(&self, y: usize) -> &[Tap] {
        self.rows.of(y)
    }

    /// The same for column x.
    #[inline]
    pub fn column_taps(&self, x: usize) -> &[Tap] {
        self.columns.of(x)
    }

    /// The input row that output row `oy` sees through the kernel's row `ky`, where it is no padding.
    #[inline]
    pub fn input_row(&self, oy: usize, ky: usize) -> Option<usize> {
        inside(oy, ky, &self.kernel, self.input.shape.height)
    }

    /// The input column that output column `ox` sees through the kernel's column `kx`, where it is no padding.
    #[inline]
    pub fn input_column(&self, ox: usize, kx: usize) -> Option<usize> {
        inside(ox, kx, &self.kernel, self.input.shape.width)
    }

    /// Input channels of a group.
    pub fn group_inputs(&self) -> usize {
        self.input.shape.channels / self.kernel.groups
    }

    /// Output channels of a group.
    pub fn group_outputs(&self) -> usize {
        self.output.channels / self.kernel.groups
    }

    /// Rows of weights: one for each input channel and element of the kernel.
    pub fn weight_rows(&self) -> usize {
        self.input.shape.channels * self.kernel.taps()
    }

    /// The row of weights from the first input channel of a group through an element of the kernel; the group's other
    /// channels follow.
    #[inline]
    pub fn weight_row(&self, group: usize, ky: usize, kx: usize) -> usize {
        ((group * self.kernel.height + ky) * self.kernel.width + kx) * self.group_inputs()
    }
}

#[inline]
fn inside(output: usize, k: usize, kernel: &Kernel, inputs: usize) -> Option<usize> {
    (output * kernel.stride + k * kernel.dilation).checked_sub(kernel.padding).filter(|&input| input < inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_and_input_rows_say_the_same() {
        for (size, stride, padding, dilation) in [(1, 1, 0, 1), (3, 1, 1, 1), (5, 2, 2, 1), (3, 2, 0, 2), (4, 3, 3, 2)]
        {
            let kernel = Kernel { height: size, width: 1, stride, padding, dilation, groups: 1 };
            let input = Shape { channels: 1, height: 11, width: 1 };
            let geometry = Geometry::new(kernel, Port::spikes(input), 1);
            assert!(geometry.output.height > 0);
            let mut by_output = Vec::new();
            for oy in 0..geometry.output.height {
                by_output.extend((0..size).filter_map(|ky| geometry.input_row(oy, ky).map(|y| (y, ky, oy))));
            }
            let mut by_input: Vec<_> = (0..11)
                .flat_map(|y| geometry.row_taps(y).iter().map(move |t| (y, t.kernel as usize, t.output as usize)))
                .collect();
            by_input.sort_unstable_by_key(|&(_, ky, oy)| (oy, ky));
            assert_eq!(by_input, by_output);
        }
    }

    #[test]
    fn a_kernel_larger_than_its_padded_input_does_not_fit() {
        let kernel = Kernel { height: 5, width: 5, stride: 1, padding: 1, dilation: 1, groups: 1 };
        assert_eq!(kernel.outputs(3, 5), Some(1));
        assert_eq!(kernel.outputs(2, 5), None);
        assert_eq!(Kernel { dilation: 2, ..kernel }.outputs(6, 5), None);
        assert_eq!(Kernel { stride: 2, ..kernel }.outputs(8, 5), Some(3));
    }
}
