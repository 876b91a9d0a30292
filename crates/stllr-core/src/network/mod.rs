//! A network: hidden layers, a readout, the signals between them, and the step that drives them.

mod spec;
mod state;
mod window;
mod words;

pub use spec::{Spec, SpecError};
pub use window::Window;
pub use words::WORDS_VERSION;

use crate::fixed::Factor;
use crate::layer::{Mode, Readout, Spiking};
use crate::loss::softmax_error;
use crate::meter::{Memory, Meter};
use crate::signal::{Feedback, Signal, narrow_error};
use alloc::vec;
use alloc::vec::Vec;

/// What a time step is to learn.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// Nothing.
    None,
    /// That this class is shown: cross-entropy of the readout's softmax at this step.
    Class(u32),
    /// A gradient by each readout membrane, `Q 26`, given from outside.
    Error(&'a [i32]),
}

/// A network with its state. Its size is fixed; see [`Spec::memory`].
#[derive(Clone, Debug)]
pub struct Network {
    spec: Spec,
    hidden: Vec<Spiking>,
    readout: Readout,
    /// One a hidden layer for DFA, one for the topmost for BP.
    feedback: Vec<Feedback>,
    error: Vec<i32>,
    narrow_error: Vec<i16>,
    /// The learning signal of each hidden layer.
    signals: Vec<Vec<i32>>,
    meter: Meter,
    /// Time steps since the last reset.
    clock: u64,
    /// Blocks and sequences ended since the network was made: numbers the rounding noise.
    updates: u64,
    tracking: bool,
    /// Does a gradient wait for the end of the sequence?
    gathering: bool,
    /// New rates, hidden and readout, that wait for a boundary.
    rates: Option<(Factor, Factor)>,
}

impl Network {
    /// A network at rest, its weights drawn from the spec's seed.
    pub fn new(spec: Spec) -> Result<Self, SpecError> {
        spec.check()?;
        let learning = spec.learning;
        let mut hidden = Vec::with_capacity(spec.hidden.len());
        let mut inputs = spec.inputs;
        for (number, layer) in spec.hidden.iter().enumerate() {
            hidden.push(Spiking::new(layer.clone(), inputs, number as u32, learning));
            inputs = layer.units;
        }
        let number = spec.hidden.len() as u32;
        let readout = Readout::new(spec.readout.clone(), inputs, number, learning);
        let classes = spec.readout.classes;
        let feedback = match spec.signal {
            Signal::Bp => spec.hidden.last().map(|top| Feedback::new(classes, top.width())).into_iter().collect(),
            Signal::Dfa => (spec.hidden.iter().enumerate())
                .map(|(i, layer)| {
                    let stream = number + 1 + i as u32;
                    Feedback::random(classes, layer.units, layer.width(), learning.seed, stream)
                })
                .collect(),
        };
        let mut network = Self {
            error: vec![0; classes],
            narrow_error: vec![0; classes.next_multiple_of(2)],
            signals: spec.hidden.iter().map(|layer| vec![0; layer.width()]).collect(),
            hidden,
            readout,
            feedback,
            meter: Meter::default(),
            clock: 0,
            updates: 0,
            tracking: true,
            gathering: false,
            rates: None,
            spec,
        };
        network.follow_readout();
        Ok(network)
    }

    /// The spec it was made from.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Bytes held, by part.
    pub fn memory(&self) -> Memory {
        self.spec.memory()
    }

    /// Puts membranes, traces, scores, the clock and what waits to be applied to rest; weights stay.
    ///
    /// With `tracking`, the steps that follow keep traces, so that they can learn; without, they only answer.
    pub fn reset(&mut self, tracking: bool) {
        self.hidden.iter_mut().for_each(Spiking::reset);
        self.readout.reset();
        self.clock = 0;
        self.tracking = tracking;
        self.gathering = false;
        self.take_rates();
    }

    /// One time step. `input` are the numbers of the inputs that spike, each below [`Spec::inputs`] and once.
    ///
    /// # Panics
    /// Where an input is out of range, a class is none of the readout's, an error has another length, or something is to
    /// be learned while the network is not tracking.
    pub fn step(&mut self, input: &[u32], target: Target) {
        self.meter.steps += 1;
        self.meter.input_spikes += input.len() as u64;
        let mut spikes = input;
        for layer in &mut self.hidden {
            spikes = layer.forward(spikes, self.tracking, &mut self.meter);
        }
        self.readout.forward(spikes, self.tracking, &mut self.meter);
        self.clock += 1;
        if !self.tracking {
            assert!(matches!(target, Target::None), "learning in a network that does not track");
            return;
        }
        match target {
            Target::None => {
                self.hidden.iter_mut().for_each(Spiking::rest);
                self.readout.rest();
            }
            Target::Class(class) => {
                softmax_error(self.readout.membrane(), class as usize, &mut self.error);
                self.learn();
            }
            Target::Error(error) => {
                self.error.copy_from_slice(error);
                self.learn();
            }
        }
        if self.readout.eligibility().full() {
            self.end_block();
        }
    }

