//! How far the core is from what it is compared with, beside the bound.

use std::collections::BTreeMap;

use serde::Serialize;

use super::bound::Estimate;
use crate::golden::ORACLE_BOUND;

/// What a quantity is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Group {
    /// Membranes, a readout's included.
    Membrane,
    /// Traces of inputs and of psi.
    Trace,
    /// Learning signals for the layer below.
    Signal,
    /// Gradients, summed over the steps.
    Gradient,
}

/// One quantity's deviations over all its values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// What it is part of.
    pub group: Group,
    /// The largest deviation.
    pub deviation: f64,
    /// The largest bound.
    pub bound: f64,
    /// The largest distance from the file of the values that the bounds are around.
    pub centre: f64,
    /// The largest part of its own bound that any value is off.
    pub fraction: f64,
}

/// Spikes of one side only.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Mismatches {
    /// How many.
    pub count: usize,
    /// The distance from the threshold, in the reference, of the nearest of them and of the one furthest off.
    pub nearest: Option<f64>,
    /// See `nearest`.
    pub furthest: Option<f64>,
    /// The largest part of the bound on its membrane that any of them is away from the threshold; at most 1 is allowed.
    pub fraction: f64,
}

/// A replay compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Quantities by the file's names.
    pub by_quantity: BTreeMap<&'static str, Measured>,
    /// Spikes.
    pub spikes: Mismatches,
}

impl Comparison {
    /// Takes in the core's values. They are compared with the estimates' or, where it is given, with the file's.
    pub fn note(
        &mut self,
        quantity: &'static str,
        group: Group,
        core: &[f64],
        estimates: &[Estimate],
        recorded: Option<&[f64]>,
    ) {
        assert_eq!(core.len(), estimates.len(), "{quantity}: as many values as bounds");
        let start = Measured { group, deviation: 0.0, bound: 0.0, centre: 0.0, fraction: 0.0 };
        let measured = self.by_quantity.entry(quantity).or_insert(start);
        for (i, (core, estimate)) in core.iter().zip(estimates).enumerate() {
            let wanted = recorded.map_or(estimate.value, |recorded| recorded[i]);
            let deviation = (core - wanted).abs();
            let deviation = if deviation.is_nan() { f64::INFINITY } else { deviation };
            // The estimates are sums of the same numbers in another order than the file's.
            let bound = estimate.error + ORACLE_BOUND;
            measured.deviation = measured.deviation.max(deviation);
            measured.bound = measured.bound.max(bound);
            measured.centre = measured.centre.max((estimate.value - wanted).abs());
            measured.fraction = measured.fraction.max(deviation / bound);
        }
    }

    /// Takes in a neuron's spike and its membrane less the threshold: a mismatch is allowed where the bound reaches the
    /// threshold.
    pub fn note_spike(&mut self, spike: Estimate, v: Estimate) {
        if spike.error == 0.0 {
            return;
        }
        let distance = v.value.abs();
        let spikes = &mut self.spikes;
        spikes.count += 1;
        spikes.nearest = Some(spikes.nearest.unwrap_or(distance).min(distance));
        spikes.furthest = Some(spikes.furthest.unwrap_or(distance).max(distance));
        spikes.fraction = spikes.fraction.max(distance / (v.error + ORACLE_BOUND));
    }

    /// Takes in what another replay of the same case gave: the larger of each, also of the counts, as the same spikes are
    /// seen again.
    pub fn merge(&mut self, other: Self) {
        for (quantity, more) in other.by_quantity {
            let measured = self.by_quantity.entry(quantity).or_insert_with(|| more.clone());
            measured.deviation = measured.deviation.max(more.deviation);
            measured.bound = measured.bound.max(more.bound);
            measured.centre = measured.centre.max(more.centre);
            measured.fraction = measured.fraction.max(more.fraction);
        }
        let (spikes, more) = (&mut self.spikes, other.spikes);
        spikes.count = spikes.count.max(more.count);
        spikes.nearest = [spikes.nearest, more.nearest].into_iter().flatten().reduce(f64::min);
        spikes.furthest = [spikes.furthest, more.furthest].into_iter().flatten().reduce(f64::max);
        spikes.fraction = spikes.fraction.max(more.fraction);
    }

    /// The largest deviation of a group; none where the file has nothing of it.
    pub fn deviation(&self, group: Group) -> Option<f64> {
        self.by_quantity
            .values()
            .filter(|measured| measured.group == group)
            .map(|measured| measured.deviation)
            .reduce(f64::max)
    }

    /// What comes nearest to its bound, and the part of the bound that it is off; above 1 it is off by more.
    pub fn nearest_to_bound(&self) -> (&'static str, f64) {
        let quantities = self.by_quantity.iter().map(|(name, measured)| (*name, measured.fraction));
        let all = quantities.chain([("spikes", self.spikes.fraction)]);
        all.fold(("nothing", 0.0), |a, b| if b.1 > a.1 { b } else { a })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_is_of_the_value_s_own_bound() {
        let mut comparison = Comparison::default();
        let bounds = [Estimate { value: 1.0, error: 0.5 }, Estimate { value: 2.0, error: 0.125 }];
        comparison.note("a", Group::Trace, &[1.25, 2.0625], &bounds, None);
        let measured = &comparison.by_quantity["a"];
        assert_eq!((measured.deviation, measured.bound), (0.25, 0.5 + ORACLE_BOUND));
        assert!((measured.fraction - 0.5).abs() < 1e-7);
        comparison.note("a", Group::Trace, &[f64::NAN], &bounds[..1], Some(&[1.0]));
        assert_eq!(comparison.nearest_to_bound(), ("a", f64::INFINITY));
        assert_eq!(comparison.deviation(Group::Signal), None);
    }

    #[test]
    fn a_mismatch_is_allowed_as_far_as_the_bound_reaches() {
        let mismatch = Estimate { value: 1.0, error: 1.0 };
        let mut comparison = Comparison::default();
        comparison.note_spike(Estimate::exact(1.0), Estimate { value: 0.1, error: 0.0 });
        assert_eq!(comparison.spikes.count, 0);
        comparison.note_spike(mismatch, Estimate { value: 0.25, error: 0.5 });
        assert!(comparison.nearest_to_bound().1 < 1.0);
        let mut other = Comparison::default();
        other.note_spike(mismatch, Estimate { value: -0.75, error: 0.5 });
        comparison.merge(other);
        assert!(comparison.nearest_to_bound().1 > 1.0);
        assert_eq!(
            (comparison.spikes.count, comparison.spikes.nearest, comparison.spikes.furthest),
            (1, Some(0.25), Some(0.75))
        );
    }
}
