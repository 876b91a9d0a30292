//! Traces and the blocked reverse sweep: how learning signals become weight changes without a multiplication per synapse.
//!
//! The rule asks, over the steps t of a block, for
//!
//! ```text
//! G[j][i] = sum over t of p[t][i] trace_j[t] + q[t][i] x_j[t]
//! p[t] = rate alpha_pre d[t] psi[t]            trace_j[t] = lambda trace_j[t-1] + x_j[t]
//! q[t] = rate alpha_post d[t] psi_trace[t-1]
//! ```
//!
//! Exchanging the sums gives R[t] = p[t] + lambda R[t+1], computed backwards once for all inputs, and
//!
//! ```text
//! G[j] = sum over the steps t at which j spiked of (R[t] + q[t])  +  lambda R[0] * (trace of j when the block began)
//! ```
//!
//! So a row is touched once a block, only if its input spiked lately, and by additions. Memory is fixed by the block.
//!
//! Contributions have as many fraction bits as fit: [`Format`] chooses them so that no sum of a block leaves an `i32`.

use crate::aligned::Aligned;
use crate::fixed::{Factor, ONE_Q15, Scale, mul_q15, mul_q15_floor};
use crate::keep::{Keeper, Part, Values, keep_flag, keep_resting, within};
use crate::kernel;
use alloc::vec;
use alloc::vec::Vec;

/// The most steps of a block: one bit each in a row's mask.
pub const MAX_BLOCK_STEPS: usize = 32;
/// Traces saturate here (reached only with a decay of one): log2.
const MAX_SPAN_BITS: u32 = 10;
/// Contributions are clipped where |alpha d psi| passes this power of two, or later: log2.
const CLIP_BITS: i32 = 2;
/// The most fraction bits of a contribution.
const MAX_BITS: i32 = 28;
/// The largest contribution that the kernels take: log2.
const MAX_LIMIT_BITS: u32 = 24;

/// The number format of the contributions to an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Fraction bits.
    pub bits: u32,
    /// Where one step's contribution is clipped, so that the sums of a block stay below 2^30.
    pub limit: i32,
    /// log2 of the largest trace.
    pub span_bits: u32,
}

impl Format {
    /// For a trace decay (`Q 15`), a block length, the largest factor on the learning signal (rate times alpha) and at
    /// least `min_bits` fraction bits.
    pub fn new(decay: i32, block_steps: usize, factor: Factor, min_bits: u32) -> Self {
        let span_bits = span_bits(decay);
        // Over a block, the sum of p trace is at most limit * steps * span; q adds limit * steps; rounding a unit a step.
        let most = (1u32 << 30) / (block_steps as u32 * ((1 << span_bits) + 1));
        let limit = (most - 64).min(1 << MAX_LIMIT_BITS);
        let room = limit.ilog2() as i32;
        let bits = if factor.mantissa == 0 { MAX_BITS } else { room - CLIP_BITS - factor.log2_ceil() };
        Self { bits: bits.clamp(min_bits as i32, MAX_BITS) as u32, limit: limit as i32, span_bits }
    }

    /// How to bring a learning signal with `signal_bits` fraction bits, times `factor`, into this format.
    pub fn scale(&self, factor: Factor, signal_bits: u32) -> Scale {
        factor.scale(signal_bits, self.bits, self.limit)
    }
}

/// log2 of a bound on the sum of decay^k.
fn span_bits(decay: i32) -> u32 {
    let rest = (ONE_Q15 - decay) as u32;
    if rest == 0 {
        return MAX_SPAN_BITS;
    }
    (ONE_Q15 as u32).div_ceil(rest).next_power_of_two().ilog2().min(MAX_SPAN_BITS)
}

/// The traces of a layer's inputs and the block of contributions that waits to be applied.
#[derive(Clone, Debug)]
pub struct Eligibility {
    decay: i32,
    /// decay^k, `Q 15`.
    powers: [i32; MAX_BLOCK_STEPS + 1],
    format: Format,
    width: usize,
    block_steps: usize,
    step: usize,
    learned: bool,
    /// Bit t of `masks[j]`: input j spiked at step t of the block.
    masks: Vec<u32>,
    /// Trace of each input when the block began, `Q 15`.
    traces: Vec<i32>,
    /// The inputs with a spike in the block or a trace, a bit each: rising rows are also rising addresses.
    active: Vec<u64>,
    /// p, and after the sweep R + q: `block_steps` rows of `width`.
    causal: Aligned<i32>,
    /// q, or empty.
    noncausal: Aligned<i32>,
    /// R at the step last swept, then what a full trace adds: `width`.
    running: Aligned<i32>,
}

