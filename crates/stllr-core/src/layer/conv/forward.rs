//! From input spikes to output spikes.

use super::Conv;
use crate::layer::neurons::scale;
use crate::meter::Meter;

impl Conv {
    /// One time step forward: `input` are the input spikes, each once, numbered as the input's port says. Returns the
    /// elements that spike, rising.
    ///
    /// With `track`, the step enters the traces and must be ended by [`Self::learn`] or [`Self::rest`].
    pub fn forward(&mut self, input: &[u32], track: bool, meter: &mut Meter) -> &[u32] {
        meter.synaptic_operations += self.sum(input) * self.geometry.group_outputs() as u64;
        self.neurons.begin_step();
        let line = self.line_bias.len();
        for (oy, current) in self.current.chunks_exact(line).enumerate() {
            self.neurons.fire(oy * line..(oy + 1) * line, current, &self.line_bias);
        }
        if track {
            self.neurons.eligibility.record(input);
        }
        let (stride, channels) = (self.stride as u32, self.geometry.output.channels as u32);
        self.spikes.clear();
        if stride == channels {
            self.spikes.extend_from_slice(self.neurons.spikes());
        } else {
            // Without the padding, which could spike in state from outside.
            let real = self.neurons.spikes().iter().filter(|&s| s % stride < channels);
            self.spikes.extend(real.map(|s| s / stride * channels + s % stride));
        }
        meter.hidden_spikes += self.spikes.len() as u64;
        &self.spikes
    }

    /// The elements that spiked in the last step, rising.
    pub fn spikes(&self) -> &[u32] {
        &self.spikes
    }

    /// The neurons' input: each spike adds a row of weights to every output that sees it. Returns how many rows were added.
    fn sum(&mut self, input: &[u32]) -> u64 {
        let geometry = &self.geometry;
        let (groups, of_group) = (geometry.kernel.groups, geometry.group_inputs());
        let mut rows = 0;
        self.current.fill(0);
        for &spike in input {
            let (y, x, channel) = self.places.of(spike);
            let group = if groups == 1 { 0 } else { channel / of_group };
            let (channel, start) = (channel - group * of_group, group * self.span);
            let columns = geometry.column_taps(x);
            for row in geometry.row_taps(y) {
                for column in columns {
                    let position = row.output as usize * geometry.output.width + column.output as usize;
                    let at = position * self.stride + start;
                    let first = geometry.weight_row(group, row.kernel as usize, column.kernel as usize) + channel;
                    self.weights.add_row(first, &mut self.current[at..at + self.span]);
                }
            }
            rows += geometry.row_taps(y).len() * columns.len();
        }
        scale(&mut self.current, self.keep);
        rows as u64
    }
}
