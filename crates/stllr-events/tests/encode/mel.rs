//! The mel encoder against the definition in floating point: a sum for each bin, no fast transform.

use super::{Spike, agreement, clock, encode, sound, value};
use core::f64::consts::TAU;
use stllr_events::encode::{Code, Mel, MelConfig};

const CONFIG: MelConfig = MelConfig {
    window: 200,
    hop: 80,
    points: 512,
    bands: 32,
    low_mhz: 60_000,
    high_mhz: 4_000_000,
    full_scale: 32_768,
    floor_db: -30 << 16,
    range_db: Some(60 << 16),
    delta_db: Some(6 << 16),
};

/// Loudness in dB, by window and band.
fn loudness(samples: &[i32], config: &MelConfig, rate: f64) -> Vec<Vec<f64>> {
    let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
    let hz = |mel: f64| 700.0 * (10f64.powf(mel / 2595.0) - 1.0);
    let (low, high) = (mel(config.low_mhz as f64 / 1000.0), mel(config.high_mhz as f64 / 1000.0));
    let corner = |index: usize| hz(low + (high - low) * index as f64 / (config.bands + 1) as f64);
    let bin = rate / config.points as f64;
    let bands: Vec<Vec<f64>> = (0..config.bands)
        .map(|band| {
            let (left, middle, right) = (corner(band), corner(band + 1), corner(band + 2));
            let height = |k: usize| {
                let f = k as f64 * bin;
                ((f - left) / (middle - left)).min((right - f) / (right - middle)).max(0.0)
            };
            let weights: Vec<f64> = (0..=config.points / 2).map(height).collect();
            let sum: f64 = weights.iter().sum();
            weights.iter().map(|weight| if sum > 0.0 { weight / sum } else { 0.0 }).collect()
        })
        .collect();
    let full = f64::from(config.full_scale);
    samples
        .windows(config.window)
        .step_by(config.hop)
        .map(|window| {
            let weighted: Vec<f64> = window
                .iter()
                .enumerate()
                .map(|(k, &x)| f64::from(x) / full * (0.5 - 0.5 * (TAU * k as f64 / config.window as f64).cos()))
                .collect();
            let power: Vec<f64> = (0..=config.points / 2)
                .map(|j| {
                    let (mut re, mut im) = (0.0, 0.0);
                    for (k, x) in weighted.iter().enumerate() {
                        let turn = TAU * ((j * k) % config.points) as f64 / config.points as f64;
                        re += x * turn.cos();
                        im -= x * turn.sin();
                    }
                    re * re + im * im
                })
                .collect();
            let energy = |band: &Vec<f64>| band.iter().zip(&power).map(|(weight, power)| weight * power).sum::<f64>();
            let floor = f64::from(config.floor_db) / 65_536.0;
            bands.iter().map(|band| (10.0 * (energy(band) + 1e-6).log10()).max(floor)).collect()
        })
        .collect()
}

fn spikes(loudness: &[Vec<f64>], config: &MelConfig, rate: u64) -> Vec<Spike> {
    let db = |value: i32| f64::from(value) / 65_536.0;
    let (floor, range, delta) = (db(config.floor_db), config.range_db.map(db), config.delta_db.map(db));
    let mut spikes = Vec::new();
    let (mut sums, mut references) = (vec![0.0; config.bands], vec![floor; config.bands]);
    for (frame, bands) in loudness.iter().enumerate() {
        let t = (frame * config.hop) as u64 * 1_000_000 / rate;
        for (band, loud) in bands.iter().enumerate() {
            if let Some(range) = range {
                sums[band] += ((loud - floor) / range).clamp(0.0, 1.0);
                if sums[band] >= 1.0 {
                    sums[band] -= 1.0;
                    spikes.push((t, band as u16, 0));
                }
            }
            if let Some(delta) = delta {
                let change = loud - references[band];
                if change.abs() >= delta {
                    references[band] += delta * change.signum();
                    spikes.push((t, band as u16, u8::from(change > 0.0) + u8::from(range.is_some())));
                }
            }
        }
    }
    spikes
}

fn check(config: MelConfig, rate: u64, samples: &[i32], least: usize) {
    let wanted = spikes(&loudness(samples, &config, rate as f64), &config, rate);
    let found = encode(clock(rate), Mel::new(&config, &clock(rate)).unwrap(), samples);
    assert!(wanted.len() >= least, "only {} spikes", wanted.len());
    let agreement = agreement(&found, &wanted);
    assert!(agreement >= 99.5, "{agreement} % of {} and {} spikes: {config:?}", found.len(), wanted.len());
}

#[test]
fn loud_and_quiet_sounds_agree() {
    for loudest in [32_767.0, 3000.0, 100.0] {
        let config = MelConfig { full_scale: loudest as u32 + 1, ..CONFIG };
        check(config, 8000, &sound(8000, 8000.0, loudest), 300);
    }
    // As loud as can be, in every sample.
    let square: Vec<i32> = (0..4000).map(|k| if k / 5 % 2 == 0 { 32_767 } else { -32_768 }).collect();
    check(CONFIG, 8000, &square, 100);
}

#[test]
fn other_settings_agree() {
    let samples = sound(8000, 16_000.0, 20_000.0);
    let wide = MelConfig { window: 400, hop: 160, points: 1024, bands: 64, high_mhz: 7_600_000, ..CONFIG };
    check(wide, 16_000, &samples, 300);
    check(MelConfig { range_db: None, delta_db: Some(value(1.5)), ..wide }, 16_000, &samples, 300);
    check(MelConfig { delta_db: None, floor_db: value(-55.5), full_scale: 12_345, ..wide }, 16_000, &samples, 300);
    // Windows that leave samples out; windows that fill the transform; many windows at a time.
    check(MelConfig { window: 100, hop: 250, points: 128, ..CONFIG }, 16_000, &samples, 200);
    check(MelConfig { window: 512, hop: 256, ..CONFIG }, 16_000, &samples, 200);
    check(MelConfig { window: 512, hop: 7, bands: 5, ..CONFIG }, 16_000, &samples[..2000], 200);
}

#[test]
fn silence_is_silent_and_short_sounds_give_nothing() {
    let mel = || Mel::new(&CONFIG, &clock(8000)).unwrap();
    assert_eq!(encode(clock(8000), mel(), &[0; 8000]), []);
    assert_eq!(encode(clock(8000), mel(), &[20_000; 199]), []);
    assert!(!encode(clock(8000), mel(), &[20_000; 200]).is_empty());
}

#[test]
fn latency_is_that_of_the_window() {
    let mel = Mel::new(&CONFIG, &clock(8000)).unwrap();
    assert_eq!(mel.latency_us(&clock(8000)), 199 * 125);
    assert!(mel.bytes() < 20_000);
}
