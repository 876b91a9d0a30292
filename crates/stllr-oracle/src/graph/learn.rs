//! The gradients of a step.

use super::{Graph, Map, Signal, maps};
use crate::layer::{Gradients, add};
use crate::loss::Loss;
use crate::parameters::Tensors;

/// What one learning step gives.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The loss at the readout.
    pub loss: f64,
    /// The learning signal at each node's outputs, the input's at 0. With [`Signal::Bp`] every node has one, zeros where
    /// no way leads to the readout; else only spiking layers and the readout.
    pub signals: Vec<Option<Vec<f64>>>,
    /// Gradients with respect to the effective weights, for each node that learns; index as in `signals`.
    pub gradients: Vec<Option<Gradients>>,
    /// Gradients of all parameters, through the standardisation, under the names of [`Graph::parameters`].
    pub parameters: Tensors,
}

impl Graph {
    /// Loss and gradients of the last step. Changes nothing.
    pub fn gradients(&self, loss: &Loss<'_>) -> Learned {
        let mut learned = Learned {
            loss: loss.value(self.logits()),
            signals: self.direct_signals(loss),
            gradients: vec![None; self.values.len()],
            parameters: Tensors::new(),
        };
        for i in (1..=self.last()).rev() {
            let node = self.node(i);
            let Some(signal) = &learned.signals[i] else { continue };
            let inputs: Vec<Map<'_>> = maps(&node.from, &self.shapes, &self.values).collect();
            let backward = node.operation.backward(&inputs, signal);
            if self.signal == Signal::Bp {
                for (&from, signal) in node.from.iter().zip(&backward.inputs) {
                    learned.signals[from].iter_mut().for_each(|sum| add(sum, signal));
                }
            }
            if let (Some(parameters), Some(gradients)) = (node.operation.parameters(), &backward.gradients) {
                let named = parameters.backward(gradients).into_iter();
                learned.parameters.extend(named.map(|(name, values)| (format!("{}.{name}", self.name(i)), values)));
            }
            learned.gradients[i] = backward.gradients;
        }
        learned
    }

    /// The signals that are there before any passes down: the readout's error, and what reaches spiking layers directly.
    /// Zeros for all other nodes of a graph in which signals pass down.
    fn direct_signals(&self, loss: &Loss<'_>) -> Vec<Option<Vec<f64>>> {
        let error = loss.gradient(self.logits());
        let zeros = |values: &Vec<f64>| (self.signal == Signal::Bp).then(|| vec![0.0; values.len()]);
        let mut signals: Vec<Option<Vec<f64>>> = self.values.iter().map(zeros).collect();
        for (layer, node) in self.spiking().enumerate() {
            let direct = self.signal.direct(layer, loss, &error, self.classifier(layer));
            signals[node] = direct.or(signals[node].take());
        }
        signals[self.last()] = Some(error);
        signals
    }
}
