//! What the readout is to do: losses, and their gradients by its membranes.
//!
//! | name | loss | error: its gradient by the membrane u |
//! | --- | --- | --- |
//! | cross-entropy | -log softmax(u)\[label\] | softmax(u) - onehot(label) |
//! | mean square | mean of (u - y)^2 over the C outputs | 2 (u - y) / C |
//! | binary cross-entropy | mean of that of sigmoid(u) and y | (sigmoid(u) - y) / C |
//! | endpoint | mean of \|e\|, e = (u, v) - flow, over the N masked positions | e / \|e\| / N |
//! | contrast | see [`Contrast`] | see there |
//!
//! Membranes are in `Q 16`, magnitude at most 2^30. Errors have [`SIGNAL_BITS`] fraction bits and as many more as
//! [`Outcome::gain`] says, and saturate at 2^30. A mean over thousands of positions gives each a gradient of which a fixed
//! format would leave a few bits: there the error is 2^gain times the gradient. All that follows is linear in it, so
//! whoever scales by the learning rate takes the gain back, as `format.scale(rate, SIGNAL_BITS + gain)`.

mod binary;
mod contrast;
mod cross_entropy;
mod endpoint;
mod mean_square;

pub use contrast::{Contrast, ContrastSpec, Events};
pub use cross_entropy::softmax_error;
pub use endpoint::endpoint_error;

use crate::deep::{DEEP, Deep, derive};
use crate::fixed::SIGNAL_BITS;

/// Which loss the readout learns by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Cross-entropy of a softmax over the values; one position only.
    CrossEntropy,
    /// The mean of squares over all outputs.
    MeanSquare,
    /// Cross-entropy of a sigmoid for each output, the mean over them.
    Binary,
    /// The average endpoint error of a flow.
    Endpoint,
    /// The contrast of events moved back along the flow: needs no true flow.
    Contrast(Deep<ContrastSpec>),
}

/// How outputs lie in a readout: `height * width` rows of `stride` membranes, of which the first `values` are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows of positions; 1 for a dense readout.
    pub height: usize,
    /// Positions in a row; 1 for a dense readout.
    pub width: usize,
    /// Values a position; the classes of a dense readout.
    pub values: usize,
    /// Distance of neighbouring positions.
    pub stride: usize,
}

impl Shape {
    /// A dense readout's.
    pub const fn dense(classes: usize) -> Self {
        Self { height: 1, width: 1, values: classes, stride: classes }
    }

    /// Positions.
    pub const fn positions(self) -> usize {
        self.height * self.width
    }

    /// Outputs in use: positions times values.
    pub const fn outputs(self) -> usize {
        self.positions() * self.values
    }
}

