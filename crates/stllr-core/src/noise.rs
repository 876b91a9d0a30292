//! Rounding noise that depends on what is rounded, never on when.
//!
//! A stateful generator would give other weights whenever rows were visited in another order. Here the noise of a row is
//! a hash of (seed, layer, number of the update, row), so scalar, SIMD and native builds agree to the bit.

/// How an update is rounded to the weights' format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest weight: an update below half a unit is lost.
    Nearest,
    /// Up or down by chance, in proportion: right on average, however small the update.
    Dithered,
}

/// Lanes of 32 noise bits for a row; column `i` of an `i32` row uses lane `i % LANES`.
pub const LANES: usize = 8;

const ROW_STRIDE: u32 = 0x9e37_79b9;
/// What lies between the hash inputs of two neighbouring lanes.
pub const LANE_STRIDE: u32 = 0x85eb_ca6b;

/// The noise of one update of one layer.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    key: u32,
    rounding: Rounding,
}

impl Noise {
    /// The noise for update number `update` of layer `layer`.
    pub fn new(seed: u64, layer: u32, update: u64, rounding: Rounding) -> Self {
        let mut key = mix(seed as u32);
        for word in [(seed >> 32) as u32, layer, update as u32, (update >> 32) as u32] {
            key = mix(key ^ word).wrapping_add(ROW_STRIDE);
        }
        Self { key, rounding }
    }

    /// The bits for row `row`; `None` means that every column is rounded to nearest.
    #[inline]
    pub fn row(&self, row: u32) -> Option<u32> {
        match self.rounding {
            Rounding::Nearest => None,
            Rounding::Dithered => Some(self.key.wrapping_add(row.wrapping_mul(ROW_STRIDE))),
        }
    }
}

/// What is added before a shift by `shift` bits so that the shift rounds: one value a lane.
///
/// `seed` is what [`Noise::row`] gave.
#[inline]
pub fn lanes_i32(seed: Option<u32>, shift: u32) -> [i32; LANES] {
    if shift == 0 {
        return [0; LANES];
    }
    match seed {
        None => [1 << (shift - 1); LANES],
        Some(seed) => core::array::from_fn(|lane| (lane_bits(seed, lane) >> (32 - shift)) as i32),
    }
}

/// The same for `i16` rows, two lanes from each word, low half first; `shift` at most 14.
#[inline]
pub fn lanes_i16(seed: Option<u32>, shift: u32) -> [i16; 2 * LANES] {
    if shift == 0 {
        return [0; 2 * LANES];
    }
    match seed {
        None => [1 << (shift - 1); 2 * LANES],
        Some(seed) => core::array::from_fn(|lane| {
            let half = (lane_bits(seed, lane / 2) >> (16 * (lane % 2))) as u16;
            (half >> (16 - shift)) as i16
        }),
    }
}

#[inline]
fn lane_bits(seed: u32, lane: usize) -> u32 {
    mix(seed.wrapping_add((lane as u32).wrapping_mul(LANE_STRIDE)))
}

/// The first multiplier of [`mix`].
pub const MIX_1: u32 = 0x7feb_352d;
/// The second multiplier of [`mix`].
pub const MIX_2: u32 = 0x846c_a68b;

/// A bijective 32-bit hash: two rounds of xor-shift and multiply with low bias (C. Wellons, "Prospecting for hash
/// functions", 2018).
#[inline]
pub const fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(MIX_1);
    x ^= x >> 15;
    x = x.wrapping_mul(MIX_2);
    x ^ (x >> 16)
}

/// Streams of numbers for initial values, each a hash of (seed, stream, index).
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    key: u32,
}

impl Stream {
    /// Stream `stream` of a seed.
    pub fn new(seed: u64, stream: u32) -> Self {
        Self { key: mix(mix(seed as u32) ^ (seed >> 32) as u32 ^ stream.wrapping_mul(LANE_STRIDE)) }
    }

    /// Its word number `index`.
    #[inline]
    pub fn word(self, index: u32) -> u32 {
        mix(self.key.wrapping_add(index.wrapping_mul(ROW_STRIDE)))
    }
}

