//! A network: spiking layers and a readout, and the learning signal of one time step.

use crate::graph::project;
use crate::layer::{Gradients, Readout, SpikingLayer};
use crate::loss::{cross_entropy, output_error};
use crate::parameters::{Parameters, Tensors};

/// How the error at the readout reaches the spiking layers, always at the same step (fact 12).
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// Spatial back-propagation: through the readout's W^T, then through W_eff^T and psi of each layer above.
    Bp,
    /// Direct feedback alignment: error times a fixed matrix, `[classes][outputs of the layer]`, one a spiking layer.
    /// The error is that of one sequence, not divided by the size of the batch.
    Dfa(Vec<Vec<f64>>),
}

/// A network with a state for each sequence of a batch; all share the parameters.
#[derive(Clone, Debug)]
pub struct Network {
    lanes: Vec<Lane>,
    signal: Signal,
}

/// The layers and their state for one sequence of the batch.
#[derive(Clone, Debug)]
struct Lane {
    hidden: Vec<SpikingLayer>,
    readout: Readout,
}

/// What one learning step gives.
#[derive(Clone, Debug)]
pub struct Learned {
    /// Cross-entropy of the readout's membranes, mean over the batch.
    pub loss: f64,
    /// Gradients of all parameters, summed over the batch, under the names of [`Network::parameters`].
    pub gradients: Tensors,
}

impl Network {
    /// A network at rest for `batch` sequences at once. Each layer's outputs are the next one's inputs.
    pub fn new(hidden: Vec<SpikingLayer>, readout: Readout, signal: Signal, batch: usize) -> Self {
        if let Signal::Dfa(feedback) = &signal {
            assert_eq!(feedback.len(), hidden.len(), "feedback: one matrix a spiking layer");
            for (layer, matrix) in hidden.iter().zip(feedback) {
                let size = readout.membrane().len() * layer.neurons().count();
                assert_eq!(matrix.len(), size, "feedback: classes times outputs of the layer");
            }
        }
        let mut lane = Lane { hidden, readout };
        lane.reset();
        Self { lanes: vec![lane; batch], signal }
    }

    /// One time step with the inputs `[batch][inputs]`.
    pub fn step(&mut self, input: &[f64]) {
        let width = input.len() / self.lanes.len();
        assert_eq!(input.len(), width * self.lanes.len(), "input: the same number for each sequence");
        for (lane, input) in self.lanes.iter_mut().zip(input.chunks_exact(width)) {
            lane.step(input);
        }
    }

    /// Loss and gradients of the last step for the labels `[batch]`. Changes nothing.
    ///
    /// The readout's own signal is (softmax - onehot) / batch; see [`Signal`] for the layers below.
    pub fn gradients(&self, labels: &[usize]) -> Learned {
        assert_eq!(labels.len(), self.lanes.len(), "labels: one a sequence");
        let mut loss = 0.0;
        let mut sums: Option<Vec<Gradients>> = None;
        for (lane, &label) in self.lanes.iter().zip(labels) {
            loss += cross_entropy(lane.readout.membrane(), label) / labels.len() as f64;
            let gradients = lane.gradients(label, labels.len(), &self.signal);
            match &mut sums {
                None => sums = Some(gradients),
                Some(sums) => sums.iter_mut().zip(&gradients).for_each(|(sum, more)| sum.add(more)),
            }
        }
        let sums = sums.expect("a batch has at least one sequence");
        let mut gradients = Tensors::new();
        for ((prefix, parameters), sum) in self.lanes[0].layers().zip(&sums) {
            let named = parameters.backward(sum).into_iter();
            gradients.extend(named.map(|(name, values)| (format!("{prefix}.{name}"), values)));
        }
        Learned { loss, gradients }
    }

    /// All state back to zero; the parameters stay.
    pub fn reset(&mut self) {
        self.lanes.iter_mut().for_each(Lane::reset);
    }

    /// Copies of all parameters: `hidden0.weight`, `hidden0.gain`, ..., `readout.weight`, `readout.bias`.
    pub fn parameters(&self) -> Tensors {
        let mut all = Tensors::new();
        for (prefix, parameters) in self.lanes[0].layers() {
            let named = parameters.tensors().into_iter();
            all.extend(named.map(|(name, values)| (format!("{prefix}.{name}"), values)));
        }
        all
    }

    /// Other values for all parameters, from the next step on; membranes and traces stay.
    pub fn set_parameters(&mut self, tensors: &Tensors) {
        let changed = |prefix: &str, parameters: &Parameters| {
            let mut parameters = parameters.clone();
            for (name, values) in parameters.tensors_mut() {
                values.clone_from(&tensors[&format!("{prefix}.{name}")]);
            }
            parameters
        };
        for lane in &mut self.lanes {
            for (i, layer) in lane.hidden.iter_mut().enumerate() {
                layer.set_parameters(changed(&hidden_name(i), layer.parameters()));
            }
            lane.readout.set_parameters(changed(READOUT, lane.readout.parameters()));
        }
    }

    /// How many sequences run at once.
    pub fn batch(&self) -> usize {
        self.lanes.len()
    }

    /// The spiking layers, lowest first, with the state of one sequence.
    pub fn hidden(&self, sequence: usize) -> &[SpikingLayer] {
        &self.lanes[sequence].hidden
    }

    /// The readout with the state of one sequence.
    pub fn readout(&self, sequence: usize) -> &Readout {
        &self.lanes[sequence].readout
    }

