//! The blocked reverse sweep gives the sums of the plain dense update: exactly where no number needs rounding, and within
//! what the formats allow (`common/bound.rs`) everywhere else.

mod common;

use common::beside::Beside;
use common::dense::{FINE, ONE};
use common::{Draw, PSIS, layer, learning, negative, power};
use proptest::prelude::*;
use stllr_core::fixed::{Factor, ONE_Q15};
use stllr_core::layer::{Factors, Mode, SpikingSpec};
use stllr_core::noise::Rounding;
use stllr_core::psi::Psi;

fn spec(draw: &mut Draw, psi: usize, factors: Factors, rate: Factor) -> SpikingSpec {
    SpikingSpec {
        recurrent: draw.chance(50),
        soft_reset: draw.chance(50),
        weight_bits: draw.pick(8, 13) as u32,
        leak: draw.one_of(&[0, 16_384, 28_672, ONE_Q15]),
        psi: PSIS[psi],
        factors,
        rate,
        deviation: 12 << 20,
        ..layer(draw.pick(1, 11) as usize)
    }
}

/// One with the largest mantissa: a surrogate times it needs no rounding.
const WHOLE: Factor = Factor { mantissa: 1 << 15, exponent: 0 };

/// Exactly equal sums, for numbers that need no rounding: powers of two in the decays, and signals so large a multiple of
/// a unit that what halves them over the sequence stays whole. Returns how many sums there were that are not zero.
fn exact(seed: u64, lambda_pre: i32, psi: usize, alpha_post: usize) -> usize {
    let mut draw = Draw::new(seed);
    // Halves of halves: eight of them at most, so the sequence is short. Otherwise many blocks.
    let halves = lambda_pre != 0 && lambda_pre != ONE_Q15;
    let steps = if halves { 8 } else { draw.pick(1, 90) };
    let spare = if halves { 8 } else { 0 };
    let lambda_post = draw.one_of(&[0, ONE_Q15]);
    let alpha_post = [negative(WHOLE), Factor::ZERO, WHOLE][alpha_post];
    let factors = Factors { lambda_pre, lambda_post, alpha_pre: WHOLE, alpha_post };
    let spec = spec(&mut draw, psi, factors, WHOLE);
    // With blocks of 32 and no decay, a whole surrogate times a whole signal is beyond the format's limit.
    let longest = if halves { 8 } else { 31 + (alpha_post == Factor::ZERO) as i64 };
    let block_steps = draw.pick(1, longest) as usize;
    let mut both = Beside::new(spec, 13, learning(Mode::Sequence, block_steps, Rounding::Nearest));
    // A scaled signal of 2^(15 + spare) units times a surrogate in Q 15 is whole.
    let unit = 15 + spare + 26 - both.dense.rule.format.bits;
    let limit = if alpha_post == Factor::ZERO { 1 << 24 } else { both.dense.rule.format.limit };
    let most = ((1i64 << 30) >> unit).min(limit as i64 >> (15 + spare));
    assert!(most > 0);
    let busy = draw.pick(5, 60);
    for _ in 0..steps {
        let input = draw.some(13, busy);
        let d: Vec<i32> = draw.signal(both.dense.units, both.width, most).iter().map(|d| d << unit).collect();
        let learns = draw.chance(80);
        both.step(&input, learns.then_some(&d));
        if both.layer.block_full() {
            both.end_block();
        }
    }
    both.end_block();
    for row in 0..both.rows() {
        for unit in 0..both.dense.units {
            let got = (both.layer.gradient()[row * both.width + unit] as i128) << FINE;
            let want = both.dense.gradient[row * both.dense.units + unit];
            assert_eq!(got, want, "seed {seed}: row {row}, neuron {unit}, blocks of {block_steps}, {steps} steps");
        }
    }
    both.dense.gradient.iter().filter(|&&sum| sum != 0).count()
}

