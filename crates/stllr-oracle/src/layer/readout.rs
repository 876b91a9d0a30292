//! The readout: leaky integrators that never spike (fact 10).

use super::{Connection, ConvShape, Gradients, decay_and_add};
use crate::parameters::{Parameters, Weights};

/// A layer that accumulates its weighted inputs; its membranes are the logits, or as a convolution a map of values
/// (`[channel][row][column]`; a flow has two channels).
///
/// ```text
/// step(x):       trace_in <- trace_decay trace_in + x
///                u        <- leak u + W x + b
/// gradients(g):  dW = g trace_in^T,  db = g,  dx = W^T g      a convolution sums dW and db over its positions
/// ```
///
/// The weights act as they are, without standardisation, and the rule's alphas play no part. In the official networks
/// the trace decays by 0.99 while the leak is sigmoid(5) = 0.99331: the two are not tied.
#[derive(Clone, Debug)]
pub struct Readout {
    connection: Connection,
    parameters: Parameters,
    leak: f64,
    trace_decay: f64,
    membrane: Vec<f64>,
    trace_in: Vec<f64>,
}

impl Readout {
    /// A readout at rest. `weight` is plain, `[outputs][inputs]`; `bias` has one value an output.
    pub fn new(weight: Weights, bias: Option<Vec<f64>>, leak: f64, trace_decay: f64) -> Self {
        assert!(weight.standardisation.is_none(), "readout: its weights are not standardised");
        let connection = Connection::dense(weight.raw.len() / weight.outputs, weight.outputs);
        Self::with_connection(connection, weight, bias, leak, trace_decay)
    }

    /// A readout of values a pixel, at rest. `weight` is plain, `[channels out][channels in / groups][rows][columns]`;
    /// `bias` has one value an output channel. Outputs lie on the inputs' pixels for [`ConvShape::same`].
    pub fn conv(shape: ConvShape, weight: Weights, bias: Option<Vec<f64>>, leak: f64, trace_decay: f64) -> Self {
        assert!(weight.standardisation.is_none(), "readout: its weights are not standardised");
        Self::with_connection(Connection::Conv(shape), weight, bias, leak, trace_decay)
    }

    fn with_connection(
        connection: Connection,
        weight: Weights,
        bias: Option<Vec<f64>>,
        leak: f64,
        trace_decay: f64,
    ) -> Self {
        assert_eq!(weight.raw.len(), connection.weights(), "weights: as many as the connection has");
        if let Some(bias) = &bias {
            assert_eq!(bias.len(), connection.biases(), "bias: one value an output or output channel");
        }
        Self {
            connection,
            parameters: Parameters { bias, ..Parameters::new(weight) },
            leak,
            trace_decay,
            membrane: vec![0.0; connection.outputs()],
            trace_in: vec![0.0; connection.inputs()],
        }
    }

    /// One time step; returns the membranes, one value an output.
    pub fn step(&mut self, x: &[f64]) -> &[f64] {
        decay_and_add(&mut self.trace_in, self.trace_decay, x);
        let mut current = self.connection.forward(&self.parameters.weight.raw, x);
        if let Some(bias) = &self.parameters.bias {
            self.connection.add_bias(&mut current, bias);
        }
        decay_and_add(&mut self.membrane, self.leak, &current);
        &self.membrane
    }

    /// The gradients of the last step for a learning signal g, one value an output. Changes nothing.
    pub fn gradients(&self, g: &[f64]) -> Gradients {
        assert_eq!(g.len(), self.membrane.len(), "learning signal: one value an output");
        Gradients {
            input: self.connection.transpose(&self.parameters.weight.raw, g),
            weight: self.connection.correlate(g, &self.trace_in),
            weight_rec: None,
            bias: self.connection.bias_gradient(g),
        }
    }

    /// Membranes and traces back to zero; the parameters stay.
    pub fn reset(&mut self) {
        self.membrane.fill(0.0);
        self.trace_in.fill(0.0);
    }

