//! WAV files: every kind of samples against a plain reading of them, lengths that lie, heads that are not read, and damage.

mod common;

use common::random::Random;
use proptest::prelude::*;
use stllr_events::OnFault;
use stllr_events::audio::wav::{MAX_CHANNELS, Wav, WavFormat, is_head};

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    chunk_of(name, content.len() as u32, content)
}

fn chunk_of(name: &[u8; 4], len: u32, content: &[u8]) -> Vec<u8> {
    let padding = if len as usize == content.len() { content.len() % 2 } else { 0 };
    [&name[..], &len.to_le_bytes(), content, &[0][..padding]].concat()
}

fn format(kind: u16, channels: u16, rate: u32, frame_bytes: u16, bits: u16) -> Vec<u8> {
    let per_second = rate.wrapping_mul(frame_bytes.into());
    let mut content = [kind.to_le_bytes(), channels.to_le_bytes()].concat();
    content.extend([rate.to_le_bytes(), per_second.to_le_bytes()].concat());
    content.extend([frame_bytes.to_le_bytes(), bits.to_le_bytes()].concat());
    content
}

fn extensible(kind: u16, channels: u16, bytes: u16, bits: u16) -> Vec<u8> {
    let mut content = format(0xFFFE, channels, 48_000, bytes * channels, bytes * 8);
    content.extend([22u16.to_le_bytes(), bits.to_le_bytes()].concat());
    content.extend(3u32.to_le_bytes());
    content.extend(kind.to_le_bytes());
    content.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
    content
}

fn riff(parts: &[Vec<u8>]) -> Vec<u8> {
    let body = parts.concat();
    [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WAVE", &body].concat()
}

fn file(kind: u16, channels: u16, bytes: u16, content: &[u8]) -> Vec<u8> {
    riff(&[chunk(b"fmt ", &format(kind, channels, 8000, bytes * channels, 8 * bytes)), chunk(b"data", content)])
}

#[derive(Debug, Clone, PartialEq)]
struct Run {
    samples: Vec<i16>,
    format: Option<WavFormat>,
    end: Result<(), String>,
    offset: Option<u64>,
    dropped: (u64, u64),
}

fn run(bytes: &[u8], cuts: &[usize], room: usize, on_fault: OnFault) -> Run {
    let mut bounds: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    bounds.extend([0, bytes.len()]);
    bounds.sort_unstable();
    let mut wav = Wav::new(on_fault);
    let mut out = vec![0; room];
    let mut samples = Vec::new();
    let mut end = Ok(());
    'parts: for pair in bounds.windows(2) {
        let mut part = &bytes[pair[0]..pair[1]];
        while !part.is_empty() {
            match wav.feed(part, &mut out) {
                Ok((consumed, written)) => {
                    assert!(consumed > 0 || written > 0, "no progress");
                    let channels = wav.format().map_or(1, |format| usize::from(format.channels));
                    assert!(consumed == part.len() || out.len() - written < channels, "stopped with room left");
                    assert_eq!(written % channels, 0, "half a frame");
                    samples.extend_from_slice(&out[..written]);
                    part = &part[consumed..];
                }
                Err((fault, written)) => {
                    samples.extend_from_slice(&out[..written]);
                    assert_eq!(wav.feed(part, &mut out), Err((fault, 0)), "a fault stays");
                    end = Err(fault);
                    break 'parts;
                }
            }
            assert!(samples.len() <= bytes.len(), "more samples than bytes");
        }
    }
    let end = end.and_then(|()| wav.finish());
    assert!(end.is_ok() || on_fault == OnFault::Refuse);
    let dropped = wav.dropped();
    assert!(dropped.bytes <= bytes.len() as u64);
    Run {
        samples,
        format: wav.format(),
        offset: end.err().map(|fault| fault.offset),
        end: end.map_err(|fault| fault.to_string()),
        dropped: (dropped.records, dropped.bytes),
    }
}

/// The whole, which any split must equal, and skipping must not fall behind refusing.
fn check(bytes: &[u8], cuts: &[usize], room: usize) -> [Run; 2] {
    [OnFault::Refuse, OnFault::Skip].map(|on_fault| {
        let whole = run(bytes, &[], 1 << 14, on_fault);
        assert_eq!(run(bytes, cuts, usize::from(MAX_CHANNELS) + room, on_fault), whole, "cut at {cuts:?}");
        whole
    })
}

