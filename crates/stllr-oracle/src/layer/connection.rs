//! How inputs reach outputs: the three linear maps the rule needs, for a full matrix and for a convolution.

use super::conv::ConvShape;

/// The way from a layer's inputs to its outputs. The weights are given to each map: they belong to the layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Every input reaches every output; weights are `[outputs][inputs]`.
    Dense {
        /// Number of inputs.
        inputs: usize,
        /// Number of outputs.
        outputs: usize,
    },
    /// A two-dimensional convolution; weights are `[channels out][channels in / groups][k][k]`, inputs and outputs are
    /// `[channel][row][column]`.
    Conv(ConvShape),
}

impl Connection {
    /// A full matrix.
    pub fn dense(inputs: usize, outputs: usize) -> Self {
        Self::Dense { inputs, outputs }
    }

    /// Number of inputs.
    pub fn inputs(self) -> usize {
        match self {
            Self::Dense { inputs, .. } => inputs,
            Self::Conv(shape) => shape.inputs(),
        }
    }

    /// Number of outputs.
    pub fn outputs(self) -> usize {
        match self {
            Self::Dense { outputs, .. } => outputs,
            Self::Conv(shape) => shape.outputs(),
        }
    }

    /// Number of weights.
    pub fn weights(self) -> usize {
        match self {
            Self::Dense { inputs, outputs } => inputs * outputs,
            Self::Conv(shape) => shape.weights(),
        }
    }

    /// How many outputs share one value of the bias: 1, or a convolution's positions.
    pub fn outputs_a_bias(self) -> usize {
        match self {
            Self::Dense { .. } => 1,
            Self::Conv(shape) => shape.positions_out(),
        }
    }

    /// Number of values of the bias: the outputs, or a convolution's output channels.
    pub fn biases(self) -> usize {
        self.outputs() / self.outputs_a_bias()
    }

    /// W x: the input current, one value an output.
    pub fn forward(self, weight: &[f64], x: &[f64]) -> Vec<f64> {
        let mut current = vec![0.0; self.outputs()];
        self.each_synapse(|w, input, output| current[output] += weight[w] * x[input]);
        current
    }

    /// W^T e: what the layer below receives, one value an input.
    pub fn transpose(self, weight: &[f64], e: &[f64]) -> Vec<f64> {
        let mut signal = vec![0.0; self.inputs()];
        self.each_synapse(|w, input, output| signal[input] += weight[w] * e[output]);
        signal
    }

    /// e x^T summed over the places a weight serves: a gradient in the shape of the weights.
    pub fn correlate(self, e: &[f64], x: &[f64]) -> Vec<f64> {
        let mut gradient = vec![0.0; self.weights()];
        self.each_synapse(|w, input, output| gradient[w] += e[output] * x[input]);
        gradient
    }

    /// current <- current + b, each value of the bias at all outputs that share it.
    pub fn add_bias(self, current: &mut [f64], bias: &[f64]) {
        let share = self.outputs_a_bias();
        current.iter_mut().enumerate().for_each(|(i, current)| *current += bias[i / share]);
    }

    /// The bias's gradient from one value an output: the sum over the outputs that share a value.
    pub fn bias_gradient(self, e: &[f64]) -> Vec<f64> {
        e.chunks_exact(self.outputs_a_bias()).map(|shared| shared.iter().sum()).collect()
    }

    /// Calls `synapse(weight, input, output)` for every pair of an input and an output that a weight joins.
    pub(crate) fn each_synapse(self, mut synapse: impl FnMut(usize, usize, usize)) {
        match self {
            Self::Dense { inputs, outputs } => {
                for output in 0..outputs {
                    for input in 0..inputs {
                        synapse(output * inputs + input, input, output);
                    }
                }
            }
            Self::Conv(shape) => shape.each_synapse(synapse),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_by_hand() {
        let dense = Connection::dense(3, 2);
        let weight = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(dense.forward(&weight, &[1.0, 0.0, 1.0]), [4.0, 10.0]);
        assert_eq!(dense.transpose(&weight, &[1.0, -1.0]), [-3.0, -3.0, -3.0]);
        assert_eq!(dense.correlate(&[1.0, -1.0], &[1.0, 0.0, 2.0]), [1.0, 0.0, 2.0, -1.0, 0.0, -2.0]);
    }
}
