//! What a network is to be, checked before anything is allocated.

use crate::fixed::{Factor, ONE_Q15};
use crate::layer::{Learning, ReadoutSpec, SpikingSpec};
use crate::meter::Memory;
use crate::signal::{Feedback, Signal};
use alloc::vec::Vec;
use core::fmt;

/// A network, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Input channels: for an event camera width x height x polarities.
    pub inputs: usize,
    /// Hidden layers, from the input up.
    pub hidden: Vec<SpikingSpec>,
    /// The readout.
    pub readout: ReadoutSpec,
    /// The learning signal of hidden layers.
    pub signal: Signal,
    /// What all layers agree on.
    pub learning: Learning,
    /// The most bytes that the network may hold.
    pub memory_limit: u64,
}

/// The most input channels, and the most neurons of a layer.
pub const MAX_UNITS: usize = 1 << 20;
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
    /// Is every value in its range, and does the network fit its memory limit?
    pub fn check(&self) -> Result<(), SpecError> {
        let whole = Field { layer: None };
        whole.within("inputs", self.inputs as i64, 1, MAX_UNITS as i64)?;
        whole.within("hidden layers", self.hidden.len() as i64, 0, MAX_LAYERS as i64)?;
        whole.within("block steps", self.learning.block_steps as i64, 1, 32)?;
        for (i, layer) in self.hidden.iter().enumerate() {
            check_spiking(layer, &Field { layer: Some(i) })?;
        }
        check_readout(&self.readout, &Field { layer: Some(self.hidden.len()) })?;
        // No machine can hold more than its addresses reach, whatever is allowed.
        let limit = self.memory_limit.min(isize::MAX as u64);
        whole.within("memory in bytes", self.memory().total() as i64, 0, limit as i64)
    }

    /// Bytes that the network will hold, by part.
    pub fn memory(&self) -> Memory {
        let mut sum = Memory::default();
        let mut add = |part: Memory| {
            sum.weights += part.weights;
            sum.membranes += part.membranes;
            sum.traces += part.traces;
            sum.block += part.block;
            sum.gradients += part.gradients;
        };
        let mut inputs = self.inputs;
        let classes = self.readout.classes;
        for (i, layer) in self.hidden.iter().enumerate() {
            add(layer.memory(inputs, &self.learning));
            let has_feedback = self.signal == Signal::Dfa || i + 1 == self.hidden.len();
            let weights = if has_feedback { Feedback::bytes(classes, layer.width()) } else { 0 };
            add(Memory { weights, membranes: 4 * layer.width() as u64, ..Memory::default() });
            inputs = layer.units;
        }
        add(self.readout.memory(inputs, &self.learning));
        // The readout's error, and the same narrowed.
        sum.membranes += 4 * classes as u64 + 2 * classes.next_multiple_of(2) as u64;
        sum
    }
}

struct Field {
    layer: Option<usize>,
}

impl Field {
    fn within(&self, field: &'static str, given: i64, low: i64, high: i64) -> Result<(), SpecError> {
        if (low..=high).contains(&given) {
            Ok(())
        } else {
            Err(SpecError { layer: self.layer, field, given, allowed: (low, high) })
        }
    }

    fn decay(&self, field: &'static str, given: i32) -> Result<(), SpecError> {
        self.within(field, given as i64, 0, ONE_Q15 as i64)
    }

    /// A factor that is zero or whose exponent is in a range.
    fn factor(&self, field: &'static str, given: Factor, low: i64, high: i64) -> Result<(), SpecError> {
        if given.mantissa == 0 {
            return Ok(());
        }
        self.within(field, given.mantissa.unsigned_abs() as i64, 1 << 14, 1 << 15)?;
        self.within(field, given.exponent as i64, low, high)
    }
}

fn check_spiking(layer: &SpikingSpec, at: &Field) -> Result<(), SpecError> {
    at.within("units", layer.units as i64, 1, MAX_UNITS as i64)?;
    at.within("weight bits", layer.weight_bits as i64, 8, 13)?;
    at.decay("leak", layer.leak)?;
    at.within("threshold", layer.threshold as i64, 1 << 15, 1 << 22)?;
    at.decay("lambda_pre", layer.factors.lambda_pre)?;
    at.decay("lambda_post", layer.factors.lambda_post)?;
    at.factor("alpha_pre", layer.factors.alpha_pre, -15, 5)?;
    at.factor("alpha_post", layer.factors.alpha_post, -15, 5)?;
    at.factor("rate", layer.rate, -24, 5)?;
    at.within("rate", layer.rate.mantissa as i64, 0, 1 << 15)?;
    at.within("deviation", layer.deviation, 0, 32 << 24)?;
    at.within("recurrent deviation", layer.recurrent_deviation, 0, 32 << 24)
}

fn check_readout(readout: &ReadoutSpec, at: &Field) -> Result<(), SpecError> {
    at.within("classes", readout.classes as i64, 2, MAX_CLASSES as i64)?;
    at.decay("leak", readout.leak)?;
    at.decay("trace decay", readout.trace_decay)?;
    at.factor("rate", readout.rate, -24, 5)?;
    at.within("rate", readout.rate.mantissa as i64, 0, 1 << 15)?;
    at.within("deviation", readout.deviation, 0, 8 << 24)
}
