//! The learning signal that reaches each hidden layer, read from the gradient of one step: with `tri_out` and no input
//! trace it is the signal itself, for every neuron and input that spike.

mod common;

use common::{Draw, layer, learning, network, power};
use stllr_core::fixed::{Factor, READOUT_WEIGHT_BITS, SIGNAL_BITS};
use stllr_core::layer::{Factors, Mode, SpikingSpec};
use stllr_core::network::{Layer, Network, Spec, Target};
use stllr_core::noise::Rounding;
use stllr_core::psi::Psi;
use stllr_core::signal::Signal;

const CLASSES: usize = 4;
/// Exact values here have 60 fraction bits.
const FINE: u32 = 60;
/// The unit of a signal.
const SIGNAL_UNIT: i128 = 1 << (FINE - SIGNAL_BITS);

/// Layers in which most neurons spike at the first step, each a little above its threshold.
fn made(units: &[usize], signal: Signal, draw: &mut Draw) -> Network {
    let factors = Factors { lambda_pre: 0, lambda_post: 0, alpha_pre: power(0), alpha_post: Factor::ZERO };
    let of = |&units: &usize| SpikingSpec { psi: Psi::TriOut, factors, rate: power(0), deviation: 0, ..layer(units) };
    let hidden = units.iter().map(of).collect();
    let spec = Spec { signal, ..network(hidden, learning(Mode::Sequence, 1, Rounding::Nearest)) };
    let mut network = Network::new(spec).expect("the spec is valid");
    network.edit(|hidden, readout| {
        let mut rows = 30;
        for layer in hidden.iter_mut().filter_map(Layer::as_spiking_mut) {
            for unit in 0..layer.spec().units {
                (0..rows).for_each(|row| layer.set_weight(row, unit, draw.pick(-200, 200) as i32));
                // 1.1 to 1.7 thresholds.
                layer.set_bias(unit, (draw.pick(11, 17) << 21) as i32 / 10);
            }
            rows = layer.spec().units;
        }
        readout.weights_mut().iter_mut().for_each(|w| *w = draw.pick(-(1 << 24), 1 << 24) as i32);
    });
    network
}

/// The signal of each neuron of a layer that spikes at a first step that learns `error`, with 60 fraction bits.
fn signals(network: &Network, layer: usize, error: &[i32]) -> Vec<Option<i128>> {
    let mut network = network.clone();
    network.reset(true);
    let input = [3, 7, 20];
    network.step(&input, Target::Error(error));
    let row = if layer == 0 { input[0] } else { network.hidden()[layer - 1].spikes()[0] } as usize;
    let layer = network.hidden()[layer];
    let bits = layer.eligibility().format().bits;
    let read = |unit: usize| (layer.gradient()[row * layer.spec().width() + unit] as i128) << (FINE - bits);
    (0..layer.spec().units).map(|unit| layer.spikes().contains(&(unit as u32)).then(|| read(unit))).collect()
}

/// How far a signal is rounded when it becomes a contribution of 22 fraction bits.
const CONTRIBUTION_UNIT: i128 = 1 << (FINE - 22);

/// What back-propagation brings to the topmost layer, and how far off it may be: feedback weights have 12 fraction bits
/// and errors 14, both to nearest.
fn from_readout(network: &Network, error: &[i32], unit: usize) -> (i128, i128) {
    let (half_weight, half_error) = (1i128 << (FINE - 13), 1i128 << (FINE - 15));
    let row = unit * network.readout().spec().width();
    let (mut sum, mut off) = (0, 0);
    for (c, &e) in error.iter().enumerate() {
        let w = network.readout().weights()[row + c] as i128;
        sum += (w * e as i128) << (FINE - READOUT_WEIGHT_BITS - SIGNAL_BITS);
        off += ((w.abs() * half_error) >> READOUT_WEIGHT_BITS)
            + ((e.abs() as i128 * half_weight) >> SIGNAL_BITS)
            + (1 << 32);
    }
    (sum, off)
}

fn errors(draw: &mut Draw) -> Vec<i32> {
    draw.signal(CLASSES, CLASSES, 1 << 25)
}

