//! The check of Loihi's neurons.

use super::input::{self, Case, Slice};
use super::table::Kernels;
use crate::fixed::BIAS_MAX;
use crate::kernel::{LOIHI_MAX, Loihi};
use alloc::string::String;

pub fn loihi(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, keep: [i32; 2]| {
        let n = case.length;
        let high = [1 << 9, 1 << 16, LOIHI_MAX][case.pick(0, 2) as usize];
        let shift_out = case.pick(0, 8) as u32;
        let loihi = Loihi {
            current_keep: keep[0],
            voltage_keep: keep[1],
            threshold: case.pick(1, high as i64) as i32,
            shift_in: case.pick(0, 8) as u32,
            shift_out,
        };
        let mut input: Slice<i32> = case.slice(n, i32::MIN as i64, i32::MAX as i64);
        let mut bias: Slice<i32> = case.slice(n, -BIAS_MAX as i64, BIAS_MAX as i64);
        let mut current: Slice<i32> = case.slice(n, -LOIHI_MAX as i64, LOIHI_MAX as i64);
        let mut voltage: Slice<i32> = case.slice(n, -LOIHI_MAX as i64, LOIHI_MAX as i64);
        // Random voltages miss what is next to the threshold.
        for i in (0..n).filter(|_| keep[1] == 4096) {
            if case.pick(0, 2) == 0 {
                voltage.get_mut()[i] = (loihi.threshold + case.pick(-1, 1) as i32).min(LOIHI_MAX);
                (current.get_mut()[i], input.get_mut()[i]) = (0, 0);
                bias.get_mut()[i] = [0, (1 << shift_out) / 2, -(1 << shift_out) / 2][case.pick(0, 2) as usize];
            }
        }
        let v: Slice<i32> = case.slice(n, 0, 1);
        let spikes: Slice<u32> = case.slice(n, 0, 1);
        let run = |kernels: &Kernels| {
            let (mut current, mut voltage) = (current.clone(), voltage.clone());
            let (mut v, mut spikes) = (v.clone(), spikes.clone());
            let states = (current.get_mut(), voltage.get_mut());
            let count = (kernels.loihi)(&loihi, input.get(), bias.get(), states, v.get_mut(), spikes.get_mut());
            (current, voltage, v, spikes, count)
        };
        let (got, want) = (run(case.subject), run(case.truth));
        case.same("current", &got.0, &want.0, &loihi)?;
        case.same("voltage", &got.1, &want.1, &loihi)?;
        case.same("v", &got.2, &want.2, &loihi)?;
        case.same("spikes", &got.3, &want.3, &loihi)?;
        case.equal("number of spikes", got.4, want.4, &loihi)
    };
    input::sweep("loihi", (subject, truth), |case| {
        let mut keep = || [4096, 4096, 0, 1, 4095, case.pick(0, 4096) as i32][case.pick(0, 5) as usize];
        let keep = [keep(), keep()];
        check(case, keep)
    })
}
