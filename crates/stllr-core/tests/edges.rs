//! The ends of all ranges at once: numbers saturate where they are said to, and none overflows. Debug builds would panic.

mod common;

use common::{Draw, PSIS, layer, learning, negative, network, power};
use stllr_core::fixed::{BIAS_MAX, Factor, MEMBRANE_MAX, ONE_Q15, READOUT_WEIGHT_MAX, WEIGHT_MAX};
use stllr_core::kernel::SUM_MAX;
use stllr_core::layer::{Factors, Mode, ReadoutSpec, Spiking, SpikingSpec};
use stllr_core::meter::Meter;
use stllr_core::network::{Network, Spec, Target};
use stllr_core::noise::Rounding;
use stllr_core::psi::Psi;
use stllr_core::signal::Signal;

const HIGHEST: Factor = Factor { mantissa: 1 << 15, exponent: 5 };
const LOWEST: Factor = Factor { mantissa: 1 << 14, exponent: -15 };
const INPUTS: usize = 30;

fn extreme_layer(draw: &mut Draw) -> SpikingSpec {
    let decay = |draw: &mut Draw| draw.one_of(&[0, 1, 32_700, ONE_Q15 - 1, ONE_Q15, ONE_Q15]);
    let alpha = |draw: &mut Draw| draw.one_of(&[HIGHEST, negative(HIGHEST), power(0), LOWEST, Factor::ZERO]);
    let rates = [HIGHEST, HIGHEST, power(0), Factor { mantissa: 1 << 14, exponent: -24 }, Factor::ZERO];
    SpikingSpec {
        units: draw.pick(1, 10) as usize,
        recurrent: draw.chance(50),
        weight_bits: draw.one_of(&[8, 13]),
        leak: decay(draw),
        threshold: draw.one_of(&[1 << 15, 1 << 22]),
        soft_reset: draw.chance(50),
        psi: draw.one_of(&PSIS),
        factors: Factors {
            lambda_pre: decay(draw),
            lambda_post: decay(draw),
            alpha_pre: alpha(draw),
            alpha_post: alpha(draw),
        },
        rate: draw.one_of(&rates),
        bias: draw.chance(50),
        deviation: draw.one_of(&[0, 1 << 24, 32 << 24]),
        recurrent_deviation: draw.one_of(&[0, 32 << 24]),
        divisor: 1,
        standardise: false,
        byte_shift: None,
        loihi: None,
    }
}

fn extreme(draw: &mut Draw) -> Spec {
    let (mode, rounding) =
        (draw.one_of(&[Mode::Sequence, Mode::Block]), draw.one_of(&[Rounding::Nearest, Rounding::Dithered]));
    let learning = learning(mode, draw.one_of(&[1, 2, 31, 32]), rounding);
    let hidden = (0..draw.pick(0, 3)).map(|_| extreme_layer(draw)).collect();
    let readout = ReadoutSpec {
        classes: draw.pick(2, 9) as usize,
        leak: draw.one_of(&[0, ONE_Q15]),
        trace_decay: draw.one_of(&[0, 32_767, ONE_Q15]),
        rate: draw.one_of(&[HIGHEST, power(0), Factor::ZERO]),
        bias: draw.chance(50),
        kernel: None,
        divisor: 1,
        deviation: draw.one_of(&[0, 8 << 24]),
    };
    Spec { readout, signal: draw.one_of(&[Signal::Bp, Signal::Dfa]), ..network(hidden, learning) }
}

/// Everything lies within its format.
fn assert_within(network: &Network, case: u64) {
    let mut rows = INPUTS;
    for layer in network.hidden() {
        let units = layer.spec().units;
        let all = rows + if layer.spec().recurrent { units } else { 0 };
        assert!(layer.membrane().iter().all(|u| u.abs() <= MEMBRANE_MAX), "case {case}");
        assert!(layer.bias().iter().all(|b| b.abs() <= BIAS_MAX), "case {case}");
        assert!(layer.post_trace().iter().all(|t| (0..=64 << 15).contains(t)), "case {case}");
        assert!(
            (0..all * units).all(|k| (layer.weight(k / units, k % units) as i32).abs() <= WEIGHT_MAX),
            "case {case}"
        );
        assert!(layer.gradient().iter().chain(layer.bias_gradient()).all(|g| g.abs() <= SUM_MAX), "case {case}");
        rows = units;
    }
    let readout = network.readout();
    assert!(readout.membrane().iter().all(|u| u.abs() <= MEMBRANE_MAX), "case {case}");
    assert!(readout.weights().iter().all(|w| w.abs() <= READOUT_WEIGHT_MAX), "case {case}");
    assert!(readout.gradient().iter().chain(readout.bias_gradient()).all(|g| g.abs() <= SUM_MAX), "case {case}");
}

