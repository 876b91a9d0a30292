//! A layer's weights in use, in 16 bits or in 8.
//!
//! In 8 bits a weight is an integer up to [`BYTE_MAX`] times 2^shift units of the layer's format: all that reads weights gets what
//! they would be in 16 bits, some rows at a time where it needs them in memory. A change is rounded once, to a unit of 8
//! bits: it is made of zeros in 16 bits and then added.

use crate::aligned::Aligned;
use crate::deep::{Deep, derive};
use crate::fixed::{BYTE_MAX, WEIGHT_MAX, rescale, shift_round};
use crate::keep::{Keeper, Part, Values, within};
use crate::kernel;
use crate::noise::Normal;
use core::ops::Range;

/// Rows that are widened together.
const WIDE_ROWS: usize = 16;

/// Rows of weights.
#[derive(Clone, Debug)]
pub struct Weights {
    width: usize,
    /// Empty where weights are held in 8 bits.
    wide: Aligned<i16>,
    bytes: Option<Deep<Bytes>>,
}

/// Weights in 8 bits.
#[derive(Clone, Debug)]
pub struct Bytes {
    weights: Aligned<i8>,
    /// log2 of a unit, in units of the layer's format.
    shift: u32,
    /// Some rows in 16 bits.
    some: Aligned<i16>,
}

impl Bytes {
    /// Some weights as they would be in 16 bits.
    #[inline(never)]
    fn widen(&mut self, range: Range<usize>) -> &[i16] {
        let wide = &mut self.some[..range.len()];
        kernel::widen_bytes(&self.weights[range], self.shift, wide);
        wide
    }

    /// Zeros, for [`Self::add`].
    #[inline(never)]
    fn zeros(&mut self, count: usize) -> &mut [i16] {
        let wide = &mut self.some[..count];
        wide.fill(0);
        wide
    }

    /// Adds what was made of zeros to some weights.
    #[inline(never)]
    fn add(&mut self, range: Range<usize>) {
        let count = range.len();
        kernel::change_bytes(&mut self.weights[range], &self.some[..count]);
    }
}

impl Weights {
    /// Zeros, `width` to a row; `shift` says how much coarser than the layer's format they are, where they are held in 8 bits.
    pub fn new(rows: usize, width: usize, shift: &Option<Deep<u32>>) -> Self {
        let bytes = shift.as_ref().map(|shift| {
            derive(shift, |&shift| Bytes {
                weights: Aligned::new(rows * width),
                shift,
                some: Aligned::new(rows.min(WIDE_ROWS) * width),
            })
        });
        Self { width, wide: Aligned::new(if bytes.is_some() { 0 } else { rows * width }), bytes }
    }

    /// Bytes that [`Self::new`] would hold.
    pub fn memory(rows: u64, width: u64, shift: &Option<Deep<u32>>) -> u64 {
        match shift {
            Some(_) => Aligned::<i8>::bytes(rows * width) + Aligned::<i16>::bytes(rows.min(WIDE_ROWS as u64) * width),
            None => Aligned::<i16>::bytes(rows * width),
        }
    }

    /// Fraction bits that the layer's format has and its weights have not.
    pub fn shift(&self) -> u32 {
        self.bytes.as_ref().map_or(0, |bytes| bytes.shift)
    }

    /// How many there are, padding included.
    pub fn len(&self) -> usize {
        self.bytes.as_ref().map_or(self.wide.len(), |bytes| bytes.weights.len())
    }

    /// Gives all weights to a keeper.
    pub fn keep(&mut self, keeper: &mut dyn Keeper) {
        match &mut self.bytes {
            Some(bytes) => {
                let bytes: &mut Bytes = bytes;
                keeper.array(Part::Weights, Values::I8(&mut bytes.weights), within(BYTE_MAX));
            }
            None => keeper.array(Part::Weights, Values::I16(&mut self.wide), within(WEIGHT_MAX)),
        }
    }

