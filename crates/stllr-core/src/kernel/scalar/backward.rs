//! From learning signals to weights.

use crate::fixed::{Scale, WEIGHT_MAX, mul_q15, mul_q15_floor, shift_round};
use crate::kernel::{SUM_MAX, Sweep};
use crate::noise::{LANES, lanes_i16, lanes_i32};

/// `out[i]` = sum over c of `feedback[c][i] * error[c]`: the learning signal of each neuron.
///
/// `feedback` holds pairs of classes side by side: element `(c / 2 * width + i) * 2 + c % 2`, `width` = `out.len()`.
/// `error` has an even length; its magnitudes sum to at most 2^31 - 1 by the largest of `feedback`, so no sum leaves an `i32`.
pub fn feedback(feedback: &[i16], error: &[i16], out: &mut [i32]) {
    out.fill(0);
    let width = out.len();
    for (pair, e) in error.chunks_exact(2).enumerate() {
        let weights = &feedback[pair * width * 2..(pair + 1) * width * 2];
        for (sum, w) in out.iter_mut().zip(weights.chunks_exact(2)) {
            *sum += w[0] as i32 * e[0] as i32 + w[1] as i32 * e[1] as i32;
        }
    }
}

/// `out[j]` += sum over i of `weights[j * stride + i] * g[i]`, shifted by `scale`: what passes down to row j.
///
/// The sum of the magnitudes of `g` is at most 2^17, so that no sum leaves an `i32`. The scale's mantissa is not used; what
/// is added and the result saturate at its limit, below 2^30; `out` is at most 2^30.
pub fn rows_dot(weights: &[i16], stride: usize, g: &[i16], scale: Scale, out: &mut [i32]) {
    for (row, out) in out.iter_mut().enumerate() {
        let weights = &weights[row * stride..row * stride + g.len()];
        let dot = weights.iter().zip(g).map(|(&w, &g)| w as i32 * g as i32).sum();
        *out = (*out + scale.shift(dot)).clamp(-scale.limit, scale.limit);
    }
}

/// `out[i] = a[i] * m[i]`, `m` in `Q 15` within -32768..=32768.
pub fn product(a: &[i32], m: &[i32], out: &mut [i32]) {
    for ((out, &a), &m) in out.iter_mut().zip(a).zip(m) {
        *out = mul_q15(a, m);
    }
}

/// `out[i] = d[i] * psi[i] * scale`, saturating: one step's causal contribution to the update.
///
/// `psi` is in `Q 15`, 0..=32768, and takes the scale's mantissa first: `out = (d * (psi * mantissa)) / 2^right * 2^left`,
/// each to nearest.
pub fn contribution(d: &[i32], psi: &[i32], scale: Scale, out: &mut [i32]) {
    for ((out, &d), &psi) in out.iter_mut().zip(d).zip(psi) {
        let factor = (psi * scale.mantissa + 0x4000) >> 15;
        *out = scale.shift(mul_q15(d, factor));
    }
}

/// `out[i] = scale(d[i]) * trace[i]`, saturating at `limit`: one step's non-causal contribution to the update.
///
/// `trace` is in `Q 15`, 0..=2^21; `scale.limit` is at most 2^24 and `limit` at most 2^30.
pub fn trace_contribution(d: &[i32], trace: &[i32], scale: Scale, limit: i32, out: &mut [i32]) {
    for ((out, &d), &trace) in out.iter_mut().zip(d).zip(trace) {
        let d = scale.apply(d);
        let product = d * (trace >> 15) + mul_q15(d, trace & 0x7fff);
        *out = product.clamp(-limit, limit);
    }
}

/// `trace[i] = decay * trace[i] + add[i]`, the decay rounded down, saturating at `limit`; `Q 15`, never negative.
pub fn decay_add(trace: &mut [i32], decay: i32, add: &[i32], limit: i32) {
    for (trace, &add) in trace.iter_mut().zip(add) {
        *trace = (mul_q15_floor(*trace, decay) + add).min(limit);
    }
}

/// `sum[i] = decay * sum[i] + p[i]`, then `p[i] = sum[i]`: one step of the reverse sweep.
pub fn sweep_back(sum: &mut [i32], decay: i32, p: &mut [i32]) {
    for (sum, p) in sum.iter_mut().zip(p) {
        *sum = mul_q15(*sum, decay) + *p;
        *p = *sum;
    }
}

/// `a[i] += b[i]`, wrapping.
pub fn add(a: &mut [i32], b: &[i32]) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a = a.wrapping_add(b);
    }
}

/// The largest magnitude in `a`; 0 for none. Values are above `i32::MIN`.
pub fn peak(a: &[i32]) -> i32 {
    a.iter().fold(0, |peak, &a| peak.max(a.abs()))
}

