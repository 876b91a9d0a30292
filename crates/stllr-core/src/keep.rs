//! State, laid open: every array and number that decides what a network does next, so that it can be saved and set.
//!
//! Each struct that has state gives it to a [`Keeper`] in one function, `keep`, in a fixed order. The same function serves to
//! save and to set, so that neither can forget what the other knows. To set, it runs twice on a network that was just made:
//! once to set the numbers, which say how long arrays are, and once, after the arrays were filled, to check them
//! ([`Keeper::array`] has the range). What follows from the rest (transposes, standardised weights) is not kept, but made anew
//! by `adopt`.

use alloc::vec::Vec;

/// What an array of state is. The numbers are those of the file format: they stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Part {
    /// Weights in use.
    Weights = 0,
    /// Biases.
    Bias = 1,
    /// Membranes.
    Membrane = 2,
    /// Traces of the surrogates.
    PostTrace = 3,
    /// The neurons that spiked in the last step.
    Spikes = 4,
    /// The steps of the block at which an input spiked, a bit each.
    Masks = 5,
    /// Traces of the inputs when the block began.
    Traces = 6,
    /// Contributions of the block's steps by the causal term.
    Causal = 7,
    /// The same by the non-causal term.
    NonCausal = 8,
    /// The gradient that waits to be applied.
    Gradient = 9,
    /// The same by the biases.
    BiasGradient = 10,
    /// What the optimiser remembers of weights.
    Moments = 11,
    /// The same of biases.
    BiasMoments = 12,
    /// Weights before they are standardised.
    Raw = 13,
    /// Gains of standardised weights; with several groups there are several such arrays.
    Gain = 14,
    /// The gradient by the gains.
    GainGradient = 15,
    /// What the optimiser remembers of gains.
    GainMoments = 16,
    /// Sums of the readout's membranes.
    Scores = 17,
    /// A matrix that brings the error, where classes came or went.
    Feedback = 18,
    /// The matrix of a layer's own readout, where classes came or went.
    LocalWeights = 19,
    /// Membranes of a layer's own readout.
    LocalMembrane = 20,
    /// The inputs that have an event in the open step, a bit each.
    Seen = 21,
    /// Currents of neurons that have such.
    Current = 22,
}

