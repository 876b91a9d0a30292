//! Encoders: against a reference in floating point, in every split of their input, and at the borders of their settings.

#[path = "../common/random.rs"]
#[allow(dead_code)]
mod random;

mod camera;
mod cochlea;
mod everywhere;
mod mel;
mod settings;
mod splits;
mod values;

use stllr_events::Chunk;
use stllr_events::encode::{Clock, Code, Encoder, Sampled, VALUE_BITS};

/// Time, column, polarity.
type Spike = (u64, u16, u8);

/// A value of the encoders.
fn value(value: f64) -> i32 {
    (value * f64::from(1 << VALUE_BITS)).round() as i32
}

fn clock(rate_hz: u64) -> Clock {
    Clock::new(0, 1000 * rate_hz).expect("a sound rate")
}

/// All events of the values, given whole.
fn encode<C: Code>(clock: Clock, code: C, values: &[i32]) -> Vec<Spike> {
    let mut encoder = Sampled::new(clock, code);
    feed(&mut encoder, values, 1 << 16)
}

/// The events of the values, which are given in one piece, through a chunk of so much room.
fn feed(encoder: &mut impl Encoder, values: &[i32], room: usize) -> Vec<Spike> {
    let mut chunk = Chunk::new(room);
    let mut spikes = Vec::new();
    let mut rest = values;
    loop {
        let consumed = encoder.feed(rest, &mut chunk);
        spikes.extend(spikes_of(&chunk));
        chunk.clear();
        rest = &rest[consumed..];
        if rest.is_empty() {
            return spikes;
        }
        assert!(consumed > 0, "an empty chunk has room for a frame's events");
    }
}

fn spikes_of(chunk: &Chunk) -> Vec<Spike> {
    assert!(chunk.y().iter().all(|&y| y == 0));
    chunk.t_us().iter().zip(chunk.x()).zip(chunk.p()).map(|((&t, &x), &p)| (t, x, p)).collect()
}

/// What part of all spikes of either, in percent, is in both.
fn agreement<T: Ord + Copy>(found: &[T], wanted: &[T]) -> f64 {
    let (mut found, mut wanted) = (found.to_vec(), wanted.to_vec());
    found.sort_unstable();
    wanted.sort_unstable();
    let (mut at, mut both) = (0, 0);
    for spike in &found {
        while at < wanted.len() && wanted[at] < *spike {
            at += 1;
        }
        if at < wanted.len() && wanted[at] == *spike {
            both += 1;
            at += 1;
        }
    }
    100.0 * both as f64 / (found.len() + wanted.len() - both).max(1) as f64
}

/// Sound: a few tones that come and go, in noise.
fn sound(count: usize, rate_hz: f64, loudest: f64) -> Vec<i32> {
    let mut random = random::Random(7);
    (0..count)
        .map(|k| {
            let t = k as f64 / rate_hz;
            let tones = [(180.0, 1.7), (440.0, 3.1), (1234.0, 2.3), (2900.0, 5.9)];
            let tone = |(hz, beat): (f64, f64)| {
                (core::f64::consts::TAU * hz * t).sin() * (core::f64::consts::PI * beat * t).sin().powi(4)
            };
            let noise = random.below(2001) as f64 / 1000.0 - 1.0;
            let sum: f64 = tones.into_iter().map(tone).sum::<f64>() / 4.0;
            (loudest * (0.9 * sum + 0.1 * noise * (7.0 * t).sin().abs())).round() as i32
        })
        .collect()
}
