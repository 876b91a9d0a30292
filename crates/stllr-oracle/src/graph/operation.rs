//! What a node does with its inputs, and the way of a learning signal through it.

use super::dropout::Dropout;
use super::map::{Map, Shape};
use super::pool::Pool;
use super::upsample;
use crate::layer::{Connection, Gradients, Readout, SpikingLayer, add};
use crate::parameters::Parameters;

/// The kinds of a node. All but [`Operation::Add`] and [`Operation::Concat`] have one input.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a graph has few nodes, and none is moved in a step")]
pub enum Operation {
    /// Dense, recurrent or convolutional: as its connection and parameters are. A dense layer takes the values of a map
    /// in the order `[channel][row][column]`.
    Spiking(SpikingLayer),
    /// Pooling of each channel.
    Pool(Pool),
    /// Upsampling by the nearest neighbour.
    Upsample {
        /// Rows and columns a value becomes.
        factor: usize,
    },
    /// The sum of maps of one shape.
    Add,
    /// The channels of maps of one height and width, one after the other.
    Concat,
    /// Dropout.
    Dropout(Dropout),
    /// A map as a vector, `[channel][row][column]`.
    Flatten,
    /// Dense or convolutional leaky integrators; a graph's last node and there only.
    Readout(Readout),
}

/// What a signal becomes.
pub(super) struct Backward {
    /// For each input of the node.
    pub inputs: Vec<Vec<f64>>,
    /// Where the node learns: with respect to its effective weights.
    pub gradients: Option<Gradients>,
}

impl Operation {
    /// The shape of the outputs; panics where the inputs do not fit.
    pub(super) fn shape(&self, inputs: &[Shape]) -> Shape {
        let [first, more @ ..] = inputs else { panic!("node: at least one input") };
        assert!(more.is_empty() || matches!(self, Self::Add | Self::Concat), "node: one input");
        match self {
            Self::Spiking(layer) => connected(layer.connection(), *first),
            Self::Readout(readout) => connected(readout.connection(), *first),
            Self::Pool(pool) => pool.shape(*first),
            Self::Upsample { factor } => upsample::shape(*first, *factor),
            Self::Add => {
                assert!(more.iter().all(|shape| shape == first), "add: inputs of one shape");
                *first
            }
            Self::Concat => {
                let size = |shape: &Shape| (shape.height, shape.width);
                assert!(more.iter().all(|shape| size(shape) == size(first)), "concat: inputs of one size");
                Shape { channels: inputs.iter().map(|shape| shape.channels).sum(), ..*first }
            }
            Self::Dropout(_) => *first,
            Self::Flatten => Shape::vector(first.count()),
        }
    }

    /// One time step: the outputs.
    pub(super) fn forward(&mut self, inputs: &[Map<'_>]) -> Vec<f64> {
        let x = inputs[0].values;
        match self {
            Self::Spiking(layer) => layer.step(x).to_vec(),
            Self::Readout(readout) => readout.step(x).to_vec(),
            Self::Pool(pool) => pool.forward(inputs[0]),
            Self::Upsample { factor } => upsample::forward(inputs[0], *factor),
            Self::Add => {
                let mut sum = x.to_vec();
                inputs[1..].iter().for_each(|more| add(&mut sum, more.values));
                sum
            }
            Self::Concat => inputs.iter().flat_map(|input| input.values).copied().collect(),
            Self::Dropout(dropout) => dropout.apply(x),
            Self::Flatten => x.to_vec(),
        }
    }

    /// The signals for the inputs at the same step, from one value an output; `inputs` are those of the step.
    pub(super) fn backward(&self, inputs: &[Map<'_>], g: &[f64]) -> Backward {
        let one = |signal| Backward { inputs: vec![signal], gradients: None };
        let learned =
            |gradients: Gradients| Backward { inputs: vec![gradients.input.clone()], gradients: Some(gradients) };
        match self {
            Self::Spiking(layer) => learned(layer.gradients(g)),
            Self::Readout(readout) => learned(readout.gradients(g)),
            Self::Pool(pool) => one(pool.backward(inputs[0], g)),
            Self::Upsample { factor } => one(upsample::backward(inputs[0].shape, *factor, g)),
            Self::Add => Backward { inputs: vec![g.to_vec(); inputs.len()], gradients: None },
            Self::Concat => {
                let mut rest = g;
                let part = |input: &Map<'_>| {
                    let (part, behind) = rest.split_at(input.values.len());
                    rest = behind;
                    part.to_vec()
                };
                Backward { inputs: inputs.iter().map(part).collect(), gradients: None }
            }
            Self::Dropout(dropout) => one(dropout.apply(g)),
            Self::Flatten => one(g.to_vec()),
        }
    }

    /// Back to rest; a dropout's mask and the parameters stay.
    pub(super) fn reset(&mut self) {
        match self {
            Self::Spiking(layer) => layer.reset(),
            Self::Readout(readout) => readout.reset(),
            Self::Pool(_) | Self::Upsample { .. } | Self::Add | Self::Concat | Self::Dropout(_) | Self::Flatten => {}
        }
    }

    /// What the node learns.
    pub(super) fn parameters(&self) -> Option<&Parameters> {
        match self {
            Self::Spiking(layer) => Some(layer.parameters()),
            Self::Readout(readout) => Some(readout.parameters()),
            Self::Pool(_) | Self::Upsample { .. } | Self::Add | Self::Concat | Self::Dropout(_) | Self::Flatten => None,
        }
    }

    /// Other parameters for a node that learns.
    pub(super) fn set_parameters(&mut self, parameters: Parameters) {
        match self {
            Self::Spiking(layer) => layer.set_parameters(parameters),
            Self::Readout(readout) => readout.set_parameters(parameters),
            Self::Pool(_) | Self::Upsample { .. } | Self::Add | Self::Concat | Self::Dropout(_) | Self::Flatten => {}
        }
    }
}

/// The shape of a layer's outputs; its inputs must have `input`.
fn connected(connection: Connection, input: Shape) -> Shape {
    match connection {
        Connection::Dense { inputs, outputs } => {
            assert_eq!(inputs, input.count(), "dense: as many inputs as the map has values");
            Shape::vector(outputs)
        }
        Connection::Conv(conv) => {
            let wanted = Shape::new(conv.channels_in, conv.height, conv.width);
            assert_eq!(wanted, input, "conv: the shape of its input");
            Shape::new(conv.channels_out, conv.height_out(), conv.width_out())
        }
    }
}
