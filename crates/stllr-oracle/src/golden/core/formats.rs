//! Values of a golden file rounded to the core's formats: what they become, and where they do not fit.

use stllr_core::fixed::{
    BIAS_MAX, FEEDBACK_BITS, Factor, READOUT_WEIGHT_BITS, READOUT_WEIGHT_MAX, SIGNAL_BITS, SIGNAL_MAX, WEIGHT_MAX,
};
use stllr_core::layer::{
    Factors as CoreFactors, Learning, Mode, Readout as CoreReadout, ReadoutSpec, Spiking, SpikingSpec,
};
use stllr_core::noise::Rounding;
use stllr_core::psi::Psi as CorePsi;
use stllr_core::signal::Feedback;

use crate::Factors;
use crate::layer::{Connection, Readout, SpikingLayer};
use crate::neuron::{Neuron, Reset};
use crate::parameters::{Parameters, Weights};
use crate::psi::Psi;

const Q15: u32 = 15;
/// Fraction bits of a layer's threshold as its spec takes it.
const THRESHOLD_BITS: u32 = 16;

/// Gradients add up over a sequence, in blocks of so many steps.
pub fn learning(block_steps: usize) -> Learning {
    Learning { mode: Mode::Sequence, block_steps, rounding: Rounding::Nearest, seed: 0 }
}

/// Values rounded to `bits` fraction bits.
#[derive(Clone, Debug)]
pub struct Fixed {
    pub integers: Vec<i32>,
    bits: u32,
}

impl Fixed {
    /// To nearest; the error says what was given.
    pub fn round(what: &str, values: &[f64], bits: u32, limit: i32) -> Result<Self, String> {
        let round = |&value: &f64| {
            let integer = (value * 2f64.powi(bits as i32)).round();
            if integer.abs() <= limit as f64 { Ok(integer as i32) } else { Err(too_large(what, value, limit, bits)) }
        };
        Ok(Self { integers: values.iter().map(round).collect::<Result<_, _>>()?, bits })
    }

    /// What the integers stand for.
    pub fn values(&self) -> Vec<f64> {
        values(&self.integers, self.bits)
    }
}

fn too_large(what: &str, value: f64, limit: i32, bits: u32) -> String {
    format!("{what}: {value} given; the core takes magnitudes up to {}", limit as f64 / 2f64.powi(bits as i32))
}

/// What integers with `bits` fraction bits stand for.
pub fn values(integers: &[i32], bits: u32) -> Vec<f64> {
    integers.iter().map(|&n| n as f64 / 2f64.powi(bits as i32)).collect()
}

/// Learning signals, `Q 26`.
pub fn signals(values: &[f64]) -> Result<Fixed, String> {
    Fixed::round("learning signal", values, SIGNAL_BITS, SIGNAL_MAX)
}

/// The numbers of the inputs that spike.
pub fn spiking_rows(input: &[f64]) -> Result<Vec<u32>, String> {
    if let Some(x) = input.iter().find(|&&x| x != 0.0 && x != 1.0) {
        return Err(format!("input: {x} given; the core takes spikes, 0 or 1"));
    }
    Ok((0..).zip(input).filter(|(_, x)| **x == 1.0).map(|(row, _)| row).collect())
}

/// The nearest factor.
pub fn factor(value: f64) -> Factor {
    if value == 0.0 {
        return Factor::ZERO;
    }
    // |value| = m 2^exponent with m from 1/2 up to 1
    let exponent = value.abs().log2().floor() as i32 + 1;
    let mantissa = (value * 2f64.powi(Q15 as i32 - exponent)).round() as i32;
    Factor { mantissa, exponent }
}

/// What a factor stands for.
pub fn factor_value(factor: Factor) -> f64 {
    factor.mantissa as f64 * 2f64.powi(factor.exponent - Q15 as i32)
}

fn decay(what: &str, value: f64) -> Result<i32, String> {
    if !(0.0..=1.0).contains(&value) {
        return Err(format!("{what}: {value} given; the core takes 0 to 1"));
    }
    Ok((value * f64::from(1 << Q15)).round() as i32)
}

fn decay_value(decay: i32) -> f64 {
    decay as f64 / f64::from(1 << Q15)
}

/// A spiking layer in the core's formats.
#[derive(Clone, Debug)]
pub struct SpikingFormats {
    pub spec: SpikingSpec,
    pub inputs: usize,
    weight: Fixed,
    weight_rec: Option<Fixed>,
    bias: Option<Fixed>,
    reset: Reset,
    psi: Psi,
}