impl Eligibility {
    /// For `inputs` rows of `width` weights; `noncausal` says whether q will be given.
    pub fn new(inputs: usize, width: usize, decay: i32, block_steps: usize, noncausal: bool, format: Format) -> Self {
        assert!((1..=MAX_BLOCK_STEPS).contains(&block_steps));
        let mut powers = [ONE_Q15; MAX_BLOCK_STEPS + 1];
        for k in 1..powers.len() {
            powers[k] = mul_q15(powers[k - 1], decay);
        }
        Self {
            decay,
            powers,
            format,
            width,
            block_steps,
            step: 0,
            learned: false,
            masks: vec![0; inputs],
            traces: vec![0; inputs],
            active: vec![0; inputs.div_ceil(64)],
            causal: Aligned::new(block_steps * width),
            noncausal: Aligned::new(if noncausal { block_steps * width } else { 0 }),
            running: Aligned::new(width),
        }
    }

    /// Bytes of (traces, block) that [`Self::new`] would hold.
    pub fn bytes(inputs: u64, width: u64, block_steps: usize, noncausal: bool) -> (u64, u64) {
        let rows = Aligned::<i32>::bytes(block_steps as u64 * width);
        let noncausal = if noncausal { rows } else { Aligned::<i32>::bytes(0) };
        (inputs * 8 + inputs.div_ceil(64) * 8, rows + noncausal + Aligned::<i32>::bytes(width))
    }

    /// The format that contributions must have.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Changes the format; only when no step waits in the block.
    pub fn set_format(&mut self, format: Format) {
        debug_assert_eq!(self.step, 0);
        self.format = format;
    }

    /// Notes that these inputs spike in this step: numbers below `inputs`, each once a step.
    #[inline]
    pub fn record(&mut self, rows: &[u32]) {
        let bit = 1u32 << self.step;
        for &row in rows {
            let mask = &mut self.masks[row as usize];
            debug_assert_eq!(*mask & bit, 0, "row {row} twice in a step");
            *mask |= bit;
            self.active[row as usize / 64] |= 1 << (row % 64);
        }
    }

    /// This step's rows for p and q, to be filled; calling it says that the step learns.
    pub fn contributions(&mut self) -> (&mut [i32], &mut [i32]) {
        self.learned = true;
        let row = self.step * self.width..(self.step + 1) * self.width;
        let noncausal = if self.noncausal.is_empty() { 0..0 } else { row.clone() };
        (&mut self.causal[row], &mut self.noncausal[noncausal])
    }

    /// Ends a step that does not learn.
    pub fn rest(&mut self) {
        let row = self.step * self.width..(self.step + 1) * self.width;
        self.causal[row.clone()].fill(0);
        if !self.noncausal.is_empty() {
            self.noncausal[row].fill(0);
        }
        self.advance();
    }

    /// Ends a step.
    pub fn advance(&mut self) {
        self.step += 1;
    }

    /// Has the block as many steps as it can hold?
    pub fn full(&self) -> bool {
        self.step == self.block_steps
    }

    /// Steps that wait in the block.
    pub fn steps(&self) -> usize {
        self.step
    }

    /// Did a step of the block learn?
    pub fn learned(&self) -> bool {
        self.learned
    }

    /// Sweeps backwards over the block. After it, [`Self::swept`] and [`Self::for_each_row`] hold what the rows need.
    pub fn sweep(&mut self) {
        self.running.fill(0);
        for step in (0..self.step).rev() {
            let row = step * self.width..(step + 1) * self.width;
            kernel::sweep_back(&mut self.running, self.decay, &mut self.causal[row.clone()]);
            if !self.noncausal.is_empty() {
                kernel::add(&mut self.causal[row.clone()], &self.noncausal[row]);
            }
        }
        for sum in self.running.iter_mut() {
            *sum = mul_q15(*sum, self.decay) << self.format.span_bits;
        }
    }

