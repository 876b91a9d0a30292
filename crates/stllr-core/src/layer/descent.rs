//! From a gathered gradient to new weights: weight decay, the optimiser, and standardisation where the layer has it.

use super::update::Learning;
use super::weights::Weights;
use crate::aligned::Aligned;
use crate::deep::{DEEP, Deep, deep};
use crate::fixed::{Factor, WEIGHT_MAX};
use crate::keep::{Keeper, Part, Values, keep_resting, within};
use crate::kernel;
use crate::meter::Memory;
use crate::noise::Noise;
use crate::optimizer::{Moments, Optimizer, decay_row};
use crate::standardise::{CHUNK_ROWS, GAIN_BITS, GAIN_MAX, Standard};
use alloc::vec;
use alloc::vec::Vec;

/// Gains' rows of noise begin here, behind all rows of weights.
const GAIN_ROWS: u32 = 1 << 28;

/// What is the same for a layer's rows in an update.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    /// The layer's rate.
    pub rate: Factor,
    /// Fraction bits of the gradient.
    pub bits: u32,
    /// Fraction bits of the layer's format.
    pub weight_bits: u32,
    /// Its noise.
    pub noise: Noise,
}

/// The state of a layer's descent.
#[derive(Clone, Debug)]
pub struct Descent {
    learning: Learning,
    divisor: usize,
    weights: Moments,
    bias: Moments,
    /// Weights before they are standardised; empty where they are not.
    raw: Aligned<i16>,
    parts: Vec<Deep<Standardised>>,
    /// Is the last part that of a layer's own spikes, which are not divided?
    last_is_own: bool,
}

/// How rows change in an update.
struct Rows<'a> {
    width: usize,
    /// Weight decay's factor.
    decay: Factor,
    /// From a change's fraction bits to those of the layer's format.
    shift: u32,
    update: &'a Update,
}

impl Rows<'_> {
    /// Changes a row of raw weights by its gradient, which becomes zero.
    #[inline(always)]
    fn change(&self, moments: &mut Moments, row: usize, weights: &mut [i16], gradient: &mut [i32]) {
        self.decay(row, weights, gradient);
        moments.change(row * self.width, gradient);
        kernel::apply_row(weights, gradient, self.shift, self.update.noise.row(row as u32));
    }

    /// The same for weights in use.
    #[inline(always)]
    fn change_used(&self, moments: &mut Moments, row: usize, weights: &mut Weights, gradient: &mut [i32]) {
        if DEEP && self.decay.mantissa != 0 {
            weights.read(row..row + 1, |_, weights| self.decay(row, weights, gradient));
        }
        if DEEP {
            moments.change(row * self.width, gradient);
        }
        let (shift, noise) = (self.shift + weights.shift(), self.update.noise.row(row as u32));
        weights.change(row, |weights| kernel::apply_row(weights, gradient, shift, noise));
    }

    fn decay(&self, row: usize, weights: &[i16], gradient: &mut [i32]) {
        let Update { bits, weight_bits, noise, .. } = *self.update;
        if self.decay.mantissa != 0 {
            decay_row(gradient, weights, self.decay, weight_bits, bits, noise.row(row as u32));
        }
    }
}

/// Rows that are standardised together.
#[derive(Clone, Debug)]
struct Standardised {
    rows: usize,
    standard: Standard,
    gain_gradient: Vec<i32>,
    gain: Moments,
}

impl Descent {
    /// For `weights` elements, `bias` biases and inputs with this divisor.
    pub fn new(learning: Learning, weights: usize, bias: usize, divisor: usize) -> Self {
        Self {
            weights: Moments::new(learning.optimizer, weights),
            bias: Moments::new(learning.optimizer, bias),
            raw: Aligned::new(0),
            parts: Vec::new(),
            last_is_own: false,
            learning,
            divisor,
        }
    }

    /// Bytes that [`Self::new`] would hold.
    pub fn memory(learning: &Learning, weights: u64, bias: u64) -> Memory {
        let optimizer = (weights + bias) * learning.optimizer.bytes_per_weight();
        Memory { optimizer, ..Memory::default() }
    }

    /// Standardises from now on, in parts of so many rows and outputs each. Gains begin at one by the divisor, but for a last
    /// part of a layer's own spikes. [`Self::draw`] must follow.
    pub fn standardise(&mut self, parts: &[(usize, usize)], last_is_own: bool, bits: u32, weights: &Weights) {
        self.last_is_own = last_is_own;
        self.raw = Aligned::new(weights.len());
        let used = bits - weights.shift();
        let part = |(number, &(rows, outputs)): (usize, &(usize, usize))| {
            let divisor = if number > 0 && last_is_own { 1 } else { self.divisor };
            Standardised {
                rows,
                standard: Standard::new(outputs, (1 << GAIN_BITS) / divisor as i32, bits, used),
                gain_gradient: vec![0; outputs],
                gain: Moments::new(self.learning.optimizer, outputs),
            }
        };
        self.parts = parts.iter().enumerate().map(part).filter_map(deep).collect();
    }

