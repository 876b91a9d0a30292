//! A network as a graph: layers that branch and join, for one sequence at a time.
//!
//! Every value between nodes is a map `[channel][row][column]`. Node 0 is the input; every other node takes its inputs
//! from nodes before it, and the last one is the readout.
//!
//! ```
//! use stllr_oracle::graph::{Graph, Node, Operation, Pool, PoolKind, Shape, Signal};
//! use stllr_oracle::layer::Readout;
//! use stllr_oracle::loss::Loss;
//! use stllr_oracle::parameters::Weights;
//!
//! let pool = Operation::Pool(Pool { kind: PoolKind::Sum, kernel: 2, stride: 2 });
//! let readout = Operation::Readout(Readout::new(Weights::plain(2, vec![1.0, -1.0]), None, 0.5, 0.5));
//! let nodes = vec![Node::new(pool, [0]), Node::new(readout, [1])];
//! let mut graph = Graph::new(Shape::new(1, 2, 2), nodes, Signal::Bp);
//! assert_eq!(graph.step(&[1.0, 0.0, 1.0, 1.0]), [3.0, -3.0]);
//! let learned = graph.gradients(&Loss::MeanSquare { target: &[3.0, 0.0] });
//! assert_eq!(learned.signals[2], Some(vec![0.0, -3.0]));
//! assert_eq!(learned.signals[0], Some(vec![3.0; 4]));
//! assert_eq!(learned.parameters["readout.weight"], [0.0, -9.0]);
//! ```

mod dropout;
mod learn;
mod map;
mod operation;
mod pool;
mod signal;
mod upsample;

pub use dropout::Dropout;
pub use learn::Learned;
pub use map::{Map, Shape};
pub use operation::Operation;
pub use pool::{Pool, PoolKind};
pub use signal::Signal;
pub(crate) use signal::project;

use crate::layer::{Readout, SpikingLayer};
use crate::parameters::Tensors;

/// An operation and where its inputs are from.
#[derive(Clone, Debug)]
pub struct Node {
    /// What the node does.
    pub operation: Operation,
    /// Numbers of nodes before it; 0 is the graph's input.
    pub from: Vec<usize>,
}

impl Node {
    /// A node with these inputs.
    pub fn new(operation: Operation, from: impl Into<Vec<usize>>) -> Self {
        Self { operation, from: from.into() }
    }
}

/// Nodes and all their state for one sequence.
#[derive(Clone, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    /// Of the input and all nodes.
    shapes: Vec<Shape>,
    /// Outputs of the last step, of the input and all nodes.
    values: Vec<Vec<f64>>,
    signal: Signal,
    /// The spiking layers' classifiers, in the order of the nodes.
    classifiers: Vec<Vec<f64>>,
}

impl Graph {
    /// A graph at rest. Panics where nodes do not fit each other: inputs from later nodes, unlike shapes, a readout
    /// that is not last.
    pub fn new(input: Shape, nodes: Vec<Node>, signal: Signal) -> Self {
        let mut shapes = vec![input];
        for (i, node) in nodes.iter().enumerate() {
            assert!(node.from.iter().all(|&from| from <= i), "node {}: inputs from nodes before it", i + 1);
            let is_readout = matches!(node.operation, Operation::Readout(_));
            assert_eq!(is_readout, i + 1 == nodes.len(), "node {}: the readout is last, and only there", i + 1);
            let inputs: Vec<Shape> = node.from.iter().map(|&from| shapes[from]).collect();
            shapes.push(node.operation.shape(&inputs));
        }
        assert!(!nodes.is_empty(), "graph: at least a readout");
        let outputs = shapes[nodes.len()].count();
        let values = shapes.iter().map(|shape| vec![0.0; shape.count()]).collect();
        let mut graph = Self { nodes, shapes, values, signal, classifiers: vec![] };
        graph.classifiers = vec![vec![0.0; outputs]; graph.spiking().count()];
        graph.check_matrices(outputs);
        graph.reset();
        graph
    }

    fn check_matrices(&self, outputs: usize) {
        if let Some(matrices) = self.signal.matrices() {
            let sizes: Vec<usize> = self.spiking().map(|node| outputs * self.shapes[node].count()).collect();
            let given: Vec<usize> = matrices.iter().map(Vec::len).collect();
            assert_eq!(given, sizes, "signal: a matrix a spiking layer, readout outputs times outputs of the layer");
        }
    }

