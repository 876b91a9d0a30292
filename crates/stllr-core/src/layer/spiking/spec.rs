//! A spiking layer, as configured.

use crate::aligned::Aligned;
use crate::deep::{DEEP, Deep};
use crate::fixed::{Factor, MEMBRANE_EXTRA};
use crate::layer::descent::Descent;
use crate::layer::loihi::LoihiSpec;
use crate::layer::neurons::Neurons;
use crate::layer::update::Learning;
use crate::layer::weights::Weights;
use crate::meter::Memory;
use crate::psi::Psi;
use crate::shape::Port;

/// The rule's four factors: dW = d (alpha_pre psi trace_pre + alpha_post trace_post x).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factors {
    /// Decay of the trace of input spikes, `Q 15`, 0..=32768.
    pub lambda_pre: i32,
    /// Decay of the trace of surrogates, `Q 15`, 0..=32768.
    pub lambda_post: i32,
    /// Weight of the causal term.
    pub alpha_pre: Factor,
    /// Weight of the non-causal term.
    pub alpha_post: Factor,
}

/// A spiking layer, as configured. Numbers are in the formats of [`crate::fixed`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpikingSpec {
    /// Neurons, from 1.
    pub units: usize,
    /// Do the neurons also see their own spikes of the step before?
    pub recurrent: bool,
    /// Fraction bits of the weights, 8..=13: their range is 2^(13 - bits).
    pub weight_bits: u32,
    /// What stays of a membrane in a step, `Q 15`, 0..=32768.
    pub leak: i32,
    /// Threshold, `Q 16`, 0.5 and up.
    pub threshold: i32,
    /// Is the threshold subtracted after a spike, or the membrane set to zero?
    pub soft_reset: bool,
    /// Surrogate derivative.
    pub psi: Psi,
    /// The rule's factors.
    pub factors: Factors,
    /// Learning rate.
    pub rate: Factor,
    /// Is there a learned bias?
    pub bias: bool,
    /// How many input spikes make one, 1 to 4096: weights are stored divided by it, and `rate` by its square.
    pub divisor: usize,
    /// Are weights standardised, with a learned gain an output? Then they and `rate` are not divided.
    pub standardise: bool,
    /// Standard deviation of the initial weights from the layer below, `Q 24`.
    pub deviation: i64,
    /// Standard deviation of the initial weights from the layer itself, `Q 24`.
    pub recurrent_deviation: i64,
    /// Are weights held in 8 bits? Then as integers times 2^this units of `weight_bits`, 0..=6.
    pub byte_shift: Option<Deep<u32>>,
    /// Are the neurons Loihi's? Then `leak`, `threshold` and `soft_reset` do not count, and are 0.
    pub loihi: Option<Deep<LoihiSpec>>,
}

impl SpikingSpec {
    pub(super) fn rows(&self, inputs: usize) -> usize {
        inputs + if self.recurrent { self.units } else { 0 }
    }

    /// Neurons, with padding to whole vectors.
    pub fn width(&self) -> usize {
        self.units.next_multiple_of(8)
    }

    /// Fraction bits of the weights as they are held.
    pub fn held_bits(&self) -> u32 {
        let held = |shift: &Deep<u32>| {
            let shift: &u32 = shift;
            self.weight_bits.saturating_sub(*shift)
        };
        self.byte_shift.as_ref().map_or(self.weight_bits, held)
    }

    /// Fraction bits of membranes, thresholds and biases.
    pub fn membrane_bits(&self) -> u32 {
        self.weight_bits + MEMBRANE_EXTRA
    }

    /// Bytes that the layer holds.
    pub fn memory(&self, input: impl Into<Port>, learning: &Learning) -> Memory {
        let input = input.into();
        let (rows, width) = (self.rows(input.shape.elements()) as u64, self.width() as u64);
        let traced = self.rows(input.most()) as u64;
        let (line, block_rows) = (Aligned::<i32>::bytes(width), learning.block_steps as u64 + 1);
        let (weights, gathers) = (rows * width, self.gathers(learning));
        let outputs = self.units as u64 * (1 + self.recurrent as u64);
        let own = Memory {
            weights: Weights::memory(rows, width, &self.byte_shift) + line,
            membranes: line + 4 * traced,
            block: line + Aligned::<i16>::bytes(block_rows * width) + Aligned::<i16>::bytes(width),
            gradients: if gathers { Aligned::<i32>::bytes(weights) + rows } else { 0 },
            ..Memory::default()
        };
        let standard =
            if self.standardise { Descent::standard_memory(learning, weights, outputs) } else { Memory::default() };
        let descent = if gathers { weights } else { 0 };
        own + Neurons::memory(self, width, traced, learning) + Descent::memory(learning, descent, width) + standard
    }

    /// Is the gradient gathered before it changes weights?
    pub(super) fn gathers(&self, learning: &Learning) -> bool {
        learning.gathers() || self.standardise
    }

    /// What weights and `rate` are divided by: nothing where they are standardised.
    pub fn held_divisor(&self) -> usize {
        if DEEP && self.standardise { 1 } else { self.divisor }
    }

    /// Does the rule have its non-causal term?
    pub fn has_noncausal(&self) -> bool {
        self.factors.alpha_post.mantissa != 0
    }
}