fn good(bytes: &[u8]) -> Vec<i16> {
    assert!(is_head(bytes));
    let every: Vec<usize> = (0..bytes.len()).collect();
    let [refused, left] = check(bytes, &every, 0);
    assert_eq!((&refused.end, refused.dropped), (&Ok(()), (0, 0)));
    assert_eq!(refused, left);
    refused.samples
}

fn fault(bytes: &[u8]) -> String {
    let every: Vec<usize> = (0..bytes.len()).collect();
    let [refused, left] = check(bytes, &every, 0);
    assert!(left.samples.starts_with(&refused.samples));
    assert!(left.dropped.0 > 0, "a fault was not counted");
    refused.end.expect_err("a fault")
}

/// What 16 bits make of a sample from -1 to 1.
fn rounded(sample: f64) -> i16 {
    (sample * 32_768.0 + 0.5).floor().clamp(-32_768.0, 32_767.0) as i16
}

#[test]
fn integers_of_every_size_are_rounded_to_the_nearest() {
    let mut random = Random(3);
    for bytes in 1..=4u16 {
        let edges =
            [0, 1, -1, 0x7F, 0x80, -0x80, 0x7FFF, 0x8000, -0x8000, 0x007F_FF80, 0x7FFF_8000, i32::MAX, i32::MIN];
        let mut words: Vec<i32> = (0..1000).map(|_| random.next() as i32).collect();
        words.extend(edges);
        let mut content = Vec::new();
        let mut expected = Vec::new();
        for word in words {
            // The least significant bytes of it, as a number of so many bytes.
            let bits = 32 - 8 * u32::from(bytes);
            let value = word << bits >> bits;
            let stored = if bytes == 1 { value + 128 } else { value };
            content.extend_from_slice(&stored.to_le_bytes()[..bytes.into()]);
            expected.push(rounded(f64::from(value) / 2f64.powi(8 * i32::from(bytes) - 1)));
        }
        assert_eq!(good(&file(1, 1, bytes, &content)), expected, "{bytes} bytes");
    }
    // 20 bits in 24, at their top.
    let twenty = riff(&[chunk(b"fmt ", &extensible(1, 2, 3, 20)), chunk(b"data", &[0x10, 0, 0x40, 0xF0, 0xFF, 0xBF])]);
    assert_eq!(good(&twenty), [16_384, -16_384]);
}

#[test]
fn floats_are_rounded_to_the_nearest_and_held_to_full_scale() {
    let mut random = Random(4);
    let half = 0.5 / 32_768.0;
    let mut values =
        vec![0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -7e9, half, -half, 3.0 * half, f64::MIN_POSITIVE, 1e-300, 0.999_99];
    values.extend((0..2000).map(|_| (random.next() % 2_000_001) as f64 / 1e6 - 1.0));
    let doubles: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(good(&file(3, 1, 8, &doubles)), values.iter().map(|&value| rounded(value)).collect::<Vec<_>>());
    let singles: Vec<u8> = values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect();
    let expected: Vec<i16> = values.iter().map(|&value| rounded(f64::from(value as f32))).collect();
    assert_eq!(good(&file(3, 1, 4, &singles)), expected);
    let tagged = riff(&[chunk(b"fmt ", &extensible(3, 1, 4, 32)), chunk(b"data", &singles)]);
    assert_eq!(good(&tagged), expected);

    let bad: Vec<u8> =
        [0.25f32, f32::NAN, 0.5, f32::INFINITY, 0.125, 0.125].iter().flat_map(|v| v.to_le_bytes()).collect();
    let bad = file(3, 2, 4, &bad);
    assert_eq!(fault(&bad), "byte 48: a sample that is no finite number; allowed: -1 to 1");
    assert_eq!(run(&bad, &[], 5000, OnFault::Refuse).samples, []);
    let skipped = run(&bad, &[], 5000, OnFault::Skip);
    assert_eq!((skipped.samples, skipped.dropped), (vec![8192, 0, 16_384, 0, 4096, 4096], (2, 8)));
}

