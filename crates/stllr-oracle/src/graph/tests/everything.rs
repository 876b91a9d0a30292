//! A graph of every kind of node: each signal is what its consumers send back, taken from their Jacobians.

use super::*;

const INPUT: Shape = Shape { channels: 2, height: 8, width: 8 };

fn conv(random: &mut Random, shape: ConvShape) -> Operation {
    let size = 3.0 / (shape.fan_in() as f64).sqrt();
    let weights = Weights::standardised(random.reals(shape.weights(), size), vec![1.5; shape.channels_out], 1e-4);
    let bias = random.reals(shape.channels_out, 0.25);
    spiking(Connection::Conv(shape), Parameters::new(weights).with_bias(bias))
}

fn graph(signal: impl FnOnce(&mut Random) -> Signal) -> Graph {
    let mut random = Random(7);
    let (height, width) = (INPUT.height, INPUT.width);
    let strided = ConvShape { stride: 2, padding: 2, kernel: [5, 3], ..ConvShape::same([2, 4], height, width, 3) };
    let grouped = ConvShape { groups: 2, dilation: 2, padding: 2, ..ConvShape::same([4, 4], 4, 5, 3) };
    let mut dropout = Dropout::new(0.2);
    dropout.set_mask(Some(flags(random.spikes(80, 0.8))));
    let recurrent = {
        let weights = Weights::standardised(random.reals(6 * 80, 0.5), vec![2.0; 6], 1e-4);
        let own = Weights::standardised(random.reals(36, 0.5), vec![0.5; 6], 1e-4);
        spiking(Connection::dense(80, 6), Parameters::new(weights).with_recurrence(own))
    };
    let nodes = vec![
        Node::new(conv(&mut random, strided), [0]),
        Node::new(conv(&mut random, grouped), [1]),
        Node::new(Operation::Add, [1, 2]),
        Node::new(Operation::Dropout(dropout), [3]),
        Node::new(recurrent, [4]),
        Node::new(pool(PoolKind::Max, 3, 1), [2]),
        Node::new(pool(PoolKind::Average, 2, 1), [6]),
        Node::new(Operation::Upsample { factor: 2 }, [7]),
        Node::new(pool(PoolKind::Sum, 2, 2), [8]),
        Node::new(Operation::Concat, [9, 7]),
        Node::new(Operation::Flatten, [10]),
        Node::new(Operation::Concat, [5, 11, 5]),
        Node::new(dense(28, 10, random.reals(280, 1.0)), [12]),
        Node::new(readout(3, random.reals(30, 1.0)), [13]),
    ];
    let signal = signal(&mut random);
    Graph::new(INPUT, nodes, signal)
}

/// Outputs times inputs of a node at the step; psi stands for the slope of a spike.
fn jacobian(graph: &Graph, node: usize) -> Vec<Vec<f64>> {
    let Node { operation, from } = graph.node(node);
    let inputs: Vec<f64> = from.iter().flat_map(|&i| graph.value(i)).copied().collect();
    let unit = |i: usize| (0..inputs.len()).map(|j| if i == j { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
    let column = |i: usize| -> Vec<f64> {
        if let Operation::Spiking(layer) = operation {
            let current = layer.connection().forward(layer.effective_weight(), &unit(i));
            return current.iter().zip(layer.neurons().psi()).map(|(w, psi)| w * psi).collect();
        }
        // of equal values the first is made the largest
        let forward = |step: f64| {
            let values: Vec<f64> =
                inputs.iter().zip(unit(i)).enumerate().map(|(j, (x, e))| x - j as f64 * 1e-6 + step * e).collect();
            let mut rest = &values[..];
            let maps = from.iter().map(|&i| {
                let (values, behind) = rest.split_at(graph.value(i).len());
                rest = behind;
                Map { shape: graph.shape(i), values }
            });
            let mut operation = operation.clone();
            operation.reset();
            operation.forward(&maps.collect::<Vec<_>>())
        };
        forward(1e-7).iter().zip(forward(0.0)).map(|(up, here)| (up - here) / 1e-7).collect()
    };
    let columns: Vec<Vec<f64>> = (0..inputs.len()).map(column).collect();
    (0..graph.value(node).len()).map(|output| columns.iter().map(|column| column[output]).collect()).collect()
}

#[test]
fn every_signal_is_the_sum_of_what_its_consumers_send_back() {
    let mut graph = graph(|_| Signal::Bp);
    let mut random = Random(8);
    let mut spikes = vec![0.0; graph.last() + 1];
    for _ in 0..5 {
        graph.step(&random.spikes(INPUT.count(), 0.3));
        let learned = graph.gradients(&Loss::CrossEntropy { label: 2 });
        let signals: Vec<Vec<f64>> = learned.signals.into_iter().map(|signal| signal.expect("a signal")).collect();
        let mut expected: Vec<Vec<f64>> = signals.iter().map(|signal| vec![0.0; signal.len()]).collect();
        expected[graph.last()] = Loss::CrossEntropy { label: 2 }.gradient(graph.logits());
        for (node, signal) in signals.iter().enumerate().skip(1) {
            let jacobian = jacobian(&graph, node);
            let mut first = 0;
            for &from in &graph.node(node).from {
                for (row, g) in jacobian.iter().zip(signal) {
                    let part = &row[first..][..expected[from].len()];
                    expected[from].iter_mut().zip(part).for_each(|(sum, slope)| *sum += slope * g);
                }
                first += expected[from].len();
            }
        }
        signals.iter().zip(&expected).for_each(|(signal, expected)| close(signal, expected, 1e-6));
        graph.spiking().for_each(|node| spikes[node] += graph.value(node).iter().sum::<f64>());
    }
    // every layer did spike, so that all that was compared is about something
    assert!(graph.spiking().all(|node| spikes[node] >= 3.0), "{spikes:?}");
}

/// A signal of the matrices it may need.
type Way = fn(Vec<Vec<f64>>) -> Signal;

#[test]
fn a_layers_gradients_come_from_its_own_signal_whatever_it_is() {
    let matrices = |random: &mut Random| [80, 80, 6, 10].map(|outputs| random.reals(3 * outputs, 0.5)).to_vec();
    let signals: [Way; 5] = [|_| Signal::Bp, Signal::Dfa, Signal::SignDfa, Signal::Drtp, Signal::Local];
    let mut weights = vec![];
    for signal in signals {
        let mut graph = graph(|random| signal(matrices(random)));
        let mut random = Random(9);
        (0..4).for_each(|_| drop(graph.step(&random.spikes(INPUT.count(), 0.3)).to_vec()));
        let learned = graph.gradients(&Loss::CrossEntropy { label: 0 });
        for node in graph.spiking() {
            let layer = graph.layer(node).expect("a spiking layer");
            let gradients = layer.gradients(learned.signals[node].as_ref().expect("a signal"));
            for (name, tensor) in layer.parameters().backward(&gradients) {
                assert_eq!(learned.parameters[&format!("node{node}.{name}")], tensor);
            }
            assert_eq!(learned.gradients[node], Some(gradients));
        }
        assert!(learned.parameters.keys().eq(graph.parameters().keys()));
        weights.push(learned.parameters["node1.weight"].clone());
    }
    assert!((0..5).all(|i| (0..i).all(|j| weights[i] != weights[j])), "five ways, five gradients");
}
