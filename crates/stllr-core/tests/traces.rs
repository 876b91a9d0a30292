//! Traces of inputs: near the exact ones, within what the format expects, and gone in the end.

use stllr_core::eligibility::{Eligibility, Format};
use stllr_core::fixed::{Factor, ONE_Q15};

/// Decays at the ends, at every power of two below one, and spread between.
fn decays() -> impl Iterator<Item = i32> {
    let powers = (0..=15).map(|k| ONE_Q15 - (ONE_Q15 >> k));
    powers.chain((0..=ONE_Q15).step_by(977)).chain([1, 24_576, 32_700, ONE_Q15 - 1, ONE_Q15])
}

fn made(decay: i32, block_steps: usize) -> Eligibility {
    let format = Format::new(decay, block_steps, Factor::ONE, 8);
    Eligibility::new(2, 8, decay, block_steps, false, format)
}

/// Ends the block if it is full; returns the largest fraction of a full trace that a row was visited with.
fn end_full_block(eligibility: &mut Eligibility) -> i32 {
    let mut most = 0;
    if eligibility.full() {
        eligibility.for_each_row(|_, _, trace| most = most.max(trace));
        eligibility.end_block();
    }
    most
}

#[test]
fn no_trace_passes_what_the_format_expects() {
    for decay in decays() {
        for block_steps in [1, 2, 7, 31, 32] {
            let mut eligibility = made(decay, block_steps);
            let span = eligibility.format().span_bits;
            for step in 0..1100 {
                eligibility.record(&[1]);
                eligibility.rest();
                let trace = eligibility.trace(1);
                assert!(trace >= ONE_Q15, "a spike is a whole trace: {trace}");
                // Powers of the decay are rounded to nearest, half a unit each.
                let most = (ONE_Q15 << span) + 1100;
                assert!(trace <= most, "decay {decay}, blocks of {block_steps}, step {step}: {trace}");
                let fraction = end_full_block(&mut eligibility);
                assert!(fraction <= ONE_Q15, "decay {decay}, blocks of {block_steps}, step {step}: {fraction}");
            }
        }
    }
}

#[test]
fn a_trace_is_the_decayed_sum_of_spikes() {
    for decay in decays() {
        for block_steps in [1, 5, 32] {
            let mut eligibility = made(decay, block_steps);
            // 2^40 is one, 2^25 a unit. Powers of the decay are rounded each time, by half a unit that decays; with them the
            // block's spikes count, and what was carried over is multiplied and rounded down.
            let (unit, n) = (1i128 << 25, block_steps as i128);
            let decayed = |value: i128| value * decay as i128 / ONE_Q15 as i128;
            let power = unit / 2 * n.min(1 + ONE_Q15 as i128 / (ONE_Q15 - decay).max(1) as i128);
            let (mut exact, mut off) = (0i128, 0i128);
            for step in 0..200u64 {
                exact = decayed(exact);
                if step * step % 7 < 2 {
                    eligibility.record(&[0]);
                    exact += 1 << 40;
                }
                eligibility.rest();
                let far = (((eligibility.trace(0) as i128) << 25) - exact).abs();
                let block = unit + n * power + ((exact * power) >> 40);
                assert!(far <= off + block, "decay {decay}, blocks of {block_steps}, step {step}: {far}");
                if eligibility.full() {
                    off = (0..block_steps).fold(off, |off, _| decayed(off)) + block;
                }
                end_full_block(&mut eligibility);
            }
        }
    }
}

#[test]
fn a_trace_without_spikes_vanishes_and_its_row_is_left_alone() {
    for decay in decays().filter(|&decay| decay < ONE_Q15) {
        let mut eligibility = made(decay, 1);
        eligibility.record(&[0]);
        eligibility.rest();
        eligibility.end_block();
        let mut steps = 0;
        let active = |eligibility: &Eligibility| {
            let mut active = false;
            eligibility.for_each_row(|_, _, _| active = true);
            active
        };
        while active(&eligibility) {
            eligibility.rest();
            eligibility.end_block();
            steps += 1;
            // As long as 1 takes to fall by at least a unit each step.
            assert!(steps <= ONE_Q15, "decay {decay}");
        }
        assert_eq!(eligibility.trace(0), 0);
    }
}

#[test]
fn the_rows_visited_are_those_with_a_spike_or_a_trace() {
    let mut eligibility = made(ONE_Q15 / 2, 2);
    let visits = |eligibility: &Eligibility| {
        let mut rows = Vec::new();
        eligibility.for_each_row(|row, mask, trace| rows.push((row, mask, trace)));
        rows
    };
    assert_eq!(visits(&eligibility), []);
    eligibility.record(&[1]);
    eligibility.rest();
    eligibility.record(&[0, 1]);
    eligibility.rest();
    assert_eq!(visits(&eligibility), [(0, 0b10, 0), (1, 0b11, 0)]);
    eligibility.end_block();
    // Traces of 1 and 3/2, of at most 2.
    assert_eq!(visits(&eligibility), [(0, 0, ONE_Q15 / 2), (1, 0, ONE_Q15 / 4 * 3)]);
    eligibility.reset();
    assert_eq!(visits(&eligibility), []);
    assert_eq!((eligibility.trace(0), eligibility.trace(1)), (0, 0));
}
