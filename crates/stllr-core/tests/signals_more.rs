//! Feedback matrices, and what they are multiplied by, beside plain products in wide integers; local readouts beside
//! their equations.

mod common;

use common::Draw;
use std::collections::BTreeSet;
use stllr_core::fixed::{MEMBRANE_MAX, ONE_Q15, READOUT_WEIGHT_MAX, SIGNAL_MAX};
use stllr_core::keep::State;
use stllr_core::loss::{Criterion, Loss, Shape, Target};
use stllr_core::shape::Port;
use stllr_core::signal::{Feedback, LocalReadout, MAX_OUTPUTS, Narrow, narrow_error};

/// Errors of every size: 2^-20 to 16.0.
fn errors(draw: &mut Draw, n: usize) -> Vec<i32> {
    let most = 1 << draw.pick(6, 30);
    let one = draw.pick(0, n as i64 - 1) as usize;
    let few = draw.chance(30);
    (0..n).map(|i| if few && i != one { 0 } else { draw.pick(-most, most) as i32 }).collect()
}

/// sum over c of F[c][i] e[c], in 2^-38.
fn product(feedback: &Feedback, error: &[i32], neuron: usize) -> i128 {
    error.iter().enumerate().map(|(c, &e)| feedback.get(c, neuron) as i128 * e as i128).sum()
}

fn random(outputs: usize, units: usize) -> Feedback {
    Feedback::random(outputs, &Port::from(units), 3, 1)
}

/// Feedback that follows a readout with weights up to the ends of their range.
fn followed(draw: &mut Draw, classes: usize, units: usize, most: i32) -> Feedback {
    let weights: Vec<i32> = (0..classes * units).map(|_| draw.pick(-most as i64, most as i64) as i32).collect();
    let mut feedback = Feedback::new(classes, units.next_multiple_of(8));
    feedback.follow(&weights, classes, classes, &Port::from(units));
    feedback
}

#[test]
fn narrow_errors_keep_as_many_bits_as_they_may() {
    let mut draw = Draw::new(1);
    let mut seen = BTreeSet::new();
    for _ in 0..3000 {
        let n = draw.pick(1, 40) as usize;
        let error = errors(&mut draw, n);
        let (finest, sum_max) = (draw.one_of(&[0, 12]), 1u64 << draw.pick(15, 30));
        let mut narrow = vec![99; n + 3];
        let right = narrow_error(&error, finest, sum_max, &mut narrow);
        let sum = |narrow: &[i16]| narrow.iter().map(|e| e.unsigned_abs() as u64).sum::<u64>();
        assert!(right >= finest && sum(&narrow) <= sum_max && narrow[n..] == [0; 3]);
        for (&e, &short) in error.iter().zip(&narrow) {
            let off = ((short as i64) << right) - e as i64;
            assert!(off.abs() <= 1 << right >> 1, "{e} as {short} << {right}");
            assert!(short > i16::MIN);
        }
        // One bit more would not have fitted, or would have if nothing were rounded up.
        if right > finest {
            let peak = error.iter().map(|e| e.unsigned_abs()).max().unwrap_or(0) as u64;
            let all: u64 = error.iter().map(|e| e.unsigned_abs() as u64).sum();
            let half = 1u64 << (right - 1) >> 1;
            assert!((peak + half) >> (right - 1) > 32_767 || (all + n as u64 * half) >> (right - 1) > sum_max);
        }
        seen.insert(right);
    }
    assert!(seen.contains(&0) && seen.contains(&16), "{seen:?}");
}

