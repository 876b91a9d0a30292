//! AEDAT 3.1.

use crate::common::seeds::aedat3_packet;
use crate::common::{Row, events, fault, run, skipped};
use stllr_events::{Format, OnFault};

const HEADER: &[u8] = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n";

fn file(packets: &[Vec<u8>]) -> Vec<u8> {
    [HEADER, &packets.concat()].concat()
}

/// Events of eight bytes.
fn body(records: &[(u32, u32)]) -> Vec<u8> {
    records.iter().flat_map(|(word, t)| [word.to_le_bytes(), t.to_le_bytes()]).flatten().collect()
}

fn word(x: u32, y: u32, p: u32, is_valid: u32) -> u32 {
    x << 17 | y << 2 | p << 1 | is_valid
}

fn rows(packets: &[Vec<u8>]) -> Vec<Row> {
    events(&file(packets), Format::Aedat3)
}

#[test]
fn polarity_events_are_read_and_all_else_is_passed_over() {
    let events = body(&[(word(1, 2, 1, 1), 10), (word(3, 4, 0, 0), 11), (word(32767, 32767, 0, 1), 0x7FFF_FFFF)]);
    let packets = [
        aedat3_packet(2, 36, 0, 1, &[0xFF; 72]),
        aedat3_packet(1, 8, 0, 3, &events),
        aedat3_packet(1, 8, 0, 0, &[]),
        aedat3_packet(3, 40, 0, 0, &[]),
        aedat3_packet(1, 8, 1, 1, &events),
    ];
    let expected = [(10, 1, 2, 1), (0x7FFF_FFFF, 32767, 32767, 0), ((1 << 31) + 10, 1, 2, 1)];
    assert_eq!(rows(&packets), expected);
}

#[test]
fn the_source_gives_the_sensor() {
    let sensor = |name: &str| {
        let file = format!("#!AER-DAT3.1\r\n#Source 2: {name}\r\n#!END-HEADER\r\n");
        run(file.as_bytes(), &[], 1, Format::Aedat3, OnFault::Refuse).sensor
    };
    assert_eq!((sensor("DVS128"), sensor("DAVIS346"), sensor("Foo")), (Some((128, 128)), Some((346, 260)), None));
}

/// A packet whose header's word at `at` is replaced.
fn lying(at: usize, number: u32) -> Vec<u8> {
    let mut packet = aedat3_packet(1, 8, 0, 1, &body(&[(word(1, 2, 1, 1), 10)]));
    packet[at..at + 4].copy_from_slice(&number.to_le_bytes());
    packet
}

#[test]
fn lies_of_a_packet_are_said() {
    let said = |at, number| fault(&file(&[lying(at, number)]), Format::Aedat3);
    let at = HEADER.len();
    assert_eq!(said(0, 0x8001), format!("byte {at}: the number 32769; allowed: 0 to 32767"));
    assert_eq!(said(4, 9), format!("byte {at}: records of 9 bytes; allowed: 8"));
    assert_eq!(said(8, 5), format!("byte {at}: the number 5; allowed: 0 to 4"));
    assert_eq!(said(12, 1 << 22), format!("byte {at}: the number 4194304; allowed: 0 to 4194303"));
    assert_eq!(said(16, 1 << 28), format!("byte {at}: a length of 2147483648 bytes; allowed: 0 to 268435456"));
    assert_eq!(said(16, u32::MAX), format!("byte {at}: a length of 4294967295 bytes; allowed: 0 to 268435456"));
    assert_eq!(said(20, 2), format!("byte {at}: the number 2; allowed: 0 to 1"));
    assert_eq!(said(24, 2), format!("byte {at}: the number 2; allowed: 0 to 1"));
    let negative = file(&[aedat3_packet(1, 8, 0, 1, &body(&[(1, 1 << 31)]))]);
    let said = format!("byte {}: the number 2147483648; allowed: 0 to 2147483647", at + 28);
    assert_eq!(fault(&negative, Format::Aedat3), said);
}

#[test]
fn after_a_lie_the_next_packet_is_found() {
    let sound = aedat3_packet(1, 8, 0, 1, &body(&[(word(5, 6, 0, 1), 20)]));
    let bytes = file(&[sound.clone(), lying(16, u32::MAX), sound]);
    // 28 bytes of a header and 8 of an event.
    assert_eq!(skipped(&bytes, Format::Aedat3), (vec![(20, 5, 6, 0), (20, 5, 6, 0)], 1, 36));
    let negative = file(&[aedat3_packet(1, 8, 0, 2, &body(&[(1, 1 << 31), (word(5, 6, 0, 1), 20)]))]);
    assert_eq!(skipped(&negative, Format::Aedat3), (vec![(20, 5, 6, 0)], 1, 8));
}

#[test]
fn a_cut_file_says_what_is_missing() {
    let whole = file(&[aedat3_packet(1, 8, 0, 1, &[0; 24]), aedat3_packet(2, 36, 0, 0, &[0; 36])]);
    let at = HEADER.len();
    let said = |len: usize| fault(&whole[..len], Format::Aedat3);
    assert_eq!(said(at - 1), format!("byte 0: the header is cut, it has {} bytes; allowed: a whole header", at - 1));
    let no_end = said(at - 14);
    assert_eq!(no_end, format!("byte 0: the header is cut, it has {} bytes; allowed: a whole header", at - 14));
    assert_eq!(said(at + 5), format!("byte {at}: the last record is cut, it has 5 bytes; allowed: 28"));
    assert_eq!(said(at + 28), format!("byte {}: the last record is cut, it has 0 bytes; allowed: 8", at + 28));
    assert_eq!(said(at + 30), format!("byte {}: the last record is cut, it has 2 bytes; allowed: 8", at + 28));
    assert_eq!(said(at + 40), format!("byte {}: the last record is cut, it has 0 bytes; allowed: 12", at + 40));
    assert_eq!(said(at + 90), format!("byte {}: the last record is cut, it has 0 bytes; allowed: 26", at + 90));
}

#[test]
fn other_headers_are_refused() {
    assert_eq!(fault(b"#!AER-DAT2.0\r\n", Format::Aedat3), "byte 0: version 2.0; allowed: 3.1");
    let no_line = fault(b"#!AER-DAT3.1\r\nx", Format::Aedat3);
    assert_eq!(no_line, "byte 14: not the mark of the format, but bytes 78; allowed: 23");
    assert_eq!(skipped(b"#!AER-DAT3.1\r\nxyz", Format::Aedat3), (vec![], 1, 3));
}
