//! Which format a file is taken for.

use crate::common::random::Random;
use crate::common::seeds;
use stllr_events::{Detected, Format, detect};

fn certain(format: Format) -> Option<Detected> {
    Some(Detected { format, is_certain: true })
}

#[test]
fn marks_are_certain() {
    assert_eq!(detect(b"Event Stream\x02"), certain(Format::Es));
    assert_eq!(detect(b"#!AER-DAT2.0\r\n"), certain(Format::Aedat2));
    assert_eq!(detect(b"#!AER-DAT3.1\r\n"), certain(Format::Aedat3));
    assert_eq!(detect(b"% format EVT21;height=720;width=1280\n% x"), certain(Format::Evt21));
    assert_eq!(detect(b"% Date x\n% evt 2.0\n\0\0\0\x80"), certain(Format::Evt2));
    assert_eq!(detect(b"% evt 3.0\n"), certain(Format::Evt3));
    assert_eq!(detect(b"% Date x\n\x0C\x08"), certain(Format::Dat));
    assert_eq!(detect(b"% Data file containing CD events\n% Date"), certain(Format::Dat));
}

#[test]
fn text_is_known_by_its_first_line_of_events() {
    let lines: Vec<u8> = (0..400).flat_map(|n| format!("0.{n:06} {} {} 1\n", n % 240, n % 180).into_bytes()).collect();
    for head in [&lines[..], b"% a comment\n1 2 3 4\n", b"x,y,t,p\n"] {
        assert_eq!(detect(head), certain(Format::Text));
    }
    assert_eq!(detect(b"1 2 3 4\n\x00"), None, "no text");
}

#[test]
fn what_is_not_known_is_not_named() {
    for head in [
        &b""[..],
        b"#!AER-DAT1.0\r\n",
        b"Event Strea",
        b"% evt 4.0\n",
        b"% a comment\n",
        b"\x0C\x08",
        &[0; 4096],
        &[255; 4096],
    ] {
        assert_eq!(detect(head), None, "{head:?}");
    }
    let mut random = Random(1);
    for _ in 0..2000 {
        let noise: Vec<u8> = (0..512).map(|_| random.next() as u8).collect();
        assert_eq!(detect(&noise), None);
    }
}

#[test]
fn formats_without_a_mark_are_guessed_by_their_times() {
    type Writer = fn(&mut Random) -> Vec<u8>;
    let guesses: [(Writer, Format); 4] =
        [(seeds::bin, Format::Bin), (seeds::bs1, Format::Bs1), (seeds::bs3, Format::Bs3), (seeds::spif, Format::Spif)];
    for (writer, format) in guesses {
        let mut right = 0;
        for seed in 0..200 {
            match detect(&writer(&mut Random(seed))) {
                Some(found) if found.format == format => right += 1,
                Some(found) => assert!(!found.is_certain, "{format:?} is taken for {found:?}"),
                None => {}
            }
        }
        assert!(right >= 150, "{format:?}: {right} of 200");
    }
}
