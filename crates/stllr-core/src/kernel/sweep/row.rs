//! Checks of the kernels that change a row of weights or of its gradient.

use super::input::{self, Case, Slice};
use super::table::Kernels;
use crate::fixed::{BIAS_MAX, ONE_Q15, READOUT_WEIGHT_MAX, WEIGHT_MAX};
use crate::kernel::{SUM_MAX, Sweep};
use alloc::string::String;

/// The most steps of a block.
const STEPS: usize = 32;
/// Shifts that an `i16` row allows, from 1.
const SHIFTS: u32 = 14;
/// Shifts of a gradient that changes `i16` weights.
const GRADIENT_SHIFTS: u32 = 26;
/// Shifts that an `i32` row allows.
const WIDE_SHIFTS: u32 = 20;

pub fn update_row(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, shift: u32, count: usize, steps: usize| {
        let n = case.length;
        let weights: Slice<i16> = case.slice(n, -WEIGHT_MAX as i64, WEIGHT_MAX as i64);
        // As large as the sum of a row allows.
        let most = (i16::MAX as i64 - (1 << shift)) / (count as i64 + 1);
        let values: Slice<i16> = case.slice(steps * n, -most, most);
        let carry: Slice<i16> = case.slice(n, -most, most);
        let mask = case.mask(count, steps);
        let noise = case.noise();
        let sweep = Sweep { steps: values.get(), carry: carry.get(), shift };
        for trace in [0, 1, i16::MAX, case.pick(0, i16::MAX as i64) as i16] {
            let (mut got, mut want) = (weights.clone(), weights.clone());
            (case.subject.update_row)(got.get_mut(), &sweep, mask, trace, noise);
            (case.truth.update_row)(want.get_mut(), &sweep, mask, trace, noise);
            case.same("weights", &got, &want, &(shift, mask, trace, noise))?;
        }
        Ok(())
    };
    input::sweep("update_row", (subject, truth), |case| {
        let shift = case.pick(1, SHIFTS as i64) as u32;
        let count = case.pick(0, 10) as usize;
        let steps = case.pick(count.max(1) as i64, 12) as usize;
        check(case, shift, count, steps)
    })?;
    input::sweep_few("update_row", (subject, truth), |case| {
        (1..=SHIFTS).try_for_each(|shift| (0..=STEPS).try_for_each(|count| check(case, shift, count, STEPS)))
    })
}

pub fn accumulate_row(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, count: usize, steps: usize| {
        let n = case.length;
        // Half of what may be added comes from the steps and half from the carried trace.
        let half = (SUM_MAX / 2) as i64;
        let most = half / count.max(1) as i64;
        let sum: Slice<i32> = case.slice(n, -SUM_MAX as i64, SUM_MAX as i64);
        let stride = n + case.pick(0, 9) as usize;
        let values: Slice<i32> = case.slice(steps * stride, -most, most);
        let carry: Slice<i32> = case.slice(n, -half, half);
        let mask = case.mask(count, steps);
        for trace in [0, 1, ONE_Q15, case.pick(0, ONE_Q15 as i64) as i32] {
            let (mut got, mut want) = (sum.clone(), sum.clone());
            (case.subject.accumulate_row)(got.get_mut(), values.get(), stride, mask, carry.get(), trace);
            (case.truth.accumulate_row)(want.get_mut(), values.get(), stride, mask, carry.get(), trace);
            case.same("sum", &got, &want, &(stride, mask, trace))?;
        }
        Ok(())
    };
    input::sweep("accumulate_row", (subject, truth), |case| {
        let count = case.pick(0, 6) as usize;
        let steps = case.pick(count.max(1) as i64, 8) as usize;
        check(case, count, steps)
    })?;
    input::sweep_few("accumulate_row", (subject, truth), |case| {
        (0..=STEPS).try_for_each(|count| check(case, count, STEPS))
    })
}

pub fn apply_row(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, shift: u32| {
        let (n, of_gradient) = (case.length, case.near_length());
        let weights: Slice<i16> = case.slice(n, -WEIGHT_MAX as i64, WEIGHT_MAX as i64);
        // All that a gradient can hold, or as far as most weights do not saturate.
        let most = [SUM_MAX as i64, (1i64 << (shift + 13)).min(SUM_MAX as i64)][case.pick(0, 1) as usize];
        let gradient: Slice<i32> = case.slice(of_gradient, -most, most);
        let noise = case.noise();
        let (mut got, mut want) = ((weights.clone(), gradient.clone()), (weights, gradient));
        (case.subject.apply_row)(got.0.get_mut(), got.1.get_mut(), shift, noise);
        (case.truth.apply_row)(want.0.get_mut(), want.1.get_mut(), shift, noise);
        case.same("weights", &got.0, &want.0, &(shift, noise))?;
        case.same("gradient", &got.1, &want.1, &(shift, noise))
    };
    input::sweep("apply_row", (subject, truth), |case| {
        let shift = case.pick(0, GRADIENT_SHIFTS as i64) as u32;
        check(case, shift)
    })?;
    input::sweep_few("apply_row", (subject, truth), |case| {
        (0..=GRADIENT_SHIFTS).try_for_each(|shift| check(case, shift))
    })
}

pub fn apply_wide_row(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, shift: i32| {
        let (n, of_gradient) = (case.length, case.near_length());
        let limit = [BIAS_MAX, READOUT_WEIGHT_MAX, case.pick(1, BIAS_MAX as i64) as i32][case.pick(0, 2) as usize];
        let weights: Slice<i32> = case.slice(n, -limit as i64, limit as i64);
        // All that a gradient can hold, or as far as most weights do not saturate.
        let moderate = if shift > 0 { (limit as i64) << shift } else { limit as i64 >> -shift };
        let most = [SUM_MAX as i64, moderate.min(SUM_MAX as i64)][case.pick(0, 1) as usize];
        let gradient: Slice<i32> = case.slice(of_gradient, -most, most);
        let noise = case.noise();
        let (mut got, mut want) = ((weights.clone(), gradient.clone()), (weights, gradient));
        (case.subject.apply_wide_row)(got.0.get_mut(), got.1.get_mut(), shift, limit, noise);
        (case.truth.apply_wide_row)(want.0.get_mut(), want.1.get_mut(), shift, limit, noise);
        case.same("weights", &got.0, &want.0, &(shift, limit, noise))?;
        case.same("gradient", &got.1, &want.1, &(shift, limit, noise))
    };
    let shifts = -(WIDE_SHIFTS as i32)..=WIDE_SHIFTS as i32;
    input::sweep("apply_wide_row", (subject, truth), |case| {
        let shift = case.pick(*shifts.start() as i64, *shifts.end() as i64) as i32;
        check(case, shift)
    })?;
    input::sweep_few("apply_wide_row", (subject, truth), |case| shifts.clone().try_for_each(|shift| check(case, shift)))
}
