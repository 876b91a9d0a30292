//! The cochlea against the same filters and cells in floating point.

use super::{Spike, agreement, clock, encode, sound, value};
use core::f64::consts::{PI, TAU};
use stllr_events::encode::{Cochlea, CochleaCode, CochleaConfig};

const RATE: u64 = 16_000;
const FIRE: CochleaCode = CochleaCode::Fire { rate_mhz: 500_000, half_us: 20_000 };

/// The centres of the bands, in Hz.
fn centres(config: &CochleaConfig) -> Vec<f64> {
    let corner = 228.833;
    let (low, high) = (config.low_mhz as f64 / 1000.0 + corner, config.high_mhz as f64 / 1000.0 + corner);
    let last = (config.channels.max(2) - 1) as f64;
    (0..config.channels).map(|index| low * (high / low).powf(index as f64 / last) - corner).collect()
}

fn resonate(input: &[f64], hz: f64, rate: f64) -> Vec<f64> {
    let w = TAU * hz / rate;
    let q = (2f64.sqrt() - 1.0).sqrt() * hz / (24.7 * (1.0 + 0.00437 * hz));
    let a = w.sin() / (2.0 * q);
    let mut output = vec![0.0; input.len()];
    for n in 0..input.len() {
        let at = |of: &[f64], back: usize| if n >= back { of[n - back] } else { 0.0 };
        let driven = a * (input[n] - at(input, 2));
        output[n] = (driven + 2.0 * w.cos() * at(&output, 1) - (1.0 - a) * at(&output, 2)) / (1.0 + a);
    }
    output
}

fn reference(config: &CochleaConfig, samples: &[i32]) -> Vec<Spike> {
    let rate = RATE as f64;
    let input: Vec<f64> = samples.iter().map(|&x| f64::from(x) / 32_768.0).collect();
    let mut spikes = Vec::new();
    for (channel, hz) in centres(config).into_iter().enumerate() {
        let waves = resonate(&resonate(&input, hz, rate), hz, rate);
        let (mut v, mut level) = (0.0f64, 0i32);
        for (n, wave) in waves.into_iter().enumerate() {
            let r = wave.max(0.0);
            let spike = match config.code {
                CochleaCode::Fire { rate_mhz, half_us } => {
                    let threshold = rate * 1000.0 / (PI * rate_mhz as f64);
                    v = v * 2f64.powf(-1e6 / (rate * half_us as f64)) + r;
                    let has_spiked = v >= threshold;
                    v -= if has_spiked { threshold } else { 0.0 };
                    has_spiked.then_some(0)
                }
                CochleaCode::Delta { delta_db, floor_db, envelope_mhz } => {
                    let w = TAU * envelope_mhz as f64 / 1000.0 / rate;
                    v += (r - v) * w / (1.0 + w);
                    let db = |level: i32| f64::from(floor_db) / 65_536.0 + f64::from(level * (delta_db >> 8)) / 256.0;
                    let floor = 10f64.powf(db(0) / 20.0);
                    let envelope = v.max(floor);
                    if envelope >= 10f64.powf(db(level + 1) / 20.0) {
                        level += 1;
                        Some(1)
                    } else if level > 0 && envelope <= 10f64.powf(db(level - 1) / 20.0) {
                        level -= 1;
                        Some(0)
                    } else {
                        None
                    }
                }
            };
            spikes.extend(spike.map(|p| (n as u64 * 1_000_000 / RATE, channel as u16, p)));
        }
    }
    spikes
}

fn check(config: CochleaConfig, samples: &[i32], least: usize) {
    let wanted = reference(&config, samples);
    let found = encode(clock(RATE), Cochlea::new(&config, &clock(RATE)).unwrap(), samples);
    assert!(wanted.len() >= least, "only {} spikes", wanted.len());
    let agreement = agreement(&found, &wanted);
    assert!(agreement >= 99.5, "{agreement} % of {} and {} spikes: {config:?}", found.len(), wanted.len());
}

#[test]
fn firing_agrees() {
    let config = CochleaConfig { channels: 64, low_mhz: 60_000, high_mhz: 7_000_000, code: FIRE };
    let fast = CochleaCode::Fire { rate_mhz: 8_000_000, half_us: 20_000 };
    check(CochleaConfig { code: fast, ..config }, &sound(32_000, RATE as f64, 30_000.0), 3000);
    let slow = CochleaCode::Fire { rate_mhz: 100_000_000, half_us: 10_000_000 };
    check(CochleaConfig { code: slow, channels: 8, ..config }, &sound(32_000, RATE as f64, 900.0), 500);
}

#[test]
fn changes_agree() {
    let code = CochleaCode::Delta { delta_db: value(3.0), floor_db: value(-60.0), envelope_mhz: 30_000 };
    let config = CochleaConfig { channels: 64, low_mhz: 60_000, high_mhz: 7_000_000, code };
    check(config, &sound(32_000, RATE as f64, 30_000.0), 3000);
    // To silence again: as many falls as rises.
    let mut samples = sound(16_000, RATE as f64, 30_000.0);
    samples.resize(32_000, 0);
    let found = encode(clock(RATE), Cochlea::new(&config, &clock(RATE)).unwrap(), &samples);
    let rises = found.iter().filter(|&&(.., p)| p == 1).count();
    assert_eq!(found.len(), 2 * rises);
}

#[test]
fn a_tone_is_heard_at_its_place() {
    let config = CochleaConfig { channels: 32, low_mhz: 100_000, high_mhz: 6_000_000, code: FIRE };
    for (channel, hz) in centres(&config).into_iter().enumerate() {
        let tone = |k: usize| (16_384.0 * (TAU * hz * k as f64 / RATE as f64).sin()).round() as i32;
        let samples: Vec<i32> = (0..RATE as usize / 2).map(tone).collect();
        let mut counts = [0; 32];
        for (_, x, _) in encode(clock(RATE), Cochlea::new(&config, &clock(RATE)).unwrap(), &samples) {
            counts[usize::from(x)] += 1;
        }
        let most = counts.iter().copied().max().unwrap_or(0);
        assert_eq!(counts[channel], most, "{hz} Hz: {counts:?}");
        // Half of full scale for half a second, at 500 Hz without the leak.
        assert!((60..=125).contains(&most), "{hz} Hz: {most}");
    }
}
