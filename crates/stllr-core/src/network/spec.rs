//! What a network is to be, checked before anything is allocated.

use super::check::{Field, check_layer, check_readout};
use super::layer::ports_of;
use crate::deep::{DEEP, Deep};
use crate::layer::{ConvSpec, DropoutSpec, JoinSpec, Learning, PoolSpec, ReadoutSpec, SpikingSpec, UpsampleSpec};
use crate::loss::{ContrastSpec, Criterion, Loss, Shape as Outputs};
use crate::meter::Memory;
use crate::optimizer::Optimizer;
use crate::shape::{Port, Shape};
use crate::signal::{Feedback, LocalReadout, Narrow, Signal};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// A network, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The sensor: channels (polarities), height and width.
    pub input: Shape,
    /// Hidden layers, each after those it sees.
    pub layers: Vec<LayerSpec>,
    /// The readout.
    pub readout: ReadoutSpec,
    /// What the readout sees: 0 is the input, k hidden layer k - 1.
    pub readout_source: usize,
    /// The learning signal of hidden layers.
    pub signal: Signal,
    /// What the readout is to do.
    pub loss: Loss,
    /// What all layers agree on.
    pub learning: Learning,
    /// The most bytes that the network may hold.
    pub memory_limit: u64,
}

/// A hidden layer, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSpec {
    /// What it sees: 0 is the input, k hidden layer k - 1. One source, but for a join.
    pub sources: Vec<usize>,
    /// What it is.
    pub kind: LayerKind,
}

/// The kinds of hidden layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// Dense or recurrent neurons.
    Spiking(SpikingSpec),
    /// A convolution.
    Conv(Deep<ConvSpec>),
    /// Maxima or sums over windows.
    Pool(Deep<PoolSpec>),
    /// Nearest neighbour.
    Upsample(Deep<UpsampleSpec>),
    /// Sums of maps, or their channels one behind the other.
    Join(Deep<JoinSpec>),
    /// Elements that are silent for a sequence.
    Dropout(Deep<DropoutSpec>),
}

/// The most elements of a map, input channels, and neurons of a layer.
pub const MAX_UNITS: usize = 1 << 20;
/// The most spikes of a map in a step.
pub const MAX_SPIKES: usize = 1 << 24;
/// The most rows of weights that a neuron adds up in a step.
pub const MAX_ROWS: usize = 1 << 18;
/// The most fraction bits of a layer's format.
pub const MAX_WEIGHT_BITS: u32 = 13;
/// The most hidden layers.
pub const MAX_LAYERS: usize = 64;
/// The most classes.
pub const MAX_CLASSES: usize = 4096;

/// A value that a spec cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// Which layer: from 0, the readout after the hidden ones; `None` for the network as a whole.
    pub layer: Option<usize>,
    /// Which field.
    pub field: &'static str,
    /// What was given.
    pub given: i64,
    /// What is allowed, both ends included.
    pub allowed: (i64, i64),
}

impl SpecError {
    /// Of a field of the network as a whole.
    pub(super) fn of(field: &'static str, given: usize, low: usize, high: usize) -> Self {
        Self { layer: None, field, given: given as i64, allowed: (low as i64, high as i64) }
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if let Some(layer) = self.layer {
            write!(f, "layer {layer}: ")?;
        }
        write!(f, "{}: {} is not allowed; allowed: {} to {}", self.field, self.given, self.allowed.0, self.allowed.1)
    }
}

impl core::error::Error for SpecError {}

impl Spec {
    /// Dense and recurrent layers, each on top of the one before.
    pub fn stack(inputs: usize, hidden: Vec<SpikingSpec>, readout: ReadoutSpec, learning: Learning) -> Self {
        let layer = |(below, spec)| LayerSpec { sources: vec![below], kind: LayerKind::Spiking(spec) };
        Self {
            input: Shape::vector(inputs),
            readout_source: hidden.len(),
            layers: hidden.into_iter().enumerate().map(layer).collect(),
            readout,
            signal: Signal::Bp,
            loss: Loss::CrossEntropy,
            learning,
            memory_limit: 1 << 30,
        }
    }

    /// Input channels in all.
    pub fn inputs(&self) -> usize {
        self.input.elements()
    }

