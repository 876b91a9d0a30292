//! Leaky integrate-and-fire neurons: membrane, spike, psi and its trace, reset.

use crate::loihi::Loihi;
use crate::psi::Psi;

/// What happens to the membrane after a spike (fact 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// The threshold is subtracted.
    Soft,
    /// The membrane goes to zero.
    Hard,
    /// Nothing happens.
    None,
}

/// The constants all neurons of a layer share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neuron {
    /// What is left of the membrane after a step, 0 to 1. The input is not scaled by 1 - leak.
    pub leak: f64,
    /// A membrane strictly above this spikes. Used as given; see [`official_threshold`].
    pub threshold: f64,
    /// What follows a spike.
    pub reset: Reset,
    /// The secondary activation.
    pub psi: Psi,
}

/// The threshold as the official code uses it: never below one half (fact 3).
pub fn official_threshold(parameter: f64) -> f64 {
    parameter.max(0.5)
}

/// The neurons of a layer and all their values of the last step; every slice has one value a neuron.
#[derive(Clone, Debug)]
pub struct Neurons {
    neuron: Neuron,
    lambda_post: f64,
    /// Where the neurons are Loihi's: then leak, threshold and reset of `neuron` do not count.
    loihi: Option<Loihi>,
    /// Loihi's currents, in the chip's units.
    current: Vec<f64>,
    before_reset: Vec<f64>,
    after_reset: Vec<f64>,
    spikes: Vec<f64>,
    psi: Vec<f64>,
    psi_in_weight_terms: Vec<f64>,
    trace_out_used: Vec<f64>,
    trace_out: Vec<f64>,
}

impl Neurons {
    /// `count` neurons at rest: all state is zero.
    pub fn new(count: usize, neuron: Neuron, lambda_post: f64) -> Self {
        let zeros = vec![0.0; count];
        Self {
            neuron,
            lambda_post,
            loihi: None,
            current: zeros.clone(),
            before_reset: zeros.clone(),
            after_reset: zeros.clone(),
            spikes: zeros.clone(),
            psi: zeros.clone(),
            psi_in_weight_terms: zeros.clone(),
            trace_out_used: zeros.clone(),
            trace_out: zeros,
        }
    }

    /// The same as Loihi's neurons, at rest.
    pub fn with_loihi(self, loihi: Loihi) -> Self {
        Self { loihi: Some(loihi), ..Self::new(self.count(), self.neuron, self.lambda_post) }
    }

    /// Are they Loihi's?
    pub fn loihi(&self) -> Option<Loihi> {
        self.loihi
    }

    /// Loihi's currents, in the chip's units.
    pub fn current(&self) -> &[f64] {
        &self.current
    }

    /// One time step with the given input current, one value a neuron (facts 2 to 6):
    ///
    /// ```text
    /// u         <- leak u + current
    /// v          = u - threshold
    /// y          = 1 if v > 0, else 0
    /// used       = trace_out                     what the gradient of this step sees
    /// trace_out <- lambda_post trace_out + psi(v)
    /// u         <- reset(u, y)
    /// ```
    pub fn step(&mut self, current: &[f64]) {
        assert_eq!(current.len(), self.count(), "input current: one value a neuron");
        let Neuron { leak, threshold, reset, .. } = self.neuron;
        for (i, &current) in current.iter().enumerate() {
            let u = leak * self.after_reset[i] + current;
            let y = self.fire(i, u, threshold);
            self.after_reset[i] = match reset {
                Reset::Soft => u - threshold * y,
                Reset::Hard => u * (1.0 - y),
                Reset::None => u,
            };
        }
    }

    /// One time step of Loihi's neurons, which keep what weights give and not what the bias gives (see [`Loihi::step`]). The
    /// membranes are voltages over the chip's unit.
    pub fn step_loihi(&mut self, loihi: &Loihi, input: &[f64], bias: &[f64]) {
        assert_eq!((input.len(), bias.len()), (self.count(), self.count()), "input and bias: one value a neuron");
        for i in 0..self.count() {
            let voltage = self.after_reset[i] * loihi.unit;
            let u = loihi.step(&mut self.current[i], voltage, input[i], bias[i]) / loihi.unit;
            let y = self.fire(i, u, 64.0 * loihi.threshold / loihi.unit);
            self.after_reset[i] = u * (1.0 - y);
        }
    }

