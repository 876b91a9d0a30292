//! The gradient of a layer's weights, as the blocked reverse sweep sums it.
//!
//! With h = half a unit of the contributions' format (2^-(bits + 1)), the errors are, over a block of n steps:
//!
//! ```text
//! p, q     see [`Alpha`]
//! R[n-1] = p[n-1];  R[t] = p[t] + decay R[t+1] to nearest:   eps[n-1] = 0, eps[t] = decay eps[t+1] + h
//! sum    = over the steps of p[t] trace[t] + q[t] x[t], plus eps[t] where the input spiked
//! carry  = decay R[0] to nearest, times the start's trace to nearest:   (decay eps[0] + h) trace + h
//! ```
//!
//! A weight that several synapses share gets the sum of theirs; the core adds them up exactly.

use stllr_core::eligibility::Format;
use stllr_core::fixed::{Factor, SIGNAL_BITS, Scale};
use stllr_core::kernel::SUM_MAX;

use super::trace::{Decay, Traces};
use super::{Estimate, Synapses};

/// One unit of `Q 15`.
const UNIT: f64 = 1.0 / 32768.0;

/// A factor on the learning signal, rate times alpha: the reference's and the core's, and how the core multiplies by it.
#[derive(Clone, Copy, Debug)]
pub struct Alpha {
    factor: Estimate,
    scale: Scale,
    /// One unit of the contributions' format, and one of a product before it is shifted there.
    unit: f64,
    product_unit: f64,
    /// Is the mantissa a power of two, by which products are exact?
    exact: bool,
    limit: f64,
    given: (f64, Factor, Format),
}

impl Alpha {
    /// `core` is the factor that the core brings signals into the format with.
    pub fn new(reference: f64, core: Factor, format: Format) -> Self {
        let scale = format.scale(core, SIGNAL_BITS);
        let unit = 2f64.powi(-(format.bits as i32));
        let product_unit = unit * 2f64.powi(scale.left as i32 - scale.right as i32);
        let core_value = scale.mantissa as f64 * UNIT * product_unit * f64::from(1 << SIGNAL_BITS);
        Self {
            factor: Estimate::between(reference, core_value),
            exact: scale.mantissa.unsigned_abs() == 1 << 15,
            // The clamp comes before the shift to the left.
            limit: f64::from(scale.limit >> scale.left << scale.left) * unit,
            scale,
            unit,
            product_unit,
            given: (reference, core, format),
        }
    }

    /// The same for signals with `gain` more fraction bits, in units as many times as small.
    pub fn gained(&self, gain: u32) -> Self {
        let (reference, core, format) = self.given;
        let core = Factor { exponent: core.exponent - gain as i32, ..core };
        Self::new(reference * 2f64.powi(-(gain as i32)), core, format)
    }

    /// `d` times the factor: the product to nearest where it is rounded, then the shift to nearest where it goes right.
    pub fn times(&self, d: Estimate) -> Estimate {
        if d.magnitude() == 0.0 {
            return d;
        }
        let product = if self.exact { 0.0 } else { self.product_unit / 2.0 };
        (d * self.factor).widen(product + self.shift()).clipped(self.limit)
    }

    /// The causal contribution `d` psi times the factor: psi times the mantissa to nearest in `Q 15`, times `d` to nearest,
    /// shifted to nearest.
    pub fn causal(&self, d: Estimate, psi: Estimate) -> Estimate {
        if d.magnitude() == 0.0 {
            return d;
        }
        let per_unit = self.product_unit * f64::from(1 << SIGNAL_BITS);
        let mantissa = if self.exact { 0.0 } else { d.magnitude() * per_unit * UNIT / 2.0 };
        (d * self.factor * psi).widen(mantissa + self.product_unit / 2.0 + self.shift()).clipped(self.limit)
    }

    /// The non-causal contribution: what [`Self::times`] gives, times the trace of psi to nearest.
    pub fn noncausal(&self, d: Estimate, trace: Estimate, format: Format) -> Estimate {
        if d.magnitude() == 0.0 {
            return d;
        }
        (self.times(d) * trace).widen(self.unit / 2.0).clipped(format.limit as f64 * self.unit)
    }