#[test]
fn chunks_around_the_samples_are_passed_over() {
    let odd = chunk(b"LIST", b"odd");
    let samples = chunk(b"data", &[1, 0, 2, 0, 3, 0, 4, 0]);
    let kind = chunk(b"fmt ", &[format(1, 2, 44_100, 4, 16), vec![0, 0]].concat());
    let whole = riff(&[odd.clone(), kind, odd.clone(), chunk(b"fact", &[9; 4]), samples, odd, b"junk".to_vec()]);
    assert_eq!(good(&whole), [1, 2, 3, 4]);
    let told = run(&whole, &[], 5000, OnFault::Refuse).format;
    assert_eq!(told, Some(WavFormat { sample_rate_hz: 44_100, channels: 2, bits: 16, is_float: false }));
}

#[test]
fn lengths_that_are_not_known_or_lie() {
    let kind = chunk(b"fmt ", &format(1, 1, 8000, 2, 16));
    let content = [1, 0, 2, 0, 3, 0];
    let with = |riff_len: u32, len: u32| {
        let data = chunk_of(b"data", len, &content);
        [b"RIFF", &riff_len.to_le_bytes()[..], b"WAVE", &kind, &data].concat()
    };
    // As programs write them into a pipe, or leave them behind when they are killed; and a file's length that is nonsense.
    for (riff_len, len) in [
        (u32::MAX, u32::MAX),
        (0, u32::MAX),
        (0x7FFF_0024, 0x7FFF_0000),
        (0x8000_0024, 0x8000_0000),
        (0, 0),
        (u32::MAX, 0),
        (36, 0),
        (7, 6),
    ] {
        assert_eq!(good(&with(riff_len, len)), [1, 2, 3], "{riff_len:X} {len:X}");
    }
    assert_eq!(fault(&with(44, 8)), "byte 50: 3 records; allowed: 4, as the head says");
    assert_eq!(fault(&with(44, 5)), "byte 48: the last record is cut, it has 1 bytes; allowed: 2");
    assert_eq!(good(&with(40, 4)), [1, 2], "what follows the samples is none of them");
    let closed = riff(&[kind.clone(), chunk(b"data", &[]), chunk(b"LIST", b"none")]);
    assert_eq!(good(&closed), [] as [i16; 0]);

    let long = |len: u64| {
        let sizes = [&[0; 8][..], &len.to_le_bytes(), &[0; 12]].concat();
        let parts = [chunk(b"ds64", &sizes), kind.clone(), chunk_of(b"data", u32::MAX, &content)].concat();
        [b"RF64", &u32::MAX.to_le_bytes()[..], b"WAVE", &parts].concat()
    };
    assert_eq!(good(&long(6)), [1, 2, 3]);
    assert_eq!(good(&long(4)), [1, 2]);
    assert!(fault(&long(1 << 40)).ends_with("3 records; allowed: 4294967295, as the head says"));
}

#[test]
fn heads_that_are_not_read_say_why() {
    let with = |kind: Vec<u8>| riff(&[chunk(b"fmt ", &kind), chunk(b"data", &[0; 8])]);
    for (bytes, said) in [
        (b"RIFX\0\0\0\0WAVEfmt ".to_vec(), "byte 0: not the mark of the format, but bytes 52494658; allowed: 52494646"),
        (b"RIFF\0\0\0\0AVI fmt ".to_vec(), "byte 8: not the mark of the format, but bytes 41564920; allowed: 57415645"),
        (Vec::new(), "byte 0: the header is cut, it has 0 bytes; allowed: a whole header"),
        (riff(&[chunk(b"LIST", &[])]), "byte 0: the header is cut, it has 20 bytes; allowed: a whole header"),
        (riff(&[chunk(b"data", &[0; 8])]), "byte 12: samples before their format; allowed: a chunk fmt before them"),
        (with(vec![1; 15]), "byte 12: records of 15 bytes; allowed: 16"),
        (with(format(7, 1, 8000, 1, 8)), "byte 20: type 7 is not read; allowed: 1 3"),
        (with(format(1, 0, 8000, 1, 8)), "byte 20: 0 channels; allowed: 1 to 1024"),
        (with(format(1, 1025, 8000, 1025, 8)), "byte 20: 1025 channels; allowed: 1 to 1024"),
        (with(format(1, 1, 0, 1, 8)), "byte 20: 0 frames a second; allowed: 1 or more"),
        (
            with(format(1, 2, 8000, 3, 16)),
            "byte 20: samples of 16 bits in frames of 3 bytes; allowed: 1 to 32 bits, or floats of 32 or 64",
        ),
    ] {
        assert_eq!(fault(&bytes), said);
    }
    for kind in
        [format(1, 1, 8000, 8, 64), format(3, 1, 8000, 2, 16), format(1, 1, 8000, 2, 0), format(1, 1, 8000, 0, 0)]
    {
        assert!(fault(&with(kind)).contains("allowed: 1 to 32 bits"));
    }
}

