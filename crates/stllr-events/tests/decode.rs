//! Decoders: known bytes, any split, any bytes at all.

use proptest::prelude::*;
use stllr_events::{Chunk, DecodeFault, DecodeFaultKind, Dropped, Format, OnFault, decoder};

type Row = (u64, u16, u16, u8);

/// What the format says, record by record.
fn reference(bytes: &[u8], format: Format) -> Vec<Row> {
    let mut base = 0;
    let mut events = Vec::new();
    for record in bytes.chunks_exact(5) {
        if format == Format::Bin && record[1] == 240 {
            base += 8192;
            continue;
        }
        let time = u64::from(record[2] & 0x7F) << 16 | u64::from(record[3]) << 8 | u64::from(record[4]);
        events.push((base + time, record[0].into(), record[1].into(), record[2] >> 7));
    }
    events
}

fn drain(out: &mut Chunk, events: &mut Vec<Row>) {
    for index in 0..out.len() {
        events.push((out.t_us()[index], out.x()[index], out.y()[index], out.p()[index]));
    }
    out.clear();
}

struct Run {
    events: Vec<Row>,
    end: Result<(), DecodeFault>,
    dropped: Dropped,
}

/// Decodes `bytes` cut at `cuts`, through a chunk of `room` events.
fn run(bytes: &[u8], cuts: &[usize], room: usize, format: Format, on_fault: OnFault) -> Run {
    let mut bounds: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    bounds.extend([0, bytes.len()]);
    bounds.sort_unstable();
    let mut decoder = decoder(format, on_fault);
    let mut out = Chunk::new(room);
    let mut events = Vec::new();
    for pair in bounds.windows(2) {
        let mut part = &bytes[pair[0]..pair[1]];
        while !part.is_empty() {
            let consumed = decoder.feed(part, &mut out).expect("these formats have no fault before the end");
            assert!(out.len() <= room);
            assert!(consumed > 0 || out.is_full(), "no progress with room left");
            part = &part[consumed..];
            if out.is_full() || part.is_empty() {
                drain(&mut out, &mut events);
            }
        }
    }
    let end = decoder.finish(&mut out);
    drain(&mut out, &mut events);
    Run { events, end, dropped: decoder.dropped() }
}

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::Bin), Just(Format::Bs2)]
}

/// Bytes in which the overflow mark is frequent.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![3 => any::<u8>(), 1 => Just(240u8)], 0..600)
}

proptest! {
    #[test]
    fn any_split_gives_the_events_of_the_whole(
        bytes in bytes(), cuts in prop::collection::vec(any::<usize>(), 0..20), room in 1usize..50, format in format(),
    ) {
        let split = run(&bytes, &cuts, room, format, OnFault::Skip);
        prop_assert_eq!(&split.events, &reference(&bytes, format));
        let cut = (bytes.len() % 5) as u64;
        prop_assert_eq!(split.dropped, Dropped { records: u64::from(cut > 0), bytes: cut });
        prop_assert_eq!(split.end, Ok(()));
    }

    #[test]
    fn byte_by_byte_gives_the_events_and_the_fault_of_the_whole(bytes in bytes(), format in format()) {
        let cuts: Vec<usize> = (0..bytes.len()).collect();
        let single = run(&bytes, &cuts, 7, format, OnFault::Refuse);
        let whole = run(&bytes, &[], 4096, format, OnFault::Refuse);
        prop_assert_eq!(&single.events, &whole.events);
        prop_assert_eq!(single.end, whole.end);
        let cut = bytes.len() % 5;
        let fault = DecodeFault {
            offset: (bytes.len() - cut) as u64,
            kind: DecodeFaultKind::CutRecord { found: cut as u32, needed: 5 },
        };
        prop_assert_eq!(whole.end, if cut == 0 { Ok(()) } else { Err(fault) });
    }
}

#[test]
fn the_bytes_of_the_format() {
    // 654 us, x 7, y 15, on; the last time there is, off.
    let bytes = [7, 15, 0x80, 0x02, 0x8E, 255, 239, 0x7F, 0xFF, 0xFF];
    for format in [Format::Bin, Format::Bs2] {
        let run = run(&bytes, &[], 4096, format, OnFault::Refuse);
        assert_eq!(run.events, [(654, 7, 15, 1), (8_388_607, 255, 239, 0)]);
    }
}

#[test]
fn row_240_is_an_overflow_mark_in_bin_and_an_event_in_bs2() {
    let bytes = [1, 240, 0, 0, 9, 2, 3, 0, 0, 5];
    assert_eq!(run(&bytes, &[], 9, Format::Bin, OnFault::Refuse).events, [(8197, 2, 3, 0)]);
    assert_eq!(run(&bytes, &[], 9, Format::Bs2, OnFault::Refuse).events, [(9, 1, 240, 0), (5, 2, 3, 0)]);
}

#[test]
fn marks_leave_room_for_events() {
    let mut bytes = [1, 240, 0, 0, 0].repeat(9);
    bytes.extend([1, 1, 0, 0, 1, 2, 2, 0, 0, 2]);
    let mut decoder = decoder(Format::Bin, OnFault::Refuse);
    let mut out = Chunk::new(2);
    assert_eq!(decoder.feed(&bytes, &mut out), Ok(bytes.len()));
    assert_eq!(out.t_us(), [9 * 8192 + 1, 9 * 8192 + 2]);
}

#[test]
fn a_full_chunk_stops_the_decoder_and_nothing_is_lost() {
    let mut decoder = decoder(Format::Bs2, OnFault::Refuse);
    let mut out = Chunk::new(1);
    let bytes = [1, 1, 0, 0, 1, 2, 2, 0, 0, 2, 3];
    assert_eq!(decoder.feed(&bytes, &mut out), Ok(5));
    assert_eq!(decoder.feed(&bytes[5..], &mut out), Ok(0));
    out.clear();
    assert_eq!(decoder.feed(&bytes[5..], &mut out), Ok(5));
    assert_eq!(out.t_us(), [2]);
}

#[test]
fn a_cut_record_is_a_fault_that_stays_until_reset() {
    let mut decoder = decoder(Format::Bin, OnFault::Refuse);
    let mut out = Chunk::new(8);
    assert_eq!(decoder.feed(&[1, 1, 0, 0, 1, 9, 9], &mut out), Ok(7));
    let fault = decoder.finish(&mut out).expect_err("the record is cut");
    assert_eq!(fault.to_string(), "byte 5: the last record is cut, it has 2 bytes; allowed: 5");
    assert_eq!(decoder.finish(&mut out), Err(fault));
    decoder.reset();
    assert_eq!(decoder.finish(&mut out), Ok(()));
}
