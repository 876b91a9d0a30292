//! Dropout with a mask from outside.

/// Values that are left out of a learning sequence, and the others scaled so that the mean stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropout {
    rate: f64,
    mask: Option<Vec<bool>>,
}

impl Dropout {
    /// `rate` is the probability with which a value is dropped, at least 0 and below 1. Without a mask, as at
    /// inference, nothing is dropped or scaled.
    pub fn new(rate: f64) -> Self {
        assert!((0.0..1.0).contains(&rate), "dropout: a rate of 0 to below 1");
        Self { rate, mask: None }
    }

    /// The values that are kept, one flag a value in the order `[channel][row][column]`, for all steps to come.
    pub fn set_mask(&mut self, mask: Option<Vec<bool>>) {
        self.mask = mask;
    }

    /// Values or signals: the same both ways. 1 / (1 - rate) times what is kept, 0 for what is dropped.
    pub(super) fn apply(&self, values: &[f64]) -> Vec<f64> {
        let Some(mask) = &self.mask else { return values.to_vec() };
        assert_eq!(mask.len(), values.len(), "dropout mask: one flag a value");
        let scale = 1.0 / (1.0 - self.rate);
        values.iter().zip(mask).map(|(value, &kept)| if kept { scale * value } else { 0.0 }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_makes_up_for_what_is_dropped() {
        let mut dropout = Dropout::new(0.75);
        assert_eq!(dropout.apply(&[1.0, 0.0, 2.0]), [1.0, 0.0, 2.0]);
        dropout.set_mask(Some(vec![true, true, false]));
        assert_eq!(dropout.apply(&[1.0, 0.0, 2.0]), [4.0, 0.0, 0.0]);
        dropout.set_mask(None);
        assert_eq!(dropout.apply(&[1.0, 0.0, 2.0]), [1.0, 0.0, 2.0]);
    }
}