/// Numbers of mean 0 and a given standard deviation, nearly normal: each the sum of four uniform ones.
#[derive(Clone, Copy, Debug)]
pub struct Normal {
    stream: Stream,
    /// The deviation by that of the sum, `Q 20`.
    scale: i64,
}

impl Normal {
    /// Numbers of stream `stream` of a seed with standard deviation `deviation`, at most 2^30.
    pub fn new(seed: u64, stream: u32, deviation: i64) -> Self {
        // The sum of four uniform 16-bit numbers has the deviation 2^16 / sqrt(3) = 37,837.
        Self { stream: Stream::new(seed, stream), scale: (deviation << 20) / 37_837 }
    }

    /// Number `index`, to nearest.
    #[inline]
    pub fn at(self, index: u32) -> i64 {
        let pair = |k: u32| {
            let bits = self.stream.word(index.wrapping_mul(2).wrapping_add(k));
            (bits & 0xffff) as i64 + (bits >> 16) as i64 - 0xffff
        };
        ((pair(0) + pair(1)) * self.scale + (1 << 19)) >> 20
    }
}

/// A number spread evenly over -`bound`..=`bound`, which is below 2^30; its fraction is cut off.
pub fn uniform(stream: Stream, index: u32, bound: i64) -> i64 {
    let centred = 2 * stream.word(index) as i64 - u32::MAX as i64;
    centred * bound / u32::MAX as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dither_is_even_over_its_range() {
        for shift in [1, 5, 13] {
            let noise = Noise::new(7, 1, 3, Rounding::Dithered);
            let (mut sum, mut count, mut max) = (0i64, 0i64, 0);
            for row in 0..4000 {
                for lane in lanes_i16(noise.row(row), shift) {
                    assert!((0..1 << shift).contains(&lane));
                    sum += lane as i64;
                    max = max.max(lane);
                    count += 1;
                }
                for lane in lanes_i32(noise.row(row), shift) {
                    assert!((0..1 << shift).contains(&lane));
                }
            }
            // The mean is within four standard errors of the middle: both sides times 2 * count, squared.
            let middle = (1i64 << shift) - 1;
            let off = (2 * sum - middle * count) as i128;
            let spread = (1i128 << (2 * shift)) * count as i128 / 3;
            assert!(off * off < 16 * spread, "shift {shift}: sum {sum} of {count}");
            assert!(max as i32 >= (1 << shift) - 1 - (1 << shift >> 6));
        }
    }

    #[test]
    fn nearest_adds_half() {
        let noise = Noise::new(7, 1, 3, Rounding::Nearest);
        assert_eq!(lanes_i16(noise.row(9), 5), [16; 16]);
        assert_eq!(lanes_i32(noise.row(9), 0), [0; 8]);
    }

    #[test]
    fn every_word_of_the_key_matters() {
        let base = Noise::new(1, 2, 3, Rounding::Dithered).key;
        for other in [
            Noise::new(2, 2, 3, Rounding::Dithered),
            Noise::new(1 << 32 | 1, 2, 3, Rounding::Dithered),
            Noise::new(1, 3, 3, Rounding::Dithered),
            Noise::new(1, 2, 4, Rounding::Dithered),
            Noise::new(1, 2, 1 << 32 | 3, Rounding::Dithered),
        ] {
            assert_ne!(base, other.key);
        }
    }

    #[test]
    fn normal_has_its_deviation() {
        let n = 100_000;
        let normal = Normal::new(5, 0, 10_000);
        let values = (0..n).map(|i| normal.at(i));
        let (sum, squares) = values.fold((0, 0), |(s, q), v| (s + v, q + v * v));
        assert!((sum / n as i64).abs() < 150, "{sum}");
        let variance = squares / n as i64;
        assert!((97_000_000..103_000_000).contains(&variance), "{variance}");
    }

    #[test]
    fn uniform_stays_within_its_bound() {
        let values = || (0..10_000).map(|i| uniform(Stream::new(5, 1), i, 100));
        assert!(values().all(|v| v.abs() <= 100));
        assert!(values().min() <= Some(-98) && values().max() >= Some(98));
    }
}
