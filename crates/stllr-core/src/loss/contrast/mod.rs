//! Contrast: self-supervised flow.
//!
//! A flow is good if events that are moved along it, to the beginning of their window and to its end, fall onto one
//! another. How sharp an image they make there is measured against that of the events where they are:
//!
//! ```text
//! x' = x + 1/4 + (r - t) u, y' likewise with v    r = 0 and 1; (u, v) the flow at the event
//! G_rp = K (bilinear votes of the events of p)    p their polarity; what is outside the sensor is dropped
//! s_kr = G_rp at (x', y') of event k              K: `blur` times [1 2 1] / 4 along x and y
//! L = -(1/Z) sum over k of min(s_k0, s_k1) + smoothness R            Z: the same sum for a flow of zero
//! R = mean over neighbours and both parts of sqrt(difference^2 + 2^-20)
//! ```
//!
//! The smaller of the two counts: a flow that piles events up at one end of the window scatters them at the other. The
//! quarter of a pixel blurs events that do not move about as much as others; on whole pixels, no flow would be favoured.
//! With weights w_kr (1 for the smaller, 1/2 for both where they are equal) and F_rp, made like G_rp with these weights,
//!
//! ```text
//! dL/du = -(1/Z) sum over the events of the position and over r of (r - t) (w dG/dx' + dF/dx')
//! ```
//!
//! (Contrast of warped events: Gallego, Rebecq, Scaramuzza, "A unifying contrast maximization framework for event
//! cameras", 2018; two times of reference: Hagenaars, Paredes-Valles, de Croon, 2021.)

mod image;

use super::endpoint::direction;
use super::{Outcome, Shape, divide};
use crate::fixed::{ONE_Q15, SIGNAL_MAX};
use alloc::vec;
use alloc::vec::Vec;
use image::{Image, PLACE_BITS, SLOPE_BITS};

/// What contrast is measured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContrastSpec {
    /// Sensor pixels a position of the flow covers in each direction, 1..=64.
    pub scale: usize,
    /// Passes of blur, 0..=16; 2 do well.
    pub blur: u32,
    /// The weight of differences between neighbouring flows, `Q 16`, up to 16.
    pub smoothness: u32,
}

impl ContrastSpec {
    /// Are its fields in their ranges, and the sensor at most 4096 pixels wide and high?
    pub fn fits(self, shape: Shape) -> bool {
        let side = |flow: usize| (1..=4096).contains(&flow.saturating_mul(self.scale));
        let fields = (1..=64).contains(&self.scale) && self.blur <= 16 && self.smoothness <= 16 << 16;
        fields && side(shape.width) && side(shape.height)
    }
}

/// The events of a window, in any order; one element an event in each list.
#[derive(Clone, Copy, Debug)]
pub struct Events<'a> {
    /// Columns; events beyond the sensor do not count.
    pub x: &'a [u16],
    /// Rows.
    pub y: &'a [u16],
    /// Times as a fraction of the window, `Q 15`, held to 0..=32768.
    pub t: &'a [u16],
    /// Polarities: zero or not.
    pub polarity: &'a [u8],
}

impl Events<'_> {
    /// Are the lists of one length, below 2^20?
    pub fn valid(&self) -> bool {
        let n = self.x.len();
        n < 1 << 20 && [self.y.len(), self.t.len(), self.polarity.len()] == [n; 3]
    }
}

/// Fraction bits of an event's part of the gradient before it is divided by Z.
const PART_BITS: u32 = 18;
/// The most gain.
const GAIN_MAX: u32 = 24;
/// The smallest difference that smoothness sees as one, `Q 16`: 2^-10.
const SOFT: i64 = 1 << 6;

/// The times of reference, `Q 15`.
const REFERENCES: [i32; 2] = [0, ONE_Q15];

/// Measures contrast. Holds four images of the sensor, and a row.
#[derive(Clone, Debug)]
pub struct Contrast {
    spec: ContrastSpec,
    /// Of the flow.
    shape: Shape,
    /// Of the sensor.
    width: usize,
    height: usize,
    /// Images: G for each time of reference, then 2 F.
    pixels: Vec<i32>,
    /// A row before it was blurred.
    above: Vec<i32>,
}

impl Contrast {
    /// For a flow of this shape: u, to the right, and v, downwards, in `Q 16` sensor pixels over the window.
    pub fn new(spec: ContrastSpec, shape: Shape) -> Self {
        let (width, height) = (shape.width * spec.scale, shape.height * spec.scale);
        Self { spec, shape, width, height, pixels: vec![0; 4 * width * height], above: vec![0; width] }
    }

