//! Sound by how loud it is in bands as wide as the ear's: the mel spectrogram in decibels, by rate and by changes.
//!
//! A window of samples every `hop`, weighted by 0.5 - 0.5 cos(2 pi k / window); E = the sum over the transform's bins of weight
//! |X|^2, in bands that are triangles between corners at equal distances of 2595 log10(1 + f / 700), each of sum 1; loudness =
//! max(floor, 10 log10(E / `full_scale`^2 + 10^-6)) dB. Of the window that begins with sample k hop, events have that sample's
//! time: a band spikes at [`Rate`] over floor..floor + range (one polarity), and at [`Delta`] from the floor on (two).

use super::clock::Clock;
use super::delta::{Delta, DeltaConfig, Follow, Start};
use super::fourier::Fourier;
use super::number::{HZ_BITS, LOG_BITS, UNIT_BITS, cosine_sine, log2, scaled, spaced};
use super::rate::Rate;
use super::sampled::Code;
use super::setting::{Range, SettingError, within};
use crate::chunk::Chunk;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::mem::size_of;

/// Settings of [`Mel`]. Decibels are values (see [`VALUE_BITS`](super::VALUE_BITS)), samples 16-bit numbers.
#[derive(Debug, Clone, Copy)]
pub struct MelConfig {
    /// Samples of a window: 2 to 4096.
    pub window: usize,
    /// Samples from one window to the next: 1 to 65,536.
    pub hop: usize,
    /// Points of the transform: a power of two from the window to 4096, at least 4.
    pub points: usize,
    /// 1 to 256.
    pub bands: usize,
    /// Where the lowest band begins and the highest ends, in mHz: 0 to half the sample rate.
    pub low_mhz: u64,
    /// Above `low_mhz`.
    pub high_mhz: u64,
    /// The sample that counts as 1: 1 to 32,768.
    pub full_scale: u32,
    /// What is quieter counts as so loud: -60 to 90 dB.
    pub floor_db: i32,
    /// Of the rate code, which spikes at every step from floor + range on: up to 200 dB. `None`: no rate code.
    pub range_db: Option<i32>,
    /// Of the changes: up to 200 dB. `None`: no changes.
    pub delta_db: Option<i32>,
}

/// The code: about 14 bytes a point, 20 a band and 4 a bin of a band.
#[derive(Debug, Clone)]
pub struct Mel {
    spectrum: Spectrum,
    hop: usize,
    window: usize,
    floor_db: i32,
    /// The latest samples, oldest first, and how many of the window there are.
    samples: Box<[i32]>,
    filled: usize,
    /// Samples that lie between two windows, still to be passed over.
    skip: usize,
    /// When the windows begin whose first sample has come and which are not full: the earliest first.
    begins_us: Vec<u64>,
    loudness: Box<[i32]>,
    rate: Option<Rate>,
    delta: Option<Delta>,
}

