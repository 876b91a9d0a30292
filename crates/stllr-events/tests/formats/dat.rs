//! Prophesee `.dat`.

use crate::common::{Row, events, fault, run, skipped};
use stllr_events::{Format, OnFault};

fn file(header: &str, types: &[u8], records: &[(u32, u32)]) -> Vec<u8> {
    let mut file = [header.as_bytes(), types].concat();
    file.extend(records.iter().flat_map(|(t, word)| [t.to_le_bytes(), word.to_le_bytes()]).flatten());
    file
}

const RECORDS: [(u32, u32); 2] = [(5, 3 << 14 | 7 | 1 << 28), (9, 0xEFFF_FFFF)];
const EVENTS: [Row; 2] = [(5, 7, 3, 1), (9, 0x3FFF, 0x3FFF, 0)];

#[test]
fn both_types_and_a_file_without_a_header_are_read() {
    assert_eq!(events(&file("% Version 2\n", &[0, 8], &RECORDS), Format::Dat), EVENTS);
    assert_eq!(events(&file("% Version 1\n%\n% end\n", &[12, 8], &RECORDS), Format::Dat), EVENTS);
    assert_eq!(events(&file("", &[], &RECORDS), Format::Dat), EVENTS);
}

#[test]
fn a_time_that_begins_like_a_header_line_is_a_time() {
    let records = [(u32::from_le_bytes(*b"%abc"), 1)];
    assert_eq!(events(&file("", &[], &records), Format::Dat)[0].0, u64::from(records[0].0));
}

#[test]
fn the_header_may_state_the_sensor() {
    let sensor = |header| run(&file(header, &[0, 8], &[]), &[], 9, Format::Dat, OnFault::Refuse).sensor;
    assert_eq!(sensor("% Height 240\n% Width 304\n"), Some((304, 240)));
    assert_eq!(sensor("% Height 240\n"), None);
    assert_eq!(sensor("% Height 240\n% Width wide\n"), None);
}

#[test]
fn the_clock_runs_over() {
    let times: Vec<u64> = events(&file("", &[], &[(0xFFFF_FFFF, 0), (1, 0), (0, 0), (0x8000_0000, 0)]), Format::Dat)
        .iter()
        .map(|row| row.0)
        .collect();
    // The last is 2^31 after the one before: in doubt, before the turn.
    assert_eq!(times, [0xFFFF_FFFF, (1 << 32) + 1, 1 << 32, 1 << 31]);
}

#[test]
fn a_clock_that_runs_over_too_often_ends() {
    let turns: Vec<(u32, u32)> = (0..3 * (1 << 21) + 10).map(|n: u32| (n.wrapping_mul(0x5555_5556), 0)).collect();
    let bytes = file("", &[], &turns);
    let found = fault(&bytes, Format::Dat);
    assert!(found.ends_with("a time of 2097152 times 2^32 us; allowed: 0 to 2097151 times 2^32 us"), "{found}");
    let (rows, records, _) = skipped(&bytes, Format::Dat);
    assert!(rows.iter().all(|row| row.0 < 1 << 53) && records > 0);
}

#[test]
fn faults_in_words() {
    let said = |header, types: &[u8]| fault(&file(header, types, &RECORDS), Format::Dat);
    assert_eq!(said("% Version 2\n", &[14, 8]), "byte 12: type 14 is not read; allowed: 0 12");
    assert_eq!(said("% Version 2\n", &[200, 8]), "byte 12: type 200 is not read; allowed: 0 12");
    assert_eq!(said("% Version 2\n", &[12, 16]), "byte 12: records of 16 bytes; allowed: 8");
    assert_eq!(said("% x\n% Version 3\n", &[12, 8]), "byte 4: version 3.0; allowed: 2.0");
    let cut = "byte 0: the header is cut, it has 13 bytes; allowed: a whole header";
    assert_eq!(fault(b"% Version 2\n\x0C", Format::Dat), cut);
    let bytes = file("% Version 2\n", &[12, 8], &RECORDS);
    let cut = "byte 22: the last record is cut, it has 7 bytes; allowed: 8";
    assert_eq!(fault(&bytes[..bytes.len() - 1], Format::Dat), cut);
    let (left, records, dropped) = skipped(&bytes[..bytes.len() - 1], Format::Dat);
    assert_eq!((&left[..], records, dropped), (&EVENTS[..1], 1, 7));
    assert_eq!(skipped(&file("% Version 2\n", &[14, 8], &RECORDS), Format::Dat), (vec![], 1, 18));
}
