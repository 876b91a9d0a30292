//! An optimiser's steps for one tensor: the reference's, and bounds on the core's.
//!
//! Both begin each step with the weights that the core has then, so that only what the optimiser remembers goes from one step
//! to the next. With u the unit of the gradient and r = 2^-24, what a packed number may lose of itself:
//!
//! ```text
//! decay        the factor's own rounding, and of the product half a unit, or a whole one where it is dithered
//! momentum     b' = momentum b + g: r (|momentum b| + |g|) + 3 * 2^-20 u
//! Adam, RMSprop   of m the same; of v, r v + 3 * 2^-24 u^2; of the quotient a part in 5,000
//! Rprop        half a unit of 2^-24 for each time that a step size changes
//! change       half a unit of 2^-28 (Rprop: exact), then to the weights' unit: half of it, or all of it where it is dithered
//! ```
//!
//! By Cauchy and Schwarz the quotient of Adam and RMSprop has a largest value, whatever the gradients. Where a gradient's sign
//! is not known, all between that and its negative is possible, and of Rprop nothing is known from there on.

use std::collections::BTreeMap;

use stllr_core::fixed::Factor;
use stllr_core::kernel::SUM_MAX;
use stllr_core::layer::Learning;
use stllr_core::noise::Rounding;
use stllr_core::optimizer::{CHANGE_BITS, ONE_BETA, Optimizer, STEP_BITS};
use stllr_oracle::golden::core::bound::Estimate;
use stllr_oracle::golden::core::factor_value;
use stllr_oracle::optim;

use crate::plan::real;

/// What a packed number may lose of itself.
const PACKED: f64 = 1.0 / (1 << 24) as f64;
/// What a quotient may be off, as a part of itself.
const QUOTIENT: f64 = 1.0 / 5000.0;
/// What is added to roots.
const EPSILON: f64 = 1e-8;

/// A factor in the reference and in the core.
#[derive(Clone, Copy)]
pub struct Pair {
    pub reference: f64,
    pub core: Factor,
}

impl Pair {
    pub fn new(core: Factor) -> Self {
        Self { reference: factor_value(core), core }
    }

    pub fn times(self, reference: f64, core: Factor) -> Self {
        Self { reference: self.reference * reference, core: self.core.times(core) }
    }

    pub fn estimate(self) -> Estimate {
        Estimate::between(self.reference, factor_value(self.core))
    }
}

/// What the core remembers of an element.
#[derive(Clone, Copy)]
struct Memory {
    /// A sum or mean of gradients; of Rprop the size of the step.
    first: Estimate,
    /// A mean of squares.
    second: Estimate,
    /// The sign of the gradient before, for Rprop; none where it is not known.
    sign: Option<f64>,
}

/// How a tensor is held.
#[derive(Clone, Copy)]
pub struct Held {
    /// Fraction bits of gradients and of the tensor.
    pub bits: u32,
    pub weight_bits: u32,
    /// Where it saturates, in its units.
    pub limit: i32,
    /// Is the gradient already what the core rounded to the tensor's unit?
    pub rounded: bool,
}

/// The optimiser of one tensor.
pub struct Steps {
    learning: Learning,
    rate: Pair,
    decay: Estimate,
    oracle: optim::Optimizer,
    memories: Vec<Memory>,
    updates: i32,
}

fn beta(word: u32) -> f64 {
    word as f64 / ONE_BETA as f64
}

fn rule(optimizer: Optimizer) -> optim::Rule {
    match optimizer {
        Optimizer::Sgd => optim::Rule::Sgd,
        Optimizer::Momentum { momentum, nesterov } => optim::Rule::Momentum { momentum: beta(momentum), nesterov },
        Optimizer::Adam { beta1, beta2 } => {
            optim::Rule::Adam { beta1: beta(beta1), beta2: beta(beta2), epsilon: EPSILON }
        }
        Optimizer::RmsProp { alpha } => optim::Rule::RmsProp { alpha: beta(alpha), epsilon: EPSILON },
        Optimizer::RProp { shrink, grow, least, most } => {
            let size = |word: u32| word as f64 / 2f64.powi(STEP_BITS as i32);
            let (eta_minus, eta_plus) = (beta(shrink), beta(grow));
            optim::Rule::Rprop { eta_minus, eta_plus, smallest: size(least), largest: size(most) }
        }
    }
}

