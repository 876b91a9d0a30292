//! Finite differences, for the tests of gradients.

/// Central differences of `value` at `u` against `gradient`, within `tolerance` of each. `value` is smooth around `u`.
pub fn assert_gradient(u: &[f64], value: impl Fn(&[f64]) -> f64, gradient: &[f64], tolerance: f64) {
    assert_eq!(gradient.len(), u.len(), "one slope a value");
    for (i, gradient) in gradient.iter().enumerate() {
        let moved = |step: f64| {
            let mut u = u.to_vec();
            u[i] += step;
            value(&u)
        };
        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((slope - gradient).abs() <= tolerance, "{i}: slope {slope}, gradient {gradient}");
    }
}
