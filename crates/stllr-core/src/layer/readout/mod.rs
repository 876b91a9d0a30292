//! The readout: leaky integrators without spikes, one a class, or so many values at every pixel of a map.

mod spec;
mod update;

pub use spec::ReadoutSpec;

use super::conv::Geometry;
use super::descent::Descent;
use super::update::Learning;
use crate::aligned::Aligned;
use crate::deep::{Deep, deep};
use crate::eligibility::{Eligibility, Format};
use crate::fixed::{
    Factor, MEMBRANE_MAX, ONE_Q15, READOUT_MEMBRANE_BITS, READOUT_WEIGHT_BITS, READOUT_WEIGHT_MAX, SIGNAL_MAX, mul_q15,
    rescale,
};
use crate::keep::{ANY, Keeper, Part, Values, keep_rate, keep_resting, within};
use crate::kernel::SUM_MAX;
use crate::meter::Meter;
use crate::noise::Normal;
use crate::shape::Port;
use alloc::vec;
use alloc::vec::Vec;

/// A readout with its state.
#[derive(Clone, Debug)]
pub struct Readout {
    spec: ReadoutSpec,
    learning: Learning,
    number: u32,
    input: Port,
    /// How the input reaches pixels; `None` where it all reaches the one position that there is.
    geometry: Option<Deep<Geometry>>,
    width: usize,
    /// The share of the input that counts, `Q 15`.
    keep: i32,
    /// A row of `width` an input, or for each element of the kernel one an input channel.
    weights: Aligned<i32>,
    bias: Vec<i32>,
    /// `width` a position.
    membrane: Vec<i32>,
    current: Vec<i64>,
    /// Sum of the membrane since the scores were cleared.
    scores: Vec<i64>,
    eligibility: Eligibility,
    row_gradient: Vec<i32>,
    bias_gradient: Vec<i32>,
    gradient: Vec<i32>,
    descent: Descent,
}

impl Readout {
    /// A readout with weights drawn from the seed and everything else at rest. The spec must be valid (see
    /// [`crate::network::Spec`]).
    pub fn new(spec: ReadoutSpec, input: impl Into<Port>, number: u32, learning: Learning) -> Self {
        let input = input.into();
        let (width, rows, count) = (spec.width(), spec.rows(&input), spec.membranes(&input));
        let format = format(&spec, &learning);
        let gathered = if spec.gathers(&learning) { rows * width } else { 0 };
        let mut weights = Aligned::new(rows * width);
        let normal = Normal::new(learning.seed, number, spec.deviation);
        for row in 0..rows {
            for class in 0..spec.classes {
                let index = (row * spec.classes + class) as u32;
                let value = normal.at(index);
                weights[row * width + class] = rescale(value, 24, READOUT_WEIGHT_BITS, READOUT_WEIGHT_MAX);
            }
        }
        Self {
            weights,
            bias: vec![0; width],
            membrane: vec![0; count],
            current: vec![0; count],
            scores: vec![0; count],
            eligibility: Eligibility::new(input.most(), count, spec.trace_decay, learning.block_steps, false, format),
            row_gradient: vec![0; width],
            bias_gradient: vec![0; width],
            gradient: vec![0; gathered],
            descent: Descent::new(learning, gathered, width, spec.divisor),
            geometry: spec.pixel_kernel().and_then(|kernel| deep(Geometry::new(kernel, input, spec.classes))),
            keep: ONE_Q15,
            spec,
            learning,
            number,
            input,
            width,
        }
    }

    /// The spec it was made from.
    pub fn spec(&self) -> &ReadoutSpec {
        &self.spec
    }

    /// Takes the weights and biases of another with other classes: class c from its class `of(c)`; those of a class that it
    /// has not are zero.
    pub fn take_classes(&mut self, other: &Self, of: &dyn Fn(usize) -> Option<usize>) {
        self.weights.fill(0);
        for class in 0..self.spec.classes {
            let Some(old) = of(class) else { continue };
            self.bias[class] = other.bias[old];
            let rows = self.weights.chunks_exact_mut(self.width).zip(other.weights.chunks_exact(other.width));
            rows.for_each(|(row, from)| row[class] = from[old]);
        }
    }

