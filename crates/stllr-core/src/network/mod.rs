//! A network: hidden layers, a readout, the signals between them, and the step that drives them.

mod check;
mod classes;
mod layer;
mod spec;
mod state;
mod window;
mod words;

pub use layer::Layer;
pub use spec::{LayerKind, LayerSpec, Spec, SpecError};
pub use window::Window;
pub use words::WORDS_VERSION;

use crate::deep::{DEEP, Deep, deep};
use crate::fixed::Factor;
use crate::layer::{Mode, Readout, Spiking};
pub use crate::loss::Target;
use crate::loss::{Criterion, Shape as Outputs};
use crate::meter::{Memory, Meter};
use crate::noise::Stream;
use crate::signal::{Feedback, LocalReadout, Narrow, Signal};
use alloc::vec;
use alloc::vec::Vec;

/// Where the streams of dropout begin: far from those of weights.
const DROPOUT_STREAM: u32 = 1 << 16;

/// A network with its state. Its size is fixed; see [`Spec::memory`].
#[derive(Clone, Debug)]
pub struct Network {
    spec: Spec,
    layers: Vec<Layer>,
    readout: Readout,
    /// The matrix that brings a layer the error, where it has one.
    feedback: Vec<Option<Feedback>>,
    /// A layer's own readout, where signals are local.
    locals: Vec<Option<Deep<LocalReadout>>>,
    criterion: Criterion,
    error: Vec<i32>,
    narrow: Narrow,
    /// The learning signal of each hidden layer that gets one, laid out as its port says.
    signals: Vec<Vec<i32>>,
    meter: Meter,
    memory: Memory,
    /// Time steps since the last reset.
    clock: u64,
    /// Blocks and sequences ended since the network was made: numbers the rounding noise.
    updates: u64,
    /// Times that the number of classes changed.
    classes_changed: u32,
    /// Times that dropout was drawn.
    draws: u64,
    /// Are elements left out: 0 never asked, 1 no, 2 yes?
    dropping: u8,
    tracking: bool,
    /// Does a gradient wait for the end of the sequence?
    gathering: bool,
    /// New rates, one a layer of neurons and the readout's, that wait for a boundary.
    rates: Vec<Factor>,
    readout_rate: Option<Factor>,
}

