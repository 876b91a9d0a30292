//! The resonators of a channel, and their coefficients.

use crate::encode::number::{HZ_BITS, UNIT_BITS, cosine_sine, scaled};

/// Bits after the point of a filter's coefficients, which are below 2.
const COEFFICIENT_BITS: u32 = 29;

/// Coefficients of both resonators.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Filter {
    gain: i64,
    last: i64,
    before: i64,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Resonator {
    pub(super) outputs: [i64; 2],
    /// What rounding has left over, for the next sample: else low channels would turn it into a wander of their own.
    rest: i64,
}

impl Resonator {
    /// Takes x_n - x_(n-2); gives y_n - y_(n-2), and y_n is `outputs[0]`.
    #[inline(always)]
    pub(super) fn next(&mut self, change: i64, Filter { gain, last, before }: Filter) -> i64 {
        let [output, earlier] = self.outputs;
        let sum = gain * change + last * output - before * earlier + self.rest;
        self.rest = sum & ((1 << COEFFICIENT_BITS) - 1);
        self.outputs = [sum >> COEFFICIENT_BITS, output];
        self.outputs[0] - earlier
    }
}

impl Filter {
    pub(super) fn new(hz: u64, rate_mhz: u64) -> Self {
        let rate = u128::from(rate_mhz) << HZ_BITS;
        let (c, s) = cosine_sine(hz * 1000, rate as u64);
        // 1 / (2 Q) = ERB / (2 0.6436 f) = (24.7 + 0.107939 f) / (1.2872 f)
        let erb = (u128::from(hz) * 107_939_000 + ((247 << HZ_BITS) * 100_000_000)) << COEFFICIENT_BITS;
        let half_inverse_q = (erb / (u128::from(hz) * 1_287_188_506)) as i64;
        let one = 1i64 << COEFFICIENT_BITS;
        let a = scaled(s, half_inverse_q, UNIT_BITS);
        let over = |value: i64| ((i128::from(value) << COEFFICIENT_BITS) / i128::from(one + a)) as i64;
        // A cosine has one bit more than a coefficient, so it is twice itself.
        Self { gain: over(a), last: over(c), before: over(one - a) }
    }
}
