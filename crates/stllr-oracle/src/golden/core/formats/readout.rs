//! Readouts and feedback matrices.

use stllr_core::fixed::{FEEDBACK_BITS, Factor, READOUT_WEIGHT_BITS, READOUT_WEIGHT_MAX};
use stllr_core::layer::{Readout as CoreReadout, ReadoutSpec};
use stllr_core::shape::Port;
use stllr_core::signal::Feedback;

use super::{Fixed, decay, decay_value};
use crate::layer::Readout;
use crate::parameters::Weights;

/// A readout in the core's formats.
#[derive(Clone, Debug)]
pub struct ReadoutFormats {
    pub spec: ReadoutSpec,
    pub inputs: usize,
    weight: Fixed,
    bias: Option<Fixed>,
}

impl ReadoutFormats {
    /// Rounds a readout's constants. The error says what does not fit.
    pub fn of(readout: &Readout) -> Result<Self, String> {
        let (parameters, classes) = (readout.parameters(), readout.membrane().len());
        if classes < 2 {
            return Err(format!("readout: {classes} class given; the core takes 2 and more"));
        }
        let round = |what: &str, values: &[f64]| Fixed::round(what, values, READOUT_WEIGHT_BITS, READOUT_WEIGHT_MAX);
        Ok(Self {
            spec: ReadoutSpec {
                kernel: None,
                divisor: 1,
                classes,
                leak: decay("leak", readout.leak())?,
                trace_decay: decay("trace decay", readout.trace_decay())?,
                rate: Factor::ONE,
                bias: parameters.bias.is_some(),
                deviation: 0,
            },
            inputs: parameters.weight.raw.len() / classes,
            weight: round("readout weight", &parameters.weight.raw)?,
            bias: parameters.bias.as_ref().map(|bias| round("readout bias", bias)).transpose()?,
        })
    }

    /// Gives a core readout of this spec the weights and biases.
    pub fn write(&self, core: &mut CoreReadout) {
        let width = self.spec.width();
        for (i, &weight) in self.weight.integers.iter().enumerate() {
            core.weights_mut()[i % self.inputs * width + i / self.inputs] = weight;
        }
        if let Some(bias) = &self.bias {
            core.bias_mut().copy_from_slice(&bias.integers);
        }
    }

    /// The reference with the rounded constants.
    pub fn reference(&self) -> Readout {
        let weight = Weights::plain(self.spec.classes, self.weight.values());
        let bias = self.bias.as_ref().map(Fixed::values);
        Readout::new(weight, bias, decay_value(self.spec.leak), decay_value(self.spec.trace_decay))
    }
}

/// A feedback matrix from `[class][neuron]`, for a layer of `width` with its padding, and what its weights should stand
/// for: those of a readout, to nearest, halves up.
pub fn feedback(matrix: &[f64], classes: usize, width: usize) -> Result<(Feedback, Vec<f64>), String> {
    let fixed = Fixed::round("feedback weight", matrix, READOUT_WEIGHT_BITS, READOUT_WEIGHT_MAX)?;
    let neurons = matrix.len() / classes;
    // The core makes one from readout weights, which lie the other way round.
    let transposed: Vec<i32> = (0..matrix.len()).map(|k| fixed.integers[k % classes * neurons + k / classes]).collect();
    let mut feedback = Feedback::new(classes, width);
    feedback.follow(&transposed, classes, classes, &Port::from(neurons));
    let unit = 2f64.powi(-(FEEDBACK_BITS as i32));
    let nearest = |weight: &f64| (weight / unit + 0.5).floor() * unit;
    Ok((feedback, fixed.values().iter().map(nearest).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feedback_matrix_keeps_its_order() {
        let matrix = [0.5, -0.25, 1.0, 2.0, -1.5, 0.125];
        let (feedback, values) = feedback(&matrix, 2, 8).expect("small weights");
        assert_eq!(values, matrix);
        let get = |k: usize| feedback.get(k / 3, k % 3) as f64 / 4096.0;
        assert_eq!((0..6).map(get).collect::<Vec<_>>(), matrix);
    }
}
