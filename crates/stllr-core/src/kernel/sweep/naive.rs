//! What every kernel's documentation says, in the plainest way: wide integers, one element after the other, sharing no
//! arithmetic with the kernels.

use crate::fixed::{BYTE_MAX, CURRENT_MAX, MEMBRANE_MAX, Scale, WEIGHT_MAX};
use crate::kernel::{Back, ColumnSums, Lif, Line, Loihi, Place, SUM_MAX, Sweep};
use crate::noise::{LANE_STRIDE, mix};
use alloc::vec::Vec;

/// n / 2^shift to nearest, halves up.
fn nearest(n: i64, shift: u32) -> i64 {
    let unit = 1i64 << shift;
    (n + unit / 2).div_euclid(unit)
}

fn held(n: i64, limit: i32) -> i64 {
    n.clamp(-(limit as i64), limit as i64)
}

/// To an `i32`; the documented ranges leave it no other choice than the value itself.
fn narrow(n: i64) -> i32 {
    i32::try_from(n).unwrap_or_else(|_| panic!("{n} is no i32: the case is outside the documented ranges"))
}

/// What is added before the bits below `shift` fall, for column `i`: `half` says that `i16` rows share each hash.
fn rounding(noise: Option<u32>, shift: u32, i: usize, half: bool) -> i64 {
    let Some(seed) = noise else { return (1i64 << shift) / 2 };
    let lane = if half { i % 16 / 2 } else { i % 8 } as u32;
    let word = mix(seed.wrapping_add(LANE_STRIDE.wrapping_mul(lane)));
    if half {
        let bits = if i.is_multiple_of(2) { word % 65536 } else { word / 65536 };
        (bits as i64) >> (16 - shift)
    } else {
        (word as i64) >> (32 - shift)
    }
}

fn lowered(weight: i16, change: i64) -> i16 {
    let change = change.clamp(i16::MIN as i64, i16::MAX as i64);
    held(weight as i64 - change, WEIGHT_MAX) as i16
}

pub fn sum_rows(weights: &[i16], stride: usize, rows: &[u32], out: &mut [i32]) {
    for (i, out) in out.iter_mut().enumerate() {
        *out = narrow(rows.iter().map(|&row| weights[row as usize * stride + i] as i64).sum());
    }
}

pub fn add_row(weights: &[i16], out: &mut [i32]) {
    for i in 0..out.len().min(weights.len()) {
        out[i] = narrow(out[i] as i64 + weights[i] as i64);
    }
}

pub fn lif(lif: &Lif, current: &[i32], bias: &[i32], membrane: &mut [i32], v: &mut [i32], spikes: &mut [u32]) -> usize {
    let mut count = 0;
    for i in 0..membrane.len() {
        let input = held(current[i] as i64 * 256, CURRENT_MAX);
        let u = held(nearest(membrane[i] as i64 * lif.leak as i64, 15) + input + bias[i] as i64, MEMBRANE_MAX);
        let threshold = lif.threshold as i64;
        v[i] = narrow(u - threshold);
        membrane[i] = narrow(u);
        if u > threshold {
            membrane[i] = if lif.soft_reset { narrow(u - threshold) } else { 0 };
            spikes[count] = i as u32;
            count += 1;
        }
    }
    count
}

pub fn loihi(
    loihi: &Loihi,
    input: &[i32],
    bias: &[i32],
    (current, voltage): (&mut [i32], &mut [i32]),
    v: &mut [i32],
    spikes: &mut [u32],
) -> usize {
    // Division rounds toward zero.
    let decayed = |a: i32, keep: i32| a as i64 * keep as i64 / 4096;
    let most = 8_388_607;
    let mut count = 0;
    for i in 0..voltage.len() {
        let input = input[i] as i64 * (1 << loihi.shift_in);
        let room = most as i64 >> loihi.shift_in << loihi.shift_in;
        current[i] = narrow(held(decayed(current[i], loihi.current_keep) + input.clamp(-room, room), most));
        let bias = nearest(bias[i] as i64, loihi.shift_out);
        let u = held(decayed(voltage[i], loihi.voltage_keep) + current[i] as i64 + bias, most);
        let above = u - loihi.threshold as i64;
        v[i] = narrow(held(above << loihi.shift_out, MEMBRANE_MAX));
        voltage[i] = narrow(if above > 0 { 0 } else { u });
        if above > 0 {
            spikes[count] = i as u32;
            count += 1;
        }
    }
    count
}

pub fn tri(v: &[i32], out: &mut [i32], membrane_bits: u32) {
    for (out, &v) in out.iter_mut().zip(v) {
        let rest = ((1i64 << membrane_bits) - (v as i64).abs()).max(0) >> (membrane_bits - 15);
        *out = narrow(nearest(rest * 9830, 15));
    }
}

pub fn feedback(feedback: &[i16], error: &[i16], out: &mut [i32]) {
    let width = out.len();
    for (i, out) in out.iter_mut().enumerate() {
        let weight = |c: usize| feedback[(c / 2 * width + i) * 2 + c % 2] as i64;
        *out = narrow(error.iter().enumerate().map(|(c, &e)| weight(c) * e as i64).sum());
    }
}