    /// The dense and recurrent layers.
    pub fn hidden(&self) -> impl Iterator<Item = &SpikingSpec> {
        self.layers
            .iter()
            .filter_map(|layer| if let LayerKind::Spiking(spec) = &layer.kind { Some(spec) } else { None })
    }

    /// Is every value in its range, do all shapes fit, and does the network fit its memory limit?
    pub fn check(&self) -> Result<(), SpecError> {
        let whole = Field { layer: None };
        self.check_build(&whole)?;
        whole.within("inputs", self.inputs() as i64, 1, MAX_UNITS as i64)?;
        whole.within("hidden layers", self.layers.len() as i64, 0, MAX_LAYERS as i64)?;
        whole.within("block steps", self.learning.block_steps as i64, 1, 32)?;
        whole.factor("weight decay", self.learning.decay, -24, 0)?;
        whole.within("weight decay", self.learning.decay.mantissa as i64, 0, 1 << 15)?;
        whole.within("optimizer's constants", self.learning.optimizer.valid() as i64, 1, 1)?;
        let mut ports = Vec::with_capacity(self.layers.len());
        for (i, layer) in self.layers.iter().enumerate() {
            let at = Field { layer: Some(i) };
            let joins = matches!(layer.kind, LayerKind::Join(_));
            at.within("sources", layer.sources.len() as i64, 1, if joins { MAX_LAYERS as i64 } else { 1 })?;
            for &source in &layer.sources {
                at.within("source", source as i64, 0, i as i64)?;
            }
            let port = check_layer(&layer.kind, &ports_of(&layer.sources, self.sensor(), &ports), &at)?;
            at.within("elements", port.shape.elements() as i64, 1, MAX_UNITS as i64)?;
            at.within("spikes in a step", port.most() as i64, 1, MAX_SPIKES as i64)?;
            ports.push(port);
        }
        let at = Field { layer: Some(self.layers.len()) };
        at.within("source", self.readout_source as i64, 0, self.layers.len() as i64)?;
        check_readout(&self.readout, &self.readout_input(&ports), &at)?;
        if self.readout.kernel.is_some() && self.signal != Signal::Bp {
            return Err(whole.refuse("signal of a readout of pixels", 1, 0, 0));
        }
        if !Criterion::fits(self.loss, self.outputs(&self.readout_input(&ports))) {
            return Err(whole.refuse("losses that fit the readout", 0, 1, 1));
        }
        // No machine can hold more than its addresses reach, whatever is allowed.
        let limit = self.memory_limit.min(isize::MAX as u64);
        whole.within("memory in bytes", self.memory().total() as i64, 0, limit as i64)
    }

    /// Does this build hold what the network needs? Its layers it does: there are no others.
    fn check_build(&self, whole: &Field) -> Result<(), SpecError> {
        let needs = [
            ("deep signal", !matches!(self.signal, Signal::Bp | Signal::Dfa)),
            ("deep loss", self.loss != Loss::CrossEntropy),
            ("readout of pixels", self.readout.kernel.is_some()),
            ("deep optimizer", self.learning.optimizer != Optimizer::Sgd),
            ("weight decay", self.learning.decay.mantissa != 0),
            ("standardise", self.hidden().any(|layer| layer.standardise)),
        ];
        match needs.iter().find(|(_, needed)| *needed && !DEEP) {
            Some(&(field, _)) => Err(whole.refuse(field, 1, 0, 0)),
            None => Ok(()),
        }
    }

    /// What the input gives.
    pub(super) fn sensor(&self) -> Port {
        Port::sensor(self.input)
    }

