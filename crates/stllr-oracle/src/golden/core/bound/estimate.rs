//! Arithmetic on values that are known up to an error.

use std::iter::Sum;
use std::ops::{Add, Mul, Sub};

/// What the reference computes, and how far from it the core may be: core in `value - error ..= value + error`.
///
/// Each operation gives the largest error that its operands allow (interval arithmetic around the reference):
///
/// ```text
/// |(a' + b') - (a + b)| <= e_a + e_b
/// |a' b' - a b|         <= e_a (|b| + e_b) + |a| e_b
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The reference's value.
    pub value: f64,
    /// A bound on the core's distance from it.
    pub error: f64,
}

impl Estimate {
    /// The same number on both sides.
    pub fn exact(value: f64) -> Self {
        Self { value, error: 0.0 }
    }

    /// Known on both sides: a constant and the constant the core works with.
    pub fn between(reference: f64, core: f64) -> Self {
        Self { value: reference, error: (core - reference).abs() }
    }

    /// The same with room for a rounding.
    pub fn widen(self, by: f64) -> Self {
        Self { error: self.error + by, ..self }
    }

    /// What becomes of it where the core clips at plus and minus `limit` and the reference does not.
    pub fn clipped(self, limit: f64) -> Self {
        self.widen((self.magnitude() - limit).max(0.0))
    }

    /// No side's value is larger in magnitude.
    pub fn magnitude(self) -> f64 {
        self.value.abs() + self.error
    }
}

impl Add for Estimate {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, error: self.error + other.error }
    }
}

impl Sub for Estimate {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, error: self.error + other.error }
    }
}

impl Mul for Estimate {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self { value: self.value * other.value, error: self.error * other.magnitude() + self.value.abs() * other.error }
    }
}

impl Sum for Estimate {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// [`Estimate::between`], value by value.
pub fn between(reference: &[f64], core: &[f64]) -> Vec<Estimate> {
    assert_eq!(reference.len(), core.len(), "as many values on both sides");
    reference.iter().zip(core).map(|(&reference, &core)| Estimate::between(reference, core)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pair_of_values_within_the_errors_leaves_the_result() {
        let (a, b) = (Estimate { value: -2.0, error: 0.5 }, Estimate { value: 3.0, error: 0.25 });
        for x in [-2.5, -2.0, -1.5] {
            for y in [2.75, 3.0, 3.25] {
                for (got, all) in [(x * y, a * b), (x + y, a + b), (x - y, a - b)] {
                    assert!((got - all.value).abs() <= all.error + 1e-15);
                }
            }
        }
        assert_eq!((a * b).error, 0.5 * 3.25 + 2.0 * 0.25);
        assert_eq!(b.clipped(3.0).error, 0.5);
        assert_eq!(b.clipped(4.0).error, 0.25);
    }
}
