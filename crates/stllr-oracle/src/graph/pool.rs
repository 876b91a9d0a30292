//! Pooling over windows of each channel, without padding; what does not fill a window is left out.

use super::map::{Map, Shape};

/// What becomes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// Its largest value; the signal goes to the first one of this value, row by row.
    Max,
    /// Its mean.
    Average,
    /// Its sum.
    Sum,
}

/// Square windows at regular distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What becomes of a window.
    pub kind: PoolKind,
    /// Rows and columns of a window.
    pub kernel: usize,
    /// Pixels from one window to the next; windows overlap where this is less than `kernel`.
    pub stride: usize,
}

impl Pool {
    pub(super) fn shape(self, input: Shape) -> Shape {
        let places = |size: usize| {
            assert!(self.kernel <= size, "pool: a window of {} in {size} pixels", self.kernel);
            (size - self.kernel) / self.stride + 1
        };
        Shape::new(input.channels, places(input.height), places(input.width))
    }

    pub(super) fn forward(self, input: Map<'_>) -> Vec<f64> {
        let pool = |window: Vec<usize>| match self.kind {
            PoolKind::Max => input.values[first_largest(input, &window)],
            PoolKind::Average => self.part() * window.into_iter().map(|i| input.values[i]).sum::<f64>(),
            PoolKind::Sum => window.into_iter().map(|i| input.values[i]).sum(),
        };
        self.windows(input.shape).map(pool).collect()
    }

    pub(super) fn backward(self, input: Map<'_>, g: &[f64]) -> Vec<f64> {
        let mut signal = vec![0.0; input.values.len()];
        for (window, g) in self.windows(input.shape).zip(g) {
            match self.kind {
                PoolKind::Max => signal[first_largest(input, &window)] += g,
                PoolKind::Average => window.into_iter().for_each(|i| signal[i] += self.part() * g),
                PoolKind::Sum => window.into_iter().for_each(|i| signal[i] += g),
            }
        }
        signal
    }

    /// A value's part in a mean.
    fn part(self) -> f64 {
        1.0 / (self.kernel * self.kernel) as f64
    }

    /// The places of the input under each output's window, row by row.
    fn windows(self, input: Shape) -> impl Iterator<Item = Vec<usize>> {
        let taps = Shape::new(1, self.kernel, self.kernel);
        let window = move |(channel, row, column)| {
            let at = |(_, y, x)| input.index(channel, row * self.stride + y, column * self.stride + x);
            taps.places().map(at).collect()
        };
        self.shape(input).places().map(window)
    }
}

fn first_largest(input: Map<'_>, window: &[usize]) -> usize {
    window.iter().copied().fold(window[0], |best, i| if input.values[i] > input.values[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { channels: 1, height: 3, width: 3 };
    const VALUES: [f64; 9] = [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0];

    fn by(kind: PoolKind, kernel: usize, stride: usize) -> (Vec<f64>, Vec<f64>) {
        let (pool, map) = (Pool { kind, kernel, stride }, Map { shape: SHAPE, values: &VALUES });
        let output = pool.forward(map);
        let signal: Vec<f64> = (0..output.len()).map(|i| (1 << i) as f64).collect();
        (output, pool.backward(map, &signal))
    }

    #[test]
    fn the_rest_is_left_out() {
        assert_eq!(by(PoolKind::Sum, 2, 2), (vec![3.0], vec![1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]));
        assert_eq!(by(PoolKind::Average, 2, 2).0, [0.75]);
        assert_eq!(by(PoolKind::Average, 2, 2).1[4], 0.25);
    }

    #[test]
    fn the_first_largest_gets_the_signal_of_each_window_it_leads() {
        // windows at (0, 0), (0, 1), (1, 0) and (1, 1), signals 1, 2, 4, 8
        let (output, signal) = by(PoolKind::Max, 2, 1);
        assert_eq!(output, [1.0; 4]);
        assert_eq!(signal, [0.0, 3.0, 0.0, 4.0, 8.0, 0.0, 0.0, 0.0, 0.0]);
        // none spikes: the top left one
        let pool = Pool { kind: PoolKind::Max, kernel: 3, stride: 3 };
        assert_eq!(pool.backward(Map { shape: SHAPE, values: &[0.0; 9] }, &[5.0])[..2], [5.0, 0.0]);
    }

    #[test]
    fn overlapping_windows_add_up() {
        let (output, signal) = by(PoolKind::Sum, 2, 1);
        assert_eq!(output, [3.0, 2.0, 2.0, 1.0]);
        assert_eq!(signal, [1.0, 3.0, 2.0, 5.0, 15.0, 10.0, 4.0, 12.0, 8.0]);
    }

    #[test]
    fn channels_stay_apart() {
        let pool = Pool { kind: PoolKind::Sum, kernel: 2, stride: 2 };
        let values: Vec<f64> = (0..8).map(f64::from).collect();
        let map = Map { shape: Shape::new(2, 2, 2), values: &values };
        assert_eq!(pool.forward(map), [6.0, 22.0]);
    }
}
