//! Losses of outputs that have a value each: mean square and binary cross-entropy, both means over the outputs.

use crate::psi::sigmoid;

/// sum_i (u_i - y_i)^2 / n.
pub fn mean_square(u: &[f64], y: &[f64]) -> f64 {
    mean(u, y, |u, y| (u - y) * (u - y))
}

/// 2 (u_i - y_i) / n.
pub fn mean_square_gradient(u: &[f64], y: &[f64]) -> Vec<f64> {
    each(u, y, |u, y| 2.0 * (u - y))
}

/// -sum_i (y_i log sigmoid(u_i) + (1 - y_i) log(1 - sigmoid(u_i))) / n, for y in 0 to 1.
pub fn binary_cross_entropy(u: &[f64], y: &[f64]) -> f64 {
    mean(u, y, |u, y| u.max(0.0) - u * y + (-u.abs()).exp().ln_1p())
}

/// (sigmoid(u_i) - y_i) / n.
pub fn binary_cross_entropy_gradient(u: &[f64], y: &[f64]) -> Vec<f64> {
    each(u, y, |u, y| sigmoid(u) - y)
}

fn mean(u: &[f64], y: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    each(u, y, term).iter().sum()
}

/// term(u_i, y_i) / n.
fn each(u: &[f64], y: &[f64], term: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    assert_eq!(u.len(), y.len(), "target: one value an output");
    let outputs = u.len() as f64;
    u.iter().zip(y).map(|(&u, &y)| term(u, y) / outputs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_square_by_hand() {
        assert_eq!(mean_square(&[1.0, -2.0], &[0.5, 1.0]), (0.25 + 9.0) / 2.0);
        assert_eq!(mean_square_gradient(&[1.0, -2.0], &[0.5, 1.0]), [0.5, -3.0]);
    }

    #[test]
    fn binary_cross_entropy_by_hand() {
        // sigmoid(ln 3) = 3/4
        let (u, y) = ([3f64.ln(), 3f64.ln()], [1.0, 0.0]);
        assert!((binary_cross_entropy(&u, &y) - (-(0.75f64.ln()) - 0.25f64.ln()) / 2.0).abs() < 1e-15);
        let gradient = binary_cross_entropy_gradient(&u, &y);
        assert!((gradient[0] + 0.125).abs() < 1e-15 && (gradient[1] - 0.375).abs() < 1e-15);
    }

    #[test]
    fn extreme_membranes_do_not_overflow() {
        assert_eq!(binary_cross_entropy(&[1e4, -1e4], &[0.0, 1.0]), 1e4);
        assert_eq!(binary_cross_entropy(&[1e4, -1e4], &[1.0, 0.0]), 0.0);
        assert_eq!(binary_cross_entropy_gradient(&[1e4, -1e4], &[0.0, 0.0]), [0.5, 0.0]);
    }
}
