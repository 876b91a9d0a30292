mod everything;
mod learning;
mod linear;
mod signals;

use super::*;
use crate::Factors;
use crate::layer::{Connection, ConvShape};
use crate::loss::Loss;
use crate::neuron::{Neuron, Reset};
use crate::parameters::{Parameters, Weights};
use crate::psi::Psi;
use crate::random::Random;

const NEURON: Neuron = Neuron { leak: 0.5, threshold: 1.0, reset: Reset::Soft, psi: Psi::Tri };
const FACTORS: Factors = Factors { lambda_post: 0.5, lambda_pre: 0.5, alpha_post: -1.0, alpha_pre: 1.0 };

fn close(values: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(values.len(), expected.len());
    for (i, (value, expected)) in values.iter().zip(expected).enumerate() {
        assert!((value - expected).abs() <= tolerance, "{i}: {value} where {expected} is expected");
    }
}

fn spiking(connection: Connection, parameters: Parameters) -> Operation {
    Operation::Spiking(SpikingLayer::new(connection, parameters, NEURON, FACTORS))
}

fn dense(inputs: usize, outputs: usize, weight: Vec<f64>) -> Operation {
    spiking(Connection::dense(inputs, outputs), Parameters::new(Weights::plain(outputs, weight)))
}

fn readout(outputs: usize, weight: Vec<f64>) -> Operation {
    Operation::Readout(Readout::new(Weights::plain(outputs, weight), None, 0.5, 0.5))
}

fn pool(kind: PoolKind, kernel: usize, stride: usize) -> Operation {
    Operation::Pool(Pool { kind, kernel, stride })
}

fn flags(values: Vec<f64>) -> Vec<bool> {
    values.into_iter().map(|value| value > 0.0).collect()
}

#[test]
fn a_step_goes_through_all_nodes() {
    let nodes = vec![
        Node::new(Operation::Upsample { factor: 2 }, [0]),
        Node::new(pool(PoolKind::Sum, 2, 2), [1]),
        Node::new(Operation::Add, [2, 0, 0]),
        Node::new(Operation::Concat, [3, 0]),
        Node::new(Operation::Flatten, [4]),
        Node::new(readout(1, vec![1.0, 10.0, 100.0, 1000.0]), [5]),
    ];
    let mut graph = Graph::new(Shape::new(1, 1, 2), nodes, Signal::Bp);
    assert_eq!(graph.step(&[1.0, 0.0]), [106.0]);
    assert_eq!(graph.step(&[0.0, 1.0]), [53.0 + 1060.0]);
    assert_eq!((graph.value(3), graph.shape(4)), (&[0.0, 6.0][..], Shape::new(2, 1, 2)));
    graph.reset();
    assert_eq!((graph.logits(), graph.value(3)), (&[0.0][..], &[0.0, 0.0][..]));
}

#[test]
fn parameters_have_names_and_can_be_changed() {
    let weights = Weights::standardised(vec![0.5, 1.5], vec![1.0], 1e-4);
    let layer = spiking(Connection::dense(2, 1), Parameters::new(weights).with_bias(vec![0.25]));
    let nodes = vec![Node::new(layer, [0]), Node::new(Operation::Flatten, [1]), Node::new(readout(1, vec![2.0]), [2])];
    let mut graph = Graph::new(Shape::vector(2), nodes, Signal::Bp);
    let mut parameters = graph.parameters();
    let names: Vec<&String> = parameters.keys().collect();
    assert_eq!(names, ["node1.bias", "node1.gain", "node1.weight", "readout.weight"]);
    assert_eq!(parameters["node1.weight"], [0.5, 1.5]);
    graph.step(&[0.0, 1.0]);
    let learned = graph.gradients(&Loss::MeanSquare { target: &[1.0] });
    assert!(learned.parameters.keys().eq(parameters.keys()));

    parameters.get_mut("node1.bias").expect("a bias")[0] = 7.0;
    graph.set_parameters(&parameters);
    graph.step(&[0.0, 0.0]);
    assert_eq!(graph.value(1), [1.0]);
    assert_eq!(graph.parameters(), parameters);
}

#[test]
#[should_panic(expected = "node 1: inputs from nodes before it")]
fn a_node_cannot_see_itself() {
    Graph::new(Shape::vector(1), vec![Node::new(readout(1, vec![1.0]), [1])], Signal::Bp);
}

#[test]
#[should_panic(expected = "node 2: the readout is last")]
fn a_graph_ends_with_its_readout() {
    let nodes = vec![Node::new(Operation::Flatten, [0]), Node::new(Operation::Flatten, [1])];
    Graph::new(Shape::vector(1), nodes, Signal::Bp);
}

#[test]
#[should_panic(expected = "add: inputs of one shape")]
fn unlike_maps_are_not_added() {
    let nodes = vec![Node::new(Operation::Upsample { factor: 2 }, [0]), Node::new(Operation::Add, [0, 1])];
    Graph::new(Shape::vector(1), [nodes, vec![Node::new(readout(1, vec![1.0]), [2])]].concat(), Signal::Bp);
}

#[test]
#[should_panic(expected = "a matrix a spiking layer")]
fn every_spiking_layer_needs_its_matrix() {
    let nodes = vec![Node::new(dense(1, 1, vec![1.0]), [0]), Node::new(readout(1, vec![1.0]), [1])];
    Graph::new(Shape::vector(1), nodes, Signal::Dfa(vec![]));
}
