//! Leaky integrate-and-fire neurons and what the rule keeps of them: shared by dense, recurrent and convolutional layers.

use super::loihi::LoihiState;
use super::spiking::SpikingSpec;
use super::update::Learning;
use crate::aligned::Aligned;
use crate::deep::Deep;
use crate::eligibility::{Eligibility, Format};
use crate::fixed::{BIAS_MAX, Factor, MEMBRANE_MAX, ONE_Q15, SIGNAL_BITS, SIGNAL_MAX, Scale, mul_q15, rescale};
use crate::keep::{Keeper, Part, Values, keep_rate, keep_resting, within};
use crate::kernel::{self, LOIHI_MAX, Lif};
use crate::meter::Memory;
use crate::psi::{Psi, Surrogate};
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// Where the trace of surrogates saturates, `Q 15`: 64.
const POST_TRACE_MAX: i32 = 64 << 15;

/// The largest sum of magnitudes that the product with the weights takes.
const NARROW_SUM_MAX: u64 = 1 << 17;

/// The neurons of a layer: `count` of them, padding included.
#[derive(Clone, Debug)]
pub struct Neurons {
    spec: SpikingSpec,
    learning: Learning,
    lif: Lif,
    /// Where the neurons are Loihi's.
    loihi: Option<Deep<LoihiState>>,
    surrogate: Surrogate,
    membrane: Aligned<i32>,
    v: Aligned<i32>,
    psi: Aligned<i32>,
    /// The spikes, where they stand for psi in the weight update; else empty.
    update_psi: Aligned<i32>,
    /// Empty where the rule has no non-causal term.
    post_trace: Aligned<i32>,
    spikes: Vec<u32>,
    spike_count: usize,
    /// Traces of the inputs and the block of contributions.
    pub eligibility: Eligibility,
}

impl Neurons {
    /// `count` neurons at rest that see `rows` inputs.
    pub fn new(spec: &SpikingSpec, count: usize, rows: usize, learning: Learning) -> Self {
        let noncausal = spec.has_noncausal();
        let format = format(spec, &learning);
        let lambda = spec.factors.lambda_pre;
        Self {
            lif: Lif {
                leak: spec.leak,
                threshold: rescale(spec.threshold as i64, 16, spec.membrane_bits(), BIAS_MAX),
                soft_reset: spec.soft_reset,
            },
            loihi: LoihiState::new(&spec.loihi, count, spec.weight_bits, spec.membrane_bits()),
            surrogate: Surrogate::new(spec.psi, spec.membrane_bits()),
            membrane: Aligned::new(count),
            v: Aligned::new(count),
            psi: Aligned::new(count),
            update_psi: Aligned::new(if spec.psi == Psi::TriOut { count } else { 0 }),
            post_trace: Aligned::new(if noncausal { count } else { 0 }),
            spikes: vec![0; count],
            spike_count: 0,
            eligibility: Eligibility::new(rows, count, lambda, learning.block_steps, noncausal, format),
            spec: spec.clone(),
            learning,
        }
    }

    /// Bytes that [`Self::new`] would hold.
    pub fn memory(spec: &SpikingSpec, count: u64, rows: u64, learning: &Learning) -> Memory {
        let (noncausal, tri_out) = (spec.has_noncausal(), spec.psi == Psi::TriOut);
        let (traces, block) = Eligibility::bytes(rows, count, learning.block_steps, noncausal);
        let line = Aligned::<i32>::bytes(count);
        let kept = |is: bool| if is { line } else { 0 };
        Memory {
            membranes: 3 * line
                + kept(tri_out)
                + kept(spec.loihi.is_some())
                + Surrogate::bytes(spec.psi) as u64
                + 4 * count,
            traces: traces + kept(noncausal),
            block,
            ..Memory::default()
        }
    }

    /// Begins a step: no neuron has spiked in it.
    pub fn begin_step(&mut self) {
        self.spike_count = 0;
    }

    /// Room for a number a neuron, until the neurons fire.
    pub fn scratch(&mut self) -> &mut [i32] {
        &mut self.v
    }

    /// The neurons of `range` integrate and fire; ranges come in rising order. `current` is in weight format, `bias` in
    /// membrane format.
    pub fn fire(&mut self, range: Range<usize>, current: &[i32], bias: &[i32]) {
        let first = range.start as u32;
        let spikes = &mut self.spikes[self.spike_count..];
        let (membrane, v) = (&mut self.membrane[range.clone()], &mut self.v[range.clone()]);
        let count = match &mut self.loihi {
            Some(loihi) => {
                let loihi: &mut LoihiState = loihi;
                loihi.fire(range, (current, bias), membrane, v, spikes)
            }
            None => kernel::lif(&self.lif, current, bias, membrane, v, spikes),
        };
        if first != 0 {
            spikes[..count].iter_mut().for_each(|spike| *spike += first);
        }
        self.spike_count += count;
    }

