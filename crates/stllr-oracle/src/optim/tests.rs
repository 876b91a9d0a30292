use super::*;

fn tensors(values: &[f64]) -> Tensors {
    Tensors::from([("w".to_owned(), values.to_vec())])
}

/// The first parameter after each of the gradients, from `start`.
fn path(mut optimizer: Optimizer, start: f64, gradients: &[f64]) -> Vec<f64> {
    let mut parameters = tensors(&[start]);
    let step = |g: &f64| {
        optimizer.step(&mut parameters, &tensors(&[*g]));
        parameters["w"][0]
    };
    gradients.iter().map(step).collect()
}

fn close(values: &[f64], expected: &[f64]) {
    assert_eq!(values.len(), expected.len());
    for (value, expected) in values.iter().zip(expected) {
        assert!((value - expected).abs() < 1e-12, "{values:?} where {expected} is expected");
    }
}

#[test]
fn sgd_goes_down_the_gradient() {
    let mut parameters = tensors(&[1.0, 2.0]);
    Optimizer::sgd(0.5).step(&mut parameters, &tensors(&[1.0, -4.0]));
    assert_eq!(parameters["w"], [0.5, 4.0]);
}

#[test]
fn momentum_adds_what_was_before() {
    // b = 1, 0.5, 2.25
    close(&path(Optimizer::momentum(0.5, 0.5), 4.0, &[1.0, 0.0, 2.0]), &[3.5, 3.25, 2.125]);
    // g + 0.5 b = 1.5, 0.25, 3.125
    close(&path(Optimizer::nesterov(0.5, 0.5), 4.0, &[1.0, 0.0, 2.0]), &[3.25, 3.125, 1.5625]);
}

#[test]
fn adam_takes_a_first_step_of_the_rate_whatever_the_gradient() {
    close(&path(Optimizer::adam(0.01, 0.9, 0.999, 0.0), 0.0, &[3.0]), &[-0.01]);
    // second step: m = 0.27 / 0.19, v = 0.008991 / 0.001999
    let expected = -0.01 - 0.01 * (0.27 / 0.19) / (0.008991f64 / 0.001999).sqrt();
    close(&path(Optimizer::adam(0.01, 0.9, 0.999, 0.0), 0.0, &[3.0, 0.0]), &[-0.01, expected]);
    // epsilon is added to the corrected root
    close(&path(Optimizer::adam(0.01, 0.9, 0.999, 1.0), 0.0, &[3.0]), &[-0.0075]);
}

#[test]
fn rmsprop_divides_by_the_root_of_the_mean_square() {
    // v = 0.25 16 = 4, then 0.75 4 + 0 = 3, then 2.25 + 0.25 7 = 4; epsilon 2
    let path = path(Optimizer::rmsprop(0.5, 0.75, 2.0), 1.0, &[4.0, 0.0, -7f64.sqrt()]);
    close(&path, &[0.5, 0.5, 0.5 + 0.5 * 7f64.sqrt() / 4.0]);
}

#[test]
fn rprop_grows_while_the_sign_stays_and_waits_a_step_when_it_turns() {
    // sizes 0.1, 0.12, 0.12 of a zero gradient, 0.12 after it, 0.144, then turned: 0.072 and no step, then 0.072
    let path_of = |rate, gradients: &[f64]| path(Optimizer::rprop(rate), 0.0, gradients);
    let path = path_of(0.1, &[3.0, 0.01, 0.0, 5.0, 1.0, -2.0, -2.0, -2.0]);
    close(&path, &[-0.1, -0.22, -0.22, -0.34, -0.484, -0.484, -0.412, -0.412 + 0.0864]);
    // step sizes stay within 1e-6 and 50
    close(&path_of(45.0, &[1.0, 1.0, 1.0]), &[-45.0, -95.0, -145.0]);
    close(&path_of(1.5e-6, &[1.0, -1.0, -1.0]), &[-1.5e-6, -1.5e-6, -0.5e-6]);
}

#[test]
fn weight_decay_adds_to_the_gradient() {
    close(&path(Optimizer::sgd(0.5).with_weight_decay(0.25), 4.0, &[1.0, 1.0]), &[3.0, 2.125]);
    close(&path(Optimizer::momentum(0.5, 0.5).with_weight_decay(0.25), 4.0, &[1.0, 1.0]), &[3.0, 1.625]);
    // it alone: a step of the rate towards zero
    close(&path(Optimizer::adam(0.5, 0.9, 0.999, 0.0).with_weight_decay(0.25), 4.0, &[0.0]), &[3.5]);
    close(&path(Optimizer::rprop(0.5).with_weight_decay(0.25), 4.0, &[0.0]), &[3.5]);
    close(&path(Optimizer::rmsprop(0.5, 0.75, 0.0).with_weight_decay(0.25), 4.0, &[0.0]), &[3.0]);
}

#[test]
fn the_rate_changes_and_the_memory_stays() {
    let mut optimizer = Optimizer::momentum(0.5, 0.5);
    let mut parameters = tensors(&[0.0]);
    optimizer.step(&mut parameters, &tensors(&[1.0]));
    optimizer.set_rate(0.25);
    optimizer.step(&mut parameters, &tensors(&[0.0]));
    assert_eq!(parameters["w"], [-0.625]);
}

#[test]
fn every_parameter_has_its_own_memory() {
    let mut optimizer = Optimizer::adam(0.01, 0.9, 0.999, 0.0);
    let mut parameters = Tensors::from([("w".to_owned(), vec![0.0]), ("b".to_owned(), vec![0.0])]);
    optimizer.step(&mut parameters, &tensors(&[3.0]));
    // the first step of b is its own first
    optimizer.step(&mut parameters, &Tensors::from([("b".to_owned(), vec![-2.0])]));
    close(&[parameters["w"][0], parameters["b"][0]], &[-0.01, 0.01]);
}
