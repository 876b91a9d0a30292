//! Learning signals: the error at the readout, the way down from it, and the way down from a spiking layer.

use stllr_core::fixed::{SIGNAL_BITS, SIGNAL_MAX};

use super::Estimate;
use super::estimate::dot;
use crate::loss::softmax;

/// How far the core's softmax is from the exact one of the same membranes; its documentation promises as much.
const SOFTMAX_ERROR: f64 = 1.0 / (1 << 24) as f64;
/// Half a unit of an error as the feedback matrix takes it, `Q 14`.
const NARROW_ROUNDING: f64 = 1.0 / (1 << 15) as f64;
/// Half a unit of a learning signal.
const ROUNDING: f64 = 1.0 / (1u64 << (SIGNAL_BITS + 1)) as f64;
/// The sum of magnitudes that the product with the weights takes, in units of what goes in.
const SUM_MAX: f64 = (1 << 17) as f64;
/// The largest magnitude that goes into it.
const PEAK_MAX: f64 = 32767.0;
/// Where learning signals saturate.
const SIGNAL_LIMIT: f64 = SIGNAL_MAX as f64 * 2.0 * ROUNDING;

/// softmax(membranes) - onehot(label). A class is largest where its own membrane is as high as it may be and all others
/// as low, and the other way round.
pub fn output_error(membranes: &[Estimate], label: usize) -> Vec<Estimate> {
    let values: Vec<f64> = membranes.iter().map(|u| u.value).collect();
    let extreme = |class: usize, sign: f64| {
        let at = |(i, u): (usize, &Estimate)| u.value + if i == class { sign } else { -sign } * u.error;
        softmax(&membranes.iter().enumerate().map(at).collect::<Vec<f64>>())[class]
    };
    let one = |(class, value): (usize, f64)| {
        let error = (extreme(class, 1.0) - value).max(value - extreme(class, -1.0)) + SOFTMAX_ERROR;
        Estimate { value: value - if class == label { 1.0 } else { 0.0 }, error }
    };
    softmax(&values).into_iter().enumerate().map(one).collect()
}

/// The error through a feedback matrix, `[class][neuron]` (already with the error of its 12 bits); `error`'s magnitudes
/// sum to at most 2. Exact but for the narrowing of the error.
pub fn feedback(matrix: &[Estimate], error: &[Estimate]) -> Vec<Estimate> {
    let error: Vec<Estimate> = error.iter().map(|e| e.widen(NARROW_ROUNDING)).collect();
    let units = matrix.len() / error.len();
    (0..units).map(|i| error.iter().enumerate().map(|(c, &e)| matrix[c * units + i] * e).sum()).collect()
}

/// What passes below a spiking layer: W^T (d psi), `weight` as `[post][pre]`. d psi is rounded to `Q 26`, then narrowed to
/// 16 bits by as large a shift as its sum and peak ask, multiplied exactly and rounded once more. `width` counts the
/// core's padding.
pub fn below(weight: &[Estimate], d: &[Estimate], psi: &[Estimate], width: usize) -> Vec<Estimate> {
    let product: Vec<Estimate> = d.iter().zip(psi).map(|(&d, &psi)| (d * psi).widen(ROUNDING)).collect();
    let units = |x: f64| x / (2.0 * ROUNDING);
    let sum = units(product.iter().map(|g| g.magnitude()).sum());
    let peak = units(product.iter().map(|g| g.magnitude()).fold(0.0, f64::max));
    let fits = |shift: &i32| sum / 2f64.powi(*shift) <= SUM_MAX - width as f64 && peak / 2f64.powi(*shift) < PEAK_MAX;
    let narrowing = match (0..32).find(fits) {
        Some(0) => 0.0,
        shift => ROUNDING * 2f64.powi(shift.unwrap_or(32)),
    };
    let narrow: Vec<Estimate> = product.iter().map(|g| g.widen(narrowing)).collect();
    let inputs = weight.len() / d.len();
    let column = |j: usize| (0..d.len()).map(|i| weight[i * inputs + j]).collect::<Vec<_>>();
    (0..inputs).map(|j| dot(&column(j), &narrow).widen(ROUNDING).clipped(SIGNAL_LIMIT)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_membranes_within_the_errors_give_an_error_outside() {
        let membranes = [0.5, -1.0, 2.0].map(|value| Estimate { value, error: 0.25 });
        let bound = output_error(&membranes, 1);
        for corner in 0..8 {
            let at = |i: usize| membranes[i].value + if corner >> i & 1 == 1 { 0.25 } else { -0.25 };
            for (class, p) in softmax(&[at(0), at(1), at(2)]).into_iter().enumerate() {
                let error = p - if class == 1 { 1.0 } else { 0.0 };
                assert!((error - bound[class].value).abs() <= bound[class].error);
            }
        }
        assert!(bound.iter().all(|e| e.error < 0.12));
    }
}
