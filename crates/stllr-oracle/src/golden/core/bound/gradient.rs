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
}

impl Alpha {
    /// `core` is the factor that the core brings signals into the format with.
    pub fn new(reference: f64, core: Factor, format: Format) -> Self {
        let scale = format.scale(core, SIGNAL_BITS);
        let unit = 2f64.powi(-(format.bits as i32));
        let product_unit = unit * 2f64.powi(scale.left as i32 - scale.right as i32);
        let core = scale.mantissa as f64 * UNIT * product_unit * f64::from(1 << SIGNAL_BITS);
        Self {
            factor: Estimate::between(reference, core),
            exact: scale.mantissa.unsigned_abs() == 1 << 15,
            // The clamp comes before the shift to the left.
            limit: f64::from(scale.limit >> scale.left << scale.left) * unit,
            scale,
            unit,
            product_unit,
        }
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

    /// Ends a block; `traces` are those of the block that ends.
    pub fn end_block(&mut self, traces: &Traces, synapses: &Synapses) {
        let half = self.unit / 2.0;
        let (decay, rounding) = (self.decay.core, self.decay.rounding(half));
        let mut eps = vec![0.0; self.block.len()];
        for t in (1..eps.len()).rev() {
            eps[t - 1] = decay * eps[t] + rounding;
        }
        for row in 0..synapses.rows() {
            if self.block.iter().all(|step| step.traces[row].magnitude() == 0.0) {
                continue;
            }
            let start = traces.start(row).magnitude();
            let carry = if start > 0.0 { (decay * eps[0] + rounding) * start + half } else { 0.0 };
            let swept: f64 = self.block.iter().zip(&eps).map(|(step, eps)| step.spikes[row].magnitude() * eps).sum();
            for synapse in synapses.of_row(row) {
                let output = synapse.output;
                let terms = self
                    .block
                    .iter()
                    .map(|step| step.causal[output] * step.traces[row] + step.noncausal[output] * step.spikes[row]);
                let more = terms.sum::<Estimate>().widen(swept + carry);
                self.sum[synapse.weight] = self.sum[synapse.weight] + more;
                self.magnitudes[synapse.weight] += more.magnitude();
            }
        }
        self.block.clear();
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
