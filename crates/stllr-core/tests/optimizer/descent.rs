//! Descents: on quadratics beside float64, and with narrow weights and noise.

use crate::reference::{MOMENTUM, NESTEROV, Reference, factor, value};
use stllr_core::kernel::{apply_row, apply_wide_row};
use stllr_core::noise::{Noise, Rounding, Stream, uniform};
use stllr_core::optimizer::{CHANGE_BITS, Moments, Optimizer};

/// The gradient of curvature / 2 (w - target)^2, and noise, in units of 2^-20.
fn slope(curvature: f64, w: f64, target: f64, noise: f64) -> i32 {
    ((curvature * (w - target) + noise) * 2f64.powi(20)).round() as i32
}

/// Both follow their own gradients on a quadratic: the integer weight in Q 24 stays beside the float one.
#[test]
fn a_quadratic_is_descended_as_in_float() {
    for (optimizer, rate) in [
        (MOMENTUM, 0.02),
        (NESTEROV, 0.02),
        (Optimizer::ADAM, 0.02),
        (Optimizer::RMSPROP, 0.01),
        (Optimizer::RPROP, 0.01),
    ] {
        for (curvature, target) in [(1.0, 0.5), (0.3, -1.5), (3.0, 0.01), (1e-3, 0.3)] {
            let (mut moments, mut reference) = (Moments::new(optimizer, 1), Reference::default());
            let (mut weight, mut w) = ([0], 0.0);
            let real = |weight: i32| weight as f64 / 2f64.powi(24);
            for k in 0..200 {
                let mut change = [slope(curvature, real(weight[0]), target, 0.0)];
                moments.begin_update(factor(rate), 20);
                moments.change(0, &mut change);
                apply_wide_row(&mut weight, &mut change, optimizer.change_bits(20) as i32 - 24, 1 << 28, None);
                w -= reference.change(optimizer, curvature * (w - target), value(factor(rate)));
                let off = (real(weight[0]) - w).abs();
                // At the minimum Rprop goes by the sign of what is rounded to zero or not.
                let limit = if matches!(optimizer, Optimizer::RProp { .. }) { 2e-2 } else { 2e-3 };
                assert!(off < limit, "{optimizer:?} {curvature} {target}, update {k}: {} for {w}", real(weight[0]));
            }
            let slow = curvature < 0.1 && matches!(optimizer, MOMENTUM | NESTEROV);
            let near = if slow { 0.3 } else { 0.08 };
            assert!((real(weight[0]) - target).abs() < near, "{optimizer:?} {curvature}: {}", real(weight[0]));
        }
    }
}

/// With `i16` weights of 13 fraction bits, dithered, noisy gradients and a rate that falls to 1e-5.
#[test]
fn narrow_weights_reach_the_minimum() {
    for optimizer in [MOMENTUM, NESTEROV, Optimizer::ADAM, Optimizer::RMSPROP] {
        let (mut moments, mut weights) = (Moments::new(optimizer, 64), [0i16; 64]);
        let target = 0.4321;
        let noise = Stream::new(1, 2);
        for k in 0..3000u32 {
            let rate = 0.01 * (1e-5f64 / 0.01).powf(k as f64 / 3000.0);
            moments.begin_update(factor(rate), 20);
            let mut gradient: [i32; 64] = core::array::from_fn(|i| {
                let noise = uniform(noise, k * 64 + i as u32, 1 << 20) as f64 / 2f64.powi(20);
                slope(1.0, weights[i] as f64 / 8192.0, target, 0.1 * noise)
            });
            moments.change(0, &mut gradient);
            let rounding = Noise::new(3, 4, k as u64, Rounding::Dithered).row(0);
            apply_row(&mut weights, &mut gradient, CHANGE_BITS - 13, rounding);
        }
        for w in weights {
            assert!((w as f64 / 8192.0 - target).abs() < 0.01, "{optimizer:?}: {w}");
        }
        let mean = weights.iter().map(|&w| w as f64).sum::<f64>() / 64.0 / 8192.0;
        assert!((mean - target).abs() < 1e-3, "{optimizer:?}: {mean}");
    }
}
