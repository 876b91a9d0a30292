//! Checks of the kernels from learning signals to the reverse sweep.

use super::input::{self, Case, Slice};
use super::table::Kernels;
use crate::fixed::{ONE_Q15, Scale, WEIGHT_MAX};
use alloc::string::String;

pub const FULL: (i64, i64) = (i32::MIN as i64, i32::MAX as i64);

pub fn feedback(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, pairs: usize| {
        let (n, classes) = (case.length, 2 * pairs);
        let most = [1 << 15, 1 << 12, case.pick(1, 1 << 15)][case.pick(0, 2) as usize];
        let weights: Slice<i16> = case.slice(classes * n, -most, most.min(i16::MAX as i64));
        let mut error: Slice<i16> = case.slice(classes, 0, 0);
        spend(case, i32::MAX as i64 / most, error.get_mut());
        let out: Slice<i32> = case.slice(n, FULL.0, FULL.1);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.feedback)(weights.get(), error.get(), got.get_mut());
        (case.truth.feedback)(weights.get(), error.get(), want.get_mut());
        case.same("out", &got, &want, &error.get())
    };
    input::sweep("feedback", (subject, truth), |case| {
        let pairs = case.pick(0, 6) as usize;
        check(case, pairs)
    })?;
    input::sweep_few("feedback", (subject, truth), |case| (0..=20).try_for_each(|pairs| check(case, pairs)))
}

/// A scale with any shift one way, as products with weights have it.
pub fn shift(case: &mut Case) -> Scale {
    let (right, left) = [(case.pick(0, 31) as u32, 0), (0, case.pick(0, 31) as u32)][case.pick(0, 1) as usize];
    Scale { mantissa: 0, right, left, limit: (1 << 30) - 1 }
}

pub fn rows_dot(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("rows_dot", (subject, truth), |case| {
        let (n, rows) = (case.length, case.pick(0, 9) as usize);
        let stride = n + case.pick(0, 9) as usize;
        let weights: Slice<i16> = case.slice(rows * stride, -WEIGHT_MAX as i64, WEIGHT_MAX as i64);
        let mut g: Slice<i16> = case.slice(n, 0, 0);
        spend(case, 1 << 17, g.get_mut());
        let out: Slice<i32> = case.slice(rows, -(1 << 30), 1 << 30);
        let scale = shift(case);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.rows_dot)(weights.get(), stride, g.get(), scale, got.get_mut());
        (case.truth.rows_dot)(weights.get(), stride, g.get(), scale, want.get_mut());
        case.same("out", &got, &want, &(rows, stride, scale))
    })
}

/// Fills `values` so that the sum of their magnitudes is at most `budget`: evenly, or as much as fits to the first.
pub fn spend(case: &mut Case, budget: i64, values: &mut [i16]) {
    let evenly = case.pick(0, 1) == 1;
    let (mut left, n) = (budget, values.len().max(1) as i64);
    for value in values {
        let most = (if evenly { budget / n } else { left }).min(i16::MAX as i64);
        *value = case.value(-most, most) as i16;
        left -= value.unsigned_abs() as i64;
    }
}

pub fn product(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("product", (subject, truth), |case| {
        let (n, of_a, of_m) = (case.length, case.near_length(), case.near_length());
        let a: Slice<i32> = case.slice(of_a, FULL.0 + 1, FULL.1);
        let m: Slice<i32> = case.slice(of_m, -ONE_Q15 as i64, ONE_Q15 as i64);
        let out: Slice<i32> = case.slice(n, FULL.0, FULL.1);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.product)(a.get(), m.get(), got.get_mut());
        (case.truth.product)(a.get(), m.get(), want.get_mut());
        case.same("out", &got, &want, &(of_a, of_m))
    })
}

/// A scale with these shifts, and any mantissa and limit.
fn scale(case: &mut Case, right: u32, left: u32) -> Scale {
    let size = [0, 1 << 14, case.pick(1 << 14, 1 << 15), 1 << 15][case.pick(0, 3) as usize];
    let mantissa = (if case.pick(0, 1) == 1 { size } else { -size }) as i32;
    Scale { mantissa, right, left, limit: [1 << 24, case.pick(1, 1 << 24) as i32][case.pick(0, 1) as usize] }
}

/// The shifts that a scale can have, right and left.
fn shifts() -> impl Iterator<Item = (u32, u32)> {
    (0..=31).map(|right| (right, 0)).chain((1..=31).map(|left| (0, left)))
}

pub fn contribution(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, right: u32, left: u32| {
        let (n, of_d, of_psi) = (case.length, case.near_length(), case.near_length());
        let scale = scale(case, right, left);
        let d: Slice<i32> = case.slice(of_d, FULL.0 + 1, FULL.1);
        let psi: Slice<i32> = case.slice(of_psi, 0, ONE_Q15 as i64);
        let out: Slice<i32> = case.slice(n, FULL.0, FULL.1);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.contribution)(d.get(), psi.get(), scale, got.get_mut());
        (case.truth.contribution)(d.get(), psi.get(), scale, want.get_mut());
        case.same("out", &got, &want, &scale)
    };
    input::sweep("contribution", (subject, truth), |case| {
        let right = case.pick(0, 14) as u32;
        check(case, right, 0)
    })?;
    input::sweep_few("contribution", (subject, truth), |case| {
        shifts().try_for_each(|(right, left)| check(case, right, left))
    })
}

