//! Optimisers: plain gradient descent and Adam.

use crate::parameters::Tensors;

/// Turns gradients into a change of the parameters.
#[derive(Clone, Debug)]
pub enum Optimizer {
    /// p <- p - rate g.
    Sgd {
        /// Learning rate.
        rate: f64,
    },
    /// Adam without weight decay.
    Adam(Adam),
}

/// Adam's constants and its moments, kept by the parameter's name:
///
/// ```text
/// m <- beta1 m + (1 - beta1) g        v <- beta2 v + (1 - beta2) g^2
/// p <- p - rate (m / (1 - beta1^k)) / (sqrt(v / (1 - beta2^k)) + epsilon)        at the k-th step
/// ```
#[derive(Clone, Debug)]
pub struct Adam {
    rate: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    steps: i32,
    first: Tensors,
    second: Tensors,
}

impl Optimizer {
    /// Plain gradient descent.
    pub fn sgd(rate: f64) -> Self {
        Self::Sgd { rate }
    }

    /// Adam; the usual constants are 0.9, 0.999 and 1e-8.
    pub fn adam(rate: f64, beta1: f64, beta2: f64, epsilon: f64) -> Self {
        let (first, second) = (Tensors::new(), Tensors::new());
        Self::Adam(Adam { rate, beta1, beta2, epsilon, steps: 0, first, second })
    }

    /// One step. Every gradient changes the parameter of the same name and length; other parameters stay.
    pub fn step(&mut self, parameters: &mut Tensors, gradients: &Tensors) {
        if let Self::Adam(adam) = self {
            adam.steps += 1;
        }
        for (name, gradient) in gradients {
            let parameter = parameters.get_mut(name).unwrap_or_else(|| panic!("{name}: no parameter of this name"));
            assert_eq!(parameter.len(), gradient.len(), "{name}: one gradient a value");
            match self {
                Self::Sgd { rate } => parameter.iter_mut().zip(gradient).for_each(|(p, g)| *p -= *rate * g),
                Self::Adam(adam) => adam.change(name, parameter, gradient),
            }
        }
    }
}

impl Adam {
    fn change(&mut self, name: &str, parameter: &mut [f64], gradient: &[f64]) {
        let zeros = || vec![0.0; gradient.len()];
        let first = self.first.entry(name.to_owned()).or_insert_with(zeros);
        let second = self.second.entry(name.to_owned()).or_insert_with(zeros);
        let (correct1, correct2) = (1.0 - self.beta1.powi(self.steps), 1.0 - self.beta2.powi(self.steps));
        for (i, g) in gradient.iter().enumerate() {
            first[i] = self.beta1 * first[i] + (1.0 - self.beta1) * g;
            second[i] = self.beta2 * second[i] + (1.0 - self.beta2) * g * g;
            parameter[i] -= self.rate * (first[i] / correct1) / ((second[i] / correct2).sqrt() + self.epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors(values: &[f64]) -> Tensors {
        Tensors::from([("w".to_owned(), values.to_vec())])
    }

    #[test]
    fn sgd_goes_down_the_gradient() {
        let mut parameters = tensors(&[1.0, 2.0]);
        Optimizer::sgd(0.5).step(&mut parameters, &tensors(&[1.0, -4.0]));
        assert_eq!(parameters["w"], [0.5, 4.0]);
    }

    #[test]
    fn adam_takes_a_first_step_of_the_rate_whatever_the_gradient() {
        let mut parameters = tensors(&[0.0, 0.0]);
        let mut adam = Optimizer::adam(0.01, 0.9, 0.999, 0.0);
        adam.step(&mut parameters, &tensors(&[3.0, -1e-3]));
        assert!((parameters["w"][0] + 0.01).abs() < 1e-15);
        assert!((parameters["w"][1] - 0.01).abs() < 1e-15);
        // second step by hand: m = 0.27 / 0.19, v = 0.008991 / 0.001999
        adam.step(&mut parameters, &tensors(&[0.0, -1e-3]));
        let expected = -0.01 - 0.01 * (0.27 / 0.19) / (0.008991f64 / 0.001999).sqrt();
        assert!((parameters["w"][0] - expected).abs() < 1e-12);
    }
}
