//! The readout beside plain sums: its membranes and scores, the gradient of its weights, and the change they make.

mod common;

use common::bound::Bound;
use common::dense::{Dense, FINE, ONE, Rule};
use common::{Draw, learning, power};
use stllr_core::fixed::{Factor, ONE_Q15, READOUT_WEIGHT_MAX};
use stllr_core::layer::{Mode, Readout, ReadoutSpec};
use stllr_core::meter::Meter;
use stllr_core::noise::Rounding;

const INPUTS: usize = 9;

/// Any readout, its rate so low that no weight reaches its limit within a test.
fn spec(draw: &mut Draw) -> ReadoutSpec {
    ReadoutSpec {
        classes: draw.pick(2, 9) as usize,
        leak: draw.pick(0, ONE_Q15 as i64) as i32,
        trace_decay: draw.one_of(&[0, ONE_Q15 / 2, 30_000, 32_256, 32_700, ONE_Q15]),
        rate: Factor { mantissa: draw.pick(1 << 14, 1 << 15) as i32, exponent: draw.pick(-16, -10) as i32 },
        bias: draw.chance(50),
        kernel: None,
        divisor: 1,
        deviation: 1 << 23,
    }
}

/// Errors of a loss: within one.
fn errors(draw: &mut Draw, classes: usize) -> Vec<i32> {
    draw.signal(classes, classes, 1 << 26)
}

#[test]
fn membranes_leak_and_add_weights_and_scores_sum_them() {
    for seed in 0..40 {
        let mut draw = Draw::new(seed);
        let spec = ReadoutSpec { bias: true, ..spec(&mut draw) };
        let (classes, width) = (spec.classes, spec.width());
        let mut readout = Readout::new(spec.clone(), INPUTS, 1, learning(Mode::Block, 32, Rounding::Nearest));
        let bias: Vec<i32> = (0..classes).map(|_| draw.pick(-(1 << 26), 1 << 26) as i32).collect();
        readout.bias_mut().copy_from_slice(&bias);
        // Membranes in Q 40, off by half a unit of 2^-16 for the leak and half for the input, each step, leaking on.
        let (mut exact, mut off) = (vec![0i128; classes], 0i128);
        let mut scores = vec![0i64; classes];
        for step in 0..200 {
            let input = draw.some(INPUTS, 30);
            readout.forward(&input, false, &mut Meter::default());
            off = off * spec.leak as i128 / ONE_Q15 as i128 + ONE / (1 << 16) + 1;
            for c in 0..classes {
                let weights = input.iter().map(|&row| readout.weights()[row as usize * width + c] as i128);
                let sum: i128 = weights.sum::<i128>() + bias[c] as i128;
                exact[c] = exact[c] * spec.leak as i128 / ONE_Q15 as i128 + (sum << (FINE - 24));
                let got = (readout.membrane()[c] as i128) << (FINE - 16);
                assert!((got - exact[c]).abs() <= off, "seed {seed}, step {step}, class {c}");
                scores[c] += readout.membrane()[c] as i64;
            }
        }
        assert_eq!(readout.scores(), scores);
    }
}

/// A readout and the dense update after some blocks, and how far each sum may be off.
fn run(seed: u64, mode: Mode, blocks: usize) -> (Readout, Dense, Vec<i128>, u64) {
    let mut draw = Draw::new(seed);
    let spec = spec(&mut draw);
    let block_steps = draw.pick(1, 32) as usize;
    let mut readout = Readout::new(spec.clone(), INPUTS, 1, learning(mode, block_steps, Rounding::Nearest));
    let format = readout.eligibility().format();
    let rule = Rule { lambda_pre: spec.trace_decay, lambda_post: 0, pre: spec.rate, post: Factor::ZERO, format };
    let mut dense = Dense::new(rule, INPUTS, spec.classes);
    let mut bound = Bound::new(&dense, format.span_bits);
    let mut off = vec![0; INPUTS * spec.classes];
    let mut meter = Meter::default();
    let one = vec![ONE_Q15; spec.classes];
    for block in 0..blocks {
        while !readout.eligibility().full() {
            let input = draw.some(INPUTS, 30);
            let e = draw.chance(70).then(|| errors(&mut draw, spec.classes));
            readout.forward(&input, true, &mut meter);
            match &e {
                Some(e) => readout.learn(e, 0),
                None => readout.rest(),
            }
            let before = bound.before(&dense, e.as_deref());
            let made = dense.step(&input, &one, e.as_deref());
            bound.after(&dense, &input, made, before);
        }
        readout.end_block(block as u64, &mut meter);
        off.iter_mut().zip(bound.end_block(&dense).off).for_each(|(sum, off)| *sum += off);
    }
    (readout, dense, off, block_steps as u64)
}

