//! The error at the readout, and at a layer's own, with bounds.

use stllr_core::fixed::{SIGNAL_BITS, SIGNAL_MAX};
use stllr_core::loss::{Criterion, Loss};
use stllr_oracle::golden::core::bound::{Estimate, output_error};
use stllr_oracle::psi::sigmoid;

use crate::plan::{Plan, real};
use crate::tasks::Task;

/// A unit of an error.
const UNIT: f64 = 1.0 / (1u64 << SIGNAL_BITS) as f64;
const LIMIT: f64 = SIGNAL_MAX as f64 * UNIT;

/// An error, each element 2^gain times what is meant.
pub struct Judged {
    pub error: Vec<Estimate>,
    pub gain: u32,
    /// Bits that fall at least when it is narrowed.
    pub finest: u32,
}

impl Judged {
    fn plain(error: Vec<Estimate>) -> Self {
        Self { error, gain: 0, finest: 0 }
    }
}

/// The error of membranes for the plan's loss, and how far the core's may be off: by what the membranes may be, and by what the
/// losses promise (see `stllr_core::loss`), a unit or less. `core` are the core's own membranes, padding included.
pub fn judge(plan: &Plan, task: &Task, membrane: &[Estimate], core: &[i32]) -> Judged {
    if let Some(error) = task.error(plan) {
        return Judged::plain(error.into_iter().map(Estimate::exact).collect());
    }
    match (plan.spec.loss, task) {
        (Loss::CrossEntropy, Task::Class(label)) => {
            Judged { finest: SIGNAL_BITS - 14, ..Judged::plain(output_error(membrane, *label)) }
        }
        (Loss::Contrast(_), _) => contrast(plan, task, core),
        (Loss::Endpoint, _) => endpoint(membrane, &task.values(plan), &task.known()),
        (loss, _) => values(loss, membrane, &task.values(plan)),
    }
}

/// Mean square or binary cross-entropy, of outputs that are to be `target`.
pub fn values(loss: Loss, membrane: &[Estimate], target: &[f64]) -> Judged {
    let count = membrane.len() as f64;
    let pairs = membrane.iter().zip(target);
    if loss == Loss::MeanSquare {
        let error = |(u, y): (&Estimate, &f64)| {
            let slope = Estimate::exact(2.0 / count);
            ((*u - Estimate::exact(*y)) * slope).widen(UNIT / 2.0).clipped(LIMIT)
        };
        return Judged::plain(pairs.map(error).collect());
    }
    let gain = membrane.len().ilog2();
    let scale = 2f64.powi(gain as i32) / count;
    let error = |(u, y): (&Estimate, &f64)| {
        let value = sigmoid(u.value);
        let moved = (sigmoid(u.value + u.error) - value).max(value - sigmoid(u.value - u.error));
        Estimate { value: (value - y) * scale, error: moved * scale + UNIT }
    };
    Judged { gain, ..Judged::plain(pairs.map(error).collect()) }
}

/// Unit vectors: two that are a distance apart, one of length l, have directions at most twice that by l apart.
fn endpoint(membrane: &[Estimate], flow: &[f64], known: &[bool]) -> Judged {
    let positions = known.len();
    let count = known.iter().filter(|known| **known).count();
    let gain = count.checked_ilog2().unwrap_or(0);
    let scale = 2f64.powi(gain as i32) / count.max(1) as f64;
    let error = |n: usize| {
        let (position, part) = (n % positions, n / positions);
        if !known[position] {
            return Estimate::default();
        }
        let at =
            |part: usize| membrane[part * positions + position] - Estimate::exact(flow[part * positions + position]);
        let (off, length) = (at(0).error.hypot(at(1).error), at(0).value.hypot(at(1).value));
        let value = if length > 0.0 { at(part).value / length } else { 0.0 };
        let moved = if off == 0.0 { 0.0 } else { (2.0 * off / length).min(2.0) };
        Estimate { value: value * scale, error: moved * scale + UNIT }
    };
    Judged { gain, ..Judged::plain((0..membrane.len()).map(error).collect()) }
}

/// By the core's own measure of its own membranes: `tests/losses.rs` holds that to the reference's.
fn contrast(plan: &Plan, task: &Task, core: &[i32]) -> Judged {
    let (shape, readout) = (plan.outputs(), &plan.spec.readout);
    let (height, width, stride) = (shape.height, shape.width, readout.width());
    let outputs = stllr_core::loss::Shape { height, width, values: readout.classes, stride };
    let mut error = vec![0; core.len()];
    let outcome = Criterion::new(plan.spec.loss, outputs).error(core, &task.target(), &mut error).expect("events");
    let exact = |&place: &usize| Estimate::exact(real(error[place], SIGNAL_BITS));
    Judged { error: plan.membrane_places().iter().map(exact).collect(), gain: outcome.gain, finest: outcome.finest }
}