    /// One time step with the input `[channel][row][column]`; returns the readout's membranes.
    pub fn step(&mut self, input: &[f64]) -> &[f64] {
        assert_eq!(input.len(), self.shapes[0].count(), "input: one value a pixel and channel");
        self.values[0].copy_from_slice(input);
        let leak = self.readout().leak();
        let mut layer = 0;
        for i in 0..self.nodes.len() {
            let Self { nodes, shapes, values, signal, classifiers } = self;
            let Node { operation, from } = &mut nodes[i];
            let inputs: Vec<Map<'_>> = maps(from, shapes, values).collect();
            let output = operation.forward(&inputs);
            if matches!(operation, Operation::Spiking(_)) {
                signal.classify(layer, leak, &output, &mut classifiers[layer]);
                layer += 1;
            }
            values[i + 1] = output;
        }
        self.logits()
    }

    /// All state back to zero; parameters and dropout masks stay.
    pub fn reset(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.operation.reset());
        self.values.iter_mut().chain(&mut self.classifiers).for_each(|values| values.fill(0.0));
    }

    /// Copies of all parameters: `node1.weight`, `node1.gain`, ..., `readout.weight`, `readout.bias`; nodes count from 1.
    pub fn parameters(&self) -> Tensors {
        let mut all = Tensors::new();
        for (i, node) in self.nodes.iter().enumerate() {
            let named = node.operation.parameters().into_iter().flat_map(|parameters| parameters.tensors());
            all.extend(named.map(|(name, values)| (format!("{}.{name}", self.name(i + 1)), values)));
        }
        all
    }

    /// Other values for all parameters, from the next step on; membranes and traces stay.
    pub fn set_parameters(&mut self, tensors: &Tensors) {
        for i in 0..self.nodes.len() {
            let prefix = self.name(i + 1);
            let operation = &mut self.nodes[i].operation;
            if let Some(mut parameters) = operation.parameters().cloned() {
                for (name, values) in parameters.tensors_mut() {
                    values.clone_from(&tensors[&format!("{prefix}.{name}")]);
                }
                operation.set_parameters(parameters);
            }
        }
    }

    /// What the dropout node drops from the next step on: see [`Dropout::set_mask`].
    pub fn set_mask(&mut self, node: usize, mask: Option<Vec<bool>>) {
        match &mut self.nodes[node - 1].operation {
            Operation::Dropout(dropout) => dropout.set_mask(mask),
            other => panic!("node {node}: a dropout is needed for a mask, not {other:?}"),
        }
    }

    /// The readout's membranes.
    pub fn logits(&self) -> &[f64] {
        self.value(self.nodes.len())
    }

    /// The last node's number.
    pub fn last(&self) -> usize {
        self.nodes.len()
    }

    /// The outputs of a node at the last step; of the input for 0.
    pub fn value(&self, node: usize) -> &[f64] {
        &self.values[node]
    }

    /// The shape of a node's outputs; of the input for 0.
    pub fn shape(&self, node: usize) -> Shape {
        self.shapes[node]
    }

    /// A node, counted from 1, with its state.
    pub fn node(&self, node: usize) -> &Node {
        &self.nodes[node - 1]
    }

    /// The spiking layer at a node, if there is one.
    pub fn layer(&self, node: usize) -> Option<&SpikingLayer> {
        match &self.node(node).operation {
            Operation::Spiking(layer) => Some(layer),
            _ => None,
        }
    }

    /// The readout.
    pub fn readout(&self) -> &Readout {
        match &self.node(self.last()).operation {
            Operation::Readout(readout) => readout,
            other => unreachable!("a graph's last node is its readout, not {other:?}"),
        }
    }

    /// The numbers of the nodes that are spiking layers: the order of the signal's matrices.
    pub fn spiking(&self) -> impl Iterator<Item = usize> {
        (1..=self.nodes.len()).filter(|&node| self.layer(node).is_some())
    }

    /// The state o of the classifier of a spiking layer, counted from 0; zeros without [`Signal::Local`].
    pub fn classifier(&self, layer: usize) -> &[f64] {
        &self.classifiers[layer]
    }

    /// The node's name in front of its parameters'.
    fn name(&self, node: usize) -> String {
        if node == self.last() { "readout".into() } else { format!("node{node}") }
    }
}

/// The maps that a node takes.
fn maps<'a>(from: &'a [usize], shapes: &'a [Shape], values: &'a [Vec<f64>]) -> impl Iterator<Item = Map<'a>> {
    from.iter().map(move |&i| Map { shape: shapes[i], values: &values[i] })
}

#[cfg(test)]
mod tests;
