//! Back-propagation through the nodes that do not spike is the slope of the loss.

use super::*;
use crate::loss::slope::assert_gradient;

const INPUT: Shape = Shape { channels: 2, height: 6, width: 6 };

/// A node of each kind that does not spike, with branches that join; node 6 is a map of 4 channels, 6 by 6.
fn nodes() -> Vec<Node> {
    let mut random = Random(3);
    let mut dropout = Dropout::new(0.25);
    dropout.set_mask(Some(flags(random.spikes(18, 0.75))));
    vec![
        Node::new(pool(PoolKind::Max, 2, 2), [0]),
        Node::new(pool(PoolKind::Average, 2, 2), [0]),
        Node::new(Operation::Add, [1, 2, 1]),
        Node::new(Operation::Dropout(dropout), [3]),
        Node::new(Operation::Upsample { factor: 2 }, [4]),
        Node::new(Operation::Concat, [5, 0]),
    ]
}

/// Input and weights of the readout against finite differences; at the first step its trace is its input.
fn check(nodes: Vec<Node>, loss: &Loss<'_>, weights: usize) {
    let mut random = Random(4);
    let input = random.reals(INPUT.count(), 1.0);
    let mut graph = Graph::new(INPUT, nodes, Signal::Bp);
    let mut parameters = graph.parameters();
    parameters.insert("readout.weight".into(), random.reals(weights, 0.5));
    graph.set_parameters(&parameters);
    let value = |parameters: &Tensors, input: &[f64]| {
        let mut graph = graph.clone();
        graph.set_parameters(parameters);
        loss.value(graph.step(input))
    };
    let mut stepped = graph.clone();
    stepped.step(&input);
    let learned = stepped.gradients(loss);
    assert_eq!(learned.loss, value(&parameters, &input));
    let signal = learned.signals[0].as_ref().expect("a signal at the input");
    assert_gradient(&input, |input| value(&parameters, input), signal, 1e-7);
    for (name, tensor) in &parameters {
        let changed = |values: &[f64]| {
            let mut parameters = parameters.clone();
            parameters.insert(name.clone(), values.to_vec());
            value(&parameters, &input)
        };
        assert_gradient(tensor, changed, &learned.parameters[name], 1e-7);
    }
}

#[test]
fn to_a_dense_readout() {
    let weight = Weights::plain(3, vec![0.0; 3 * 16]);
    let mut nodes = nodes();
    nodes.extend([
        Node::new(pool(PoolKind::Sum, 3, 2), [6]),
        Node::new(Operation::Flatten, [7]),
        Node::new(Operation::Readout(Readout::new(weight, Some(vec![0.1, -0.2, 0.3]), 0.5, 0.5)), [8]),
    ]);
    check(nodes.clone(), &Loss::CrossEntropy { label: 1 }, 48);
    check(nodes.clone(), &Loss::MeanSquare { target: &[1.0, 0.0, -1.0] }, 48);
    check(nodes, &Loss::BinaryCrossEntropy { target: &[1.0, 0.0, 1.0] }, 48);
}

#[test]
fn to_a_readout_of_values_a_pixel() {
    let shape = ConvShape::same([4, 2], 6, 6, 3);
    let readout = Readout::conv(shape, Weights::plain(2, vec![0.0; 72]), Some(vec![0.1, -0.2]), 0.5, 0.5);
    let mut nodes = nodes();
    nodes.push(Node::new(Operation::Readout(readout), [6]));
    let mut random = Random(5);
    let (flow, mask) = (random.reals(72, 1.0), flags(random.spikes(36, 0.5)));
    check(nodes.clone(), &Loss::Endpoint { flow: &flow, mask: &mask }, 72);
    check(nodes, &Loss::Contrast(&crate::loss::contrast::example([6, 6], 2)), 72);
}