    /// Spike, psi and its trace of a neuron with this membrane; returns the spike.
    fn fire(&mut self, i: usize, u: f64, threshold: f64) -> f64 {
        let psi = self.neuron.psi;
        let v = u - threshold;
        let y = if v > 0.0 { 1.0 } else { 0.0 };
        self.before_reset[i] = u;
        self.spikes[i] = y;
        self.psi[i] = psi.slope(v);
        self.psi_in_weight_terms[i] = psi.in_weight_terms(v, y);
        self.trace_out_used[i] = self.trace_out[i];
        self.trace_out[i] = self.lambda_post * self.trace_out[i] + self.psi_in_weight_terms[i];
        y
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        *self = Self { loihi: self.loihi, ..Self::new(self.count(), self.neuron, self.lambda_post) };
    }

    /// How many neurons there are.
    pub fn count(&self) -> usize {
        self.spikes.len()
    }

    /// The constants.
    pub fn neuron(&self) -> Neuron {
        self.neuron
    }

    /// Membrane after leak and input, before the reset: spike and psi come from this one.
    pub fn membrane_before_reset(&self) -> &[f64] {
        &self.before_reset
    }

    /// Membrane after the reset, carried to the next step.
    pub fn membrane_after_reset(&self) -> &[f64] {
        &self.after_reset
    }

    /// The step's spikes, 0 or 1.
    pub fn spikes(&self) -> &[f64] {
        &self.spikes
    }

    /// psi of the step, as in the bias gradient and in the signal for the layer below.
    pub fn psi(&self) -> &[f64] {
        &self.psi
    }

    /// What stands for psi in the weight's gradient: psi, or the spikes for [`Psi::TriOut`].
    pub fn psi_in_weight_terms(&self) -> &[f64] {
        &self.psi_in_weight_terms
    }

    /// The trace of psi before this step's update, which this step's gradient uses. The newest past term has weight 1:
    /// at step t it is the sum over t' < t of lambda_post^(t-1-t') psi(t') (fact 5).
    pub fn trace_out_used(&self) -> &[f64] {
        &self.trace_out_used
    }

    /// The trace of psi after this step's update.
    pub fn trace_out(&self) -> &[f64] {
        &self.trace_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(reset: Reset) -> Neurons {
        Neurons::new(1, Neuron { leak: 0.5, threshold: 1.0, reset, psi: Psi::Tri }, 0.5)
    }

    #[test]
    fn soft_reset_keeps_the_excess_and_hard_reset_drops_it() {
        for (reset, kept) in [(Reset::Soft, 0.25), (Reset::Hard, 0.0), (Reset::None, 1.25)] {
            let mut neurons = one(reset);
            neurons.step(&[1.25]);
            assert_eq!(neurons.spikes(), [1.0]);
            assert_eq!(neurons.membrane_before_reset(), [1.25]);
            assert_eq!(neurons.membrane_after_reset(), [kept]);
        }
    }

    #[test]
    fn a_membrane_at_the_threshold_does_not_spike() {
        let mut neurons = one(Reset::Soft);
        neurons.step(&[1.0]);
        assert_eq!(neurons.spikes(), [0.0]);
        assert_eq!(neurons.psi(), [0.3]);
    }

    #[test]
    fn the_gradient_sees_the_trace_of_the_steps_before() {
        let mut neurons = one(Reset::Soft);
        neurons.step(&[0.5]); // v = -0.5, psi = 0.15
        assert_eq!((neurons.trace_out_used()[0], neurons.trace_out()[0]), (0.0, 0.15));
        neurons.step(&[0.75]); // u = 1, psi = 0.3
        assert_eq!((neurons.trace_out_used()[0], neurons.trace_out()[0]), (0.15, 0.375));
        neurons.reset();
        assert_eq!((neurons.trace_out()[0], neurons.membrane_after_reset()[0]), (0.0, 0.0));
    }

    #[test]
    fn the_official_threshold_is_never_below_one_half() {
        assert_eq!(official_threshold(0.3), 0.5);
        assert_eq!(official_threshold(0.8), 0.8);
    }
}