pub fn trace_contribution(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, right: u32, left: u32| {
        let (n, of_d, of_trace) = (case.length, case.near_length(), case.near_length());
        let scale = scale(case, right, left);
        let limit = [1 << 30, case.pick(0, 1 << 24) as i32][case.pick(0, 1) as usize];
        let d: Slice<i32> = case.slice(of_d, FULL.0 + 1, FULL.1);
        // Traces of surrogates end at 64.
        let top = [1 << 15, 1 << 21][case.pick(0, 1) as usize];
        let trace: Slice<i32> = case.slice(of_trace, 0, top);
        let out: Slice<i32> = case.slice(n, FULL.0, FULL.1);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.trace_contribution)(d.get(), trace.get(), scale, limit, got.get_mut());
        (case.truth.trace_contribution)(d.get(), trace.get(), scale, limit, want.get_mut());
        case.same("out", &got, &want, &(scale, limit))
    };
    input::sweep("trace_contribution", (subject, truth), |case| {
        let right = case.pick(0, 14) as u32;
        check(case, right, 0)
    })?;
    input::sweep_few("trace_contribution", (subject, truth), |case| {
        shifts().try_for_each(|(right, left)| check(case, right, left))
    })
}

/// A decay at an end of its range or between.
fn decay(case: &mut Case) -> i32 {
    [0, 1, 1 << 14, 3 << 13, ONE_Q15 - 1, ONE_Q15, case.pick(0, ONE_Q15 as i64) as i32][case.pick(0, 6) as usize]
}

pub fn decay_add(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("decay_add", (subject, truth), |case| {
        let (n, of_add, decay) = (case.length, case.near_length(), decay(case));
        let limit = [1 << 21, 1 << 30, case.pick(0, 1 << 30) as i32][case.pick(0, 2) as usize];
        let trace: Slice<i32> = case.slice(n, 0, limit as i64);
        let add: Slice<i32> = case.slice(of_add, 0, ONE_Q15 as i64);
        let (mut got, mut want) = (trace.clone(), trace);
        (case.subject.decay_add)(got.get_mut(), decay, add.get(), limit);
        (case.truth.decay_add)(want.get_mut(), decay, add.get(), limit);
        case.same("trace", &got, &want, &(decay, limit))
    })
}

pub fn sweep_back(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("sweep_back", (subject, truth), |case| {
        let (n, of_p, decay) = (case.length, case.near_length(), decay(case));
        let most = 1i64 << 30;
        let sum: Slice<i32> = case.slice(n, -most, most);
        let p: Slice<i32> = case.slice(of_p, 1 - most, most - 1);
        let (mut got, mut want) = ((sum.clone(), p.clone()), (sum, p));
        (case.subject.sweep_back)(got.0.get_mut(), decay, got.1.get_mut());
        (case.truth.sweep_back)(want.0.get_mut(), decay, want.1.get_mut());
        case.same("sum", &got.0, &want.0, &decay)?;
        case.same("p", &got.1, &want.1, &decay)
    })
}

pub fn add(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("add", (subject, truth), |case| {
        let (n, of_b) = (case.length, case.near_length());
        let a: Slice<i32> = case.slice(n, FULL.0, FULL.1);
        let b: Slice<i32> = case.slice(of_b, FULL.0, FULL.1);
        let (mut got, mut want) = (a.clone(), a);
        (case.subject.add)(got.get_mut(), b.get());
        (case.truth.add)(want.get_mut(), b.get());
        case.same("a", &got, &want, &of_b)
    })
}

pub fn peak(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("peak", (subject, truth), |case| {
        let n = case.length;
        let mut a: Slice<i32> = case.slice(n, -FULL.1, FULL.1);
        case.equal("peak", (case.subject.peak)(a.get()), (case.truth.peak)(a.get()), &())?;
        // The one that matters may stand in any lane, and before any tail.
        for at in 0..n {
            a.get_mut().fill(-3);
            a.get_mut()[at] = if at % 2 == 0 { -(1 << 30) } else { 4 };
            case.equal("peak", (case.subject.peak)(a.get()), (case.truth.peak)(a.get()), &at)?;
        }
        Ok(())
    })
}

pub fn quantise(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, shift: u32| {
        let (n, of_a) = (case.length, case.near_length());
        let limit = [i16::MAX as i64, 992, case.pick(1, i16::MAX as i64)][case.pick(0, 2) as usize];
        // All of an i32, or as far as most values are not saturated.
        let most = [i32::MAX as i64, ((limit + 9) << shift).min(i32::MAX as i64)][case.pick(0, 1) as usize];
        let a: Slice<i32> = case.slice(of_a, -most - 1, most);
        let out: Slice<i16> = case.slice(n, 0, 9);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.quantise)(a.get(), shift, limit as i32, got.get_mut());
        (case.truth.quantise)(a.get(), shift, limit as i32, want.get_mut());
        case.same("out", &got, &want, &(shift, limit))
    };
    input::sweep("quantise", (subject, truth), |case| {
        let shift = case.pick(0, 20) as u32;
        check(case, shift)
    })?;
    input::sweep_few("quantise", (subject, truth), |case| (0..=31).try_for_each(|shift| check(case, shift)))
}