    /// The readout's membranes, `[batch][classes]`.
    pub fn logits(&self) -> Vec<f64> {
        self.lanes.iter().flat_map(|lane| lane.readout.membrane()).copied().collect()
    }

    /// Spikes of the spiking layer at `layer`, `[batch][outputs]`.
    pub fn hidden_spikes(&self, layer: usize) -> Vec<f64> {
        self.lanes.iter().flat_map(|lane| lane.hidden[layer].neurons().spikes()).copied().collect()
    }
}

const READOUT: &str = "readout";

fn hidden_name(i: usize) -> String {
    format!("hidden{i}")
}

impl Lane {
    fn step(&mut self, input: &[f64]) {
        let mut x = input;
        for layer in &mut self.hidden {
            x = layer.step(x);
        }
        self.readout.step(x);
    }

    /// Gradients of one sequence's step: the spiking layers, lowest first, then the readout.
    fn gradients(&self, label: usize, batch: usize, signal: &Signal) -> Vec<Gradients> {
        let error = output_error(self.readout.membrane(), label);
        let mean_error: Vec<f64> = error.iter().map(|e| e / batch as f64).collect();
        let mut from_top = vec![self.readout.gradients(&mean_error)];
        for (i, layer) in self.hidden.iter().enumerate().rev() {
            let above = &from_top[from_top.len() - 1];
            let gradients = match signal {
                Signal::Bp => layer.gradients(&above.input),
                Signal::Dfa(feedback) => layer.gradients(&project(&error, &feedback[i])),
            };
            from_top.push(gradients);
        }
        from_top.reverse();
        from_top
    }

    fn layers(&self) -> impl Iterator<Item = (String, &Parameters)> {
        let hidden = self.hidden.iter().enumerate().map(|(i, layer)| (hidden_name(i), layer.parameters()));
        hidden.chain([(READOUT.to_owned(), self.readout.parameters())])
    }

    fn reset(&mut self) {
        self.hidden.iter_mut().for_each(SpikingLayer::reset);
        self.readout.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Factors;
    use crate::layer::Connection;
    use crate::neuron::{Neuron, Reset};
    use crate::parameters::Weights;
    use crate::psi::Psi;

    const NEURON: Neuron = Neuron { leak: 0.5, threshold: 1.0, reset: Reset::Soft, psi: Psi::Tri };
    const FACTORS: Factors = Factors { lambda_post: 0.5, lambda_pre: 0.5, alpha_post: 0.0, alpha_pre: 1.0 };

    /// One input, one or two hidden neurons in a chain, two classes with weights 1 and -1.
    fn chain(hidden: usize, signal: Signal, batch: usize) -> Network {
        let layer = || {
            SpikingLayer::new(Connection::dense(1, 1), Parameters::new(Weights::plain(1, vec![1.5])), NEURON, FACTORS)
        };
        let readout = Readout::new(Weights::plain(2, vec![1.0, -1.0]), None, 0.5, 0.5);
        Network::new((0..hidden).map(|_| layer()).collect(), readout, signal, batch)
    }

    #[test]
    fn back_propagation_is_spatial() {
        let mut network = chain(2, Signal::Bp, 1);
        network.step(&[1.0]);
        assert_eq!(network.logits(), [1.0, -1.0]);
        let learned = network.gradients(&[0]);
        // error (-q, q) with q = softmax of the other class; the signal for the upper layer is -2 q, psi is 0.15
        let q = 1.0 / (1.0 + 2f64.exp());
        assert!((learned.loss - (1.0 + (-2f64).exp()).ln()).abs() < 1e-15);
        assert!((learned.gradients["readout.weight"][1] - q).abs() < 1e-15);
        assert!((learned.gradients["hidden1.weight"][0] + 2.0 * q * 0.15).abs() < 1e-15);
        assert!((learned.gradients["hidden0.weight"][0] + 2.0 * q * 0.15 * 1.5 * 0.15).abs() < 1e-15);
    }

    #[test]
    fn feedback_alignment_does_not_divide_by_the_batch() {
        let feedback = Signal::Dfa(vec![vec![3.0, 5.0]]);
        let mut network = chain(1, feedback, 2);
        network.step(&[1.0, 1.0]);
        let learned = network.gradients(&[0, 0]);
        let q = 1.0 / (1.0 + 2f64.exp());
        assert!((learned.gradients["hidden0.weight"][0] - 2.0 * 2.0 * q * 0.15).abs() < 1e-15);
        assert!((learned.gradients["readout.weight"][1] - q).abs() < 1e-15);
    }

    #[test]
    fn reset_forgets_the_state_and_set_parameters_keeps_it() {
        let mut network = chain(1, Signal::Bp, 1);
        network.step(&[1.0]);
        let mut parameters = network.parameters();
        parameters.get_mut("hidden0.weight").expect("a weight")[0] = 0.25;
        network.set_parameters(&parameters);
        assert_eq!(network.hidden(0)[0].neurons().membrane_after_reset(), [0.5]);
        network.step(&[1.0]);
        assert_eq!(network.hidden(0)[0].neurons().membrane_after_reset(), [0.5]);
        assert_eq!(network.parameters(), parameters);
        network.reset();
        assert_eq!(network.logits(), [0.0, 0.0]);
        assert_eq!(network.hidden(0)[0].trace_in(), [0.0]);
    }
}