#[test]
fn back_propagation_is_the_readout_transposed() {
    let mut compared = 0;
    for seed in 0..30 {
        let mut draw = Draw::new(seed);
        let network = made(&[13], Signal::Bp, &mut draw);
        let error = errors(&mut draw);
        for (unit, got) in signals(&network, 0, &error).into_iter().enumerate() {
            let Some(got) = got else { continue };
            let (want, off) = from_readout(&network, &error, unit);
            assert!((got - want).abs() <= off + CONTRIBUTION_UNIT, "seed {seed}, neuron {unit}: {got}, not {want}");
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn below_it_passes_the_surrogate_and_the_weights_transposed() {
    let mut compared = 0;
    for seed in 0..30 {
        let mut draw = Draw::new(seed);
        let network = made(&[13, 10], Signal::Bp, &mut draw);
        let error = errors(&mut draw);
        let after = {
            let mut network = network.clone();
            network.step(&[3, 7, 20], Target::Error(&error));
            network
        };
        let upper = &after.hidden()[1];
        let (mut g, mut off) = (Vec::new(), Vec::new());
        for unit in 0..10 {
            let (d, off_d) = from_readout(&network, &error, unit);
            let psi = upper.psi()[unit] as i128;
            g.push((d * psi) >> 15);
            off.push(((off_d * psi) >> 15) + SIGNAL_UNIT);
        }
        // The product works with d psi as i16: shifted so far that the magnitudes sum to at most 2^17 less the width.
        let sum: i128 = g.iter().zip(&off).map(|(g, off)| (g.abs() + off) / SIGNAL_UNIT).sum();
        let peak: i128 = g.iter().zip(&off).map(|(g, off)| (g.abs() + off) / SIGNAL_UNIT).max().unwrap_or(0);
        let shifted = (0..32).find(|s| sum >> s <= (1 << 17) - 16 && peak >> s < 32_767).unwrap_or(32);
        for (unit, got) in signals(&network, 0, &error).into_iter().enumerate() {
            let Some(got) = got else { continue };
            let weight = |above: usize| upper.weight(unit, above) as i128;
            let want: i128 = (0..10).map(|above| weight(above) * g[above]).sum::<i128>() >> 13;
            let allowed: i128 =
                (0..10).map(|above| weight(above).abs() * (off[above] + ((SIGNAL_UNIT / 2) << shifted))).sum::<i128>()
                    >> 13;
            assert!(
                (got - want).abs() <= allowed + 2 * CONTRIBUTION_UNIT,
                "seed {seed}, neuron {unit}: {got}, not {want}"
            );
            assert!(allowed < want.abs() / 4 || want.abs() < 1 << (FINE - 9), "{allowed} says nothing about {want}");
            compared += 1;
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn direct_feedback_is_a_fixed_random_matrix_for_each_layer() {
    let mut draw = Draw::new(9);
    let network = made(&[13, 10], Signal::Dfa, &mut draw);
    let unit_error = |c: usize| (0..CLASSES).map(|k| if k == c { 1 << SIGNAL_BITS } else { 0 }).collect::<Vec<i32>>();
    let matrix = |network: &Network, layer: usize| -> Vec<Vec<Option<i128>>> {
        (0..CLASSES).map(|c| signals(network, layer, &unit_error(c))).collect()
    };
    for (layer, units) in [(0, 13i128), (1, 10)] {
        let weights = matrix(&network, layer);
        let known: Vec<i128> = weights.iter().flatten().flatten().copied().collect();
        // Uniform within sqrt(6 / units): their squares do not pass 6 / units, and come close to it.
        let squares = |w: &i128| ((w >> 30) * (w >> 30) * units) >> (2 * FINE - 60 - 10);
        let most = known.iter().map(squares).max().unwrap_or(0);
        assert!(most <= 6 << 10 && most > 4 << 10, "{most}");
        assert!(known.iter().any(|w| *w > 0) && known.iter().any(|w| *w < 0));
        for _ in 0..20 {
            let error = errors(&mut draw);
            for (unit, got) in signals(&network, layer, &error).into_iter().enumerate() {
                let Some(got) = got else { continue };
                let of = |c: usize| (weights[c][unit].unwrap_or(0) * error[c] as i128) >> SIGNAL_BITS;
                let want: i128 = (0..CLASSES).map(of).sum();
                // Half a unit of each error, 14 fraction bits, times weights below one.
                let allowed = CLASSES as i128 * (1 << (FINE - 15)) + 5 * CONTRIBUTION_UNIT;
                assert!((got - want).abs() <= allowed, "layer {layer}, neuron {unit}: {got}, not {want}");
            }
        }
        let mut other = network.clone();
        other.edit(|_, readout| readout.weights_mut().fill(0));
        assert_eq!(matrix(&other, layer), weights, "it has nothing to do with the readout");
        other.step(&[1, 2], Target::Class(1));
        other.end_sequence();
        other.edit(|hidden, _| {
            for (layer, to) in network.hidden().iter().zip(hidden.iter_mut().filter_map(Layer::as_spiking_mut)) {
                let (rows, units) = (if to.spec().units == 13 { 30 } else { 13 }, to.spec().units);
                (0..rows * units)
                    .for_each(|k| to.set_weight(k / units, k % units, layer.weight(k / units, k % units) as i32));
            }
        });
        assert_eq!(matrix(&other, layer), weights, "it does not learn");
    }
    assert_ne!(matrix(&network, 0)[0][..10], matrix(&network, 1)[0][..10]);
}

#[test]
fn back_propagation_follows_the_readout_as_it_learns() {
    let mut draw = Draw::new(2);
    let mut network = made(&[13], Signal::Bp, &mut draw);
    let error = errors(&mut draw);
    let before = signals(&network, 0, &error);
    for _ in 0..20 {
        network.step(&[3, 7, 20], Target::Class(2));
    }
    network.end_sequence();
    let after = signals(&network, 0, &error);
    assert_ne!(before, after);
    for (unit, got) in after.into_iter().enumerate() {
        let Some(got) = got else { continue };
        let (want, off) = from_readout(&network, &error, unit);
        assert!((got - want).abs() <= off + CONTRIBUTION_UNIT, "neuron {unit}: {got}, not {want}");
    }
}