    /// Bytes that it holds: 16 a pixel, and 4 a column.
    pub fn bytes(spec: &ContrastSpec, shape: Shape) -> u64 {
        let side = |flow: usize| flow as u64 * spec.scale as u64;
        4 * side(shape.width) * (4 * side(shape.height) + 1)
    }

    /// The gradient of L by the flow, and L.
    ///
    /// The gain is chosen so that the largest error is 0.5 to 1, where it can be; an error above 16 saturates. Places are
    /// rounded to 2^-12 pixel, images to 2^-16 event; a pixel is full with 4096 events.
    pub fn error(&mut self, flow: &[i32], events: &Events, error: &mut [i32]) -> Outcome {
        error.fill(0);
        let (mut still, mut moved) = (0, 0);
        for polarity in [false, true] {
            self.add_up(polarity, flow, events, error, [&mut still, &mut moved]);
        }
        // Both to 46 bits at most, so that the quotient can be formed.
        let narrow = 18u32.saturating_sub((still | moved).leading_zeros());
        let contrast = -divide(((moved >> narrow) as i64) << 16, still >> narrow);
        let (h, w) = (self.shape.height as u64, self.shape.width as u64);
        let neighbours = 2 * (h * (w - 1) + (h - 1) * w);
        let share = divide((self.spec.smoothness as i64) << 34, neighbours);
        let gain = divide_by(still, 4 * share as u64, error);
        let roughness = self.smooth(flow, round(share, GAIN_MAX - gain), error);
        let rough = divide(roughness as i64, neighbours) * self.spec.smoothness as i64;
        Outcome { gain, finest: 0, value: Some(contrast + (rough >> 16)) }
    }

    /// Adds the sharpness of a polarity's events where they are, and the smaller one of where they are moved to, to the
    /// sums (`Q 16`), and what they say to the error of their flow, in `PART_BITS`.
    fn add_up(
        &mut self,
        polarity: bool,
        flow: &[i32],
        events: &Events,
        error: &mut [i32],
        [still, moved]: [&mut u64; 2],
    ) {
        let (spec, shape, width, height) = (self.spec, self.shape, self.width, self.height);
        let mut rest = self.pixels.chunks_exact_mut(width * height);
        let mut image = || Image { width, height, pixels: rest.next().unwrap_or_default() };
        let (mut all, mut counted) = ([image(), image()], [image(), image()]);
        let each = |visit: &mut dyn FnMut(&Seen)| for_each(spec, shape, flow, events, polarity, visit);
        for reference in [None, Some(REFERENCES[1]), Some(REFERENCES[0])] {
            // At rest in the image that is needed last.
            let image = &mut all[(reference == Some(REFERENCES[1])) as usize];
            image.pixels.fill(0);
            each(&mut |event| image.vote(event.at(reference), 1));
            image.blur(spec.blur, &mut self.above);
            if reference.is_none() {
                each(&mut |event| *still += image.look(event.at(None)).0);
            }
        }
        counted.iter_mut().for_each(|image| image.pixels.fill(0));
        each(&mut |event| {
            let looks = [0, 1].map(|k| all[k].look(event.at(Some(REFERENCES[k]))));
            *moved += looks[0].0.min(looks[1].0);
            for k in 0..2 {
                // In halves.
                let weight = 1 + (looks[k].0 < looks[1 - k].0) as i32 - (looks[k].0 > looks[1 - k].0) as i32;
                event.add(error, REFERENCES[k], looks[k].1, weight);
                counted[k].vote(event.at(Some(REFERENCES[k])), weight);
            }
        });
        for (image, reference) in counted.iter_mut().zip(REFERENCES) {
            image.blur(spec.blur, &mut self.above);
            each(&mut |event| event.add(error, reference, image.look(event.at(Some(reference))).1, 1));
        }
    }

    /// Draws the flows of neighbours together by `step`; returns the sum of how far apart they are, `Q 16`.
    fn smooth(&self, flow: &[i32], step: i64, error: &mut [i32]) -> u64 {
        let (stride, columns, positions) = (self.shape.stride, self.shape.width, self.shape.positions());
        let mut sum = 0;
        for at in 0..positions {
            for part in 0..2 {
                let mut pair = |is: bool, other: usize| {
                    if is && self.spec.smoothness != 0 {
                        sum += draw_together(flow, error, at * stride + part, other * stride + part, step);
                    }
                };
                pair((at + 1) % columns != 0, at + 1);
                pair(at + columns < positions, at + columns);
            }
        }
        sum
    }
}

