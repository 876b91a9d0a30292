//! Learning from whole sequences: the learning window, and when the optimiser steps.

use crate::layer::add;
use crate::network::Network;
use crate::optim::Optimizer;
use crate::parameters::{Tensors, accumulate};

/// When the parameters change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Gradients add over the learning steps; the optimiser steps once, at the end of the sequence.
    Sequence,
    /// The optimiser steps at every learning step, and the next step runs with the new parameters.
    Online,
}

/// A network with all it takes to learn from sequences.
#[derive(Clone, Debug)]
pub struct Trainer {
    /// What learns.
    pub network: Network,
    /// How gradients change it; its moments last over sequences.
    pub optimizer: Optimizer,
    /// When they do.
    pub mode: Mode,
    /// How many of the last steps of a sequence are learned from (`delay_ls` in the official code).
    pub window: usize,
}

/// Everything that happened in one sequence of T steps.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The readout's membranes, `[T]` of `[batch][classes]`.
    pub logits: Vec<Vec<f64>>,
    /// Spikes of the lowest spiking layer, `[T]` of `[batch][outputs]`.
    pub hidden_spikes: Vec<Vec<f64>>,
    /// The steps that were learned from, counted from 0.
    pub learn_steps: Vec<usize>,
    /// The loss at each of them.
    pub loss: Vec<f64>,
    /// In sequence mode the gradients summed over them, as the optimiser got them.
    pub gradients: Option<Tensors>,
    /// The parameters after each step of the optimiser.
    pub parameters_after: Vec<Tensors>,
}

impl Trainer {
    /// Learns one batch of sequences from rest: `input` has `[batch][inputs]` for each step, `labels` is `[batch]`.
    pub fn sequence(&mut self, input: &[&[f64]], labels: &[usize]) -> Record {
        let mut record = Record::default();
        self.network.reset();
        for (t, x) in input.iter().enumerate() {
            self.network.step(x);
            record.logits.push(self.network.logits());
            record.hidden_spikes.push(self.network.hidden_spikes(0));
            if input.len() - t <= self.window {
                let learned = self.network.gradients(labels);
                record.learn_steps.push(t);
                record.loss.push(learned.loss);
                match self.mode {
                    Mode::Online => record.parameters_after.push(self.optimise(&learned.gradients)),
                    Mode::Sequence => accumulate(record.gradients.get_or_insert_default(), &learned.gradients),
                }
            }
        }
        if let Some(gradients) = &record.gradients {
            record.parameters_after.push(self.optimise(gradients));
        }
        record
    }

    fn optimise(&mut self, gradients: &Tensors) -> Tensors {
        let mut parameters = self.network.parameters();
        self.optimizer.step(&mut parameters, gradients);
        self.network.set_parameters(&parameters);
        parameters
    }
}

/// The class with the largest sum of logits over all steps: the official code's prediction (fact 13). `logits` is one
/// sequence's, `[T]` of `[classes]`; the first of equal sums wins.
pub fn predict(logits: &[&[f64]]) -> usize {
    let mut sums = vec![0.0; logits[0].len()];
    logits.iter().for_each(|step| add(&mut sums, step));
    (0..sums.len()).fold(0, |best, class| if sums[class] > sums[best] { class } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Factors;
    use crate::layer::{Connection, Readout, SpikingLayer};
    use crate::network::Signal;
    use crate::neuron::{Neuron, Reset};
    use crate::parameters::{Parameters, Weights};
    use crate::psi::Psi;

    fn trainer(mode: Mode, window: usize) -> Trainer {
        let neuron = Neuron { leak: 0.5, threshold: 1.0, reset: Reset::Soft, psi: Psi::Tri };
        let factors = Factors { lambda_post: 0.5, lambda_pre: 0.5, alpha_post: 0.0, alpha_pre: 1.0 };
        let parameters = Parameters::new(Weights::plain(1, vec![1.5]));
        let hidden = SpikingLayer::new(Connection::dense(1, 1), parameters, neuron, factors);
        let readout = Readout::new(Weights::plain(2, vec![0.5, -0.5]), Some(vec![0.0; 2]), 0.5, 0.5);
        let network = Network::new(vec![hidden], readout, Signal::Bp, 1);
        Trainer { network, optimizer: Optimizer::sgd(0.1), mode, window }
    }

    const INPUT: [&[f64]; 4] = [&[1.0], &[0.0], &[1.0], &[1.0]];

    #[test]
    fn only_the_last_steps_are_learned_from() {
        let record = trainer(Mode::Sequence, 2).sequence(&INPUT, &[0]);
        assert_eq!(record.learn_steps, [2, 3]);
        assert_eq!((record.loss.len(), record.parameters_after.len()), (2, 1));
        assert_eq!(trainer(Mode::Sequence, 9).sequence(&INPUT, &[0]).learn_steps, [0, 1, 2, 3]);
        let nothing = trainer(Mode::Sequence, 0).sequence(&INPUT, &[0]);
        assert!(nothing.learn_steps.is_empty() && nothing.parameters_after.is_empty());
    }

    #[test]
    fn the_modes_differ_once_a_parameter_has_changed() {
        let sequence = trainer(Mode::Sequence, 2).sequence(&INPUT, &[0]);
        let online = trainer(Mode::Online, 2).sequence(&INPUT, &[0]);
        assert_eq!(online.parameters_after.len(), 2);
        assert!(online.gradients.is_none());
        assert_eq!(sequence.loss[0], online.loss[0]);
        assert!(online.loss[1] < sequence.loss[1]);
        // one learning step: the two modes are the same
        let sequence = trainer(Mode::Sequence, 1).sequence(&INPUT, &[0]);
        let online = trainer(Mode::Online, 1).sequence(&INPUT, &[0]);
        assert_eq!(sequence.parameters_after, online.parameters_after);
    }

    #[test]
    fn the_prediction_is_the_largest_sum() {
        assert_eq!(predict(&[&[1.0, 0.0, 0.5], &[0.0, 2.0, 0.5], &[0.5, 0.0, 0.9]]), 1);
        assert_eq!(predict(&[&[1.0, 1.0]]), 0);
    }
}
