//! Whole training runs, each reduced to one hash that every build must give: all of the layers, surrogates, modes, signals
//! and roundings together.
//!
//! The hashes stand in `hashes.txt`. Where numbers change on purpose, write them anew by
//! `cargo run --release -p stllr-sweeps --example hashes`, and say in the changelog that results differ.

use crate::deep;
use stllr_core::fixed::Factor;
use stllr_core::hash::Hash;
use stllr_core::layer::{Factors, Learning, Mode, ReadoutSpec, SpikingSpec};
use stllr_core::network::{Network, Spec, Target};
use stllr_core::noise::{Rounding, Stream, mix};
use stllr_core::psi::Psi;
use stllr_core::signal::Signal;

/// How many there are: every layout with every surrogate in every mode, a larger one, and the deep ones.
pub const RUNS: usize = SHALLOW + deep::ALL.len();
/// Those of dense and recurrent layers.
const SHALLOW: usize = 37;
const LARGE: usize = SHALLOW - 1;

const HASHES: &str = include_str!("../hashes.txt");

const INPUTS: usize = 50;
const CLASSES: usize = 5;
const RECORDINGS: u32 = 10;
/// Not a multiple of any block but one step.
const STEPS: u32 = 45;

const LAYOUTS: [&str; 3] = ["dense", "recurrent", "two layers"];
const PSIS: [(&str, Psi); 4] =
    [("exp", Psi::Exp), ("tri", Psi::Tri), ("sigmoid", Psi::Sigmoid), ("tri_out", Psi::TriOut)];
const MODES: [(&str, Mode, usize); 3] =
    [("sequence", Mode::Sequence, 16), ("blocks of 7", Mode::Block, 7), ("online", Mode::Block, 1)];

/// What a run is about.
pub fn name(run: usize) -> String {
    if let Some(deep) = deep(run) {
        return deep.name.into();
    }
    if run == LARGE {
        return "large: 300 inputs, 160 units, blocks of 32".into();
    }
    format!("{}, {}, {}", LAYOUTS[run % 3], PSIS[run / 3 % 4].0, MODES[run / 12].0)
}

fn deep(run: usize) -> Option<&'static deep::Run> {
    deep::ALL.get(run.checked_sub(SHALLOW)?)
}

/// The network of a run. What its name does not say is taken from its number.
pub fn spec(run: usize) -> Spec {
    if let Some(deep) = deep(run) {
        return deep.spec();
    }
    let chance = mix(run as u32 + 1);
    let (layout, (_, psi), (_, mode, block_steps)) = (run % 3, PSIS[run / 3 % 4], MODES[run / 12 % 3]);
    let half = Factor { mantissa: 1 << 14, exponent: 0 };
    let minus = Factor { mantissa: -(1 << 14), exponent: 0 };
    let layer = SpikingSpec {
        units: 20,
        recurrent: layout == 1,
        weight_bits: 11 + chance % 3,
        leak: 28_672,
        threshold: 1 << 16,
        soft_reset: chance & 4 == 0,
        psi,
        factors: Factors {
            lambda_pre: [24_576, 31_000, 32_768][(chance >> 3) as usize % 3],
            lambda_post: 6_554,
            alpha_pre: Factor::ONE,
            alpha_post: [minus, Factor::ZERO, half][(chance >> 5) as usize % 3],
        },
        // The sharp surrogate is small nearly everywhere.
        rate: Factor { mantissa: 24_000, exponent: if psi == Psi::Exp { -3 } else { -6 } },
        bias: chance & 0x100 != 0,
        divisor: 1,
        standardise: false,
        byte_shift: None,
        loihi: None,
        deviation: 9 << 20,
        recurrent_deviation: 3 << 20,
    };
    let mut hidden = match layout {
        2 => vec![layer.clone(), SpikingSpec { units: 17, deviation: 10 << 20, ..layer }],
        _ => vec![layer],
    };
    let readout = ReadoutSpec {
        classes: CLASSES,
        kernel: None,
        divisor: 1,
        leak: 30_720,
        trace_decay: 32_256,
        rate: Factor { mantissa: 20_000, exponent: -8 },
        bias: chance & 0x200 != 0,
        deviation: 3 << 20,
    };
    let mut learning = Learning {
        mode,
        block_steps,
        rounding: if chance & 0x800 != 0 { Rounding::Dithered } else { Rounding::Nearest },
        seed: 0x5eed_0000_0001 + run as u64,
        ..Learning::PLAIN
    };
    let mut inputs = INPUTS;
    if run == LARGE {
        inputs = 300;
        hidden[0] = SpikingSpec { units: 160, recurrent: false, deviation: 3 << 20, ..hidden[0].clone() };
        learning =
            Learning { mode: Mode::Block, block_steps: 32, rounding: Rounding::Dithered, seed: 1, ..Learning::PLAIN };
    }
    let signal = if chance & 0x400 != 0 { Signal::Dfa } else { Signal::Bp };
    Spec { signal, ..Spec::stack(inputs, hidden, readout, learning) }
}