impl Steps {
    /// `decay` comes with the rate where gradients do; these then come as changes.
    pub fn new(learning: &Learning, rate: Pair, decay: Pair, len: usize) -> Self {
        let of_oracle = if learning.optimizer.folds_rate() { 1.0 } else { rate.reference };
        let first = if matches!(learning.optimizer, Optimizer::RProp { .. }) {
            rate.estimate().widen(half(STEP_BITS))
        } else {
            Estimate::default()
        };
        let memory = Memory { first, second: Estimate::default(), sign: Some(0.0) };
        Self {
            learning: *learning,
            rate,
            decay: decay.estimate(),
            oracle: optim::Optimizer::new(rule(learning.optimizer), of_oracle).with_weight_decay(decay.reference),
            memories: vec![memory; len],
            updates: 0,
        }
    }

    /// One step from these values on: what they become in the reference, and the bounds.
    pub fn step(&mut self, before: &[f64], gradient: &[Estimate], held: Held) -> (Vec<f64>, Vec<Estimate>) {
        assert_eq!(before.len(), self.memories.len(), "one value an element");
        self.updates += 1;
        let name = || "it".to_owned();
        let mut parameters = BTreeMap::from([(name(), before.to_vec())]);
        let gradients = BTreeMap::from([(name(), gradient.iter().map(|g| g.value).collect())]);
        self.oracle.step(&mut parameters, &gradients);
        let mut after = parameters.remove("it").expect("the one tensor");
        // Where it saturates, both do: that brings two values no further apart.
        let limit = real(held.limit, held.weight_bits);
        after.iter_mut().for_each(|w| *w = w.clamp(-limit, limit));
        let bound = |(i, &after): (usize, &f64)| match self.element(i, before[i], gradient[i], held) {
            unknown if unknown.error.is_infinite() => Estimate { value: after, ..unknown },
            bound => bound,
        };
        let bounds = after.iter().enumerate().map(bound).collect();
        (after, bounds)
    }

    fn element(&mut self, i: usize, before: f64, gradient: Estimate, held: Held) -> Estimate {
        let (unit, optimizer) = (2f64.powi(-(held.bits as i32)), self.learning.optimizer);
        let last = if self.learning.rounding == Rounding::Nearest { 0.5 } else { 1.0 };
        let clip = |g: Estimate| g.clipped(SUM_MAX as f64 * unit);
        let mut g = clip(gradient);
        if self.decay.value != 0.0 && before != 0.0 {
            g = clip(g + (self.decay * Estimate::exact(before)).widen(last * unit));
        }
        let change = self.change(i, g, unit);
        let change_bits = optimizer.change_bits(held.bits);
        let change = change.clipped(SUM_MAX as f64 / 2f64.powi(change_bits as i32));
        let weight_unit = 2f64.powi(-(held.weight_bits as i32));
        let is_exact = held.rounded || change_bits <= held.weight_bits || change.magnitude() == 0.0;
        let after = Estimate::exact(before) - change.widen(if is_exact { 0.0 } else { last * weight_unit });
        let limit = held.limit as f64 * weight_unit;
        Estimate { value: after.value.clamp(-limit, limit), ..after }
    }

