//! Settings as they come from JavaScript: one number after the other.

use alloc::vec::Vec;
use stllr_events::encode::Range;

/// Reads numbers in their order; what is missing is 0, what does not fit is the nearest that does.
pub struct Numbers<'a> {
    rest: &'a [f64],
}

impl<'a> Numbers<'a> {
    pub fn new(numbers: &'a [f64]) -> Self {
        Self { rest: numbers }
    }

    fn next(&mut self) -> f64 {
        let (&first, rest) = self.rest.split_first().unwrap_or((&0.0, &[]));
        self.rest = rest;
        first
    }

    pub fn u64(&mut self) -> u64 {
        self.next() as u64
    }

    pub fn u32(&mut self) -> u32 {
        self.next() as u32
    }

    pub fn u16(&mut self) -> u16 {
        self.next() as u16
    }

    pub fn usize(&mut self) -> usize {
        self.next() as usize
    }

    pub fn i32(&mut self) -> i32 {
        self.next() as i32
    }

    pub fn flag(&mut self) -> bool {
        self.next() != 0.0
    }

    /// A number that says whether there is one, and the one.
    pub fn option(&mut self) -> Option<i32> {
        let is_given = self.flag();
        let value = self.i32();
        is_given.then_some(value)
    }

    /// All that is left.
    pub fn values(&mut self) -> Vec<i32> {
        core::mem::take(&mut self.rest).iter().map(|&number| number as i32).collect()
    }

    pub fn times(&mut self) -> Vec<u64> {
        core::mem::take(&mut self.rest).iter().map(|&number| number as u64).collect()
    }

    /// Low and high of each channel, for all that is left.
    pub fn ranges(&mut self) -> Vec<Range> {
        self.values().as_chunks::<2>().0.iter().map(|&[low, high]| Range { low, high }).collect()
    }

    /// So many numbers of their own.
    pub fn part(&mut self, count: usize) -> Numbers<'a> {
        let (part, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        Numbers::new(part)
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.rest.len()
    }
}
