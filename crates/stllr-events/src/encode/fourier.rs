//! The discrete Fourier transform of real numbers, in fixed point.

use super::number::{UNIT, UNIT_BITS, cosine_sine};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

/// A transform of a fixed length, with its tables and its room: 10 bytes a point.
#[derive(Debug, Clone)]
pub struct Fourier {
    /// Where the k-th of the pairs goes.
    mirrored: Box<[u16]>,
    /// For each stage one after the other: cosines and sines of its angles.
    cos: Box<[i32]>,
    sin: Box<[i32]>,
    /// Of the full length, to tell the pairs' halves apart.
    last: Box<[(i32, i32)]>,
    re: Box<[i32]>,
    im: Box<[i32]>,
}

impl Fourier {
    /// Of `points` real numbers: a power of two from 4 to 2^16.
    pub fn new(points: usize) -> Self {
        let half = points / 2;
        let bits = half.ilog2();
        // 1 itself is one more than fits beside its sign in 31 bits, and is not needed: products are rounded.
        let unit = |value: i64| value.clamp(-UNIT, UNIT) as i32;
        let (mut cos, mut sin) = (Vec::with_capacity(half), Vec::with_capacity(half));
        for stage in 0..bits {
            for k in 0..1u64 << stage {
                let (c, s) = cosine_sine(k, 2 << stage);
                cos.push(unit(c));
                sin.push(unit(-s));
            }
        }
        let turns = (0..=half as u64 / 2).map(|k| cosine_sine(k, points as u64));
        Self {
            mirrored: (0..half as u16).map(|k| k.reverse_bits() >> (16 - bits)).collect(),
            cos: cos.into(),
            sin: sin.into(),
            last: turns.map(|(c, s)| (unit(c), unit(s))).collect(),
            re: vec![0; half].into(),
            im: vec![0; half].into(),
        }
    }

    /// The power |X_k|^2, k from 0 to `points` / 2, of numbers whose absolute values sum to less than 2^30; what is missing of
    /// `points` numbers is 0.
    pub fn power(&mut self, values: &[i32], power: &mut [u64]) {
        // Even and odd places as one complex number, so that half the points do.
        for (k, &to) in self.mirrored.iter().enumerate() {
            let value = |at: usize| values.get(at).copied().unwrap_or(0);
            self.re[usize::from(to)] = value(2 * k);
            self.im[usize::from(to)] = value(2 * k + 1);
        }
        self.transform();
        let half = self.re.len();
        let square = |re: i64, im: i64| (re * re + im * im) as u64;
        for k in 0..=half / 2 {
            let (a, b) = (k, (half - k) % half);
            let (ar, ai) = (i64::from(self.re[a]), i64::from(self.im[a]));
            let (br, bi) = (i64::from(self.re[b]), i64::from(self.im[b]));
            // Twice the transforms of the even and of the odd places: Z_k + Z*_-k, and (Z_k - Z*_-k) / i.
            let (er, ei, or, oi) = (ar + br, ai - bi, ai + bi, br - ar);
            let (c, s) = self.last[k];
            let (tr, ti) = turned(or, oi, c, -s);
            power[k] = square((er + tr) >> 1, (ei + ti) >> 1);
            power[half - k] = square((er - tr) >> 1, (ei - ti) >> 1);
        }
    }

    /// x_j becomes the sum over k of x_k exp(-2 pi i j k / n), of numbers in mirrored order.
    fn transform(&mut self) {
        let (mut half, mut at) = (1, 0);
        while half < self.re.len() {
            let (cos, sin) = (&self.cos[at..at + half], &self.sin[at..at + half]);
            for (re, im) in self.re.chunks_exact_mut(2 * half).zip(self.im.chunks_exact_mut(2 * half)) {
                let ((ar, br), (ai, bi)) = (re.split_at_mut(half), im.split_at_mut(half));
                let upper = ar.iter_mut().zip(ai);
                let lower = br.iter_mut().zip(bi);
                for (((ar, ai), (br, bi)), (&c, &s)) in upper.zip(lower).zip(cos.iter().zip(sin)) {
                    let (p, q) = turned((*br).into(), (*bi).into(), c, s);
                    (*br, *bi) = (*ar - p as i32, *ai - q as i32);
                    (*ar, *ai) = (*ar + p as i32, *ai + q as i32);
                }
            }
            at += half;
            half *= 2;
        }
    }
}

/// (re + i im) (cos + i sin), rounded to nearest.
#[inline(always)]
fn turned(re: i64, im: i64, cos: i32, sin: i32) -> (i64, i64) {
    const HALF: i64 = UNIT >> 1;
    let (c, s) = (i64::from(cos), i64::from(sin));
    ((re * c - im * s + HALF) >> UNIT_BITS, (re * s + im * c + HALF) >> UNIT_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_sum_that_defines_it() {
        for points in [4usize, 8, 64, 512] {
            let values: Vec<i32> = (0..points as i64 - 1).map(|k| (k * k * 7919 % 200_001 - 100_000) as i32).collect();
            let mut power = vec![0; points / 2 + 1];
            Fourier::new(points).power(&values, &mut power);
            let most = values.iter().map(|&value| f64::from(value).abs()).sum::<f64>();
            for (j, &found) in power.iter().enumerate() {
                let turn = core::f64::consts::TAU * j as f64 / points as f64;
                let sum = values.iter().enumerate().fold((0.0, 0.0), |(re, im), (k, &value)| {
                    let angle = turn * k as f64;
                    (re + f64::from(value) * angle.cos(), im - f64::from(value) * angle.sin())
                });
                let wanted = sum.0.hypot(sum.1);
                let found = (found as f64).sqrt();
                // Each stage rounds, and the next ones add that up.
                let rounding = (points as f64).sqrt();
                assert!((found - wanted).abs() < rounding + most * 1e-8, "{points} points, {j}: {found}, not {wanted}");
            }
        }
    }
}
