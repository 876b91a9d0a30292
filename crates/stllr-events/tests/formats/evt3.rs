//! Prophesee EVT3.

use crate::common::{Row, check, events, fault, run, skipped};
use stllr_events::{Format, OnFault};

const HIGH: u16 = 8 << 12;
const LOW: u16 = 6 << 12;
const X: u16 = 2 << 12;
const BASE: u16 = 3 << 12;
const ON: u16 = 1 << 11;

fn file(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn rows(words: &[u16]) -> Vec<Row> {
    events(&file(words), Format::Evt3)
}

fn times(words: &[u16]) -> Vec<u64> {
    rows(words).iter().map(|row| row.0).collect()
}

#[test]
fn rows_times_and_columns_are_set_by_words_of_their_own() {
    let words = [HIGH | 2, LOW | 7, 300, X | ON | 5, X | 2047, LOW | 9, 2047, X | 1];
    let expected = [(8199, 5, 300, 1), (8199, 2047, 300, 0), (8201, 1, 2047, 0)];
    assert_eq!(rows(&words), expected);
}

#[test]
fn vectors_advance_their_column() {
    let words = [HIGH, 9, BASE | ON | 100, 0x4801, 0x4001, 0x5081, 0x4002, BASE | 8, 0x5FFF];
    let on: Vec<u16> = vec![100, 111, 112, 124, 131, 133];
    let mut expected: Vec<Row> = on.into_iter().map(|x| (0, x, 9, 1)).collect();
    // The upper bits of a vector of 8 mean nothing.
    expected.extend((8..16).map(|x| (0, x, 9, 0)));
    assert_eq!(rows(&words), expected);
}

#[test]
fn a_chunk_that_is_full_in_the_middle_of_a_vector_loses_nothing() {
    let bytes = file(&[HIGH, 9, BASE | 100, 0x4FFF, 0x4FFF, 0x50FF, X | 3]);
    for room in [1, 5, 12, 13, 31, 32] {
        let run = run(&bytes, &[3, 7, 9, 12], room, Format::Evt3, OnFault::Refuse);
        assert!(run.events.iter().map(|row| row.1).eq((100..132).chain([3])));
        check(&bytes, &[3, 7, 9, 12], room, Format::Evt3);
    }
}

#[test]
fn other_words_are_passed_over_and_triggers_are_0xa() {
    let words = [HIGH, 9, 0xA123, 0x7123, 0xE123, 0xF123, X | 1];
    assert_eq!(rows(&words), [(0, 1, 9, 0)]);
    let bytes = file(&[HIGH, 9, 0xC123, X | 1]);
    assert_eq!(fault(&bytes, Format::Evt3), "byte 4: type 12 is not read; allowed: 0 1 2 3 4 5 6 7 8 10 14 15");
    assert_eq!(skipped(&bytes, Format::Evt3), (vec![(0, 1, 9, 0)], 1, 2));
}

#[test]
fn exposure_measurements_are_passed_over_up_to_the_next_row() {
    let words = [HIGH, 9, X | 1, 0x1009, X | 2, BASE | 5, 0x4FFF, 8, X | 3, 0x4001];
    assert_eq!(rows(&words), [(0, 1, 9, 0), (0, 3, 8, 0), (0, 17, 8, 0)]);
}

#[test]
fn a_new_upper_time_sets_the_lower_one_to_0_and_the_same_one_does_not() {
    assert_eq!(times(&[HIGH | 1, LOW | 5, 0, X, HIGH | 1, X, HIGH | 2, X, LOW | 9, X]), [4101, 4101, 8192, 8201]);
}

#[test]
fn the_clock_of_24_bits_runs_over_and_small_steps_back_are_kept() {
    let turn = 1 << 24;
    let words = [HIGH | 4095, LOW | 4095, 0, X, HIGH, X, LOW | 9, X, LOW | 3, X, HIGH | 4095, X, HIGH, X];
    // From 0 to 4095 is forward; from 4095 to 0 is the next turn.
    let expected = [turn - 1, turn, turn + 9, turn + 3, 2 * turn - 4096, 2 * turn];
    assert_eq!(times(&words), expected);
    assert_eq!(
        times(&[HIGH | 2047, 0, HIGH, X, HIGH | 2048, HIGH | 1, X, HIGH | 2049, HIGH | 1, X]),
        [0, (2 * 2048 - 4095) << 12, turn + 4096,]
    );
}

#[test]
fn events_without_a_time_a_row_or_a_column_are_left_out_and_counted() {
    for (words, left) in [
        (&[X, 9, X, HIGH, X | 1][..], 2),
        (&[HIGH, X, 0x4001, 9, 0x4001, X | 1], 3),
        (&[9, BASE, 0x4001, 0x5001, HIGH, X | 1], 2),
        (&[LOW | 8, HIGH, 9, X | 1], 0),
    ] {
        let run = run(&file(words), &[], 9, Format::Evt3, OnFault::Refuse);
        assert_eq!((run.events, run.end), (vec![(0, 1, 9, 0)], Ok(())), "{words:?}");
        assert_eq!((run.dropped.records, run.dropped.bytes), (left, 2 * left), "{words:?}");
    }
}

#[test]
fn a_vector_beyond_the_last_column_is_a_fault() {
    let words = [HIGH, 9, BASE | 2040, 0x40FF, 0x4000, 0x5001, X | 1];
    assert_eq!(fault(&file(&words), Format::Evt3), "byte 10: the number 2048; allowed: 0 to 2047");
    let (left, records, dropped) = skipped(&file(&words), Format::Evt3);
    assert_eq!((left.len(), left[8], records, dropped), (9, (0, 1, 9, 0), 1, 2));
    let inside = [HIGH, 9, BASE | 2040, 0x4100];
    assert_eq!(fault(&file(&inside), Format::Evt3), "byte 6: the number 2048; allowed: 0 to 2047");
}

#[test]
fn a_cut_word_is_said() {
    let cut = "byte 2: the last record is cut, it has 1 bytes; allowed: 2";
    assert_eq!(fault(&file(&[HIGH, 9])[..3], Format::Evt3), cut);
}
