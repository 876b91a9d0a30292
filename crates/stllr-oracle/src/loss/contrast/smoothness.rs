//! Charbonnier smoothness of a flow.

/// Differences below this, in pixels, count as their square; larger ones as their size.
pub const EPSILON: f64 = 1.0 / 1024.0;

/// R: the mean of sqrt(d^2 + [`EPSILON`]^2) over both components and all pairs of horizontal and vertical neighbours;
/// 0 where there is no pair. `flow` is `[2][height][width]`.
pub fn value(flow: &[f64], height: usize, width: usize) -> f64 {
    let pairs = pairs(height, width);
    pairs.iter().map(|&(i, j)| length(flow[j] - flow[i])).sum::<f64>() / pairs.len().max(1) as f64
}

/// dR/dflow: each pair pulls its two values together with d / sqrt(d^2 + [`EPSILON`]^2).
pub fn gradient(flow: &[f64], height: usize, width: usize) -> Vec<f64> {
    let pairs = pairs(height, width);
    let mut gradient = vec![0.0; flow.len()];
    for &(i, j) in &pairs {
        let d = flow[j] - flow[i];
        let pull = d / length(d) / pairs.len() as f64;
        gradient[j] += pull;
        gradient[i] -= pull;
    }
    gradient
}

fn length(d: f64) -> f64 {
    (d * d + EPSILON * EPSILON).sqrt()
}

/// The places of neighbouring values, of both components: to the right and below.
fn pairs(height: usize, width: usize) -> Vec<(usize, usize)> {
    let mut pairs = vec![];
    for row in 0..2 * height {
        for column in 0..width {
            let i = row * width + column;
            pairs.extend((column + 1 < width).then_some((i, i + 1)));
            pairs.extend(((row + 1) % height != 0).then_some((i, i + width)));
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::slope::assert_gradient;

    #[test]
    fn every_pair_of_neighbours_is_there_once() {
        assert_eq!(pairs(2, 2), [(0, 1), (0, 2), (1, 3), (2, 3), (4, 5), (4, 6), (5, 7), (6, 7)]);
        assert_eq!(pairs(3, 5).len(), 2 * (3 * 4 + 2 * 5));
        assert_eq!((pairs(1, 1).len(), value(&[1.0, 2.0], 1, 1), gradient(&[1.0, 2.0], 1, 1)), (0, 0.0, vec![0.0; 2]));
    }

    #[test]
    fn by_hand() {
        // 3-4-5 in units of EPSILON; the second component is even
        let flow = [0.0, 0.75 * EPSILON, 0.5, 0.5];
        assert_eq!(value(&flow, 1, 2), (1.25 * EPSILON + EPSILON) / 2.0);
        assert_eq!(gradient(&flow, 1, 2), [-0.3, 0.3, 0.0, 0.0]);
    }

    #[test]
    fn the_gradient_is_the_slope() {
        let flow = [0.5, -0.25, 1.0, 0.125, 0.75, 0.5, 3.0, 0.0, -2.0, 1.5, 0.25, 0.875];
        assert_gradient(&flow, |flow| value(flow, 2, 3), &gradient(&flow, 2, 3), 1e-8);
    }
}