    /// Sets all weights, the raw ones where there are any: `draw` sets those of a row, with so many fraction bits. The layer's
    /// format has `bits`.
    pub fn draw(&mut self, width: usize, weights: &mut Weights, bits: u32, draw: &dyn Fn(usize, &mut [i16], u32)) {
        if DEEP && !self.raw.is_empty() {
            self.raw.chunks_exact_mut(width).enumerate().for_each(|(row, raw)| draw(row, raw, bits));
            return self.renew(width, weights);
        }
        let used = bits - weights.shift();
        (0..weights.len() / width).for_each(|row| weights.change(row, |weights| draw(row, weights, used)));
    }

    /// Bytes more for [`Self::standardise`], its parts' outputs added up.
    pub fn standard_memory(learning: &Learning, weights: u64, outputs: u64) -> Memory {
        let optimizer = outputs * learning.optimizer.bytes_per_weight();
        let own = Aligned::<i16>::bytes(weights) + Standard::bytes(outputs);
        Memory { weights: own, gradients: 4 * outputs, optimizer, ..Memory::default() }
    }

    /// The raw weights, where there are any.
    pub fn raw(&self) -> &[i16] {
        &self.raw
    }

    /// The same, to be set; [`Self::renew`] must follow.
    pub fn raw_mut(&mut self) -> &mut [i16] {
        &mut self.raw
    }

    /// Gains, `Q 20`, part by part.
    pub fn gains(&self) -> impl Iterator<Item = &[i32]> {
        self.parts.iter().map(|part| part.standard.gain())
    }

    /// Makes effective weights of the raw ones; none of it where weights are not standardised.
    pub fn renew(&mut self, width: usize, weights: &mut Weights) {
        if !DEEP {
            return;
        }
        let mut first = 0;
        for part in &mut self.parts {
            let part: &mut Standardised = part;
            let rows = first..first + part.rows;
            first = rows.end;
            part.standard.begin();
            part.standard.measure(&self.raw[rows.start * width..rows.end * width], width);
        }
        self.finish(width, weights);
    }

    /// Makes effective weights of raw ones whose rows were all seen.
    fn finish(&mut self, width: usize, weights: &mut Weights) {
        let mut first = 0;
        for part in &mut self.parts {
            let part: &mut Standardised = part;
            let rows = first..first + part.rows;
            first = rows.end;
            part.standard.ready(part.rows);
            let raw = &self.raw;
            weights.make(rows, CHUNK_ROWS, |rows, weights| {
                part.standard.make(&raw[rows.start * width..rows.end * width], width, weights);
            });
        }
    }

    /// Changes hidden weights in rows of `width` by their gradient, which becomes zero; without `some` it is zero. Rows that are not
    /// `touched` have no gradient. Returns how many rows were changed.
    pub fn change(
        &mut self,
        weights: &mut Weights,
        gradient: &mut [i32],
        width: usize,
        (some, touched): (bool, &mut [bool]),
        update: &Update,
    ) -> u64 {
        let optimizer = self.learning.optimizer;
        let decay = self.decay(Factor::square_of(self.held()), update.rate);
        if DEEP {
            self.weights.begin_update(update.rate, update.bits);
        }
        if DEEP && !some && self.rests(decay) {
            // Of gains nothing but the optimiser's clock goes on.
            self.change_gains(update);
            return 0;
        }
        let all = !optimizer.folds_rate() || decay.mantissa != 0;
        let shift = optimizer.change_bits(update.bits) - update.weight_bits;
        let rows = Rows { width, decay, shift, update };
        if !DEEP || self.parts.is_empty() {
            let mut changed = 0;
            for (row, gradient) in gradient.chunks_exact_mut(width).enumerate() {
                let is_touched = touched.get_mut(row).is_none_or(core::mem::take);
                if is_touched || all {
                    rows.change_used(&mut self.weights, row, weights, gradient);
                    changed += 1;
                }
            }
            return changed;
        }
        touched.fill(false);
        let mut first = 0;
        for part in &mut self.parts {
            let part: &mut Standardised = part;
            let range = first * width..(first + part.rows) * width;
            let (raw, gradient) = (&mut self.raw[range.clone()], &mut gradient[range]);
            part.standard.turn(raw, width, gradient, &mut part.gain_gradient);
            part.standard.begin();
            // Some rows at a time, so that they are read once.
            let chunk = CHUNK_ROWS * width;
            for (raw, gradient) in raw.chunks_mut(chunk).zip(gradient.chunks_mut(chunk)) {
                part.standard.back(raw, width, gradient);
                for (raw, gradient) in raw.chunks_exact_mut(width).zip(gradient.chunks_exact_mut(width)) {
                    rows.change(&mut self.weights, first, raw, gradient);
                    first += 1;
                }
                part.standard.measure(raw, width);
            }
        }
        self.change_gains(update);
        self.finish(width, weights);
        first as u64
    }

