//! What brings the error to layers without a layer between, with bounds.

use stllr_core::fixed::{FEEDBACK_BITS, READOUT_MEMBRANE_BITS, SIGNAL_BITS, SIGNAL_MAX};
use stllr_core::loss::Loss;
use stllr_core::network::Network;
use stllr_core::signal::Signal;
use stllr_oracle::golden::core::bound::{Estimate, output_error};

use crate::losses::{Judged, values};
use crate::plan::{Plan, q15, real};
use crate::tasks::Task;

/// A unit of a signal.
const UNIT: f64 = 1.0 / (1u64 << SIGNAL_BITS) as f64;
/// The largest sum of an error that a local readout's matrix takes.
const LOCAL_SUM_MAX: u64 = 1 << 17;

/// The product of a matrix `[output][neuron]` with values of so many fraction bits that are narrowed to 16 bits: as few fall as
/// the largest value and the sum of all allow, at least `finest`; `padded` counts the values with padding. Then it is brought to
/// a signal's format.
pub struct Narrowing {
    pub bits: u32,
    pub finest: u32,
    pub sum_max: u64,
    pub padded: usize,
}

impl Narrowing {
    pub fn project(&self, matrix: &[Estimate], e: &[Estimate]) -> Vec<Estimate> {
        let unit = 2f64.powi(-(self.bits as i32));
        let peak = e.iter().map(|e| e.magnitude() / unit).fold(0.0, f64::max);
        let sum: f64 = e.iter().map(|e| e.magnitude() / unit).sum();
        let fits = |&right: &u32| {
            let half = if right == 0 { 0.0 } else { 2f64.powi(right as i32 - 1) };
            let (most, by) = (sum + self.padded as f64 * half, 2f64.powi(right as i32));
            (peak + half) / by < 32_767.0 && most / by < self.sum_max as f64
        };
        let right = (self.finest..31).find(fits).unwrap_or(31);
        let narrowing = if right == 0 { 0.0 } else { unit * 2f64.powi(right as i32 - 1) };
        let narrow = |e: &Estimate| if e.magnitude() == 0.0 { *e } else { e.widen(narrowing) };
        let narrow: Vec<Estimate> = e.iter().map(narrow).collect();
        // So few bits fell that the product's must.
        let rounding = if right + SIGNAL_BITS < FEEDBACK_BITS + self.bits { UNIT / 2.0 } else { 0.0 };
        let units = matrix.len() / e.len();
        let of = |i: usize| narrow.iter().enumerate().map(|(c, &e)| matrix[c * units + i] * e).sum::<Estimate>();
        let limit = (SIGNAL_MAX - 1) as f64 * UNIT;
        (0..units).map(|i| of(i).widen(rounding).clipped(limit)).collect()
    }
}

/// The signal of a layer that gets its own by a fixed matrix of the core's network. `judged` is the readout's error.
pub fn direct(plan: &Plan, network: &Network, layer: usize, task: &Task, judged: &Judged) -> Option<Vec<Estimate>> {
    let matrix: Vec<Estimate> =
        crate::reference::matrix(plan, network, layer)?.into_iter().map(Estimate::exact).collect();
    let sum_max = network.feedback(layer)?.sum_max();
    let plain = Narrowing { bits: SIGNAL_BITS, finest: judged.finest, sum_max, padded: network.error().len() };
    Some(match plan.spec.signal {
        Signal::Sdfa => {
            // Whole numbers.
            let signs: Vec<Estimate> = judged.error.iter().map(sign).collect();
            Narrowing { bits: 0, finest: 0, ..plain }.project(&matrix, &signs)
        }
        Signal::Drtp => {
            let target: Vec<Estimate> = task.values(plan).into_iter().map(Estimate::exact).collect();
            let bits = if matches!(task, Task::Class(_)) { 0 } else { READOUT_MEMBRANE_BITS };
            Narrowing { bits, finest: 0, padded: target.len(), ..plain }.project(&matrix, &target)
        }
        _ => plain.project(&matrix, &judged.error),
    })
}

/// The sign, where it is known.
fn sign(e: &Estimate) -> Estimate {
    let value = if e.value == 0.0 { 0.0 } else { e.value.signum() };
    let is_known = e.magnitude() == 0.0 || e.value.abs() > e.error;
    Estimate { value, error: if is_known { 0.0 } else { 1.0 + value.abs() } }
}

/// A layer's own readout: o <- leak o + B s, the leak's product to nearest and all else exact.
pub struct LocalBound {
    /// `[class][neuron]`, in the reference's order.
    matrix: Vec<Estimate>,
    membrane: Vec<Estimate>,
    leak: f64,
    loss: Loss,
}

impl LocalBound {
    /// At rest.
    pub fn new(plan: &Plan, network: &Network, layer: usize) -> Option<Self> {
        network.local(layer)?;
        let matrix = crate::reference::matrix(plan, network, layer)?.into_iter().map(Estimate::exact).collect();
        let membrane = vec![Estimate::default(); plan.spec.readout.classes];
        Some(Self { matrix, membrane, leak: q15(plan.spec.readout.leak), loss: plan.spec.loss })
    }

    pub fn reset(&mut self) {
        self.membrane.fill(Estimate::default());
    }

    /// A step with these spikes, in the reference's order.
    pub fn forward(&mut self, spikes: &[f64]) {
        let rounding = 2f64.powi(-1 - READOUT_MEMBRANE_BITS as i32);
        let exact = self.leak == 0.0 || self.leak == 1.0;
        for (o, row) in self.membrane.iter_mut().zip(self.matrix.chunks_exact(spikes.len())) {
            let kept = Estimate::exact(self.leak) * *o;
            let kept = if exact || o.magnitude() == 0.0 { kept } else { kept.widen(rounding) };
            *o = kept + row.iter().zip(spikes).map(|(&w, &s)| w * Estimate::exact(s)).sum();
        }
    }

    /// The layer's signal.
    pub fn signal(&self, plan: &Plan, task: &Task) -> Vec<Estimate> {
        let judged = match (self.loss, task) {
            (Loss::CrossEntropy, Task::Class(label)) => {
                Judged { error: output_error(&self.membrane, *label), gain: 0, finest: SIGNAL_BITS - 14 }
            }
            (loss, task) => values(loss, &self.membrane, &task.values(plan)),
        };
        let (finest, padded) = (judged.finest, self.membrane.len());
        Narrowing { bits: SIGNAL_BITS, finest, sum_max: LOCAL_SUM_MAX, padded }.project(&self.matrix, &judged.error)
    }
}

/// What back-propagation passes from a readout of classes to its input: through the weights, rounded down to 12 bits... see
/// [`stllr_core::signal::Feedback::follow`].
pub fn through_readout(plan: &Plan, network: &Network, judged: &Judged) -> Vec<Estimate> {
    let weights = plan.readout(1.0).parameters().weight.raw.clone();
    let unit = real(1, FEEDBACK_BITS);
    let narrow = |&w: &f64| Estimate::between(w, (w / unit + 0.5).floor() * unit);
    let matrix: Vec<Estimate> = weights.iter().map(narrow).collect();
    let top = plan.spec.readout_source.checked_sub(1).and_then(|top| network.feedback(top));
    let sum_max = top.map_or(u64::MAX, |feedback| feedback.sum_max());
    let padded = network.error().len();
    Narrowing { bits: SIGNAL_BITS, finest: judged.finest, sum_max, padded }.project(&matrix, &judged.error)
}
