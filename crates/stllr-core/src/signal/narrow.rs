//! What a feedback matrix is multiplied by: 16 bits a value, and one exponent for all of them.

use super::MAX_OUTPUTS;
use crate::fixed::{READOUT_MEMBRANE_BITS, SIGNAL_BITS};
use crate::kernel;
use crate::loss::{Shape, Target};
use alloc::vec;
use alloc::vec::Vec;

/// An error, its signs, or a target, in `i16` with [`SIGNAL_BITS`] - `right` fraction bits.
#[derive(Clone, Debug)]
pub struct Narrow {
    shape: Shape,
    /// Output by output, and a zero where their number is odd.
    values: Vec<i16>,
    right: u32,
}

impl Narrow {
    /// For outputs of this shape, at most [`MAX_OUTPUTS`].
    pub fn new(shape: Shape) -> Self {
        assert!(shape.outputs() <= MAX_OUTPUTS);
        Self { shape, values: vec![0; shape.outputs().next_multiple_of(2)], right: 0 }
    }

    /// Bytes that it holds.
    pub fn bytes(shape: Shape) -> u64 {
        2 * shape.outputs().next_multiple_of(2) as u64
    }

    /// Becomes an error (`Q 26`, in rows as the shape says): see [`narrow_error`].
    pub fn error(&mut self, error: &[i32], finest: u32, sum_max: u64) {
        self.right = bits_to_drop(error, finest, sum_max);
        write(self.shape, error, self.right, i16::MAX, &mut self.values);
    }

    /// Becomes the signs of an error: -1, 0, 1.
    pub fn sign(&mut self, error: &[i32]) {
        self.right = SIGNAL_BITS;
        write(self.shape, error, 0, 1, &mut self.values);
    }

    /// Becomes what is to come out: the class's output one, or the values, or the flow where it is known. All zero for a
    /// target that says nothing of it.
    pub fn target(&mut self, target: &Target, sum_max: u64) {
        self.right = SIGNAL_BITS;
        self.values.fill(0);
        let (values, mask) = match *target {
            Target::Class(class) => {
                if let Some(value) = self.values.get_mut(class as usize) {
                    *value = 1;
                }
                return;
            }
            Target::Values(values) => (values, &[][..]),
            Target::Masked { values, mask } | Target::Flow { flow: values, mask } => (values, mask),
            _ => return,
        };
        let right = bits_to_drop(values, 0, sum_max);
        write(Shape::dense(values.len()), values, right, i16::MAX, &mut self.values);
        let position = (values.len() / mask.len().max(1)).max(1);
        self.values.chunks_mut(position).zip(mask).filter(|(_, known)| **known == 0).for_each(|(of, _)| of.fill(0));
        self.right = right + SIGNAL_BITS - READOUT_MEMBRANE_BITS;
    }

    /// The values, of even length.
    pub fn values(&self) -> &[i16] {
        &self.values
    }

    /// Bits that fell from a `Q 26` number.
    pub fn right(&self) -> u32 {
        self.right
    }
}

/// Brings an error (`Q 26`) to `i16`: drops as few bits as possible, to nearest, and returns how many. At least `finest`
/// fall; no magnitude is above 32767, nor their sum above `sum_max`, which is at least their number. `out` is as long as `error`
/// or longer, and zero beyond it.
///
/// 15 significant bits are left of the largest where `sum_max` allows; an error below 2^15 units is exact.
pub fn narrow_error(error: &[i32], finest: u32, sum_max: u64, out: &mut [i16]) -> u32 {
    let right = bits_to_drop(error, finest, sum_max);
    write(Shape::dense(error.len()), error, right, i16::MAX, out);
    right
}

#[inline(never)]
fn bits_to_drop(error: &[i32], finest: u32, sum_max: u64) -> u32 {
    let (mut peak, mut sum) = (0, 0);
    for e in error {
        let e = e.unsigned_abs() as u64;
        peak = e.max(peak);
        sum += e;
    }
    // Rounding adds at most half a unit to each.
    let half = |right: u32| 1 << right >> 1;
    let fits = |&right: &u32| {
        (peak + half(right)) >> right <= i16::MAX as u64 && (sum + error.len() as u64 * half(right)) >> right <= sum_max
    };
    (finest..31).find(fits).unwrap_or(31)
}

/// Output by output, without so many bits and held to a limit; zero beyond them.
#[inline(never)]
fn write(shape: Shape, rows: &[i32], right: u32, limit: i16, out: &mut [i16]) {
    out.fill(0);
    for (row, out) in rows.chunks(shape.stride.max(1)).zip(out.chunks_mut(shape.values.max(1))) {
        kernel::quantise(row, right, limit as i32, out);
    }
}
