//! A hidden layer of a network: what it is, what it sees, and what it gives.

use super::spec::{LayerKind, LayerSpec};
use crate::deep::{Deep, derive};
use crate::fixed::Factor;
use crate::keep::Keeper;
use crate::layer::{Conv, Dropout, Join, Learning, Pool, Relay, Spiking, Upsample};
use crate::meter::Meter;
use crate::shape::Port;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A hidden layer with its state.
#[derive(Clone, Debug)]
pub enum Layer {
    /// Dense or recurrent.
    Spiking(Box<Spiking>),
    /// A convolution.
    Conv(Deep<Box<Conv>>),
    /// No neurons.
    Relay(Deep<Box<Relay>>),
}

impl Layer {
    /// Layer number `number`, for sources that its spec fits.
    pub(super) fn new(spec: &LayerSpec, sources: &[Port], number: u32, learning: Learning) -> Self {
        let input = sources[0];
        match &spec.kind {
            LayerKind::Spiking(spec) => Self::Spiking(Box::new(Spiking::new(spec.clone(), input, number, learning))),
            LayerKind::Conv(spec) => {
                Self::Conv(derive(spec, |spec| Box::new(Conv::new(spec.clone(), input, number, learning))))
            }
            LayerKind::Pool(spec) => Self::relay(spec, |spec| Relay::Pool(Pool::new(*spec, input))),
            LayerKind::Upsample(spec) => Self::relay(spec, |spec| Relay::Upsample(Upsample::new(*spec, input))),
            LayerKind::Join(spec) => Self::relay(spec, |spec| Relay::Join(Join::new(spec, sources))),
            LayerKind::Dropout(spec) => Self::relay(spec, |spec| Relay::Dropout(Dropout::new(*spec, input))),
        }
    }

    fn relay<T>(spec: &Deep<T>, make: impl FnOnce(&T) -> Relay) -> Self {
        Self::Relay(derive(spec, |spec| Box::new(make(spec))))
    }

    /// Has it neurons, and so weights and a learning rate?
    pub fn has_neurons(&self) -> bool {
        !matches!(self, Self::Relay(_))
    }

    /// The spikes of the last step, numbered as the layer's port says.
    pub fn spikes(&self) -> &[u32] {
        match self {
            Self::Spiking(layer) => layer.spikes(),
            Self::Conv(layer) => layer.spikes(),
            Self::Relay(layer) => layer.spikes(),
        }
    }

    /// One time step forward. `source(k)` gives the spikes of source number k of `sources`.
    pub(super) fn forward<'a>(
        &mut self,
        sources: &[usize],
        source: impl Fn(usize) -> &'a [u32],
        track: bool,
        meter: &mut Meter,
    ) {
        match self {
            Self::Spiking(layer) => {
                layer.forward(source(sources[0]), track, meter);
            }
            Self::Conv(layer) => {
                layer.forward(source(sources[0]), track, meter);
            }
            Self::Relay(layer) => {
                layer.begin_step();
                for (number, &from) in sources.iter().enumerate() {
                    layer.take(number, source(from));
                }
            }
        }
    }

    /// Ends a step that learns, with the layer's learning signal, which has `gain` more fraction bits than `Q 26`.
    pub(super) fn learn(&mut self, d: &[i32], gain: u32) {
        match self {
            Self::Spiking(layer) => layer.learn_scaled(d, gain),
            Self::Conv(layer) => layer.learn_scaled(d, gain),
            Self::Relay(_) => (),
        }
    }

    /// Adds what passes to source number `source` to `out`.
    pub(super) fn signal_below(&mut self, source: usize, d: &[i32], out: &mut [i32]) {
        match self {
            Self::Spiking(layer) => layer.signal_below(d, out),
            Self::Conv(layer) => layer.signal_below(d, out),
            Self::Relay(layer) => layer.signal_below(source, d, out),
        }
    }

    /// Ends a step that does not learn.
    pub(super) fn rest(&mut self) {
        match self {
            Self::Spiking(layer) => layer.rest(),
            Self::Conv(layer) => layer.rest(),
            Self::Relay(_) => (),
        }
    }

    pub(super) fn end_block(&mut self, update: u64, meter: &mut Meter) {
        match self {
            Self::Spiking(layer) => layer.end_block(update, meter),
            Self::Conv(layer) => layer.end_block(update, meter),
            Self::Relay(_) => (),
        }
    }

    pub(super) fn end_sequence(&mut self, update: u64, meter: &mut Meter) {
        match self {
            Self::Spiking(layer) => layer.end_sequence(update, meter),
            Self::Conv(layer) => layer.end_sequence(update, meter),
            Self::Relay(_) => (),
        }
    }

    pub(super) fn set_rate(&mut self, rate: Factor) {
        match self {
            Self::Spiking(layer) => layer.set_rate(rate),
            Self::Conv(layer) => layer.set_rate(rate),
            Self::Relay(_) => (),
        }
    }

    pub(super) fn scale_input(&mut self, whole: bool) {
        match self {
            Self::Spiking(layer) => layer.scale_input(whole),
            Self::Conv(layer) => layer.scale_input(whole),
            Self::Relay(_) => (),
        }
    }

    pub(super) fn reset(&mut self) {
        match self {
            Self::Spiking(layer) => layer.reset(),
            Self::Conv(layer) => layer.reset(),
            Self::Relay(layer) => layer.reset(),
        }
    }

    pub(super) fn keep(&mut self, keeper: &mut dyn Keeper) {
        match self {
            Self::Spiking(layer) => layer.keep(keeper),
            Self::Conv(layer) => layer.keep(keeper),
            Self::Relay(_) => (),
        }
    }

    pub(super) fn adopt(&mut self) {
        match self {
            Self::Spiking(layer) => layer.adopt(),
            Self::Conv(layer) => layer.adopt(),
            Self::Relay(_) => (),
        }
    }

    pub(super) fn visit_weights(&self, sink: &mut dyn FnMut(i64)) {
        match self {
            Self::Spiking(layer) => layer.visit_weights(sink),
            Self::Conv(layer) => layer.visit_weights(sink),
            Self::Relay(_) => (),
        }
    }

    /// The dense or recurrent layer that it is.
    pub fn as_spiking(&self) -> Option<&Spiking> {
        if let Self::Spiking(layer) = self { Some(layer) } else { None }
    }

    /// The same, to be changed.
    pub fn as_spiking_mut(&mut self) -> Option<&mut Spiking> {
        if let Self::Spiking(layer) = self { Some(layer) } else { None }
    }

    /// The dropout that it is.
    pub fn as_dropout(&self) -> Option<&Dropout> {
        if let Self::Relay(relay) = self { relay.as_dropout() } else { None }
    }

    pub(super) fn as_dropout_mut(&mut self) -> Option<&mut Dropout> {
        if let Self::Relay(relay) = self { relay.as_dropout_mut() } else { None }
    }

    /// The convolution that it is.
    pub fn as_conv(&self) -> Option<&Conv> {
        if let Self::Conv(layer) = self { Some(layer) } else { None }
    }

    /// The same, to be changed.
    pub fn as_conv_mut(&mut self) -> Option<&mut Conv> {
        if let Self::Conv(layer) = self { Some(layer) } else { None }
    }
}

/// What each layer's sources give, given what the input and the layers before give.
pub(super) fn ports_of(sources: &[usize], input: Port, ports: &[Port]) -> Vec<Port> {
    sources.iter().map(|&from| if from == 0 { input } else { ports[from - 1] }).collect()
}