    /// What each hidden layer gives. Only for a spec whose shapes fit.
    pub fn ports(&self) -> Vec<Port> {
        let mut ports = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            ports.push(port_of(&layer.kind, &ports_of(&layer.sources, self.sensor(), &ports)).unwrap_or(Port::from(0)));
        }
        ports
    }

    /// What the readout sees.
    pub(super) fn readout_input(&self, ports: &[Port]) -> Port {
        ports_of(&[self.readout_source], self.sensor(), ports)[0]
    }

    /// Does this layer get a learning signal?
    pub(super) fn has_signal(&self, layer: usize) -> bool {
        let learns = matches!(self.layers[layer].kind, LayerKind::Spiking(_) | LayerKind::Conv(_));
        learns || self.signal == Signal::Bp
    }

    /// Has this layer a matrix that brings it the error?
    pub(super) fn has_feedback(&self, layer: usize) -> bool {
        match self.signal {
            Signal::Bp => layer + 1 == self.readout_source && self.readout.kernel.is_none(),
            Signal::Dfa | Signal::Sdfa | Signal::Drtp => self.has_signal(layer),
            Signal::Local => false,
        }
    }

    /// Has this layer a readout of its own?
    pub(super) fn has_local(&self, layer: usize) -> bool {
        DEEP && self.signal == Signal::Local && self.has_signal(layer)
    }

    /// How the readout's outputs lie.
    pub(super) fn outputs(&self, input: &Port) -> Outputs {
        let map = self.readout.output(input);
        let values = self.readout.classes;
        let stride = if self.readout.kernel.is_some() { self.readout.width() } else { values };
        Outputs { height: map.height, width: map.width, values, stride }
    }

    /// The outputs whose error matrices multiply.
    pub(super) fn narrow_shape(&self) -> Outputs {
        Outputs::dense(if self.readout.kernel.is_some() { 0 } else { self.readout.classes })
    }

    /// The contrast of a flow whose map divides the sensor, with two passes of blur.
    pub(super) fn contrast(&self) -> ContrastSpec {
        let map = self.readout.output(&self.readout_input(&self.ports()));
        ContrastSpec { scale: self.input.width / map.width.max(1), blur: 2, smoothness: 0 }
    }

    /// Bytes that the network will hold, by part.
    pub fn memory(&self) -> Memory {
        let ports = self.ports();
        let layers = (0..self.layers.len()).map(|i| self.layer_memory(i, &ports));
        let sum = layers.fold(Memory::default(), |sum, layer| sum + layer);
        sum + self.readout_memory(&ports)
    }

    /// Bytes that a hidden layer will hold, its learning signal and feedback matrix included. `ports` as [`Self::ports`]
    /// gives them.
    pub fn layer_memory(&self, layer: usize, ports: &[Port]) -> Memory {
        let sources = ports_of(&self.layers[layer].sources, self.sensor(), ports);
        let input = &sources[0];
        let own = match &self.layers[layer].kind {
            LayerKind::Spiking(spec) => spec.memory(*input, &self.learning),
            LayerKind::Conv(spec) => spec.memory(input, &self.learning),
            LayerKind::Pool(spec) => spec.memory(input),
            LayerKind::Upsample(spec) => spec.memory(input),
            LayerKind::Join(spec) => spec.memory(&sources),
            LayerKind::Dropout(spec) => spec.memory(input),
        };
        let width = ports[layer].signal_len();
        let feedback = if self.has_feedback(layer) { Feedback::bytes(self.readout.classes, width) } else { 0 };
        let elements = ports[layer].shape.elements();
        let local = if self.has_local(layer) { LocalReadout::bytes(self.readout.classes, elements) } else { 0 };
        let weights = feedback + local;
        let membranes = if self.has_signal(layer) { 4 * width as u64 } else { 0 };
        own + Memory { weights, membranes, ..Memory::default() }
    }

    /// Bytes that the readout will hold, its error included.
    pub fn readout_memory(&self, ports: &[Port]) -> Memory {
        let input = self.readout_input(ports);
        let outputs = self.outputs(&input);
        // The error, the same narrowed, and what the loss needs.
        let errors = 4 * outputs.positions() as u64 * outputs.stride as u64;
        let membranes = errors + Narrow::bytes(self.narrow_shape()) + Criterion::bytes(self.loss, outputs);
        self.readout.memory(input, &self.learning) + Memory { membranes, ..Memory::default() }
    }
}

/// What a layer gives for what its sources give; none where their shapes do not fit.
pub(super) fn port_of(kind: &LayerKind, sources: &[Port]) -> Option<Port> {
    let input = &sources[0];
    match kind {
        LayerKind::Spiking(spec) => Some(Port::from(spec.units)),
        LayerKind::Conv(spec) => spec.output(input.shape).map(Port::spikes),
        LayerKind::Pool(spec) => spec.output(input),
        LayerKind::Upsample(spec) => Some(spec.output(input)),
        LayerKind::Join(spec) => spec.output(sources),
        LayerKind::Dropout(spec) => Some(spec.output(input)),
    }
}
