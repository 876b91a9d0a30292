//! Weights in 8 bits: what they do is what the same weights in 16 bits do, and a change is rounded once, to a unit of theirs.

mod common;

use common::{Draw, layer, learning, network, power};
use stllr_core::fixed::{BYTE_MAX, Factor};
use stllr_core::keep::{Part, State};
use stllr_core::layer::{ConvSpec, Factors, Kernel, Learning, Mode, Spiking, SpikingSpec};
use stllr_core::meter::Meter;
use stllr_core::network::{Layer, LayerKind, LayerSpec, Network, Spec, Target};
use stllr_core::noise::Rounding;
use stllr_core::optimizer::Optimizer;
use stllr_core::shape::Shape;

/// A convolution of two groups, a recurrent layer and a dense one with rows of more than a vector.
fn spec(shift: Option<u32>, rate: Factor, learning: Learning) -> Spec {
    let neurons = SpikingSpec { byte_shift: shift, rate, bias: true, weight_bits: 12, ..layer(6) };
    let kernel = Kernel { height: 3, width: 3, stride: 1, padding: 1, dilation: 1, groups: 2 };
    let conv = LayerKind::Conv(ConvSpec { neurons: neurons.clone(), kernel });
    let recurrent =
        LayerKind::Spiking(SpikingSpec { units: 90, recurrent: true, deviation: 2 << 20, ..neurons.clone() });
    let dense = LayerKind::Spiking(SpikingSpec { units: 13, ..neurons });
    let node = |(source, kind)| LayerSpec { sources: vec![source], kind };
    let layers = [conv, recurrent, dense].into_iter().enumerate().map(node).collect();
    Spec { input: Shape { channels: 4, height: 5, width: 5 }, layers, readout_source: 3, ..network(vec![], learning) }
}

/// Gives every weight of the hidden layers its own multiple of 2^shift, as far as 8 bits go.
fn fill(network: &mut Network, shift: u32) {
    let mut draw = Draw::new(shift as u64);
    // Mostly small ones: membranes are to stay where surrogates are not zero.
    let mut any = || {
        let most = if draw.chance(5) { BYTE_MAX as i64 } else { 9 };
        (draw.pick(-most, most) as i32) << shift
    };
    network.edit(|layers, _| {
        for layer in layers {
            if let Some(conv) = layer.as_conv_mut() {
                for (o, i) in (0..6).flat_map(|o| (0..2).map(move |i| (o, i))) {
                    (0..9).for_each(|tap| conv.set_weight(o, i, tap / 3, tap % 3, any()));
                }
            } else if let Some(layer) = layer.as_spiking_mut() {
                let (rows, units) = if layer.spec().recurrent { (150 + 90, 90) } else { (90, 13) };
                for (row, unit) in (0..rows).flat_map(|row| (0..units).map(move |unit| (row, unit))) {
                    layer.set_weight(row, unit, any());
                }
            }
        }
    });
}

/// All state but hidden weights.
fn but_weights(network: &mut Network) -> State {
    let mut state = network.save();
    state.arrays.retain(|array| array.part != Part::Weights || array.layer == Some(3));
    state
}

#[test]
fn steps_are_those_of_the_same_weights_in_16_bits() {
    for shift in 0..=6 {
        let still = learning(Mode::Block, 7, Rounding::Nearest);
        let nets =
            [Some(shift), None].map(|shift| Network::new(spec(shift, Factor::ZERO, still)).expect("a valid spec"));
        let [mut bytes, mut wide] = nets;
        [&mut bytes, &mut wide].into_iter().for_each(|network| fill(network, shift));
        let (mut draw, mut signals) = (Draw::new(9), 0);
        for step in 0..40 {
            let input = draw.some(100, 20);
            [&mut bytes, &mut wide].into_iter().for_each(|network| network.step(&input, Target::Class(step % 4)));
            assert_eq!(bytes.weights_hash(), wide.weights_hash(), "shift {shift}, step {step}");
            assert_eq!(but_weights(&mut bytes), but_weights(&mut wide), "shift {shift}, step {step}");
            (0..3).for_each(|i| assert_eq!(bytes.signal(i), wide.signal(i), "shift {shift}, step {step}, layer {i}"));
            signals += bytes.signal(0).iter().filter(|&&d| d != 0).count();
        }
        // The finest are too small to make a neuron spike.
        let spikes = bytes.meter().hidden_spikes;
        assert!(spikes > 200 && signals > 200 || shift < 5, "shift {shift}: {spikes} spikes, {signals} signals");
    }
}