impl Mel {
    /// At rest; `clock` says how many samples a second has.
    ///
    /// # Errors
    /// A setting that is out of its range, or no code at all (`codes`).
    pub fn new(config: &MelConfig, clock: &Clock) -> Result<Self, SettingError> {
        let MelConfig { window, hop, points, bands, full_scale, floor_db, range_db, delta_db, .. } = *config;
        let db = |decibels: i64| decibels << super::VALUE_BITS;
        within("window", window as i64, 2, 4096)?;
        within("hop", hop as i64, 1, 1 << 16)?;
        let least = window.next_power_of_two().max(4);
        within("points", points as i64, least as i64, 4096)?;
        within("points", points as i64, points.next_power_of_two() as i64, points.next_power_of_two() as i64)?;
        within("bands", bands as i64, 1, 256)?;
        within("lowHz x 1000", config.low_mhz as i64, 0, (clock.rate_mhz() / 2) as i64)?;
        within("highHz x 1000", config.high_mhz as i64, config.low_mhz as i64 + 1, (clock.rate_mhz() / 2) as i64)?;
        within("fullScale", full_scale.into(), 1, 32_768)?;
        within("floorDb x 65536", floor_db.into(), db(-60), db(90))?;
        within("rangeDb x 65536", range_db.unwrap_or(1).into(), 1, db(200))?;
        within("deltaDb x 65536", delta_db.unwrap_or(1).into(), 1, db(200))?;
        within("codes", i64::from(range_db.is_some()) + i64::from(delta_db.is_some()), 1, 2)?;
        let rate = range_db.map(|range| Rate::new(&vec![Range { low: floor_db, high: floor_db + range }; bands]));
        let delta = delta_db.map(|delta| {
            let thresholds = &vec![delta; bands][..];
            Delta::new(&DeltaConfig { thresholds, start: Start::At(floor_db), follow: Follow::Step })
        });
        Ok(Self {
            spectrum: Spectrum::new(config, clock),
            hop,
            window,
            floor_db,
            samples: vec![0; window].into(),
            filled: 0,
            skip: 0,
            begins_us: Vec::with_capacity(window / hop + 1),
            loudness: vec![0; bands].into(),
            rate: rate.transpose()?,
            delta: delta.transpose()?,
        })
    }

    /// Bytes of its tables and its room.
    pub fn bytes(&self) -> usize {
        let bins: usize = self.spectrum.bands.iter().map(|band| band.weights.len()).sum();
        14 * self.spectrum.power.len() + size_of::<i32>() * (bins + 2 * self.window) + 28 * self.loudness.len()
    }
}

impl Code for Mel {
    fn channels(&self) -> usize {
        1
    }

    fn columns(&self) -> u32 {
        self.loudness.len() as u32
    }

    fn polarities(&self) -> u32 {
        u32::from(self.rate.is_some()) + 2 * u32::from(self.delta.is_some())
    }

    fn most_events(&self) -> usize {
        2 * self.loudness.len()
    }

    fn latency_us(&self, clock: &Clock) -> u64 {
        clock.span_us(self.window as u64 - 1)
    }

    fn frame(&mut self, t_us: u64, values: &[i32], plane: u8, out: &mut Chunk) {
        let Some(&value) = values.first() else { return };
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        if self.filled.is_multiple_of(self.hop) {
            self.begins_us.push(t_us);
        }
        self.samples[self.filled] = value.clamp(-32_768, 32_767);
        self.filled += 1;
        if self.filled < self.window {
            return;
        }
        self.spectrum.loudness(&self.samples, self.floor_db, &mut self.loudness);
        let begin_us = self.begins_us.remove(0);
        let mut plane = plane;
        if let Some(rate) = &mut self.rate {
            rate.frame(begin_us, &self.loudness, plane, out);
            plane += 1;
        }
        if let Some(delta) = &mut self.delta {
            delta.frame(begin_us, &self.loudness, plane, out);
        }
        let kept = self.window.saturating_sub(self.hop);
        self.samples.copy_within(self.window - kept.., 0);
        self.filled = kept;
        self.skip = self.hop.saturating_sub(self.window);
    }

    fn reset(&mut self) {
        (self.filled, self.skip) = (0, 0);
        self.begins_us.clear();
        if let Some(rate) = &mut self.rate {
            rate.reset();
        }
        if let Some(delta) = &mut self.delta {
            delta.reset();
        }
    }
}

/// Windows to loudness.
#[derive(Debug, Clone)]
struct Spectrum {
    fourier: Fourier,
    /// The window's weights, with [`UNIT_BITS`].
    hann: Box<[i32]>,
    /// Bits after the point of what is transformed: as many as its sum allows.
    bits: u32,
    bands: Box<[Band]>,
    /// 10^-6 in the energy's unit, and the logarithm of 1.
    least: u128,
    log_one: i64,
    windowed: Box<[i32]>,
    power: Box<[u64]>,
}

