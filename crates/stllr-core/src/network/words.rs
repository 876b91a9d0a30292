//! A spec as a list of 32-bit words: how it crosses the boundary to other languages.
//!
//! The header, 18 words:
//!
//! | word | meaning |
//! | --- | --- |
//! | 0 | [`WORDS_VERSION`] |
//! | 1, 2, 3 | input channels, height, width |
//! | 4 | number of hidden layers |
//! | 5 | learning signal: 0 BP, 1 DFA, 2 sDFA, 3 DRTP, 4 local |
//! | 6 | loss: 0 cross-entropy, 1 mean square, 2 binary cross-entropy, 3 endpoint, 4 contrast |
//! | 7 | mode: 0 sequence, 1 block |
//! | 8 | steps of a block |
//! | 9 | rounding: 0 nearest, 1 dithered |
//! | 10, 11 | seed, low and high half |
//! | 12 | memory limit in MiB |
//! | 13 | optimiser: 0 gradient descent, 1 momentum, 2 Nesterov, 3 Adam, 4 RMSprop, 5 Rprop |
//! | 14, 15 | its fractions: momentum, beta1 and beta2, alpha or shrink `Q 30`, grow `Q 29`; 0 where there is none |
//! | 16, 17 | weight decay, mantissa and exponent |
//!
//! Then each hidden layer:
//!
//! | words | meaning |
//! | --- | --- |
//! | kind | 0 dense or recurrent, 1 convolution, 2 pool, 3 upsample, 4 add, 5 concat, 6 dropout, 7 and 8 as 0 and 1 with neurons of Loihi's |
//! | length | words of this layer that follow |
//! | sources | how many |
//! | for each source, 2 | its number (0 the input, k the k-th hidden layer), and for neurons the divisor, for joins the repeat, else 1 |
//! | kinds 0, 1, 7 and 8, 20 | units, recurrent, weight bits, leak, threshold, soft reset, psi (0 exp, 1 tri, 2 sigmoid, 3 tri_out), lambda_pre, lambda_post, alpha_pre, alpha_post, rate (each mantissa, exponent), bias, deviation, recurrent deviation, standardise, bits of storage: 16, or 8 |
//! | kinds 1 and 8, 6 more | kernel height and width, stride, padding, dilation, groups |
//! | kind 2, 3 | 0 maximum or 1 sum, size, stride |
//! | kind 3, 1 | factor |
//! | kind 6, 1 | rate |
//! | kinds 7 and 8, 4 more | current decay, voltage decay, threshold, fraction bits of voltages; leak, threshold and soft reset are 0 there |
//!
//! Then the readout, 12 words: 1, its source, the divisor, classes (or values), leak, trace decay, rate (mantissa,
//! exponent), bias, deviation, side of the kernel (0: none), 0.
//!
//! A build without the feature `deep` takes signals 0 and 1, loss 0, kind 0 and readouts without a kernel only.
//!
//! Weights of 8 bits have the range that weights of 16 would have, and 6 fraction bits fewer: with them weight bits are 8 to 19.
//! Flags are 0 or 1; formats are those of the spec's fields.

use super::spec::{LayerKind, LayerSpec, MAX_LAYERS, MAX_WEIGHT_BITS, Spec, SpecError};
use crate::deep::{DEEP, Deep, deep};
use crate::fixed::{BYTE_SHIFT_MAX, Factor};
use crate::layer::{
    ConvSpec, DropoutSpec, Factors, JoinSpec, Kernel, Learning, LoihiSpec, Mode, PoolSpec, ReadoutSpec, SpikingSpec,
    UpsampleSpec,
};
use crate::loss::Loss;
use crate::noise::Rounding;
use crate::optimizer::{ONE_BETA, Optimizer};
use crate::psi::Psi;
use crate::shape::Shape;
use crate::signal::Signal;
use alloc::vec::Vec;

/// The first word of every spec.
pub const WORDS_VERSION: i32 = 2;

