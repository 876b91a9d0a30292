//! What the tests of all formats share: running a decoder, seeds of sound files, recordings and digests.
//!
//! A new format is a line in [`CASES`] and a writer in `seeds.rs`; then every test of all formats covers it.

// Each test binary uses a part of it.
#![allow(dead_code)]

pub mod random;
pub mod seeds;
pub mod sha256;

use random::Random;
use std::io::Write;
use std::path::{Path, PathBuf};
use stllr_events::{Chunk, DecodeFault, Dropped, Format, OnFault, decoder};

pub type Row = (u64, u16, u16, u8);

/// A format as the tests of all formats see it.
pub struct Case {
    pub format: Format,
    /// Writes a sound file.
    pub seed: fn(&mut Random) -> Vec<u8>,
    /// Where recordings are: the folder in `../shared/data/event-files` and the ending of their names.
    pub samples: (&'static str, &'static str),
    /// Is the format known by its first bytes?
    pub has_mark: bool,
}

const fn case(
    format: Format,
    seed: fn(&mut Random) -> Vec<u8>,
    samples: (&'static str, &'static str),
    has_mark: bool,
) -> Case {
    Case { format, seed, samples, has_mark }
}

pub const CASES: [Case; 18] = [
    case(Format::Bin, seeds::bin, ("nmnist-bin", ".bin"), false),
    case(Format::Bs2, seeds::bin, ("", ""), false),
    case(Format::Bs1, seeds::bs1, ("slayer-bs", ".bs1"), false),
    case(Format::Bs3, seeds::bs3, ("slayer-bs", ".bs3"), false),
    case(Format::Aedat2, seeds::aedat2, ("aedat2", ".aedat"), true),
    case(Format::Aedat3, seeds::aedat3, ("", ""), true),
    case(Format::Dat, seeds::dat, ("dat", ".dat"), true),
    case(Format::Evt2, seeds::evt2, ("evt2", ".raw"), true),
    case(Format::Evt21, seeds::evt21, ("", ""), true),
    case(Format::Evt3, seeds::evt3, ("evt3", ".raw"), true),
    case(Format::Es, seeds::es, ("es", ".es"), true),
    case(Format::Spif, seeds::spif, ("", ""), false),
    case(Format::Edvs0, seeds::edvs0, ("", ""), false),
    case(Format::Edvs1, seeds::edvs1, ("", ""), false),
    case(Format::Edvs2, seeds::edvs2, ("", ""), false),
    case(Format::Edvs3, seeds::edvs3, ("", ""), false),
    case(Format::Edvs4, seeds::edvs4, ("", ""), false),
    case(Format::EdvsText, seeds::edvs_text, ("", ""), true),
];

/// All that a decoder says of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub events: Vec<Row>,
    pub end: Result<(), DecodeFault>,
    pub dropped: Dropped,
    pub sensor: Option<(u32, u32)>,
}

/// Decodes `bytes` cut at `cuts`, through a chunk of `room` events, and holds the decoder to its contract.
pub fn run(bytes: &[u8], cuts: &[usize], room: usize, format: Format, on_fault: OnFault) -> Run {
    let mut bounds: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    bounds.extend([0, bytes.len()]);
    bounds.sort_unstable();
    let mut decoder = decoder(format, on_fault);
    let mut out = Chunk::new(room);
    let mut events = Vec::new();
    let mut end = Ok(());
    'parts: for pair in bounds.windows(2) {
        let mut part = &bytes[pair[0]..pair[1]];
        while !part.is_empty() {
            let before = out.len();
            match decoder.feed(part, &mut out) {
                Ok(consumed) => {
                    assert!(consumed > 0 || out.len() > before, "no progress with room left");
                    assert!(consumed == part.len() || out.len() == room, "stopped with room left");
                    part = &part[consumed..];
                }
                Err(fault) => {
                    end = Err(fault);
                    break 'parts;
                }
            }
            assert!(out.len() <= room);
            drain(&mut out, &mut events);
            assert!(events.len() <= 6 * bytes.len(), "more events than the bytes can hold");
        }
    }
    drain(&mut out, &mut events);
    match end {
        Ok(()) => end = decoder.finish(&mut out),
        Err(fault) => assert_eq!(decoder.feed(bytes, &mut out), Err(fault), "a fault stays"),
    }
    if let Err(fault) = end {
        assert_eq!(on_fault, OnFault::Refuse, "{fault}");
        assert_eq!(decoder.finish(&mut out), Err(fault), "a fault stays");
        assert!(fault.offset <= bytes.len() as u64, "{fault}");
    }
    drain(&mut out, &mut events);
    let dropped = decoder.dropped();
    assert!(dropped.bytes <= bytes.len() as u64, "{dropped:?}");
    Run { events, end, dropped, sensor: decoder.sensor() }
}

