//! Checks of the kernels of what passes below a convolution.

use super::backward::{FULL, shift, spend};
use super::input::{self, Case, Slice};
use super::table::Kernels;
use crate::fixed::{ONE_Q15, WEIGHT_MAX};
use crate::kernel::Place;
use alloc::string::String;
use alloc::vec::Vec;

/// What no product of a signal and a surrogate passes.
const PRODUCT_MAX: i64 = 1 << 30;

pub fn rows_dot_many(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("rows_dot_many", (subject, truth), |case| {
        let (width, rows, count) = (case.length.max(1), case.pick(0, 9) as usize, case.pick(0, 5) as usize);
        let weights: Slice<i16> = case.slice(rows * width, -WEIGHT_MAX as i64, WEIGHT_MAX as i64);
        // Vectors may overlap, results may not.
        let places: Vec<Place> = (0..count)
            .map(|k| Place { from: case.pick(0, width as i64) as u32, to: (k * (rows + 2)) as u32 })
            .rev()
            .collect();
        let mut g: Slice<i16> = case.slice(2 * width, 0, 0);
        spend(case, 1 << 17, g.get_mut());
        let out: Slice<i32> = case.slice(count * (rows + 2), -PRODUCT_MAX, PRODUCT_MAX);
        let scale = shift(case);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.rows_dot_many)(weights.get(), width, g.get(), &places, scale, got.get_mut());
        (case.truth.rows_dot_many)(weights.get(), width, g.get(), &places, scale, want.get_mut());
        case.same("out", &got, &want, &(rows, &places, scale))
    })
}

pub fn rows_dot_sparse(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("rows_dot_sparse", (subject, truth), |case| {
        let (n, rows) = (case.length, case.pick(0, 9) as usize);
        let stride = n + case.pick(0, 9) as usize;
        let weights: Slice<i16> = case.slice(rows * stride, -WEIGHT_MAX as i64, WEIGHT_MAX as i64);
        let mut g: Slice<i16> = case.slice(n, 0, 0);
        spend(case, 1 << 17, g.get_mut());
        let blocks: Vec<u16> = (0..n / 8).filter(|_| case.pick(0, 2) == 0).map(|block| block as u16).collect();
        let out: Slice<i32> = case.slice(rows, -PRODUCT_MAX, PRODUCT_MAX);
        let scale = shift(case);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.rows_dot_sparse)(weights.get(), stride, g.get(), &blocks, scale, got.get_mut());
        (case.truth.rows_dot_sparse)(weights.get(), stride, g.get(), &blocks, scale, want.get_mut());
        case.same("out", &got, &want, &(rows, stride, &blocks, scale))
    })
}

pub fn product_size(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("product_size", (subject, truth), |case| {
        let (of_a, of_m) = (case.near_length(), case.near_length());
        let a: Slice<i32> = case.slice(of_a, -PRODUCT_MAX, PRODUCT_MAX);
        let m: Slice<i32> = case.slice(of_m, 0, ONE_Q15 as i64);
        let got = (case.subject.product_size)(a.get(), m.get());
        case.equal("size", got, (case.truth.product_size)(a.get(), m.get()), &(of_a, of_m))
    })
}

pub fn product_narrow(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    let check = |case: &mut Case, shift: u32| {
        let (n, of_a, of_m) = (case.length, case.near_length(), case.near_length());
        let a: Slice<i32> = case.slice(of_a, FULL.0 + 1, FULL.1);
        let m: Slice<i32> = case.slice(of_m, -ONE_Q15 as i64, ONE_Q15 as i64);
        let out: Slice<i16> = case.slice(n, 0, 9);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.product_narrow)(a.get(), m.get(), shift, got.get_mut());
        (case.truth.product_narrow)(a.get(), m.get(), shift, want.get_mut());
        case.same("out", &got, &want, &(of_a, of_m, shift))
    };
    input::sweep("product_narrow", (subject, truth), |case| {
        let shift = case.pick(0, 20) as u32;
        check(case, shift)
    })?;
    input::sweep_few("product_narrow", (subject, truth), |case| (0..=31).try_for_each(|shift| check(case, shift)))
}