    fn shift(&self) -> f64 {
        if self.scale.right > 0 { self.unit / 2.0 } else { 0.0 }
    }
}

/// How rows change weights at once, by a sweep in 16 bits.
#[derive(Clone, Copy, Debug)]
pub struct Narrow {
    /// Fraction bits of a contribution beyond the weights', as they are held.
    pub shift: i32,
    /// The last rounding, in units of the weights: a half to nearest, one where it is dithered.
    pub last: f64,
}

#[derive(Clone, Debug)]
struct Step {
    spikes: Vec<Estimate>,
    traces: Vec<Estimate>,
    causal: Vec<Estimate>,
    noncausal: Vec<Estimate>,
}

/// The sum over the steps so far, one value a weight.
#[derive(Clone, Debug)]
pub struct Gradient {
    unit: f64,
    decay: Decay,
    block: Vec<Step>,
    sum: Vec<Estimate>,
    /// What the terms of each sum come to in magnitude.
    magnitudes: Vec<f64>,
}

impl Gradient {
    pub fn new(weights: usize, decay: Decay, format: Format) -> Self {
        let unit = 2f64.powi(-(format.bits as i32));
        Self { unit, decay, block: vec![], sum: vec![Estimate::default(); weights], magnitudes: vec![0.0; weights] }
    }

    /// The contributions of one step, one a neuron, beside its spikes and the traces that it ends with.
    pub fn record(&mut self, spikes: Vec<Estimate>, traces: &Traces, causal: Vec<Estimate>, noncausal: Vec<Estimate>) {
        let traces = (0..spikes.len()).map(|row| traces.swept(row)).collect();
        self.block.push(Step { spikes, traces, causal, noncausal });
    }

    /// Ends a block; `traces` are those of the block that ends. `narrow` where its rows change weights at once.
    pub fn end_block(&mut self, traces: &Traces, synapses: &Synapses, narrow: Option<Narrow>) {
        let half = self.unit / 2.0;
        let (decay, rounding) = (self.decay.core, self.decay.rounding(half));
        let mut eps = vec![0.0; self.block.len()];
        for t in (1..eps.len()).rev() {
            eps[t - 1] = decay * eps[t] + rounding;
        }
        let narrow = narrow.map(|narrow| self.narrowed(narrow, traces, synapses, &eps));
        for row in 0..synapses.rows() {
            if self.block.iter().all(|step| step.traces[row].magnitude() == 0.0) {
                continue;
            }
            let start = traces.start(row).magnitude();
            let carry = if start > 0.0 { (decay * eps[0] + rounding) * start + half } else { 0.0 };
            let swept: f64 = self.block.iter().zip(&eps).map(|(step, eps)| step.spikes[row].magnitude() * eps).sum();
            let narrowed = narrow.map_or(0.0, |(quantum, last)| self.terms(row, start) * quantum / 2.0 + last);
            for synapse in synapses.of_row(row) {
                let output = synapse.output;
                let terms = self
                    .block
                    .iter()
                    .map(|step| step.causal[output] * step.traces[row] + step.noncausal[output] * step.spikes[row]);
                let more = terms.sum::<Estimate>();
                // Nothing is swept as nothing.
                let more = if more.magnitude() == 0.0 && swept + carry == 0.0 { more } else { more.widen(narrowed) };
                let more = more.widen(swept + carry);
                self.sum[synapse.weight] = self.sum[synapse.weight] + more;
                self.magnitudes[synapse.weight] += more.magnitude();
            }
        }
        self.block.clear();
    }

    /// Halves of the sweep's unit by which a row's change may be off: one for each of its spikes, and for the carried trace one,
    /// one for its product and two for a trace that is held below one.
    fn terms(&self, row: usize, start: f64) -> f64 {
        let spikes: f64 = self.block.iter().map(|step| step.spikes[row].magnitude()).sum();
        spikes + if start > 0.0 { 4.0 } else { 0.0 }
    }