    /// Would a gradient of zero change nothing?
    fn rests(&self, decay: Factor) -> bool {
        decay.mantissa == 0 && self.weights.at_rest() && self.parts.iter().all(|part| part.gain.at_rest())
    }

    fn change_gains(&mut self, update: &Update) {
        let optimizer = self.learning.optimizer;
        let shift = optimizer.change_bits(update.bits) as i32 - GAIN_BITS as i32;
        // The gain of an input that is divided is, too, and learns at a rate that much smaller.
        for (number, part) in self.parts.iter_mut().enumerate() {
            let part: &mut Standardised = part;
            let held = Factor::inverse_of(if number == 0 || !self.last_is_own { self.divisor } else { 1 });
            let rate = match optimizer {
                Optimizer::Sgd => {
                    let scale = held.times(held).scale(0, 0, kernel::SUM_MAX);
                    part.gain_gradient.iter_mut().for_each(|g| *g = scale.apply(*g));
                    update.rate
                }
                Optimizer::Momentum { .. } => update.rate.times(held).times(held),
                _ => update.rate.times(held),
            };
            part.gain.begin_update(rate, update.bits);
            part.gain.change(0, &mut part.gain_gradient);
            let noise = update.noise.row(GAIN_ROWS + number as u32);
            kernel::apply_wide_row(part.standard.gain_mut(), &mut part.gain_gradient, shift, GAIN_MAX, noise);
        }
    }

    /// Changes `i32` weights, which saturate at `limit`.
    pub fn change_wide(
        &mut self,
        weights: &mut [i32],
        gradient: &mut [i32],
        width: usize,
        limit: i32,
        update: &Update,
    ) {
        let decay = self.decay(Factor::square_of(self.held()), update.rate);
        if DEEP {
            self.weights.begin_update(update.rate, update.bits);
        }
        let rows = weights.chunks_exact_mut(width).zip(gradient.chunks_exact_mut(width)).enumerate();
        for (row, (weights, gradient)) in rows {
            let noise = update.noise.row(row as u32);
            change_wide_row(&mut self.weights, row * width, weights, gradient, (limit, decay, noise), update);
        }
    }

    /// Changes biases, a row of noise of their own.
    pub fn change_bias(&mut self, bias: &mut [i32], gradient: &mut [i32], limit: i32, row: u32, update: &Update) {
        // Not divided as weights are.
        let rate = update.rate.times(self.learning.undivided(self.held()));
        let decay = self.decay(Factor::ONE, rate);
        if DEEP {
            self.bias.begin_update(rate, update.bits);
        }
        let noise = update.noise.row(row);
        change_wide_row(&mut self.bias, 0, bias, gradient, (limit, decay, noise), update);
    }

    /// What weights are held divided by: standardised ones are not, their gains are.
    fn held(&self) -> usize {
        if !DEEP || self.raw.is_empty() { self.divisor } else { 1 }
    }

    /// Weight decay's factor on weights that are `held` as the square of a divisor says, with the rate where gradients have it.
    fn decay(&self, held: Factor, rate: Factor) -> Factor {
        let decay = self.learning.decay.times(held);
        if self.learning.optimizer.folds_rate() { decay.times(rate) } else { decay }
    }

    /// Gives all state to a keeper, and with it the weights: those in use, or the raw ones of which they are made.
    pub fn keep(&mut self, keeper: &mut dyn Keeper, weights: &mut Weights) {
        if !DEEP || self.raw.is_empty() {
            weights.keep(keeper);
        } else {
            keeper.array(Part::Raw, Values::I16(&mut self.raw), within(WEIGHT_MAX));
        }
        self.keep_moments(keeper);
    }

    /// The same without the weights.
    pub fn keep_moments(&mut self, keeper: &mut dyn Keeper) {
        if !DEEP {
            return;
        }
        self.weights.keep(keeper, Part::Moments);
        self.bias.keep(keeper, Part::BiasMoments);
        for part in &mut self.parts {
            let part: &mut Standardised = part;
            part.standard.keep(keeper);
            keep_resting(keeper, Part::GainGradient, Values::I32(&mut part.gain_gradient), within(kernel::SUM_MAX));
            part.gain.keep(keeper, Part::GainMoments);
        }
    }
}

fn change_wide_row(
    moments: &mut Moments,
    start: usize,
    weights: &mut [i32],
    gradient: &mut [i32],
    (limit, decay, noise): (i32, Factor, Option<u32>),
    update: &Update,
) {
    if DEEP && decay.mantissa != 0 {
        decay_row(gradient, weights, decay, update.weight_bits, update.bits, noise);
    }
    if DEEP {
        moments.change(start, gradient);
    }
    let shift = moments.optimizer().change_bits(update.bits) as i32 - update.weight_bits as i32;
    kernel::apply_wide_row(weights, gradient, shift, limit, noise);
}
