//! A network that takes events: binning, stepping and learning in one call a chunk.

use crate::staging::Staging;
use crate::table::Table;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use stllr_core::deep::DEEP;
use stllr_core::fixed::Factor;
use stllr_core::keep::{ANY, Keeper, Part, Values, keep_count, keep_flag, keep_resting};
use stllr_core::meter::Memory;
use stllr_core::network::{Network, Spec, Target};
use stllr_events::{Binner, BinnerConfig, EventFault, MAX_TIME_US, OnFault, Progress, Sensor};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// A network with the steps of its events.
#[wasm_bindgen]
pub struct Learner {
    network: Network,
    binner: Binner,
    on_fault: OnFault,
    /// What steps `learn_from..learn_until` learn.
    class: u32,
    learn_from: u64,
    learn_until: u64,
    /// The time of the last event checked of the chunks that are checked one after the other.
    checked_us: Option<u64>,
    fault: Option<EventFault>,
    scores: Vec<f64>,
    /// State on its way in or out.
    table: Table,
}

/// Bytes by part, as `Learner.memory` lists them: weights, membranes, traces, block, gradients, optimiser, steps.
fn parts(memory: &Memory, steps: u64) -> [f64; 7] {
    [memory.weights, memory.membranes, memory.traces, memory.block, memory.gradients, memory.optimizer, steps]
        .map(|bytes| bytes as f64)
}

fn refuse(error: impl ToString) -> JsValue {
    JsValue::from_str(&error.to_string())
}

fn config(width: u32, height: u32, polarities: u32, step_us: f64, max_gap_us: f64) -> BinnerConfig {
    BinnerConfig {
        sensor: Sensor { width, height, polarities },
        step_us: step_us as u64,
        origin_us: Some(0),
        max_gap_us: max_gap_us as u64,
    }
}

#[wasm_bindgen]
impl Learner {
    /// A learner from a spec's words (see `stllr_core::network`), a sensor and the length of a step. Throws a string where
    /// something is out of range.
    #[wasm_bindgen(constructor)]
    pub fn new(
        words: &[i32],
        width: u32,
        height: u32,
        polarities: u32,
        step_us: f64,
        max_gap_us: f64,
    ) -> Result<Learner, JsValue> {
        let spec = Spec::from_words(words).map_err(refuse)?;
        let binner = Binner::new(config(width, height, polarities, step_us, max_gap_us)).map_err(refuse)?;
        let input = spec.input;
        if [input.width, input.height, input.channels] != [width, height, polarities].map(|size| size as usize) {
            return Err(refuse("the sensor and the network differ in their inputs"));
        }
        let network = Network::new(spec).map_err(refuse)?;
        // Values are averaged elsewhere.
        let tells_values = DEEP && network.spec().readout.kernel.is_some();
        let scores = if tells_values { 0 } else { network.scores().len() };
        Ok(Self {
            network,
            binner,
            on_fault: OnFault::Refuse,
            class: 0,
            learn_from: 0,
            learn_until: 0,
            checked_us: None,
            fault: None,
            scores: vec![0.0; scores],
            table: Table::read(),
        })
    }

    /// Bytes that such a learner will hold, by part, without making it.
    pub fn memory(
        words: &[i32],
        width: u32,
        height: u32,
        polarities: u32,
        step_us: f64,
        max_gap_us: f64,
    ) -> Result<Vec<f64>, JsValue> {
        let spec = Spec::from_words(words).map_err(refuse)?;
        let steps = config(width, height, polarities, step_us, max_gap_us).bytes();
        Ok(parts(&spec.memory(), steps).into())
    }