    /// Other parameters of the same shape, from the next step on.
    pub fn set_parameters(&mut self, parameters: Parameters) {
        assert_eq!(parameters.weight.raw.len(), self.connection.weights(), "weights: as many as the readout has");
        self.parameters = parameters;
    }

    /// How inputs reach outputs.
    pub fn connection(&self) -> Connection {
        self.connection
    }

    /// What the layer learns.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// What is left of a membrane after a step.
    pub fn leak(&self) -> f64 {
        self.leak
    }

    /// Decay a step of the input traces.
    pub fn trace_decay(&self) -> f64 {
        self.trace_decay
    }

    /// The membranes of the last step: the logits.
    pub fn membrane(&self) -> &[f64] {
        &self.membrane
    }

    /// The trace of the inputs after this step's update, one value an input.
    pub fn trace_in(&self) -> &[f64] {
        &self.trace_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let mut readout = Readout::new(Weights::plain(1, vec![2.0, -1.0]), Some(vec![0.25]), 0.5, 0.75);
        assert_eq!(readout.step(&[1.0, 0.0]), [2.25]);
        assert_eq!(readout.step(&[1.0, 1.0]), [0.5 * 2.25 + 1.0 + 0.25]);
        assert_eq!(readout.trace_in(), [1.75, 1.0]);
        let gradients = readout.gradients(&[-2.0]);
        assert_eq!(
            (gradients.weight, gradients.bias, gradients.input),
            (vec![-3.5, -2.0], vec![-2.0], vec![-4.0, 2.0])
        );
    }

    /// The same map with every synapse of its own: `[outputs][inputs]`.
    fn unrolled(shape: ConvShape, weight: &[f64]) -> Vec<f64> {
        let connection = Connection::Conv(shape);
        let columns: Vec<Vec<f64>> = (0..connection.inputs())
            .map(|i| {
                let mut x = vec![0.0; connection.inputs()];
                x[i] = 1.0;
                connection.forward(weight, &x)
            })
            .collect();
        (0..connection.outputs()).flat_map(|o| columns.iter().map(move |column| column[o])).collect()
    }

    #[test]
    fn a_convolution_is_a_dense_readout_whose_weights_are_shared() {
        let shape = ConvShape::same([2, 2], 3, 4, 3);
        let weight: Vec<f64> = (0..shape.weights()).map(|i| ((i * 7) % 11) as f64 / 8.0 - 0.5).collect();
        let dense = Weights::plain(shape.outputs(), unrolled(shape, &weight));
        let bias: Vec<f64> = (0..shape.outputs()).map(|i| [0.25, -0.5][i / 12]).collect();
        let mut dense = Readout::new(dense, Some(bias), 0.5, 0.75);
        let mut conv = Readout::conv(shape, Weights::plain(2, weight), Some(vec![0.25, -0.5]), 0.5, 0.75);
        for t in 0..3 {
            let x: Vec<f64> = (0..shape.inputs()).map(|i| ((i * 5 + t * 3) % 7 < 2) as u8 as f64).collect();
            assert_eq!(dense.step(&x), conv.step(&x));
        }
        let g: Vec<f64> = (0..shape.outputs()).map(|i| ((i * 3) % 8) as f64 / 4.0 - 1.0).collect();
        let (dense, conv) = (dense.gradients(&g), conv.gradients(&g));
        assert_eq!(dense.input, conv.input);
        assert_eq!([&dense.bias[..12], &dense.bias[12..]].map(|map| map.iter().sum::<f64>()), conv.bias[..]);
        // a weight's gradient is the sum over the synapses it serves, which a map of that weight alone shows
        for (w, gradient) in conv.weight.iter().enumerate() {
            let mut alone = vec![0.0; shape.weights()];
            alone[w] = 1.0;
            let sum: f64 = unrolled(shape, &alone).iter().zip(&dense.weight).map(|(used, g)| used * g).sum();
            assert_eq!(sum, *gradient);
        }
    }
}