/// A dense layer of 40 neurons and 3 inputs, its weights zeros.
fn still(mode: Mode, rounding: Rounding, weight_bits: u32, rate: i32) -> Spiking {
    let learning = learning(mode, 4, rounding);
    let factors = Factors { alpha_post: Factor::ZERO, ..layer(1).factors };
    let own = SpikingSpec { byte_shift: Some(6), threshold: 1 << 15, rate: power(rate), factors, ..layer(40) };
    Spiking::new(SpikingSpec { weight_bits, deviation: 0, ..own }, 3, 0, learning)
}

/// What a signal for neurons changes the weights of the second input by, in units of 8 bits.
fn change(layer: &mut Spiking, d: &[i32], update: u64) -> Vec<i32> {
    (0..40).for_each(|unit| layer.set_weight(1, unit, 0));
    layer.reset();
    layer.forward(&[1], true, &mut Meter::default());
    layer.learn(d);
    layer.end_block(update, &mut Meter::default());
    layer.end_sequence(update, &mut Meter::default());
    (0..40).map(|unit| layer.weight(1, unit) as i32 / 64).collect()
}

#[test]
fn a_change_is_rounded_once_to_nearest_or_by_chance_in_proportion() {
    // From far below a unit to some units; and the coarsest weights, to which contributions have 26 bits to fall.
    let cases = [
        (13, -3, 20, Mode::Block),
        (13, -3, 20, Mode::Sequence),
        (8, -6, 25, Mode::Block),
        (8, -6, 25, Mode::Sequence),
    ];
    for (weight_bits, rate, shift, mode) in cases {
        let d: Vec<i32> = (0..40).map(|unit| (unit - 20) << shift).collect();
        let nearest = change(&mut still(mode, Rounding::Nearest, weight_bits, rate), &d, 0);
        let mut layer = still(mode, Rounding::Dithered, weight_bits, rate);
        assert_eq!(layer.eligibility().format().bits, if weight_bits == 8 { 28 } else { 25 });
        let (mut sums, mut unlike) = (vec![0; 40], 0);
        let times = 4000;
        for update in 0..times {
            let now = change(&mut layer, &d, update);
            unlike += now.windows(2).filter(|pair| pair[0] != pair[1]).count();
            sums.iter_mut().zip(now).for_each(|(sum, change)| *sum += change);
        }
        assert!(unlike > times as usize, "neighbours are not rounded alike");
        for (unit, (&sum, &nearest)) in sums.iter().zip(&nearest).enumerate() {
            // d psi rate, psi = 0.3 / 2 at a half below the threshold, in units of 2^-(weight_bits - 6).
            let d = (unit as f64 - 20.0) * 2f64.powi(shift - 26);
            let exact = -d * 0.15 * 2f64.powi(rate + weight_bits as i32 - 6);
            let mean = sum as f64 / times as f64;
            let fraction = exact - exact.floor();
            let spread = 4.0 * (fraction * (1.0 - fraction) / times as f64).sqrt();
            assert!((mean - exact).abs() <= spread + 1e-3, "{mode:?}, {unit}: {mean}, not {exact}");
            assert!((nearest as f64 - exact).abs() <= 0.501, "{mode:?}, {unit}: {nearest}, not {exact}");
        }
    }
}