pub fn rows_dot(weights: &[i16], stride: usize, g: &[i16], scale: Scale, out: &mut [i32]) {
    for (j, out) in out.iter_mut().enumerate() {
        let dot: i64 = g.iter().enumerate().map(|(i, &g)| weights[j * stride + i] as i64 * g as i64).sum();
        let added = held(nearest(dot, scale.right), scale.limit >> scale.left) << scale.left;
        *out = narrow(held(*out as i64 + added, scale.limit));
    }
}

pub fn rows_dot_many(weights: &[i16], width: usize, g: &[i16], places: &[Place], scale: Scale, out: &mut [i32]) {
    for place in places {
        let (from, to) = (place.from as usize, place.to as usize);
        rows_dot(weights, width, &g[from..from + width], scale, &mut out[to..to + weights.len() / width]);
    }
}

pub fn rows_dot_sparse(weights: &[i16], stride: usize, g: &[i16], blocks: &[u16], scale: Scale, out: &mut [i32]) {
    let in_a_block = |&i: &usize| blocks.contains(&((i / 8) as u16));
    let dense: Vec<i16> = (0..g.len()).map(|i| if in_a_block(&i) { g[i] } else { 0 }).collect();
    rows_dot(weights, stride, &dense, scale, out);
}

pub fn product_size(a: &[i32], m: &[i32]) -> (i32, u64) {
    let sizes = || a.iter().zip(m).map(|(&a, &m)| nearest(a as i64 * m as i64, 15).unsigned_abs());
    (narrow(sizes().max().unwrap_or(0) as i64), sizes().sum())
}

pub fn product_narrow(a: &[i32], m: &[i32], shift: u32, out: &mut [i16]) {
    for (i, out) in out.iter_mut().enumerate().take(a.len()).take(m.len()) {
        *out = nearest(nearest(a[i] as i64 * m[i] as i64, 15), shift).clamp(i16::MIN as i64, i16::MAX as i64) as i16;
    }
}

pub fn product(a: &[i32], m: &[i32], out: &mut [i32]) {
    for (i, out) in out.iter_mut().enumerate().take(a.len()).take(m.len()) {
        *out = narrow(nearest(a[i] as i64 * m[i] as i64, 15));
    }
}

pub fn contribution(d: &[i32], psi: &[i32], scale: Scale, out: &mut [i32]) {
    for (i, out) in out.iter_mut().enumerate().take(d.len()).take(psi.len()) {
        let factor = nearest(psi[i] as i64 * scale.mantissa as i64, 15);
        *out = narrow(shifted(nearest(d[i] as i64 * factor, 15), scale));
    }
}

pub fn trace_contribution(d: &[i32], trace: &[i32], scale: Scale, limit: i32, out: &mut [i32]) {
    for (i, out) in out.iter_mut().enumerate().take(d.len()).take(trace.len()) {
        let scaled = shifted(nearest(d[i] as i64 * scale.mantissa as i64, 15), scale);
        *out = narrow(held(nearest(scaled * trace[i] as i64, 15), limit));
    }
}

/// Divided by 2^right to nearest, or times 2^left; held to what the limit has of whole 2^left.
fn shifted(product: i64, scale: Scale) -> i64 {
    held(nearest(product, scale.right), scale.limit >> scale.left) << scale.left
}

pub fn decay_add(trace: &mut [i32], decay: i32, add: &[i32], limit: i32) {
    for (trace, &add) in trace.iter_mut().zip(add) {
        let kept = (*trace as i64 * decay as i64).div_euclid(1 << 15);
        *trace = narrow((kept + add as i64).min(limit as i64));
    }
}

pub fn sweep_back(sum: &mut [i32], decay: i32, p: &mut [i32]) {
    for (sum, p) in sum.iter_mut().zip(p) {
        let new = nearest(*sum as i64 * decay as i64, 15) + *p as i64;
        (*sum, *p) = (narrow(new), narrow(new));
    }
}

pub fn add(a: &mut [i32], b: &[i32]) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a = (*a as i64 + b as i64) as i32;
    }
}

pub fn peak(a: &[i32]) -> i32 {
    narrow(a.iter().map(|&a| (a as i64).abs()).max().unwrap_or(0))
}

pub fn quantise(a: &[i32], shift: u32, limit: i32, out: &mut [i16]) {
    for (out, &a) in out.iter_mut().zip(a) {
        *out = held(nearest(a as i64, shift), limit) as i16;
    }
}

pub fn update_row(weights: &mut [i16], sweep: &Sweep, mask: u32, trace: i16, noise: Option<u32>) {
    let width = weights.len();
    for (i, weight) in weights.iter_mut().enumerate() {
        let steps = (0..32).filter(|step| mask >> step & 1 == 1);
        let sum: i64 = steps.map(|step| sweep.steps[step * width + i] as i64).sum();
        let carried = nearest(sweep.carry[i] as i64 * trace as i64, 15);
        let change = (sum + carried + rounding(noise, sweep.shift, i, true)) >> sweep.shift;
        *weight = lowered(*weight, change);
    }
}

