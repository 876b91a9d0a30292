//! The eDVS's serial line.

use crate::common::{events, fault, skipped};
use stllr_events::{Chunk, Format, OnFault, decoder, detect};

#[test]
fn an_address_and_the_times_of_each_mode() {
    // y 5, x 7 on; y 127, x 0 off.
    let [first, second] = [[0x85, 0x87], [0xFF, 0x00]];
    let file = |times: [&[u8]; 2]| [&first, times[0], &second[..], times[1]].concat();
    let read = |format, times: [&[u8]; 2]| {
        let found = events(&file(times), format);
        assert!(matches!(found[..], [(_, 7, 5, 1), (_, 0, 127, 0)]), "{found:?}");
        (found[0].0, found[1].0)
    };
    assert_eq!(read(Format::Edvs0, [&[], &[]]), (0, 0));
    assert_eq!(read(Format::Edvs1, [&[0x83], &[0x01, 0x02, 0x7F, 0x84]]), (3, 3 + (1 << 21 | 2 << 14 | 0x7F << 7 | 4)));
    assert_eq!(read(Format::Edvs2, [&[0x12, 0x34], &[0x12, 0x33]]), (0x1234, 0x1_1233), "it has run over");
    assert_eq!(read(Format::Edvs3, [&[1, 2, 3], &[1, 2, 3]]), (0x10203, 0x10203));
    assert_eq!(read(Format::Edvs4, [&[0, 0, 1, 0], &[0, 0, 0, 255]]), (256, 255), "32 bits may go back");
    assert_eq!(read(Format::Edvs4, [&[0xFF, 0xFF, 0xFF, 0xFF], &[0, 0, 0, 1]]), (0xFFFF_FFFF, 0x1_0000_0001));
}

#[test]
fn bytes_between_events_are_dropped_up_to_the_next_one() {
    let line = [b"E+\n", &[0x81, 0x02][..], b"\x01\x02", &[0x83, 0x84]].concat();
    let left = vec![(0, 2, 1, 0), (0, 4, 3, 1)];
    assert_eq!(skipped(&line, Format::Edvs0), (left, 2, 5), "two stretches of five bytes");
    let said = fault(&line, Format::Edvs0);
    assert_eq!(said, "byte 0: not the mark of the format, but bytes 45; allowed: 80");
    let long = [0x81, 0x02, 1, 1, 1, 1, 0x83, 0x84, 0x85];
    assert_eq!(skipped(&long, Format::Edvs1), (vec![(5, 4, 3, 1)], 1, 6));
    assert_eq!(fault(&long, Format::Edvs1), "byte 0: a length of 5 bytes; allowed: 0 to 4");
    assert_eq!(fault(&[0x81, 2, 3], Format::Edvs2), "byte 0: the last record is cut, it has 3 bytes; allowed: 4");
}

#[test]
fn text_with_and_without_times() {
    let lines = b"1   5   7 65000\n0 127   0    10\r\n\n1 2 3\n";
    assert_eq!(events(lines, Format::EdvsText), [(65000, 7, 5, 1), (65546, 0, 127, 0), (65546, 3, 2, 1)]);
    let faulty =
        b"!E31\n2   5   7\n1 128   7\n1   5   7     1\nthe answer to a question nobody has asked\n0   1   1     2\n1";
    assert_eq!(skipped(faulty, Format::EdvsText), (vec![(1, 7, 5, 1), (2, 1, 1, 0)], 5, 5 + 20 + 42 + 1));
    assert_eq!(fault(b"2   5   7\n", Format::EdvsText), "byte 0: the number 2; allowed: 0 to 1");
    assert_eq!(fault(b"ready\n", Format::EdvsText), "byte 0: a line with 0 values; allowed: at least 3");
    assert_eq!(detect(b"1 5 7 3\n").map(|found| found.format), Some(Format::Text), "no blanks of the device");
}

#[test]
fn a_message_may_cut_no_record() {
    for (format, cut, next) in [
        (Format::Edvs2, &[0x81, 0x02, 0x03][..], &[0x85, 0x86, 0, 9][..]),
        (Format::Spif, &[1, 0, 2, 0, 5], &[6, 0, 5, 0x80]),
    ] {
        let mut decoder = decoder(format, OnFault::Skip);
        let mut out = Chunk::new(8);
        assert_eq!(decoder.feed(cut, &mut out), Ok(cut.len()));
        assert_eq!(decoder.border(), Ok(()));
        assert_eq!((out.len(), decoder.dropped().records, decoder.dropped().bytes), (0, 1, cut.len() as u64));
        assert_eq!((decoder.feed(next, &mut out), decoder.border()), (Ok(next.len()), Ok(())));
        assert_eq!(
            (out.x(), out.y(), decoder.dropped().records),
            (&[if format == Format::Spif { 5 } else { 6 }][..], &[if format == Format::Spif { 6 } else { 5 }][..], 1)
        );
    }
    let mut decoder = decoder(Format::Edvs2, OnFault::Refuse);
    let mut out = Chunk::new(8);
    assert_eq!(decoder.feed(&[0x81, 0x02, 0x03], &mut out), Ok(3));
    let fault = decoder.border().expect_err("a cut record");
    assert_eq!(fault.to_string(), "byte 0: the last record is cut, it has 3 bytes; allowed: 4");
    assert_eq!(decoder.feed(&[0x81], &mut out), Err(fault));
}
