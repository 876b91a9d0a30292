//! Neurons of Intel's Loihi: see the scalar kernel of the same name.

use super::lanes::*;
use crate::fixed::MEMBRANE_MAX;
use crate::kernel::{LOIHI_MAX, Loihi, scalar};
use core::arch::wasm32::*;

/// See [`scalar::loihi`].
pub fn loihi(
    loihi: &Loihi,
    input: &[i32],
    bias: &[i32],
    states: (&mut [i32], &mut [i32]),
    v: &mut [i32],
    spikes: &mut [u32],
) -> usize {
    let (current, voltage) = states;
    let n = voltage.len();
    let vectors = n / 4 * 4;
    let (input, bias, current) = (&input[..n], &bias[..n], &mut current[..n]);
    let (v, spikes) = (&mut v[..n], &mut spikes[..n]);
    let (keep_current, keep_voltage) = (i32x4_splat(loihi.current_keep), i32x4_splat(loihi.voltage_keep));
    let threshold = i32x4_splat(loihi.threshold);
    let (room_in, room_out) = (LOIHI_MAX >> loihi.shift_in, MEMBRANE_MAX >> loihi.shift_out);
    // What rounds: the last bit that falls out, or none.
    let half = i32x4_splat((loihi.shift_out > 0) as i32);
    let mut count = 0;
    for i in (0..vectors).step_by(4) {
        let now = i32x4_shl(clamp_i32(load_i32(input, i), room_in), loihi.shift_in);
        let now = clamp_i32(i32x4_add(decayed(load_i32(current, i), keep_current), now), LOIHI_MAX);
        let bias = load_i32(bias, i);
        let last = v128_and(i32x4_shr(bias, loihi.shift_out.saturating_sub(1)), half);
        let bias = i32x4_add(i32x4_shr(bias, loihi.shift_out), last);
        let u = i32x4_add(i32x4_add(decayed(load_i32(voltage, i), keep_voltage), now), bias);
        let u = clamp_i32(u, LOIHI_MAX);
        let above = i32x4_sub(u, threshold);
        let spike = i32x4_gt(above, i32x4_splat(0));
        store_i32(current, i, now);
        store_i32(voltage, i, v128_andnot(u, spike));
        store_i32(v, i, i32x4_shl(clamp_i32(above, room_out), loihi.shift_out));
        let mut set = i32x4_bitmask(spike);
        while set != 0 {
            spikes[count] = i as u32 + set.trailing_zeros();
            count += 1;
            set &= set - 1;
        }
    }
    let rest = (&mut current[vectors..], &mut voltage[vectors..]);
    let (input, bias) = (&input[vectors..], &bias[vectors..]);
    let tail = scalar::loihi(loihi, input, bias, rest, &mut v[vectors..], &mut spikes[count..]);
    for spike in &mut spikes[count..count + tail] {
        *spike += vectors as u32;
    }
    count + tail
}

/// `a * keep / 4096` toward zero.
#[inline(always)]
fn decayed(a: v128, keep: v128) -> v128 {
    let sign = i32x4_shr(a, 31);
    let size = i32x4_abs(a);
    let high = i32x4_mul(i32x4_shr(size, 12), keep);
    let low = i32x4_shr(i32x4_mul(v128_and(size, i32x4_splat(0xfff)), keep), 12);
    i32x4_sub(v128_xor(i32x4_add(high, low), sign), sign)
}
