//! What the tests of decoders share: running one over bytes in pieces, digests, samples, damage.

#![allow(dead_code, reason = "every test uses its own part of it")]

pub mod aedat4;
#[path = "../common/sha256.rs"]
pub mod sha256;

use std::path::PathBuf;
use stllr_events::{Chunk, DecodeFault, Decoder, Dropped};

pub type Row = (u64, u16, u16, u8);

/// What came of some bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub events: Vec<Row>,
    pub end: Result<(), DecodeFault>,
    pub dropped: Dropped,
    pub sensor: Option<(u32, u32)>,
}

/// Feeds `bytes` in pieces of these sizes, over and over, through a chunk of `room` events.
pub fn run(decoder: &mut dyn Decoder, bytes: &[u8], pieces: &[usize], room: usize) -> Run {
    let mut out = Chunk::new(room);
    let mut events = Vec::new();
    let mut end = Ok(());
    let mut sizes = pieces.iter().copied().cycle();
    let mut rest = bytes;
    'feed: while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(sizes.next().unwrap_or(rest.len()).clamp(1, rest.len()));
        rest = after;
        while !piece.is_empty() {
            let fed = decoder.feed(piece, &mut out);
            assert!(out.len() <= room);
            let full = out.is_full();
            drain(&mut out, &mut events);
            match fed {
                Ok(consumed) => {
                    assert!(consumed > 0 || full, "no progress with room left");
                    assert!(consumed == piece.len() || full, "stopped early with room left");
                    piece = &piece[consumed..];
                }
                Err(fault) => {
                    assert_eq!(decoder.feed(piece, &mut out), Err(fault), "a fault stays");
                    assert_eq!(decoder.finish(&mut out), Err(fault), "a fault stays");
                    end = Err(fault);
                    break 'feed;
                }
            }
        }
    }
    if end.is_ok() {
        end = decoder.finish(&mut out);
        drain(&mut out, &mut events);
    }
    Run { events, end, dropped: decoder.dropped(), sensor: decoder.sensor() }
}

fn drain(out: &mut Chunk, events: &mut Vec<Row>) {
    for index in 0..out.len() {
        events.push((out.t_us()[index], out.x()[index], out.y()[index], out.p()[index]));
    }
    out.clear();
}

/// Runs over the whole, and checks that byte by byte and some other splits come to the same.
pub fn check_splits(decoder: &mut dyn Decoder, bytes: &[u8]) -> Run {
    let whole = run(decoder, bytes, &[], 1 << 16);
    for (pieces, room) in [(&[1][..], 3), (&[1], 4096), (&[7, 1, 64, 3], 1), (&[1000, 13], 50), (&[], 1)] {
        decoder.reset();
        assert_eq!(run(decoder, bytes, pieces, room), whole, "pieces of {pieces:?}, room for {room}");
    }
    decoder.reset();
    whole
}

/// A file of the shared data, `None` (and a word about it) where it is missing.
pub fn shared(path: &str) -> Option<Vec<u8>> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    let bytes = std::fs::read(&file).ok();
    if bytes.is_none() {
        eprintln!("skipped: ../shared/data/{path} is missing");
    }
    bytes
}

/// The digest in the truth file of a sample, for the one stream of events it has.
pub fn truth(path: &str) -> Option<String> {
    let text = String::from_utf8(shared(&format!("{path}.truth.json"))?).expect("truth files are text");
    let key = "\"sha256_u64t_u16x_u16y_u8p_le\":\"";
    let start = text.find(key).expect("the truth file has a digest") + key.len();
    Some(text[start..start + 64].to_owned())
}

/// SHA-256 of events as little-endian u64 us, u16 x, u16 y, u8 polarity.
pub fn digest(events: &[Row]) -> String {
    let mut bytes = Vec::with_capacity(events.len() * 13);
    for &(t_us, x, y, p) in events {
        bytes.extend(t_us.to_le_bytes());
        bytes.extend(x.to_le_bytes());
        bytes.extend(y.to_le_bytes());
        bytes.push(p);
    }
    sha256::hex(&bytes)
}

/// A small generator of numbers that are good enough to do damage.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ word >> 31
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Damages the seeds in turn and runs over them, whole and in pieces; `STLLR_FUZZ` says how often.
pub fn fuzz(seeds: &[Vec<u8>], make: &mut dyn FnMut(bool) -> Box<dyn Decoder>) {
    let count = std::env::var("STLLR_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(300u64);
    for round in 0..count {
        let mut random = Random(round);
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..1 + random.below(6) {
            damage(&mut bytes, &mut random);
        }
        let mut decoder = make(round % 2 == 0);
        let whole = run(&mut *decoder, &bytes, &[], 4096);
        decoder.reset();
        let pieces: Vec<usize> = (0..5).map(|_| 1 + random.below(if round % 3 == 0 { 4 } else { 400 })).collect();
        let room = 1 + random.below(40);
        let split = run(&mut *decoder, &bytes, &pieces, room);
        assert_eq!(split, whole, "round {round}, pieces of {pieces:?}, room for {room}");
        assert!(whole.dropped.bytes <= 16 * bytes.len() as u64 + (16 * whole.dropped.records), "round {round}");
    }
}

fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    const WORDS: [u32; 8] = [0, 1, 0xFF, 0x7F, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 16];
    if bytes.is_empty() {
        return;
    }
    let at = random.below(bytes.len());
    let len = random.below(bytes.len() - at).min(64);
    match random.below(7) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.next() as u8,
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..at + len)),
        4 => {
            let part = bytes[at..at + len].to_vec();
            let to = random.below(bytes.len());
            bytes.splice(to..to, part);
        }
        5 => {
            let word = WORDS[random.below(WORDS.len())].to_le_bytes();
            let len = (bytes.len() - at).min(4);
            bytes[at..at + len].copy_from_slice(&word[..len]);
        }
        _ => bytes[at..at + len].iter_mut().for_each(|byte| *byte = random.next() as u8),
    }
}
