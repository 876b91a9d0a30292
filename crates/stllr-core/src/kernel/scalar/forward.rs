//! From input spikes to output spikes.

use crate::fixed::{CURRENT_MAX, MEMBRANE_EXTRA, MEMBRANE_MAX, mul_q15};
use crate::kernel::Lif;
use crate::psi;

/// `out[i]` = sum over `rows` of `weights[row * stride + i]`.
///
/// `stride` is the length of a row, `out` at most that long. Weights are at most `WEIGHT_MAX` in magnitude.
pub fn sum_rows(weights: &[i16], stride: usize, rows: &[u32], out: &mut [i32]) {
    out.fill(0);
    for &row in rows {
        let start = row as usize * stride;
        for (sum, &w) in out.iter_mut().zip(&weights[start..start + stride]) {
            *sum += w as i32;
        }
    }
}

/// `out[i] += weights[i]`. No sum leaves an `i32`.
#[inline(always)]
pub fn add_row(weights: &[i16], out: &mut [i32]) {
    for (sum, &w) in out.iter_mut().zip(weights) {
        *sum += w as i32;
    }
}

/// One time step of leaky integrate-and-fire neurons. Returns how many spiked; their numbers, rising, stand in `spikes`.
///
/// u <- leak u + current + bias; v = u - threshold; a spike where v > 0; then the reset. `current` is in weight format,
/// everything else in membrane format; current, sum and bias saturate as [`crate::fixed`] says. `v` is the membrane
/// before the reset, less the threshold. All slices have the same length.
pub fn lif(lif: &Lif, current: &[i32], bias: &[i32], membrane: &mut [i32], v: &mut [i32], spikes: &mut [u32]) -> usize {
    let n = membrane.len();
    let (current, bias, v, spikes) = (&current[..n], &bias[..n], &mut v[..n], &mut spikes[..n]);
    let mut count = 0;
    for i in 0..n {
        let limit = CURRENT_MAX >> MEMBRANE_EXTRA;
        let input = current[i].clamp(-limit, limit) << MEMBRANE_EXTRA;
        let u = (mul_q15(membrane[i], lif.leak) + input + bias[i]).clamp(-MEMBRANE_MAX, MEMBRANE_MAX);
        v[i] = u - lif.threshold;
        let spike = v[i] > 0;
        membrane[i] = match (spike, lif.soft_reset) {
            (false, _) => u,
            (true, true) => v[i],
            (true, false) => 0,
        };
        if spike {
            spikes[count] = i as u32;
            count += 1;
        }
    }
    count
}

/// The triangular surrogate of each `v`, `Q 15`: see [`crate::psi`].
pub fn tri(v: &[i32], out: &mut [i32], membrane_bits: u32) {
    for (out, &v) in out.iter_mut().zip(v) {
        *out = psi::tri(v, membrane_bits);
    }
}
