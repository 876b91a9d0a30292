//! psi: the secondary activation that stands for the derivative of the spike.

/// The shape of psi as a function of v = membrane - threshold, taken before the reset (fact 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Psi {
    /// 1 / (100 |v| + 1)^2. The official code's default for dense and recurrent layers.
    Exp,
    /// 0.3 max(0, 1 - |v|). The official code's default for convolutions.
    Tri,
    /// 4 s (1 - s) with s = 1 / (1 + exp(-4 v)).
    Sigmoid,
    /// [`Psi::Tri`] for the bias and the layer below, but the spike itself in both terms of the weight's gradient.
    TriOut,
}

impl Psi {
    /// psi(v), as it stands in the gradient of the bias and in the signal for the layer below; 0 to 1.
    pub fn slope(self, v: f64) -> f64 {
        match self {
            Psi::Exp => (100.0 * v.abs() + 1.0).powi(-2),
            Psi::Tri | Psi::TriOut => 0.3 * (1.0 - v.abs()).max(0.0),
            Psi::Sigmoid => {
                let s = sigmoid(4.0 * v);
                4.0 * s * (1.0 - s)
            }
        }
    }

    /// What stands for psi in the weight's gradient and in its trace: psi(v), or `spike` (0 or 1) for [`Psi::TriOut`].
    pub fn in_weight_terms(self, v: f64, spike: f64) -> f64 {
        match self {
            Psi::TriOut => spike,
            Psi::Exp | Psi::Tri | Psi::Sigmoid => self.slope(v),
        }
    }
}

/// 1 / (1 + exp(-x)). Also turns the official code's raw leak parameter into the leak (fact 2).
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_peaks_at_the_threshold_and_is_even() {
        for (psi, peak) in [(Psi::Exp, 1.0), (Psi::Tri, 0.3), (Psi::Sigmoid, 1.0), (Psi::TriOut, 0.3)] {
            assert_eq!(psi.slope(0.0), peak);
            for v in [0.01, 0.3, 0.9, 1.5] {
                assert!((psi.slope(v) - psi.slope(-v)).abs() < 1e-15, "{psi:?} at {v}");
                assert!(psi.slope(v) < peak);
            }
        }
    }

    #[test]
    fn values_by_hand() {
        assert!((Psi::Exp.slope(-0.01) - 0.25).abs() < 1e-15);
        assert_eq!(Psi::Tri.slope(0.5), 0.15);
        assert_eq!(Psi::Tri.slope(-1.25), 0.0);
        // exp(4 v) = 3, so s = 3/4
        assert!((Psi::Sigmoid.slope(3f64.ln() / 4.0) - 0.75).abs() < 1e-15);
    }

    #[test]
    fn only_tri_out_puts_the_spike_into_the_weight_terms() {
        assert_eq!(Psi::TriOut.in_weight_terms(0.5, 1.0), 1.0);
        assert_eq!(Psi::TriOut.in_weight_terms(-0.5, 0.0), 0.0);
        assert_eq!(Psi::Tri.in_weight_terms(0.5, 1.0), 0.15);
    }
}
