//! How far a replay is from what a golden file records.

use std::collections::BTreeMap;

/// The largest absolute deviation of each quantity, by its name in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deviations(BTreeMap<String, f64>);

impl Deviations {
    /// Takes in values and what the file has for them. What is not a number deviates infinitely.
    pub fn note(&mut self, quantity: &str, values: &[f64], recorded: &[f64]) {
        assert_eq!(values.len(), recorded.len(), "{quantity}: as many values as the file records");
        let largest = self.0.entry(quantity.to_owned()).or_insert(0.0);
        for (value, recorded) in values.iter().zip(recorded) {
            let deviation = (value - recorded).abs();
            *largest = largest.max(if deviation.is_nan() { f64::INFINITY } else { deviation });
        }
    }

    /// The quantity that is furthest off, and by how much.
    pub fn largest(&self) -> (&str, f64) {
        let all = self.0.iter().map(|(name, deviation)| (name.as_str(), *deviation));
        all.fold(("nothing", 0.0), |a, b| if b.1 > a.1 { b } else { a })
    }

    /// All quantities with their largest deviations.
    pub fn by_quantity(&self) -> &BTreeMap<String, f64> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_each_quantity_is_kept() {
        let mut deviations = Deviations::default();
        deviations.note("a", &[1.0, 2.0], &[1.0, 2.5]);
        deviations.note("a", &[1.0], &[0.75]);
        deviations.note("b", &[1.0], &[0.0]);
        assert_eq!(deviations.by_quantity()["a"], 0.5);
        assert_eq!(deviations.largest(), ("b", 1.0));
    }

    #[test]
    fn what_is_not_a_number_is_infinitely_far() {
        let mut deviations = Deviations::default();
        deviations.note("a", &[f64::NAN], &[0.0]);
        assert_eq!(deviations.largest(), ("a", f64::INFINITY));
    }
}
