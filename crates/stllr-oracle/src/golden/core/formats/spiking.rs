//! Spiking layers.

use stllr_core::fixed::{BIAS_MAX, Factor, WEIGHT_MAX};
use stllr_core::layer::{Conv, ConvSpec, Factors as CoreFactors, Kernel, Spiking, SpikingSpec};
use stllr_core::psi::Psi as CorePsi;
use stllr_core::shape::{Port, Shape};

use super::{Fixed, decay, decay_value, factor, factor_value};
use crate::Factors;
use crate::layer::{Connection, ConvShape, SpikingLayer};
use crate::neuron::{Neuron, Reset};
use crate::parameters::{Parameters, Weights};
use crate::psi::Psi;

/// Fraction bits of a layer's threshold as its spec takes it.
const THRESHOLD_BITS: u32 = 16;

/// A spiking layer in the core's formats. The units of a convolution are its output channels.
#[derive(Clone, Debug)]
pub struct SpikingFormats {
    pub spec: SpikingSpec,
    pub connection: Connection,
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
            units: layer.connection().biases(),
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
            divisor: 1,
            standardise: false,
            byte_shift: None,
            loihi: None,
            deviation: 0,
            recurrent_deviation: 0,
        };
        let bias = layer.parameters().bias.as_deref();
        let bias = bias.map(|bias| Fixed::round("bias", bias, spec.membrane_bits(), BIAS_MAX)).transpose()?;
        Ok(Self {
            spec,
            connection: layer.connection(),
            weight,
            weight_rec,
            bias,
            reset: neuron.reset,
            psi: neuron.psi,
        })
    }

    /// The threshold, as a value.
    pub fn threshold(&self) -> f64 {
        self.spec.threshold as f64 / f64::from(1 << THRESHOLD_BITS)
    }

    /// Gives a dense or recurrent layer of this spec the weights and biases.
    pub fn write(&self, core: &mut Spiking) {
        let mut set = |weights: &Fixed, first: usize| {
            let columns = weights.integers.len() / self.spec.units;
            for (i, &weight) in weights.integers.iter().enumerate() {
                core.set_weight(first + i % columns, i / columns, weight);
            }
        };
        set(&self.weight, 0);
        self.weight_rec.iter().for_each(|weights| set(weights, self.connection.inputs()));
        let biases = self.bias.iter().flat_map(|bias| &bias.integers).enumerate();
        biases.for_each(|(unit, &bias)| core.set_bias(unit, bias));
    }

    /// The spec of the convolution, and what it sees.
    pub fn conv_spec(&self, shape: &ConvShape) -> (ConvSpec, Port) {
        let [height, width] = shape.kernel;
        let ConvShape { stride, padding, dilation, groups, .. } = *shape;
        let kernel = Kernel { height, width, stride, padding, dilation, groups };
        let input = Shape { channels: shape.channels_in, height: shape.height, width: shape.width };
        (ConvSpec { neurons: self.spec.clone(), kernel }, Port::spikes(input))
    }

    /// Gives a convolution of that spec the weights and biases.
    pub fn write_conv(&self, core: &mut Conv) {
        let inputs = core.geometry().group_inputs();
        let Kernel { height, width, .. } = core.spec().kernel;
        for (i, &weight) in self.weight.integers.iter().enumerate() {
            let (ky, kx, channel) = (i / width % height, i % width, i / width / height);
            core.set_weight(channel / inputs, channel % inputs, ky, kx, weight);
        }
        let biases = self.bias.iter().flat_map(|bias| &bias.integers).enumerate();
        biases.for_each(|(channel, &bias)| core.set_bias(channel, bias));
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
        SpikingLayer::new(self.connection, parameters, neuron, factors)
    }
}
