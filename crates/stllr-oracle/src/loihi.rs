//! Neurons of Intel's Loihi: integers throughout, which `f64` holds exactly, so that nothing here is an approximation.

/// The constants of Loihi's neurons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loihi {
    /// What the current loses in a step, in 4096ths.
    pub current_decay: f64,
    /// What the voltage loses in a step, in 4096ths.
    pub voltage_decay: f64,
    /// The threshold, in 64 units of the voltage.
    pub threshold: f64,
    /// The voltage that is 1.0 elsewhere: a power of two.
    pub unit: f64,
}

/// Where currents and voltages saturate.
const MOST: f64 = 8_388_607.0;

impl Loihi {
    /// A step of one neuron with what its weights and its bias give, both in units of 1.0. Returns the voltage before the reset,
    /// and updates the current; both are integers in the chip's units.
    ///
    /// ```text
    /// current <- dec(current) + unit input
    /// voltage <- dec(voltage) + current + round(unit bias)
    /// dec(a)   = a (4096 - decay) / 4096, rounded toward zero
    /// ```
    pub fn step(&self, current: &mut f64, voltage: f64, input: f64, bias: f64) -> f64 {
        let decayed = |a: f64, decay: f64| (a * (4096.0 - decay) / 4096.0).trunc();
        *current = (decayed(*current, self.current_decay) + self.unit * input).clamp(-MOST, MOST);
        // Halves up, as the core rounds.
        let bias = (self.unit * bias + 0.5).floor();
        (decayed(voltage, self.voltage_decay) + *current + bias).clamp(-MOST, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHIP: Loihi = Loihi { current_decay: 1024.0, voltage_decay: 128.0, threshold: 80.0, unit: 4096.0 };

    #[test]
    fn decays_round_toward_zero_on_both_sides() {
        for sign in [1.0, -1.0] {
            let mut current = sign * 5.0;
            // 5 x 3/4 = 3.75; 33 x 31/32 = 31.97
            assert_eq!(CHIP.step(&mut current, sign * 33.0, 0.0, 0.0), sign * 34.0);
            assert_eq!(current, sign * 3.0);
        }
    }

    #[test]
    fn an_input_stays_in_the_current_and_a_bias_does_not() {
        let mut current = 0.0;
        assert_eq!(CHIP.step(&mut current, 0.0, 0.5, 0.25), 3072.0);
        assert_eq!(current, 2048.0);
    }

    #[test]
    fn both_states_saturate_at_24_bits() {
        let mut current = -MOST;
        assert_eq!(CHIP.step(&mut current, -MOST, -4096.0, 0.0), -MOST);
        assert_eq!(current, -MOST);
    }
}