/// Bits after the point of a weight.
const WEIGHT_BITS: u32 = 23;

/// Weights of the bins from `first` on.
#[derive(Debug, Clone)]
struct Band {
    first: usize,
    weights: Box<[u32]>,
}

impl Spectrum {
    fn new(config: &MelConfig, clock: &Clock) -> Self {
        let MelConfig { window, points, full_scale, .. } = *config;
        let hann: Box<[i32]> =
            (0..window as u64).map(|k| (((1 << UNIT_BITS) - cosine_sine(k, window as u64).0) >> 1) as i32).collect();
        // All samples as large as can be, 2^15, must sum to less than 2^30.
        let sum: i64 = hann.iter().map(|&weight| i64::from(weight)).sum();
        let bits = (30 - 15 + UNIT_BITS - 1).saturating_sub(sum.max(1).ilog2()).min(12);
        let energy_bits = 2 * bits + WEIGHT_BITS;
        let square = u128::from(full_scale) * u128::from(full_scale);
        Self {
            fourier: Fourier::new(points),
            hann,
            bits,
            bands: bands(config, clock),
            least: (square << energy_bits) / 1_000_000,
            log_one: log2(square << energy_bits),
            windowed: vec![0; window].into(),
            power: vec![0; points / 2 + 1].into(),
        }
    }

    fn loudness(&mut self, samples: &[i32], floor_db: i32, loudness: &mut [i32]) {
        for ((to, &sample), &weight) in self.windowed.iter_mut().zip(samples).zip(&self.hann) {
            *to = scaled(sample.into(), weight.into(), UNIT_BITS - self.bits) as i32;
        }
        self.fourier.power(&self.windowed, &mut self.power);
        for (to, band) in loudness.iter_mut().zip(&self.bands) {
            // In two halves: their sums fit in 64 bits, as the weights' sum is 1.
            let (mut high, mut low) = (0, 0);
            for (&weight, &power) in band.weights.iter().zip(&self.power[band.first..]) {
                high += u64::from(weight) * (power >> 32);
                low += u64::from(weight) * (power & 0xFFFF_FFFF);
            }
            let energy = (u128::from(high) << 32) + u128::from(low);
            *to = decibels(log2(energy + self.least) - self.log_one).max(floor_db);
        }
    }
}

/// A logarithm to the base 2 of a power, as decibels with 16 bits after the point.
fn decibels(log: i64) -> i32 {
    /// 10 log10(2), with as many bits as a logarithm.
    const DB: i64 = 50_504_453;
    scaled(log, DB, 2 * LOG_BITS - super::VALUE_BITS) as i32
}

/// The triangles.
fn bands(config: &MelConfig, clock: &Clock) -> Box<[Band]> {
    let MelConfig { points, low_mhz, high_mhz, .. } = *config;
    let corners: Vec<u64> = spaced(low_mhz, high_mhz, 700_000, config.bands + 2).collect();
    let bin = |k: u64| ((u128::from(clock.rate_mhz()) << HZ_BITS) * u128::from(k) / (1000 * points as u128)) as u64;
    let band = |corners: &[u64]| {
        let (left, middle, right) = (corners[0], corners[1], corners[2]);
        let inside: Vec<u64> = (0..=points as u64 / 2).filter(|&k| left < bin(k) && bin(k) < right).collect();
        // With 30 bits after the point.
        let part = |way: u64, whole: u64| (u128::from(way) << 30) / u128::from(whole.max(1));
        let height = |&k: &u64| part(bin(k) - left, middle - left).min(part(right - bin(k), right - middle));
        let total: u128 = inside.iter().map(height).sum();
        let weight = |k: &u64| (((height(k) << WEIGHT_BITS) + total / 2) / total.max(1)) as u32;
        // A band narrower than a bin may have none.
        Band { first: inside.first().map_or(0, |&k| k as usize), weights: inside.iter().map(weight).collect() }
    };
    corners.windows(3).map(band).collect()
}
