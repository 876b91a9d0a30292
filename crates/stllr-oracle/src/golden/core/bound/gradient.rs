//! The gradient of a layer's weights, as the blocked reverse sweep sums it.
//!
//! With h = half a unit of the contributions' format (2^-(bits + 1)), the errors are, over a block of n steps:
//!
//! ```text
//! p, q     the learning signal times alpha to nearest (h, and half a unit of what comes before the shift), times psi or
//!          its trace to nearest (h), clipped at the format's limit
//! R[n-1] = p[n-1];  R[t] = p[t] + decay R[t+1] to nearest:   eps[n-1] = 0, eps[t] = decay eps[t+1] + h
//! sum    = over the steps of p[t] trace[t] + q[t] x[t], plus eps[t] where the input spiked
//! carry  = decay R[0] to nearest, times the start's trace to nearest:   (decay eps[0] + h) trace + h
//! ```

use stllr_core::eligibility::Format;
use stllr_core::fixed::SIGNAL_BITS;
use stllr_core::kernel::SUM_MAX;

use super::Estimate;
use super::trace::{Decay, Traces};
use crate::golden::core::formats::{factor, factor_value};

/// log2 of the largest contribution before the product with psi, in units of the format.
const SCALED_MAX_BITS: i32 = 24;

/// One alpha of the rule: the reference's and the core's.
#[derive(Clone, Copy, Debug)]
pub struct Alpha {
    factor: Estimate,
    /// Half a unit of the product with the mantissa.
    rounding: f64,
}

impl Alpha {
    /// `core` is a factor's value.
    pub fn between(reference: f64, core: f64) -> Self {
        let core = factor(core);
        // A rate of one may raise the exponent by one.
        let rounding = 2f64.powi(core.exponent + 1 - (SIGNAL_BITS as i32 + 1));
        Self { factor: Estimate::between(reference, factor_value(core)), rounding }
    }
}

/// One step's contribution: `d` alpha `factor`.
pub fn contribution(format: Format, d: Estimate, alpha: Alpha, factor: Estimate) -> Estimate {
    let unit = unit(format);
    let scaled = (d * alpha.factor).widen(alpha.rounding + unit / 2.0).clipped(unit * 2f64.powi(SCALED_MAX_BITS));
    // Times a whole number there is nothing to round.
    let rounding = if factor == Estimate::exact(1.0) { 0.0 } else { unit / 2.0 };
    (scaled * factor).widen(rounding).clipped(format.limit as f64 * unit)
}

fn unit(format: Format) -> f64 {
    2f64.powi(-(format.bits as i32))
}

#[derive(Clone, Debug)]
struct Step {
    spikes: Vec<Estimate>,
    traces: Vec<Estimate>,
    causal: Vec<Estimate>,
    noncausal: Vec<Estimate>,
}

/// The sum over the steps so far, one value a row and neuron.
#[derive(Clone, Debug)]
pub struct Gradient {
    format: Format,
    decay: Decay,
    units: usize,
    block: Vec<Step>,
    sum: Vec<Estimate>,
}

impl Gradient {
    pub fn new(rows: usize, units: usize, decay: Decay, format: Format) -> Self {
        Self { format, decay, units, block: vec![], sum: vec![Estimate::default(); rows * units] }
    }

    /// The contributions of one step, `units` each, beside its spikes and the traces that it ends with.
    pub fn record(&mut self, spikes: Vec<Estimate>, traces: &Traces, causal: Vec<Estimate>, noncausal: Vec<Estimate>) {
        let traces = (0..spikes.len()).map(|row| traces.swept(row)).collect();
        self.block.push(Step { spikes, traces, causal, noncausal });
    }

    /// Ends a block; `traces` are those of the block that ends.
    pub fn end_block(&mut self, traces: &Traces) {
        let half = unit(self.format) / 2.0;
        let (decay, rounding) = (self.decay.core, self.decay.rounding(half));
        let mut eps = vec![0.0; self.block.len()];
        for t in (1..eps.len()).rev() {
            eps[t - 1] = decay * eps[t] + rounding;
        }
        for (row, sums) in self.sum.chunks_exact_mut(self.units).enumerate() {
            let start = traces.start(row).magnitude();
            let carry = if start > 0.0 { (decay * eps[0] + rounding) * start + half } else { 0.0 };
            let swept: f64 = self.block.iter().zip(&eps).map(|(step, eps)| step.spikes[row].magnitude() * eps).sum();
            for (unit, sum) in sums.iter_mut().enumerate() {
                let terms = self
                    .block
                    .iter()
                    .map(|step| step.causal[unit] * step.traces[row] + step.noncausal[unit] * step.spikes[row]);
                *sum = (*sum + terms.sum::<Estimate>().widen(swept + carry)).clipped(SUM_MAX as f64 * 2.0 * half);
            }
        }
        self.block.clear();
    }

    /// The gradient of the rows `first..first + count`, `[unit][row]` as the files have it.
    pub fn rows(&self, first: usize, count: usize) -> Vec<Estimate> {
        (0..self.units)
            .flat_map(|unit| (first..first + count).map(move |row| row * self.units + unit))
            .map(|i| self.sum[i])
            .collect()
    }
}
