//! The spiking layer and the rule: dense, recurrent and convolutional layers differ in their [`Connection`] only.

use super::{Connection, Gradients, Recurrence, add, decay_and_add, product};
use crate::Factors;
use crate::loihi::Loihi;
use crate::neuron::{Neuron, Neurons};
use crate::parameters::Parameters;

/// A layer of spiking neurons that learns by the three-factor rule.
///
/// The order of a step is that of the official code (facts 1 to 9):
///
/// ```text
/// step(x):       trace_in <- lambda_pre trace_in + x
///                current   = W_eff x + b [+ W_rec_eff y(t-1)]
///                membrane, spikes y, psi, trace_out: see Neurons::step
///                trace_rec <- lambda_pre trace_rec + y(t), after its old value was put aside for the gradient
/// gradients(g):  dW     = alpha_pre (g psi) trace_in^T + alpha_post (g trace_out_used) x^T
///                dW_rec = the same with trace_rec and y(t-1)
///                db     = g psi                    no trace; a convolution sums it over positions
///                dx     = W_eff^T (g psi)          the signal for the layer below, at this same step
/// ```
#[derive(Clone, Debug)]
pub struct SpikingLayer {
    connection: Connection,
    parameters: Parameters,
    effective: Vec<f64>,
    effective_rec: Option<Vec<f64>>,
    factors: Factors,
    neurons: Neurons,
    recurrence: Option<Recurrence>,
    input: Vec<f64>,
    trace_in: Vec<f64>,
}

impl SpikingLayer {
    /// A layer at rest. It is recurrent where `parameters` has recurrent weights.
    pub fn new(connection: Connection, parameters: Parameters, neuron: Neuron, factors: Factors) -> Self {
        let count = connection.outputs();
        assert_eq!(parameters.weight.raw.len(), connection.weights(), "weights: as many as the connection has");
        if let Some(weight_rec) = &parameters.weight_rec {
            assert_eq!(weight_rec.raw.len(), count * count, "recurrent weights: one for each pair of neurons");
        }
        if let Some(bias) = &parameters.bias {
            assert_eq!(bias.len(), connection.biases(), "bias: as many values as the connection takes");
        }
        Self {
            connection,
            effective: parameters.weight.effective(),
            effective_rec: parameters.weight_rec.as_ref().map(|weights| weights.effective()),
            factors,
            neurons: Neurons::new(count, neuron, factors.lambda_post),
            recurrence: parameters.weight_rec.as_ref().map(|_| Recurrence::new(count)),
            input: vec![0.0; connection.inputs()],
            trace_in: vec![0.0; connection.inputs()],
            parameters,
        }
    }

    /// The same with Loihi's neurons, at rest.
    pub fn with_loihi(mut self, loihi: Loihi) -> Self {
        self.neurons = self.neurons.with_loihi(loihi);
        self.reset();
        self
    }

    /// One time step with the inputs x, 0 or 1 (or any real number); returns the spikes, 0 or 1.
    pub fn step(&mut self, x: &[f64]) -> &[f64] {
        decay_and_add(&mut self.trace_in, self.factors.lambda_pre, x);
        self.input.copy_from_slice(x);

        let mut current = self.connection.forward(&self.effective, x);
        let loihi = self.neurons.loihi();
        // Loihi's currents do not hold it.
        let mut apart = vec![0.0; current.len()];
        if let Some(bias) = &self.parameters.bias {
            self.connection.add_bias(if loihi.is_some() { &mut apart } else { &mut current }, bias);
        }
        if let (Some(recurrence), Some(weight_rec)) = (&mut self.recurrence, &self.effective_rec) {
            add(&mut current, &recurrence.current(weight_rec, self.neurons.spikes()));
        }
        match &loihi {
            Some(loihi) => self.neurons.step_loihi(loihi, &current, &apart),
            None => self.neurons.step(&current),
        }
        if let Some(recurrence) = &mut self.recurrence {
            recurrence.advance(self.factors.lambda_pre, self.neurons.spikes());
        }
        self.neurons.spikes()
    }

    /// The gradients of the last step for a learning signal g, one value an output. Changes nothing.
    pub fn gradients(&self, g: &[f64]) -> Gradients {
        assert_eq!(g.len(), self.neurons.count(), "learning signal: one value an output");
        let Factors { alpha_pre, alpha_post, .. } = self.factors;
        let e_pre = product(alpha_pre, g, self.neurons.psi_in_weight_terms());
        let e_post = product(alpha_post, g, self.neurons.trace_out_used());
        let g_psi = product(1.0, g, self.neurons.psi());

        let mut weight = self.connection.correlate(&e_pre, &self.trace_in);
        add(&mut weight, &self.connection.correlate(&e_post, &self.input));
        Gradients {
            input: self.connection.transpose(&self.effective, &g_psi),
            weight,
            weight_rec: self.recurrence.as_ref().map(|recurrence| recurrence.gradient(&e_pre, &e_post)),
            bias: self.connection.bias_gradient(&g_psi),
        }
    }

    /// Membranes, traces and the spikes of the last step back to zero; the parameters stay.
    pub fn reset(&mut self) {
        self.neurons.reset();
        self.recurrence = self.recurrence.as_ref().map(|_| Recurrence::new(self.neurons.count()));
        self.input.fill(0.0);
        self.trace_in.fill(0.0);
    }

    /// Other parameters of the same shape, from the next step on.
    pub fn set_parameters(&mut self, parameters: Parameters) {
        assert_eq!(parameters.weight.raw.len(), self.connection.weights(), "weights: as many as the connection has");
        self.effective = parameters.weight.effective();
        self.effective_rec = parameters.weight_rec.as_ref().map(|weights| weights.effective());
        self.parameters = parameters;
    }

