//! Optimisers beside their definitions in float64.

mod decay;
mod descent;
mod reference;

use proptest::prelude::*;
use reference::{ALL, MOMENTUM, NESTEROV, beta, both, factor};
use stllr_core::fixed::Factor;
use stllr_core::keep::{Part, State};
use stllr_core::kernel::SUM_MAX;
use stllr_core::noise::mix;
use stllr_core::optimizer::{CHANGE_BITS, Moments, ONE_BETA, Optimizer, STEP_BITS};

#[test]
fn constants_are_those_of_pytorch() {
    let Optimizer::Adam { beta1, beta2 } = Optimizer::ADAM else { panic!() };
    let Optimizer::RmsProp { alpha } = Optimizer::RMSPROP else { panic!() };
    let Optimizer::RProp { shrink, grow, least, most } = Optimizer::RPROP else { panic!() };
    for (word, want) in [(beta1, 0.9), (beta2, 0.999), (alpha, 0.99), (shrink, 0.5), (grow, 1.2)] {
        assert!((beta(word) - want).abs() < 1e-9);
    }
    assert_eq!((least, most as f64 / 2f64.powi(STEP_BITS as i32)), ((1e-6 * 2f64.powi(24)).round() as u32, 50.0));
    assert!(ALL.iter().all(|optimizer| optimizer.valid() && !optimizer.folds_rate()));
    assert_eq!(ALL.map(Optimizer::bytes_per_weight), [4, 4, 8, 4, 4]);
    assert!(Optimizer::Sgd.folds_rate() && Optimizer::Sgd.bytes_per_weight() == 0);
    assert_eq!((Optimizer::Sgd.change_bits(20), Optimizer::ADAM.change_bits(20)), (20, CHANGE_BITS));
    for invalid in [
        Optimizer::Momentum { momentum: ONE_BETA, nesterov: false },
        Optimizer::Adam { beta1: 0, beta2: ONE_BETA },
        Optimizer::RmsProp { alpha: u32::MAX },
        Optimizer::RProp { shrink, grow: shrink, least, most },
        Optimizer::RProp { shrink, grow, least: 0, most },
        Optimizer::RProp { shrink, grow, least, most: 1 << 30 },
    ] {
        assert!(!invalid.valid(), "{invalid:?}");
    }
}

proptest! {
    /// Whatever the gradients: changes are the definition's to a part in 5,000 of the largest, and a unit or two.
    #[test]
    fn changes_are_the_definitions(
        which in 0..ALL.len(), seed: u32, size in 3u32..29, zeros in 0u32..4, bits in 12u32..=28, rate in 1e-5f64..0.05,
    ) {
        let gradients: Vec<i32> = (0..200u32)
            .map(|k| {
                let bits = mix(seed.wrapping_add(k));
                if mix(bits) % 4 < zeros { 0 } else { (bits as i32) >> (31 - size) }
            })
            .collect();
        // The smallest of PyTorch's steps has 17 units, too few for this comparison.
        let (optimizer, rate, largest) = match ALL[which] {
            Optimizer::RProp { shrink, grow, most, .. } => (Optimizer::RProp { shrink, grow, least: 1 << 14, most }, 0.02, 50.0),
            Optimizer::RmsProp { .. } => (ALL[which], rate, 10.0),
            Optimizer::Momentum { .. } => (ALL[which], rate, 10.0 * 2f64.powi(size as i32 - bits as i32)),
            _ => (ALL[which], rate, 1.0),
        };
        let rate = |k: usize| if k < 100 { rate } else { rate / 3.0 };
        let unit = 2f64.powi(-(optimizer.change_bits(bits) as i32));
        let limit = SUM_MAX as f64 * unit;
        for (k, (got, want)) in both(optimizer, &gradients, bits, rate).into_iter().enumerate() {
            let most = if matches!(optimizer, Optimizer::RProp { .. }) { 5.0 * want.abs() } else { largest * rate(k) };
            let want = want.clamp(-limit, limit);
            prop_assert!((got - want).abs() <= most * 2e-4 + 2.0 * unit, "update {}: {} for {}", k, got, want);
        }
    }

    #[test]
    fn opposite_gradients_give_opposite_changes(which in 0..ALL.len(), gradients in prop::collection::vec(-SUM_MAX..=SUM_MAX, 1..20)) {
        let (mut moments, mut negative) = (Moments::new(ALL[which], 1), Moments::new(ALL[which], 1));
        for g in gradients {
            let (mut change, mut opposite) = ([g], [-g]);
            for (moments, change) in [(&mut moments, &mut change), (&mut negative, &mut opposite)] {
                moments.begin_update(factor(0.01), 20);
                moments.change(0, change);
            }
            prop_assert_eq!(change[0], -opposite[0]);
        }
    }

    /// No gradient, rate or constant makes anything overflow, also with the ends of all ranges.
    #[test]
    fn extremes_saturate(
        which in 0..7usize, gradients in prop::collection::vec(prop::sample::select(vec![i32::MIN, i32::MAX, -SUM_MAX, 1, -1, 0]), 1..40),
        bits in 8u32..=28, exponent in -32i32..=16, rest in prop::sample::select(vec![0, 1, ONE_BETA - 1]),
    ) {
        let optimizer = match which {
            5 => Optimizer::Adam { beta1: rest, beta2: rest },
            6 => Optimizer::RProp { shrink: rest, grow: 2 * ONE_BETA - 1, least: 1, most: SUM_MAX as u32 },
            _ => ALL[which],
        };
        prop_assert!(optimizer.valid());
        let mut moments = Moments::new(optimizer, 3);
        for g in gradients {
            moments.begin_update(Factor { mantissa: 1 << 15, exponent }, bits);
            let mut changes = [g; 2];
            moments.change(1, &mut changes);
            prop_assert!(changes[0] == changes[1] && changes[0].abs() <= SUM_MAX);
        }
    }
}

