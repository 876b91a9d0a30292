//! Codes of sampled values against the same in floating point.

use super::{Spike, agreement, clock, encode, random::Random, value};
use stllr_events::encode::{
    Delta, DeltaConfig, Follow, Imu, ImuConfig, Latency, LatencyConfig, Population, PopulationConfig, Range, Rate,
    Start,
};

const CHANNELS: usize = 3;
const FRAMES: usize = 4000;
const RATE_HZ: u64 = 300;

/// Values that wander, of all channels one frame after the other.
fn walk() -> Vec<f64> {
    let mut random = Random(3);
    let mut now = [0.0; CHANNELS];
    let mut values = Vec::new();
    for _ in 0..FRAMES {
        for (channel, value) in now.iter_mut().enumerate() {
            let step = (random.below(20_001) as f64 / 10_000.0 - 1.0) * (channel + 1) as f64;
            *value = (*value * 0.99 + step).clamp(-30.0, 30.0);
            values.push(*value);
        }
    }
    values
}

fn fixed(values: &[f64]) -> Vec<i32> {
    values.iter().map(|&each| value(each)).collect()
}

fn time_of(frame: usize) -> u64 {
    frame as u64 * 1_000_000 / RATE_HZ
}

/// By frame and channel: what becomes of a value; `reference` is the channel's state.
fn by_channel(
    values: &[f64],
    start: impl Fn(usize) -> f64,
    mut code: impl FnMut(f64, &mut f64, usize) -> Option<(u64, u8)>,
) -> Vec<Spike> {
    let mut states: Vec<f64> = (0..CHANNELS).map(start).collect();
    let mut spikes = Vec::new();
    for (frame, values) in values.chunks(CHANNELS).enumerate() {
        for (channel, (&each, state)) in values.iter().zip(&mut states).enumerate() {
            if let Some((delay, p)) = code(each, state, channel) {
                spikes.push((time_of(frame) + delay, channel as u16, p));
            }
        }
    }
    spikes
}

const RANGES: [(f64, f64); CHANNELS] = [(-3.0, 3.0), (-7.77, 12.5), (0.0, 20.0)];

fn ranges() -> [Range; CHANNELS] {
    RANGES.map(|(low, high)| Range { low: value(low), high: value(high) })
}

fn assert_agrees(found: &[Spike], wanted: &[Spike], least: usize) {
    assert!(wanted.len() > least, "only {} spikes", wanted.len());
    let agreement = agreement(found, wanted);
    assert!(agreement >= 99.5, "{agreement} % of {} and {} spikes", found.len(), wanted.len());
}

#[test]
fn delta_follows_by_steps() {
    let thresholds = [0.7, 1.3, 2.9];
    let values = walk();
    let wanted = by_channel(
        &values,
        |_| 0.5,
        |value, reference, channel| {
            let change = value - *reference;
            if change.abs() < thresholds[channel] {
                return None;
            }
            *reference += thresholds[channel] * change.signum();
            Some((0, u8::from(change > 0.0)))
        },
    );
    let config = DeltaConfig { thresholds: &thresholds.map(value), start: Start::At(value(0.5)), follow: Follow::Step };
    assert_agrees(&encode(clock(RATE_HZ), Delta::new(&config).unwrap(), &fixed(&values)), &wanted, 1000);
}

#[test]
fn delta_follows_the_value() {
    let values = walk();
    let wanted = by_channel(
        &values,
        |channel| values[channel],
        |value, reference, _| {
            let change = value - *reference;
            if change.abs() < 1.1 {
                return None;
            }
            *reference = value;
            Some((0, u8::from(change > 0.0)))
        },
    );
    let config = DeltaConfig { thresholds: &[value(1.1); CHANNELS], start: Start::First, follow: Follow::Value };
    assert_agrees(&encode(clock(RATE_HZ), Delta::new(&config).unwrap(), &fixed(&values)), &wanted, 1000);
}

#[test]
fn rate() {
    let values = walk();
    let wanted = by_channel(
        &values,
        |_| 0.0,
        |value, sum, channel| {
            let (low, high) = RANGES[channel];
            *sum += ((value - low) / (high - low)).clamp(0.0, 1.0);
            let has_spiked = *sum >= 1.0;
            *sum -= if has_spiked { 1.0 } else { 0.0 };
            has_spiked.then_some((0, 0))
        },
    );
    assert_agrees(&encode(clock(RATE_HZ), Rate::new(&ranges()).unwrap(), &fixed(&values)), &wanted, 3000);
}

#[test]
fn population() {
    let values = walk();
    let wanted = by_channel(
        &values,
        |_| -1.0,
        |value, last, channel| {
            let (low, high) = RANGES[channel];
            let level = ((value - low) / (high - low) * 16.0).floor().clamp(0.0, 15.0);
            let has_changed = level != *last;
            *last = level;
            has_changed.then_some((0, level as u8))
        },
    );
    let code = Population::new(&PopulationConfig { ranges: &ranges(), levels: 16 }).unwrap();
    assert_agrees(&encode(clock(RATE_HZ), code, &fixed(&values)), &wanted, 3000);
}

#[test]
fn latency() {
    // A hair's breadth decides a microsecond; in 200 us, one spike in many.
    let span_us = 200;
    let values = walk();
    let wanted = by_channel(
        &values,
        |_| 0.0,
        |value, _, channel| {
            let (low, high) = RANGES[channel];
            let delay = (high - value.min(high)) / (high - low) * (span_us - 1) as f64;
            (value > low).then_some((delay as u64, 0))
        },
    );
    let code = Latency::new(&LatencyConfig { ranges: &ranges(), span_us }, &clock(RATE_HZ)).unwrap();
    let found = encode(clock(RATE_HZ), code, &fixed(&values));
    assert!(found.is_sorted_by_key(|&(t, ..)| t));
    assert_agrees(&found, &wanted, 3000);
}

#[test]
fn imu_is_delta_and_population_side_by_side() {
    let values = fixed(&walk());
    let (thresholds, ranges) = ([value(1.5); CHANNELS], ranges());
    let found = encode(
        clock(RATE_HZ),
        Imu::new(&ImuConfig { thresholds: &thresholds, ranges: &ranges, levels: 8 }).unwrap(),
        &values,
    );
    let (delta, levels): (Vec<Spike>, Vec<Spike>) = found.into_iter().partition(|&(.., p)| p < 2);
    let config = DeltaConfig { thresholds: &thresholds, start: Start::First, follow: Follow::Step };
    assert_eq!(delta, encode(clock(RATE_HZ), Delta::new(&config).unwrap(), &values));
    let population = Population::new(&PopulationConfig { ranges: &ranges, levels: 8 }).unwrap();
    let wanted: Vec<Spike> =
        encode(clock(RATE_HZ), population, &values).into_iter().map(|(t, x, p)| (t, x, p + 2)).collect();
    assert_eq!(levels, wanted);
}

#[test]
fn time_does_not_drift() {
    // 44.1 kHz: 22.68 us a sample.
    let values = vec![1 << 16; 100_000];
    let rate = Rate::new(&[Range { low: 0, high: 1 << 16 }]).unwrap();
    for (index, (t, ..)) in encode(clock(44_100), rate, &values).into_iter().enumerate() {
        assert_eq!(t, index as u64 * 1_000_000 / 44_100);
    }
}
