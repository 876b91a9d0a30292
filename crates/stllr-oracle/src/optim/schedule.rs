//! Schedules: the rate as a function of the epoch.

use std::f64::consts::PI;

/// How the rate changes over a training; epochs count from 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// It stays.
    Constant,
    /// It falls in a straight line from 1 to `end` over `epochs` and stays there (`LinearLR` from 1).
    Linear {
        /// At least 1.
        epochs: usize,
        /// 0 to 1.
        end: f64,
    },
    /// It is multiplied by `factor` after every `every` epochs (`StepLR`).
    Step {
        /// At least 1.
        every: usize,
        /// 0 to 1; 0.1 by default in PyTorch.
        factor: f64,
    },
    /// It is multiplied by `factor` after so many epochs (`MultiStepLR`).
    Milestones {
        /// Rising.
        epochs: Vec<usize>,
        /// 0 to 1; 0.1 by default in PyTorch.
        factor: f64,
    },
    /// It falls along half a wave from 1 to `end` over `epochs` and stays there (`CosineAnnealingLR`, which would rise
    /// again after `epochs`).
    Cosine {
        /// At least 1.
        epochs: usize,
        /// 0 to 1; 0 by default in PyTorch.
        end: f64,
    },
}

impl Schedule {
    /// What the base rate is multiplied by in an epoch.
    pub fn factor(&self, epoch: usize) -> f64 {
        let part = |epochs: usize| epoch.min(epochs) as f64 / epochs as f64;
        match self {
            Schedule::Constant => 1.0,
            Schedule::Linear { epochs, end } => 1.0 - (1.0 - end) * part(*epochs),
            Schedule::Step { every, factor } => (0..epoch / every).map(|_| factor).product(),
            Schedule::Milestones { epochs, factor } => {
                epochs.iter().filter(|&&milestone| milestone <= epoch).map(|_| factor).product()
            }
            Schedule::Cosine { epochs, end } => end + (1.0 - end) * (1.0 + (PI * part(*epochs)).cos()) / 2.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(Schedule::Constant.factor(7), 1.0);
        let step = Schedule::Step { every: 3, factor: 0.5 };
        assert_eq!([0, 2, 3, 5, 6].map(|epoch| step.factor(epoch)), [1.0, 1.0, 0.5, 0.5, 0.25]);
        let cosine = Schedule::Cosine { epochs: 6, end: 0.2 };
        // cos of 0, 60, 90, 120 and 180 degrees
        for (epoch, factor) in [(0, 1.0), (2, 0.8), (3, 0.6), (4, 0.4), (6, 0.2), (9, 0.2)] {
            assert!((cosine.factor(epoch) - factor).abs() < 1e-15, "{epoch}");
        }
    }
}
