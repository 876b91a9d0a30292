//! Prophesee EVT2.1.

use super::evt2::{cd, high};
use crate::common::{Row, check, events, fault, run, skipped};
use stllr_events::{Format, OnFault};

const WORDS: [(u32, u32); 4] =
    [(high(2), 0), (cd(1, 3, 100, 50), 0x8000_0005), (0xA000_0000, 0xFFFF_FFFF), (cd(0, 4, 2016, 7), 0x8000_0000)];
const EVENTS: [Row; 4] = [(131, 100, 50, 1), (131, 102, 50, 1), (131, 131, 50, 1), (132, 2047, 7, 0)];

fn file(header: &str, words: &[(u32, u32)], is_swapped: bool) -> Vec<u8> {
    let mut file = header.as_bytes().to_vec();
    for &(event, mask) in words {
        let halves = if is_swapped { [event, mask] } else { [mask, event] };
        file.extend(halves.into_iter().flat_map(u32::to_le_bytes));
    }
    file
}

#[test]
fn a_word_holds_up_to_32_events_in_either_order_of_halves() {
    for (header, is_swapped) in [
        ("", false),
        ("% format EVT21;height=720;width=1280\n", false),
        ("% evt 2.1\n% endianness little\n", false),
        ("% format EVT21;height=720;width=1280;endianness=legacy\n% end\n", true),
        ("% evt 2.1\n% endianness legacy\n", true),
        ("% evt 2.1\n% system_ID 48\n", true),
        ("% evt 2.1\n% system_ID 55\n", false),
    ] {
        assert_eq!(events(&file(header, &WORDS, is_swapped), Format::Evt21), EVENTS, "{header}");
    }
}

#[test]
fn a_chunk_that_is_full_in_the_middle_of_a_word_loses_nothing() {
    let words = [(high(0), 0), (cd(1, 0, 0, 0), u32::MAX), (cd(0, 0, 64, 0), u32::MAX)];
    let bytes = file("", &words, false);
    for room in [1, 2, 31, 33, 63] {
        assert_eq!(run(&bytes, &[3, 12, 21], room, Format::Evt21, OnFault::Refuse).events.len(), 64);
        check(&bytes, &[3, 12, 21], room, Format::Evt21);
    }
}

#[test]
fn faults_in_words() {
    let bytes = file("", &[(high(0), 0), (cd(1, 0, 2040, 9), 1 << 8 | 1), (cd(1, 0, 2040, 9), 1)], false);
    assert_eq!(fault(&bytes, Format::Evt21), "byte 8: the number 2048; allowed: 0 to 2047");
    assert_eq!(skipped(&bytes, Format::Evt21), (vec![(0, 2040, 9, 1)], 1, 8));
    let other = file("", &[(high(0), 0), (2 << 28, 0)], false);
    assert_eq!(fault(&other, Format::Evt21), "byte 8: type 2 is not read; allowed: 0 1 8 10 14 15");
    let cut = "byte 8: the last record is cut, it has 4 bytes; allowed: 8";
    assert_eq!(fault(&other[..12], Format::Evt21), cut);
}

#[test]
fn events_before_the_first_time_are_left_out_and_counted() {
    let run = run(&file("", &[WORDS[1], WORDS[0]], false), &[], 9, Format::Evt21, OnFault::Refuse);
    assert_eq!((run.events, run.end, run.dropped.bytes), (vec![], Ok(()), 8));
}