    /// The same for the input, for each hidden layer in turn and for the readout: 7 numbers each, whose sums are `memory`.
    /// Only the deep module tells: it is for looking at networks, not for running them.
    #[wasm_bindgen(js_name = layerMemory)]
    pub fn layer_memory(
        words: &[i32],
        width: u32,
        height: u32,
        polarities: u32,
        step_us: f64,
        max_gap_us: f64,
    ) -> Result<Vec<f64>, JsValue> {
        if !DEEP {
            return Ok(Vec::new());
        }
        let spec = Spec::from_words(words).map_err(refuse)?;
        let steps = config(width, height, polarities, step_us, max_gap_us).bytes();
        let ports = spec.ports();
        let mut bytes = parts(&Memory::default(), steps).to_vec();
        for layer in 0..spec.layers.len() {
            bytes.extend_from_slice(&parts(&spec.layer_memory(layer, &ports), 0));
        }
        bytes.extend_from_slice(&parts(&spec.readout_memory(&ports), 0));
        Ok(bytes)
    }

    /// Begins a sequence at rest, whose step 0 begins at `origin_us`. With `tracking`, its steps can learn; with `drop`,
    /// dropout layers drop.
    pub fn begin(&mut self, tracking: bool, drop: bool, origin_us: f64, skip: bool) {
        self.network.reset(tracking);
        self.network.draw_dropout(drop);
        self.binner.reset_at(Some(origin_us as u64));
        self.on_fault = if skip { OnFault::Skip } else { OnFault::Refuse };
        self.learn_until = 0;
        self.checked_us = None;
        self.fault = None;
    }

    /// Steps `from..until` are to learn `class`, which is below the number of classes.
    pub fn target(&mut self, class: u32, from: f64, until: f64) {
        self.class = class.min(self.scores.len() as u32 - 1);
        self.learn_from = from as u64;
        self.learn_until = until as u64;
    }

    /// Would the next `count` staged events be taken (when skipping: always), up to the first one at or after `until_us`?
    /// Changes nothing that learns; chunks of one sequence are checked one after the other. Where not, see `faultKind`.
    pub fn check(&mut self, staging: &Staging, count: usize, until_us: f64) -> bool {
        match self.binner.check_after(&staging.view(count), self.checked_us, until_us as u64, self.on_fault) {
            Ok(last_us) => self.checked_us = last_us,
            Err(fault) => self.fault = Some(fault),
        }
        self.fault.is_none()
    }

    /// The time of the last event that the checks found good; -1 where there is none.
    #[wasm_bindgen(js_name = checkedUs)]
    pub fn checked_us(&self) -> f64 {
        self.checked_us.map_or(-1.0, |us| us as f64)
    }

    /// Takes staged events `from..count` and runs each step that they complete, until step `until` would begin. Returns the
    /// first event not taken: `count` when all are, less at step `until` or after a fault.
    pub fn feed(&mut self, staging: &Staging, from: usize, count: usize, until: f64) -> usize {
        self.feed_with(staging, from, count, until, Self::step)
    }

    /// Runs steps, with what events they have, until step `until` would begin.
    pub fn run(&mut self, until: f64) {
        self.run_with(until, Self::step);
    }

    /// Ends a sequence: what waits to be learned is.
    #[wasm_bindgen(js_name = endSequence)]
    pub fn end_sequence(&mut self) {
        self.network.end_sequence();
    }

    /// The index of the step that is open.
    #[wasm_bindgen(js_name = stepIndex)]
    pub fn step_index(&self) -> f64 {
        self.binner.step() as f64
    }

    /// How many steps have begun: those that were run, and the open one if it has an event.
    #[wasm_bindgen(js_name = stepsBegun)]
    pub fn steps_begun(&self) -> f64 {
        (self.binner.step() + self.binner.steps_left(None)) as f64
    }

    /// The class with the largest score, the first of equal ones. Brings the scores to `scoresPtr`.
    pub fn answer(&mut self) -> u32 {
        let scores = self.network.scores();
        let mut best = 0;
        for (class, (&score, out)) in scores.iter().zip(&mut self.scores).enumerate() {
            // Sums of Q 16 membranes; a number holds them exactly up to 2^53.
            *out = score as f64 / 65_536.0;
            if score > scores[best] {
                best = class;
            }
        }
        best as u32
    }

    /// Where `answer` puts the scores, an f64 a class: each the sum of the class's readout membrane over the steps.
    #[wasm_bindgen(js_name = scoresPtr)]
    pub fn scores_ptr(&self) -> *const f64 {
        self.scores.as_ptr()
    }

