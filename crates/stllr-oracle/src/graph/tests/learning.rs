//! What masks and optimisers do to a graph.

use super::*;
use crate::optim::Optimizer;
use crate::parameters::accumulate;

fn behind_dropout() -> Graph {
    let nodes = vec![
        Node::new(Operation::Dropout(Dropout::new(0.5)), [0]),
        Node::new(dense(2, 1, vec![0.25, 0.375]), [1]),
        Node::new(readout(1, vec![1.0]), [2]),
    ];
    Graph::new(Shape::vector(2), nodes, Signal::Bp)
}

#[test]
fn what_is_dropped_neither_counts_nor_learns() {
    let mut graph = behind_dropout();
    graph.set_mask(1, Some(vec![true, false]));
    graph.step(&[1.0, 1.0]);
    let layer = graph.layer(2).expect("a spiking layer");
    assert_eq!((layer.neurons().membrane_before_reset(), layer.trace_in()), (&[0.5][..], &[2.0, 0.0][..]));
    // the error is -2, psi 0.15: the weight of what is kept sees twice its input, and so does the signal below
    let learned = graph.gradients(&Loss::MeanSquare { target: &[1.0] });
    close(&learned.parameters["node2.weight"], &[-2.0 * 0.15 * 2.0, 0.0], 1e-15);
    let below = learned.signals[0].as_ref().expect("a signal");
    close(below, &[-2.0 * 0.15 * 0.25 * 2.0, 0.0], 1e-15);

    graph.reset();
    graph.set_mask(1, None);
    graph.step(&[1.0, 1.0]);
    assert_eq!(graph.layer(2).expect("a spiking layer").neurons().membrane_before_reset(), [0.625]);
}

#[test]
#[should_panic(expected = "node 2: a dropout is needed")]
fn only_dropouts_have_masks() {
    behind_dropout().set_mask(2, None);
}

#[test]
fn every_optimiser_lowers_the_loss_of_a_graph() {
    let mut random = Random(10);
    let weight = random.reals(12 * 16, 0.75);
    let out = random.reals(2 * 12, 0.25);
    let inputs = [0, 1].map(|_| random.spikes(16, 0.4));
    let optimizers = [
        Optimizer::sgd(0.1),
        Optimizer::momentum(0.02, 0.9),
        Optimizer::nesterov(0.02, 0.9),
        Optimizer::adam(0.02, 0.9, 0.999, 1e-8),
        Optimizer::rmsprop(0.01, 0.99, 1e-8),
        Optimizer::rprop(0.01),
    ];
    for optimizer in optimizers {
        let nodes = vec![Node::new(dense(16, 12, weight.clone()), [0]), Node::new(readout(2, out.clone()), [1])];
        let mut graph = Graph::new(Shape::vector(16), nodes, Signal::Bp);
        let mut optimizer = optimizer.with_weight_decay(1e-4);
        let losses: Vec<f64> = (0..30)
            .map(|_| {
                let (mut loss, mut sum) = (0.0, Tensors::new());
                for (label, x) in inputs.iter().enumerate() {
                    graph.reset();
                    for _ in 0..4 {
                        graph.step(x);
                        let learned = graph.gradients(&Loss::CrossEntropy { label });
                        loss += learned.loss;
                        accumulate(&mut sum, &learned.parameters);
                    }
                }
                let mut parameters = graph.parameters();
                optimizer.step(&mut parameters, &sum);
                graph.set_parameters(&parameters);
                loss
            })
            .collect();
        assert!(losses[29] < 0.5 * losses[0], "{optimizer:?}: {} to {}", losses[0], losses[29]);
    }
}
