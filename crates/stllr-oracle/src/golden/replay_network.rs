//! A network file through the reference.

use super::deviations::Deviations;
use super::network_case::NetworkCase;
use crate::layer::{Connection, Readout, SpikingLayer};
use crate::network::Network;
use crate::parameters::Tensors;
use crate::training::Trainer;

impl NetworkCase {
    /// The reference with the file's parameters at the start, at rest.
    pub fn trainer(&self) -> Trainer {
        let connection = Connection::dense(self.inputs, self.hidden);
        let hidden = SpikingLayer::new(connection, self.hidden_parameters.clone(), self.neuron, self.factors);
        let Self { readout_parameters: parameters, readout_leak, readout_trace_decay, .. } = self.clone();
        let readout = Readout::new(parameters.weight, parameters.bias, readout_leak, readout_trace_decay);
        Trainer {
            network: Network::new(vec![hidden], readout, self.signal.clone(), self.batch),
            optimizer: self.optimizer.clone(),
            mode: self.mode,
            window: self.window,
        }
    }
}

/// Learns all sequences and compares every quantity of every step, gradients, and parameters after each optimiser step.
pub(super) fn replay(case: &NetworkCase) -> Deviations {
    let mut deviations = Deviations::default();
    let mut trainer = case.trainer();
    for sequence in &case.sequences {
        let input: Vec<&[f64]> = sequence.input.steps().collect();
        let record = trainer.sequence(&input, &sequence.labels);
        deviations.note("logits", &record.logits.concat(), &sequence.logits.values);
        deviations.note("hidden_spikes", &record.hidden_spikes.concat(), &sequence.hidden_spikes.values);
        let learn_steps: Vec<f64> = record.learn_steps.iter().map(|&t| t as f64).collect();
        deviations.note("learn_step", &learn_steps, &sequence.learn_steps);
        deviations.note("loss", &record.loss, &sequence.loss);
        if let (Some(gradients), Some(recorded)) = (&record.gradients, &sequence.gradients) {
            note_tensors(&mut deviations, "grads", gradients, recorded);
        }
        for (parameters, recorded) in record.parameters_after.iter().zip(&sequence.parameters_after) {
            note_tensors(&mut deviations, "params_after", parameters, recorded);
        }
    }
    deviations
}

fn note_tensors(deviations: &mut Deviations, field: &str, tensors: &Tensors, recorded: &Tensors) {
    for (name, recorded) in recorded {
        let ours = name.replacen("h.", "hidden0.", 1).replacen("o.", "readout.", 1);
        deviations.note(&format!("{field}.{name}"), &tensors[&ours], recorded);
    }
}