    /// Starts the scores anew.
    #[wasm_bindgen(js_name = clearScores)]
    pub fn clear_scores(&mut self) {
        self.network.clear_scores();
    }

    /// Faulty events dropped in this sequence, all kinds together.
    pub fn dropped(&self) -> f64 {
        self.binner.dropped().iter().sum::<u64>() as f64
    }

    /// What is wrong with the event that was refused: -1 nothing, else the number of `stllr_events::EventFaultKind`.
    #[wasm_bindgen(js_name = faultKind)]
    pub fn fault_kind(&self) -> i32 {
        self.fault.map_or(-1, |fault| fault.kind as i32)
    }

    /// Which staged event was refused, and what is allowed in its place: index, least, most.
    #[wasm_bindgen(js_name = faultNumbers)]
    pub fn fault_numbers(&self) -> Vec<f64> {
        let fault = self.fault.map_or([0, 0, 0], |fault| [fault.index as u64, fault.least, fault.most]);
        fault.map(|number| number as f64).into()
    }

    /// Forgets the fault, so that the stream can go on behind the event.
    #[wasm_bindgen(js_name = clearFault)]
    pub fn clear_fault(&mut self) {
        self.fault = None;
    }

    /// New learning rates from the next block or sequence on: mantissa and exponent for each layer of neurons, in order, and
    /// for the readout. Others are left as they are.
    #[wasm_bindgen(js_name = setRates)]
    pub fn set_rates(&mut self, words: &[i32]) {
        let factor = |pair: &[i32]| Factor { mantissa: pair[0], exponent: pair[1] };
        let rates: Vec<Factor> = words.chunks_exact(2).map(factor).filter(|f| f.valid() && f.mantissa >= 0).collect();
        if rates.len() == self.network.layers().iter().filter(|layer| layer.has_neurons()).count() + 1 {
            self.network.set_layer_rates(&rates);
        }
    }

    /// Adds a class; throws a string where that is refused.
    #[wasm_bindgen(js_name = addClass)]
    pub fn add_class(&mut self) -> Result<(), JsValue> {
        self.network.add_class().map_err(refuse)?;
        self.scores = vec![0.0; self.network.scores().len()];
        Ok(())
    }

    /// Removes a class; throws a string where that is refused.
    #[wasm_bindgen(js_name = removeClass)]
    pub fn remove_class(&mut self, class: u32) -> Result<(), JsValue> {
        self.network.remove_class(class as usize).map_err(refuse)?;
        self.scores = vec![0.0; self.network.scores().len()];
        // The network is at rest: nothing is to be learned.
        (self.class, self.learn_until) = (0, 0);
        Ok(())
    }

    /// Work since `resetMeter`: steps, learning steps, input spikes, hidden spikes, synaptic operations, update
    /// operations, weight updates.
    pub fn meter(&self) -> Vec<f64> {
        let meter = self.network.meter();
        [
            meter.steps,
            meter.learning_steps,
            meter.input_spikes,
            meter.hidden_spikes,
            meter.synaptic_operations,
            meter.update_operations,
            meter.weight_updates,
        ]
        .map(|count| count as f64)
        .into()
    }

    /// Starts the work's counts anew.
    #[wasm_bindgen(js_name = resetMeter)]
    pub fn reset_meter(&mut self) {
        self.network.reset_meter();
    }

    /// Lays the state open, to be read: `stateNumbers` and `stateArrays` say what it is, until anything else is called.
    #[wasm_bindgen(js_name = readState)]
    pub fn read_state(&mut self) {
        let mut table = Table::read();
        self.keep(&mut table);
        self.table = table;
    }

    /// The numbers of the state that was laid open.
    #[wasm_bindgen(js_name = stateNumbers)]
    pub fn state_numbers(&self) -> Vec<i64> {
        self.table.numbers.clone()
    }

    /// Its arrays, 5 words each: layer (0: none, from 1: hidden layers, then the readout), part, type, address, elements.
    #[wasm_bindgen(js_name = stateArrays)]
    pub fn state_arrays(&self) -> Vec<u32> {
        self.table.arrays.clone()
    }