#[test]
fn a_softmax_keeps_the_format_that_it_always_had() {
    let mut draw = Draw::new(2);
    for _ in 0..500 {
        let classes = draw.one_of(&[2, 3, 10, 100]);
        let most = 1 << draw.pick(8, 30);
        let membrane: Vec<i32> = (0..classes).map(|_| draw.pick(-most, most) as i32).collect();
        let (mut error, label) = (vec![0; classes], draw.pick(0, classes as i64 - 1) as u32);
        let mut criterion = Criterion::new(Loss::CrossEntropy, Shape::dense(classes));
        let outcome = criterion.error(&membrane, &Target::Class(label), &mut error).expect("a class");
        assert_eq!((outcome.gain, outcome.finest), (0, 12));
        // With the largest weights there are.
        let feedback = followed(&mut draw, classes, 2, READOUT_WEIGHT_MAX);
        let mut narrow = Narrow::new(criterion.shape());
        narrow.error(&error, outcome.finest, feedback.sum_max());
        assert_eq!(narrow.right(), 12);
        let nearest: Vec<i16> = error.iter().map(|e| ((e + (1 << 11)) >> 12) as i16).collect();
        assert_eq!(narrow.values()[..classes], nearest);
    }
}

#[test]
fn the_scale_of_an_error_comes_back() {
    let mut draw = Draw::new(3);
    let (mut saturated, mut sharp, mut all) = (0, 0, 0);
    for round in 0..600 {
        let (outputs, units) = (draw.pick(1, 60) as usize, draw.pick(1, 40) as usize);
        let feedback = match round % 3 {
            0 => random(outputs, units),
            1 => followed(&mut draw, outputs, units, 1 << 24),
            _ => followed(&mut draw, outputs, units, READOUT_WEIGHT_MAX),
        };
        let error = errors(&mut draw, outputs);
        let mut narrow = Narrow::new(Shape::dense(outputs));
        narrow.error(&error, 0, feedback.sum_max());
        let mut d = vec![9; units.next_multiple_of(8)];
        feedback.signal(&narrow, &mut d);
        assert!(d[units..].iter().all(|&d| d == 0));
        for (i, &d) in d[..units].iter().enumerate() {
            let exact = product(&feedback, &error, i);
            // What each narrow error is off, and the last rounding, in 2^-38; then the limit.
            let weights: i128 = (0..outputs).map(|c| feedback.get(c, i).unsigned_abs() as i128).sum();
            let allowed = weights * (1 << narrow.right() >> 1) + (1 << 11);
            let limit = (SIGNAL_MAX as i128) << 12;
            let off = (((d as i128) << 12) - exact.clamp(-limit, limit)).abs();
            assert!(off <= allowed, "round {round}, neuron {i}: {d}, off by {off} of {allowed}");
            saturated += (d.abs() == SIGNAL_MAX) as u32;
            sharp += (exact.abs() > 1000 * allowed) as u32;
            all += 1;
        }
    }
    assert!(saturated > 200 && 2 * sharp > all, "{saturated} saturated, {sharp} of {all} to a thousandth");
}

#[test]
fn tiny_and_huge_errors_by_hand() {
    let mut feedback = Feedback::new(3, 8);
    // 1.0, -2.0, 0.25 for the first neuron.
    feedback.follow(&[1 << 24, -2 << 24, 1 << 22], 3, 3, &Port::from(1));
    let signal = |error: [i32; 3]| {
        let mut narrow = Narrow::new(Shape::dense(3));
        narrow.error(&error, 0, feedback.sum_max());
        let mut d = [0; 8];
        feedback.signal(&narrow, &mut d);
        d[0]
    };
    // 2^-20, exactly; 16.0.
    assert_eq!(signal([64, 0, 0]), 64);
    assert_eq!(signal([64, 64, 256]), 0);
    assert_eq!(signal([1, 0, 2]), 2);
    assert_eq!(signal([SIGNAL_MAX, 0, 0]), SIGNAL_MAX);
    assert_eq!(signal([0, SIGNAL_MAX, 0]), -SIGNAL_MAX);
    assert_eq!(signal([SIGNAL_MAX, SIGNAL_MAX / 2, SIGNAL_MAX]), SIGNAL_MAX / 4);
}