#[test]
fn a_rate_of_a_hundred_thousandth_moves() {
    for (got, want) in both(Optimizer::ADAM, &[1000; 50], 20, |_| 1e-5) {
        assert!((want - 1e-5).abs() < 1e-7 && (got - want).abs() < 1e-8, "{got} for {want}");
    }
    // A gradient of one unit, once: a change is still that of float.
    let mut gradients = [0; 9000];
    gradients[2000] = 1;
    for (k, (got, want)) in both(Optimizer::ADAM, &gradients, 20, |_| 1e-2).into_iter().enumerate() {
        assert!((got - want).abs() < 3e-6, "{k}: {got} for {want}");
    }
}

#[test]
fn changes_are_rounded_to_nearest() {
    // Three quarters, a quarter and 2.6 units of a change.
    for (rate, gradient, want) in [(0.75, 1, 1), (0.25, 1, 0), (0.65, 4, 3), (0.65, -4, -3)] {
        let (mut moments, mut change) = (Moments::new(MOMENTUM, 1), [gradient]);
        moments.begin_update(factor(rate), CHANGE_BITS);
        moments.change(0, &mut change);
        assert_eq!(change, [want]);
    }
}

#[test]
fn a_rate_of_zero_changes_nothing() {
    for optimizer in ALL {
        assert!(both(optimizer, &[1 << 20, -5, SUM_MAX], 20, |_| 0.0).iter().all(|pair| pair.0 == 0.0));
    }
}

#[test]
fn without_gradients_moments_reach_zero() {
    for optimizer in [MOMENTUM, NESTEROV, Optimizer::ADAM, Optimizer::RMSPROP] {
        let (mut moments, mut changes) = (Moments::new(optimizer, 2), [SUM_MAX, 3]);
        for _ in 0..80_000 {
            moments.begin_update(factor(0.01), 20);
            moments.change(0, &mut changes);
            changes.fill(0);
        }
        // What is all zeros is not kept.
        let state = State::save(&mut |keeper| moments.keep(keeper, Part::Moments));
        assert_eq!(state.arrays, [], "{optimizer:?}");
    }
}

#[test]
fn rows_parts_and_resets_make_no_difference() {
    let gradient: Vec<i32> = (0..24).map(|k| (mix(k) as i32) >> 9).collect();
    for optimizer in ALL {
        let state = |moments: &Moments| {
            let mut moments = moments.clone();
            State::save(&mut |keeper| moments.keep(keeper, Part::Moments))
        };
        let (mut whole, mut parts) = (Moments::new(optimizer, 24), Moments::new(optimizer, 24));
        let fresh = state(&whole);
        for _ in 0..3 {
            let (mut a, mut b) = (gradient.clone(), gradient.clone());
            whole.begin_update(factor(0.01), 20);
            whole.change(0, &mut a);
            parts.begin_update(factor(0.01), 20);
            // Rows in another order.
            for (row, part) in b.chunks_mut(7).enumerate().rev() {
                parts.change(7 * row, part);
            }
            assert_eq!(a, b);
            assert_eq!(state(&whole), state(&parts));
        }
        assert_ne!(state(&whole), fresh);
        whole.reset();
        assert_eq!(state(&whole), fresh);
    }
}