/// The inputs that spike at a step of a recording: some more often than others, by its class.
fn input(inputs: usize, recording: u32, step: u32, spikes: &mut Vec<u32>) {
    let class = recording % CLASSES as u32;
    spikes.clear();
    spikes.extend((0..inputs as u32).filter(|&i| {
        let often = i % CLASSES as u32 == class;
        Stream::new(9, recording).word(step * inputs as u32 + i) % 100 < if often { 24 } else { 6 }
    }));
}

/// Trains; gives what the scores were after each recording to `sink`, and the network after each step to `between`.
pub fn train(run: usize, sink: &mut impl FnMut(i64), between: &mut impl FnMut(&mut Network)) -> Network {
    if let Some(deep) = deep(run) {
        return deep::train(deep, sink, between);
    }
    let spec = spec(run);
    let inputs = spec.inputs();
    let mut network = Network::new(spec).unwrap_or_else(|error| panic!("run {run}: {error}"));
    let mut spikes = Vec::new();
    for recording in 0..RECORDINGS {
        // The last recording is only answered, the one before learns its last steps.
        let first = [0, STEPS - 20, STEPS][(recording + 3).saturating_sub(RECORDINGS) as usize % 3];
        network.reset(recording + 1 < RECORDINGS);
        for step in 0..STEPS {
            input(inputs, recording, step, &mut spikes);
            let learns = step >= first;
            network.step(&spikes, if learns { Target::Class(recording % CLASSES as u32) } else { Target::None });
            between(&mut network);
        }
        network.end_sequence();
        network.scores().iter().for_each(|&score| sink(score));
        if recording == 5 {
            let exponent = network.spec().hidden().next().map_or(0, |layer| layer.rate.exponent);
            network.set_rates(Factor { mantissa: 17_000, exponent }, Factor { mantissa: 17_000, exponent: -8 });
        }
    }
    network
}

/// The hash of a run's scores, weights, state and counters.
pub fn hash(run: usize) -> u64 {
    hash_with(run, &mut |_| ())
}

/// The same where `between` gets the network after each step.
pub fn hash_with(run: usize, between: &mut impl FnMut(&mut Network)) -> u64 {
    let mut hash = Hash::default();
    let mut network = train(run, &mut |score| hash.number(score), between);
    hash.number(network.weights_hash() as i64);
    hash.number(network.state_hash() as i64);
    let meter = network.meter();
    for count in [meter.steps, meter.learning_steps, meter.input_spikes, meter.hidden_spikes] {
        hash.number(count as i64);
    }
    hash.finish()
}

/// How many lines `hashes.txt` has: one a run, or it holds what no run gives.
pub fn lines() -> usize {
    HASHES.lines().count()
}

/// What `hashes.txt` says that a run gives.
pub fn expected(run: usize) -> Option<u64> {
    let (hash, name_there) = HASHES.lines().nth(run)?.split_once(' ')?;
    (name_there == name(run)).then(|| u64::from_str_radix(hash, 16).ok()).flatten()
}

#[cfg(test)]
mod keep;
#[cfg(test)]
mod tests;