    fn learn(&mut self) {
        self.meter.learning_steps += 1;
        self.readout.learn(&self.error);
        narrow_error(&self.error, &mut self.narrow_error);
        match self.spec.signal {
            Signal::Dfa => {
                let layers = self.hidden.iter_mut().zip(&mut self.signals).zip(&self.feedback);
                for ((layer, signal), feedback) in layers {
                    feedback.signal(&self.narrow_error, signal);
                    layer.learn(signal);
                }
            }
            Signal::Bp => {
                let Some(top) = self.hidden.len().checked_sub(1) else { return };
                self.feedback[0].signal(&self.narrow_error, &mut self.signals[top]);
                for i in (0..=top).rev() {
                    let (below, here) = self.signals.split_at_mut(i);
                    self.hidden[i].learn(&here[0]);
                    if let Some(below) = below.last_mut() {
                        let units = self.spec.hidden[i - 1].units;
                        self.hidden[i].signal_below(&here[0], &mut below[..units]);
                    }
                }
            }
        }
    }

    fn end_block(&mut self) {
        let learned = self.readout.eligibility().learned();
        for layer in &mut self.hidden {
            layer.end_block(self.updates, &mut self.meter);
        }
        self.readout.end_block(self.updates, &mut self.meter);
        self.updates += 1;
        if self.spec.learning.mode == Mode::Block {
            if learned {
                self.follow_readout();
            }
            self.take_rates();
        } else {
            self.gathering = true;
        }
    }

    /// Ends a sequence: what waits to be applied is. Membranes and traces stay as they are.
    pub fn end_sequence(&mut self) {
        if !self.tracking {
            return;
        }
        if self.readout.eligibility().steps() > 0 {
            self.end_block();
        }
        if self.spec.learning.mode == Mode::Sequence {
            for layer in &mut self.hidden {
                layer.end_sequence(self.updates, &mut self.meter);
            }
            self.readout.end_sequence(self.updates, &mut self.meter);
            self.updates += 1;
            self.gathering = false;
            self.follow_readout();
        }
        self.take_rates();
    }

    /// Back-propagation goes through the readout's weights as they are now.
    fn follow_readout(&mut self) {
        if let (Signal::Bp, Some(feedback)) = (self.spec.signal, self.feedback.first_mut()) {
            let readout = &self.spec.readout;
            feedback.follow(self.readout.weights(), readout.width(), readout.classes);
        }
    }

    /// Changes the learning rates; from the next block on, or in sequence mode from the next sequence on.
    pub fn set_rates(&mut self, hidden: Factor, readout: Factor) {
        self.rates = Some((hidden, readout));
        if self.readout.eligibility().steps() == 0 && !self.gathering {
            self.take_rates();
        }
    }

    fn take_rates(&mut self) {
        if let Some((hidden, readout)) = self.rates.take() {
            self.hidden.iter_mut().for_each(|layer| layer.set_rate(hidden));
            self.readout.set_rate(readout);
        }
    }

    /// Hidden layers, from the input up.
    pub fn hidden(&self) -> &[Spiking] {
        &self.hidden
    }

    /// The readout.
    pub fn readout(&self) -> &Readout {
        &self.readout
    }

    /// Sets weights from outside: `edit` gets the hidden layers and the readout.
    pub fn edit(&mut self, edit: impl FnOnce(&mut [Spiking], &mut Readout)) {
        edit(&mut self.hidden, &mut self.readout);
        self.follow_readout();
    }

    /// Sums of the readout's membranes since they were last cleared, `Q 16`.
    pub fn scores(&self) -> &[i64] {
        self.readout.scores()
    }

    /// Sets the scores to zero.
    pub fn clear_scores(&mut self) {
        self.readout.clear_scores();
    }

    /// Time steps since the last reset.
    pub fn clock(&self) -> u64 {
        self.clock
    }

    /// Work done since [`Self::reset_meter`].
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Sets the work done to zero.
    pub fn reset_meter(&mut self) {
        self.meter = Meter::default();
    }
}