impl SpikingFormats {
    /// Rounds a layer's constants; effective weights get as many fraction bits as leave all of them in range. The error
    /// says what does not fit.
    pub fn of(layer: &SpikingLayer) -> Result<Self, String> {
        let (neuron, factors) = (layer.neurons().neuron(), layer.factors());
        let (weight, weight_rec) = (layer.effective_weight(), layer.effective_weight_rec());
        let fit = |bits: u32| {
            let round = |values: &[f64]| Fixed::round("weight", values, bits, WEIGHT_MAX);
            Ok::<_, String>((bits, round(weight)?, weight_rec.map(round).transpose()?))
        };
        let (weight_bits, weight, weight_rec) =
            (8..=13).rev().map(fit).reduce(Result::or).ok_or("no weight bits")??;
        let threshold = (neuron.threshold * f64::from(1 << THRESHOLD_BITS)).round();
        if !(0.5..=64.0).contains(&neuron.threshold) {
            return Err(format!("threshold: {} given; the core takes 0.5 to 64", neuron.threshold));
        }
        let alpha = |what: &str, value: f64| match factor(value) {
            factor if factor == Factor::ZERO || (factor.valid() && (-15..=4).contains(&factor.exponent)) => Ok(factor),
            _ => Err(format!("{what}: {value} given; the core takes 0 and magnitudes from 2^-16 to 16")),
        };
        let spec = SpikingSpec {
            units: layer.neurons().count(),
            recurrent: weight_rec.is_some(),
            weight_bits,
            leak: decay("leak", neuron.leak)?,
            threshold: threshold as i32,
            soft_reset: match neuron.reset {
                Reset::Soft => true,
                Reset::Hard => false,
                Reset::None => return Err("reset: none given; the core takes soft and hard".into()),
            },
            psi: match neuron.psi {
                Psi::Exp => CorePsi::Exp,
                Psi::Tri => CorePsi::Tri,
                Psi::Sigmoid => CorePsi::Sigmoid,
                Psi::TriOut => CorePsi::TriOut,
            },
            factors: CoreFactors {
                lambda_pre: decay("lambda_pre", factors.lambda_pre)?,
                lambda_post: decay("lambda_post", factors.lambda_post)?,
                alpha_pre: alpha("alpha_pre", factors.alpha_pre)?,
                alpha_post: alpha("alpha_post", factors.alpha_post)?,
            },
            rate: Factor::ONE,
            bias: layer.parameters().bias.is_some(),
            deviation: 0,
            recurrent_deviation: 0,
        };
        let bias = layer.parameters().bias.as_deref();
        let bias = bias.map(|bias| Fixed::round("bias", bias, spec.membrane_bits(), BIAS_MAX)).transpose()?;
        let inputs = layer.connection().inputs();
        Ok(Self { spec, inputs, weight, weight_rec, bias, reset: neuron.reset, psi: neuron.psi })
    }

    /// The threshold, as a value.
    pub fn threshold(&self) -> f64 {
        self.spec.threshold as f64 / f64::from(1 << THRESHOLD_BITS)
    }

    /// Gives a core layer of this spec the weights and biases.
    pub fn write(&self, core: &mut Spiking) {
        let mut set = |weights: &Fixed, first: usize| {
            let columns = weights.integers.len() / self.spec.units;
            for (i, &weight) in weights.integers.iter().enumerate() {
                core.set_weight(first + i % columns, i / columns, weight);
            }
        };
        set(&self.weight, 0);
        self.weight_rec.iter().for_each(|weights| set(weights, self.inputs));
        let biases = self.bias.iter().flat_map(|bias| &bias.integers).enumerate();
        biases.for_each(|(unit, &bias)| core.set_bias(unit, bias));
    }

    /// The reference with the rounded constants.
    pub fn reference(&self) -> SpikingLayer {
        let units = self.spec.units;
        let plain = |fixed: &Fixed| Weights::plain(units, fixed.values());
        let parameters = Parameters {
            weight: plain(&self.weight),
            weight_rec: self.weight_rec.as_ref().map(plain),
            bias: self.bias.as_ref().map(Fixed::values),
        };
        let neuron =
            Neuron { leak: decay_value(self.spec.leak), threshold: self.threshold(), reset: self.reset, psi: self.psi };
        let factors = Factors {
            lambda_post: decay_value(self.spec.factors.lambda_post),
            lambda_pre: decay_value(self.spec.factors.lambda_pre),
            alpha_post: factor_value(self.spec.factors.alpha_post),
            alpha_pre: factor_value(self.spec.factors.alpha_pre),
        };
        SpikingLayer::new(Connection::dense(self.inputs, units), parameters, neuron, factors)
    }
}

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
    feedback.follow(&transposed, classes, classes);
    let unit = 2f64.powi(-(FEEDBACK_BITS as i32));
    let nearest = |weight: &f64| (weight / unit + 0.5).floor() * unit;
    Ok((feedback, fixed.values().iter().map(nearest).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_within_half_a_unit_of_its_mantissa() {
        for value in [1.0, -1.0, 0.75, 0.2, 0.999_999, 3.7, -1e-3, 2f64.powi(-16)] {
            let factor = factor(value);
            assert!(factor.valid(), "{value}: {factor:?}");
            assert!((factor_value(factor) / value - 1.0).abs() <= 2f64.powi(-15), "{value}: {factor:?}");
        }
        assert_eq!(factor(0.0), Factor::ZERO);
        assert_eq!(factor(1.0), Factor::ONE);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let error = Fixed::round("bias", &[0.5, 300.0], 20, BIAS_MAX).expect_err("too large");
        assert_eq!(error, "bias: 300 given; the core takes magnitudes up to 256");
        assert_eq!(spiking_rows(&[0.0, 1.0, 1.0]), Ok(vec![1, 2]));
        assert_eq!(spiking_rows(&[0.5]), Err("input: 0.5 given; the core takes spikes, 0 or 1".into()));
        assert_eq!(decay("leak", 1.5), Err("leak: 1.5 given; the core takes 0 to 1".into()));
    }

    #[test]
    fn a_feedback_matrix_keeps_its_order() {
        let matrix = [0.5, -0.25, 1.0, 2.0, -1.5, 0.125];
        let (feedback, values) = feedback(&matrix, 2, 8).expect("small weights");
        assert_eq!(values, matrix);
        let get = |k: usize| feedback.get(k / 3, k % 3) as f64 / 4096.0;
        assert_eq!((0..6).map(get).collect::<Vec<_>>(), matrix);
    }
}