#[test]
fn as_many_channels_as_are_read() {
    let content: Vec<u8> = (0..3 * MAX_CHANNELS).flat_map(|at| at.to_le_bytes()).collect();
    let expected: Vec<i16> = (0..3 * MAX_CHANNELS as i16).collect();
    assert_eq!(good(&file(1, MAX_CHANNELS, 2, &content)), expected);
}

/// A sound file of any kind.
fn seed(random: &mut Random) -> Vec<u8> {
    let kinds = [(1, 1), (1, 2), (1, 3), (1, 4), (3, 4), (3, 8)];
    let (kind, bytes) = kinds[random.below(kinds.len())];
    let channels = 1 + random.below(4) as u16;
    let count = random.below(40) * usize::from(channels * bytes);
    let is_float = kind == 3;
    let content: Vec<u8> =
        (0..count).map(|_| if is_float { random.next() as u8 & 0x3F } else { random.next() as u8 }).collect();
    let mut parts = vec![chunk(b"data", &content)];
    let tagged = random.once_in(2);
    let head = if tagged {
        extensible(kind, channels, bytes, 8 * bytes)
    } else {
        format(kind, channels, 16_000, bytes * channels, 8 * bytes)
    };
    parts.insert(0, chunk(b"fmt ", &head));
    if random.once_in(2) {
        parts.insert(random.below(3), chunk(b"LIST", &vec![7; random.below(20)]));
    }
    riff(&parts)
}

/// As in `fuzz.rs`, whose formats give events.
fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len());
    match random.below(5) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes.truncate(at + 1),
        2 => drop(bytes.drain(at..(at + random.below(9)).min(bytes.len() - 1).max(at))),
        3 => drop(bytes.splice(at..at, (0..random.below(9)).map(|_| random.next() as u8).collect::<Vec<_>>())),
        _ => {
            let lie = [0, 1, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, u32::MAX][random.below(6)].to_le_bytes();
            for (byte, lie) in bytes[at..].iter_mut().zip(lie) {
                *byte = lie;
            }
        }
    }
}

#[test]
fn damaged_files_give_the_same_however_they_are_split() {
    let mut random = Random(1);
    for round in 0..6000 {
        let mut bytes = seed(&mut random);
        if round % 8 == 0 {
            assert_eq!(run(&bytes, &[], 5000, OnFault::Refuse).end, Ok(()));
        }
        for _ in 0..random.below(5) {
            damage(&mut random, &mut bytes);
        }
        let cuts: Vec<usize> = (0..random.below(12)).map(|_| random.next() as usize).collect();
        let [refused, left] = check(&bytes, &cuts, random.below(40));
        assert!(left.samples.starts_with(&refused.samples));
        match refused.end {
            Ok(()) => assert_eq!((left.samples, left.dropped.0), (refused.samples, 0)),
            Err(_) => assert!(left.dropped.0 > 0 && refused.offset <= Some(bytes.len() as u64)),
        }
    }
}

#[test]
fn a_reset_decoder_begins_anew() {
    let mut wav = Wav::new(OnFault::Refuse);
    let mut out = [0; 2000];
    let bytes = file(1, 1, 2, &[1, 0, 2, 0]);
    assert!(wav.feed(b"RIFXRIFXRIFX", &mut out).is_err());
    wav.reset();
    assert_eq!(wav.feed(&bytes, &mut out), Ok((bytes.len(), 2)));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300), cuts in prop::collection::vec(any::<usize>(), 0..8),
        seed_of in any::<u64>(),
    ) {
        check(&bytes, &cuts, 0);
        let mut file = seed(&mut Random(seed_of));
        file.truncate(file.len() * 2 / 3);
        file.extend(&bytes);
        check(&file, &cuts, 0);
    }
}