    /// Sets the numbers of the state of a learner that was just made; `stateArrays` then says where arrays are to be put, and
    /// `adoptState` must follow. Returns what is wrong, or nothing: array (-1: a number), place, what was found, the
    /// least and the most allowed. After a fault the learner must not be used.
    #[wasm_bindgen(js_name = setState)]
    pub fn set_state(&mut self, numbers: &[i64]) -> Vec<i64> {
        let mut table = Table::set(numbers);
        self.keep(&mut table);
        self.table = table;
        self.table.outcome().map_or(Vec::new(), Vec::from)
    }

    /// Checks the arrays that were put, and makes anew what follows from them. Returns as `setState` does.
    #[wasm_bindgen(js_name = adoptState)]
    pub fn adopt_state(&mut self) -> Vec<i64> {
        let mut table = core::mem::replace(&mut self.table, Table::read()).check();
        self.keep(&mut table);
        let fault = table.outcome();
        if fault.is_none() {
            self.binner.adopt();
            self.network.adopt();
        }
        fault.map_or(Vec::new(), Vec::from)
    }

    /// A hash of all weights.
    #[wasm_bindgen(js_name = weightsHash)]
    pub fn weights_hash(&self) -> u64 {
        self.network.weights_hash()
    }

    /// A hash of everything that decides what the network does next.
    #[wasm_bindgen(js_name = stateHash)]
    pub fn state_hash(&mut self) -> u64 {
        self.network.state_hash()
    }
}

impl Learner {
    /// Gives all state to a keeper: that of the stream, then the network's.
    fn keep(&mut self, keeper: &mut dyn Keeper) {
        let mut skips = self.on_fault == OnFault::Skip;
        keep_flag(keeper, &mut skips);
        self.on_fault = if skips { OnFault::Skip } else { OnFault::Refuse };
        let most = self.network.scores().len().max(1) as i64 - 1;
        self.class = keeper.number(self.class as i64, (0, most)) as u32;
        keep_count(keeper, &mut self.learn_from);
        keep_count(keeper, &mut self.learn_until);
        let mut place = self.binner.place();
        let [step, floor_us, end_us, dropped @ ..] = &mut place;
        keep_count(keeper, step);
        for us in [floor_us, end_us] {
            *us = keeper.number(*us as i64, (0, MAX_TIME_US as i64 + 1)) as u64;
        }
        dropped.iter_mut().for_each(|count| keep_count(keeper, count));
        self.binner.set_place(place);
        let seen = self.binner.seen_mut();
        keep_resting(keeper, Part::Seen, Values::U64(seen), ANY);
        self.network.keep(keeper);
    }

    /// See [`Self::feed`]; `step` runs each step.
    #[inline(always)]
    pub(crate) fn feed_with(
        &mut self,
        staging: &Staging,
        mut from: usize,
        count: usize,
        until: f64,
        step: impl Fn(&mut Self),
    ) -> usize {
        let (view, until) = (staging.view(count), until as u64);
        while self.binner.step() < until {
            match self.binner.advance(&view, from, self.on_fault) {
                Progress::StepDone { next } => {
                    step(self);
                    from = next;
                }
                Progress::AllTaken => return count,
                Progress::Fault(fault) => {
                    self.fault = Some(fault);
                    return fault.index;
                }
            }
        }
        from
    }

    /// See [`Self::run`]; `step` runs each step.
    #[inline(always)]
    pub(crate) fn run_with(&mut self, until: f64, step: impl Fn(&mut Self)) {
        while self.binner.step() < until as u64 {
            step(self);
        }
    }

    fn step(&mut self) {
        let step = self.binner.step();
        let learns = (self.learn_from..self.learn_until).contains(&step);
        self.step_to(if learns { Target::Class(self.class) } else { Target::None });
    }

    /// Runs the open step, which learns this target.
    pub(crate) fn step_to(&mut self, target: Target) {
        self.network.step(self.binner.rows(), target);
        self.binner.next_step();
    }

    /// The network.
    #[cfg(feature = "deep")]
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }
}