/// What a time step is to learn.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// Nothing.
    None,
    /// That this class is shown, the others not.
    Class(u32),
    /// What each output is to be, `Q 16`, position by position; for binary cross-entropy held to 0..=1.
    Values(&'a [i32]),
    /// The same where something is known; the loss is then the mean over the outputs of the positions that are.
    Masked {
        /// As in [`Target::Values`].
        values: &'a [i32],
        /// A byte a position: 0 where nothing is known.
        mask: &'a [u8],
    },
    /// A flow, for endpoint errors.
    Flow {
        /// u and v of each position, `Q 16`, magnitude up to 2^30.
        flow: &'a [i32],
        /// A byte a position: 0 where nothing is known.
        mask: &'a [u8],
    },
    /// The events that the flow is to line up, for contrast.
    Events(Events<'a>),
    /// A gradient by each readout membrane, `Q 26`, given from outside; as many as there are membranes, with padding.
    Error(&'a [i32]),
}

impl Target<'_> {
    /// What output `index` is to be, `Q 16`.
    fn value(&self, index: usize) -> i32 {
        match *self {
            Target::Class(class) => ((class as usize == index) as i32) << 16,
            Target::Values(values) | Target::Masked { values, .. } => values.get(index).copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// Is anything known of this position?
    fn knows(&self, position: usize) -> bool {
        if let Target::Masked { mask, .. } = self { mask.get(position).is_some_and(|&known| known != 0) } else { true }
    }
}

/// What came with an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The error has [`SIGNAL_BITS`] + `gain` fraction bits; 0..=24.
    pub gain: u32,
    /// Bits that fall from this error at least when it is narrowed to `i16`, see [`narrow_error`](crate::signal::narrow_error).
    ///
    /// A softmax's keeps 14 fraction bits: what is smaller changes no weight. Others have no size of their own.
    pub finest: u32,
    /// The loss, `Q 16`, for those that are cheap to know: endpoint (mean |e|) and contrast.
    pub value: Option<i64>,
}

/// A loss at work on outputs of one shape. Allocates nothing after it is made.
#[derive(Clone, Debug)]
pub struct Criterion {
    loss: Loss,
    shape: Shape,
    contrast: Option<Deep<Contrast>>,
}

impl Criterion {
    /// For outputs of this shape; see [`Self::fits`].
    pub fn new(loss: Loss, shape: Shape) -> Self {
        let contrast = match &loss {
            Loss::Contrast(spec) => Some(derive(spec, |spec| Contrast::new(*spec, shape))),
            _ => None,
        };
        Self { loss, shape, contrast }
    }

    /// Can this loss judge outputs of this shape?
    pub fn fits(loss: Loss, shape: Shape) -> bool {
        match loss {
            Loss::CrossEntropy => shape.positions() == 1,
            Loss::MeanSquare | Loss::Binary => true,
            Loss::Endpoint => shape.values == 2,
            Loss::Contrast(spec) => shape.values == 2 && spec.fits(shape),
        }
    }

    /// Bytes that it holds beyond its own fields.
    pub fn bytes(loss: Loss, shape: Shape) -> u64 {
        match &loss {
            Loss::Contrast(spec) => Contrast::bytes(spec, shape),
            _ => 0,
        }
    }

    /// The loss.
    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Is this a target that the loss can learn: of its kind, with as many elements as it needs?
    pub fn accepts(&self, target: &Target) -> bool {
        let shape = self.shape;
        match (*target, self.loss) {
            (Target::Error(error), _) => error.len() == shape.positions() * shape.stride,
            (Target::Class(class), Loss::CrossEntropy | Loss::MeanSquare | Loss::Binary) => {
                shape.positions() == 1 && (class as usize) < shape.values
            }
            (Target::Values(values), Loss::MeanSquare | Loss::Binary) => values.len() == shape.outputs(),
            (Target::Masked { values, mask }, Loss::MeanSquare | Loss::Binary) if DEEP => {
                values.len() == shape.outputs() && mask.len() == shape.positions()
            }
            (Target::Flow { flow, mask }, Loss::Endpoint) => {
                flow.len() == shape.outputs() && mask.len() == shape.positions()
            }
            (Target::Events(events), Loss::Contrast(_)) => events.valid(),
            _ => false,
        }
    }

    /// The error of each membrane, zero in the padding. `None`, and all errors zero, where [`Self::accepts`] says no.
    ///
    /// `membrane` and `error` have the same length, the shape's positions times its stride.
    pub fn error(&mut self, membrane: &[i32], target: &Target, error: &mut [i32]) -> Option<Outcome> {
        error.fill(0);
        if !self.accepts(target) {
            return None;
        }
        let shape = self.shape;
        let mut outcome = Outcome::default();
        match *target {
            Target::Error(given) => error.copy_from_slice(given),
            Target::Class(class) if self.loss == Loss::CrossEntropy => {
                outcome.finest = SIGNAL_BITS - 14;
                softmax_error(&membrane[..shape.values], class as usize, &mut error[..shape.values]);
            }
            _ if !DEEP => return None,
            Target::Flow { flow, mask } => outcome = endpoint_error(membrane, shape.stride, flow, mask, error),
            Target::Events(events) => outcome = self.contrast.as_mut()?.error(membrane, &events, error),
            _ => {
                let binary = self.loss == Loss::Binary;
                let count = shape.values * (0..shape.positions()).filter(|&position| target.knows(position)).count();
                outcome.gain = if binary { gain_of(count) } else { 0 };
                let rows = membrane.chunks(shape.stride).zip(error.chunks_mut(shape.stride)).enumerate();
                for (position, (membrane, error)) in rows.filter(|(position, _)| target.knows(*position)) {
                    for (value, (&u, e)) in membrane.iter().zip(error).take(shape.values).enumerate() {
                        let y = target.value(position * shape.values + value);
                        *e = if binary { binary::error(u, y, count) } else { mean_square::error(u, y, count) };
                    }
                }
            }
        }
        Some(outcome)
    }
}

/// The gain of a mean over `count` gradients that are at most one.
fn gain_of(count: usize) -> u32 {
    count.checked_ilog2().unwrap_or(0).min(24)
}

/// `a / b` to nearest, halves away from zero; 0 for a `b` of 0. |a| and b are below 2^62.
#[inline(never)]
fn divide(a: i64, b: u64) -> i64 {
    let quotient = ((a.unsigned_abs() + b / 2).checked_div(b)).unwrap_or(0) as i64;
    if a < 0 { -quotient } else { quotient }
}
