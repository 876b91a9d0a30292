//! Weights after each block: the weights before less the dense update's sum, to nearest or up and down by chance, within
//! what the sweep's 13 bits allow.

mod common;

use common::beside::Beside;
use common::bound::Block;
use common::dense::{FINE, ONE};
use common::{Draw, PSIS, layer, learning, negative, power};
use stllr_core::fixed::{Factor, ONE_Q15, WEIGHT_MAX};
use stllr_core::layer::{Factors, Mode, Spiking, SpikingSpec};
use stllr_core::meter::Meter;
use stllr_core::noise::Rounding;
use stllr_core::psi::Psi;

/// log2 of the unit of the quantised sweep, at most: the smallest with which the peak fits, so that the longest sum of a
/// row and the rounding fit an `i16`; at most half a weight's unit. `None` where the sweep may saturate.
fn quantum(block: &Block, shift: u32) -> Option<u32> {
    let terms = |row: usize| block.spikes[row] + (block.fraction[row] != 0) as i128;
    let terms = (0..block.spikes.len()).map(terms).max().unwrap_or(0).max(1);
    let limit = |quantum: u32| (i16::MAX as i128 - (1 << (shift - quantum))) / terms;
    let fits = |&quantum: &u32| (block.peak >> quantum) + ONE < limit(quantum) << FINE;
    (shift.saturating_sub(14)..shift).find(fits)
}

/// How far a weight may be off after a block, in units of a contribution: the sum's own bound; half a quantum for each of
/// its terms and for the carried term's product, and a whole one for a trace held to 32767; and the last rounding.
fn allowed(block: &Block, row: usize, off: i128, shift: u32, quantum: u32, rounding: Rounding) -> i128 {
    let halves = block.spikes[row] * ONE + block.fraction[row] + ONE + 2 * ONE;
    let last = if rounding == Rounding::Nearest { ONE / 2 } else { ONE };
    off + ((halves / 2) << quantum) + (last << shift) + ONE
}

/// Runs blocks; returns how many weights changed, and how many were compared.
fn blocks(seed: u64, rounding: Rounding) -> (usize, usize) {
    let mut draw = Draw::new(seed);
    let spec = SpikingSpec {
        recurrent: draw.chance(50),
        soft_reset: draw.chance(50),
        weight_bits: draw.pick(8, 13) as u32,
        psi: PSIS[seed as usize % 4],
        factors: Factors {
            lambda_pre: draw.one_of(&[0, 16_384, 24_576, 32_000, ONE_Q15]),
            lambda_post: draw.one_of(&[0, 6_554, 32_000]),
            alpha_pre: power(0),
            alpha_post: draw.one_of(&[Factor::ZERO, power(0), negative(power(0))]),
        },
        rate: Factor { mantissa: draw.pick(1 << 14, 1 << 15) as i32, exponent: draw.pick(-9, -1) as i32 },
        deviation: 12 << 20,
        ..layer(draw.pick(1, 11) as usize)
    };
    let block_steps = draw.pick(1, 32) as usize;
    let mut both = Beside::new(spec, 13, learning(Mode::Block, block_steps, rounding));
    let shift = both.dense.rule.format.bits - both.layer.spec().weight_bits;
    let weights = |layer: &Spiking, rows: usize, units: usize| -> Vec<i128> {
        (0..rows * units).map(|k| layer.weight(k / units, k % units) as i128).collect()
    };
    let (rows, units, busy) = (both.rows(), both.dense.units, draw.pick(5, 50));
    let (mut changed, mut compared) = (0, 0);
    for _ in 0..6 {
        let before = weights(&both.layer, rows, units);
        while !both.layer.block_full() {
            let (input, d) = (draw.some(13, busy), draw.signal(units, both.width, 1 << 26));
            let learns = draw.chance(70);
            both.step(&input, learns.then_some(&d));
        }
        let block = both.end_block();
        let after = weights(&both.layer, rows, units);
        let sums = std::mem::replace(&mut both.dense.gradient, vec![0; rows * units]);
        let Some(quantum) = quantum(&block, shift) else { continue };
        for k in 0..rows * units {
            let limit = ((WEIGHT_MAX as i128) << FINE) << shift;
            let want = (((before[k] << FINE) << shift) - sums[k]).clamp(-limit, limit);
            let far = (((after[k] << FINE) << shift) - want).abs();
            let off = allowed(&block, k / units, block.off[k], shift, quantum, rounding);
            assert!(
                far <= off,
                "seed {seed}, weight {k}, blocks of {block_steps}: {far} > {off}, shift {shift}, {quantum}"
            );
            changed += (after[k] != before[k]) as usize;
            compared += 1;
        }
    }
    (changed, compared)
}