    /// The rule's constants.
    pub fn factors(&self) -> Factors {
        self.factors
    }

    /// How inputs reach outputs.
    pub fn connection(&self) -> Connection {
        self.connection
    }

    /// What the layer learns.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The weights in use, standardised where the layer standardises.
    pub fn effective_weight(&self) -> &[f64] {
        &self.effective
    }

    /// The recurrent weights in use.
    pub fn effective_weight_rec(&self) -> Option<&[f64]> {
        self.effective_rec.as_deref()
    }

    /// Membranes, spikes, psi and its trace.
    pub fn neurons(&self) -> &Neurons {
        &self.neurons
    }

    /// The recurrent inputs and their trace.
    pub fn recurrence(&self) -> Option<&Recurrence> {
        self.recurrence.as_ref()
    }

    /// The trace of the inputs after this step's update, one value an input; the gradient uses this one.
    pub fn trace_in(&self) -> &[f64] {
        &self.trace_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::ConvShape;
    use crate::neuron::Reset;
    use crate::parameters::Weights;
    use crate::psi::Psi;

    const NEURON: Neuron = Neuron { leak: 0.5, threshold: 1.0, reset: Reset::Soft, psi: Psi::Tri };
    const FACTORS: Factors = Factors { lambda_post: 0.5, lambda_pre: 0.5, alpha_post: -1.0, alpha_pre: 2.0 };

    fn close(values: &[f64], expected: &[f64]) {
        assert_eq!(values.len(), expected.len());
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-14, "{value} where {expected} is expected");
        }
    }

    #[test]
    fn dense_by_hand() {
        let parameters = Parameters::new(Weights::plain(1, vec![1.5, 0.25])).with_bias(vec![0.125]);
        let mut layer = SpikingLayer::new(Connection::dense(2, 1), parameters, NEURON, FACTORS);
        layer.step(&[0.0, 1.0]); // u = 0.375, psi = 0.3 * 0.375
        let first = layer.gradients(&[1.0]);
        close(&first.weight, &[0.0, 2.0 * 0.1125]);
        close(&first.bias, &[0.1125]);
        close(&first.input, &[1.5 * 0.1125, 0.25 * 0.1125]);

        layer.step(&[1.0, 0.0]); // u = 1.8125, a spike, psi = 0.3 * 0.1875
        assert_eq!(layer.neurons().spikes(), [1.0]);
        close(layer.neurons().membrane_after_reset(), &[0.8125]);
        assert_eq!(layer.trace_in(), [1.0, 0.5]);
        // causal: 2 * psi * trace_in; non-causal: -1 * the trace of psi before this step * x
        close(&layer.gradients(&[1.0]).weight, &[2.0 * 0.05625 - 0.1125, 2.0 * 0.05625 * 0.5]);
    }

    #[test]
    fn tri_out_puts_the_spike_into_the_weight_terms_only() {
        let neuron = Neuron { psi: Psi::TriOut, ..NEURON };
        let parameters = Parameters::new(Weights::plain(1, vec![1.5]));
        let mut layer = SpikingLayer::new(Connection::dense(1, 1), parameters, neuron, FACTORS);
        layer.step(&[1.0]); // v = 0.5, a spike
        let gradients = layer.gradients(&[1.0]);
        close(&gradients.weight, &[2.0]);
        close(&gradients.bias, &[0.15]);
        close(&gradients.input, &[1.5 * 0.15]);
        layer.step(&[0.0]); // no spike: the trace of spikes decays
        close(layer.neurons().trace_out(), &[0.5]);
    }

    #[test]
    fn recurrent_by_hand() {
        let parameters = Parameters::new(Weights::plain(1, vec![1.25])).with_recurrence(Weights::plain(1, vec![0.5]));
        let mut layer = SpikingLayer::new(Connection::dense(1, 1), parameters, NEURON, FACTORS);
        layer.step(&[1.0]); // u = 1.25, a spike, psi = 0.225
        assert_eq!(layer.gradients(&[1.0]).weight_rec, Some(vec![0.0]));

        layer.step(&[1.0]); // u = 0.125 + 1.25 + 0.5: a spike, psi = 0.3 * 0.125
        assert_eq!(layer.neurons().membrane_before_reset(), [1.875]);
        let recurrence = layer.recurrence().expect("a recurrent layer");
        assert_eq!(
            (recurrence.spikes_before(), recurrence.trace_used(), recurrence.trace_next()),
            (&[1.0][..], &[1.0][..], &[1.5][..])
        );
        close(&layer.gradients(&[1.0]).weight_rec.expect("a recurrent layer"), &[2.0 * 0.0375 - 0.225]);

        layer.reset();
        assert_eq!(layer.step(&[0.0]), [0.0]);
        assert_eq!(layer.neurons().membrane_before_reset(), [0.0]);
    }

    #[test]
    fn a_convolution_sums_over_its_positions() {
        let shape = ConvShape {
            channels_in: 1,
            channels_out: 1,
            height: 1,
            width: 3,
            kernel: [1, 1],
            stride: 1,
            padding: 0,
            dilation: 1,
            groups: 1,
        };
        let parameters = Parameters::new(Weights::plain(1, vec![0.5])).with_bias(vec![0.25]);
        let mut layer = SpikingLayer::new(Connection::Conv(shape), parameters, NEURON, FACTORS);
        layer.step(&[1.0, 0.0, 1.0]); // u = 0.75, 0.25, 0.75; psi = 0.225, 0.075, 0.225
        let gradients = layer.gradients(&[1.0, 1.0, -2.0]);
        close(&gradients.weight, &[2.0 * (0.225 - 0.45)]);
        close(&gradients.bias, &[0.225 + 0.075 - 0.45]);
        close(&gradients.input, &[0.1125, 0.0375, -0.225]);
    }
}
