//! The reference's network of a plan: averages are averages, dropout scales what it keeps, and weights are made to match.

use stllr_core::network::{LayerKind, Network};
use stllr_core::signal::Signal as CoreSignal;
use stllr_oracle::graph::{Dropout, Graph, Node, Operation, Pool, PoolKind, Shape, Signal};

use crate::plan::{Plan, Value, q15};

/// The graph, its fixed matrices and dropout masks those of `network`.
pub fn graph(plan: &Plan, network: &Network, dropping: bool) -> Graph {
    let layers = plan.spec.layers.iter().enumerate();
    let mut nodes: Vec<Node> = layers.map(|(i, layer)| Node::new(operation(plan, i), layer.sources.clone())).collect();
    let readout = plan.readout(scale(plan.input(nodes.len())));
    nodes.push(Node::new(Operation::Readout(readout), [plan.spec.readout_source]));
    let signal = match plan.spec.signal {
        CoreSignal::Bp => Signal::Bp,
        CoreSignal::Dfa => Signal::Dfa((0..network.layers().len()).filter_map(|i| matrix(plan, network, i)).collect()),
        other => unreachable!("{other:?} is not drawn"),
    };
    let input = plan.spec.input;
    let mut graph = Graph::new(Shape::new(input.channels, input.height, input.width), nodes, signal);
    for (i, layer) in network.layers().iter().enumerate() {
        if let Some(dropout) = layer.as_dropout().filter(|_| dropping) {
            let elements = plan.values[i + 1].elements();
            let mut mask = vec![true; elements.len()];
            elements.iter().zip(dropout.dropped()).for_each(|(&n, &dropped)| mask[n] = !dropped);
            graph.set_mask(i + 1, Some(mask));
        }
    }
    graph
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

/// The feedback matrix of a layer, `[class][neuron]`.
pub fn matrix(plan: &Plan, network: &Network, layer: usize) -> Option<Vec<f64>> {
    let feedback = network.feedback(layer)?;
    let places = plan.values[layer + 1].signal_places();
    let of_class = |class| places.iter().map(move |&place| feedback.get(class, place) as f64 / 4096.0);
    Some((0..plan.spec.readout.classes).flat_map(of_class).collect())
}
