//! Softmax and cross-entropy.

/// exp(u_i) / sum_j exp(u_j).
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|u| (u - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// -log softmax(logits)\[label\].
pub fn cross_entropy(logits: &[f64], label: usize) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|u| (u - largest).exp()).sum();
    largest + sum.ln() - logits[label]
}

/// softmax(logits) - onehot(label): the gradient of [`cross_entropy`] with respect to the logits.
pub fn output_error(logits: &[f64], label: usize) -> Vec<f64> {
    let mut error = softmax(logits);
    error[label] -= 1.0;
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let logits = [3f64.ln(), 0.0];
        assert!((softmax(&logits)[0] - 0.75).abs() < 1e-15);
        assert!((cross_entropy(&logits, 1) - 4f64.ln()).abs() < 1e-15);
        assert!((output_error(&logits, 1)[1] + 0.75).abs() < 1e-15);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        assert_eq!(softmax(&[1e4, 0.0]), [1.0, 0.0]);
        assert_eq!(cross_entropy(&[1e4, 0.0], 1), 1e4);
    }
}
