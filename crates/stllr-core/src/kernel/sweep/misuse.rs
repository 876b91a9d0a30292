//! Lengths that do not fit together, where a kernel takes its indices from one slice to another: they must panic.

use super::table::Kernels;
use crate::fixed::Scale;
use crate::kernel::{Lif, Loihi, Place, Sweep};

const SCALE: Scale = Scale { mantissa: 0, right: 0, left: 0, limit: 1 << 30 };

/// A call that must panic.
#[derive(Clone, Copy)]
pub struct Misuse {
    /// Which kernel, and what does not fit.
    pub name: &'static str,
    /// The call.
    pub run: fn(&Kernels),
}

/// One or more a kernel that indexes. The others walk their slices together and end with the shortest, which their checks
/// try too.
pub const MISUSES: [Misuse; 26] = [
    Misuse { name: "sum_rows: a row beyond the weights", run: |k| (k.sum_rows)(&[1; 32], 16, &[2], &mut [0; 16]) },
    Misuse { name: "sum_rows: weights that end within a row", run: |k| (k.sum_rows)(&[1; 31], 16, &[1], &mut [0; 16]) },
    Misuse {
        name: "sum_rows: the last of nine rows beyond the weights",
        run: |k| (k.sum_rows)(&[1; 32], 16, &[0, 1, 0, 1, 0, 1, 0, 1, 9], &mut [0; 16]),
    },
    Misuse {
        name: "sum_byte_rows: a row beyond the weights",
        run: |k| (k.sum_byte_rows)(&[1; 32], 16, &[2], 6, &mut [0; 16]),
    },
    Misuse {
        name: "sum_byte_rows: weights that end within a row",
        run: |k| (k.sum_byte_rows)(&[1; 31], 16, &[1], 6, &mut [0; 16]),
    },
    Misuse {
        name: "sum_byte_rows: one of many rows beyond the weights",
        run: |k| (k.sum_byte_rows)(&[1; 32], 16, &[0, 1, 9, 0], 6, &mut [0; 8]),
    },
    Misuse { name: "lif: a short current", run: |k| lif(k, 15, 16, 16, 16) },
    Misuse { name: "lif: a short bias", run: |k| lif(k, 16, 15, 16, 16) },
    Misuse { name: "lif: a short v", run: |k| lif(k, 16, 16, 15, 16) },
    Misuse { name: "lif: room for too few spikes", run: |k| lif(k, 16, 16, 16, 15) },
    Misuse { name: "loihi: a short input", run: |k| loihi(k, 15, 16, 16, 16, 16) },
    Misuse { name: "loihi: a short bias", run: |k| loihi(k, 16, 15, 16, 16, 16) },
    Misuse { name: "loihi: too few currents", run: |k| loihi(k, 16, 16, 15, 16, 16) },
    Misuse { name: "loihi: a short v", run: |k| loihi(k, 16, 16, 16, 15, 16) },
    Misuse { name: "loihi: room for too few spikes", run: |k| loihi(k, 16, 16, 16, 16, 15) },
    Misuse { name: "feedback: too few weights", run: |k| (k.feedback)(&[1; 62], &[1; 4], &mut [0; 16]) },
    Misuse { name: "rows_dot: too few weights", run: |k| (k.rows_dot)(&[1; 31], 16, &[1; 16], SCALE, &mut [0; 2]) },
    Misuse { name: "rows_dot_many: a vector beyond the signals", run: |k| rows_dot_many(k, 17, 0) },
    Misuse { name: "rows_dot_many: a result beyond the end", run: |k| rows_dot_many(k, 0, 9) },
    Misuse {
        name: "rows_dot_sparse: too few weights",
        run: |k| (k.rows_dot_sparse)(&[1; 31], 16, &[1; 16], &[0, 1], SCALE, &mut [0; 2]),
    },
    Misuse {
        name: "rows_dot_sparse: a block beyond the signals",
        run: |k| (k.rows_dot_sparse)(&[1; 64], 16, &[1; 16], &[2], SCALE, &mut [0; 4]),
    },
    Misuse { name: "update_row: too few steps", run: |k| update_row(k, 47, 16, 1 << 2) },
    Misuse { name: "update_row: a mask beyond the steps", run: |k| update_row(k, 48, 16, 1 << 31) },
    Misuse { name: "update_row: a short carry", run: |k| update_row(k, 48, 15, 1) },
    Misuse { name: "accumulate_row: too few steps", run: |k| accumulate_row(k, 47, 16) },
    Misuse { name: "accumulate_row: a short carry", run: |k| accumulate_row(k, 48, 15) },
];

fn lif(kernels: &Kernels, current: usize, bias: usize, v: usize, spikes: usize) {
    let lif = Lif { leak: 0, threshold: 1 << 15, soft_reset: true };
    let (mut membrane, mut v, mut spikes) = ([0; 16], [0; 16][..v].to_vec(), [0; 16][..spikes].to_vec());
    (kernels.lif)(&lif, &[1 << 20; 16][..current], &[0; 16][..bias], &mut membrane, &mut v, &mut spikes);
}

fn loihi(kernels: &Kernels, input: usize, bias: usize, current: usize, v: usize, spikes: usize) {
    let loihi = Loihi { current_keep: 0, voltage_keep: 0, threshold: 64, shift_in: 0, shift_out: 8 };
    let (mut currents, mut voltages) = ([0; 16][..current].to_vec(), [0; 16]);
    let (mut v, mut spikes) = ([0; 16][..v].to_vec(), [0; 16][..spikes].to_vec());
    let states = (&mut currents[..], &mut voltages[..]);
    (kernels.loihi)(&loihi, &[1 << 20; 16][..input], &[0; 16][..bias], states, &mut v, &mut spikes);
}

fn rows_dot_many(kernels: &Kernels, from: u32, to: u32) {
    let places = [Place { from: 0, to: 0 }, Place { from, to }];
    (kernels.rows_dot_many)(&[1; 64], 16, &[1; 32], &places, SCALE, &mut [0; 12]);
}

fn update_row(kernels: &Kernels, steps: usize, carry: usize, mask: u32) {
    let sweep = Sweep { steps: &[1; 48][..steps], carry: &[1; 16][..carry], shift: 3 };
    (kernels.update_row)(&mut [0; 16], &sweep, mask, 7, None);
}

fn accumulate_row(kernels: &Kernels, steps: usize, carry: usize) {
    (kernels.accumulate_row)(&mut [0; 16], &[1; 48][..steps], 16, 0b101, &[1; 16][..carry], 7);
}
