//! Frames to events, against the same model in floating point.

use super::{agreement, random::Random, value};
use stllr_events::Chunk;
use stllr_events::encode::{Camera, CameraConfig, Pixels};

type Event = (u64, u16, u16, u8);

const CONFIG: CameraConfig = CameraConfig {
    width: 32,
    height: 24,
    on: 13_107,
    off: 16_384,
    mismatch: 0,
    seed: 1,
    linear_below: 20,
    resolution_us: 1000,
    max_interval_us: 100_000,
};

/// Blobs that move, in some noise; frames about 30 a second.
fn film(count: usize) -> Vec<(u64, Vec<u8>)> {
    let mut random = Random(11);
    let frame = |index: usize| {
        let t = index as f64;
        let pixel = |at: usize| {
            let (x, y) = ((at % 32) as f64, (at / 32) as f64);
            let near = |cx: f64, cy: f64| (-((x - cx).powi(2) + (y - cy).powi(2)) / 20.0).exp();
            let light = near(4.0 + 0.8 * t % 32.0, 12.0) + near(16.0, 24.0 - 0.7 * t % 24.0);
            (12.0 + 200.0 * light + random.below(4) as f64).min(255.0) as u8
        };
        (1_000 + index as u64 * 33_333, (0..32 * 24).map(pixel).collect())
    };
    (0..count).map(frame).collect()
}

fn encode(config: CameraConfig, film: &[(u64, Vec<u8>)], room: usize) -> Vec<Event> {
    let mut camera = Camera::new(config).unwrap();
    let mut chunk = Chunk::new(room);
    let mut events = Vec::new();
    for (t_us, frame) in film {
        camera.frame(*t_us, Pixels::Grey, frame).unwrap();
        loop {
            let is_done = camera.events(&mut chunk);
            let places = chunk.x().iter().zip(chunk.y()).zip(chunk.p());
            events.extend(chunk.t_us().iter().zip(places).map(|(&t, ((&x, &y), &p))| (t, x, y, p)));
            chunk.clear();
            if is_done {
                break;
            }
        }
    }
    events
}

fn reference(config: &CameraConfig, film: &[(u64, Vec<u8>)]) -> Vec<Event> {
    let linear = f64::from(config.linear_below);
    let brightness = |grey: u8| {
        let grey = f64::from(grey);
        if grey >= linear { grey.ln() } else { linear.ln() * grey / linear }
    };
    let (on, off) = (f64::from(config.on) / 65_536.0, f64::from(config.off) / 65_536.0);
    let mut events = Vec::new();
    for pixel in 0..film[0].1.len() {
        let mut reference = brightness(film[0].1[pixel]);
        for pair in film.windows(2) {
            let (until_us, begin, end) = (pair[1].0, brightness(pair[0].1[pixel]), brightness(pair[1].1[pixel]));
            let from_us = pair[0].0.max(until_us.saturating_sub(config.max_interval_us));
            loop {
                let is_on = end > reference;
                let target = if is_on { reference + on } else { reference - off };
                if if is_on { end < target } else { end > target } {
                    break;
                }
                let passed = (target - begin) / (end - begin) * (until_us - from_us) as f64;
                let t_us = from_us + (passed - 1e-6).ceil() as u64;
                let t_us = (t_us.div_ceil(config.resolution_us) * config.resolution_us).min(until_us);
                let (x, y) = (pixel as u32 % config.width, pixel as u32 / config.width);
                events.push((t_us, x as u16, y as u16, u8::from(is_on)));
                reference = target;
            }
        }
    }
    events
}

#[test]
fn agrees_with_the_model() {
    let mut film = film(60);
    // A camera that stood still for a second.
    for (t_us, _) in &mut film[30..] {
        *t_us += 1_000_000;
    }
    for config in [CONFIG, CameraConfig { resolution_us: 77, max_interval_us: 20_000, linear_below: 1, ..CONFIG }] {
        let (found, wanted) = (encode(config, &film, 4096), reference(&config, &film));
        assert!(wanted.len() > 5000, "only {} events", wanted.len());
        let agreement = agreement(&found, &wanted);
        assert!(agreement >= 99.5, "{agreement} % of {} and {} events", found.len(), wanted.len());
        assert!(found.is_sorted_by_key(|&(t, ..)| t), "times go back");
    }
}

#[test]
fn any_room_gives_the_same_events() {
    let film = film(20);
    let whole = encode(CameraConfig { mismatch: value(0.03), ..CONFIG }, &film, 1 << 16);
    for room in [1, 7, 4096] {
        assert_eq!(encode(CameraConfig { mismatch: value(0.03), ..CONFIG }, &film, room), whole);
    }
}

#[test]
fn thresholds_differ_by_seed_and_as_much_as_they_should() {
    // One slow ramp of light: each pixel's number of events tells its threshold.
    let film: Vec<(u64, Vec<u8>)> =
        (0..116).map(|index| (index * 30_000, vec![20 + 2 * index as u8; 64 * 64])).collect();
    let square = CameraConfig { width: 64, height: 64, on: value(0.02), mismatch: value(0.1), ..CONFIG };
    let counts = |config: CameraConfig| {
        let mut counts = vec![0.0; 64 * 64];
        for (_, x, y, _) in encode(config, &film, 4096) {
            counts[usize::from(y) * 64 + usize::from(x)] += 1.0;
        }
        counts
    };
    let one = counts(square);
    assert_ne!(one, counts(CameraConfig { seed: 2, ..square }));
    assert_eq!(one, counts(square));
    let all = one.len() as f64;
    let thresholds: Vec<f64> = one.iter().map(|count| (250.0f64 / 20.0).ln() / count).collect();
    let mean = thresholds.iter().sum::<f64>() / all;
    let deviation = (thresholds.iter().map(|each| (each - mean).powi(2)).sum::<f64>() / all).sqrt();
    assert!((mean - 0.02).abs() < 0.0004, "mean {mean}");
    assert!((deviation / mean - 0.1).abs() < 0.01, "deviation {deviation}");
}

#[test]
fn colours_are_their_grey() {
    let film = film(10);
    let mut camera = Camera::new(CONFIG).unwrap();
    let mut chunk = Chunk::new(1 << 16);
    for (t_us, frame) in &film {
        let colours: Vec<u8> = frame.iter().flat_map(|&grey| [grey, grey, grey, 7]).collect();
        camera.frame(*t_us, Pixels::Rgba, &colours).unwrap();
        assert!(camera.events(&mut chunk));
    }
    let wanted = encode(CONFIG, &film, 4096);
    assert_eq!(chunk.t_us(), wanted.iter().map(|&(t, ..)| t).collect::<Vec<_>>());
    assert_eq!(chunk.x(), wanted.iter().map(|&(_, x, ..)| x).collect::<Vec<_>>());
}

#[test]
fn bad_frames_are_refused_and_change_nothing() {
    let film = film(3);
    let mut camera = Camera::new(CONFIG).unwrap();
    let mut chunk = Chunk::new(1 << 16);
    for (t_us, frame) in &film {
        assert_eq!(camera.frame(*t_us + 1, Pixels::Grey, &frame[1..]).unwrap_err().setting, "frame.length");
        camera.frame(*t_us, Pixels::Grey, frame).unwrap();
        assert_eq!(camera.frame(*t_us, Pixels::Grey, frame).unwrap_err().setting, "timeUs");
        assert!(camera.events(&mut chunk));
    }
    assert_eq!(chunk.len(), encode(CONFIG, &film, 4096).len());
}
