//! The cases that a check walks through: lengths, alignments and values.

use super::table::Kernels;
use crate::noise;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;

/// Every length up to some vectors and a tail, then some beyond, whole vectors and not.
pub const LENGTHS: [usize; 79] = {
    let mut lengths = [0; 79];
    let mut i = 0;
    while i <= 70 {
        lengths[i] = i;
        i += 1;
    }
    let more = [95, 96, 127, 128, 200, 256, 257, 264];
    while i < 79 {
        lengths[i] = more[i - 71];
        i += 1;
    }
    lengths
};

/// Elements that a slice may begin after the start of its memory: 16 bytes of `i16`, 32 of `i32`.
pub const OFFSETS: usize = 8;
/// Elements behind a slice that no kernel may write.
const BEHIND: usize = 8;

/// How values are drawn from their range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Evenly.
    Even,
    /// The ends, their neighbours, and around zero.
    Ends,
    /// All at the upper end: what adds up saturates.
    High,
    /// All at the lower end.
    Low,
    /// Evenly over a range that is shrunk by a random power of two.
    Near,
}

const STYLES: [Style; 5] = [Style::Even, Style::Ends, Style::High, Style::Low, Style::Near];

/// One case: what to draw, and for whom.
pub struct Case<'a> {
    pub subject: &'a Kernels,
    pub truth: &'a Kernels,
    pub length: usize,
    kernel: &'static str,
    offset: usize,
    style: Style,
    seed: u64,
    drawn: u32,
}

/// Walks all lengths, offsets and styles.
pub fn sweep(
    kernel: &'static str,
    (subject, truth): (&Kernels, &Kernels),
    visit: impl Fn(&mut Case) -> Result<(), String>,
) -> Result<(), String> {
    let mut seed = 0;
    for length in LENGTHS {
        for offset in 0..OFFSETS {
            for style in STYLES {
                seed += 1;
                visit(&mut Case { subject, truth, length, kernel, offset, style, seed, drawn: 0 })?;
            }
        }
    }
    Ok(())
}

/// Walks all styles at a few lengths: for checks that go through every value of a parameter.
pub fn sweep_few(
    kernel: &'static str,
    (subject, truth): (&Kernels, &Kernels),
    visit: impl Fn(&mut Case) -> Result<(), String>,
) -> Result<(), String> {
    for (i, length) in [1, 8, 13, 24].into_iter().enumerate() {
        for (j, style) in STYLES.into_iter().enumerate() {
            let seed = (1000 * (i + 1) + j) as u64;
            visit(&mut Case { subject, truth, length, kernel, offset: i, style, seed, drawn: 0 })?;
        }
    }
    Ok(())
}

impl Case<'_> {
    /// A number within `low..=high`, evenly whatever the style.
    pub fn pick(&mut self, low: i64, high: i64) -> i64 {
        self.drawn += 1;
        low + (noise::Stream::new(self.seed, 0).word(self.drawn) as i64) % (high - low + 1)
    }

    /// A value within `low..=high`, by the style.
    pub fn value(&mut self, low: i64, high: i64) -> i64 {
        match self.style {
            Style::Even => self.pick(low, high),
            Style::High => high,
            Style::Low => low,
            Style::Ends => {
                let choices = [low, high, low + 1, high - 1, 0, 1, -1, high / 2];
                choices[self.pick(0, 7) as usize].clamp(low, high)
            }
            Style::Near => {
                let shift = self.pick(0, 30);
                self.pick(low >> shift, high >> shift).clamp(low, high)
            }
        }
    }

    /// `n` values within `low..=high`, by the style; the slice begins where this case's offset says.
    pub fn slice<T: TryFrom<i64> + Copy>(&mut self, n: usize, low: i64, high: i64) -> Slice<T> {
        // Each slice of a case lies differently, so that no kernel can rely on a common alignment.
        let start = (self.offset + self.drawn as usize * 3) % OFFSETS;
        let data = (0..start + n + BEHIND).map(|_| convert(self.value(low, high))).collect();
        Slice { data, start, n }
    }

    /// The case's length, or one close to it: slices need not be equally long where the shortest decides.
    pub fn near_length(&mut self) -> usize {
        let n = self.length;
        [n, n, n, n, n + 1, n + 9, n.saturating_sub(1), n.saturating_sub(5)][self.pick(0, 7) as usize]
    }

    /// A mask of exactly `count` of the first `steps` bits.
    pub fn mask(&mut self, count: usize, steps: usize) -> u32 {
        let mut mask = 0u32;
        while (mask.count_ones() as usize) < count.min(steps) {
            mask |= 1 << self.pick(0, steps as i64 - 1);
        }
        mask
    }

    /// No noise, or a random seed for it.
    pub fn noise(&mut self) -> Option<u32> {
        (self.pick(0, 1) == 1).then(|| self.pick(0, u32::MAX as i64) as u32)
    }

    /// Wants two slices to be equal, also before and behind what the kernel was given.
    pub fn same<T: PartialEq + Debug>(
        &self,
        what: &str,
        got: &Slice<T>,
        want: &Slice<T>,
        more: &dyn Debug,
    ) -> Result<(), String> {
        let Some(at) = (0..got.data.len()).find(|&i| got.data[i] != want.data[i]) else { return Ok(()) };
        let place = match at.checked_sub(got.start) {
            None => format!("{what}, {} before its start", got.start - at),
            Some(i) if i < got.n => format!("{what}[{i}]"),
            Some(i) => format!("{what}, {} beyond its end", i - got.n),
        };
        Err(self.report(&place, &got.data[at], &want.data[at], more))
    }

    /// Wants two values to be equal.
    pub fn equal<T: PartialEq + Debug>(&self, what: &str, got: T, want: T, more: &dyn Debug) -> Result<(), String> {
        if got == want { Ok(()) } else { Err(self.report(what, &got, &want, more)) }
    }

    fn report(&self, place: &str, got: &dyn Debug, want: &dyn Debug, more: &dyn Debug) -> String {
        let Self { subject, truth, kernel, length, offset, style, seed, .. } = self;
        let case = format!("length {length}, offset {offset}, {style:?} values, seed {seed}, {more:?}");
        format!("{} {kernel}: {case}: {place} is {got:?}; {}: {want:?}", subject.name, truth.name)
    }
}

/// A slice within larger memory, of which a kernel must see and touch nothing else.
#[derive(Clone)]
pub struct Slice<T> {
    data: Vec<T>,
    start: usize,
    n: usize,
}

impl<T> Slice<T> {
    pub fn get(&self) -> &[T] {
        &self.data[self.start..self.start + self.n]
    }

    pub fn get_mut(&mut self) -> &mut [T] {
        &mut self.data[self.start..self.start + self.n]
    }
}

fn convert<T: TryFrom<i64>>(value: i64) -> T {
    value.try_into().unwrap_or_else(|_| panic!("{value} is outside its type"))
}
