//! How layers without neurons pass signals down, for bounds: which elements of a source get an element's signal.

use stllr_core::layer::JoinSpec;
use stllr_core::network::LayerKind;
use stllr_core::shape::Shape;
use stllr_oracle::golden::core::bound::Estimate;

use crate::plan::{Value, number};

/// A layer without neurons and its sources at a step.
pub struct Relay<'a> {
    pub kind: &'a LayerKind,
    pub output: &'a Value,
    pub sources: Vec<&'a Value>,
    /// Of the first source, in the reference's order.
    pub counts: &'a [f64],
    /// Which elements a dropout drops, in the core's order of its output.
    pub dropped: &'a [bool],
}

impl Relay<'_> {
    /// What source number `source` gets of the signal `d`. The errors are those of the signal: all sums are exact. To say how
    /// large these get on the way, give the magnitudes of `d`.
    pub fn below(&self, source: usize, d: &[Estimate]) -> Vec<Estimate> {
        let shape = self.output.port.shape;
        let mut sums = vec![Estimate::default(); self.sources[source].port.shape.elements()];
        for (n, &d) in d.iter().enumerate() {
            let place = (n / shape.width / shape.height, n / shape.width % shape.height, n % shape.width);
            for (below, times) in self.reached(source, place) {
                sums[below] = sums[below] + d * Estimate::exact(times);
            }
        }
        sums
    }

    /// The elements of a source that get the signal of the element (channel, row, column), and how often.
    fn reached(&self, source: usize, (channel, y, x): (usize, usize, usize)) -> Vec<(usize, f64)> {
        let below = self.sources[source].port.shape;
        let same = |times: f64| vec![(number(below, channel, y, x), times)];
        match self.kind {
            LayerKind::Pool(spec) => {
                let taps = (0..spec.size * spec.size)
                    .map(|k| (y * spec.stride + k / spec.size, x * spec.stride + k % spec.size));
                let window: Vec<usize> = taps.map(|(y, x)| number(below, channel, y, x)).collect();
                if !spec.max {
                    return window.into_iter().map(|n| (n, 1.0)).collect();
                }
                let first = window.iter().find(|&&n| self.counts[n] > 0.0).unwrap_or(&window[0]);
                vec![(*first, 1.0)]
            }
            LayerKind::Upsample(spec) => vec![(number(below, channel, y / spec.factor, x / spec.factor), 1.0)],
            LayerKind::Join(JoinSpec { concat: false, repeats }) => same(repeats[source] as f64),
            LayerKind::Join(JoinSpec { concat: true, repeats }) => {
                let first: usize = self.sources[..source].iter().map(|value| value.port.shape.channels).sum();
                let within = channel.checked_sub(first).filter(|&channel| channel < below.channels);
                within.map(|channel| (number(below, channel, y, x), repeats[source] as f64)).into_iter().collect()
            }
            LayerKind::Dropout(_) => {
                let Shape { channels, width, .. } = self.output.port.shape;
                same(if self.dropped[(y * width + x) * channels + channel] { 0.0 } else { 1.0 })
            }
            LayerKind::Spiking(_) | LayerKind::Conv(_) => vec![],
        }
    }
}