#[test]
fn weights_stay_within_8_bits() {
    for mode in [Mode::Block, Mode::Sequence] {
        let mut layer = still(mode, Rounding::Dithered, 13, -3);
        layer.set_rate(power(4));
        let d: Vec<i32> = (0..40).map(|unit| if unit < 20 { 1 << 29 } else { -(1 << 29) }).collect();
        for update in 0..20 {
            layer.forward(&[0, 1, 2], true, &mut Meter::default());
            layer.learn(&d);
            layer.end_block(update, &mut Meter::default());
            layer.end_sequence(update, &mut Meter::default());
        }
        for unit in 0..40 {
            let most = if unit < 20 { -BYTE_MAX } else { BYTE_MAX };
            assert_eq!(layer.weight(1, unit) as i32, most << 6, "{mode:?}, {unit}");
        }
        layer.set_weight(0, 0, 8191);
        layer.set_weight(0, 1, -8191);
        layer.set_weight(0, 2, 95);
        let set: Vec<i16> = (0..3).map(|unit| layer.weight(0, unit)).collect();
        assert_eq!(set, [127 * 64, -127 * 64, 64], "what is set is held to 127 units, and to the nearest");
    }
}

#[test]
fn plain_layers_hold_half_the_bytes_and_standardised_ones_three_quarters() {
    let bytes = |byte_shift: Option<u32>, standardise: bool| {
        let learning = learning(Mode::Block, 32, Rounding::Dithered);
        let spec = SpikingSpec { byte_shift, standardise, ..layer(256) };
        spec.memory(2312, &learning).weights as f64
    };
    let plain = bytes(Some(6), false) / bytes(None, false);
    assert!((0.5..0.52).contains(&plain), "{plain}");
    let standardised = bytes(Some(6), true) / bytes(None, true);
    assert!((0.74..0.77).contains(&standardised), "{standardised}");
}

#[test]
fn a_shift_beyond_its_range_is_refused() {
    let mut spec = spec(Some(7), power(-6), learning(Mode::Block, 7, Rounding::Nearest));
    for shift in [7, 12, 100] {
        for layer in &mut spec.layers {
            if let LayerKind::Spiking(spec) = &mut layer.kind {
                spec.byte_shift = Some(shift);
            }
        }
        let error = spec.check().expect_err("too coarse");
        assert_eq!((error.field, error.layer, error.allowed), ("shift of weights of 8 bits", Some(0), (0, 6)));
    }
}

/// Weights of all hidden layers.
fn weights(network: &Network) -> Vec<i64> {
    let mut all = vec![];
    for layer in network.layers() {
        match layer {
            Layer::Spiking(layer) => layer.visit_weights(&mut |w| all.push(w)),
            Layer::Conv(layer) => layer.visit_weights(&mut |w| all.push(w)),
            Layer::Relay(_) => (),
        }
    }
    all
}

#[test]
fn every_optimiser_changes_many_weights_and_drawn_ones_are_those_of_16_bits_to_a_unit() {
    for optimizer in [Optimizer::Sgd, Optimizer::ADAM, Optimizer::RMSPROP, Optimizer::RPROP] {
        for decay in [Factor::ZERO, power(-6)] {
            let learning = Learning { optimizer, decay, ..learning(Mode::Block, 7, Rounding::Dithered) };
            let mut network = Network::new(spec(Some(6), power(-4), learning)).expect("a valid spec");
            let wide = Network::new(spec(None, power(-4), learning)).expect("a valid spec");
            let before = weights(&network);
            let biases = |w: i64| w.abs() > BYTE_MAX as i64 * 64;
            for (&w, wide) in before.iter().zip(weights(&wide)).filter(|(_, wide)| !biases(*wide)) {
                assert!((w - wide).abs() <= 32 && w % 64 == 0, "{w} for {wide}");
            }
            let mut draw = Draw::new(3);
            for n in 0..70 {
                network.step(&draw.some(100, 20), Target::Class(n % 4));
            }
            let changed = weights(&network).iter().zip(&before).filter(|(a, b)| a != b).count();
            assert!(changed > 300, "{optimizer:?}: {changed} of {}", before.len());
        }
    }
}
