//! Prophesee EVT2.

use crate::common::{events, fault, run, skipped};
use stllr_events::{Format, OnFault};

pub const fn high(part: u32) -> u32 {
    8 << 28 | part
}

pub const fn cd(p: u32, low: u32, x: u32, y: u32) -> u32 {
    p << 28 | low << 22 | x << 11 | y
}

fn file(header: &str, words: &[u32]) -> Vec<u8> {
    [header.as_bytes(), &words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>()].concat()
}

#[test]
fn a_time_is_its_upper_part_and_the_lower_one_of_the_event() {
    let words = [high(3), cd(1, 5, 639, 479), 0xA000_0001, 0xE000_0000, 0xF000_0000, cd(0, 63, 2047, 2047), high(4)];
    let bytes = file("% evt 2.0\n", &[&words[..], &[cd(1, 0, 0, 0)]].concat());
    assert_eq!(events(&bytes, Format::Evt2), [(197, 639, 479, 1), (255, 2047, 2047, 0), (256, 0, 0, 1)]);
}

#[test]
fn headers_of_any_age_and_none() {
    let words = [high(0), cd(1, 1, 2, 3)];
    for header in ["", "% end\n", "% evt 2\n", "% format EVT2;height=480;width=640\r\n% end\r\n", "% Date today\n"] {
        assert_eq!(events(&file(header, &words), Format::Evt2), [(1, 2, 3, 1)], "{header}");
    }
    let sensor = |header| run(&file(header, &words), &[], 9, Format::Evt2, OnFault::Refuse).sensor;
    assert_eq!(sensor("% format EVT2;height=480;width=640\n"), Some((640, 480)));
    assert_eq!(sensor("% geometry 320x240\n"), Some((320, 240)));
    assert_eq!((sensor(""), sensor("% geometry 320\n")), (None, None));
}

#[test]
fn the_clock_of_34_bits_runs_over_and_may_step_back() {
    let last = (1 << 28) - 1;
    let words = [high(last), cd(0, 63, 0, 0), high(0), cd(0, 0, 0, 0), high(5), high(4), cd(0, 0, 0, 0)];
    let times: Vec<u64> = events(&file("", &words), Format::Evt2).iter().map(|row| row.0).collect();
    assert_eq!(times, [(1 << 34) - 1, 1 << 34, (1 << 34) + 256]);
}

#[test]
fn events_before_the_first_time_are_left_out_and_counted() {
    let bytes = file("", &[cd(1, 0, 1, 1), 0xE000_0000, cd(1, 0, 2, 2), high(0), cd(1, 0, 3, 3)]);
    let run = run(&bytes, &[], 9, Format::Evt2, OnFault::Refuse);
    assert_eq!((run.events, run.end), (vec![(0, 3, 3, 1)], Ok(())));
    assert_eq!((run.dropped.records, run.dropped.bytes), (2, 8));
}

#[test]
fn a_clock_that_runs_over_too_often_ends() {
    // Two words a turn of 4.8 hours.
    let words: Vec<u32> = (0..1 << 20).flat_map(|_| [high(1 << 27), high(0)]).collect();
    let bytes = file("", &words);
    let said = fault(&bytes, Format::Evt2);
    assert!(said.ends_with("a time of 2097152 times 2^32 us; allowed: 0 to 2097151 times 2^32 us"), "{said}");
    let (_, records, dropped) = skipped(&bytes, Format::Evt2);
    assert_eq!(dropped, 4 * records);
}

#[test]
fn faults_in_words() {
    let bytes = file("% evt 2.0\n", &[high(0), 7 << 28, cd(1, 0, 3, 3)]);
    assert_eq!(fault(&bytes, Format::Evt2), "byte 14: type 7 is not read; allowed: 0 1 8 10 14 15");
    assert_eq!(skipped(&bytes, Format::Evt2), (vec![(0, 3, 3, 1)], 1, 4));
    let other = file("% Date x\n% evt 3.0\n", &[high(0)]);
    assert_eq!(fault(&other, Format::Evt2), "byte 9: version 3.0; allowed: 2.0");
    assert_eq!(fault(b"% format HISTO3D;x\n", Format::Evt2), "byte 0: version 0.0; allowed: 2.0");
    let cut = "byte 4: the last record is cut, it has 1 bytes; allowed: 4";
    assert_eq!(fault(&file("", &[high(0), 0])[..5], Format::Evt2), cut);
    let cut = "byte 0: the header is cut, it has 7 bytes; allowed: a whole header";
    assert_eq!(fault(b"% evt 2", Format::Evt2), cut);
}
