//! Arrays that begin on a cache line, so that no vector load straddles two.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// Bytes of a cache line.
const LINE: usize = 64;

/// A fixed-length array whose first element lies on a cache line.
#[derive(Debug)]
pub struct Aligned<T> {
    data: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy + Default> Aligned<T> {
    /// `len` zeros.
    #[inline(never)]
    pub fn new(len: usize) -> Self {
        let mut data = Vec::new();
        data.resize(len + Self::slack(len as u64), T::default());
        // A Vec's memory stays where it is for as long as its capacity does, and this one never changes.
        let start = data.as_ptr().align_offset(LINE).min(Self::slack(len as u64));
        Self { data, start, len }
    }

    /// Bytes that an array of `len` elements occupies, counted wide: a spec may ask for more than a `usize` holds.
    pub const fn bytes(len: u64) -> u64 {
        (len + Self::slack(len) as u64) * size_of::<T>() as u64
    }

    /// Elements that may lie before the first; an empty array needs none.
    const fn slack(len: u64) -> usize {
        if len == 0 { 0 } else { LINE / size_of::<T>() }
    }
}

impl<T: Copy + Default> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.data[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.data[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_on_a_line_also_when_cloned() {
        for len in 1..100 {
            let mut a = Aligned::<i16>::new(len);
            assert_eq!(a.as_ptr() as usize % LINE, 0);
            a.iter_mut().enumerate().for_each(|(i, x)| *x = i as i16);
            let b = a.clone();
            assert_eq!(b.as_ptr() as usize % LINE, 0);
            assert_eq!(&*a, &*b);
            assert_eq!(b.len(), len);
        }
    }
}
