//! Hashes of a network's weights and of all its state.

use super::Network;
use crate::hash::Hash;

impl Network {
    /// A hash of all weights and biases: equal after equal training on every machine.
    pub fn weights_hash(&self) -> u64 {
        let mut hash = Hash::default();
        let mut sink = |n: i64| hash.bytes(&(n as i32).to_le_bytes());
        self.layers.iter().for_each(|layer| layer.visit_weights(&mut sink));
        self.readout.visit_weights(&mut sink);
        hash.finish()
    }

    /// A hash of everything that decides what the network does next, but for its learning rates: those are given from outside.
    pub fn state_hash(&self) -> u64 {
        let mut hash = Hash::default();
        let mut sink = |n: i64| hash.number(n);
        for layer in &self.layers {
            layer.visit_weights(&mut sink);
            layer.visit_state(&mut sink);
        }
        self.readout.visit_weights(&mut sink);
        self.readout.visit_state(&mut sink);
        self.feedback.iter().flatten().for_each(|feedback| feedback.visit(&mut sink));
        self.locals.iter().flatten().for_each(|local| local.visit(&mut sink));
        sink(self.clock as i64);
        sink(self.updates as i64);
        sink(self.draws as i64);
        sink(self.classes_changed as i64);
        sink(self.tracking as i64);
        hash.finish()
    }
}
