//! Weight standardisation: every output's weights get mean 0 and a length set by the output's gain (fact 11).
//!
//! For one output with n raw weights W, mean m, unbiased variance var and gain g:
//!
//! ```text
//! c_j     = W_j - m
//! s       = sqrt(n var + epsilon),   var = sum c_j^2 / (n - 1)
//! W_eff_j = g c_j / s
//! ```

/// The epsilon of the official code.
pub const EPSILON: f64 = 1e-4;

/// The effective weights, `[outputs][n]` like `raw`; `gain` has one value an output and n = raw.len() / gain.len().
///
/// Panics where n is below 2: the unbiased variance of one weight does not exist.
pub fn standardise(raw: &[f64], gain: &[f64], epsilon: f64) -> Vec<f64> {
    rows(raw, gain)
        .flat_map(|(row, gain)| {
            let Centred { c, s } = Centred::of(row, epsilon);
            c.into_iter().map(move |c| gain * c / s)
        })
        .collect()
}

/// Takes a gradient G with respect to the effective weights back to the raw weights and the gains:
///
/// ```text
/// dL/dg   = sum_j G_j c_j / s
/// dL/dW_j = (g / s) (G_j - mean(G) - n/(n-1) c_j / s^2 sum_k G_k c_k)
/// ```
///
/// Returns (gradient of raw, `[outputs][n]`; gradient of gain, `[outputs]`). Panics as [`standardise`] does.
pub fn standardise_backward(raw: &[f64], gain: &[f64], epsilon: f64, gradient: &[f64]) -> (Vec<f64>, Vec<f64>) {
    assert_eq!(gradient.len(), raw.len(), "gradient: one value a weight");
    let n = raw.len() / gain.len();
    let mut raw_gradient = Vec::with_capacity(raw.len());
    let mut gain_gradient = Vec::with_capacity(gain.len());
    for ((row, gain), gradient) in rows(raw, gain).zip(gradient.chunks_exact(n)) {
        let Centred { c, s } = Centred::of(row, epsilon);
        let mean = gradient.iter().sum::<f64>() / n as f64;
        let along: f64 = gradient.iter().zip(&c).map(|(g, c)| g * c).sum();
        let k = n as f64 / (n as f64 - 1.0);
        gain_gradient.push(along / s);
        raw_gradient.extend(gradient.iter().zip(&c).map(|(g, c)| gain / s * (g - mean - k * c * along / (s * s))));
    }
    (raw_gradient, gain_gradient)
}

struct Centred {
    c: Vec<f64>,
    s: f64,
}

impl Centred {
    fn of(row: &[f64], epsilon: f64) -> Self {
        let n = row.len() as f64;
        let mean = row.iter().sum::<f64>() / n;
        let c: Vec<f64> = row.iter().map(|w| w - mean).collect();
        let variance = c.iter().map(|c| c * c).sum::<f64>() / (n - 1.0);
        Self { c, s: (variance * n + epsilon).sqrt() }
    }
}

fn rows<'a>(raw: &'a [f64], gain: &'a [f64]) -> impl Iterator<Item = (&'a [f64], f64)> {
    let n = raw.len() / gain.len();
    assert_eq!(raw.len(), n * gain.len(), "weights: the same number for each gain");
    assert!(n >= 2, "weights: standardisation needs at least 2 an output, {n} given");
    raw.chunks_exact(n).zip(gain.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: [f64; 6] = [0.3, -0.7, 1.1, 0.02, 0.05, -0.04];
    const GAIN: [f64; 2] = [1.3, -0.6];

    #[test]
    fn by_hand() {
        // mean 2, c = (-1, 1), var = 2, n var = 4
        assert_eq!(standardise(&[1.0, 3.0], &[3.0], 0.0), [-1.5, 1.5]);
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let direction = [0.5, -1.0, 0.25, 2.0, 0.125, -0.75];
        let loss = |raw: &[f64], gain: &[f64]| -> f64 {
            standardise(raw, gain, EPSILON).iter().zip(direction).map(|(w, d)| w * d).sum()
        };
        let (raw_gradient, gain_gradient) = standardise_backward(&RAW, &GAIN, EPSILON, &direction);
        let h = 1e-6;
        for i in 0..RAW.len() {
            let (mut up, mut down) = (RAW, RAW);
            up[i] += h;
            down[i] -= h;
            let slope = (loss(&up, &GAIN) - loss(&down, &GAIN)) / (2.0 * h);
            assert!((slope - raw_gradient[i]).abs() < 1e-6, "raw {i}: {slope} and {}", raw_gradient[i]);
        }
        for i in 0..GAIN.len() {
            let (mut up, mut down) = (GAIN, GAIN);
            up[i] += h;
            down[i] -= h;
            let slope = (loss(&RAW, &up) - loss(&RAW, &down)) / (2.0 * h);
            assert!((slope - gain_gradient[i]).abs() < 1e-6, "gain {i}: {slope} and {}", gain_gradient[i]);
        }
    }

    #[test]
    #[should_panic(expected = "at least 2 an output, 1 given")]
    fn one_weight_has_no_variance() {
        standardise(&[1.0, 2.0], &[1.0, 1.0], EPSILON);
    }
}
