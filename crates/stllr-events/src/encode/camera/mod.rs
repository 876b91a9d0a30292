//! Frames of a camera to events, as an event camera would see them.
//!
//! A pixel's brightness is L = ln(I) from an intensity of `linear_below` on, and a straight line from 0 below it, where ln would
//! magnify the noise of few grey levels. Between frames L follows a straight line in time. A pixel keeps a reference, at first its
//! first brightness: where L comes to reference + `on` there is an event of polarity 1, where it comes to reference - `off` one of
//! polarity 0, and the reference goes there. An event has the first time at or after that which is a multiple of `resolution_us`, at
//! the latest the frame's own; events of one time come by pixels, row by row, second events of a pixel after them.
//!
//! Thresholds may differ from pixel to pixel, as those of real sensors do: each is multiplied by 1 + `mismatch` z, with z a
//! pseudo-random number of the seed and pixel that is nearly normal (a sum of four), from -3.5 to 3.5; none below a quarter.

mod pixel;

use self::pixel::{Thresholds, brightness, mismatched};
use super::VALUE_BITS;
use super::setting::{SettingError, within};
use crate::chunk::{Chunk, MAX_TIME_US};
use crate::steps::Sensor;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

/// How a frame's pixels are given, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pixels {
    /// A byte each.
    Grey,
    /// Red, green, blue and a byte that says nothing: grey is (77 red + 150 green + 29 blue) / 256, rounded down.
    Rgba,
}

impl Pixels {
    /// Bytes of a pixel.
    pub fn bytes(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgba => 4,
        }
    }
}

/// Settings of [`Camera`]. Thresholds and the mismatch are values (see [`VALUE_BITS`]).
#[derive(Debug, Clone, Copy)]
pub struct CameraConfig {
    /// Columns, 1 to 4,096.
    pub width: u32,
    /// Rows, 1 to 4,096.
    pub height: u32,
    /// How much brighter makes an event: 0.01 to 5 in ln of intensity.
    pub on: i32,
    /// How much darker.
    pub off: i32,
    /// How far thresholds differ, as a part of them: 0 to 0.25.
    pub mismatch: i32,
    /// Of the mismatch.
    pub seed: u32,
    /// 1 to 255.
    pub linear_below: u32,
    /// Events come at multiples of this: 1 to 1,000,000 us.
    pub resolution_us: u64,
    /// After a longer time between frames, brightness is taken to have stood still until so many us before the new one, so that no
    /// event lies further back: from 1 us to 4,096 times the resolution.
    pub max_interval_us: u64,
}

/// The encoder: 17 bytes a pixel.
#[derive(Debug, Clone)]
pub struct Camera {
    config: CameraConfig,
    brightness: Box<[i32; 256]>,
    /// Grey levels of the last frame, and of the frame before it.
    now: Box<[u8]>,
    before: Box<[u8]>,
    references: Box<[i32]>,
    thresholds: Option<Box<[Thresholds]>>,
    /// When the last frame was.
    time_us: Option<u64>,
    between: Between,
    /// Pixels with an event to come: a queue for each time, as first and last pixel, and the pixel after each pixel.
    queues: Vec<(u32, u32)>,
    after: Box<[u32]>,
}

/// Where events between two frames have come to.
#[derive(Debug, Clone, Copy, Default)]
struct Between {
    from_us: u64,
    until_us: u64,
    queue: usize,
}

const NONE: u32 = u32::MAX;
/// Bits after the point of a brightness.
const BITS: u32 = 22;
const MORE_BITS: u32 = BITS - VALUE_BITS;

