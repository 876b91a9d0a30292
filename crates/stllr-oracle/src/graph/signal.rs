//! How the error at the readout reaches the spiking layers, always at the same step.

use crate::layer::decay_and_add;
use crate::loss::Loss;

/// The ways of a learning signal. Fixed matrices are `[readout outputs][outputs of the layer]`, one a spiking layer in
/// the order of the nodes. The readout always learns from its own error e, the loss's gradient.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// Back-propagation in space: through every node by its transposed weights and psi.
    Bp,
    /// Direct feedback alignment: d = F^T e.
    Dfa(Vec<Vec<f64>>),
    /// The same with the error's sign, 0 for no error: d = F^T sign(e).
    SignDfa(Vec<Vec<f64>>),
    /// Direct random target projection: d = F^T y, for a target y (a class as one 1 among zeros).
    Drtp(Vec<Vec<f64>>),
    /// Every layer's spikes s go to a fixed classifier of its own, o <- leak o + B s with the readout's leak, and
    /// d = B^T times the loss's gradient at o. Nothing passes down.
    Local(Vec<Vec<f64>>),
}

impl Signal {
    /// The fixed matrices.
    pub(super) fn matrices(&self) -> Option<&[Vec<f64>]> {
        match self {
            Self::Bp => None,
            Self::Dfa(all) | Self::SignDfa(all) | Self::Drtp(all) | Self::Local(all) => Some(all),
        }
    }

    /// What reaches the spiking layer of the given number directly: nothing with [`Signal::Bp`]. `error` is that at the
    /// readout, `classifier` the state of the layer's classifier.
    pub(super) fn direct(&self, layer: usize, loss: &Loss<'_>, error: &[f64], classifier: &[f64]) -> Option<Vec<f64>> {
        let target = || loss.target(error.len()).expect("DRTP: a loss with a target");
        match self {
            Self::Bp => None,
            Self::Dfa(feedback) => Some(project(error, &feedback[layer])),
            Self::SignDfa(feedback) => {
                let signs: Vec<f64> = error.iter().map(|e| if *e == 0.0 { 0.0 } else { e.signum() }).collect();
                Some(project(&signs, &feedback[layer]))
            }
            Self::Drtp(feedback) => Some(project(&target(), &feedback[layer])),
            Self::Local(weight) => Some(project(&loss.gradient(classifier), &weight[layer])),
        }
    }

    /// One step of a layer's classifier, which has a state only with [`Signal::Local`].
    pub(super) fn classify(&self, layer: usize, leak: f64, spikes: &[f64], classifier: &mut [f64]) {
        if let Self::Local(weight) = self {
            let rows = weight[layer].chunks_exact(spikes.len());
            let current: Vec<f64> = rows.map(|row| row.iter().zip(spikes).map(|(w, s)| w * s).sum()).collect();
            decay_and_add(classifier, leak, &current);
        }
    }
}

/// F^T e for F `[e][outputs]`.
pub(crate) fn project(e: &[f64], matrix: &[f64]) -> Vec<f64> {
    let outputs = matrix.len() / e.len();
    (0..outputs).map(|i| e.iter().enumerate().map(|(c, e)| e * matrix[c * outputs + i]).sum()).collect()
}
