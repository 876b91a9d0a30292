//! Checks of the kernels from input spikes to output spikes.

use super::input::{self, Case, Slice};
use super::table::Kernels;
use crate::fixed::{BIAS_MAX, MEMBRANE_MAX, ONE_Q15, WEIGHT_MAX};
use crate::kernel::Lif;
use alloc::string::String;
use alloc::vec::Vec;

pub fn sum_rows(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, count: usize| {
        let (n, held) = (case.length, 12);
        let stride = n + case.pick(0, 9) as usize;
        let weights: Slice<i16> = case.slice(held * stride, -WEIGHT_MAX as i64, WEIGHT_MAX as i64);
        let rows: Vec<u32> = (0..count).map(|_| case.pick(0, held as i64 - 1) as u32).collect();
        let out: Slice<i32> = case.slice(n, i32::MIN as i64, i32::MAX as i64);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.sum_rows)(weights.get(), stride, &rows, got.get_mut());
        (case.truth.sum_rows)(weights.get(), stride, &rows, want.get_mut());
        case.same("out", &got, &want, &(stride, rows))
    };
    input::sweep("sum_rows", (subject, truth), |case| {
        let count = case.pick(0, 24) as usize;
        check(case, count)
    })?;
    input::sweep_few("sum_rows", (subject, truth), |case| (0..=70).try_for_each(|count| check(case, count)))
}

pub fn add_row(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("add_row", (subject, truth), |case| {
        let (n, of_weights) = (case.length, case.near_length());
        let weights: Slice<i16> = case.slice(of_weights, -WEIGHT_MAX as i64, WEIGHT_MAX as i64);
        let out: Slice<i32> = case.slice(n, -(1 << 30), 1 << 30);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.add_row)(weights.get(), got.get_mut());
        (case.truth.add_row)(weights.get(), want.get_mut());
        case.same("out", &got, &want, &of_weights)
    })
}

pub fn lif(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, leak: i32, soft_reset: bool| {
        let n = case.length;
        let high = [1 << 16, 1 << 21, BIAS_MAX][case.pick(0, 2) as usize];
        let lif = Lif { leak, threshold: case.pick(1 << 15, high as i64) as i32, soft_reset };
        let mut current: Slice<i32> = case.slice(n, i32::MIN as i64, i32::MAX as i64);
        let mut bias: Slice<i32> = case.slice(n, -BIAS_MAX as i64, BIAS_MAX as i64);
        let mut membrane: Slice<i32> = case.slice(n, -MEMBRANE_MAX as i64, MEMBRANE_MAX as i64);
        // Random membranes miss what is next to the threshold.
        for i in (0..n).filter(|_| leak == ONE_Q15) {
            if case.pick(0, 2) == 0 {
                membrane.get_mut()[i] = lif.threshold + case.pick(-1, 1) as i32;
                (current.get_mut()[i], bias.get_mut()[i]) = (0, 0);
            }
        }
        let v: Slice<i32> = case.slice(n, 0, 1);
        let spikes: Slice<u32> = case.slice(n, 0, 1);
        let run = |kernels: &Kernels| {
            let (mut membrane, mut v, mut spikes) = (membrane.clone(), v.clone(), spikes.clone());
            let outputs = (membrane.get_mut(), v.get_mut(), spikes.get_mut());
            let count = (kernels.lif)(&lif, current.get(), bias.get(), outputs.0, outputs.1, outputs.2);
            (membrane, v, spikes, count)
        };
        let (got, want) = (run(case.subject), run(case.truth));
        case.same("membrane", &got.0, &want.0, &lif)?;
        case.same("v", &got.1, &want.1, &lif)?;
        case.same("spikes", &got.2, &want.2, &lif)?;
        case.equal("number of spikes", got.3, want.3, &lif)
    };
    input::sweep("lif", (subject, truth), |case| {
        let leak = [ONE_Q15, ONE_Q15, 0, 1, ONE_Q15 - 1, case.pick(0, ONE_Q15 as i64) as i32][case.pick(0, 5) as usize];
        let soft_reset = case.pick(0, 1) == 1;
        check(case, leak, soft_reset)
    })
}

pub fn tri(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, bits: u32| {
        let n = case.length;
        // As far as membranes and thresholds go, or as far as psi reaches.
        let far = [(MEMBRANE_MAX + BIAS_MAX) as i64, 1 << bits][case.pick(0, 1) as usize];
        let given = case.near_length();
        let v: Slice<i32> = case.slice(given, -far, far);
        let out: Slice<i32> = case.slice(n, 0, 9);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.tri)(v.get(), got.get_mut(), bits);
        (case.truth.tri)(v.get(), want.get_mut(), bits);
        case.same("out", &got, &want, &bits)
    };
    input::sweep("tri", (subject, truth), |case| {
        let bits = case.pick(16, 21) as u32;
        check(case, bits)
    })?;
    input::sweep_few("tri", (subject, truth), |case| (16..=21).try_for_each(|bits| check(case, bits)))
}