    /// Forgets spikes of neurons from `units` on: the padding's. It has none of its own, but state from outside may have.
    pub fn end_spikes(&mut self, units: usize) {
        while self.spikes().last().is_some_and(|&last| last as usize >= units) {
            self.spike_count -= 1;
        }
    }

    /// The neurons that spiked in the last step, rising.
    pub fn spikes(&self) -> &[u32] {
        &self.spikes[..self.spike_count]
    }

    /// Ends a step that learns, but for its bias and [`Self::end_step`]. `d` is the learning signal, `Q 26` with
    /// `gain` more fraction bits, one a neuron, zero in the padding.
    pub fn learn(&mut self, d: &[i32], gain: u32) {
        self.compute_psi();
        let format = self.eligibility.format();
        let (rate, factors) = (self.learning.folded(self.spec.rate), &self.spec.factors);
        let (causal, noncausal) = self.eligibility.contributions();
        let scale = format.scale(rate.times(factors.alpha_pre), SIGNAL_BITS + gain);
        let update_psi = if self.update_psi.is_empty() { &self.psi } else { &self.update_psi };
        kernel::contribution(d, update_psi, scale, causal);
        if !noncausal.is_empty() {
            // The trace as it was before this step.
            let scale = format.scale(rate.times(factors.alpha_post), SIGNAL_BITS + gain);
            kernel::trace_contribution(d, &self.post_trace, scale, format.limit, noncausal);
        }
    }

    /// What the neurons of `range` add to the gradient of their bias in a step that learns, in the contributions' format.
    pub fn bias_contribution(&self, d: &[i32], gain: u32, range: Range<usize>, out: &mut [i32]) {
        let scale = self.eligibility.format().scale(bias_factor(&self.spec, &self.learning), SIGNAL_BITS + gain);
        kernel::contribution(&d[range.clone()], &self.psi[range], scale, out);
    }

    /// The layer's rate.
    pub fn rate(&self) -> Factor {
        self.spec.rate
    }

    /// d psi of the neurons of `range` in a step that learns, `Q 26`.
    pub fn product(&self, d: &[i32], range: Range<usize>, out: &mut [i32]) {
        kernel::product(&d[range.clone()], &self.psi[range], out);
    }

    /// The largest magnitude of what [`Self::product`] gives, and the sum of them.
    pub fn product_size(&self, d: &[i32], range: Range<usize>) -> (i32, u64) {
        kernel::product_size(&d[range.clone()], &self.psi[range])
    }

    /// What [`Self::product`] gives for the neurons from `first` on, over 2^shift.
    pub fn product_narrow(&self, d: &[i32], first: usize, shift: u32, out: &mut [i16]) {
        let range = first..first + out.len();
        kernel::product_narrow(&d[range.clone()], &self.psi[range], shift, out);
    }

    /// Ends a step that learned.
    pub fn end_step(&mut self) {
        self.trace_psi();
        self.eligibility.advance();
    }

    /// Ends a step that does not learn.
    pub fn rest(&mut self) {
        if !self.post_trace.is_empty() {
            self.compute_psi();
        }
        self.trace_psi();
        self.eligibility.rest();
    }

    fn compute_psi(&mut self) {
        self.surrogate.apply(&self.v, &mut self.psi);
        if !self.update_psi.is_empty() {
            self.update_psi.fill(0);
            for &neuron in &self.spikes[..self.spike_count] {
                self.update_psi[neuron as usize] = ONE_Q15;
            }
        }
    }

    fn trace_psi(&mut self) {
        let psi = if self.update_psi.is_empty() { &self.psi } else { &self.update_psi };
        kernel::decay_add(&mut self.post_trace, self.spec.factors.lambda_post, psi, POST_TRACE_MAX);
    }

    /// Changes the learning rate; only when no step waits in the block.
    pub fn set_rate(&mut self, rate: Factor) {
        self.spec.rate = rate;
        self.eligibility.set_format(format(&self.spec, &self.learning));
    }

