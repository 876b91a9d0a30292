//! From input spikes to output spikes, and from learning signals to the layer below.

use super::Conv;
use crate::fixed::{Scale, shift_round};
use crate::kernel;
use crate::layer::neurons::{narrowing, scale};
use crate::meter::Meter;

impl Conv {
    /// One time step forward: `input` are the input spikes, each once, numbered as the input's port says. Returns the
    /// elements that spike, rising.
    ///
    /// With `track`, the step enters the traces and must be ended by [`Self::learn`] or [`Self::rest`].
    pub fn forward(&mut self, input: &[u32], track: bool, meter: &mut Meter) -> &[u32] {
        self.sort_by_row(input);
        self.neurons.begin_step();
        let (line, lines) = (self.current.len(), self.geometry.output.height);
        let mut operations = 0;
        for oy in 0..lines {
            operations += self.sum_line(oy);
            self.neurons.fire(oy * line..(oy + 1) * line, &self.current, &self.line_bias);
        }
        if track {
            self.neurons.eligibility.record(input);
        }
        let (stride, channels) = (self.stride as u32, self.geometry.output.channels as u32);
        self.spikes.clear();
        // Without the padding.
        self.spikes.extend(self.neurons.spikes().iter().map(|s| s / stride * channels + s % stride));
        meter.synaptic_operations += operations * self.geometry.group_outputs() as u64;
        meter.hidden_spikes += self.spikes.len() as u64;
        &self.spikes
    }

    /// The elements that spiked in the last step, rising.
    pub fn spikes(&self) -> &[u32] {
        &self.spikes
    }

    /// Sorts the spikes by the row of the map that they lie in, by counting. A spike becomes its column and channel.
    fn sort_by_row(&mut self, input: &[u32]) {
        let port = self.geometry.input;
        let channels = port.shape.channels;
        self.starts.fill(0);
        for &spike in input {
            self.starts[port.place(spike).0 + 2] += 1;
        }
        for row in 2..self.starts.len() {
            self.starts[row] += self.starts[row - 1];
        }
        for &spike in input {
            let (y, x, channel) = port.place(spike);
            let next = &mut self.starts[y + 1];
            self.sorted[*next as usize] = (x * channels + channel) as u32;
            *next += 1;
        }
    }

    /// The input of a line of outputs. Returns how many rows of weights were added.
    fn sum_line(&mut self, oy: usize) -> u64 {
        let geometry = &self.geometry;
        let (groups, most) = (geometry.kernel.groups, self.lists.len() / self.lengths.len());
        let (channels, of_group) = (geometry.input.shape.channels as u32, geometry.group_inputs());
        self.lengths.fill(0);
        for ky in 0..geometry.kernel.height {
            let Some(y) = geometry.input_row(oy, ky) else { continue };
            for &spike in &self.sorted[self.starts[y] as usize..self.starts[y + 1] as usize] {
                let (x, channel) = ((spike / channels) as usize, (spike % channels) as usize);
                let group = if groups == 1 { 0 } else { channel / of_group };
                let first = geometry.weight_row(group, ky, 0) + channel - group * of_group;
                for tap in geometry.column_taps(x) {
                    let list = tap.output as usize * groups + group;
                    let length = &mut self.lengths[list];
                    self.lists[list * most + *length as usize] = (first + tap.kernel as usize * of_group) as u32;
                    *length += 1;
                }
            }
        }
        for (list, &length) in self.lengths.iter().enumerate() {
            let start = list / groups * self.stride + list % groups * self.span;
            let (out, rows) = (&mut self.current[start..start + self.span], &self.lists[list * most..]);
            kernel::sum_rows(&self.weights, self.row_width, &rows[..length as usize], out);
        }
        scale(&mut self.current, self.keep);
        self.lengths.iter().map(|&length| length as u64).sum()
    }

    /// What passes to the layer below: adds to `out[j]`, laid out as [`crate::shape::Port::signal_index`] says,
    /// sum over the outputs i that see j of W[j][i] d[i] psi[i], `Q 26`; call it after [`Self::learn`] with the same `d`,
    /// while the weights are as they were in the step.
    pub fn signal_below(&mut self, d: &[i32], out: &mut [i32]) {
        let (shift, scale) = self.narrowing(d);
        let (line, input) = (self.current.len(), self.geometry.input);
        let (groups, of_group) = (self.geometry.kernel.groups, self.geometry.group_inputs());
        // Where neighbours' channels lie side by side, a whole row of the kernel is one product.
        let side_by_side = groups == 1 && self.geometry.kernel.dilation == 1 && input.signal_stride() == of_group;
        for oy in 0..self.geometry.output.height {
            self.neurons.product(d, oy * line..(oy + 1) * line, &mut self.current);
            for list in 0..self.geometry.output.width * groups {
                let (ox, group) = (list / groups, list % groups);
                let start = ox * self.stride + group * self.span;
                let mut any = 0;
                for (narrow, &g) in self.narrow.iter_mut().zip(&self.current[start..start + self.span]) {
                    *narrow = shift_round(g, shift) as i16;
                    any |= *narrow;
                }
                if any == 0 {
                    continue;
                }
                for ky in 0..self.geometry.kernel.height {
                    let Some(y) = self.geometry.input_row(oy, ky) else { continue };
                    let mut kx = 0;
                    while kx < self.geometry.kernel.width {
                        let first = kx;
                        kx += 1;
                        let Some(x) = self.geometry.input_column(ox, first) else { continue };
                        while side_by_side && kx < self.geometry.kernel.width && x + kx - first < input.shape.width {
                            kx += 1;
                        }
                        let weights = self.geometry.weight_row(group, ky, first) * self.row_width;
                        let at = input.signal_index(y * input.shape.width + x, group * of_group);
                        let out = &mut out[at..at + (kx - first) * of_group];
                        kernel::rows_dot(&self.weights[weights..], self.row_width, &self.narrow, scale, out);
                    }
                }
            }
        }
    }

    /// How d psi is narrowed, by its peak and the largest sum of a position's magnitudes.
    fn narrowing(&mut self, d: &[i32]) -> (u32, Scale) {
        let line = self.current.len();
        let (mut sum, mut peak) = (0, 0);
        for oy in 0..self.geometry.output.height {
            self.neurons.product(d, oy * line..(oy + 1) * line, &mut self.current);
            peak = peak.max(kernel::peak(&self.current).unsigned_abs());
            for position in self.current.chunks_exact(self.stride) {
                sum = sum.max(position.iter().map(|g| g.unsigned_abs() as u64).sum::<u64>());
            }
        }
        narrowing(sum, peak as u64, self.stride, self.spec.neurons.weight_bits)
    }
}
