//! Folders of kernels as values.

use super::naive;
use crate::fixed::Scale;
use crate::kernel::{Back, ColumnSums, Lif, Line, Loihi, Place, Sweep, scalar};

type AccumulateKernel = fn(&mut [i32], &[i32], usize, u32, &[i32], i32);
type ManyKernel = fn(&[i16], usize, &[i16], &[Place], Scale, &mut [i32]);
type SparseKernel = fn(&[i16], usize, &[i16], &[u16], Scale, &mut [i32]);
type GradientSumsKernel = fn(&[i16], &[i32], usize, &[i16], &mut ColumnSums) -> i32;
type LifKernel = fn(&Lif, &[i32], &[i32], &mut [i32], &mut [i32], &mut [u32]) -> usize;
type LoihiKernel = fn(&Loihi, &[i32], &[i32], (&mut [i32], &mut [i32]), &mut [i32], &mut [u32]) -> usize;

/// The kernels of one folder.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct Kernels {
    pub name: &'static str,
    pub sum_rows: fn(&[i16], usize, &[u32], &mut [i32]),
    pub add_row: fn(&[i16], &mut [i32]),
    pub lif: LifKernel,
    pub loihi: LoihiKernel,
    pub tri: fn(&[i32], &mut [i32], u32),
    pub feedback: fn(&[i16], &[i16], &mut [i32]),
    pub rows_dot: fn(&[i16], usize, &[i16], Scale, &mut [i32]),
    pub rows_dot_many: ManyKernel,
    pub rows_dot_sparse: SparseKernel,
    pub product_size: fn(&[i32], &[i32]) -> (i32, u64),
    pub product_narrow: fn(&[i32], &[i32], u32, &mut [i16]),
    pub product: fn(&[i32], &[i32], &mut [i32]),
    pub contribution: fn(&[i32], &[i32], Scale, &mut [i32]),
    pub trace_contribution: fn(&[i32], &[i32], Scale, i32, &mut [i32]),
    pub decay_add: fn(&mut [i32], i32, &[i32], i32),
    pub sweep_back: fn(&mut [i32], i32, &mut [i32]),
    pub add: fn(&mut [i32], &[i32]),
    pub peak: fn(&[i32]) -> i32,
    pub quantise: fn(&[i32], u32, i32, &mut [i16]),
    pub update_row: fn(&mut [i16], &Sweep, u32, i16, Option<u32>),
    pub accumulate_row: AccumulateKernel,
    pub apply_row: fn(&mut [i16], &mut [i32], u32, Option<u32>),
    pub apply_wide_row: fn(&mut [i32], &mut [i32], i32, i32, Option<u32>),
    pub sum_byte_rows: fn(&[i8], usize, &[u32], u32, &mut [i32]),
    pub add_byte_row: fn(&[i8], u32, &mut [i32]),
    pub widen_bytes: fn(&[i8], u32, &mut [i16]),
    pub change_bytes: fn(&mut [i8], &[i16]),
    pub weight_sums: fn(&[i16], usize, &mut ColumnSums),
    pub gradient_sums: GradientSumsKernel,
    pub standardise: fn(&[i16], usize, &[Line], &mut [i16]),
    pub standard_back: fn(&[i16], usize, &[Back], i32, &mut [i32]),
}

macro_rules! kernels_of {
    ($folder:ident) => {
        Kernels {
            name: stringify!($folder),
            sum_rows: $folder::sum_rows,
            add_row: $folder::add_row,
            lif: $folder::lif,
            loihi: $folder::loihi,
            tri: $folder::tri,
            feedback: $folder::feedback,
            rows_dot: $folder::rows_dot,
            rows_dot_many: $folder::rows_dot_many,
            rows_dot_sparse: $folder::rows_dot_sparse,
            product_size: $folder::product_size,
            product_narrow: $folder::product_narrow,
            product: $folder::product,
            contribution: $folder::contribution,
            trace_contribution: $folder::trace_contribution,
            decay_add: $folder::decay_add,
            sweep_back: $folder::sweep_back,
            add: $folder::add,
            peak: $folder::peak,
            quantise: $folder::quantise,
            update_row: $folder::update_row,
            accumulate_row: $folder::accumulate_row,
            apply_row: $folder::apply_row,
            apply_wide_row: $folder::apply_wide_row,
            sum_byte_rows: $folder::sum_byte_rows,
            add_byte_row: $folder::add_byte_row,
            widen_bytes: $folder::widen_bytes,
            change_bytes: $folder::change_bytes,
            weight_sums: $folder::weight_sums,
            gradient_sums: $folder::gradient_sums,
            standardise: $folder::standardise,
            standard_back: $folder::standard_back,
        }
    };
}

/// The documented formulas, one element after the other.
pub static NAIVE: Kernels = kernels_of!(naive);

/// The truth of all builds.
pub static SCALAR: Kernels = kernels_of!(scalar);

/// The vector kernels, where the build has them.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub static SIMD: Option<Kernels> = {
    use crate::kernel::simd128;
    Some(kernels_of!(simd128))
};

/// The vector kernels, where the build has them.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub static SIMD: Option<Kernels> = None;