#[test]
fn the_gradient_is_the_dense_update_s() {
    let (mut sum_off, mut sum) = (0, 0);
    for seed in 0..150 {
        let (readout, dense, off, _) = run(seed, Mode::Sequence, 5);
        let (classes, width) = (readout.spec().classes, readout.spec().width());
        for (k, (off, want)) in off.into_iter().zip(dense.gradient).enumerate() {
            let got = (readout.gradient()[k / classes * width + k % classes] as i128) << FINE;
            let far = (got - want).abs();
            assert!(far <= off + ONE, "seed {seed}, weight {k}: {far} > {off} of {want}");
            (sum_off, sum) = (sum_off + (off >> FINE), sum + (want.abs() >> FINE));
        }
    }
    assert!(sum > 100 * sum_off, "the bounds sum to {sum_off} units, the gradients to {sum}");
}

/// How far `new` may be from `old` less the sum: its bound, and half a unit of 2^-24 for the rounding of each block.
fn assert_lowered(seed: u64, old: &Readout, new: &Readout, dense: &Dense, off: &[i128], roundings: i128) -> usize {
    let (classes, width) = (new.spec().classes, new.spec().width());
    let mut moved = 0;
    for (k, (off, sum)) in off.iter().zip(&dense.gradient).enumerate() {
        let at = k / classes * width + k % classes;
        let up = 28 - dense.rule.format.bits;
        let limit = (READOUT_WEIGHT_MAX as i128) << (4 + FINE);
        let want = (((old.weights()[at] as i128) << (4 + FINE)) - (sum << up)).clamp(-limit, limit);
        let far = (((new.weights()[at] as i128) << (4 + FINE)) - want).abs();
        let allowed = ((off + ONE) << up) + ((roundings * ONE) << 3);
        assert!(far <= allowed, "seed {seed}, weight {k}: {far} > {allowed}");
        moved += (new.weights()[at] != old.weights()[at]) as usize;
    }
    moved
}

#[test]
fn weights_change_by_the_dense_sum_after_each_block_or_at_the_end() {
    let mut moved = 0;
    for seed in 0..150 {
        let initial = run(seed, Mode::Sequence, 0).0;
        let (readout, dense, off, _) = run(seed, Mode::Block, 5);
        moved += assert_lowered(seed, &initial, &readout, &dense, &off, 5);
        let (mut readout, dense, off, _) = run(seed, Mode::Sequence, 5);
        assert_eq!(readout.weights(), initial.weights());
        readout.end_sequence(0, &mut Meter::default());
        moved += assert_lowered(seed, &initial, &readout, &dense, &off, 1);
        assert!(readout.gradient().iter().all(|&g| g == 0));
    }
    assert!(moved > 10_000, "{moved} weights moved");
}

#[test]
fn a_learned_bias_falls_by_rate_times_error() {
    for (mode, rounding) in [(Mode::Block, Rounding::Nearest), (Mode::Sequence, Rounding::Dithered)] {
        let spec = ReadoutSpec {
            classes: 3,
            leak: 0,
            trace_decay: 0,
            rate: power(-5),
            bias: true,
            deviation: 0,
            kernel: None,
            divisor: 1,
        };
        let mut readout = Readout::new(spec, INPUTS, 1, learning(mode, 4, rounding));
        let mut meter = Meter::default();
        for _ in 0..8 {
            readout.forward(&[], true, &mut meter);
            readout.learn(&[1 << 26, -(1 << 25), 0], 0);
            if readout.eligibility().full() {
                readout.end_block(0, &mut meter);
            }
        }
        readout.end_sequence(0, &mut meter);
        // Eight steps of 1 and -1/2 at a rate of 2^-5, in Q 24.
        assert_eq!(readout.bias_mut(), [-(1 << 22), 1 << 21, 0], "{mode:?}");
    }
}