    /// After the sweep: R + q, a row a step; and what a trace of 2^span_bits adds.
    pub fn swept(&self) -> (&[i32], &[i32]) {
        (&self.causal[..self.step * self.width], &self.running)
    }

    /// The rows that the block touches, rising: `visit(input, mask of its spikes, its trace when the block began as a
    /// fraction of 2^span_bits in Q 15)`.
    pub fn for_each_row(&self, mut visit: impl FnMut(u32, u32, i32)) {
        let half = 1i32 << self.format.span_bits >> 1;
        for (word, &bits) in self.active.iter().enumerate() {
            for row in set_bits(bits).map(|bit| word * 64 + bit) {
                visit(row as u32, self.masks[row], (self.traces[row] + half) >> self.format.span_bits);
            }
        }
    }

    /// Ends the block: carries the traces over and forgets the contributions.
    pub fn end_block(&mut self) {
        let (steps, limit) = (self.step, self.most_trace());
        for (word, bits) in self.active.iter_mut().enumerate() {
            for bit in set_bits(*bits) {
                let row = word * 64 + bit;
                let mut new = mul_q15_floor(self.traces[row], self.powers[steps]);
                for step in set_bits(self.masks[row] as u64) {
                    new += self.powers[steps - 1 - step];
                }
                self.masks[row] = 0;
                self.traces[row] = new.min(limit);
                if new == 0 {
                    *bits &= !(1 << bit);
                }
            }
        }
        self.step = 0;
        self.learned = false;
    }

    /// Where traces are held: a full one, which rounded powers could pass by some units. With hardly any decay the next block's
    /// spikes come on top: within it a trace stays below 2^MAX_SPAN_BITS, as the format expects.
    fn most_trace(&self) -> i32 {
        let most = (ONE_Q15 << MAX_SPAN_BITS) - ((self.block_steps as i32) << 15);
        most.min(ONE_Q15 << self.format.span_bits)
    }

    /// Forgets traces and the block.
    pub fn reset(&mut self) {
        for (word, bits) in self.active.iter_mut().enumerate() {
            for row in set_bits(*bits).map(|bit| word * 64 + bit) {
                self.masks[row] = 0;
                self.traces[row] = 0;
            }
            *bits = 0;
        }
        self.step = 0;
        self.learned = false;
    }

    /// The trace of an input as of the last step recorded, `Q 15`: for reports and tests.
    pub fn trace(&self, row: usize) -> i32 {
        let mut trace = mul_q15_floor(self.traces[row], self.powers[self.step]);
        for step in 0..self.step {
            if self.masks[row] >> step & 1 != 0 {
                trace += self.powers[self.step - 1 - step];
            }
        }
        trace
    }

    /// Gives all state to a keeper. [`Self::adopt`] must follow where it was set.
    pub fn keep(&mut self, keeper: &mut dyn Keeper) {
        self.step = keeper.number(self.step as i64, (0, self.block_steps as i64 - 1)) as usize;
        keep_flag(keeper, &mut self.learned);
        let (steps, waiting, most) = (self.step, self.step * self.width, self.most_trace() as i64);
        keep_resting(keeper, Part::Masks, Values::U32(&mut self.masks), (0, (1 << steps) - 1));
        keep_resting(keeper, Part::Traces, Values::I32(&mut self.traces), (0, most));
        let limit = within(self.format.limit);
        keep_resting(keeper, Part::Causal, Values::I32(&mut self.causal[..waiting]), limit);
        if !self.noncausal.is_empty() {
            keep_resting(keeper, Part::NonCausal, Values::I32(&mut self.noncausal[..waiting]), limit);
        }
    }

    /// Finds the inputs with a spike or a trace.
    pub fn adopt(&mut self) {
        for (row, (&mask, &trace)) in self.masks.iter().zip(&self.traces).enumerate() {
            let bit = 1 << (row % 64);
            self.active[row / 64] = self.active[row / 64] & !bit | if mask != 0 || trace != 0 { bit } else { 0 };
        }
    }
}

/// The numbers of the bits that are set, rising.
#[inline(always)]
fn set_bits(mut bits: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let bit = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}
