//! The end of a sequence: the gradient becomes one rounded change of each weight. And the biases, which have no trace.

mod common;

use common::beside::Beside;
use common::dense::FINE;
use common::{Draw, PSIS, layer, learning, power};
use stllr_core::fixed::{BIAS_MAX, Factor, WEIGHT_MAX};
use stllr_core::layer::{Mode, Spiking, SpikingSpec};
use stllr_core::meter::Meter;
use stllr_core::noise::Rounding;
use stllr_core::psi::Surrogate;

/// A layer that has learned for some steps and ended its block, its sequence not yet.
fn learned(seed: u64, rounding: Rounding) -> Beside {
    let mut draw = Draw::new(seed);
    let spec = SpikingSpec {
        recurrent: draw.chance(50),
        psi: PSIS[seed as usize % 4],
        weight_bits: draw.pick(8, 13) as u32,
        rate: Factor { mantissa: draw.pick(1 << 14, 1 << 15) as i32, exponent: draw.pick(-8, 1) as i32 },
        deviation: 12 << 20,
        ..layer(draw.pick(1, 11) as usize)
    };
    let mut both = Beside::new(spec, 13, learning(Mode::Sequence, 9, rounding));
    for _ in 0..45 {
        let (input, d) = (draw.some(13, 30), draw.signal(both.dense.units, both.width, 1 << 26));
        both.step(&input, Some(&d));
        if both.layer.block_full() {
            both.end_block();
        }
    }
    both
}

#[test]
fn weights_fall_by_the_gradient_rounded_once() {
    for rounding in [Rounding::Nearest, Rounding::Dithered] {
        let (mut moved, mut up) = (0, 0);
        for seed in 0..60 {
            let mut both = learned(seed, rounding);
            let before = both.layer.clone();
            both.layer.end_sequence(7, &mut Meter::default());
            let shift = before.eligibility().format().bits - before.spec().weight_bits;
            for k in 0..both.rows() * both.dense.units {
                let (row, unit) = (k / both.dense.units, k % both.dense.units);
                let gradient = before.gradient()[row * both.width + unit];
                let (old, new) = (before.weight(row, unit) as i32, both.layer.weight(row, unit) as i32);
                let fraction = gradient & ((1 << shift) - 1);
                let down = (old - (gradient >> shift)).clamp(-WEIGHT_MAX, WEIGHT_MAX);
                let further = (old - (gradient >> shift) - 1).clamp(-WEIGHT_MAX, WEIGHT_MAX);
                match rounding {
                    Rounding::Nearest if fraction >= 1 << shift >> 1 => assert_eq!(new, further),
                    Rounding::Nearest => assert_eq!(new, down),
                    Rounding::Dithered if fraction == 0 => assert_eq!(new, down),
                    Rounding::Dithered => assert!(new == further || new == down),
                }
                moved += (new != old) as usize;
                up += (new == further && new != down) as usize;
            }
            assert!(both.layer.gradient().iter().all(|&sum| sum == 0));
            let after = both.layer.clone();
            both.layer.end_sequence(8, &mut Meter::default());
            assert_eq!(weights(&both.layer), weights(&after), "nothing is left to apply");
        }
        assert!(moved > 3000 && up > moved / 4 && up < moved * 3 / 4, "{moved} moved, {up} rounded up");
    }
}

fn weights(layer: &Spiking) -> Vec<i64> {
    let mut weights = Vec::new();
    layer.visit_weights(&mut |w| weights.push(w));
    weights
}

#[test]
fn biases_fall_by_rate_times_signal_times_surrogate() {
    for (mode, psi) in [(Mode::Sequence, 0), (Mode::Sequence, 3), (Mode::Block, 1), (Mode::Block, 2), (Mode::Block, 3)]
    {
        for seed in 0..20 {
            let mut draw = Draw::new(seed);
            let rate = Factor { mantissa: draw.pick(1 << 14, 1 << 15) as i32, exponent: -5 };
            let spec = SpikingSpec { bias: true, psi: PSIS[psi], rate, deviation: 12 << 20, ..layer(5) };
            let surrogate = Surrogate::new(spec.psi, spec.membrane_bits());
            let mut layer = Spiking::new(spec, 13, 0, learning(mode, 6, Rounding::Nearest));
            let bits = layer.eligibility().format().bits;
            let (mut meter, mut owed, mut off, mut psi) = (Meter::default(), [0i128; 5], [0i128; 5], [0; 5]);
            for _ in 0..18 {
                let (input, d) = (draw.some(13, 30), draw.signal(5, 8, 1 << 26));
                layer.forward(&input, true, &mut meter);
                surrogate.apply(layer.v(), &mut psi);
                layer.learn(&d);
                for i in 0..5 {
                    // d in Q 26, psi and the mantissa in Q 15.
                    let product = d[i] as i128 * psi[i] as i128 * rate.mantissa as i128;
                    owed[i] += product >> (56 - FINE as i32 - rate.exponent);
                    // The mantissa times psi is off by 2^-16, the result by half a unit, and a bit for the product.
                    off[i] += (d[i].unsigned_abs() as i128) >> (42 - FINE as i32 - rate.exponent);
                    off[i] += (1 << (FINE - bits)) + 1;
                }
                if layer.block_full() {
                    layer.end_block(0, &mut meter);
                }
            }
            let blocks = if mode == Mode::Block { 3 } else { 1 };
            layer.end_sequence(0, &mut meter);
            for (i, &bias) in layer.bias().iter().enumerate() {
                let far = (((bias as i128) << (FINE - 21)) + owed[i]).abs();
                // Each change of a bias is rounded to 2^-21.
                let allowed = off[i] + (blocks << (FINE - 22));
                assert!(far <= allowed, "{mode:?}, seed {seed}, neuron {i}: {far} > {allowed} of {}", owed[i]);
            }
            assert!(owed.iter().any(|&owed| owed.abs() > 3 * off[0]), "{owed:?}, {off:?}");
        }
    }
}

#[test]
fn biases_without_learning_stay_and_saturate_when_set() {
    let spec = SpikingSpec { bias: false, rate: power(2), ..layer(3) };
    let mut layer = Spiking::new(spec, 4, 0, learning(Mode::Block, 1, Rounding::Nearest));
    layer.set_bias(0, i32::MAX);
    layer.set_bias(1, i32::MIN);
    layer.set_bias(2, 77);
    for _ in 0..5 {
        layer.forward(&[0, 3], true, &mut Meter::default());
        layer.learn(&[1 << 28; 8]);
        layer.end_block(0, &mut Meter::default());
    }
    assert_eq!(layer.bias(), [BIAS_MAX, -BIAS_MAX, 77]);
}