/// An array of state.
#[derive(Debug)]
pub enum Values<'a> {
    /// 8 bits.
    I8(&'a mut [i8]),
    /// 16 bits.
    I16(&'a mut [i16]),
    /// 32 bits.
    I32(&'a mut [i32]),
    /// 32 bits without a sign.
    U32(&'a mut [u32]),
    /// 64 bits.
    I64(&'a mut [i64]),
    /// 64 bits without a sign.
    U64(&'a mut [u64]),
}

impl Values<'_> {
    /// The type's number in files: i8 0, i16 1, i32 2, u32 3, i64 4, u64 5.
    pub fn kind(&self) -> u8 {
        match self {
            Self::I8(_) => 0,
            Self::I16(_) => 1,
            Self::I32(_) => 2,
            Self::U32(_) => 3,
            Self::I64(_) => 4,
            Self::U64(_) => 5,
        }
    }

    /// Where the elements lie in memory.
    pub fn address(&self) -> usize {
        match self {
            Self::I8(values) => values.as_ptr() as usize,
            Self::I16(values) => values.as_ptr() as usize,
            Self::I32(values) => values.as_ptr() as usize,
            Self::U32(values) => values.as_ptr() as usize,
            Self::I64(values) => values.as_ptr() as usize,
            Self::U64(values) => values.as_ptr() as usize,
        }
    }

    /// Elements.
    pub fn len(&self) -> usize {
        match self {
            Self::I8(values) => values.len(),
            Self::I16(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::U64(values) => values.len(),
        }
    }

    /// Has it no elements?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives every value to `visit`, until it says `false`; did it never? A `u64` beyond the largest `i64` counts as that.
    #[inline(never)]
    pub fn all(&self, visit: &mut dyn FnMut(i64) -> bool) -> bool {
        match self {
            Self::I8(values) => values.iter().all(|&v| visit(v as i64)),
            Self::I16(values) => values.iter().all(|&v| visit(v as i64)),
            Self::I32(values) => values.iter().all(|&v| visit(v as i64)),
            Self::U32(values) => values.iter().all(|&v| visit(v as i64)),
            Self::I64(values) => values.iter().all(|&v| visit(v)),
            Self::U64(values) => values.iter().all(|&v| visit(v.min(i64::MAX as u64) as i64)),
        }
    }
}

/// The least and the most of what is allowed.
pub type Range = (i64, i64);

/// Any value of its type.
pub const ANY: Range = (i64::MIN, i64::MAX);

/// A range on both sides of zero.
pub const fn within(most: i32) -> Range {
    (-(most as i64), most as i64)
}

/// What state is given to.
pub trait Keeper {
    /// From here on state is that of this hidden layer, or, with their number, of the readout.
    fn layer(&mut self, number: usize);

    /// A number: returns what it is to be.
    fn number(&mut self, value: i64, allowed: Range) -> i64;

    /// An array, whose values must lie in a range.
    fn array(&mut self, part: Part, values: Values<'_>, allowed: Range);
}

/// Gives an array that may be all zeros, as in a network that was just made: then only that is kept.
#[inline(never)]
pub fn keep_resting(keeper: &mut dyn Keeper, part: Part, values: Values<'_>, allowed: Range) {
    let moved = !values.all(&mut |value| value == 0);
    if keeper.number(moved as i64, (0, 1)) != 0 {
        keeper.array(part, values, allowed);
    }
}

/// Gives a count.
#[inline(never)]
pub fn keep_count(keeper: &mut dyn Keeper, count: &mut u64) {
    *count = keeper.number(*count as i64, (0, i64::MAX)) as u64;
}

/// Gives a flag.
#[inline(never)]
pub fn keep_flag(keeper: &mut dyn Keeper, flag: &mut bool) {
    *flag = keeper.number(*flag as i64, (0, 1)) != 0;
}

/// Gives a rate.
#[inline(never)]
pub fn keep_rate(keeper: &mut dyn Keeper, factor: &mut crate::fixed::Factor) {
    factor.mantissa = keeper.number(factor.mantissa as i64, (0, crate::fixed::ONE_Q15 as i64)) as i32;
    factor.exponent = keeper.number(factor.exponent as i64, (-64, 16)) as i32;
}

/// What is wrong with state that was to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateError {
    /// Where: a hidden layer, the readout (their number), or nothing of them.
    pub layer: Option<usize>,
    /// Which array, or none where it is a number.
    pub part: Option<Part>,
    /// The number's place among all numbers, or the value's in its array; for an array of another length that length.
    pub at: usize,
    /// What was found.
    pub found: i64,
    /// What is allowed.
    pub allowed: Range,
}

/// Checks the values of an array; the first that is not allowed is an error at its place.
pub fn check(values: &Values<'_>, allowed: Range) -> Result<(), (usize, i64)> {
    let (mut at, mut found) = (0, 0);
    let fine = values.all(&mut |value| {
        found = value;
        at += 1;
        (allowed.0..=allowed.1).contains(&value)
    });
    if fine { Ok(()) } else { Err((at - 1, found)) }
}

/// State as bytes, for native programs: numbers, then arrays, little-endian.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Every number, in the order of `keep`.
    pub numbers: Vec<i64>,
    /// Every array, in the order of `keep`.
    pub arrays: Vec<Array>,
}

/// An array of [`State`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// The layer that it belongs to, `None` where it is the network's own.
    pub layer: Option<usize>,
    /// What it is.
    pub part: Part,
    /// The elements' type: see [`Values::kind`].
    pub kind: u8,
    /// Its elements, little-endian.
    pub bytes: Vec<u8>,
}

impl State {
    /// The state that `keep` gives.
    pub fn save(keep: &mut dyn FnMut(&mut dyn Keeper)) -> Self {
        let mut save = Save { state: Self::default(), layer: None };
        keep(&mut save);
        save.state
    }

    /// Sets the state of what was just made and gives it by `keep`. After an error it is neither the old nor the new.
    pub fn set(&self, keep: &mut dyn FnMut(&mut dyn Keeper)) -> Result<(), StateError> {
        let mut set = Set { state: self, layer: None, number: 0, array: 0, error: None };
        keep(&mut set);
        let numbers = (self.numbers.len(), set.number);
        if set.error.is_none() && numbers.0 != numbers.1 {
            set.fail(None, numbers.1, numbers.0 as i64, (numbers.1 as i64, numbers.1 as i64));
        }
        if set.error.is_none() && set.array != self.arrays.len() {
            let part = self.arrays[set.array].part;
            set.fail(Some(part), 0, self.arrays.len() as i64, (set.array as i64, set.array as i64));
        }
        set.error.map_or(Ok(()), Err)
    }
}

struct Save {
    state: State,
    layer: Option<usize>,
}

impl Keeper for Save {
    fn layer(&mut self, number: usize) {
        self.layer = Some(number);
    }

    fn number(&mut self, value: i64, _: Range) -> i64 {
        self.state.numbers.push(value);
        value
    }

    fn array(&mut self, part: Part, values: Values<'_>, _: Range) {
        let kind = values.kind();
        let bytes = match values {
            Values::I8(values) => values.iter().map(|&v| v as u8).collect(),
            Values::I16(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Values::I32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Values::U32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Values::I64(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Values::U64(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        self.state.arrays.push(Array { layer: self.layer, part, kind, bytes });
    }
}

/// Sets numbers and arrays in one pass, as here arrays need not be filled from outside.
struct Set<'a> {
    state: &'a State,
    layer: Option<usize>,
    number: usize,
    array: usize,
    error: Option<StateError>,
}

impl Set<'_> {
    fn fail(&mut self, part: Option<Part>, at: usize, found: i64, allowed: Range) {
        let layer = self.layer;
        self.error.get_or_insert(StateError { layer, part, at, found, allowed });
    }
}

impl Keeper for Set<'_> {
    fn layer(&mut self, number: usize) {
        self.layer = Some(number);
    }

    fn number(&mut self, value: i64, allowed: Range) -> i64 {
        let at = self.number;
        self.number += 1;
        match self.state.numbers.get(at) {
            Some(&number) if (allowed.0..=allowed.1).contains(&number) => return number,
            Some(&number) => self.fail(None, at, number, allowed),
            None => self.fail(None, at, at as i64, (at as i64 + 1, i64::MAX)),
        }
        value
    }

    fn array(&mut self, part: Part, values: Values<'_>, allowed: Range) {
        let kind = values.kind();
        let bytes = [1, 2, 4, 4, 8, 8][kind as usize] * values.len();
        let Some(array) = self.state.arrays.get(self.array) else {
            return self.fail(Some(part), values.len(), 0, (values.len() as i64, values.len() as i64));
        };
        self.array += 1;
        if array.layer != self.layer || array.part != part || array.kind != kind || array.bytes.len() != bytes {
            return self.fail(Some(part), values.len(), array.bytes.len() as i64, (bytes as i64, bytes as i64));
        }
        let bytes = &array.bytes;
        let mut values = values;
        match &mut values {
            Values::I8(to) => fill(to, bytes, |[byte]| byte as i8),
            Values::I16(to) => fill(to, bytes, i16::from_le_bytes),
            Values::I32(to) => fill(to, bytes, i32::from_le_bytes),
            Values::U32(to) => fill(to, bytes, u32::from_le_bytes),
            Values::I64(to) => fill(to, bytes, i64::from_le_bytes),
            Values::U64(to) => fill(to, bytes, u64::from_le_bytes),
        }
        if let Err((at, found)) = check(&values, allowed) {
            self.fail(Some(part), at, found, allowed);
        }
    }
}

fn fill<T, const N: usize>(to: &mut [T], bytes: &[u8], of: impl Fn([u8; N]) -> T) {
    let (chunks, _) = bytes.as_chunks::<N>();
    to.iter_mut().zip(chunks).for_each(|(value, &chunk)| *value = of(chunk));
}