impl Spec {
    /// Reads and checks a spec.
    pub fn from_words(words: &[i32]) -> Result<Self, SpecError> {
        let mut at = Words { words, next: 0 };
        at.choice("version", &[(WORDS_VERSION, ())])?;
        let input = Shape { channels: at.size("channels")?, height: at.size("height")?, width: at.size("width")? };
        let count = at.size("hidden layers")?;
        if count > MAX_LAYERS {
            return Err(error("hidden layers", count as i64, 0, MAX_LAYERS as i64));
        }
        let signals = [Signal::Bp, Signal::Dfa, Signal::Sdfa, Signal::Drtp, Signal::Local];
        let signal = signals[at.number("signal", if DEEP { 4 } else { 1 })?];
        let loss = at.number("loss", if DEEP { 4 } else { 0 })?;
        let mode = at.choice("mode", &[(0, Mode::Sequence), (1, Mode::Block)])?;
        let block_steps = at.size("block steps")?;
        let rounding = at.choice("rounding", &[(0, Rounding::Nearest), (1, Rounding::Dithered)])?;
        let seed = at.take() as u32 as u64 | (at.take() as u32 as u64) << 32;
        let memory_limit = (at.size("memory limit")? as u64) << 20;
        let optimizer = at.optimizer()?;
        let decay = at.factor();
        let mut layers = Vec::with_capacity(count);
        for i in 0..count {
            layers.push(at.layer().map_err(of_layer(i))?);
        }
        let (readout, readout_source) = at.readout().map_err(of_layer(count))?;
        if at.next != words.len() {
            return Err(error("words", words.len() as i64, at.next as i64, at.next as i64));
        }
        let learning = Learning { mode, block_steps, rounding, seed, optimizer, decay };
        let loss_of_classes = [Loss::CrossEntropy, Loss::MeanSquare, Loss::Binary, Loss::Endpoint].get(loss).copied();
        let loss = loss_of_classes.unwrap_or(Loss::CrossEntropy);
        let mut spec = Self { input, layers, readout, readout_source, signal, loss, learning, memory_limit };
        if loss_of_classes.is_none() {
            // Its scale follows from the shapes, so those must fit.
            spec.loss = Loss::Endpoint;
            spec.check()?;
            spec.loss = deep(spec.contrast()).map_or(Loss::Endpoint, Loss::Contrast);
        }
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

    /// One of 0..=`most`.
    fn number(&mut self, field: &'static str, most: usize) -> Result<usize, SpecError> {
        let number = self.size(field)?;
        if number > most { Err(error(field, number as i64, 0, most as i64)) } else { Ok(number) }
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

    fn optimizer(&mut self) -> Result<Optimizer, SpecError> {
        let number = self.number("optimizer", if DEEP { 5 } else { 0 })?;
        let (first, second) = (self.take() as u32, self.take() as u32);
        let optimizer = match number {
            _ if !DEEP => Optimizer::Sgd,
            0 => Optimizer::Sgd,
            1 | 2 => Optimizer::Momentum { momentum: first, nesterov: number == 2 },
            3 => Optimizer::Adam { beta1: first, beta2: second },
            4 => Optimizer::RmsProp { alpha: first },
            _ => {
                let Optimizer::RProp { least, most, .. } = Optimizer::RPROP else { return Ok(Optimizer::RPROP) };
                // The second is in Q 29.
                Optimizer::RProp { shrink: first, grow: second.saturating_mul(2), least, most }
            }
        };
        let valid = optimizer.valid();
        if valid { Ok(optimizer) } else { Err(error("optimizer's fractions", first as i64, 0, ONE_BETA as i64 - 1)) }
    }

    fn layer(&mut self) -> Result<LayerSpec, SpecError> {
        let kind = self.take();
        let (length, start) = (self.size("length")?, self.next);
        let count = self.size("sources")?;
        if count > MAX_LAYERS {
            return Err(error("sources", count as i64, 1, MAX_LAYERS as i64));
        }
        let (mut sources, mut numbers) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for _ in 0..count {
            sources.push(self.size("source")?);
            numbers.push(self.size("divisor or repeat")?);
        }
        let divisor = numbers.first().copied().unwrap_or(1);
        // Kinds 0 and 1 with neurons of Loihi's.
        let chip = DEEP && (kind == 7 || kind == 8);
        let found = match if chip { kind - 7 } else { kind } {
            0 => {
                let mut neurons = self.neurons(divisor)?;
                neurons.loihi = self.loihi(chip);
                Some(LayerKind::Spiking(neurons))
            }
            _ if !DEEP => None,
            1 => {
                let (mut neurons, kernel) = (self.neurons(divisor)?, self.kernel()?);
                neurons.loihi = self.loihi(chip);
                deep(ConvSpec { neurons, kernel }).map(LayerKind::Conv)
            }
            2 => deep(PoolSpec {
                max: self.choice("pool", &[(0, true), (1, false)])?,
                size: self.size("size")?,
                stride: self.size("stride")?,
            })
            .map(LayerKind::Pool),
            3 => deep(UpsampleSpec { factor: self.size("factor")? }).map(LayerKind::Upsample),
            4 | 5 => deep(JoinSpec { concat: kind == 5, repeats: numbers }).map(LayerKind::Join),
            6 => deep(DropoutSpec { rate: self.take() }).map(LayerKind::Dropout),
            _ => None,
        };
        let kind = found.ok_or(error("kind", kind as i64, 0, if DEEP { 8 } else { 0 }))?;
        let taken = (self.next - start) as i64;
        if taken != length as i64 {
            return Err(error("length", length as i64, taken, taken));
        }
        Ok(LayerSpec { sources, kind })
    }

    fn neurons(&mut self, divisor: usize) -> Result<SpikingSpec, SpecError> {
        let mut spec = SpikingSpec {
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
            divisor,
            standardise: self.number("standardise", DEEP as usize)? == 1,
            byte_shift: None,
            loihi: None,
        };
        let storage: &[(i32, bool)] = if DEEP { &[(8, true), (16, false)] } else { &[(16, false)] };
        if self.choice("bits of storage", storage)? {
            // What neurons add up has no more fraction bits for that.
            let finer = spec.weight_bits.saturating_sub(MAX_WEIGHT_BITS);
            let finer = if finer > BYTE_SHIFT_MAX { 0 } else { finer };
            spec.weight_bits -= finer;
            spec.byte_shift = deep(BYTE_SHIFT_MAX - finer);
        }
        Ok(spec)
    }

    fn loihi(&mut self, chip: bool) -> Option<Deep<LoihiSpec>> {
        if !DEEP || !chip {
            return None;
        }
        deep(LoihiSpec {
            current_decay: self.take(),
            voltage_decay: self.take(),
            threshold: self.take(),
            // What no u32 is, is beyond all bounds.
            bits: self.take() as u32,
        })
    }

    fn kernel(&mut self) -> Result<Kernel, SpecError> {
        Ok(Kernel {
            height: self.size("kernel height")?,
            width: self.size("kernel width")?,
            stride: self.size("stride")?,
            padding: self.size("padding")?,
            dilation: self.size("dilation")?,
            groups: self.size("groups")?,
        })
    }

    fn readout(&mut self) -> Result<(ReadoutSpec, usize), SpecError> {
        self.choice("sources", &[(1, ())])?;
        let (source, divisor) = (self.size("source")?, self.size("divisor")?);
        let spec = ReadoutSpec {
            classes: self.size("classes")?,
            leak: self.take(),
            trace_decay: self.take(),
            rate: self.factor(),
            bias: self.flag("bias")?,
            deviation: self.take() as i64,
            kernel: Some(self.size("kernel")?).filter(|&side| side > 0),
            divisor,
        };
        self.reserved(1)?;
        Ok((spec, source))
    }
}
