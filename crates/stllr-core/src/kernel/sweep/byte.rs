//! Checks of the kernels of weights in 8 bits.

use super::input::{self, Case, Slice};
use super::table::Kernels;
use crate::fixed::BYTE_MAX;
use alloc::string::String;
use alloc::vec::Vec;

/// A weight's largest shift.
const SHIFTS: i64 = 6;

fn weights(case: &mut Case, count: usize) -> Slice<i8> {
    case.slice(count, -BYTE_MAX as i64, BYTE_MAX as i64)
}

pub fn sum_byte_rows(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, count: usize| {
        let (n, held) = (case.length, 12);
        let stride = n + case.pick(0, 9) as usize;
        let weights = weights(case, held * stride);
        let rows: Vec<u32> = (0..count).map(|_| case.pick(0, held as i64 - 1) as u32).collect();
        let shift = case.pick(0, SHIFTS) as u32;
        let out: Slice<i32> = case.slice(n, i32::MIN as i64, i32::MAX as i64);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.sum_byte_rows)(weights.get(), stride, &rows, shift, got.get_mut());
        (case.truth.sum_byte_rows)(weights.get(), stride, &rows, shift, want.get_mut());
        case.same("out", &got, &want, &(stride, shift, rows))
    };
    input::sweep("sum_byte_rows", (subject, truth), |case| {
        let count = case.pick(0, 24) as usize;
        check(case, count)
    })?;
    // More rows than add up in 16 bits.
    let many = [0, 1, 2, 255, 256, 257, 258, 259, 511, 512, 513, 700];
    input::sweep_few("sum_byte_rows", (subject, truth), |case| many.iter().try_for_each(|&count| check(case, count)))
}

pub fn add_byte_row(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("add_byte_row", (subject, truth), |case| {
        let (n, of_weights) = (case.length, case.near_length());
        let (weights, shift) = (weights(case, of_weights), case.pick(0, SHIFTS) as u32);
        let out: Slice<i32> = case.slice(n, -(1 << 30), 1 << 30);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.add_byte_row)(weights.get(), shift, got.get_mut());
        (case.truth.add_byte_row)(weights.get(), shift, want.get_mut());
        case.same("out", &got, &want, &(of_weights, shift))
    })
}

pub fn widen_bytes(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("widen_bytes", (subject, truth), |case| {
        let (n, of_weights) = (case.length, case.near_length());
        let (weights, shift) = (weights(case, of_weights), case.pick(0, SHIFTS) as u32);
        let out: Slice<i16> = case.slice(n, i16::MIN as i64, i16::MAX as i64);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.widen_bytes)(weights.get(), shift, got.get_mut());
        (case.truth.widen_bytes)(weights.get(), shift, want.get_mut());
        case.same("out", &got, &want, &(of_weights, shift))
    })
}

pub fn change_bytes(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("change_bytes", (subject, truth), |case| {
        let (n, of_change) = (case.length, case.near_length());
        let weights = weights(case, n);
        // All of an i16, or as far as most weights do not saturate.
        let most = [i16::MAX as i64, 2 * BYTE_MAX as i64, 9][case.pick(0, 2) as usize];
        let change: Slice<i16> = case.slice(of_change, -most - 1, most);
        let (mut got, mut want) = (weights.clone(), weights);
        (case.subject.change_bytes)(got.get_mut(), change.get());
        (case.truth.change_bytes)(want.get_mut(), change.get());
        case.same("weights", &got, &want, &of_change)
    })
}