    /// What a sweep in 16 bits may be off: the unit of its values, and the last rounding, to the weights' unit.
    fn narrowed(&self, narrow: Narrow, traces: &Traces, synapses: &Synapses, eps: &[f64]) -> (f64, f64) {
        let span = 2f64.powi(traces.span_bits() as i32);
        let (mut peak, mut carried) = (0.0f64, 0.0);
        for output in 0..synapses.outputs() {
            let mut running = Estimate::default();
            for (step, eps) in self.block.iter().zip(eps).rev() {
                running = step.causal[output] + self.decay.factor * running;
                peak = peak.max((running + step.noncausal[output]).magnitude() + eps);
            }
            let rounding = self.unit;
            carried = f64::max(carried, ((self.decay.factor * running).magnitude() + eps[0] + rounding) * span);
        }
        let starts = (0..synapses.rows()).map(|row| traces.start(row).magnitude());
        let (mut most, mut largest) = (1.0, 0.0);
        for (row, start) in starts.enumerate() {
            let spikes: f64 = self.block.iter().map(|step| step.spikes[row].magnitude()).sum();
            most = f64::max(most, spikes + if start > 0.0 { 1.0 } else { 0.0 });
            largest = f64::max(largest, start / span + UNIT);
        }
        // Small traces are taken larger, and what a full one adds smaller.
        let most_spare = (32 - narrow.shift).min(10) as f64;
        let spare = (14.0 - (largest / UNIT).log2().floor()).clamp(0.0, most_spare) as i32;
        let carried = if largest <= UNIT { 0.0 } else { carried * 2f64.powi(-spare) };
        let peak = f64::max(peak, carried) / self.unit;
        let limit = |quantum: i32| (32_767.0 - 2f64.powi(narrow.shift - quantum)) / most - 1.0;
        let fits = |&quantum: &i32| peak / 2f64.powi(quantum) + 1.0 <= limit(quantum);
        let quantum = ((narrow.shift - 14).max(0)..narrow.shift).find(fits);
        // Where it may saturate, nothing is known.
        let quantum = quantum.map_or(f64::INFINITY, |quantum| 2f64.powi(quantum) * self.unit);
        (quantum, narrow.last * 2f64.powi(narrow.shift) * self.unit)
    }

    /// Forgets the gradient: it has changed the weights.
    pub fn clear(&mut self) {
        self.sum.fill(Estimate::default());
        self.magnitudes.fill(0.0);
    }

    /// The gradient, in the order of the weights. Where a sum saturates on its way, no more is lost than its terms come to
    /// beyond the limit.
    pub fn sum(&self) -> Vec<Estimate> {
        let lost = |magnitude: f64| (magnitude - SUM_MAX as f64 * self.unit).max(0.0);
        self.sum.iter().zip(&self.magnitudes).map(|(sum, &magnitude)| sum.widen(lost(magnitude))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::core::formats::{factor, factor_value};
    use stllr_core::kernel;

    #[test]
    fn no_contribution_of_the_core_is_outside() {
        for value in [1.0, 0.25, -1.0, 0.7, -0.013, 3.1] {
            let core = factor(value);
            let format = Format::new(24_576, 8, core, 12);
            let alpha = Alpha::new(factor_value(core), core, format);
            let scale = format.scale(core, SIGNAL_BITS);
            let mut used = 0.0f64;
            for k in 0..4000i32 {
                let (d, psi) = (k * 7919 % (1 << 20) - (1 << 19), k * 104_729 % 32_769);
                let exact = |n: i32, bits: i32| Estimate::exact(n as f64 / 2f64.powi(bits));
                let (d_value, psi_value) = (exact(d, 26), exact(psi, 15));
                let (mut causal, mut noncausal) = ([0], [0]);
                kernel::contribution(&[d], &[psi], scale, &mut causal);
                kernel::trace_contribution(&[d], &[3 * psi], scale, format.limit, &mut noncausal);
                let trace = psi_value * Estimate::exact(3.0);
                for (got, bound) in [
                    (causal[0], alpha.causal(d_value, psi_value)),
                    (noncausal[0], alpha.noncausal(d_value, trace, format)),
                ] {
                    let off = (got as f64 / 2f64.powi(format.bits as i32) - bound.value).abs();
                    assert!(off <= bound.error, "{value}: {d} {psi}: {off:e}, not {bound:?}");
                    used = used.max(off / bound.error.max(1e-300));
                }
            }
            assert!(used > 0.5, "{value}: the bound is used: {used}");
        }
    }
}
