//! Event Stream.

use crate::common::{events, fault, recordings, run, skipped};
use stllr_events::{Format, OnFault};

fn file(kind: u8, body: &[u8]) -> Vec<u8> {
    [b"Event Stream\x02\x00\x00", &[kind, 4, 1, 3, 0][..], body].concat()
}

#[test]
fn dvs_events_are_deltas_and_255_adds_127() {
    let body = [5 << 1 | 1, 3, 1, 2, 0, 255, 255, 254, 126 << 1, 0, 0, 0, 0];
    let bytes = file(1, &body);
    assert_eq!(events(&bytes, Format::Es), [(5, 259, 2, 1), (5 + 254 + 126, 0, 0, 0)]);
    assert_eq!(run(&bytes, &[], 9, Format::Es, OnFault::Refuse).sensor, Some((260, 3)));
}

#[test]
fn atis_events_are_changes_and_exposure_is_passed_over() {
    let body = [5 << 2 | 2, 1, 0, 2, 0, 252, 253, 254, 255, 7 << 2 | 3, 0, 0, 0, 0, 1 << 2, 1, 0, 1, 0];
    assert_eq!(events(&file(2, &body), Format::Es), [(5, 1, 2, 1), (5 + 6 * 63 + 7 + 1, 1, 1, 0)]);
}

#[test]
fn generic_and_colour_streams_are_refused() {
    for kind in [0, 3, 4, 200] {
        let said = format!("byte 15: type {kind} is not read; allowed: 1 2");
        assert_eq!(fault(&file(kind, &[1, 2, 3]), Format::Es), said);
        assert_eq!(skipped(&file(kind, &[1, 2, 3]), Format::Es), (vec![], 1, 8));
    }
    let Some(folder) = recordings("generic_and_colour_streams_are_refused") else { return };
    let bytes = std::fs::read(folder.join("es/generic.es")).expect("a file");
    assert_eq!(fault(&bytes, Format::Es), "byte 15: type 0 is not read; allowed: 1 2");
}

#[test]
fn an_event_outside_the_sensor_is_a_fault_whose_time_counts() {
    let body = [1 << 1, 4, 1, 0, 0, 1 << 1, 0, 0, 3, 0, 1 << 1, 1, 0, 0, 0];
    assert_eq!(fault(&file(1, &body), Format::Es), "byte 20: the number 260; allowed: 0 to 259");
    assert_eq!(fault(&file(1, &body[5..]), Format::Es), "byte 20: the number 3; allowed: 0 to 2");
    assert_eq!(skipped(&file(1, &body), Format::Es), (vec![(3, 1, 0, 0)], 2, 10));
}

#[test]
fn faults_of_the_header_and_of_the_end() {
    let said = |bytes: &[u8]| fault(bytes, Format::Es);
    let mark = "byte 4: not the mark of the format, but bytes 742D5374; allowed: 74205374";
    assert_eq!(said(b"Event-Stream\x02\x00\x00\x01"), mark);
    assert_eq!(said(b"Event Stream\x01\x03\x00\x01"), "byte 12: version 1.3; allowed: 2.0");
    assert_eq!(said(b"Event Str"), "byte 0: the header is cut, it has 9 bytes; allowed: a whole header");
    let cut = file(1, &[2, 0, 0, 0, 0, 2, 0]);
    assert_eq!(said(&cut[..18]), "byte 0: the header is cut, it has 18 bytes; allowed: a whole header");
    assert_eq!(said(&cut), "byte 25: the last record is cut, it has 2 bytes; allowed: 5");
    assert_eq!(skipped(&cut, Format::Es), (vec![(1, 0, 0, 0)], 1, 2));
}
