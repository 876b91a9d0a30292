//! Layers, driven one time step at a time: `step` with the input, look at any value, then `gradients` with the learning
//! signal of the same step.

mod connection;
mod conv;
mod readout;
mod recurrence;
mod spiking;

pub use connection::Connection;
pub use conv::ConvShape;
pub use readout::Readout;
pub use recurrence::Recurrence;
pub use spiking::SpikingLayer;

/// What one step's learning signal gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// The signal for the layer below at this same step, one value an input.
    pub input: Vec<f64>,
    /// With respect to the effective weights, in their shape.
    pub weight: Vec<f64>,
    /// With respect to the effective recurrent weights, `[post][pre]`, where the layer has them.
    pub weight_rec: Option<Vec<f64>>,
    /// With respect to the bias; given whether the layer has one or not.
    pub bias: Vec<f64>,
}

impl Gradients {
    /// Adds another step's or another sequence's gradients of the same layer.
    pub fn add(&mut self, other: &Gradients) {
        add(&mut self.input, &other.input);
        add(&mut self.weight, &other.weight);
        if let (Some(sum), Some(more)) = (&mut self.weight_rec, &other.weight_rec) {
            add(sum, more);
        }
        add(&mut self.bias, &other.bias);
    }
}

/// sum <- sum + more.
pub(crate) fn add(sum: &mut [f64], more: &[f64]) {
    assert_eq!(sum.len(), more.len(), "arrays that are added have one length");
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// trace <- decay trace + x.
pub(crate) fn decay_and_add(trace: &mut [f64], decay: f64, x: &[f64]) {
    assert_eq!(trace.len(), x.len(), "input: one value a trace");
    trace.iter_mut().zip(x).for_each(|(trace, x)| *trace = decay * *trace + x);
}

/// scale a b, value by value.
pub(crate) fn product(scale: f64, a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| scale * a * b).collect()
}