pub fn accumulate_row(sum: &mut [i32], steps: &[i32], stride: usize, mask: u32, carry: &[i32], trace: i32) {
    for (i, sum) in sum.iter_mut().enumerate() {
        let spiked = (0..32).filter(|step| mask >> step & 1 == 1);
        let new: i64 = spiked.map(|step| steps[step * stride + i] as i64).sum();
        let carried = nearest(carry[i] as i64 * trace as i64, 15);
        *sum = narrow(held(*sum as i64 + new + carried, SUM_MAX));
    }
}

pub fn apply_row(weights: &mut [i16], gradient: &mut [i32], shift: u32, noise: Option<u32>) {
    for (i, (weight, gradient)) in weights.iter_mut().zip(gradient).enumerate() {
        let change = (*gradient as i64 + rounding(noise, shift, i, false)) >> shift;
        *weight = lowered(*weight, change);
        *gradient = 0;
    }
}

pub fn apply_wide_row(weights: &mut [i32], gradient: &mut [i32], shift: i32, limit: i32, noise: Option<u32>) {
    for (i, (weight, gradient)) in weights.iter_mut().zip(gradient).enumerate() {
        let change = match u32::try_from(shift) {
            Ok(right) => (*gradient as i64 + rounding(noise, right, i, false)) >> right,
            Err(_) => (*gradient as i64) << -shift,
        };
        *weight = narrow(held(*weight as i64 - change, limit));
        *gradient = 0;
    }
}

pub fn sum_byte_rows(weights: &[i8], stride: usize, rows: &[u32], shift: u32, out: &mut [i32]) {
    for (i, out) in out.iter_mut().enumerate() {
        let sum: i64 = rows.iter().map(|&row| weights[row as usize * stride + i] as i64).sum();
        *out = narrow(sum * (1 << shift));
    }
}

pub fn add_byte_row(weights: &[i8], shift: u32, out: &mut [i32]) {
    for i in 0..out.len().min(weights.len()) {
        out[i] = narrow(out[i] as i64 + weights[i] as i64 * (1 << shift));
    }
}

pub fn widen_bytes(weights: &[i8], shift: u32, out: &mut [i16]) {
    for i in 0..out.len().min(weights.len()) {
        out[i] = narrow(weights[i] as i64 * (1 << shift)) as i16;
    }
}

pub fn change_bytes(weights: &mut [i8], change: &[i16]) {
    for i in 0..weights.len().min(change.len()) {
        weights[i] = held(weights[i] as i64 + change[i] as i64, BYTE_MAX) as i8;
    }
}

/// Calls `visit` with the index of each element that has a column, and that column.
fn each(len: usize, stride: usize, columns: usize, mut visit: impl FnMut(usize, usize)) {
    for at in 0..len / stride * stride {
        if at % stride < columns {
            visit(at, at % stride);
        }
    }
}

pub fn weight_sums(weights: &[i16], stride: usize, sums: &mut ColumnSums) {
    each(weights.len(), stride, sums.first.len(), |at, column| {
        sums.first[column] += weights[at] as i64;
        sums.second[column] += (weights[at] as i64).pow(2);
    });
}

pub fn gradient_sums(weights: &[i16], gradient: &[i32], stride: usize, centres: &[i16], sums: &mut ColumnSums) -> i32 {
    let mut peak = 0;
    each(weights.len(), stride, sums.first.len(), |at, column| {
        sums.first[column] += gradient[at] as i64;
        sums.second[column] += gradient[at] as i64 * (weights[at] as i64 - centres[column] as i64);
        peak = peak.max((gradient[at] as i64).abs());
    });
    narrow(peak)
}

fn line(line: &Line, w: i16) -> i128 {
    let whole = (w as i128 * line.slope as i128 + line.offset as i128).div_euclid(1 << line.right);
    whole * (1 << line.left)
}

pub fn standardise(raw: &[i16], stride: usize, lines: &[Line], out: &mut [i16]) {
    let most = WEIGHT_MAX as i128;
    each(raw.len(), stride, lines.len(), |at, column| {
        out[at] = line(&lines[column], raw[at]).clamp(-most, most) as i16
    });
}

pub fn standard_back(raw: &[i16], stride: usize, backs: &[Back], _peak: i32, gradient: &mut [i32]) {
    each(raw.len(), stride, backs.len(), |at, column| {
        let back = &backs[column];
        let centred = gradient[at] as i128 * 256 - back.mean as i128 - line(&back.line, raw[at]);
        let centred = centred.clamp(-(1 << 47), 1 << 47);
        let scaled = (2 * centred * back.scale as i128 + (1 << back.right)).div_euclid(1 << (back.right + 1));
        gradient[at] = scaled.clamp(-SUM_MAX as i128, SUM_MAX as i128) as i32;
    });
}