fn drain(out: &mut Chunk, events: &mut Vec<Row>) {
    for index in 0..out.len() {
        events.push((out.t_us()[index], out.x()[index], out.y()[index], out.p()[index]));
    }
    out.clear();
}

/// The events of a sound stream.
pub fn events(bytes: &[u8], format: Format) -> Vec<Row> {
    let run = run(bytes, &[], 4096, format, OnFault::Refuse);
    assert_eq!((run.end, run.dropped), (Ok(()), Dropped::default()));
    run.events
}

/// The fault of a stream, in words.
pub fn fault(bytes: &[u8], format: Format) -> String {
    run(bytes, &[], 4096, format, OnFault::Refuse).end.expect_err("a fault").to_string()
}

/// The events that are left where faults are skipped, and how many records and bytes were dropped.
pub fn skipped(bytes: &[u8], format: Format) -> (Vec<Row>, u64, u64) {
    let run = run(bytes, &[], 4096, format, OnFault::Skip);
    assert_eq!(run.end, Ok(()));
    (run.events, run.dropped.records, run.dropped.bytes)
}

/// Holds the decoder to this: a split gives what the whole gives, and skipping gives at least what refusing does.
pub fn check(bytes: &[u8], cuts: &[usize], room: usize, format: Format) {
    let [refused, left] = [OnFault::Refuse, OnFault::Skip].map(|on_fault| {
        let whole = run(bytes, &[], 1 << 14, format, on_fault);
        assert_eq!(run(bytes, cuts, room, format, on_fault), whole, "{format:?}, cut at {cuts:?}, room for {room}");
        whole
    });
    assert!(left.events.starts_with(&refused.events), "{format:?}: skipping lost events before the fault");
    match refused.end {
        Ok(()) => assert_eq!((left.events.len(), left.dropped), (refused.events.len(), refused.dropped)),
        Err(_) => assert!(left.dropped.records > refused.dropped.records, "{format:?}: a fault was not counted"),
    }
}

/// The folder of recordings, or a line that says that `test` is skipped.
pub fn recordings(test: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/event-files");
    if folder.is_dir() {
        return Some(folder);
    }
    // not by eprintln!, which is shown for failed tests only
    let line = format!("skipped: {test}: ../shared/data/event-files is not there\n");
    std::io::stderr().write_all(line.as_bytes()).expect("stderr is open");
    None
}

/// The recordings of a format that have a digest, with it.
pub fn samples(folder: &Path, case: &Case) -> Vec<(PathBuf, String)> {
    let (name, ending) = case.samples;
    if name.is_empty() {
        return Vec::new();
    }
    let entries = folder.join(name).read_dir().unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    let truth = |path: &Path| {
        let text = std::fs::read_to_string(path.with_file_name(format!("{}.truth.json", file_name(path))));
        text.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let with_truth = paths.into_iter().map(|path| (truth(&path), path)).map(|(truth, path)| (path, truth));
    with_truth.filter(|(_, truth)| truth.contains(DIGEST)).collect()
}

pub fn file_name(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

const DIGEST: &str = "\"sha256_u64t_u16x_u16y_u8p_le\"";

/// The digest that a truth file states for all events.
pub fn digest_of(truth: &str) -> &str {
    let after = truth.split(DIGEST).nth(1).expect("a digest");
    after.split('"').nth(1).expect("a text")
}

/// A number of a truth file, 0 where it has none of that name.
pub fn number_of(truth: &str, name: &str) -> u64 {
    let Some(after) = truth.split(&format!("\"{name}\":")).nth(1) else { return 0 };
    let digits: String = after.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// The SHA-256 of events as little-endian u64 us, u16 x, u16 y, u8 polarity.
pub fn digest(events: &[Row]) -> String {
    let mut bytes = Vec::with_capacity(13 * events.len());
    for &(t, x, y, p) in events {
        bytes.extend(t.to_le_bytes());
        bytes.extend(x.to_le_bytes());
        bytes.extend(y.to_le_bytes());
        bytes.push(p);
    }
    sha256::hex(&bytes)
}