#[test]
fn exactly_the_dense_update_where_nothing_is_rounded() {
    let mut compared = 0;
    for lambda_pre in [0, ONE_Q15 / 2, ONE_Q15] {
        for psi in 0..4 {
            for alpha_post in 0..3 {
                for k in 0..8 {
                    let seed = lambda_pre as u64 * 1000 + (psi * 100 + alpha_post * 10 + k) as u64;
                    compared += exact(seed, lambda_pre, psi, alpha_post);
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared} sums that are not zero");
}

/// Within the bound. Returns the sums of the bounds and of the gradients, both in units.
fn close(seed: u64, psi: usize) -> (i128, i128) {
    let mut draw = Draw::new(seed);
    let rate = Factor { mantissa: draw.pick(1 << 14, 1 << 15) as i32, exponent: draw.pick(-12, 0) as i32 };
    let alpha_post = draw.one_of(&[Factor::ZERO, power(0), negative(power(0)), negative(power(-2))]);
    let random = |draw: &mut Draw| draw.pick(0, ONE_Q15 as i64) as i32;
    let factors = Factors {
        lambda_pre: [random(&mut draw), draw.one_of(&[24_576, 31_130, 32_700, 32_767, ONE_Q15])][seed as usize % 2],
        lambda_post: [random(&mut draw), draw.one_of(&[6_554, 32_440, ONE_Q15])][seed as usize / 2 % 2],
        alpha_pre: Factor { mantissa: draw.pick(1 << 14, 1 << 15) as i32, exponent: draw.pick(-1, 1) as i32 },
        alpha_post,
    };
    let spec = spec(&mut draw, psi, factors, rate);
    let block_steps = draw.pick(1, 32) as usize;
    let mut both = Beside::new(spec, 13, learning(Mode::Sequence, block_steps, Rounding::Nearest));
    let mut off = vec![0i128; both.rows() * both.dense.units];
    let mut end_block = |both: &mut Beside| {
        let block = both.end_block();
        off.iter_mut().zip(block.off).for_each(|(sum, off)| *sum += off);
    };
    let (steps, busy, window) = (draw.pick(1, 150), draw.pick(2, 50), draw.pick(0, 60));
    for step in 0..steps {
        let input = draw.some(13, busy);
        // As far as no scaled signal reaches its own limit of 2^24 units.
        let d = draw.signal(both.dense.units, both.width, 1 << 27);
        both.step(&input, (step >= window).then_some(&d));
        if both.layer.block_full() {
            end_block(&mut both);
        }
    }
    end_block(&mut both);
    let mut sums = (0, 0);
    for row in 0..both.rows() {
        for unit in 0..both.dense.units {
            let got = (both.layer.gradient()[row * both.width + unit] as i128) << FINE;
            let (want, off) = (both.dense.gradient[row * both.dense.units + unit], off[row * both.dense.units + unit]);
            // A unit for what the dense update itself rounds.
            let far = (got - want).abs();
            assert!(far <= off + ONE, "seed {seed}: row {row}, neuron {unit}: {far} > {off} of {want}, in 2^-40 units");
            sums = (sums.0 + (off >> FINE), sums.1 + (want.abs() >> FINE));
        }
    }
    sums
}

#[test]
fn the_dense_update_within_what_the_formats_allow() {
    let (mut off, mut size) = (0, 0);
    for seed in 0..240 {
        let sums = close(seed, seed as usize % 4);
        (off, size) = (off + sums.0, size + sums.1);
    }
    // A bound that allowed anything would prove nothing.
    assert!(size > 100 * off, "the bounds sum to {off} units, the gradients to {size}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_dense_update_for_any_spikes(seed: u64, psi in 0usize..4) {
        close(seed, psi);
        exact(seed, [0, ONE_Q15 / 2, ONE_Q15][seed as usize % 3], psi, (seed / 3) as usize % 3);
    }
}

#[test]
fn the_cases_spike_and_their_surrogates_differ() {
    let mut draw = Draw::new(3);
    let factors = layer(1).factors;
    for psi in 0..4 {
        let spec = spec(&mut draw, psi, factors, power(-6));
        let (units, is_spike) = (spec.units, spec.psi == Psi::TriOut);
        let mut both = Beside::new(spec, 13, learning(Mode::Sequence, 8, Rounding::Nearest));
        for _ in 0..40 {
            let input = draw.some(13, 40);
            both.step(&input, None);
            if both.layer.block_full() {
                both.end_block();
            }
        }
        assert!(both.spikes > units && both.spikes < 36 * units, "{} spikes, {is_spike}", both.spikes);
    }
}