    /// What it sees.
    pub fn input(&self) -> &Port {
        &self.input
    }

    /// One time step forward: u <- leak u + W x + b. `input` and `track` as in [`super::Spiking::forward`].
    pub fn forward(&mut self, input: &[u32], track: bool, meter: &mut Meter) {
        self.current.fill(0);
        let (mut reached, width) = (0, self.width);
        let (current, weights) = (&mut self.current, &self.weights);
        for &spike in input {
            each_tap(&self.input, self.geometry.as_ref(), spike, |row, position| {
                let sums = &mut current[position * width..(position + 1) * width];
                for (sum, &w) in sums.iter_mut().zip(&weights[row * width..(row + 1) * width]) {
                    *sum += w as i64;
                }
                reached += 1;
            });
        }
        let positions = self.membrane.chunks_exact_mut(width).zip(self.current.chunks_exact(width));
        for ((membranes, sums), scores) in positions.zip(self.scores.chunks_exact_mut(width)) {
            for (((u, sum), score), bias) in membranes.iter_mut().zip(sums).zip(scores).zip(&self.bias) {
                // Exact where the share is one.
                let sum = ((sum * self.keep as i64) >> 15) + *bias as i64;
                let input = rescale(sum, READOUT_WEIGHT_BITS, READOUT_MEMBRANE_BITS, MEMBRANE_MAX);
                *u = mul_q15(*u, self.spec.leak).saturating_add(input).clamp(-MEMBRANE_MAX, MEMBRANE_MAX);
                *score = score.saturating_add(*u as i64);
            }
        }
        if track {
            self.eligibility.record(input);
        }
        meter.synaptic_operations += reached * self.spec.classes as u64;
    }

    /// What passes from every pixel to the layer below: adds W^T error to `out`, laid out as [`Port::signal_index`] says.
    /// `error` is laid out as the membranes, `Q 26`. Only for a readout of pixels.
    pub fn signal_below(&self, error: &[i32], out: &mut [i32]) {
        let Some(geometry) = &self.geometry else { return };
        let (channels, output, side) = (self.input.shape.channels, geometry.output, geometry.kernel.width);
        for (position, error) in error.chunks_exact(self.width).enumerate().filter(|(_, e)| e.iter().any(|&e| e != 0)) {
            for tap in 0..side * side {
                let y = geometry.input_row(position / output.width, tap / side);
                let x = geometry.input_column(position % output.width, tap % side);
                let (Some(y), Some(x)) = (y, x) else { continue };
                let start = self.input.signal_index(y * self.input.shape.width + x, 0);
                let rows = self.weights[tap * channels * self.width..].chunks_exact(self.width);
                for (sum, row) in out[start..start + channels].iter_mut().zip(rows) {
                    let product: i64 = row.iter().zip(error).map(|(&w, &e)| (w as i64 * e as i64) >> 4).sum();
                    let value = rescale(product, READOUT_WEIGHT_BITS, 4, SIGNAL_MAX);
                    *sum = sum.saturating_add(value).clamp(-SIGNAL_MAX, SIGNAL_MAX);
                }
            }
        }
    }

    /// See [`super::Spiking::scale_input`].
    pub fn scale_input(&mut self, whole: bool) {
        self.keep = if whole { ONE_Q15 } else { self.input.keep };
    }

    /// Changes the learning rate: see [`super::Spiking::set_rate`].
    pub fn set_rate(&mut self, rate: Factor) {
        self.spec.rate = rate;
        self.eligibility.set_format(format(&self.spec, &self.learning));
    }

    /// Membranes, scores, traces and everything that waits to be applied go back to rest; weights stay.
    pub fn reset(&mut self) {
        self.membrane.fill(0);
        self.scores.fill(0);
        self.eligibility.reset();
        self.bias_gradient.fill(0);
        self.gradient.fill(0);
    }

    /// Membranes, `Q 16`: one a class, or for each pixel its values and padding to [`ReadoutSpec::width`].
    pub fn membrane(&self) -> &[i32] {
        &self.membrane[..self.outputs()]
    }

