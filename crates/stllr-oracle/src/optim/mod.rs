//! Optimisers and schedules of the rate, as `torch.optim` defines them.
//!
//! Every rule first adds the weight decay to the gradient, g <- g + decay p (L2; `torch.optim.Rprop` has no such option).

mod schedule;

use crate::parameters::Tensors;
use std::collections::BTreeMap;

pub use schedule::Schedule;

/// How a gradient g changes a parameter p. All state begins with zeros.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// p <- p - rate g.
    Sgd,
    /// The gradient has inertia; its first value counts in full:
    ///
    /// ```text
    /// b <- momentum b + g
    /// p <- p - rate b            Nesterov: p <- p - rate (g + momentum b)
    /// ```
    Momentum {
        /// At least 0 and below 1; 0.9 is usual.
        momentum: f64,
        /// Whether the step looks ahead.
        nesterov: bool,
    },
    /// ```text
    /// m <- beta1 m + (1 - beta1) g        v <- beta2 v + (1 - beta2) g^2
    /// p <- p - rate (m / (1 - beta1^k)) / (sqrt(v / (1 - beta2^k)) + epsilon)        at the k-th step
    /// ```
    Adam {
        /// 0.9 by default.
        beta1: f64,
        /// 0.999 by default.
        beta2: f64,
        /// 1e-8 by default.
        epsilon: f64,
    },
    /// ```text
    /// v <- alpha v + (1 - alpha) g^2
    /// p <- p - rate g / (sqrt(v) + epsilon)
    /// ```
    RmsProp {
        /// 0.99 by default.
        alpha: f64,
        /// 1e-8 by default.
        epsilon: f64,
    },
    /// Every value has a step size s of its own, which begins at the rate and knows only signs:
    ///
    /// ```text
    /// s <- clamp(s f),  f = eta_plus where g has the sign of the step before, eta_minus where it has the other,
    ///                       1 where one of them is 0
    /// g <- 0 where it has the other sign
    /// p <- p - sign(g) s
    /// ```
    Rprop {
        /// Below 1; 0.5 by default.
        eta_minus: f64,
        /// Above 1; 1.2 by default.
        eta_plus: f64,
        /// Smallest step size; 1e-6 by default.
        smallest: f64,
        /// Largest step size; 50 by default.
        largest: f64,
    },
}

/// Turns gradients into a change of the parameters; what it remembers is kept by the parameter's name.
#[derive(Clone, Debug)]
pub struct Optimizer {
    rule: Rule,
    rate: f64,
    weight_decay: f64,
    memories: BTreeMap<String, Memory>,
}

/// What is known of one parameter's steps before.
#[derive(Clone, Debug)]
struct Memory {
    steps: i32,
    /// One pair a value: (b, -), (m, v), (-, v) or (gradient before, s), as the rule has it.
    values: Vec<[f64; 2]>,
}

impl Optimizer {
    /// Any rule, without weight decay.
    pub fn new(rule: Rule, rate: f64) -> Self {
        Self { rule, rate, weight_decay: 0.0, memories: BTreeMap::new() }
    }

    /// Plain gradient descent.
    pub fn sgd(rate: f64) -> Self {
        Self::new(Rule::Sgd, rate)
    }

    /// Gradient descent with momentum.
    pub fn momentum(rate: f64, momentum: f64) -> Self {
        Self::new(Rule::Momentum { momentum, nesterov: false }, rate)
    }

    /// Gradient descent with Nesterov's momentum.
    pub fn nesterov(rate: f64, momentum: f64) -> Self {
        Self::new(Rule::Momentum { momentum, nesterov: true }, rate)
    }

    /// Adam; the usual constants are 0.9, 0.999 and 1e-8.
    pub fn adam(rate: f64, beta1: f64, beta2: f64, epsilon: f64) -> Self {
        Self::new(Rule::Adam { beta1, beta2, epsilon }, rate)
    }

    /// RMSprop, neither centred nor with momentum; the usual constants are 0.99 and 1e-8.
    pub fn rmsprop(rate: f64, alpha: f64, epsilon: f64) -> Self {
        Self::new(Rule::RmsProp { alpha, epsilon }, rate)
    }

    /// Rprop with the usual constants; `rate` is the first step size.
    pub fn rprop(rate: f64) -> Self {
        Self::new(Rule::Rprop { eta_minus: 0.5, eta_plus: 1.2, smallest: 1e-6, largest: 50.0 }, rate)
    }

    /// The same with weight decay, at least 0.
    pub fn with_weight_decay(self, weight_decay: f64) -> Self {
        Self { weight_decay, ..self }
    }

    /// Another rate from the next step on; what is remembered stays. Rprop only takes it for parameters it has not seen.
    pub fn set_rate(&mut self, rate: f64) {
        self.rate = rate;
    }

    /// One step. Every gradient changes the parameter of the same name and length; other parameters stay.
    pub fn step(&mut self, parameters: &mut Tensors, gradients: &Tensors) {
        let Self { rule, rate, weight_decay, memories } = self;
        for (name, gradient) in gradients {
            let parameter = parameters.get_mut(name).unwrap_or_else(|| panic!("{name}: no parameter of this name"));
            assert_eq!(parameter.len(), gradient.len(), "{name}: one gradient a value");
            let first = rule.memory(*rate);
            let memory = memories.entry(name.clone());
            let memory = memory.or_insert_with(|| Memory { steps: 0, values: vec![first; gradient.len()] });
            memory.steps += 1;
            for ((p, g), remembered) in parameter.iter_mut().zip(gradient).zip(&mut memory.values) {
                *p -= rule.change(*rate, g + *weight_decay * *p, remembered, memory.steps);
            }
        }
    }
}

impl Rule {
    /// What is remembered before the first step.
    fn memory(self, rate: f64) -> [f64; 2] {
        match self {
            Rule::Rprop { .. } => [0.0, rate],
            Rule::Sgd | Rule::Momentum { .. } | Rule::Adam { .. } | Rule::RmsProp { .. } => [0.0; 2],
        }
    }

    /// What is subtracted from the parameter at the k-th step.
    fn change(self, rate: f64, g: f64, [a, b]: &mut [f64; 2], k: i32) -> f64 {
        match self {
            Rule::Sgd => rate * g,
            Rule::Momentum { momentum, nesterov } => {
                *a = momentum * *a + g;
                rate * if nesterov { g + momentum * *a } else { *a }
            }
            Rule::Adam { beta1, beta2, epsilon } => {
                *a = beta1 * *a + (1.0 - beta1) * g;
                *b = beta2 * *b + (1.0 - beta2) * g * g;
                rate * (*a / (1.0 - beta1.powi(k))) / ((*b / (1.0 - beta2.powi(k))).sqrt() + epsilon)
            }
            Rule::RmsProp { alpha, epsilon } => {
                *b = alpha * *b + (1.0 - alpha) * g * g;
                rate * g / (b.sqrt() + epsilon)
            }
            Rule::Rprop { eta_minus, eta_plus, smallest, largest } => {
                let turned = *a * g < 0.0;
                let factor = if turned {
                    eta_minus
                } else if *a * g > 0.0 {
                    eta_plus
                } else {
                    1.0
                };
                *b = (*b * factor).clamp(smallest, largest);
                *a = if turned { 0.0 } else { g };
                if *a == 0.0 { 0.0 } else { a.signum() * *b }
            }
        }
    }
}

#[cfg(test)]
mod tests;
