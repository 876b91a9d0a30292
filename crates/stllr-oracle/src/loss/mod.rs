//! Losses at one time step, as functions of the readout's membranes u, and their gradients with respect to u.

pub mod contrast;
mod cross_entropy;
mod endpoint;
#[cfg(test)]
pub(crate) mod slope;
mod values;

pub use contrast::Contrast;
pub use cross_entropy::{cross_entropy, output_error, softmax};
pub use endpoint::{endpoint_error, endpoint_gradient};
pub use values::{binary_cross_entropy, binary_cross_entropy_gradient, mean_square, mean_square_gradient};

/// A loss with what it compares the membranes with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss<'a> {
    /// -log softmax(u)\[label\].
    CrossEntropy {
        /// The class, below the number of outputs.
        label: usize,
    },
    /// mean over outputs of (u - y)^2.
    MeanSquare {
        /// y, one value an output.
        target: &'a [f64],
    },
    /// Mean over outputs of the cross-entropy of sigmoid(u) and y.
    BinaryCrossEntropy {
        /// y, one value an output, 0 to 1.
        target: &'a [f64],
    },
    /// Average endpoint error of a flow over the pixels of a mask.
    Endpoint {
        /// `[2][height][width]`.
        flow: &'a [f64],
        /// `[height][width]`: the pixels whose flow is known.
        mask: &'a [bool],
    },
    /// Self-supervised: how sharp the flow makes the image of the events.
    Contrast(&'a Contrast),
}

impl Loss<'_> {
    /// The loss of the membranes.
    pub fn value(&self, u: &[f64]) -> f64 {
        match *self {
            Loss::CrossEntropy { label } => cross_entropy(u, label),
            Loss::MeanSquare { target } => mean_square(u, target),
            Loss::BinaryCrossEntropy { target } => binary_cross_entropy(u, target),
            Loss::Endpoint { flow, mask } => endpoint_error(u, flow, mask),
            Loss::Contrast(contrast) => contrast.value(u),
        }
    }

    /// Its gradient: one value a membrane.
    pub fn gradient(&self, u: &[f64]) -> Vec<f64> {
        match *self {
            Loss::CrossEntropy { label } => output_error(u, label),
            Loss::MeanSquare { target } => mean_square_gradient(u, target),
            Loss::BinaryCrossEntropy { target } => binary_cross_entropy_gradient(u, target),
            Loss::Endpoint { flow, mask } => endpoint_gradient(u, flow, mask),
            Loss::Contrast(contrast) => contrast.gradient(u),
        }
    }

    /// What a readout of `outputs` values should say; a class as one 1 among zeros, a flow with zeros outside its mask.
    /// Nothing for a loss that has no target.
    pub fn target(&self, outputs: usize) -> Option<Vec<f64>> {
        match *self {
            Loss::CrossEntropy { label } => Some(one_hot(label, outputs)),
            Loss::MeanSquare { target } | Loss::BinaryCrossEntropy { target } => Some(target.to_vec()),
            Loss::Endpoint { flow, mask } => {
                let known = mask.iter().chain(mask);
                Some(flow.iter().zip(known).map(|(f, &known)| if known { *f } else { 0.0 }).collect())
            }
            Loss::Contrast(_) => None,
        }
    }
}

/// 1 at the label, 0 elsewhere.
pub fn one_hot(label: usize, classes: usize) -> Vec<f64> {
    assert!(label < classes, "label: below the number of classes");
    (0..classes).map(|class| if class == label { 1.0 } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::slope::assert_gradient;
    use super::*;

    #[test]
    fn every_gradient_is_the_slope_of_its_value() {
        let u = [0.3, -0.2, 1.1, 0.7, -1.6, 0.05, 2.0, -0.4];
        let y = [1.0, 0.0, 0.25, 1.0, 0.0, 0.5, 0.0, 1.0];
        let mask = [true, false, true, true];
        let contrast = contrast::example([2, 2], 3);
        let losses = [
            Loss::CrossEntropy { label: 2 },
            Loss::MeanSquare { target: &y },
            Loss::BinaryCrossEntropy { target: &y },
            Loss::Endpoint { flow: &y, mask: &mask },
            Loss::Contrast(&contrast),
        ];
        for loss in losses {
            assert_gradient(&u, |u| loss.value(u), &loss.gradient(&u), 1e-7);
        }
    }

    #[test]
    fn targets() {
        assert_eq!(Loss::CrossEntropy { label: 1 }.target(3), Some(vec![0.0, 1.0, 0.0]));
        let flow = Loss::Endpoint { flow: &[1.0, 2.0, 3.0, 4.0], mask: &[true, false] };
        assert_eq!(flow.target(4), Some(vec![1.0, 0.0, 3.0, 0.0]));
        assert_eq!(Loss::Contrast(&contrast::example([1, 1], 0)).target(2), None);
    }
}