#[test]
fn signs_and_targets_are_exact() {
    let mut draw = Draw::new(4);
    for _ in 0..200 {
        let (outputs, units) = (draw.pick(2, 30) as usize, draw.pick(2, 30) as usize);
        let feedback = random(outputs, units);
        let shape = Shape::dense(outputs);
        let (mut narrow, mut d) = (Narrow::new(shape), vec![0; units.next_multiple_of(8)]);
        let weights = |i: usize, of: &dyn Fn(usize) -> i32| -> i32 {
            let sum: i64 = (0..outputs).map(|c| feedback.get(c, i) as i64 * of(c) as i64).sum();
            (sum << 14).clamp(-SIGNAL_MAX as i64, SIGNAL_MAX as i64) as i32
        };
        let error = errors(&mut draw, outputs);
        narrow.sign(&error);
        feedback.signal(&narrow, &mut d);
        (0..units).for_each(|i| assert_eq!(d[i], weights(i, &|c| error[c].signum())));

        let label = draw.pick(0, outputs as i64 - 1) as usize;
        narrow.target(&Target::Class(label as u32), feedback.sum_max());
        feedback.signal(&narrow, &mut d);
        (0..units).for_each(|i| assert_eq!(d[i], (feedback.get(label, i) as i32) << 14));

        // Whole numbers need few bits.
        let values: Vec<i32> = (0..outputs).map(|_| (draw.pick(-3, 3) as i32) << 16).collect();
        narrow.target(&Target::Values(&values), feedback.sum_max());
        feedback.signal(&narrow, &mut d);
        (0..units).for_each(|i| {
            let off = d[i] - weights(i, &|c| values[c] >> 16);
            assert!(off.abs() <= 1 << 14 >> 1, "{off}");
        });
        narrow.target(&Target::None, feedback.sum_max());
        feedback.signal(&narrow, &mut d);
        assert!(d.iter().all(|&d| d == 0));
    }
}

#[test]
fn flows_lie_output_by_output_without_their_padding() {
    let shape = Shape { height: 1, width: 3, values: 2, stride: 4 };
    let feedback = random(6, 8);
    let mut narrow = Narrow::new(shape);
    narrow.error(&[1, -2, 999, 999, 3, 4, 999, 999, -5, 6, 999, 999], 0, 1 << 20);
    assert_eq!((narrow.values(), narrow.right()), (&[1, -2, 3, 4, -5, 6][..], 0));
    narrow.sign(&[1 << 20, -2, 999, 999, 0, 4, 999, 999, -5, 6, 999, 999]);
    assert_eq!((narrow.values(), narrow.right()), (&[1, -1, 0, 1, -1, 1][..], 26));
    let flow = [1 << 16, 2 << 16, 3 << 16, 4 << 16, -5 << 16, 0];
    let mask = &[1, 0, 7];
    for target in [Target::Flow { flow: &flow, mask }, Target::Masked { values: &flow, mask }] {
        narrow.target(&target, feedback.sum_max());
        let mut d = [0; 8];
        feedback.signal(&narrow, &mut d);
        for (i, d) in d.into_iter().enumerate() {
            let f = |c: usize| feedback.get(c, i) as i32;
            assert_eq!(d, (f(0) + 2 * f(1) - 5 * f(4)) << 14);
        }
    }
    assert_eq!(Narrow::bytes(Shape::dense(5)), 12);
}

#[test]
fn the_most_outputs_and_the_largest_weights_stay_within_an_i32() {
    let mut feedback = Feedback::new(MAX_OUTPUTS, 8);
    feedback.follow(&vec![READOUT_WEIGHT_MAX; MAX_OUTPUTS], MAX_OUTPUTS, MAX_OUTPUTS, &Port::from(1));
    let mut narrow = Narrow::new(Shape::dense(MAX_OUTPUTS));
    let mut d = [0; 8];
    for error in [vec![SIGNAL_MAX; MAX_OUTPUTS], vec![-1; MAX_OUTPUTS], vec![5; MAX_OUTPUTS]] {
        narrow.error(&error, 0, feedback.sum_max());
        feedback.signal(&narrow, &mut d);
        let exact = product(&feedback, &error, 0);
        let limit = (SIGNAL_MAX as i128) << 12;
        let allowed = ((1 << narrow.right() >> 1) * (32_767 * MAX_OUTPUTS) as i128) + (1 << 11);
        let off = ((d[0] as i128) << 12) - exact.clamp(-limit, limit);
        assert!(off.abs() <= allowed, "{} for {exact} >> 12", d[0]);
        narrow.sign(&error);
        feedback.signal(&narrow, &mut d);
        assert_eq!(d[0].signum(), error[0].signum());
    }
}

