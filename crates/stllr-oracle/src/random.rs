//! Numbers without a pattern, for tests.

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014); equal seeds give equal numbers.
pub struct Random(pub u64);

impl Random {
    /// At least 0 and below 1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// `count` values between -size and size.
    pub fn reals(&mut self, count: usize, size: f64) -> Vec<f64> {
        (0..count).map(|_| size * (2.0 * self.unit() - 1.0)).collect()
    }

    /// `count` values, 1 with the probability given, else 0.
    pub fn spikes(&mut self, count: usize, probability: f64) -> Vec<f64> {
        (0..count).map(|_| if self.unit() < probability { 1.0 } else { 0.0 }).collect()
    }
}
