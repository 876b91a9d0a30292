//! Decoders under damage: sound files of each format, and the same after flips, cuts, insertions, splices and lies
//! about lengths.
//!
//! Whatever the bytes are, a decoder must not panic, must end, must not give more events than the bytes can hold, and
//! must give the same for the whole, for any split and through any room (see `common::check`). `STLLR_FUZZ` sets how
//! many files a format gets, `STLLR_FUZZ_SEED` which ones; both have a default, so that a run can be had again.

mod common;

use common::random::Random;
use common::{CASES, Case, check, run};
use stllr_events::{OnFault, detect};

fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} is {text}; allowed: a whole number"))
}

/// Numbers that lengths, counts and times are lied about with.
const LIES: [u32; 8] = [0, 1, 7, 0x7F, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF];

/// One change to a file.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = random.below(bytes.len() + 1);
    let to = at + random.below(40).min(bytes.len() - at);
    match random.below(8) {
        0 | 1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        2 if at < bytes.len() => bytes[at] = random.next() as u8,
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(at..to)),
        5 => {
            let inserted: Vec<u8> = (0..random.below(9)).map(|_| random.next() as u8).collect();
            bytes.splice(at..at, inserted);
        }
        6 => {
            let from = random.below(other.len() + 1);
            bytes.splice(at.., other[from..].iter().copied());
        }
        _ => {
            let lie = LIES[random.below(LIES.len())];
            let lie = if random.once_in(2) { lie.to_le_bytes() } else { lie.to_be_bytes() };
            for (byte, lie) in bytes[at..].iter_mut().zip(lie) {
                *byte = lie;
            }
        }
    }
}

fn fuzz(case: &Case, files: u64, seed: u64) {
    let mut random = Random(seed ^ (case.format as u64) << 56);
    for _ in 0..files {
        let mut bytes = (case.seed)(&mut random);
        let other = (case.seed)(&mut random);
        for _ in 0..random.below(5) {
            mutate(&mut random, &mut bytes, &other);
        }
        let cuts: Vec<usize> = (0..random.below(12)).map(|_| random.next() as usize).collect();
        check(&bytes, &cuts, 1 + random.below(40), case.format);
        detect(&bytes);
    }
}

#[test]
fn damaged_files_give_the_same_however_they_are_split() {
    let (files, seed) = (setting("STLLR_FUZZ", 1500), setting("STLLR_FUZZ_SEED", 1));
    for case in &CASES {
        fuzz(case, files, seed);
    }
}

#[test]
fn every_format_survives_the_files_of_every_other() {
    let mut random = Random(setting("STLLR_FUZZ_SEED", 1));
    for writer in &CASES {
        let bytes = (writer.seed)(&mut random);
        let cuts: Vec<usize> = (0..bytes.len()).collect();
        for reader in &CASES {
            check(&bytes, &cuts, 5, reader.format);
        }
    }
}

#[test]
fn seeds_are_sound_and_full_of_events() {
    let mut random = Random(setting("STLLR_FUZZ_SEED", 1));
    for case in &CASES {
        let mut events = 0;
        for _ in 0..50 {
            let bytes = (case.seed)(&mut random);
            let run = run(&bytes, &[], 100_000, case.format, OnFault::Refuse);
            assert_eq!((run.end, run.dropped.records), (Ok(()), 0), "{:?}", case.format);
            events += run.events.len();
            let detected = detect(&bytes);
            if case.has_mark {
                let is_case = detected.is_some_and(|found| found.is_certain && found.format == case.format);
                assert!(is_case, "{:?} is taken for {detected:?}", case.format);
            } else {
                assert!(detected.is_none_or(|found| !found.is_certain), "{:?} has no mark", case.format);
            }
        }
        assert!(events > 500, "{:?}: {events} events", case.format);
    }
}