#[test]
fn local_readouts_follow_their_equations() {
    let mut draw = Draw::new(6);
    let mut clear = 0;
    for round in 0..60 {
        let (classes, neurons) = (draw.pick(2, 20) as usize, draw.pick(1, 300) as usize);
        let leak = draw.pick(0, ONE_Q15 as i64) as i32;
        let loss = draw.one_of(&[Loss::CrossEntropy, Loss::MeanSquare, Loss::Binary]);
        let mut local = LocalReadout::new(loss, classes, neurons, leak, 9, round);
        let mut criterion = Criterion::new(loss, Shape::dense(classes));
        // Uniform within sqrt(6 / neurons), in 2^-12, and within what a kernel takes.
        let bound = (6i64 << 24) / neurons as i64;
        let all: Vec<i64> = (0..classes * neurons).map(|k| local.get(k % classes, k / classes) as i64).collect();
        assert!(all.iter().all(|w| w * w <= bound && w.abs() <= 8191));
        let most = all.iter().map(|w| w * w).max().unwrap_or(0);
        assert!(all.len() < 100 || most > bound * 8 / 10, "{most} of {bound}");
        assert!(all.iter().any(|w| *w < 0) && all.iter().any(|w| *w > 0) || all.len() < 10);

        let mut o = vec![0i64; classes];
        for _ in 0..20 {
            let spikes = draw.some(neurons, 20);
            local.forward(&spikes);
            for (c, o) in o.iter_mut().enumerate() {
                let sum: i64 = spikes.iter().map(|&i| local.get(c, i as usize) as i64).sum();
                *o = ((*o * leak as i64 + (1 << 14)) >> 15) + (sum << 4);
                *o = (*o).clamp(-MEMBRANE_MAX as i64, MEMBRANE_MAX as i64);
            }
            assert!(local.membrane().iter().zip(&o).all(|(&a, &b)| a as i64 == b));

            let target = Target::Class(draw.pick(0, classes as i64 - 1) as u32);
            let mut d = vec![7; neurons.next_multiple_of(8)];
            let gain = local.signal(&target, &mut d);
            let mut error = vec![0; classes];
            assert_eq!(gain, criterion.error(local.membrane(), &target, &mut error).map(|outcome| outcome.gain));
            let peak = error.iter().map(|e| e.unsigned_abs()).max().unwrap_or(0) as i128;
            for (i, &d) in d.iter().enumerate() {
                let weight = |c: usize| if i < neurons { local.get(c, i) as i128 } else { 0 };
                let exact: i128 = (0..classes).map(|c| weight(c) * error[c] as i128).sum();
                // An error of 15 bits, or 2^-14 for a softmax's, or so much that all of them have room.
                let unit = (peak >> 14).max((peak * classes as i128) >> 16)
                    + if loss == Loss::CrossEntropy { 1 << 12 } else { 1 };
                let allowed = (0..classes).map(|c| weight(c).abs()).sum::<i128>() * unit / 2 + (1 << 11);
                let off = (((d as i128) << 12) - exact).abs();
                assert!(off <= allowed, "{loss:?}: {d}, off by {off} of {allowed}");
                clear += (exact.abs() > 100 * allowed) as u32;
            }
        }
        assert_eq!(local.signal(&Target::None, &mut [5; 3]), None);
        let state = |local: &mut LocalReadout| State::save(&mut |keeper| local.keep(keeper, true));
        let before = state(&mut local);
        let bytes: usize = before.arrays.iter().map(|array| array.bytes.len()).sum();
        assert_eq!(bytes, 2 * classes.next_multiple_of(8) * neurons + 4 * classes);
        local.reset();
        assert_eq!(local.membrane(), vec![0; classes]);
        assert_ne!(before, state(&mut local));
        let width = classes.next_multiple_of(8);
        assert_eq!(LocalReadout::bytes(classes, neurons), (width * neurons * 2 + 64 + classes * 8 + width * 6) as u64);
    }
    assert!(clear > 50_000, "{clear}");
}
