//! Traces of a layer's inputs: trace <- decay trace + x.
//!
//! The core holds a trace as of the block's start and the spikes since, and looks powers of the decay up in a table, in
//! `Q 15`: P_0 = 1, P_k = P_(k-1) decay to nearest. What it learns from are other traces: the reverse sweep multiplies
//! contributions by the decay again and again, so there the powers are exact but for the rounding of the contributions
//! (which [`super::gradient`] counts).

use stllr_core::eligibility::MAX_BLOCK_STEPS;

use super::Estimate;

/// One unit of `Q 15`.
const UNIT: f64 = 1.0 / 32768.0;
/// Where a carried trace saturates.
const SPAN_MAX: f64 = 1024.0;

/// A decay in the reference and, in `Q 15`, in the core.
#[derive(Clone, Copy, Debug)]
pub struct Decay {
    /// The decay a step.
    pub factor: Estimate,
    /// The core's.
    pub core: f64,
}

impl Decay {
    pub fn between(reference: f64, core: f64) -> Self {
        Self { factor: Estimate::between(reference, core), core }
    }

    /// `state` a step later, the core's product off by at most `rounding`.
    pub fn of(self, state: Estimate, rounding: f64) -> Estimate {
        // Nothing times anything is exact.
        let rounding = if state.magnitude() > 0.0 { self.rounding(rounding) } else { 0.0 };
        (self.factor * state).widen(rounding)
    }

    /// The rounding of a product with it: none where it is 0 or 1.
    pub fn rounding(self, unit: f64) -> f64 {
        if self.core == 0.0 || self.core == 1.0 { 0.0 } else { unit }
    }
}

/// The traces of all rows of a layer: its inputs, then its own neurons where it is recurrent.
#[derive(Clone, Debug)]
pub struct Traces {
    decay: Decay,
    span_bits: u32,
    /// Powers of the decay: as the sweep has them, and as the table has them.
    swept: Vec<Estimate>,
    table: Vec<Estimate>,
    /// One a row: the trace when the block began.
    start: Vec<Estimate>,
    /// The block's steps so far, one spike a row.
    spikes: Vec<Vec<Estimate>>,
}

impl Traces {
    /// At rest. `span_bits` is that of the core's [`stllr_core::eligibility::Format`].
    pub fn new(rows: usize, decay: Decay, span_bits: u32) -> Self {
        let (reference, core) = (decay.factor.value, decay.core);
        let swept = (0..=MAX_BLOCK_STEPS as i32).map(|k| Estimate::between(reference.powi(k), core.powi(k))).collect();
        // 1 times the decay is exact; each product after that is to nearest.
        let mut table = vec![Estimate::exact(1.0), decay.factor];
        for k in 2..=MAX_BLOCK_STEPS {
            table.push((table[k - 1] * decay.factor).widen(decay.rounding(UNIT / 2.0)));
        }
        Self { decay, span_bits, swept, table, start: vec![Estimate::default(); rows], spikes: vec![] }
    }

    /// log2 of the largest trace.
    pub fn span_bits(&self) -> u32 {
        self.span_bits
    }

    /// A step with these spikes, one a row.
    pub fn record(&mut self, spikes: Vec<Estimate>) {
        self.spikes.push(spikes);
    }

    /// The trace after the last step as the core shows it and carries it to the next block: the block's start, decayed
    /// and rounded down, and the table's entries.
    pub fn observed(&self, row: usize) -> Estimate {
        let trace = self.sum(row, self.start[row], &self.table);
        let floor = if self.start[row].magnitude() > 0.0 { self.decay.rounding(UNIT) } else { 0.0 };
        trace.widen(floor)
    }

    /// The trace after the last step as the reverse sweep multiplies with it.
    pub fn swept(&self, row: usize) -> Estimate {
        self.sum(row, self.start(row), &self.swept)
    }

    /// The trace when the block began as the sweep uses it: brought to 15 bits below the largest trace.
    pub fn start(&self, row: usize) -> Estimate {
        let quantised = self.start[row].magnitude() > 0.0 && self.span_bits > 0;
        self.start[row].widen(if quantised { UNIT * 2f64.powi(self.span_bits as i32 - 1) } else { 0.0 })
    }

    /// Ends a block.
    pub fn end_block(&mut self) {
        self.start = (0..self.start.len()).map(|row| self.observed(row).clipped(SPAN_MAX)).collect();
        self.spikes.clear();
    }

    fn sum(&self, row: usize, start: Estimate, powers: &[Estimate]) -> Estimate {
        let steps = self.spikes.len();
        let spikes = self.spikes.iter().enumerate().map(|(t, spikes)| spikes[row] * powers[steps - 1 - t]);
        start * powers[steps] + spikes.sum()
    }
}