    /// A weight.
    pub fn get(&self, index: usize) -> i16 {
        match &self.bytes {
            Some(bytes) => (bytes.weights[index] as i16) << bytes.shift,
            None => self.wide[index],
        }
    }

    /// Sets a weight to the nearest that can be held.
    pub fn set(&mut self, index: usize, value: i16) {
        match &mut self.bytes {
            Some(bytes) => {
                let bytes: &mut Bytes = bytes;
                bytes.weights[index] = shift_round(value as i32, bytes.shift).clamp(-BYTE_MAX, BYTE_MAX) as i8;
            }
            None => self.wide[index] = value,
        }
    }

    /// `out` = the sums of these rows.
    pub fn sum_rows(&self, rows: &[u32], out: &mut [i32]) {
        match &self.bytes {
            Some(bytes) => kernel::sum_byte_rows(&bytes.weights, self.width, rows, bytes.shift, out),
            None => kernel::sum_rows(&self.wide, self.width, rows, out),
        }
    }

    /// Adds what a row begins with to `out`.
    #[inline(always)]
    pub fn add_row(&self, row: usize, out: &mut [i32]) {
        let range = row * self.width..row * self.width + out.len();
        match &self.bytes {
            Some(bytes) => kernel::add_byte_row(&bytes.weights[range], bytes.shift, out),
            None => kernel::add_row(&self.wide[range], out),
        }
    }

    /// Gives rows to `read`, some or all at a time: how many came before, and their weights.
    #[inline(always)]
    pub fn read(&mut self, rows: Range<usize>, mut read: impl FnMut(usize, &[i16])) {
        let most = if self.bytes.is_some() { WIDE_ROWS } else { rows.len().max(1) };
        // One call, or what is inlined here would be there twice.
        for first in rows.clone().step_by(most) {
            let range = first * self.width..rows.end.min(first + most) * self.width;
            let wide = match &mut self.bytes {
                Some(bytes) => bytes.widen(range),
                None => &self.wide[range],
            };
            read(first - rows.start, wide);
        }
    }

    /// Gives a row to `change`, whose units are those of the weights as they are held. Of 8 bits it gets zeros: what it makes of them is
    /// added.
    #[inline(always)]
    pub fn change(&mut self, row: usize, change: impl FnOnce(&mut [i16])) {
        let range = row * self.width..(row + 1) * self.width;
        change(match &mut self.bytes {
            Some(bytes) => bytes.zeros(self.width),
            None => &mut self.wide[range.clone()],
        });
        if let Some(bytes) = &mut self.bytes {
            bytes.add(range);
        }
    }

    /// Makes rows anew, at most `most` at a time, in units of the weights as they are held: `make` gets which rows, and their weights.
    pub fn make(&mut self, rows: Range<usize>, most: usize, mut make: impl FnMut(Range<usize>, &mut [i16])) {
        let width = self.width;
        let most = if self.bytes.is_some() { most.min(WIDE_ROWS) } else { most };
        for first in rows.clone().step_by(most) {
            let rows = first..rows.end.min(first + most);
            let range = first * width..rows.end * width;
            let wide = match &mut self.bytes {
                Some(bytes) => bytes.zeros(range.len()),
                None => &mut self.wide[range.clone()],
            };
            make(rows, wide);
            if let Some(bytes) = &mut self.bytes {
                let bytes: &mut Bytes = bytes;
                bytes.weights[range.clone()].fill(0);
                bytes.add(range);
            }
        }
    }

    /// Gives every weight to `sink`.
    #[inline(never)]
    pub fn visit(&self, sink: &mut dyn FnMut(i64)) {
        (0..self.len()).for_each(|index| sink(self.get(index) as i64));
    }
}

/// Draws a row of weights with so many fraction bits from the numbers that begin at `first`, `Q 24`.
#[inline(never)]
pub fn draw_row(normal: Normal, first: usize, weights: &mut [i16], bits: u32) {
    for (unit, weight) in weights.iter_mut().enumerate() {
        *weight = rescale(normal.at((first + unit) as u32), 24, bits, WEIGHT_MAX) as i16;
    }
}
