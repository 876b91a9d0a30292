//! Learning signals: the error at the readout, the way down from it, and the way down from a spiking layer.

use stllr_core::fixed::{SIGNAL_BITS, SIGNAL_MAX};

use super::synapses::Synapse;
use super::{Estimate, Synapses};
use crate::loss::softmax;

/// How far the core's softmax is from the exact one of the same membranes; its documentation promises as much.
const SOFTMAX_ERROR: f64 = 1.0 / (1 << 24) as f64;
/// Half a unit of an error as the feedback matrix takes it, `Q 14`.
const NARROW_ROUNDING: f64 = 1.0 / (1 << 15) as f64;
/// Half a unit of a learning signal.
const ROUNDING: f64 = 1.0 / (1u64 << (SIGNAL_BITS + 1)) as f64;
/// One unit of what the readout of pixels adds up.
const PIXEL_ROUNDING: f64 = 1.0 / (1u64 << 46) as f64;
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

/// What passes below a spiking layer: W^T (d psi), one value an input. d psi is rounded to `Q 26`, then narrowed to 16 bits
/// by as large a shift as the peak and the largest sum of a position ask. Each position's products with the weights between
/// it and an input add up exactly and are rounded once more. `width` counts a position's neurons with the core's padding.
pub fn below(
    synapses: &Synapses,
    weight: &[Estimate],
    d: &[Estimate],
    psi: &[Estimate],
    width: usize,
) -> Vec<Estimate> {
    let product = |(&d, &psi): (&Estimate, &Estimate)| match d.magnitude() {
        0.0 => d,
        _ => (d * psi).widen(ROUNDING),
    };
    let product: Vec<Estimate> = d.iter().zip(psi).map(product).collect();
    let units = |x: f64| x / (2.0 * ROUNDING);
    let mut sums = vec![0.0; synapses.positions()];
    product.iter().enumerate().for_each(|(i, g)| sums[synapses.position(i)] += g.magnitude());
    let sum = units(sums.into_iter().fold(0.0, f64::max));
    let peak = units(product.iter().map(|g| g.magnitude()).fold(0.0, f64::max));
    let fits = |shift: &i32| sum / 2f64.powi(*shift) <= SUM_MAX - width as f64 && peak / 2f64.powi(*shift) < PEAK_MAX;
    let narrowing = match (0..32).find(fits) {
        Some(0) => 0.0,
        shift => ROUNDING * 2f64.powi(shift.unwrap_or(32)),
    };
    let narrow = |g: Estimate| if g.magnitude() == 0.0 { g } else { g.widen(narrowing) };
    let narrow: Vec<Estimate> = product.into_iter().map(narrow).collect();
    let passed =
        |synapse: &Synapse| (synapses.position(synapse.output), weight[synapse.weight] * narrow[synapse.output]);
    (0..synapses.inputs()).map(|input| rounded_sum(synapses.of_input(input).iter().map(passed))).collect()
}

/// What passes below a readout of pixels, given the error of each: a product is rounded down by a unit of `Q 46`, and the sum
/// of each pixel's to nearest.
pub fn below_pixels(synapses: &Synapses, weight: &[Estimate], error: &[Estimate]) -> Vec<Estimate> {
    let product = |synapse: &Synapse| match error[synapse.output] {
        e if e.magnitude() == 0.0 => e,
        e => (weight[synapse.weight] * e).widen(PIXEL_ROUNDING),
    };
    let passed = |synapse: &Synapse| (synapses.position(synapse.output), product(synapse));
    (0..synapses.inputs()).map(|input| rounded_sum(synapses.of_input(input).iter().map(passed))).collect()
}

/// The sum of values that come from positions, rounded once a position. Where the sum saturates on its way, no more is lost
/// than its terms come to beyond the limit.
fn rounded_sum(values: impl Iterator<Item = (usize, Estimate)>) -> Estimate {
    let (mut sum, mut magnitudes, mut positions) = (Estimate::default(), 0.0, vec![]);
    for (position, value) in values.filter(|(_, value)| value.magnitude() > 0.0) {
        sum = sum + value;
        magnitudes += value.magnitude();
        positions.push(position);
    }
    positions.sort_unstable();
    positions.dedup();
    let roundings = ROUNDING * positions.len() as f64;
    sum.widen(roundings + (magnitudes + roundings - SIGNAL_LIMIT).max(0.0))
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