#[test]
fn weights_change_by_the_dense_sum() {
    for rounding in [Rounding::Nearest, Rounding::Dithered] {
        let (mut changed, mut compared) = (0, 0);
        for seed in 0..160 {
            let counts = blocks(seed, rounding);
            (changed, compared) = (changed + counts.0, compared + counts.1);
        }
        assert!(changed > compared / 4 && compared > 50_000, "{changed} of {compared} weights changed");
    }
}

/// Small enough for a weight to be many units of a contribution.
const RATE: Factor = power(-4);

/// The change of each weight of a layer whose 4000 inputs all spike in the same steps, so that all rows owe the same sum.
/// Returns, for each neuron, the sum of its weights' changes and the sum that a row owes in units of `1 << shift`.
fn alike(rounding: Rounding, units: i32) -> (Vec<i64>, Vec<i64>, u32) {
    let inputs = 4000;
    let spec = SpikingSpec {
        psi: Psi::TriOut,
        factors: Factors { lambda_pre: ONE_Q15 / 2, lambda_post: 0, alpha_pre: power(0), alpha_post: Factor::ZERO },
        rate: RATE,
        deviation: 0,
        ..layer(16)
    };
    let mut layer = Spiking::new(spec, inputs, 3, learning(Mode::Block, 3, rounding));
    // Every neuron spikes at every step.
    (0..16).for_each(|unit| layer.set_bias(unit, 1 << 22));
    let format = layer.eligibility().format();
    let shift = format.bits - 13;
    // Times the rate, a whole number of units of a contribution.
    let signals: Vec<i32> = (0..16).map(|i| (4 * units * (i - 8)) << (26 + 4 - format.bits)).collect();
    let all: Vec<u32> = (0..inputs as u32).collect();
    let mut meter = Meter::default();
    for step in 0..3 {
        layer.forward(if step == 1 { &[] } else { &all }, true, &mut meter);
        layer.learn(&signals);
    }
    layer.end_block(5, &mut meter);
    let changes = (0..16).map(|unit| (0..inputs).map(|row| layer.weight(row, unit) as i64).sum()).collect();
    // Traces of 1, 1/2 and 5/4 at the three steps.
    let owed = (0..16).map(|i| 11 * (units * (i - 8)) as i64).collect();
    (changes, owed, shift)
}

#[test]
fn dithered_changes_are_right_on_average_and_nearest_ones_lose_the_small() {
    for units in [1, 2, 3] {
        let (changes, owed, shift) = alike(Rounding::Dithered, units);
        assert!(shift >= 5, "a weight is {} units", 1 << shift);
        for (change, owed) in changes.iter().zip(owed) {
            // Each change is a fair draw between two neighbours, of variance at most 1/4: four deviations of the sum.
            let off = (change << shift) + 4000 * owed;
            assert!(off * off <= (4 * 4000) << (2 * shift), "{change} << {shift} for {owed} each");
        }
        let (changes, owed, shift) = alike(Rounding::Nearest, units);
        for (change, owed) in changes.iter().zip(owed) {
            assert_eq!(*change, -4000 * ((owed + (1 << shift >> 1)) >> shift));
        }
    }
}
