//! A layer's own readout, for local losses.

use super::narrow_error;
use crate::aligned::Aligned;
use crate::fixed::{
    FEEDBACK_BITS, MEMBRANE_MAX, READOUT_MEMBRANE_BITS, SIGNAL_MAX, Scale, WEIGHT_MAX, mul_q15, rescale,
};
use crate::keep::{Keeper, Part, Values, keep_resting, within};
use crate::kernel;
use crate::loss::{Criterion, Loss, Shape, Target};
use crate::noise::{self, Stream};
use crate::shape::Port;
use alloc::vec;
use alloc::vec::Vec;

/// A fixed random matrix B from a layer's neurons to classes, and leaky integrators o <- leak o + B^T s behind it.
///
/// One copy of B, a row a neuron, serves both ways: rows are added up for spikes, and multiplied by the error.
#[derive(Clone, Debug)]
pub struct LocalReadout {
    criterion: Criterion,
    port: Port,
    /// From one row of weights to the next.
    width: usize,
    /// `Q 12`, uniform within sqrt(6 / neurons): a row of classes a neuron.
    weights: Aligned<i16>,
    /// What stays of an integrator in a step, `Q 15`.
    leak: i32,
    /// o, `Q 16`.
    membrane: Vec<i32>,
    current: Vec<i32>,
    error: Vec<i32>,
    narrow: Vec<i16>,
}

/// The largest sum of an error's magnitudes that [`kernel::rows_dot`] takes.
const SUM_MAX: u64 = 1 << 17;

impl LocalReadout {
    /// For a layer that gives `port`, all elements of a map counted. The loss is one of classes or values, the leak that of the
    /// readout (`Q 15`).
    pub fn new(loss: Loss, classes: usize, port: impl Into<Port>, leak: i32, seed: u64, stream: u32) -> Self {
        let port = port.into();
        let (neurons, width) = (port.shape.elements(), classes.next_multiple_of(8));
        let mut weights = Aligned::new(neurons * width);
        let stream = Stream::new(seed, stream);
        // One neuron's alone would be larger than the kernels take.
        let bound = ((6u64 << (2 * FEEDBACK_BITS)) / neurons.max(1) as u64).isqrt().min(WEIGHT_MAX as u64);
        for (neuron, row) in weights.chunks_exact_mut(width).enumerate() {
            for (class, weight) in row[..classes].iter_mut().enumerate() {
                *weight = noise::uniform(stream, (class * neurons + neuron) as u32, bound as i64) as i16;
            }
        }
        Self {
            criterion: Criterion::new(loss, Shape::dense(classes)),
            port,
            width,
            weights,
            leak,
            membrane: vec![0; classes],
            current: vec![0; width],
            error: vec![0; classes],
            narrow: vec![0; width],
        }
    }

    /// Bytes that it holds beyond its own fields.
    pub fn bytes(classes: usize, neurons: usize) -> u64 {
        let (classes, width) = (classes as u64, classes.next_multiple_of(8) as u64);
        Aligned::<i16>::bytes(neurons as u64 * width) + classes * 8 + width * (4 + 2)
    }

    /// One time step: o <- leak o + the rows of the neurons that spike, each below the number of neurons.
    pub fn forward(&mut self, spikes: &[u32]) {
        // sqrt(6 / neurons) times all neurons is far below what the sum holds.
        kernel::sum_rows(&self.weights, self.width, spikes, &mut self.current);
        for (o, &sum) in self.membrane.iter_mut().zip(&self.current) {
            let input = rescale(sum as i64, FEEDBACK_BITS, READOUT_MEMBRANE_BITS, MEMBRANE_MAX);
            *o = (mul_q15(*o, self.leak) + input).clamp(-MEMBRANE_MAX, MEMBRANE_MAX);
        }
    }

    /// d = B e, `Q 26`, saturating, e the error at this step, laid out as the port says. Returns the gain of both, or `None`
    /// with d = 0 for a target that the loss does not accept.
    pub fn signal(&mut self, target: &Target, d: &mut [i32]) -> Option<u32> {
        d.fill(0);
        let outcome = self.criterion.error(&self.membrane, target, &mut self.error)?;
        let right = narrow_error(&self.error, outcome.finest, SUM_MAX, &mut self.narrow);
        let (right, left) = (FEEDBACK_BITS.saturating_sub(right), right.saturating_sub(FEEDBACK_BITS));
        let scale = Scale { mantissa: 0, right, left, limit: SIGNAL_MAX - 1 };
        let channels = self.port.shape.channels;
        let positions = self.weights.chunks_exact(channels * self.width);
        for (weights, d) in positions.zip(d.chunks_mut(self.port.signal_stride())) {
            kernel::rows_dot(weights, self.width, &self.narrow, scale, &mut d[..channels]);
        }
        Some(outcome.gain)
    }

    /// The integrators go back to rest.
    pub fn reset(&mut self) {
        self.membrane.fill(0);
    }

    /// The integrators, `Q 16`.
    pub fn membrane(&self) -> &[i32] {
        &self.membrane
    }

    /// Takes the weights of another with other classes: class c from its class `of(c)`, where it has one.
    pub fn take_classes(&mut self, other: &Self, of: &dyn Fn(usize) -> Option<usize>) {
        let rows = self.weights.chunks_exact_mut(self.width).zip(other.weights.chunks_exact(other.width));
        for (row, from) in rows {
            for (class, weight) in row[..self.membrane.len()].iter_mut().enumerate() {
                if let Some(old) = of(class) {
                    *weight = from[old];
                }
            }
        }
    }

    /// The weight between a neuron and a class.
    pub fn get(&self, class: usize, neuron: usize) -> i16 {
        self.weights[neuron * self.width + class]
    }

    /// Gives integrators to a keeper, and weights where they are not those of the seed.
    pub fn keep(&mut self, keeper: &mut dyn Keeper, weights: bool) {
        if weights {
            keeper.array(Part::LocalWeights, Values::I16(&mut self.weights), within(WEIGHT_MAX));
        }
        keep_resting(keeper, Part::LocalMembrane, Values::I32(&mut self.membrane), within(MEMBRANE_MAX));
    }
}
