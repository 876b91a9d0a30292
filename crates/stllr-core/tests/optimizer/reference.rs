//! Optimisers in float64: the definitions of `torch.optim`, in its order of operations.

use stllr_core::fixed::Factor;
use stllr_core::optimizer::{Moments, ONE_BETA, Optimizer, STEP_BITS};

pub const MOMENTUM: Optimizer = Optimizer::Momentum { momentum: 966_367_642, nesterov: false };
pub const NESTEROV: Optimizer = Optimizer::Momentum { momentum: 966_367_642, nesterov: true };
pub const ALL: [Optimizer; 5] = [MOMENTUM, NESTEROV, Optimizer::ADAM, Optimizer::RMSPROP, Optimizer::RPROP];

pub fn factor(value: f64) -> Factor {
    if value == 0.0 {
        return Factor::ZERO;
    }
    let exponent = value.log2().floor() as i32 + 1;
    Factor { mantissa: (value * 2f64.powi(15 - exponent)).round() as i32, exponent }
}

pub fn value(factor: Factor) -> f64 {
    factor.mantissa as f64 * 2f64.powi(factor.exponent - 15)
}

pub fn beta(word: u32) -> f64 {
    word as f64 / ONE_BETA as f64
}

/// One weight's optimiser in float64.
#[derive(Default)]
pub struct Reference {
    updates: i32,
    first: f64,
    second: f64,
    last: f64,
}

impl Reference {
    pub fn change(&mut self, optimizer: Optimizer, g: f64, rate: f64) -> f64 {
        const EPSILON: f64 = 1e-8;
        self.updates += 1;
        match optimizer {
            Optimizer::Sgd => rate * g,
            Optimizer::Momentum { momentum, nesterov } => {
                self.first = beta(momentum) * self.first + g;
                rate * if nesterov { g + beta(momentum) * self.first } else { self.first }
            }
            Optimizer::Adam { beta1, beta2 } => {
                let (beta1, beta2) = (beta(beta1), beta(beta2));
                self.first += (g - self.first) * (1.0 - beta1);
                self.second = self.second * beta2 + (1.0 - beta2) * g * g;
                let (correction1, correction2) = (1.0 - beta1.powi(self.updates), 1.0 - beta2.powi(self.updates));
                rate / correction1 * self.first / (self.second.sqrt() / correction2.sqrt() + EPSILON)
            }
            Optimizer::RmsProp { alpha } => {
                self.second = self.second * beta(alpha) + (1.0 - beta(alpha)) * g * g;
                rate * g / (self.second.sqrt() + EPSILON)
            }
            Optimizer::RProp { shrink, grow, least, most } => {
                let step = if self.updates == 1 { rate } else { self.first };
                let turn = g * self.last;
                let eta = if turn > 0.0 {
                    beta(grow)
                } else if turn < 0.0 {
                    beta(shrink)
                } else {
                    1.0
                };
                let unit = 2f64.powi(STEP_BITS as i32);
                self.first = (step * eta).clamp(least as f64 / unit, most as f64 / unit);
                self.last = if turn < 0.0 || g == 0.0 { 0.0 } else { g.signum() };
                self.last * self.first
            }
        }
    }
}

/// Changes of one weight for a row of gradients in units of 2^-bits, beside the reference's.
pub fn both(optimizer: Optimizer, gradients: &[i32], bits: u32, rate: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
    let (mut moments, mut reference) = (Moments::new(optimizer, 1), Reference::default());
    let mut pairs = Vec::new();
    for (k, &gradient) in gradients.iter().enumerate() {
        let rate = factor(rate(k));
        moments.begin_update(rate, bits);
        let mut change = [gradient];
        moments.change(0, &mut change);
        let real = change[0] as f64 * 2f64.powi(-(optimizer.change_bits(bits) as i32));
        pairs.push((real, reference.change(optimizer, gradient as f64 * 2f64.powi(-(bits as i32)), value(rate))));
    }
    pairs
}