    /// Sums of the membranes since they were last cleared, `Q 16`, laid out as the membranes.
    pub fn scores(&self) -> &[i64] {
        &self.scores[..self.outputs()]
    }

    /// Without the padding of a single position.
    fn outputs(&self) -> usize {
        if self.geometry.is_some() { self.membrane.len() } else { self.spec.classes }
    }

    /// Sets the scores to zero.
    pub fn clear_scores(&mut self) {
        self.scores.fill(0);
    }

    /// Weights, `Q 24`: a row of [`ReadoutSpec::width`] an input.
    pub fn weights(&self) -> &[i32] {
        &self.weights
    }

    /// The same, to be set; magnitudes above `READOUT_WEIGHT_MAX` break the formats' promises.
    pub fn weights_mut(&mut self) -> &mut [i32] {
        &mut self.weights
    }

    /// Biases, `Q 24`.
    pub fn bias_mut(&mut self) -> &mut [i32] {
        &mut self.bias[..self.spec.classes]
    }

    /// Traces, the block and its format.
    pub fn eligibility(&self) -> &Eligibility {
        &self.eligibility
    }

    /// The gradient times the rate that waits for the end of the sequence, in the format's bits; empty in block mode.
    pub fn gradient(&self) -> &[i32] {
        &self.gradient
    }

    /// The bias gradient times the rate that waits to be applied, in the format's bits.
    pub fn bias_gradient(&self) -> &[i32] {
        &self.bias_gradient[..self.spec.classes]
    }

    /// Gives all weights and state to a keeper. [`Self::adopt`] must follow where it was set.
    pub fn keep(&mut self, keeper: &mut dyn Keeper) {
        let mut rate = self.spec.rate;
        keep_rate(keeper, &mut rate);
        if rate != self.spec.rate {
            self.set_rate(rate);
        }
        keeper.array(Part::Weights, Values::I32(&mut self.weights), within(READOUT_WEIGHT_MAX));
        self.descent.keep_moments(keeper);
        keeper.array(Part::Bias, Values::I32(&mut self.bias), within(READOUT_WEIGHT_MAX));
        keep_resting(keeper, Part::BiasGradient, Values::I32(&mut self.bias_gradient), within(SUM_MAX));
        keep_resting(keeper, Part::Gradient, Values::I32(&mut self.gradient), within(SUM_MAX));
        keep_resting(keeper, Part::Membrane, Values::I32(&mut self.membrane), within(MEMBRANE_MAX));
        keep_resting(keeper, Part::Scores, Values::I64(&mut self.scores), ANY);
        self.eligibility.keep(keeper);
    }

    /// Makes anew what follows from state that was set.
    pub fn adopt(&mut self) {
        self.eligibility.adopt();
    }

    /// Gives every weight and bias to `sink`.
    pub fn visit_weights(&self, sink: &mut dyn FnMut(i64)) {
        self.weights.iter().for_each(|&w| sink(w as i64));
        self.bias.iter().for_each(|&b| sink(b as i64));
    }
}

fn format(spec: &ReadoutSpec, learning: &Learning) -> Format {
    // Fraction bits down to 8: a fast readout gives up resolution that it does not need.
    Format::new(
        spec.trace_decay,
        learning.block_steps,
        learning.folded(spec.rate.times(Factor::square_of(spec.divisor))),
        8,
    )
}

/// The row of weights and the position of every connection of an input spike.
#[inline(always)]
fn each_tap(input: &Port, geometry: Option<&Deep<Geometry>>, spike: u32, mut visit: impl FnMut(usize, usize)) {
    let Some(geometry) = geometry else { return visit(input.element(spike), 0) };
    let (y, x, channel) = input.place(spike);
    for row in geometry.row_taps(y) {
        let line = row.output as usize * geometry.output.width;
        for column in geometry.column_taps(x) {
            let weights = geometry.weight_row(0, row.kernel as usize, column.kernel as usize) + channel;
            visit(weights, line + column.output as usize);
        }
    }
}
