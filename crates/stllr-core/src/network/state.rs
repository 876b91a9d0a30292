//! All of a network's state: its hashes, and how it is kept.

use super::Network;
use crate::hash::Hash;
use crate::keep::{Keeper, Part, Range, State, StateError, Values, keep_count, keep_flag, keep_rate};
use crate::signal::Signal;

impl Network {
    /// A hash of all weights and biases: equal after equal training on every machine.
    pub fn weights_hash(&self) -> u64 {
        let mut hash = Hash::default();
        let mut sink = |n: i64| hash.bytes(&(n as i32).to_le_bytes());
        self.layers.iter().for_each(|layer| layer.visit_weights(&mut sink));
        self.readout.visit_weights(&mut sink);
        hash.finish()
    }

    /// A hash of everything that decides what the network does next.
    pub fn state_hash(&mut self) -> u64 {
        let mut hash = Hash::default();
        self.keep_state(&mut hash);
        hash.finish()
    }

    /// Everything that decides what the network does next, and its meter.
    pub fn save(&mut self) -> State {
        State::save(&mut |keeper| self.keep(keeper))
    }

    /// Sets a network that was just made of the same spec to what another was. After an error it must not be used.
    pub fn set(&mut self, state: &State) -> Result<(), StateError> {
        state.set(&mut |keeper| self.keep(keeper))?;
        self.adopt();
        Ok(())
    }

    /// Gives all weights and state to a keeper; to set them, see [`crate::keep`].
    pub fn keep(&mut self, keeper: &mut dyn Keeper) {
        let meter = &mut self.meter;
        let counts = [
            &mut meter.steps,
            &mut meter.learning_steps,
            &mut meter.input_spikes,
            &mut meter.hidden_spikes,
            &mut meter.synaptic_operations,
            &mut meter.update_operations,
            &mut meter.weight_updates,
        ];
        counts.into_iter().for_each(|count| keep_count(keeper, count));
        self.keep_state(keeper);
    }

    fn keep_state(&mut self, keeper: &mut dyn Keeper) {
        keep_count(keeper, &mut self.clock);
        keep_count(keeper, &mut self.updates);
        keep_flag(keeper, &mut self.tracking);
        keep_flag(keeper, &mut self.gathering);
        let mut changed = self.classes_changed as u64;
        keep_count(keeper, &mut changed);
        self.classes_changed = changed.min(u32::MAX as u64) as u32;
        let changed = self.classes_changed > 0;
        keep_count(keeper, &mut self.draws);
        self.dropping = keeper.number(self.dropping as i64, (0, 2)) as u8;
        // Rates that wait.
        let mut waits = self.readout_rate.is_some();
        keep_flag(keeper, &mut waits);
        if waits {
            self.rates.iter_mut().for_each(|rate| keep_rate(keeper, rate));
            keep_rate(keeper, self.readout_rate.get_or_insert_default());
        }
        for (number, layer) in self.layers.iter_mut().enumerate() {
            keeper.layer(number);
            layer.keep(keeper);
            if let Some(feedback) = self.feedback[number].as_mut().filter(|_| changed && self.spec.signal != Signal::Bp)
            {
                feedback.keep(keeper);
            }
            if let Some(local) = &mut self.locals[number] {
                local.keep(keeper, changed);
            }
        }
        keeper.layer(self.layers.len());
        self.readout.keep(keeper);
    }

    /// Makes anew what follows from state that was set.
    pub fn adopt(&mut self) {
        let (draws, dropping) = (self.draws, self.dropping);
        if dropping > 0 {
            // What is left out follows from the count of draws.
            self.draws = draws.wrapping_sub((dropping == 2) as u64);
            self.draw_dropout(dropping == 2);
            self.draws = draws;
        }
        self.layers.iter_mut().for_each(super::Layer::adopt);
        self.readout.adopt();
        self.follow_readout();
    }
}

impl Keeper for Hash {
    fn layer(&mut self, _: usize) {}

    fn number(&mut self, value: i64, _: Range) -> i64 {
        Hash::number(self, value);
        value
    }

    fn array(&mut self, part: Part, values: Values<'_>, _: Range) {
        Hash::number(self, part as i64);
        values.all(&mut |value| {
            Hash::number(self, value);
            true
        });
    }
}
