//! The reference's network of a plan: averages are averages, dropout scales what it keeps, and weights are made to match.

use stllr_core::fixed::FEEDBACK_BITS;
use stllr_core::network::{LayerKind, Network};
use stllr_core::signal::Signal as CoreSignal;
use stllr_oracle::graph::{Dropout, Graph, Node, Operation, Pool, PoolKind, Shape, Signal};
use stllr_oracle::parameters::Parameters;

use crate::plan::{Plan, Value, q15};

/// The graph, its fixed matrices and dropout masks those of `network`.
pub fn graph(plan: &Plan, network: &Network, dropping: bool) -> Graph {
    with_matrices(plan, network, dropping, matrices(plan, network))
}

/// The same with the matrices of two layers of one size exchanged, where there are such.
pub fn exchanged(plan: &Plan, network: &Network, dropping: bool) -> Option<Graph> {
    let mut all = matrices(plan, network);
    let pairs = (0..all.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    let (a, b) = pairs.into_iter().find(|&(a, b)| all[a].len() == all[b].len())?;
    all.swap(a, b);
    Some(with_matrices(plan, network, dropping, all))
}

fn matrices(plan: &Plan, network: &Network) -> Vec<Vec<f64>> {
    if plan.spec.signal == CoreSignal::Bp {
        return vec![];
    }
    (0..network.layers().len()).filter_map(|i| matrix(plan, network, i)).collect()
}

fn with_matrices(plan: &Plan, network: &Network, dropping: bool, matrices: Vec<Vec<f64>>) -> Graph {
    let layers = plan.spec.layers.iter().enumerate();
    let mut nodes: Vec<Node> = layers.map(|(i, layer)| Node::new(operation(plan, i), layer.sources.clone())).collect();
    let readout = plan.readout(scale(plan.input(nodes.len())));
    nodes.push(Node::new(Operation::Readout(readout), [plan.spec.readout_source]));
    let signal = match plan.spec.signal {
        CoreSignal::Bp => Signal::Bp,
        CoreSignal::Dfa => Signal::Dfa(matrices),
        CoreSignal::Sdfa => Signal::SignDfa(matrices),
        CoreSignal::Drtp => Signal::Drtp(matrices),
        CoreSignal::Local => Signal::Local(matrices),
    };
    let input = plan.spec.input;
    let mut graph = Graph::new(Shape::new(input.channels, input.height, input.width), nodes, signal);
    if dropping {
        drop(&mut graph, plan, network);
    }
    graph
}

/// Drops what `network` drops.
pub fn drop(graph: &mut Graph, plan: &Plan, network: &Network) {
    for (i, layer) in network.layers().iter().enumerate() {
        if let Some(dropout) = layer.as_dropout() {
            let elements = plan.values[i + 1].elements();
            let mut mask = vec![true; elements.len()];
            elements.iter().zip(dropout.dropped()).for_each(|(&n, &dropped)| mask[n] = !dropped);
            graph.set_mask(i + 1, Some(mask));
        }
    }
}

/// What all nodes learn, with the plan's weights, by their names in the graph.
pub fn parameters(plan: &Plan) -> Vec<(String, Parameters)> {
    let layers = (0..plan.spec.layers.len()).filter_map(|i| {
        let neurons = plan.neurons(i, scale(plan.input(i)))?;
        Some((format!("node{}", i + 1), neurons.parameters().clone()))
    });
    let readout = plan.readout(scale(plan.input(plan.spec.layers.len())));
    layers.chain([("readout".to_owned(), readout.parameters().clone())]).collect()
}

/// What a stored weight is multiplied with where the reference sees values, not counts.
fn scale(input: &Value) -> f64 {
    input.unit as f64 * input.kept()
}

fn operation(plan: &Plan, layer: usize) -> Operation {
    match &plan.spec.layers[layer].kind {
        LayerKind::Spiking(_) | LayerKind::Conv(_) => {
            let neurons = plan.neurons(layer, scale(plan.input(layer)));
            Operation::Spiking(neurons.expect("a layer of neurons"))
        }
        LayerKind::Pool(spec) => {
            let kind = match (spec.max, plan.averages[layer]) {
                (true, _) => PoolKind::Max,
                (false, true) => PoolKind::Average,
                (false, false) => PoolKind::Sum,
            };
            Operation::Pool(Pool { kind, kernel: spec.size, stride: spec.stride })
        }
        LayerKind::Upsample(spec) => Operation::Upsample { factor: spec.factor },
        LayerKind::Join(spec) if spec.concat => Operation::Concat,
        LayerKind::Join(_) => Operation::Add,
        LayerKind::Dropout(spec) => Operation::Dropout(Dropout::new(q15(spec.rate))),
    }
}

/// The matrix that brings a layer its signal, or to its own readout and back, `[class][neuron]`.
pub fn matrix(plan: &Plan, network: &Network, layer: usize) -> Option<Vec<f64>> {
    let value = &plan.values[layer + 1];
    let unit = f64::from(1 << FEEDBACK_BITS);
    let classes = 0..plan.spec.readout.classes;
    if let Some(local) = network.local(layer) {
        let mut places = vec![0; value.elements().len()];
        value.elements().iter().enumerate().for_each(|(element, &n)| places[n] = element);
        let of_class = |class| places.iter().map(move |&element| local.get(class, element) as f64 / unit);
        return Some(classes.flat_map(of_class).collect());
    }
    let feedback = network.feedback(layer)?;
    let places = value.signal_places();
    let of_class = |class| places.iter().map(move |&place| feedback.get(class, place) as f64 / unit);
    Some(classes.flat_map(of_class).collect())
}