    /// Membranes, traces and the block go back to rest.
    pub fn reset(&mut self) {
        self.membrane.fill(0);
        if let Some(loihi) = &mut self.loihi {
            loihi.reset();
        }
        self.post_trace.fill(0);
        self.update_psi.fill(0);
        self.spike_count = 0;
        self.eligibility.reset();
    }

    /// Membranes after the reset, membrane format; of Loihi's neurons their voltages, in the chip's units.
    pub fn membrane(&self) -> &[i32] {
        &self.membrane
    }

    /// Currents, in the chip's units; empty where neurons are not Loihi's.
    pub fn current(&self) -> &[i32] {
        self.loihi.as_ref().map_or(&[], |loihi| loihi.current())
    }

    /// Membranes before the reset, less the threshold.
    pub fn v(&self) -> &[i32] {
        &self.v
    }

    /// Surrogates of the last learning step, `Q 15`.
    pub fn psi(&self) -> &[i32] {
        &self.psi
    }

    /// Traces of the surrogates, `Q 15`; empty where the rule has no non-causal term.
    pub fn post_trace(&self) -> &[i32] {
        &self.post_trace
    }

    /// Gives all state to a keeper, which has the rate. [`Self::adopt`] must follow where it was set.
    pub fn keep(&mut self, keeper: &mut dyn Keeper) {
        let mut rate = self.spec.rate;
        keep_rate(keeper, &mut rate);
        if rate != self.spec.rate {
            self.set_rate(rate);
        }
        let most = if self.loihi.is_some() { LOIHI_MAX } else { MEMBRANE_MAX };
        keep_resting(keeper, Part::Membrane, Values::I32(&mut self.membrane), within(most));
        if let Some(loihi) = &mut self.loihi {
            loihi.keep(keeper);
        }
        if !self.post_trace.is_empty() {
            keep_resting(keeper, Part::PostTrace, Values::I32(&mut self.post_trace), (0, POST_TRACE_MAX as i64));
        }
        // None in the padding of a single position.
        let most = if self.spikes.len() == self.spec.width() { self.spec.units } else { self.spikes.len() } as i64;
        self.spike_count = keeper.number(self.spike_count as i64, (0, most)) as usize;
        if self.spike_count > 0 {
            let spikes = &mut self.spikes[..self.spike_count];
            keeper.array(Part::Spikes, Values::U32(spikes), (0, most - 1));
        }
        self.eligibility.keep(keeper);
    }

    /// Makes anew what follows from state that was set.
    pub fn adopt(&mut self) {
        self.eligibility.adopt();
    }
}

/// What the bias's gradient is multiplied by beforehand: the rate, undivided, or nothing.
fn bias_factor(spec: &SpikingSpec, learning: &Learning) -> Factor {
    learning.folded(spec.rate.times(Factor::square_of(spec.held_divisor())))
}

fn format(spec: &SpikingSpec, learning: &Learning) -> Format {
    let rate = learning.folded(spec.rate);
    let factors = [spec.factors.alpha_pre, spec.factors.alpha_post].map(|alpha| rate.times(alpha));
    let largest = factors.into_iter().chain([bias_factor(spec, learning)]);
    let largest = largest.max_by_key(|f| if f.mantissa == 0 { i32::MIN } else { f.log2_ceil() });
    // A bit more than the weights have, so that the sweep has a fraction to round.
    Format::new(spec.factors.lambda_pre, learning.block_steps, largest.unwrap_or(rate), spec.weight_bits + 1)
}

/// How d psi is narrowed for the product with weights of `weight_bits`, where its values have this peak, and those that meet in
/// a product, `count` of them, this sum of magnitudes: the shift to 16 bits, and the product's way back to `Q 26`.
pub fn narrowing(sum: u64, peak: u64, count: usize, weight_bits: u32) -> (u32, Scale) {
    // Rounding adds at most a half to each value, and at most doubles it.
    let allowed = NARROW_SUM_MAX.saturating_sub(count as u64).max(NARROW_SUM_MAX / 2);
    let shift = (0..31).find(|&s| sum >> s <= allowed && peak >> s < 32767).unwrap_or(31);
    let (right, left) = (weight_bits.saturating_sub(shift), shift.saturating_sub(weight_bits));
    (shift, Scale { mantissa: 0, right, left, limit: SIGNAL_MAX - 1 })
}

/// Scales the summed input of neurons by a share, `Q 15`.
pub fn scale(current: &mut [i32], share: i32) {
    if share != ONE_Q15 {
        current.iter_mut().for_each(|sum| *sum = mul_q15(*sum, share));
    }
}