#[test]
fn nothing_overflows_with_every_number_at_an_end_of_its_range() {
    for case in 0..250 {
        let mut draw = Draw::new(case);
        let mut network = Network::new(extreme(&mut draw)).expect("extremes are allowed");
        let classes = network.spec().readout.classes;
        let all: Vec<u32> = (0..INPUTS as u32).collect();
        let (busy, class) = (draw.one_of(&[100, 100, 50]), draw.pick(0, classes as i64 - 1) as u32);
        let ends = [i32::MIN, -1, 0, i32::MAX];
        for step in 0..200 {
            let error: Vec<i32> = (0..classes).map(|_| draw.one_of(&ends)).collect();
            let input = if busy == 100 { all.clone() } else { draw.some(INPUTS, busy) };
            let target = match (case + step / 50) % 3 {
                0 => Target::Class(class),
                1 => Target::Error(&error),
                _ => Target::None,
            };
            network.step(&input, target);
            if step % 20 == 0 {
                assert_within(&network, case);
            }
            if step == 120 {
                network.end_sequence();
                network.set_rates(draw.one_of(&[HIGHEST, Factor::ZERO]), HIGHEST);
            }
        }
        network.end_sequence();
        assert_within(&network, case);
    }
}

/// A neuron that spikes at every step, and an input that does; `d` says which way its weight is pushed.
fn pushed(d: i32, mode: Mode, steps: usize) -> Spiking {
    let spec = SpikingSpec {
        psi: Psi::TriOut,
        factors: Factors { lambda_pre: ONE_Q15, lambda_post: ONE_Q15, alpha_pre: power(0), alpha_post: power(0) },
        rate: power(0),
        bias: true,
        deviation: 0,
        ..layer(2)
    };
    let mut layer = Spiking::new(spec, 3, 0, learning(mode, 32, Rounding::Nearest));
    let mut signal = vec![0; layer.spec().width()];
    signal[0] = d;
    let mut meter = Meter::default();
    for _ in 0..steps {
        layer.set_bias(0, BIAS_MAX);
        layer.forward(&[1], true, &mut meter);
        layer.learn(&signal);
        if layer.block_full() {
            layer.end_block(0, &mut meter);
        }
    }
    layer
}

#[test]
fn gradients_and_weights_saturate_on_the_side_they_are_pushed_to() {
    // Beyond 1024 steps the trace itself has saturated.
    for steps in [32, 320, 992, 1024, 1600] {
        for d in [i32::MAX, 1 << 30, -(1 << 30), -i32::MAX] {
            let layer = pushed(d, Mode::Sequence, steps);
            let (pushed_to, other) = (layer.gradient()[layer.spec().width()], layer.gradient()[0]);
            assert_eq!(pushed_to.signum(), d.signum(), "{steps} steps of {d}: {pushed_to}");
            assert!(steps < 320 || pushed_to.abs() == SUM_MAX, "{steps} steps of {d}: {pushed_to}");
            assert_eq!(other, 0);
            let layer = pushed(d, Mode::Block, steps);
            assert_eq!(
                (layer.weight(1, 0) as i32, layer.weight(0, 0)),
                (-d.signum() * WEIGHT_MAX, 0),
                "{steps} of {d}"
            );
        }
    }
}

#[test]
fn membranes_saturate_at_both_ends_and_come_back() {
    for (weight, end) in [(WEIGHT_MAX, MEMBRANE_MAX), (-WEIGHT_MAX, -MEMBRANE_MAX)] {
        let spec = SpikingSpec { leak: ONE_Q15, threshold: 1 << 22, soft_reset: true, ..layer(2) };
        let mut layer = Spiking::new(spec, 200, 0, learning(Mode::Block, 32, Rounding::Nearest));
        (0..200).for_each(|row| layer.set_weight(row, 0, weight));
        let all: Vec<u32> = (0..200).collect();
        let mut meter = Meter::default();
        for _ in 0..30 {
            layer.forward(&all, false, &mut meter);
        }
        // Where it spikes, the threshold was taken off afterwards.
        let taken = if end > 0 { 1 << 27 } else { 0 };
        assert_eq!(layer.membrane()[0], end - taken);
        layer.forward(&[], false, &mut meter);
        assert_eq!(layer.membrane()[0], end - 2 * taken);
    }
}

#[test]
fn traces_saturate_at_64_after_the_neuron_and_below_1024_before_it() {
    let layer = pushed(1, Mode::Block, 200);
    assert_eq!(layer.post_trace(), [64 << 15, 0]);
    // Less the steps of a block, which may come on top.
    for (steps, trace) in [(990, 990), (1056, 992), (3200, 992)] {
        let layer = pushed(1, Mode::Block, steps);
        assert_eq!(layer.eligibility().trace(1), trace << 15, "{steps} steps");
        assert_eq!(layer.eligibility().trace(0), 0);
    }
}
