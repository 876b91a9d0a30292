//! The one set of tests for every folder of kernels.
//!
//! Each [`Check`] runs one kernel of one [`Kernels`] table beside the same kernel of another, over all lengths, alignments
//! and values that matter, and wants the same bytes, also around the slices that are written. [`NAIVE`] is the table that
//! anybody can check by eye: the documented formula in `i64`.
//!
//! It needs no test harness, so that it runs in WebAssembly too.

mod backward;
mod byte;
mod forward;
mod input;
mod loihi;
mod misuse;
mod naive;
mod product;
mod row;
mod standard;
mod table;

pub use misuse::{MISUSES, Misuse};
pub use table::{Kernels, NAIVE, SCALAR, SIMD};

use alloc::string::String;
use alloc::vec::Vec;

/// The test of one kernel.
#[derive(Clone, Copy)]
pub struct Check {
    /// The kernel's name.
    pub name: &'static str,
    /// Compares the first table's kernel with the second's; says which case differs and where.
    pub run: fn(&Kernels, &Kernels) -> Result<(), String>,
}

/// One a kernel.
pub const CHECKS: [Check; 31] = [
    Check { name: "sum_rows", run: forward::sum_rows },
    Check { name: "add_row", run: forward::add_row },
    Check { name: "lif", run: forward::lif },
    Check { name: "loihi", run: loihi::loihi },
    Check { name: "tri", run: forward::tri },
    Check { name: "feedback", run: backward::feedback },
    Check { name: "rows_dot", run: backward::rows_dot },
    Check { name: "rows_dot_many", run: product::rows_dot_many },
    Check { name: "rows_dot_sparse", run: product::rows_dot_sparse },
    Check { name: "product_size", run: product::product_size },
    Check { name: "product_narrow", run: product::product_narrow },
    Check { name: "product", run: backward::product },
    Check { name: "contribution", run: backward::contribution },
    Check { name: "trace_contribution", run: backward::trace_contribution },
    Check { name: "decay_add", run: backward::decay_add },
    Check { name: "sweep_back", run: backward::sweep_back },
    Check { name: "add", run: backward::add },
    Check { name: "peak", run: backward::peak },
    Check { name: "quantise", run: backward::quantise },
    Check { name: "update_row", run: row::update_row },
    Check { name: "accumulate_row", run: row::accumulate_row },
    Check { name: "apply_row", run: row::apply_row },
    Check { name: "apply_wide_row", run: row::apply_wide_row },
    Check { name: "sum_byte_rows", run: byte::sum_byte_rows },
    Check { name: "add_byte_row", run: byte::add_byte_row },
    Check { name: "widen_bytes", run: byte::widen_bytes },
    Check { name: "change_bytes", run: byte::change_bytes },
    Check { name: "weight_sums", run: standard::weight_sums },
    Check { name: "gradient_sums", run: standard::gradient_sums },
    Check { name: "standardise", run: standard::standardise },
    Check { name: "standard_back", run: standard::standard_back },
];

/// Which tables this build can compare: the first of a pair is tested, the second is believed.
pub fn pairs() -> Vec<(&'static Kernels, &'static Kernels)> {
    let mut pairs = Vec::from([(&SCALAR, &NAIVE)]);
    if let Some(simd) = &SIMD {
        pairs.extend([(simd, &NAIVE), (simd, &SCALAR)]);
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    extern crate std;

    fn named(name: &str) -> &'static Check {
        CHECKS.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no check {name}"))
    }

    fn check(name: &str) {
        for (subject, truth) in pairs() {
            (named(name).run)(subject, truth).unwrap_or_else(|difference| panic!("{difference}"));
        }
    }

    macro_rules! checks {
        ($($name:ident)*) => { $(#[test] fn $name() { check(stringify!($name)); })* };
    }
    checks! {
        sum_rows add_row lif loihi tri feedback rows_dot rows_dot_many rows_dot_sparse product_size product_narrow product
        contribution trace_contribution decay_add sweep_back add peak quantise update_row accumulate_row apply_row apply_wide_row
        sum_byte_rows add_byte_row widen_bytes change_bytes weight_sums gradient_sums standardise standard_back
    }

    #[test]
    fn a_wrong_kernel_is_found_and_named() {
        let broken = Kernels { name: "broken", add: |a, b| a.iter_mut().zip(b).for_each(|(a, b)| *a |= b), ..SCALAR };
        let found = (named("add").run)(&broken, &NAIVE).expect_err("an `or` is no sum");
        assert!(found.starts_with("broken add: length "), "{found}");
    }

    #[test]
    fn a_write_beyond_the_slice_is_found() {
        fn beyond(a: &mut [i32], b: &[i32]) {
            naive::add(a, b);
            // SAFETY: the sweep keeps eight elements of its own behind every slice.
            unsafe { *a.as_mut_ptr().add(a.len()) = 0 };
        }
        let found = (named("add").run)(&Kernels { name: "broken", add: beyond, ..SCALAR }, &NAIVE);
        assert!(found.is_err_and(|found| found.contains("beyond")));
    }

    #[test]
    fn lengths_that_do_not_fit_panic() {
        for misuse in MISUSES {
            let result = std::panic::catch_unwind(|| (misuse.run)(&SCALAR));
            assert!(result.is_err(), "{}", format!("{} did not panic", misuse.name));
        }
    }
}