impl Camera {
    /// Before its first frame.
    ///
    /// # Errors
    /// A setting that is out of its range.
    pub fn new(config: CameraConfig) -> Result<Self, SettingError> {
        let CameraConfig { width, height, on, off, mismatch, resolution_us, max_interval_us, .. } = config;
        let one = 1i64 << VALUE_BITS;
        within("width", width.into(), 1, 4096)?;
        within("height", height.into(), 1, 4096)?;
        within("on x 65536", on.into(), one / 100, 5 * one)?;
        within("off x 65536", off.into(), one / 100, 5 * one)?;
        within("mismatch x 65536", mismatch.into(), 0, one / 4)?;
        within("linearBelow", config.linear_below.into(), 1, 255)?;
        within("resolutionUs", resolution_us as i64, 1, 1_000_000)?;
        within("maxIntervalUs", max_interval_us as i64, 1, 4096 * resolution_us as i64)?;
        let pixels = (width * height) as usize;
        let queues = max_interval_us.div_ceil(resolution_us) + 1;
        let thresholds = (mismatch > 0).then(|| (0..pixels as u32).map(|pixel| mismatched(&config, pixel)).collect());
        Ok(Self {
            config,
            brightness: brightness(config.linear_below),
            now: vec![0; pixels].into(),
            before: vec![0; pixels].into(),
            references: vec![0; pixels].into(),
            thresholds,
            time_us: None,
            between: Between { queue: queues as usize, ..Between::default() },
            queues: vec![(NONE, NONE); queues as usize],
            after: vec![NONE; pixels].into(),
        })
    }

    /// Where its events are.
    pub fn sensor(&self) -> Sensor {
        Sensor { width: self.config.width, height: self.config.height, polarities: 2 }
    }

    /// An event with time t has been given, at the latest, when the first frame at or after t + this has.
    pub fn latency_us(&self) -> u64 {
        self.config.max_interval_us
    }

    /// When the last frame was, if there was one.
    pub fn time_us(&self) -> Option<u64> {
        self.time_us
    }

