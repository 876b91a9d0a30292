//! Signals by hand, and a chain against [`crate::network::Network`].

use super::*;
use crate::network::{self, Network};

/// Two inputs, two hidden neurons that see one each with weight 1.5, two classes.
fn pair(signal: Signal) -> Graph {
    let nodes = vec![
        Node::new(dense(2, 2, vec![1.5, 0.0, 0.0, 1.5]), [0]),
        Node::new(readout(2, vec![2.0, 1.0, 0.0, -1.0]), [1]),
    ];
    Graph::new(Shape::vector(2), nodes, signal)
}

const MATRIX: [f64; 4] = [3.0, 5.0, 7.0, 11.0];
const LOSS: Loss<'_> = Loss::MeanSquare { target: &[0.5, 0.25] };

fn signal_of(mut graph: Graph) -> Vec<f64> {
    // the first neuron spikes: u = (2, 0), e = u - y = (1.5, -0.25)
    graph.step(&[1.0, 0.0]);
    let learned = graph.gradients(&LOSS);
    assert_eq!(learned.signals[2], Some(vec![1.5, -0.25]));
    learned.signals[1].clone().expect("a signal")
}

#[test]
fn by_hand() {
    assert_eq!(signal_of(pair(Signal::Bp)), [3.0, 1.75]);
    assert_eq!(signal_of(pair(Signal::Dfa(vec![MATRIX.to_vec()]))), [4.5 - 1.75, 7.5 - 2.75]);
    assert_eq!(signal_of(pair(Signal::SignDfa(vec![MATRIX.to_vec()]))), [3.0 - 7.0, 5.0 - 11.0]);
    assert_eq!(signal_of(pair(Signal::Drtp(vec![MATRIX.to_vec()]))), [1.5 + 1.75, 2.5 + 2.75]);
    // o = (3, 7), so the classifier's error is (2.5, 6.75)
    assert_eq!(signal_of(pair(Signal::Local(vec![MATRIX.to_vec()]))), [7.5 + 47.25, 12.5 + 74.25]);
}

#[test]
fn no_error_has_no_sign_and_a_class_is_a_target() {
    let mut graph = pair(Signal::SignDfa(vec![MATRIX.to_vec()]));
    graph.step(&[1.0, 0.0]);
    let learned = graph.gradients(&Loss::MeanSquare { target: &[2.0, 1.0] });
    assert_eq!(learned.signals[1], Some(vec![-7.0, -11.0]));
    let mut graph = pair(Signal::Drtp(vec![MATRIX.to_vec()]));
    graph.step(&[1.0, 0.0]);
    let learned = graph.gradients(&Loss::CrossEntropy { label: 1 });
    assert_eq!(learned.signals, [None, Some(vec![7.0, 11.0]), learned.signals[2].clone()]);
}

#[test]
fn a_classifier_leaks_as_the_readout_and_comes_to_rest_with_it() {
    let mut graph = pair(Signal::Local(vec![MATRIX.to_vec()]));
    graph.step(&[1.0, 0.0]);
    assert_eq!(graph.classifier(0), [3.0, 7.0]);
    graph.step(&[0.0, 1.0]);
    assert_eq!(graph.classifier(0), [1.5 + 5.0, 3.5 + 11.0]);
    graph.reset();
    assert_eq!(graph.classifier(0), [0.0, 0.0]);
}

#[test]
#[should_panic(expected = "DRTP: a loss with a target")]
fn target_projection_needs_a_target() {
    let contrast = crate::loss::contrast::example([1, 1], 1);
    pair(Signal::Drtp(vec![MATRIX.to_vec()])).gradients(&Loss::Contrast(&contrast));
}

#[test]
fn a_chain_is_what_the_recorded_network_is() {
    let mut random = Random(6);
    let weights = Weights::standardised(random.reals(5 * 8, 0.5), vec![2.0; 5], 1e-4);
    let own = Weights::standardised(random.reals(25, 0.5), vec![1.0; 5], 1e-4);
    let parameters = Parameters::new(weights).with_recurrence(own).with_bias(random.reals(5, 0.1));
    let lower = SpikingLayer::new(Connection::dense(8, 5), parameters, NEURON, FACTORS);
    let parameters = Parameters::new(Weights::plain(4, random.reals(20, 1.5)));
    let upper = SpikingLayer::new(Connection::dense(5, 4), parameters, NEURON, FACTORS);
    let readout = Readout::new(Weights::plain(3, random.reals(12, 0.5)), Some(vec![0.1, 0.0, -0.1]), 0.9, 0.8);
    let feedback = vec![random.reals(15, 1.0), random.reals(12, 1.0)];
    let ways = [(network::Signal::Bp, Signal::Bp), (network::Signal::Dfa(feedback.clone()), Signal::Dfa(feedback))];
    for (recorded, signal) in ways {
        let nodes = vec![
            Node::new(Operation::Spiking(lower.clone()), [0]),
            Node::new(Operation::Spiking(upper.clone()), [1]),
            Node::new(Operation::Readout(readout.clone()), [2]),
        ];
        let mut graph = Graph::new(Shape::vector(8), nodes, signal);
        let mut network = Network::new(vec![lower.clone(), upper.clone()], readout.clone(), recorded, 1);
        for _ in 0..6 {
            let x = random.spikes(8, 0.4);
            network.step(&x);
            assert_eq!(graph.step(&x), network.logits());
            let (wanted, learned) = (network.gradients(&[2]), graph.gradients(&Loss::CrossEntropy { label: 2 }));
            assert_eq!(learned.loss, wanted.loss);
            for (name, gradient) in &learned.parameters {
                let name = name.replace("node1", "hidden0").replace("node2", "hidden1");
                assert_eq!(gradient, &wanted.gradients[&name], "{name}");
            }
            assert_eq!(learned.parameters.len(), wanted.gradients.len());
        }
    }
}
