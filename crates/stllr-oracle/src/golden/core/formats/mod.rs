//! Values of a golden file rounded to the core's formats: what they become, and where they do not fit.

mod readout;
mod spiking;

use stllr_core::fixed::{Factor, SIGNAL_BITS, SIGNAL_MAX};
use stllr_core::layer::{Learning, Mode};
use stllr_core::noise::Rounding;

pub use readout::{ReadoutFormats, feedback};
pub use spiking::SpikingFormats;

const Q15: u32 = 15;

/// Gradients add up over a sequence, in blocks of so many steps.
pub fn learning(block_steps: usize) -> Learning {
    Learning { mode: Mode::Sequence, block_steps, rounding: Rounding::Nearest, seed: 0, ..Learning::PLAIN }
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
    // |value| = m 2^exponent with m above 1/2 up to 1: a power of two has m = 1, by which products are exact
    let exponent = value.abs().log2().ceil() as i32;
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

#[cfg(test)]
mod tests {
    use super::*;
    use stllr_core::fixed::BIAS_MAX;

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
}