    /// Takes a frame; its events are then to be had from [`Camera::events`]. What is left of the last frame's is lost.
    ///
    /// # Errors
    /// A time that does not lie after the last frame's, or beyond [`MAX_TIME_US`]; other than width x height pixels.
    pub fn frame(&mut self, t_us: u64, pixels: Pixels, bytes: &[u8]) -> Result<(), SettingError> {
        let wanted = (self.now.len() * pixels.bytes()) as i64;
        within("frame.length", bytes.len() as i64, wanted, wanted)?;
        let least = self.time_us.map_or(0, |before| before as i64 + 1);
        within("timeUs", i64::try_from(t_us).unwrap_or(i64::MAX), least, MAX_TIME_US as i64)?;
        while self.between.queue < self.queues.len() {
            self.queues[self.between.queue] = (NONE, NONE);
            self.between.queue += 1;
        }
        core::mem::swap(&mut self.now, &mut self.before);
        match pixels {
            Pixels::Grey => self.now.copy_from_slice(bytes),
            Pixels::Rgba => {
                for (to, &[red, green, blue, _]) in self.now.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *to = ((77 * u32::from(red) + 150 * u32::from(green) + 29 * u32::from(blue)) >> 8) as u8;
                }
            }
        }
        match self.time_us.replace(t_us) {
            None => {
                for (reference, &grey) in self.references.iter_mut().zip(&self.now) {
                    *reference = self.brightness[usize::from(grey)];
                }
            }
            Some(before_us) => self.begin(before_us.max(t_us.saturating_sub(self.config.max_interval_us)), t_us),
        }
        Ok(())
    }

    /// Appends events of the last frame until all are given (true) or `out` is full (false: call again).
    pub fn events(&mut self, out: &mut Chunk) -> bool {
        while let Some(&(first, _)) = self.queues.get(self.between.queue) {
            if first == NONE {
                self.queues[self.between.queue] = (NONE, NONE);
                self.between.queue += 1;
                continue;
            }
            if out.is_full() {
                return false;
            }
            let (queue, pixel) = (self.between.queue, first as usize);
            let next = self.after[pixel];
            self.queues[queue].0 = next;
            if next == NONE {
                self.queues[queue].1 = NONE;
            }
            let (target, is_on) = self.target(pixel);
            self.references[pixel] = target;
            out.push(
                self.time_of(queue),
                (first % self.config.width) as u16,
                (first / self.config.width) as u16,
                u8::from(is_on),
            );
            if self.is_due(pixel) {
                self.line_up(pixel);
            }
        }
        true
    }

    /// Forgets all frames.
    pub fn reset(&mut self) {
        self.time_us = None;
        self.queues.fill((NONE, NONE));
        self.between.queue = self.queues.len();
    }

    /// Lines up all pixels whose brightness now lies beyond a threshold.
    fn begin(&mut self, from_us: u64, until_us: u64) {
        self.between = Between { from_us, until_us, queue: 0 };
        if self.thresholds.is_some() {
            for pixel in 0..self.now.len() {
                if self.is_due(pixel) {
                    self.line_up(pixel);
                }
            }
            return;
        }
        // The same without mismatch: most pixels of most frames end here.
        let (on, off) = (self.config.on << MORE_BITS, self.config.off << MORE_BITS);
        for pixel in 0..self.now.len() {
            let change = self.brightness[usize::from(self.now[pixel])] - self.references[pixel];
            if change >= on || change <= -off {
                self.line_up(pixel);
            }
        }
    }

    fn thresholds(&self, pixel: usize) -> (i32, i32) {
        match &self.thresholds {
            // Held in units of 2^-12, so that 16 bits do.
            Some(each) => (i32::from(each[pixel].on) << (BITS - 12), i32::from(each[pixel].off) << (BITS - 12)),
            None => (self.config.on << MORE_BITS, self.config.off << MORE_BITS),
        }
    }

    fn is_due(&self, pixel: usize) -> bool {
        let change = self.brightness[usize::from(self.now[pixel])] - self.references[pixel];
        let (on, off) = self.thresholds(pixel);
        change >= on || change <= -off
    }

    /// The brightness at which the pixel's next event is, and whether it is one of growing brighter.
    fn target(&self, pixel: usize) -> (i32, bool) {
        let (on, off) = self.thresholds(pixel);
        let reference = self.references[pixel];
        let is_on = self.brightness[usize::from(self.now[pixel])] > reference;
        (if is_on { reference + on } else { reference - off }, is_on)
    }

    /// Puts a pixel behind the others whose next event has the same time.
    fn line_up(&mut self, pixel: usize) {
        let (target, _) = self.target(pixel);
        let begin = self.brightness[usize::from(self.before[pixel])];
        let end = self.brightness[usize::from(self.now[pixel])];
        let Between { from_us, until_us, .. } = self.between;
        // A reference may have stood beyond the begin: then its time is over at once.
        let (way, whole) = ((target - begin).unsigned_abs(), (end - begin).unsigned_abs());
        let is_past = whole == 0 || (target > begin) != (end > begin);
        let passed = if is_past { 0 } else { (u64::from(way) * (until_us - from_us)).div_ceil(u64::from(whole)) };
        let queue = self.queue_of(from_us + passed).max(self.between.queue);
        self.after[pixel] = NONE;
        let (first, last) = &mut self.queues[queue];
        if *first == NONE {
            *first = pixel as u32;
        } else {
            self.after[*last as usize] = pixel as u32;
        }
        *last = pixel as u32;
    }

    /// Which queue holds events of a time that is after `from_us`: those up to the next multiple of the resolution.
    fn queue_of(&self, t_us: u64) -> usize {
        let resolution = self.config.resolution_us;
        (t_us.div_ceil(resolution) - self.between.from_us.div_ceil(resolution)) as usize
    }

    fn time_of(&self, queue: usize) -> u64 {
        let resolution = self.config.resolution_us;
        ((self.between.from_us.div_ceil(resolution) + queue as u64) * resolution).min(self.between.until_us)
    }
}
