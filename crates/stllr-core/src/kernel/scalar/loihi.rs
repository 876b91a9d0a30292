//! Neurons of Intel's Loihi.

use crate::fixed::{MEMBRANE_MAX, shift_round};
use crate::kernel::{LOIHI_MAX, Loihi};

/// One time step of Loihi's neurons. Returns how many spiked; their numbers, rising, stand in `spikes`.
///
/// current <- dec(current) + input 2^shift_in; voltage <- dec(voltage) + current + bias / 2^shift_out; a spike where the voltage
/// is above the threshold, and then it is 0. dec rounds toward zero; the quotient is to nearest; the input and both states saturate
/// at [`LOIHI_MAX`], the input at the last multiple of 2^shift_in before it. `input` is in weight format, `bias` and `v` are in membrane format, `states` (currents and voltages) in the chip's
/// units. `v` is the voltage before the reset, less the threshold, saturating as membranes do. All slices have the same length.
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
    let (input, bias, current) = (&input[..n], &bias[..n], &mut current[..n]);
    let (v, spikes) = (&mut v[..n], &mut spikes[..n]);
    let (room_in, room_out) = (LOIHI_MAX >> loihi.shift_in, MEMBRANE_MAX >> loihi.shift_out);
    let mut count = 0;
    for i in 0..n {
        let input = input[i].clamp(-room_in, room_in) << loihi.shift_in;
        let now = (decayed(current[i], loihi.current_keep) + input).clamp(-LOIHI_MAX, LOIHI_MAX);
        let bias = shift_round(bias[i], loihi.shift_out);
        let u = (decayed(voltage[i], loihi.voltage_keep) + now + bias).clamp(-LOIHI_MAX, LOIHI_MAX);
        let above = u - loihi.threshold;
        let spike = above > 0;
        current[i] = now;
        voltage[i] = if spike { 0 } else { u };
        v[i] = above.clamp(-room_out, room_out) << loihi.shift_out;
        if spike {
            spikes[count] = i as u32;
            count += 1;
        }
    }
    count
}

/// `a * keep / 4096` toward zero, for a magnitude of at most 2^24 and `keep` in 0..=4096.
fn decayed(a: i32, keep: i32) -> i32 {
    let size = a.abs();
    let kept = (size >> 12) * keep + (((size & 0xfff) * keep) >> 12);
    if a < 0 { -kept } else { kept }
}
