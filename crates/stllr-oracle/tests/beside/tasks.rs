//! What a step is to learn, as the core and as the reference take it.

use stllr_core::fixed::{READOUT_MEMBRANE_BITS, SIGNAL_BITS};
use stllr_core::loss::{Events, Loss as CoreLoss, Target};
use stllr_core::signal::Signal;
use stllr_oracle::loss::Loss;

use crate::draw::Draw;
use crate::plan::{Plan, real};

/// A step's target. Integers are the core's, in its order; reals are the reference's.
#[derive(Clone, Debug)]
pub enum Task {
    Nothing,
    Class(usize),
    /// What each output is to be.
    Values(Vec<i32>),
    /// A flow, and where it is known.
    Flow(Vec<i32>, Vec<u8>),
    /// Events: columns, rows, times, polarities.
    Events(Vec<u16>, Vec<u16>, Vec<u16>, Vec<u8>),
    /// A gradient by each membrane.
    Error(Vec<i32>),
}

impl Task {
    /// One that the plan's signal and loss take.
    pub fn any(draw: &mut Draw, plan: &Plan) -> Self {
        let (spec, readout) = (&plan.spec, &plan.spec.readout);
        let shape = plan.outputs();
        let positions = shape.height * shape.width;
        // Nothing is known of the target of an error from outside, and local readouts have another shape.
        let direct = matches!(spec.signal, Signal::Drtp | Signal::Local);
        if draw.chance(20) {
            return Self::Nothing;
        }
        if !direct && draw.chance(20) {
            return Self::Error(any_error(draw, plan));
        }
        let mut some = |count: usize, low: i64, high: i64| -> Vec<i32> {
            (0..count).map(|_| draw.pick(low, high) as i32).collect()
        };
        match spec.loss {
            CoreLoss::Endpoint => {
                let flow = some(2 * positions, -(1 << 16), 1 << 16);
                Self::Flow(flow, some(positions, 0, 2).into_iter().map(|known| known as u8).collect())
            }
            CoreLoss::Contrast(contrast) => {
                let (rows, columns) = ((shape.height * contrast.scale) as i64, (shape.width * contrast.scale) as i64);
                let count = some(1, 1, 12)[0] as usize;
                let mut list = |most: i64| -> Vec<u16> { some(count, 0, most).into_iter().map(|n| n as u16).collect() };
                let (x, y, t) = (list(columns - 1), list(rows - 1), list(1 << 15));
                Self::Events(x, y, t, list(1).into_iter().map(|p| p as u8).collect())
            }
            CoreLoss::CrossEntropy => Self::Class(some(1, 0, readout.classes as i64 - 1)[0] as usize),
            loss => {
                let (low, high) = if loss == CoreLoss::Binary { (0, 1 << 16) } else { (-(1 << 16), 2 << 16) };
                if readout.kernel.is_none() && some(1, 0, 1)[0] == 0 {
                    return Self::Class(some(1, 0, readout.classes as i64 - 1)[0] as usize);
                }
                Self::Values(some(positions * readout.classes, low, high))
            }
        }
    }

    pub fn target(&self) -> Target<'_> {
        match self {
            Self::Nothing => Target::None,
            Self::Class(class) => Target::Class(*class as u32),
            Self::Values(values) => Target::Values(values),
            Self::Flow(flow, mask) => Target::Flow { flow, mask },
            Self::Events(x, y, t, polarity) => Target::Events(Events { x, y, t, polarity }),
            Self::Error(error) => Target::Error(error),
        }
    }

    /// The gradient by each membrane that is given from outside, in the reference's order.
    pub fn error(&self, plan: &Plan) -> Option<Vec<f64>> {
        let Self::Error(error) = self else { return None };
        Some(plan.membrane_places().iter().map(|&place| real(error[place], SIGNAL_BITS)).collect())
    }

    /// What each output is to be, in the reference's order; of a flow 0 where nothing is known.
    pub fn values(&self, plan: &Plan) -> Vec<f64> {
        let classes = plan.spec.readout.classes;
        match self {
            Self::Class(class) => (0..classes).map(|c| f64::from(c == *class)).collect(),
            Self::Values(values) | Self::Flow(values, _) => {
                let positions = values.len() / classes;
                let of = |n: usize| values[n % positions * classes + n / positions];
                (0..values.len()).map(|n| real(of(n), READOUT_MEMBRANE_BITS)).collect()
            }
            Self::Nothing | Self::Events(..) | Self::Error(_) => vec![],
        }
    }

    /// Where a flow is known.
    pub fn known(&self) -> Vec<bool> {
        if let Self::Flow(_, mask) = self { mask.iter().map(|&known| known != 0).collect() } else { vec![] }
    }
}

/// A loss of the reference that has the task's gradient; `values` and `known` are the task's.
pub fn reference<'a>(loss: CoreLoss, task: &Task, values: &'a [f64], known: &'a [bool]) -> Loss<'a> {
    match (loss, task) {
        (CoreLoss::CrossEntropy, Task::Class(label)) => Loss::CrossEntropy { label: *label },
        (CoreLoss::MeanSquare, _) => Loss::MeanSquare { target: values },
        (CoreLoss::Binary, _) => Loss::BinaryCrossEntropy { target: values },
        (CoreLoss::Endpoint, _) => Loss::Endpoint { flow: values, mask: known },
        (loss, task) => unreachable!("{loss:?} does not take {task:?}"),
    }
}

/// Errors with padding. Magnitudes of one at classes sum to 2 at most, as a softmax's do.
fn any_error(draw: &mut Draw, plan: &Plan) -> Vec<i32> {
    let readout = &plan.spec.readout;
    let most = if readout.kernel.is_some() { 1 << 25 } else { (1 << 27) / readout.classes as i64 - 1 };
    let shape = plan.outputs();
    // A dense readout's membranes are not padded.
    let len = if readout.kernel.is_some() { shape.height * shape.width * readout.width() } else { readout.classes };
    let mut error = vec![0; len];
    for place in plan.membrane_places() {
        error[place] = if draw.chance(25) { 0 } else { draw.pick(-most, most) as i32 };
    }
    error
}
