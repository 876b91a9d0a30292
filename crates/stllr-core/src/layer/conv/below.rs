//! What passes to the layer below: learning signals times all weights, from outputs back to inputs.
//!
//! Element by element of the kernel, so that each row of weights is read once for all outputs: the outputs' signals are small
//! beside the weights. What is zero is passed over: whole outputs, as most are behind a maximum, and else vectors of
//! channels.

use super::Conv;
use crate::aligned::Aligned;
use crate::fixed::Scale;
use crate::kernel::{self, Place};
use crate::layer::neurons::narrowing;
use alloc::vec::Vec;

/// Channels of a block that is passed over where it is zero: a vector.
const BLOCK: usize = 8;

/// d psi of a group's outputs, narrowed for the product with the weights.
#[derive(Clone, Debug)]
pub(super) struct Narrowed {
    /// A row of weights' width for each output.
    values: Aligned<i16>,
    /// The outputs that are not zero, rising.
    outputs: Vec<Output>,
    /// The blocks that are not zero of outputs that have few.
    blocks: Vec<u16>,
    /// The outputs that see an input through the element of the kernel at hand.
    places: Vec<Place>,
}

/// An output with a signal.
#[derive(Clone, Copy, Debug)]
struct Output {
    y: u16,
    x: u16,
    /// Its first value.
    from: u32,
    /// Where its blocks begin and end; nowhere, where most are not zero.
    blocks: [u32; 2],
}

impl Narrowed {
    /// For `outputs` of so many channels, a multiple of [`BLOCK`].
    pub fn new(outputs: usize, width: usize) -> Self {
        Self {
            values: Aligned::new(outputs * width),
            outputs: Vec::with_capacity(outputs),
            blocks: Vec::with_capacity(outputs * most_blocks(width)),
            places: Vec::with_capacity(outputs),
        }
    }

    /// Bytes that [`Self::new`] would hold.
    pub fn bytes(outputs: u64, width: usize) -> u64 {
        let each = size_of::<Output>() + size_of::<Place>() + 2 * most_blocks(width);
        Aligned::<i16>::bytes(outputs * width as u64) + outputs * each as u64
    }

    /// Notes what of the output at (y, x) is not zero, as it stands in `values[from..from + width]`.
    fn note(&mut self, y: usize, x: usize, from: usize, width: usize) {
        let (first, most) = (self.blocks.len(), most_blocks(width));
        let (blocks, _) = self.values[from..from + width].as_chunks::<BLOCK>();
        let mut count = 0;
        for (number, _) in blocks.iter().enumerate().filter(|(_, block)| **block != [0; BLOCK]) {
            count += 1;
            if count <= most {
                self.blocks.push(number as u16);
            }
        }
        if count > most {
            self.blocks.truncate(first);
        }
        if count > 0 {
            let blocks = [first as u32, self.blocks.len() as u32];
            self.outputs.push(Output { y: y as u16, x: x as u16, from: from as u32, blocks });
        }
    }
}

/// The most blocks of an output that are taken one by one.
fn most_blocks(width: usize) -> usize {
    width / BLOCK / 2
}

impl Conv {
    /// What passes to the layer below: adds to `out[j]`, laid out as [`crate::shape::Port::signal_index`] says,
    /// sum over the outputs i that see j of W[j][i] d[i] psi[i], `Q 26`; call it after [`Self::learn`] with the same `d`,
    /// while the weights are as they were in the step.
    pub fn signal_below(&mut self, d: &[i32], out: &mut [i32]) {
        let Some((shift, scale)) = self.narrowing(d) else { return };
        let kernel = self.geometry.kernel;
        for group in 0..kernel.groups {
            self.narrow(d, group, shift);
            // Backwards, so that what reaches an input is added in the order of outputs.
            for ky in (0..kernel.height).rev() {
                for kx in (0..kernel.width).rev() {
                    self.through(group, ky, kx, scale, out);
                }
            }
        }
    }

    /// What passes below through an element of the kernel.
    fn through(&mut self, group: usize, ky: usize, kx: usize, scale: Scale, out: &mut [i32]) {
        let (geometry, width) = (&self.geometry, self.row_width);
        let (input, rows) = (geometry.input, geometry.group_inputs());
        let first = geometry.weight_row(group, ky, kx);
        let Narrowed { values, outputs, blocks, places } = &mut self.narrowed;
        let values: &[i16] = values;
        self.weights.read(first..first + rows, |before, weights| {
            places.clear();
            for output in outputs.iter() {
                let (y, x) = (output.y as usize, output.x as usize);
                let (Some(y), Some(x)) = (geometry.input_row(y, ky), geometry.input_column(x, kx)) else { continue };
                let to = input.signal_index(y * input.shape.width + x, group * rows) + before;
                let [start, end] = output.blocks.map(|at| at as usize);
                if start == end {
                    places.push(Place { from: output.from, to: to as u32 });
                } else {
                    let (values, out) =
                        (&values[output.from as usize..][..width], &mut out[to..to + weights.len() / width]);
                    kernel::rows_dot_sparse(weights, width, values, &blocks[start..end], scale, out);
                }
            }
            kernel::rows_dot_many(weights, width, values, &*places, scale, out);
        });
    }

    /// Narrows d psi of a group's outputs.
    fn narrow(&mut self, d: &[i32], group: usize, shift: u32) {
        let (output, narrowed) = (self.geometry.output, &mut self.narrowed);
        narrowed.outputs.clear();
        narrowed.blocks.clear();
        for (y, x) in (0..output.height).flat_map(|y| (0..output.width).map(move |x| (y, x))) {
            let position = y * output.width + x;
            let (first, from) = (position * self.stride + group * self.span, position * self.row_width);
            self.neurons.product_narrow(d, first, shift, &mut narrowed.values[from..from + self.span]);
            narrowed.note(y, x, from, self.row_width);
        }
    }

    /// How d psi is narrowed, by its peak and the largest sum of a position's magnitudes; none where all of it is zero.
    fn narrowing(&self, d: &[i32]) -> Option<(u32, Scale)> {
        let positions = self.geometry.output.height * self.geometry.output.width;
        let sizes = (0..positions).map(|p| self.neurons.product_size(d, p * self.stride..(p + 1) * self.stride));
        let (peak, sum) = sizes.fold((0, 0), |most, size| (most.0.max(size.0), most.1.max(size.1)));
        (peak > 0).then(|| narrowing(sum, peak as u64, self.stride, self.spec.neurons.weight_bits))
    }
}
