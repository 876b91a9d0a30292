//! Checks of the kernels of weight standardisation.

use super::input::{self, Case, Slice};
use super::table::Kernels;
use crate::fixed::WEIGHT_MAX;
use crate::kernel::{Back, ColumnSums, Line, SUM_MAX};
use alloc::string::String;
use alloc::vec::Vec;

/// A matrix of raw weights: columns, from one row to the next, rows, and sometimes a few elements of a row that is not whole.
fn matrix(case: &mut Case) -> (usize, usize, Slice<i16>) {
    let columns = case.length;
    let stride = (columns + case.pick(0, 9) as usize).max(1);
    let rows = case.pick(0, 18) as usize;
    let rest = case.pick(0, 1) as usize * (stride - 1);
    (columns, stride, case.slice(rows * stride + rest, -WEIGHT_MAX as i64, WEIGHT_MAX as i64))
}

fn sums(case: &mut Case, columns: usize) -> ColumnSums {
    let mut draw = || (0..columns).map(|_| case.pick(-(1 << 31), 1 << 31)).collect();
    ColumnSums { first: draw(), second: draw() }
}

pub fn weight_sums(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("weight_sums", (subject, truth), |case| {
        let (columns, stride, weights) = matrix(case);
        let mut got = sums(case, columns);
        let mut want = got.clone();
        (case.subject.weight_sums)(weights.get(), stride, &mut got);
        (case.truth.weight_sums)(weights.get(), stride, &mut want);
        case.equal("first", got.first, want.first, &stride)?;
        case.equal("second", got.second, want.second, &stride)
    })
}

pub fn gradient_sums(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("gradient_sums", (subject, truth), |case| {
        let (columns, stride, weights) = matrix(case);
        let gradient: Slice<i32> = case.slice(weights.get().len(), -SUM_MAX as i64, SUM_MAX as i64);
        let centres: Slice<i16> = case.slice(columns, -WEIGHT_MAX as i64, WEIGHT_MAX as i64);
        let mut got = sums(case, columns);
        let mut want = got.clone();
        let get = (case.subject.gradient_sums)(weights.get(), gradient.get(), stride, centres.get(), &mut got);
        let wanted = (case.truth.gradient_sums)(weights.get(), gradient.get(), stride, centres.get(), &mut want);
        case.equal("first", got.first, want.first, &stride)?;
        case.equal("second", got.second, want.second, &stride)?;
        case.equal("peak", get, wanted, &stride)
    })
}

/// Lines that go through much of the results' range around a mean, with slopes that are alike or not at all.
fn lines(case: &mut Case, columns: usize, result_bits: i64) -> Vec<Line> {
    let (centre, spread) = (case.pick(-12, 20), [0, 2, 12, 40][case.pick(0, 3) as usize]);
    let draw = |_| {
        let bits = [31, 31, case.pick(1, 33)][case.pick(0, 2) as usize];
        let slope = case.pick(0, (1 << bits) - 1) * (1 - 2 * case.pick(0, 1));
        let mean = case.pick(-WEIGHT_MAX as i64, WEIGHT_MAX as i64);
        let shift = bits + 13 - result_bits + centre + case.pick(0, spread);
        let right = shift.clamp(0, 62) as u32;
        let offset = (1i64 << right >> 1) - mean * slope;
        Line { slope, offset, right, left: (-shift).clamp(0, 16) as u32 }
    };
    (0..columns).map(draw).collect()
}

pub fn standardise(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("standardise", (subject, truth), |case| {
        let (columns, stride, raw) = matrix(case);
        let lines = lines(case, columns, 14);
        let out: Slice<i16> = case.slice(raw.get().len(), -9, 9);
        let (mut got, mut want) = (out.clone(), out);
        (case.subject.standardise)(raw.get(), stride, &lines, got.get_mut());
        (case.truth.standardise)(raw.get(), stride, &lines, want.get_mut());
        case.same("out", &got, &want, &(stride, &lines))
    })
}

pub fn standard_back(subject: &Kernels, truth: &Kernels) -> Result<(), String> {
    input::sweep("standard_back", (subject, truth), |case| {
        let (columns, stride, raw) = matrix(case);
        // Gradients of every size, and lines and scales that suit them or do not.
        let bits = case.pick(1, 30);
        let most = ((1i64 << bits) - 1).min(SUM_MAX as i64);
        let gradient: Slice<i32> = case.slice(raw.get().len(), -most, most);
        let (right, spread) = (case.pick(1, 40), [0, 3, 22][case.pick(0, 2) as usize]);
        let lines = lines(case, columns, (bits + 8).min(31));
        let back = |line| Back {
            line,
            mean: case.pick(-(most << 8), most << 8),
            scale: case.pick(-(1 << 15) + 1, (1 << 15) - 1) as i32,
            right: (right + case.pick(0, spread)) as u32,
        };
        let backs: Vec<Back> = lines.into_iter().map(back).collect();
        let (mut got, mut want) = (gradient.clone(), gradient);
        (case.subject.standard_back)(raw.get(), stride, &backs, most as i32, got.get_mut());
        (case.truth.standard_back)(raw.get(), stride, &backs, most as i32, want.get_mut());
        case.same("gradient", &got, &want, &(stride, bits, &backs))
    })
}
