//! Where state lies: the numbers by value, the arrays by address, so that JavaScript copies each once.

use alloc::vec::Vec;
use stllr_core::keep::{Keeper, Part, Range, Values, check};

/// Words of an array in [`Table::arrays`].
const WORDS: usize = 5;

/// What a pass over the state is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// To read it.
    Read,
    /// To set the numbers, and to tell where arrays are to be put.
    Set,
    /// To check what was put there.
    Check,
}

/// The state of a learner, as it crosses the boundary.
pub struct Table {
    pass: Pass,
    /// The numbers of state: gathered when reading, else those to set.
    pub numbers: Vec<i64>,
    next: usize,
    layer: u32,
    /// For each array: layer (0: none, from 1: hidden layers, then the readout), part, type, address, elements.
    pub arrays: Vec<u32>,
    /// What is wrong: array (or -1: a number), place, what was found, the least and the most allowed.
    pub fault: Option<[i64; 5]>,
}

impl Table {
    /// To read state.
    pub fn read() -> Self {
        Self::new(Pass::Read, Vec::new())
    }

    /// To set state that has these numbers.
    pub fn set(numbers: &[i64]) -> Self {
        Self::new(Pass::Set, numbers.into())
    }

    /// To check the state that was set.
    pub fn check(self) -> Self {
        Self::new(Pass::Check, self.numbers)
    }

    fn new(pass: Pass, numbers: Vec<i64>) -> Self {
        Self { pass, numbers, next: 0, layer: 0, arrays: Vec::new(), fault: None }
    }

    /// The first fault, and that there are too many numbers.
    pub fn outcome(&self) -> Option<[i64; 5]> {
        let (given, taken) = (self.numbers.len() as i64, self.next as i64);
        let more = (self.pass == Pass::Set && given > taken).then_some([-1, taken, given, taken, taken]);
        self.fault.or(more)
    }
}

impl Keeper for Table {
    fn layer(&mut self, number: usize) {
        self.layer = number as u32 + 1;
    }

    fn number(&mut self, value: i64, (least, most): Range) -> i64 {
        let at = self.next;
        self.next += 1;
        if self.pass == Pass::Read {
            self.numbers.push(value);
            return value;
        }
        let found = self.numbers.get(at).copied();
        match found {
            Some(found) if (least..=most).contains(&found) => found,
            _ => {
                self.fault.get_or_insert([-1, at as i64, found.unwrap_or(0), least, most]);
                value
            }
        }
    }

    fn array(&mut self, part: Part, values: Values<'_>, allowed: Range) {
        if self.pass == Pass::Check
            && let Err((at, found)) = check(&values, allowed)
        {
            let array = (self.arrays.len() / WORDS) as i64;
            self.fault.get_or_insert([array, at as i64, found, allowed.0, allowed.1]);
        }
        self.arrays.extend([
            self.layer,
            part as u32,
            values.kind() as u32,
            values.address() as u32,
            values.len() as u32,
        ]);
    }
}
