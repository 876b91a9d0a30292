//! A look into a spiking layer, and the setting of its weights.

use super::Spiking;
use crate::eligibility::Eligibility;
use crate::fixed::{BIAS_MAX, WEIGHT_MAX};
use crate::keep::{Keeper, Part, Values, keep_resting, within};
use crate::kernel::SUM_MAX;
use crate::layer::descent::Descent;

impl Spiking {
    /// The weight, in the layer's format, from row `row` (an input, or `inputs` + a neuron of the layer itself) to neuron `unit`.
    pub fn weight(&self, row: usize, unit: usize) -> i16 {
        self.weights.get(row * self.width + unit)
    }

    /// What decides how gradients become changes.
    pub fn descent(&self) -> &Descent {
        &self.descent
    }

    /// Makes the weights in use of raw ones that were set.
    pub fn renew(&mut self) {
        self.descent.renew(self.width, &mut self.weights);
    }

    /// Sets a weight, the raw one where weights are standardised ([`Self::renew`] must follow then); `value` is held to the
    /// format's range, and to what 8 bits can hold.
    pub fn set_weight(&mut self, row: usize, unit: usize, value: i32) {
        assert!(unit < self.spec.units);
        let value = value.clamp(-WEIGHT_MAX, WEIGHT_MAX) as i16;
        let index = row * self.width + unit;
        match self.descent.raw_mut().get_mut(index) {
            Some(raw) => *raw = value,
            None => self.weights.set(index, value),
        }
    }

    /// Biases, membrane format.
    pub fn bias(&self) -> &[i32] {
        &self.bias[..self.spec.units]
    }

    /// Sets a bias, also where biases are not learned.
    pub fn set_bias(&mut self, unit: usize, value: i32) {
        assert!(unit < self.spec.units);
        self.bias[unit] = value.clamp(-BIAS_MAX, BIAS_MAX);
    }

    /// Membranes after the reset, membrane format; voltages of Loihi's neurons, in the chip's units.
    pub fn membrane(&self) -> &[i32] {
        &self.neurons.membrane()[..self.spec.units]
    }

    /// Currents of Loihi's neurons, in the chip's units; empty where they are not.
    pub fn current(&self) -> &[i32] {
        self.neurons.current().get(..self.spec.units).unwrap_or_default()
    }

    /// Membranes before the reset, less the threshold.
    pub fn v(&self) -> &[i32] {
        &self.neurons.v()[..self.spec.units]
    }

    /// Surrogates of the last learning step, `Q 15`.
    pub fn psi(&self) -> &[i32] {
        &self.neurons.psi()[..self.spec.units]
    }

    /// Traces of the surrogates, `Q 15`; empty where the rule has no non-causal term.
    pub fn post_trace(&self) -> &[i32] {
        self.neurons.post_trace().get(..self.spec.units).unwrap_or_default()
    }

    /// Traces, the block and its format.
    pub fn eligibility(&self) -> &Eligibility {
        &self.neurons.eligibility
    }

    /// The gradient times the rate that waits for the end of the sequence, in the format's bits; empty in block mode.
    pub fn gradient(&self) -> &[i32] {
        &self.gradient
    }

    /// The bias gradient times the rate that waits to be applied, in the format's bits.
    pub fn bias_gradient(&self) -> &[i32] {
        &self.bias_gradient[..self.spec.units]
    }

    /// Gives all weights and state to a keeper. [`Self::adopt`] must follow where it was set.
    pub fn keep(&mut self, keeper: &mut dyn Keeper) {
        self.neurons.keep(keeper);
        self.descent.keep(keeper, &mut self.weights);
        keeper.array(Part::Bias, Values::I32(&mut self.bias), within(BIAS_MAX));
        keep_resting(keeper, Part::BiasGradient, Values::I32(&mut self.bias_gradient), within(SUM_MAX));
        keep_resting(keeper, Part::Gradient, Values::I32(&mut self.gradient), within(SUM_MAX));
    }

    /// Makes anew what follows from state that was set.
    pub fn adopt(&mut self) {
        self.neurons.adopt();
        self.renew();
        for (touched, row) in self.touched.iter_mut().zip(self.gradient.chunks_exact(self.width)) {
            *touched = row.iter().any(|&g| g != 0);
        }
    }

    /// Gives every weight, in the layer's format, and bias to `sink`.
    pub fn visit_weights(&self, sink: &mut dyn FnMut(i64)) {
        self.weights.visit(sink);
        self.bias.iter().for_each(|&b| sink(b as i64));
    }
}
