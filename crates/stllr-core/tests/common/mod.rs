//! What several tests need: random numbers, small specs, and the plain dense update.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod beside;
pub mod bound;
pub mod dense;

use stllr_core::fixed::Factor;
use stllr_core::layer::{Factors, Learning, LoihiSpec, Mode, ReadoutSpec, SpikingSpec};
use stllr_core::network::Spec;
use stllr_core::noise::{Rounding, Stream};
use stllr_core::psi::Psi;

pub const PSIS: [Psi; 4] = [Psi::Exp, Psi::Tri, Psi::Sigmoid, Psi::TriOut];

/// Random numbers that depend on the seed and on how many were drawn.
pub struct Draw {
    seed: u64,
    drawn: u32,
}

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Evenly from `low..=high`.
    pub fn pick(&mut self, low: i64, high: i64) -> i64 {
        self.drawn += 1;
        low + Stream::new(self.seed, 77).word(self.drawn) as i64 % (high - low + 1)
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.pick(0, 99) < percent
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.pick(0, choices.len() as i64 - 1) as usize]
    }

    /// Each number below `n` in so many of a hundred cases: the inputs that spike in a step.
    pub fn some(&mut self, n: usize, percent: i64) -> Vec<u32> {
        (0..n as u32).filter(|_| self.chance(percent)).collect()
    }

    /// `n` learning signals of at most this magnitude, and zeros up to `width`.
    pub fn signal(&mut self, n: usize, width: usize, most: i64) -> Vec<i32> {
        (0..width).map(|i| if i < n { self.pick(-most, most) as i32 } else { 0 }).collect()
    }
}

/// 2^`exponent`.
pub const fn power(exponent: i32) -> Factor {
    Factor { mantissa: 1 << 14, exponent: exponent + 1 }
}

/// The same with the other sign.
pub const fn negative(factor: Factor) -> Factor {
    Factor { mantissa: -factor.mantissa, ..factor }
}

/// A layer that spikes now and then, with all factors of the rule.
pub fn layer(units: usize) -> SpikingSpec {
    SpikingSpec {
        units,
        recurrent: false,
        weight_bits: 13,
        leak: 28_672,
        threshold: 1 << 16,
        soft_reset: true,
        psi: Psi::Tri,
        factors: Factors {
            lambda_pre: 24_576,
            lambda_post: 6_554,
            alpha_pre: power(0),
            alpha_post: negative(power(0)),
        },
        rate: power(-6),
        bias: false,
        divisor: 1,
        standardise: false,
        byte_shift: None,
        loihi: None,
        deviation: 8 << 20,
        recurrent_deviation: 4 << 20,
    }
}

/// The same with neurons of Loihi's.
pub fn loihi(chip: LoihiSpec, layer: SpikingSpec) -> SpikingSpec {
    SpikingSpec { loihi: Some(chip), leak: 0, threshold: 0, soft_reset: false, ..layer }
}

pub fn learning(mode: Mode, block_steps: usize, rounding: Rounding) -> Learning {
    Learning { mode, block_steps, rounding, seed: 11, ..Learning::PLAIN }
}

/// 30 inputs, these layers, four classes, back-propagation.
pub fn network(hidden: Vec<SpikingSpec>, learning: Learning) -> Spec {
    let readout = ReadoutSpec {
        classes: 4,
        kernel: None,
        leak: 30_720,
        trace_decay: 32_256,
        rate: power(-8),
        bias: true,
        divisor: 1,
        deviation: 3 << 20,
    };
    Spec { memory_limit: 1 << 26, ..Spec::stack(30, hidden, readout, learning) }
}
