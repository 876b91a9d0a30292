//! Which weight joins which input to which neuron: a convolution is the full matrix that its kernel unrolls to, with the
//! weights shared.

use super::Estimate;
use crate::layer::Connection;

/// A synapse of an input, or of one of the layer's own neurons.
#[derive(Clone, Copy, Debug)]
pub struct Synapse {
    /// The weight's place among the layer's: first those from the input, then the recurrent ones.
    pub weight: usize,
    /// The neuron.
    pub output: usize,
}

/// The synapses of a layer, sorted by what they come from.
///
/// Inputs, neurons and weights are numbered as in the reference. A row is what the core keeps one trace of; several belong
/// to an input that may spike more than once in a step. A recurrent layer's own neurons are further inputs, each of one
/// row.
#[derive(Clone, Debug)]
pub struct Synapses {
    connection: Connection,
    of_input: Vec<Vec<Synapse>>,
    row_inputs: Vec<usize>,
    weights: usize,
}

impl Synapses {
    /// `row_inputs` has the input of each row, those of the layer's own neurons left out.
    pub fn new(connection: Connection, row_inputs: Vec<usize>, recurrent: bool) -> Self {
        let (inputs, outputs) = (connection.inputs(), connection.outputs());
        let mut all = Self {
            connection,
            of_input: vec![vec![]; inputs],
            row_inputs,
            weights: connection.weights() + if recurrent { outputs * outputs } else { 0 },
        };
        connection.each_synapse(|weight, input, output| all.of_input[input].push(Synapse { weight, output }));
        if recurrent {
            let first = connection.weights();
            let from = |pre| (0..outputs).map(move |output| Synapse { weight: first + output * outputs + pre, output });
            all.of_input.extend((0..outputs).map(|pre| from(pre).collect::<Vec<_>>()));
            all.row_inputs.extend(inputs..inputs + outputs);
        }
        all
    }

    /// How many inputs there are, the layer's own neurons left out.
    pub fn inputs(&self) -> usize {
        self.connection.inputs()
    }

    /// How many neurons.
    pub fn outputs(&self) -> usize {
        self.connection.outputs()
    }

    /// How many weights, the recurrent ones included.
    pub fn weights(&self) -> usize {
        self.weights
    }

    /// How many rows, those of the layer's own neurons included.
    pub fn rows(&self) -> usize {
        self.row_inputs.len()
    }

    /// The synapses of a row.
    pub fn of_row(&self, row: usize) -> &[Synapse] {
        &self.of_input[self.row_inputs[row]]
    }

    /// Those of an input.
    pub fn of_input(&self, input: usize) -> &[Synapse] {
        &self.of_input[input]
    }

    /// Positions of the output: the neurons of one share their inputs, and a channel's neurons their bias.
    pub fn positions(&self) -> usize {
        self.connection.outputs_a_bias()
    }

    /// A neuron's position.
    pub fn position(&self, output: usize) -> usize {
        output % self.positions()
    }

    /// W x over some rows: the input of each neuron.
    pub fn current(&self, weight: &[Estimate], x: &[Estimate], rows: std::ops::Range<usize>) -> Vec<Estimate> {
        let mut current = vec![Estimate::default(); self.outputs()];
        for row in rows.filter(|&row| x[row].magnitude() > 0.0) {
            for synapse in self.of_row(row) {
                current[synapse.output] = current[synapse.output] + weight[synapse.weight] * x[row];
            }
        }
        current
    }

    /// Biases, each at all neurons that share it.
    pub fn spread_bias(&self, bias: &[Estimate]) -> Vec<Estimate> {
        (0..self.outputs()).map(|output| bias[output / self.positions()]).collect()
    }

    /// The sum of what all neurons that share a bias say.
    pub fn gather_bias(&self, values: &[Estimate]) -> Vec<Estimate> {
        values.chunks_exact(self.positions()).map(|shared| shared.iter().copied().sum()).collect()
    }
}
