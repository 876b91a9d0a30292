//! Weight standardisation beside its definition in float64.

use proptest::prelude::*;
use stllr_core::fixed::WEIGHT_MAX;
use stllr_core::kernel::SUM_MAX;
use stllr_core::noise::{Stream, mix, uniform};
use stllr_core::standardise::{GAIN_BITS, GAIN_MAX, Standard};

const EPSILON: f64 = 1e-4;

/// One output: raw weights and gradient in, all that follows out, in real units.
struct Reference {
    c: Vec<f64>,
    s: f64,
    gain: f64,
}

impl Reference {
    fn new(raw: &[f64], gain: f64) -> Self {
        let n = raw.len() as f64;
        let mean = raw.iter().sum::<f64>() / n;
        let c: Vec<f64> = raw.iter().map(|w| w - mean).collect();
        let variance = c.iter().map(|c| c * c).sum::<f64>() / (n - 1.0);
        Self { c, s: (n * variance + EPSILON).sqrt(), gain }
    }

    fn effective(&self) -> impl Iterator<Item = f64> {
        self.c.iter().map(|c| self.gain * c / self.s)
    }

    fn by_gain(&self, gradient: &[f64]) -> f64 {
        self.c.iter().zip(gradient).map(|(c, g)| c * g).sum::<f64>() / self.s
    }

    fn by_raw(&self, gradient: &[f64]) -> impl Iterator<Item = f64> {
        let n = gradient.len() as f64;
        let mean = gradient.iter().sum::<f64>() / n;
        let along = self.by_gain(gradient) * n / (n - 1.0);
        let scale = self.gain / self.s;
        self.c.iter().zip(gradient.to_vec()).map(move |(c, g)| scale * (g - mean - along * c / self.s))
    }
}

/// Every `stride`th of a matrix.
fn column<T: Copy + Into<f64>>(matrix: &[T], stride: usize, at: usize, unit: f64) -> Vec<f64> {
    matrix.iter().skip(at).step_by(stride).map(|&x| x.into() * unit).collect()
}

fn power(bits: u32) -> f64 {
    2f64.powi(-(bits as i32))
}

/// Compares both ways of a matrix with the definition, within what the formats allow.
fn compare(raw: &[i16], gradient: &[i32], stride: usize, gain: &[i32], raw_bits: u32, bits: u32) {
    let mut standard = Standard::new(gain.len(), 0, raw_bits, bits);
    standard.gain_mut().copy_from_slice(gain);
    let mut effective = vec![77; raw.len()];
    standard.effective(raw, stride, &mut effective);
    let (mut back, mut by_gain) = (gradient.to_vec(), vec![1000; gain.len()]);
    standard.backward(raw, stride, &mut back, &mut by_gain);
    for (at, by_gain) in by_gain.into_iter().map(Some).chain([None; 8]).enumerate().take(stride) {
        let (got, got_back) = (column(&effective, stride, at, 1.0), column(&back, stride, at, 1.0));
        let Some(by_gain) = by_gain else {
            assert!(got.iter().all(|&w| w == 77.0) && got_back == column(gradient, stride, at, 1.0));
            continue;
        };
        let (raw, gradient) = (column(raw, stride, at, power(raw_bits)), column(gradient, stride, at, 1.0));
        let reference = Reference::new(&raw, gain[at] as f64 * power(GAIN_BITS));
        // Means are known to a part in 2^17 of a raw unit.
        let (scale, mean) = (reference.gain.abs() / reference.s, power(raw_bits + 17));
        for (got, want) in got.iter().zip(reference.effective()) {
            let want = (want / power(bits)).clamp(-WEIGHT_MAX as f64, WEIGHT_MAX as f64);
            assert!((got - want).abs() <= 0.501 + scale * mean / power(bits), "{got} for {want}");
        }
        let limit = SUM_MAX as f64;
        let sum = gradient.iter().sum::<f64>().abs();
        let exact = reference.by_gain(&gradient);
        // Added to what was there.
        let want = (exact + 1000.0).clamp(-limit, limit);
        // Of weights nearly equal, s is epsilon's root, known to a part in 2 million.
        let near = 0.51 + exact.abs() * 5e-7 + sum * mean / reference.s;
        assert!((by_gain as f64 - want).abs() <= near, "{} for {want}", by_gain);
        for (j, (got, want)) in got_back.iter().zip(reference.by_raw(&gradient)).enumerate() {
            let want = want.clamp(-limit, limit);
            // Means, 8 bits beyond the gradient's, and a scale of 15 bits.
            let (c, s) = (reference.c[j].abs(), reference.s);
            let along = 2.0 * (sum * mean * c / (s * s) + exact.abs() * (mean + 1e-6 * c) / s);
            let rounding = 0.51 + scale * (along + 0.01 + gradient[j].abs() * 1e-8);
            assert!((got - want).abs() <= rounding + want.abs() * 1e-4, "{got} for {want}, give or take {rounding}");
        }
    }
}

fn weights(seed: u32, len: usize, spread: i64, centre: i64) -> Vec<i16> {
    let most = WEIGHT_MAX as i64;
    (0..len)
        .map(|k| (centre + uniform(Stream::new(seed as u64, 1), k as u32, spread)).clamp(-most, most) as i16)
        .collect()
}

fn gradients(seed: u32, len: usize, size: u32, centre: i64) -> Vec<i32> {
    let most = SUM_MAX as i64;
    let draw = |k| uniform(Stream::new(seed as u64, 2), k, 1 << size) + centre;
    (0..len).map(|k| draw(k as u32).clamp(-most, most) as i32).collect()
}

