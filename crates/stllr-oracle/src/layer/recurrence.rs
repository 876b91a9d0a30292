//! The recurrent half of a layer: its own spikes of the step before as further inputs (fact 9).

use super::{Connection, add, decay_and_add};

/// Recurrent state of a layer with n neurons; every slice has n values.
#[derive(Clone, Debug)]
pub struct Recurrence {
    spikes_before: Vec<f64>,
    trace_used: Vec<f64>,
    trace_next: Vec<f64>,
}

impl Recurrence {
    /// At rest: no spike was ever there.
    pub(super) fn new(neurons: usize) -> Self {
        let zeros = vec![0.0; neurons];
        Self { spikes_before: zeros.clone(), trace_used: zeros.clone(), trace_next: zeros }
    }

    /// Begins a step: `spikes` are those of the step before. Returns W_rec y(t-1).
    pub(super) fn current(&mut self, weight_rec: &[f64], spikes: &[f64]) -> Vec<f64> {
        self.spikes_before.copy_from_slice(spikes);
        self.connection().forward(weight_rec, spikes)
    }

    /// Ends a step: this step's spikes go into the trace the next step uses.
    pub(super) fn advance(&mut self, lambda_pre: f64, spikes: &[f64]) {
        self.trace_used.copy_from_slice(&self.trace_next);
        decay_and_add(&mut self.trace_next, lambda_pre, spikes);
    }

    /// The gradient of the recurrent weights, `[post][pre]`: causal (`e_pre`) and non-causal (`e_post`) terms as for the
    /// input weights, with y(t-1) in place of x. No gradient flows on through y(t-1).
    pub(super) fn gradient(&self, e_pre: &[f64], e_post: &[f64]) -> Vec<f64> {
        let mut gradient = self.connection().correlate(e_pre, &self.trace_used);
        add(&mut gradient, &self.connection().correlate(e_post, &self.spikes_before));
        gradient
    }

    /// y(t-1), the step's recurrent input.
    pub fn spikes_before(&self) -> &[f64] {
        &self.spikes_before
    }

    /// The trace the step's gradient uses: the sum over t' <= t-1 of lambda_pre^(t-1-t') y(t').
    pub fn trace_used(&self) -> &[f64] {
        &self.trace_used
    }

    /// The same for the next step: this step's spikes are in it.
    pub fn trace_next(&self) -> &[f64] {
        &self.trace_next
    }

    fn connection(&self) -> Connection {
        Connection::dense(self.spikes_before.len(), self.spikes_before.len())
    }
}
