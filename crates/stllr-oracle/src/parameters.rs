//! What a layer learns, and the way of a gradient from the effective weights to the parameters.

use std::collections::BTreeMap;

use crate::layer::{Gradients, add};
use crate::standardise::{standardise, standardise_backward};

/// Parameters or gradients by name, each a flat row-major array.
pub type Tensors = BTreeMap<String, Vec<f64>>;

/// sum <- sum + more, by name; what the sum does not have yet begins at zero.
pub fn accumulate(sum: &mut Tensors, more: &Tensors) {
    for (name, values) in more {
        add(sum.entry(name.clone()).or_insert_with(|| vec![0.0; values.len()]), values);
    }
}

/// A weight matrix (or a convolution's filters): one row an output.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// How many rows there are.
    pub outputs: usize,
    /// `[outputs][fan_in]`; for a convolution `[channels out][channels in / groups][k][k]`.
    pub raw: Vec<f64>,
    /// Where the weights are standardised: how.
    pub standardisation: Option<Standardisation>,
}

/// The learned and the fixed part of weight standardisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Standardisation {
    /// One value an output.
    pub gain: Vec<f64>,
    /// Added to fan_in times variance; [`crate::standardise::EPSILON`] in the official code.
    pub epsilon: f64,
}

impl Weights {
    /// Weights that act as they are.
    pub fn plain(outputs: usize, raw: Vec<f64>) -> Self {
        assert_eq!(raw.len() % outputs, 0, "weights: the same number for each of {outputs} outputs");
        Self { outputs, raw, standardisation: None }
    }

    /// Weights that act standardised; `gain` has one value an output.
    pub fn standardised(raw: Vec<f64>, gain: Vec<f64>, epsilon: f64) -> Self {
        let outputs = gain.len();
        Self { standardisation: Some(Standardisation { gain, epsilon }), ..Self::plain(outputs, raw) }
    }

    /// The weights the layer computes with, in the shape of `raw`.
    pub fn effective(&self) -> Vec<f64> {
        match &self.standardisation {
            Some(Standardisation { gain, epsilon }) => standardise(&self.raw, gain, *epsilon),
            None => self.raw.clone(),
        }
    }

    /// A gradient with respect to the effective weights, taken to (raw weights, gain where there is one).
    pub fn backward(&self, gradient: &[f64]) -> (Vec<f64>, Option<Vec<f64>>) {
        match &self.standardisation {
            Some(Standardisation { gain, epsilon }) => {
                let (raw, gain) = standardise_backward(&self.raw, gain, *epsilon, gradient);
                (raw, Some(gain))
            }
            None => (gradient.to_vec(), None),
        }
    }
}

/// Everything a layer learns. Leaks, thresholds and the rule's factors are not learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// From the input.
    pub weight: Weights,
    /// From the layer's own spikes of the step before: `[post][pre]`, self-connections included.
    pub weight_rec: Option<Weights>,
    /// Added at every step; one value an output (a convolution: a channel).
    pub bias: Option<Vec<f64>>,
}

impl Parameters {
    /// A layer with these weights, without recurrence and bias.
    pub fn new(weight: Weights) -> Self {
        Self { weight, weight_rec: None, bias: None }
    }

    /// The same with recurrent weights, `[outputs][outputs]`.
    pub fn with_recurrence(self, weight_rec: Weights) -> Self {
        Self { weight_rec: Some(weight_rec), ..self }
    }

    /// The same with a bias.
    pub fn with_bias(self, bias: Vec<f64>) -> Self {
        Self { bias: Some(bias), ..self }
    }

    /// Copies of all parameters: `weight`, `gain`, `weight_rec`, `gain_rec`, `bias`, as far as the layer has them.
    pub fn tensors(&self) -> Tensors {
        let mut copy = self.clone();
        copy.tensors_mut().into_iter().map(|(name, values)| (name.to_owned(), std::mem::take(values))).collect()
    }

    /// The parameters under the names of [`Parameters::tensors`], to be changed.
    pub fn tensors_mut(&mut self) -> Vec<(&'static str, &mut Vec<f64>)> {
        let mut tensors = vec![];
        let Weights { raw, standardisation, .. } = &mut self.weight;
        tensors.push(("weight", raw));
        tensors.extend(standardisation.as_mut().map(|s| ("gain", &mut s.gain)));
        if let Some(Weights { raw, standardisation, .. }) = &mut self.weight_rec {
            tensors.push(("weight_rec", raw));
            tensors.extend(standardisation.as_mut().map(|s| ("gain_rec", &mut s.gain)));
        }
        tensors.extend(self.bias.as_mut().map(|bias| ("bias", bias)));
        tensors
    }

    /// Gradients of a layer (or a sum of them) taken through the standardisation: what the optimiser sees, under the
    /// names of [`Parameters::tensors`].
    pub fn backward(&self, gradients: &Gradients) -> Tensors {
        let mut tensors = Tensors::new();
        let (raw, gain) = self.weight.backward(&gradients.weight);
        tensors.insert("weight".into(), raw);
        tensors.extend(gain.map(|gain| ("gain".into(), gain)));
        if let (Some(weights), Some(gradient)) = (&self.weight_rec, &gradients.weight_rec) {
            let (raw, gain) = weights.backward(gradient);
            tensors.insert("weight_rec".into(), raw);
            tensors.extend(gain.map(|gain| ("gain_rec".into(), gain)));
        }
        tensors.extend(self.bias.as_ref().map(|_| ("bias".into(), gradients.bias.clone())));
        tensors
    }
}