proptest! {
    #[test]
    fn both_ways_are_the_definition(
        seed: u32, rows in 2usize..60, outputs in 1usize..40, padding in 0usize..8, raw_bits in 8u32..=13, bits in 8u32..=13,
        spread in prop::sample::select(vec![0, 1, 20, 500, 9000]), centre in -8191i64..=8191,
        size in 3u32..=30, mean in -(1i64 << 26)..(1 << 26), gain in 0u32..26,
    ) {
        let stride = outputs + padding;
        let gain: Vec<i32> = (0..outputs as u32).map(|k| (mix(seed ^ k) as i32) >> (31 - gain)).collect();
        let raw = weights(seed, rows * stride, spread, centre);
        compare(&raw, &gradients(seed, rows * stride, size, mean), stride, &gain, raw_bits, bits);
    }
}

#[test]
fn known_values() {
    // Mean 2 and c = (-1, 1), so n var = 4: a gain of 3 makes -1.5 and 1.5 of it.
    let mut standard = Standard::new(1, 3 << GAIN_BITS, 8, 10);
    let mut effective = [0; 2];
    standard.effective(&[256, 768], 1, &mut effective);
    assert_eq!(effective, [-1536, 1536]);
    // The gradient by the gain is along (-1, 1) / 2; by the raw weights nothing remains of so symmetrical a thing.
    let (mut gradient, mut by_gain) = ([1000, 5000], [0]);
    standard.backward(&[256, 768], 1, &mut gradient, &mut by_gain);
    assert_eq!(by_gain, [2000]);
    assert!(gradient.iter().all(|g| g.abs() <= 1), "{gradient:?}");
}

#[test]
fn a_large_matrix_with_all_ends_of_ranges() {
    let rows = 3000;
    for (raw, gradient) in [(WEIGHT_MAX, SUM_MAX), (-WEIGHT_MAX, SUM_MAX), (WEIGHT_MAX, -SUM_MAX)] {
        for turn in [1, 2, 1500] {
            let raw: Vec<i16> = (0..rows).map(|k| if k % turn == 0 { raw } else { -raw } as i16).collect();
            let gradient: Vec<i32> = (0..rows).map(|k| if k % turn == 0 { gradient } else { -gradient }).collect();
            for gain in [0, 1, 1 << GAIN_BITS, -GAIN_MAX, GAIN_MAX] {
                compare(&raw, &gradient, 1, &[gain], 8, 13);
                compare(&raw, &gradient, 1, &[gain], 13, 8);
            }
        }
    }
}

#[test]
fn sums_of_the_most_rows_do_not_overflow() {
    let rows = stllr_core::standardise::MAX_ROWS;
    let raw: Vec<i16> = (0..rows).map(|k| if k % 2 == 0 { -WEIGHT_MAX as i16 } else { WEIGHT_MAX as i16 }).collect();
    let gradient: Vec<i32> = (0..rows).map(|k| if k % 2 == 0 { -SUM_MAX } else { SUM_MAX }).collect();
    compare(&raw, &gradient, 1, &[1 << GAIN_BITS], 13, 13);
    compare(&raw, &vec![SUM_MAX; rows], 1, &[1 << GAIN_BITS], 13, 13);
    compare(&vec![WEIGHT_MAX as i16; rows], &gradient, 1, &[GAIN_MAX], 8, 13);
}

#[test]
fn constant_and_single_weights_give_zero() {
    let mut standard = Standard::new(2, GAIN_MAX, 8, 13);
    let raw = [500i16, -8191].repeat(7);
    let mut effective = [1; 14];
    standard.effective(&raw, 2, &mut effective);
    assert_eq!(effective, [0; 14]);
    standard.effective(&raw[..2], 2, &mut effective[..2]);
    assert_eq!(effective[..2], [0; 2]);
}

#[test]
fn the_gradient_goes_down() {
    // Descent on the squared distance of the effective weights from given ones, by the raw weights and the gain.
    let (rows, bits) = (40, 11);
    let target: Vec<f64> = (0..rows).map(|k| uniform(Stream::new(5, 6), k, 1000) as f64 / 2048.0).collect();
    let mean = target.iter().sum::<f64>() / rows as f64;
    let target: Vec<f64> = target.iter().map(|t| t - mean).collect();
    let mut raw: Vec<f64> = (0..rows).map(|k| uniform(Stream::new(7, 8), k, 1000) as f64).collect();
    let mut standard = Standard::new(1, 1 << GAIN_BITS, bits, bits);
    let mut distances = Vec::new();
    for _ in 0..400 {
        let weights: Vec<i16> = raw.iter().map(|w| w.round() as i16).collect();
        let mut effective = vec![0; rows as usize];
        standard.effective(&weights, 1, &mut effective);
        let off: Vec<f64> = effective.iter().zip(&target).map(|(&w, t)| w as f64 * power(bits) - t).collect();
        distances.push(off.iter().map(|x| x * x).sum::<f64>());
        let mut gradient: Vec<i32> = off.iter().map(|x| (x * 2f64.powi(24)) as i32).collect();
        let mut by_gain = [0];
        standard.backward(&weights, 1, &mut gradient, &mut by_gain);
        raw.iter_mut().zip(gradient).for_each(|(w, g)| *w -= 0.5 * g as f64 * power(24) / power(bits));
        standard.gain_mut()[0] -= by_gain[0] >> 6;
    }
    assert!(distances[399] < distances[0] / 1000.0, "{} of {}", distances[399], distances[0]);
}
