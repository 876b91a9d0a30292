//! A spec as a list of 32-bit words: how it crosses the boundary to other languages.
//!
//! | words | meaning |
//! | --- | --- |
//! | 0 | [`WORDS_VERSION`] |
//! | 1 | inputs |
//! | 2 | number of hidden layers, H |
//! | 3 | learning signal: 0 BP, 1 DFA |
//! | 4 | mode: 0 sequence, 1 block |
//! | 5 | steps of a block |
//! | 6 | rounding: 0 nearest, 1 dithered |
//! | 7, 8 | seed, low and high half |
//! | 9 | memory limit in MiB |
//! | then 20 a hidden layer | units, recurrent, weight bits, leak, threshold, soft reset, psi (0 exp, 1 tri, 2 sigmoid, 3 tri_out), lambda_pre, lambda_post, alpha_pre, alpha_post, rate (each mantissa, exponent), bias, deviation, recurrent deviation, 0, 0 |
//! | then 8 for the readout | classes, leak, trace decay, rate (mantissa, exponent), bias, deviation, 0 |
//!
//! Flags are 0 or 1; formats are those of the spec's fields.

use super::spec::{MAX_LAYERS, Spec, SpecError};
use crate::fixed::Factor;
use crate::layer::{Factors, Learning, Mode, ReadoutSpec, SpikingSpec};
use crate::noise::Rounding;
use crate::psi::Psi;
use crate::signal::Signal;
use alloc::vec::Vec;

/// The first word of every spec.
pub const WORDS_VERSION: i32 = 1;
const HEADER: usize = 10;
const HIDDEN: usize = 20;
const READOUT: usize = 8;

impl Spec {
    /// Reads and checks a spec.
    pub fn from_words(words: &[i32]) -> Result<Self, SpecError> {
        let length = |low: usize, high: usize| error("words", words.len() as i64, low as i64, high as i64);
        if words.len() < HEADER + READOUT {
            return Err(length(HEADER + READOUT, HEADER + READOUT + MAX_LAYERS * HIDDEN));
        }
        let mut at = Words { words, next: 0 };
        at.choice("version", &[(WORDS_VERSION, ())])?;
        let inputs = at.size("inputs")?;
        let layers = at.size("hidden layers")?;
        if layers > MAX_LAYERS {
            return Err(error("hidden layers", layers as i64, 0, MAX_LAYERS as i64));
        }
        let expected = HEADER + layers * HIDDEN + READOUT;
        if words.len() != expected {
            return Err(length(expected, expected));
        }
        let signal = at.choice("signal", &[(0, Signal::Bp), (1, Signal::Dfa)])?;
        let mode = at.choice("mode", &[(0, Mode::Sequence), (1, Mode::Block)])?;
        let block_steps = at.size("block steps")?;
        let rounding = at.choice("rounding", &[(0, Rounding::Nearest), (1, Rounding::Dithered)])?;
        let seed = at.take() as u32 as u64 | (at.take() as u32 as u64) << 32;
        let memory_limit = (at.size("memory limit")? as u64) << 20;
        let hidden = (0..layers).map(|i| at.hidden().map_err(of_layer(i))).collect::<Result<Vec<_>, _>>()?;
        let readout = at.readout().map_err(of_layer(layers))?;
        let learning = Learning { mode, block_steps, rounding, seed };
        let spec = Self { inputs, hidden, readout, signal, learning, memory_limit };
        spec.check()?;
        Ok(spec)
    }
}

fn error(field: &'static str, given: i64, low: i64, high: i64) -> SpecError {
    SpecError { layer: None, field, given, allowed: (low, high) }
}

fn of_layer(layer: usize) -> impl Fn(SpecError) -> SpecError {
    move |error| SpecError { layer: Some(layer), ..error }
}

struct Words<'a> {
    words: &'a [i32],
    next: usize,
}

impl Words<'_> {
    fn take(&mut self) -> i32 {
        let word = self.words.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        word
    }

    fn size(&mut self, field: &'static str) -> Result<usize, SpecError> {
        let word = self.take();
        usize::try_from(word).map_err(|_| error(field, word as i64, 0, i32::MAX as i64))
    }

    fn choice<T: Copy>(&mut self, field: &'static str, choices: &[(i32, T)]) -> Result<T, SpecError> {
        let word = self.take();
        let (low, high) = (choices[0].0, choices[choices.len() - 1].0);
        let found = choices.iter().find(|(value, _)| *value == word);
        found.map(|(_, choice)| *choice).ok_or(error(field, word as i64, low as i64, high as i64))
    }

    fn flag(&mut self, field: &'static str) -> Result<bool, SpecError> {
        self.choice(field, &[(0, false), (1, true)])
    }

    fn factor(&mut self) -> Factor {
        Factor { mantissa: self.take(), exponent: self.take() }
    }

    /// Words that later versions may give a meaning.
    fn reserved(&mut self, count: usize) -> Result<(), SpecError> {
        (0..count).try_for_each(|_| self.choice("reserved", &[(0, ())]))
    }

    fn hidden(&mut self) -> Result<SpikingSpec, SpecError> {
        let spec = SpikingSpec {
            units: self.size("units")?,
            recurrent: self.flag("recurrent")?,
            weight_bits: self.size("weight bits")? as u32,
            leak: self.take(),
            threshold: self.take(),
            soft_reset: self.flag("soft reset")?,
            psi: self.choice("psi", &[(0, Psi::Exp), (1, Psi::Tri), (2, Psi::Sigmoid), (3, Psi::TriOut)])?,
            factors: Factors {
                lambda_pre: self.take(),
                lambda_post: self.take(),
                alpha_pre: self.factor(),
                alpha_post: self.factor(),
            },
            rate: self.factor(),
            bias: self.flag("bias")?,
            deviation: self.take() as i64,
            recurrent_deviation: self.take() as i64,
        };
        self.reserved(2)?;
        Ok(spec)
    }

    fn readout(&mut self) -> Result<ReadoutSpec, SpecError> {
        let spec = ReadoutSpec {
            classes: self.size("classes")?,
            leak: self.take(),
            trace_decay: self.take(),
            rate: self.factor(),
            bias: self.flag("bias")?,
            deviation: self.take() as i64,
        };
        self.reserved(1)?;
        Ok(spec)
    }
}
