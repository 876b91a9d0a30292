//! Upsampling by the nearest neighbour.

use super::map::{Map, Shape};

pub(super) fn shape(input: Shape, factor: usize) -> Shape {
    assert!(factor > 0, "upsample: a factor of at least 1");
    Shape::new(input.channels, factor * input.height, factor * input.width)
}

/// Every value becomes a square of `factor` rows and columns.
pub(super) fn forward(input: Map<'_>, factor: usize) -> Vec<f64> {
    sources(input.shape, factor).map(|i| input.values[i]).collect()
}

/// The sum over a value's square.
pub(super) fn backward(input: Shape, factor: usize, g: &[f64]) -> Vec<f64> {
    let mut signal = vec![0.0; input.count()];
    sources(input, factor).zip(g).for_each(|(i, g)| signal[i] += g);
    signal
}

/// The place of the input for each output.
fn sources(input: Shape, factor: usize) -> impl Iterator<Item = usize> {
    let source = move |(channel, row, column)| input.index(channel, row / factor, column / factor);
    shape(input, factor).places().map(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let shape = Shape::new(2, 1, 2);
        let output = forward(Map { shape, values: &[1.0, 2.0, 3.0, 4.0] }, 2);
        assert_eq!(output, [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 3.0, 3.0, 4.0, 4.0]);
        let g: Vec<f64> = (0..16).map(f64::from).collect();
        assert_eq!(backward(shape, 2, &g), [10.0, 18.0, 42.0, 50.0]);
    }
}