impl Network {
    /// A network at rest, its weights drawn from the spec's seed.
    pub fn new(spec: Spec) -> Result<Self, SpecError> {
        spec.check()?;
        let (learning, ports) = (spec.learning, spec.ports());
        let layer = |(i, layer): (usize, &LayerSpec)| {
            Layer::new(layer, &layer::ports_of(&layer.sources, spec.sensor(), &ports), i as u32, learning)
        };
        let layers: Vec<Layer> = spec.layers.iter().enumerate().map(layer).collect();
        let (number, input) = (layers.len() as u32, spec.readout_input(&ports));
        let readout = Readout::new(spec.readout.clone(), input, number, learning);
        let classes = spec.readout.classes;
        let stream = |layer: usize| number + 1 + layer as u32;
        let feedback = ports.iter().enumerate().map(|(i, port)| {
            spec.has_feedback(i).then(|| match spec.signal {
                Signal::Bp => Feedback::new(classes, port.signal_len()),
                _ => Feedback::random(classes, port, learning.seed, stream(i)),
            })
        });
        let locals = ports.iter().enumerate().map(|(i, &port)| {
            let leak = spec.readout.leak;
            let local = || deep(LocalReadout::new(spec.loss, classes, port, leak, learning.seed, stream(i)));
            spec.has_local(i).then(local).flatten()
        });
        let shape = spec.outputs(&input);
        let signals =
            ports.iter().enumerate().map(|(i, port)| vec![0; if spec.has_signal(i) { port.signal_len() } else { 0 }]);
        let rates = vec![Factor::ZERO; layers.iter().filter(|layer| layer.has_neurons()).count()];
        let mut network = Self {
            error: vec![0; shape.positions() * shape.stride],
            narrow: Narrow::new(spec.narrow_shape()),
            criterion: Criterion::new(spec.loss, shape),
            locals: locals.collect(),
            signals: signals.collect(),
            feedback: feedback.collect(),
            layers,
            readout,
            meter: Meter::default(),
            memory: spec.memory(),
            clock: 0,
            updates: 0,
            classes_changed: 0,
            draws: 0,
            dropping: 0,
            tracking: true,
            gathering: false,
            rates,
            readout_rate: None,
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
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Puts membranes, traces, scores, the clock and what waits to be applied to rest; weights stay.
    ///
    /// With `tracking`, the steps that follow keep traces, so that they can learn; without, they only answer.
    pub fn reset(&mut self, tracking: bool) {
        self.layers.iter_mut().for_each(Layer::reset);
        self.readout.reset();
        self.locals.iter_mut().flatten().for_each(|local| local.reset());
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
        for (i, spec) in self.spec.layers.iter().enumerate() {
            let (before, from_here) = self.layers.split_at_mut(i);
            let Some(layer) = from_here.first_mut() else { break };
            let source = |from: usize| if from == 0 { input } else { before[from - 1].spikes() };
            layer.forward(&spec.sources, source, self.tracking, &mut self.meter);
            if let (true, Some(local)) = (self.tracking, &mut self.locals[i]) {
                local.forward(layer.spikes());
            }
        }
        let spikes = match self.spec.readout_source {
            0 => input,
            from => self.layers[from - 1].spikes(),
        };
        self.readout.forward(spikes, self.tracking, &mut self.meter);
        self.clock += 1;
        if !self.tracking {
            assert!(matches!(target, Target::None), "learning in a network that does not track");
            return;
        }
        match target {
            Target::None => {
                self.layers.iter_mut().for_each(Layer::rest);
                self.readout.rest();
            }
            target => self.learn(&target),
        }
        if self.readout.eligibility().full() {
            self.end_block();
        }
    }

    /// Draws anew what dropout layers leave out from now on; without `drop` nothing is left out. A sequence that learns begins
    /// with it, after [`Self::reset`].
    pub fn draw_dropout(&mut self, drop: bool) {
        if !DEEP || !self.layers.iter_mut().any(|layer| layer.as_dropout_mut().is_some()) {
            return;
        }
        self.readout.scale_input(drop);
        for (number, layer) in self.layers.iter_mut().enumerate() {
            layer.scale_input(drop);
            if let Some(dropout) = layer.as_dropout_mut() {
                let seed = self.spec.learning.seed.wrapping_add(self.draws << 32);
                dropout.draw(drop.then(|| Stream::new(seed, DROPOUT_STREAM + number as u32)));
            }
        }
        self.draws += drop as u64;
        self.dropping = 1 + drop as u8;
    }

    fn learn(&mut self, target: &Target) {
        self.meter.learning_steps += 1;
        let outcome = self.criterion.error(self.readout.membrane(), target, &mut self.error);
        let outcome = outcome.expect("a target that the loss takes");
        let (gain, finest) = (outcome.gain, outcome.finest);
        self.readout.learn(&self.error, gain);
        if self.spec.signal == Signal::Bp {
            return self.back_propagate(gain, finest);
        }
        for (i, layer) in self.layers.iter_mut().enumerate() {
            let d = &mut self.signals[i];
            if let Some(local) = &mut self.locals[i] {
                let gain = local.signal(target, d).unwrap_or(0);
                layer.learn(d, gain);
            } else if let Some(feedback) = &self.feedback[i] {
                // Signs and targets have no gain.
                let gain = if self.spec.signal == Signal::Dfa { gain } else { 0 };
                match self.spec.signal {
                    Signal::Sdfa if DEEP => self.narrow.sign(&self.error),
                    Signal::Drtp if DEEP => self.narrow.target(target, feedback.sum_max()),
                    _ => self.narrow.error(&self.error, finest, feedback.sum_max()),
                }
                feedback.signal(&self.narrow, d);
                layer.learn(d, gain);
            }
        }
    }

    /// Signals from the readout down to the first layers, each layer learning from its own on the way.
    fn back_propagate(&mut self, gain: u32, finest: u32) {
        self.signals.iter_mut().for_each(|signal| signal.fill(0));
        // A readout that sees the input alone has nothing to pass down.
        if let Some(top) = self.spec.readout_source.checked_sub(1) {
            match &self.feedback[top] {
                Some(feedback) => {
                    self.narrow.error(&self.error, finest, feedback.sum_max());
                    feedback.signal(&self.narrow, &mut self.signals[top]);
                }
                None => self.readout.signal_below(&self.error, &mut self.signals[top]),
            }
        }
        for (i, layer) in self.layers.iter_mut().enumerate().rev() {
            let (below, here) = self.signals.split_at_mut(i);
            layer.learn(&here[0], gain);
            for (number, &source) in self.spec.layers[i].sources.iter().enumerate().filter(|(_, source)| **source > 0) {
                layer.signal_below(number, &here[0], &mut below[source - 1]);
            }
        }
    }

    fn end_block(&mut self) {
        let learned = self.readout.eligibility().learned();
        for layer in &mut self.layers {
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
            for layer in &mut self.layers {
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
        if self.spec.signal == Signal::Bp {
            for feedback in self.feedback.iter_mut().flatten() {
                let spec = self.readout.spec();
                feedback.follow(self.readout.weights(), spec.width(), spec.classes, self.readout.input());
            }
        }
    }

    /// Changes the learning rates of all hidden layers and of the readout; from the next block on, or in sequence mode from
    /// the next sequence on.
    pub fn set_rates(&mut self, hidden: Factor, readout: Factor) {
        self.rates.fill(hidden);
        self.set_readout_rate(readout);
    }

    /// The same with a rate for each layer of neurons, in order, and the readout's. Panics where there are more or fewer.
    pub fn set_layer_rates(&mut self, rates: &[Factor]) {
        let (hidden, readout) = rates.split_at(self.rates.len());
        self.rates.copy_from_slice(hidden);
        self.set_readout_rate(readout[0]);
    }

    fn set_readout_rate(&mut self, readout: Factor) {
        self.readout_rate = Some(readout);
        if self.readout.eligibility().steps() == 0 && !self.gathering {
            self.take_rates();
        }
    }

    fn take_rates(&mut self) {
        if let Some(readout) = self.readout_rate.take() {
            let layers = self.layers.iter_mut().filter(|layer| layer.has_neurons());
            layers.zip(&self.rates).for_each(|(layer, &rate)| layer.set_rate(rate));
            self.readout.set_rate(readout);
        }
    }

    /// Hidden layers, as the spec lists them.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The dense and recurrent layers among them.
    pub fn hidden(&self) -> Vec<&Spiking> {
        self.layers.iter().filter_map(Layer::as_spiking).collect()
    }

    /// The learning signal of a hidden layer at the last step that learned, laid out as the layer's port says; empty where
    /// it gets none.
    pub fn signal(&self, layer: usize) -> &[i32] {
        &self.signals[layer]
    }

    /// The matrix that brings a hidden layer the error, where it has one.
    pub fn feedback(&self, layer: usize) -> Option<&Feedback> {
        self.feedback[layer].as_ref()
    }

    /// A hidden layer's own readout, where signals are local.
    pub fn local(&self, layer: usize) -> Option<&Deep<LocalReadout>> {
        self.locals[layer].as_ref()
    }

    /// The gradient by each readout membrane at the last step that learned, `Q 26`.
    pub fn error(&self) -> &[i32] {
        &self.error
    }

    /// The readout.
    pub fn readout(&self) -> &Readout {
        &self.readout
    }

    /// Sets weights from outside: `edit` gets the hidden layers and the readout.
    pub fn edit(&mut self, edit: impl FnOnce(&mut [Layer], &mut Readout)) {
        edit(&mut self.layers, &mut self.readout);
        self.follow_readout();
    }

    /// How the readout's membranes lie.
    pub fn outputs(&self) -> Outputs {
        self.criterion.shape()
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

    /// Do steps keep traces, so that they can learn?
    pub fn tracks(&self) -> bool {
        self.tracking
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