/// `out[i] = a[i] / 2^shift` to nearest, saturating at `limit`, which is at most 32767.
pub fn quantise(a: &[i32], shift: u32, limit: i32, out: &mut [i16]) {
    for (out, &a) in out.iter_mut().zip(a) {
        *out = shift_round(a, shift).clamp(-limit, limit) as i16;
    }
}

/// One row's update of a block: w[i] <- w[i] - (sum over the steps in `mask` of the sweep + carry[i] trace) >> shift.
///
/// `trace` is in `Q 15`, 0..=32767; the rounding term comes from `noise` (see [`lanes_i16`]). The weights saturate at
/// `WEIGHT_MAX`.
pub fn update_row(weights: &mut [i16], sweep: &Sweep, mask: u32, trace: i16, noise: Option<u32>) {
    let noise = lanes_i16(noise, sweep.shift);
    let width = weights.len();
    // A few columns at a time, a step at a time: the sums stay in registers and the steps' rows are read in order.
    for (tile, weights) in weights.chunks_mut(2 * LANES).enumerate() {
        let first = tile * 2 * LANES;
        let mut sums = [0; 2 * LANES];
        for (i, sum) in sums[..weights.len()].iter_mut().enumerate() {
            *sum = mul_q15(sweep.carry[first + i] as i32, trace as i32) + noise[i] as i32;
        }
        let mut steps = mask;
        while steps != 0 {
            let start = steps.trailing_zeros() as usize * width + first;
            for (sum, &value) in sums.iter_mut().zip(&sweep.steps[start..start + weights.len()]) {
                *sum += value as i32;
            }
            steps &= steps - 1;
        }
        for (w, sum) in weights.iter_mut().zip(sums) {
            *w = (*w as i32 - (sum >> sweep.shift)).clamp(-WEIGHT_MAX, WEIGHT_MAX) as i16;
        }
    }
}

/// `sum[i]` += over the steps in `mask` of the sweep + `carry[i] * trace`, in full precision.
///
/// The values of a step begin `stride` after those of the step before, and there are as many as sums; `trace` is in `Q 15`, 0..=32768. What is added stays below [`SUM_MAX`] in
/// magnitude (the caller's bound on the contributions sees to it), and so does the result, by saturation.
pub fn accumulate_row(sum: &mut [i32], steps: &[i32], stride: usize, mask: u32, carry: &[i32], trace: i32) {
    for (i, sum) in sum.iter_mut().enumerate() {
        let mut new = mul_q15(carry[i], trace);
        let mut rest = mask;
        while rest != 0 {
            new += steps[rest.trailing_zeros() as usize * stride + i];
            rest &= rest - 1;
        }
        *sum = (*sum + new).clamp(-SUM_MAX, SUM_MAX);
    }
}

/// w[i] <- w[i] - (gradient[i] + noise) >> shift, saturating at `WEIGHT_MAX`; the gradient is set to zero.
///
/// The gradient's magnitudes are at most [`SUM_MAX`], `shift` at most 26.
pub fn apply_row(weights: &mut [i16], gradient: &mut [i32], shift: u32, noise: Option<u32>) {
    let noise = lanes_i32(noise, shift);
    for (i, (w, g)) in weights.iter_mut().zip(gradient).enumerate() {
        let change = ((*g + noise[i % LANES]) >> shift).clamp(i16::MIN as i32, i16::MAX as i32);
        *w = (*w as i32 - change).clamp(-WEIGHT_MAX, WEIGHT_MAX) as i16;
        *g = 0;
    }
}

/// The same for `i32` weights: w[i] <- w[i] - (gradient[i] + noise) / 2^shift, saturating at `limit`; the gradient is set
/// to zero.
///
/// `shift` from -20 to 20, `limit` below 2^29; weights are within it.
pub fn apply_wide_row(weights: &mut [i32], gradient: &mut [i32], shift: i32, limit: i32, noise: Option<u32>) {
    let (right, left) = (shift.max(0) as u32, (-shift).max(0) as u32);
    let noise = lanes_i32(noise, right);
    for (i, (w, g)) in weights.iter_mut().zip(gradient).enumerate() {
        apply_wide(w, g, right, left, limit, noise[i % LANES]);
    }
}

/// One element of [`apply_wide_row`].
#[inline(always)]
pub fn apply_wide(w: &mut i32, g: &mut i32, right: u32, left: u32, limit: i32, noise: i32) {
    let room = SUM_MAX >> left;
    let change = ((*g + noise) >> right).clamp(-room, room) << left;
    *w = (*w - change).clamp(-limit, limit);
    *g = 0;
}