/// Draws two values of the flow together by `step`; returns how far apart they are, `Q 16`.
#[inline(never)]
fn draw_together(flow: &[i32], error: &mut [i32], here: usize, there: usize, step: i64) -> u64 {
    let difference = flow[there] as i64 - flow[here] as i64;
    let (unit, length) = direction(difference.clamp(-1 << 31, 1 << 31), SOFT);
    let pull = round(unit[0] * step, 30) as i32;
    for (at, pull) in [(here, -pull), (there, pull)] {
        error[at] = error[at].saturating_add(pull).clamp(-SIGNAL_MAX, SIGNAL_MAX);
    }
    length
}

/// An event on the sensor.
struct Seen {
    /// Where its flow lies.
    first: usize,
    /// Its time, `Q 15`.
    time: i32,
    /// Where it is, and a quarter of a pixel, in `PLACE_BITS`.
    place: (i32, i32),
    /// Its flow, `Q 16`.
    flow: (i32, i32),
}

impl Seen {
    /// Where it is at a time of reference, or without flow.
    #[inline(never)]
    fn at(&self, reference: Option<i32>) -> (i32, i32) {
        let after = reference.map_or(0, |reference| reference - self.time) as i64;
        let shift = |flow: i32| round(flow as i64 * after, 31 - PLACE_BITS) as i32;
        (self.place.0 + shift(self.flow.0), self.place.1 + shift(self.flow.1))
    }

    /// Adds slopes, times the time that is left and `weight` halves, to the error of its flow.
    #[inline(never)]
    fn add(&self, error: &mut [i32], reference: i32, slopes: [i64; 2], weight: i32) {
        let after = ((reference - self.time) * weight) as i64;
        for (sum, slope) in error.iter_mut().skip(self.first).zip(slopes) {
            let part = round(slope * after, 15 + SLOPE_BITS + 1 - PART_BITS);
            *sum = (*sum as i64 + part).clamp(-i32::MAX as i64, i32::MAX as i64) as i32;
        }
    }
}

/// Visits the events of a polarity that lie on the sensor.
#[inline(never)]
fn for_each(
    spec: ContrastSpec,
    shape: Shape,
    flow: &[i32],
    events: &Events,
    polarity: bool,
    visit: &mut dyn FnMut(&Seen),
) {
    let scale = spec.scale.max(1);
    let place = |pixel: u16| ((pixel as i32) << PLACE_BITS) + (1 << PLACE_BITS >> 2);
    for (((&x, &y), &t), &p) in events.x.iter().zip(events.y).zip(events.t).zip(events.polarity) {
        if (p != 0) != polarity {
            continue;
        }
        let (column, row) = (x as usize / scale, y as usize / scale);
        if column >= shape.width || row >= shape.height {
            continue;
        }
        let first = (row * shape.width + column) * shape.stride;
        if let Some(&[u, v, ..]) = flow.get(first..) {
            visit(&Seen { first, time: (t as i32).min(ONE_Q15), place: (place(x), place(y)), flow: (u, v) });
        }
    }
}

/// Turns the events' parts S into -S / Z with a gain for which the largest, and `more` (`Q 50`), fit; returns it.
#[inline(never)]
fn divide_by(still: u64, more: u64, error: &mut [i32]) -> u32 {
    // 1 / Z = reciprocal / 2^(bits + 30 - 16), the reciprocal 2^30 to 2^31.
    let bits = 64 - still.leading_zeros();
    let top = if bits > 32 { still >> (bits - 32) } else { still << (32 - bits) };
    let reciprocal = (1u64 << 62).checked_div(top).unwrap_or(0) as i64;
    let peak = error.iter().fold(0, |peak, sum| peak.max(sum.abs()));
    let most = fine(peak, reciprocal, bits).unsigned_abs() + more;
    let drop = (64 - most.leading_zeros()).saturating_sub(26).min(GAIN_MAX);
    for e in error {
        *e = round(fine(*e, reciprocal, bits), drop).clamp(-SIGNAL_MAX as i64, SIGNAL_MAX as i64) as i32;
    }
    GAIN_MAX - drop
}

/// -S / Z in `Q 50`, S in `PART_BITS`; see [`divide_by`].
#[inline(never)]
fn fine(sum: i32, reciprocal: i64, bits: u32) -> i64 {
    // S has 18 bits, Z 16, the quotient 50: 30 + 18 - 16 + bits less 50.
    let (right, left) = (bits.saturating_sub(18), 18u32.saturating_sub(bits));
    let room = (1i64 << 56) >> left;
    -(round(sum as i64 * reciprocal, right).clamp(-room, room) << left)
}

/// [`crate::fixed::shift_round`] for 64 bits.
fn round(a: i64, shift: u32) -> i64 {
    if shift == 0 { a } else { (a >> shift) + ((a >> (shift - 1)) & 1) }
}