    /// What is subtracted, before it is rounded to the tensor's unit.
    fn change(&mut self, i: usize, g: Estimate, unit: f64) -> Estimate {
        let (rate, memory) = (self.rate.estimate(), &mut self.memories[i]);
        let followed = |mean: Estimate, keep: f64, take: f64| {
            let (kept, new) = (Estimate::exact(keep) * mean, Estimate::exact(take) * g);
            let lost = PACKED * (kept.magnitude() + new.magnitude()) + 3.0 * unit / f64::from(1 << 20);
            if (kept + new).magnitude() == 0.0 { kept + new } else { (kept + new).widen(lost) }
        };
        let squared = |mean: Estimate, keep: f64| {
            let sum = Estimate::exact(keep) * mean + Estimate::exact(1.0 - keep) * g * g;
            let lost = PACKED * sum.magnitude() + 3.0 * unit * unit * PACKED;
            if sum.magnitude() == 0.0 { sum } else { sum.widen(lost) }
        };
        match self.learning.optimizer {
            Optimizer::Sgd => g,
            Optimizer::Momentum { momentum, nesterov } => {
                memory.first = followed(memory.first, beta(momentum), 1.0);
                let ahead = if nesterov { followed(memory.first, beta(momentum), 1.0) } else { memory.first };
                if ahead.magnitude() == 0.0 { ahead } else { (rate * ahead).widen(half(CHANGE_BITS)) }
            }
            Optimizer::Adam { beta1, beta2 } => {
                let (beta1, beta2) = (beta(beta1), beta(beta2));
                memory.first = followed(memory.first, beta1, 1.0 - beta1);
                memory.second = squared(memory.second, beta2);
                let [rest1, rest2] = [beta1, beta2].map(|beta| 1.0 - beta.powi(self.updates));
                let terms: f64 = (0..self.updates).map(|k| (beta1 * beta1 / beta2).powi(k)).sum();
                let most = (1.0 - beta1) / rest1 * (terms * rest2 / (1.0 - beta2)).sqrt();
                let scale = |e: Estimate, by: f64| e * Estimate::exact(1.0 / by);
                quotient(rate, scale(memory.first, rest1), scale(memory.second, rest2), most)
            }
            Optimizer::RmsProp { alpha } => {
                memory.second = squared(memory.second, beta(alpha));
                quotient(rate, g.widen(PACKED * g.magnitude()), memory.second, 1.0 / (1.0 - beta(alpha)).sqrt())
            }
            Optimizer::RProp { shrink, grow, least, most } => {
                let sign = match g {
                    g if g.magnitude() == 0.0 => Some(0.0),
                    g if g.value.abs() > g.error => Some(g.value.signum()),
                    _ => None,
                };
                let (Some(sign), Some(before)) = (sign, memory.sign) else {
                    memory.sign = None;
                    return Estimate { value: 0.0, error: f64::INFINITY };
                };
                let turn = sign * before;
                let eta = [beta(shrink), 1.0, beta(grow)][(turn + 1.0) as usize];
                let size = |word: u32| word as f64 / 2f64.powi(STEP_BITS as i32);
                let step = Estimate::exact(eta) * memory.first;
                let step = step.widen(if turn == 0.0 { 0.0 } else { half(STEP_BITS) });
                memory.first = Estimate { value: step.value.clamp(size(least), size(most)), ..step };
                memory.sign = Some(if turn < 0.0 { 0.0 } else { sign });
                Estimate::exact(memory.sign.unwrap_or(0.0)) * memory.first
            }
        }
    }
}

/// Half a unit.
fn half(bits: u32) -> f64 {
    2f64.powi(-1 - bits as i32)
}

/// rate m / (sqrt(v) + epsilon), whose magnitude is at most rate times `most`.
fn quotient(rate: Estimate, mean: Estimate, square: Estimate, most: f64) -> Estimate {
    if mean.magnitude() == 0.0 {
        return mean;
    }
    let root = |v: f64| v.max(0.0).sqrt() + EPSILON;
    let value = mean.value / root(square.value);
    let (low, high) = (root(square.value - square.error), root(square.magnitude()));
    let by = |m: f64, up: bool| (m / if (m > 0.0) == up { low } else { high }).clamp(-most, most);
    let (least, largest) = (by(mean.value - mean.error, false), by(mean.value + mean.error, true));
    let error = (value - least).max(largest - value).max(0.0);
    (rate * Estimate { value, error: error + QUOTIENT * (value.abs() + error) }).widen(half(CHANGE_BITS))
}
