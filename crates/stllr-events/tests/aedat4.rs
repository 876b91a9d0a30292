//! AEDAT 4: samples to their digests, every way of writing a file, and damage.

mod files;

use files::aedat4::{MAGIC, events, header, lz4, packet, rows, xml, zstd};
use files::{Row, Run, check_splits, digest, fuzz, run, shared, truth};
use stllr_events::decode::aedat4::{Aedat4, MAX_HEADER_BYTES, is_head, is_stream_head};
use stllr_events::{
    DecodeFault, DecodeFaultKind, Decoder, Dropped, Field, FileFault, Format, HeadPart, OnFault, Unsupported, decoder,
};

/// Flatbuffers compressed by `zstd --no-check` at the levels 3 and 19: 400 events of [`rows`].
const ZSTD_3: &[u8] = include_bytes!("data/events-400-level-3.zst");
const ZSTD_19: &[u8] = include_bytes!("data/events-400-level-19.zst");
/// 3,000 events in blocks of 1 kB, by `zstd -19 --zstd=wlog=10 --check`: [`steady`].
const ZSTD_BLOCKS: &[u8] = include_bytes!("data/events-3000-window-1k.zst");

/// The 400 events again by `zstd --long=27`, which asks for a window of 128 MiB; and events of which the last are those
/// at the begin, too far back to be copied: by `zstd -19 --long=27`.
const ZSTD_128M: &[u8] = include_bytes!("data/events-400-window-128m.zst");
const ZSTD_FAR: &[u8] = include_bytes!("data/events-590128-far.zst");

/// Events that hardly differ.
fn steady() -> Vec<Row> {
    (0..3000u64).map(|i| (1_700_000_000_000_000 + i / 1000, (i % 4) as u16, 100, 1)).collect()
}

const EVENTS: (i32, &str, u32, u32) = (0, "EVTS", 346, 260);

/// A file of packets without a table.
fn file(compression: i32, streams: &[(i32, &str, u32, u32)], packets: &[Vec<u8>]) -> Vec<u8> {
    [MAGIC, &header(compression, -1, &xml(streams)), &packets.concat()].concat()
}

fn whole(bytes: &[u8]) -> Run {
    check_splits(&mut Aedat4::file(OnFault::Refuse), bytes)
}

fn good(bytes: &[u8]) -> Vec<Row> {
    let run = whole(bytes);
    assert_eq!(run.end, Ok(()));
    assert_eq!(run.sensor, Some((346, 260)));
    run.events
}

fn fault(offset: usize, kind: FileFault) -> Result<(), DecodeFault> {
    Err(DecodeFault { offset: offset as u64, kind: DecodeFaultKind::File(kind) })
}

/// The fault that refuses a file, and what is left of it otherwise.
fn refused_and_skipped(bytes: &[u8]) -> (Run, Run) {
    let refused = whole(bytes);
    let skipped = check_splits(&mut Aedat4::file(OnFault::Skip), bytes);
    assert_eq!(skipped.end, Ok(()));
    assert!(skipped.events.starts_with(&refused.events));
    (refused, skipped)
}

#[test]
fn samples_decode_to_their_digests() {
    for (name, sensor) in [
        ("all_same_timestamp_640x480", (640, 480)),
        ("davis346_events_frames_imu_triggers", (346, 260)),
        ("dvxplorer_lite_320x240", (320, 240)),
    ] {
        let path = format!("event-files/aedat4/{name}.aedat4");
        let (Some(bytes), Some(truth)) = (shared(&path), truth(&path)) else { continue };
        for (pieces, room) in [(&[][..], 1 << 16), (&[1], 4096), (&[65_536], 4096), (&[100, 3, 5000], 17)] {
            let run = run(&mut Aedat4::file(OnFault::Refuse), &bytes, pieces, room);
            assert_eq!((run.end, run.sensor), (Ok(()), Some(sensor)), "{name}");
            assert_eq!(digest(&run.events), truth, "{name}, pieces of {pieces:?}");
        }
        // The network stream has the same packets.
        let run = run(&mut Aedat4::stream(OnFault::Refuse), &network(&bytes), &[1000], 4096);
        assert_eq!((run.end, digest(&run.events)), (Ok(()), truth), "{name}");
    }
}

/// The same as a network stream: without the first line, without the table.
fn network(file: &[u8]) -> Vec<u8> {
    let mut bytes = file[MAGIC.len()..].to_vec();
    let size = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    let mut at = 4 + size;
    // The packets say where the table begins.
    while let Some(&[a, b, c, d]) = bytes.get(at + 4..at + 8).and_then(|size| size.first_chunk()) {
        let next = at + 8 + u32::from_le_bytes([a, b, c, d]) as usize;
        if next > bytes.len() {
            break;
        }
        at = next;
    }
    bytes.truncate(at);
    bytes
}

#[test]
fn two_streams_without_events_are_no_fault() {
    let Some(bytes) = shared("event-files/aedat4/two_empty_event_streams.aedat4") else { return };
    let mut decoder = Aedat4::file(OnFault::Refuse);
    let run = run(&mut decoder, &bytes, &[], 16);
    assert_eq!((run.events, run.end, run.sensor), (vec![], Ok(()), Some((100, 100))));
    let streams: Vec<_> = decoder.event_streams().collect();
    assert_eq!(streams, [(0, (100, 100)), (1, (100, 100))]);
}

#[test]
fn every_compression_gives_the_same_events() {
    let rows = rows(400);
    let plain = events(&rows);
    for (compression, body) in [
        (0, plain.clone()),
        (1, lz4(&plain, true, false, 65_536)),
        (1, lz4(&plain, true, false, 1000)),
        (2, lz4(&plain, false, false, 777)),
        (1, lz4(&plain, false, true, 1000)),
        (3, zstd(&plain, false, 1000)),
        (4, zstd(&plain, true, 131_072)),
        (3, ZSTD_3.to_vec()),
        (4, ZSTD_19.to_vec()),
    ] {
        assert_eq!(good(&file(compression, &[EVENTS], &[packet(0, &body)])), rows, "compression {compression}");
    }
    let blocks = file(3, &[EVENTS], &[packet(0, ZSTD_BLOCKS), packet(0, ZSTD_3), packet(0, ZSTD_BLOCKS)]);
    assert_eq!(good(&blocks), [steady(), rows, steady()].concat());
}

#[test]
fn a_window_may_be_large_unless_it_is_needed() {
    assert_eq!(good(&file(3, &[EVENTS], &[packet(0, ZSTD_128M)])), rows(400));
    // 64 events, 590,000 that are all 0, and the first 64 again, copied from 9.4 MB before.
    let bytes = file(4, &[EVENTS], &[packet(0, ZSTD_FAR), packet(0, ZSTD_3)]);
    let at = file(4, &[EVENTS], &[]).len();
    let refused = run(&mut Aedat4::file(OnFault::Refuse), &bytes, &[], 4096);
    assert_eq!(refused.end, fault(at, FileFault::Unsupported(Unsupported::Window)));
    assert_eq!(refused.events[..64], rows(64));
    let zeros = &refused.events[64..];
    assert!(zeros.len() > 50_000 && zeros.iter().all(|&row| row == (0, 0, 0, 0)));
    let skipped = run(&mut Aedat4::file(OnFault::Skip), &bytes, &[700], 999);
    assert_eq!(skipped.events, [&refused.events[..], &rows(400)].concat());
    assert_eq!(skipped.dropped, Dropped { records: 1, bytes: 8 + ZSTD_FAR.len() as u64 });
}

#[test]
fn packets_larger_than_all_buffers() {
    let (rows, less) = (rows(40_000), rows(9000));
    let (plain, less) = (events(&rows), events(&less));
    for (compression, body) in [
        (0, plain.clone()),
        (1, lz4(&plain, true, true, 65_536)),
        (1, lz4(&less, true, false, 65_536)),
        (3, zstd(&plain, false, 131_072)),
        (3, zstd(&plain, true, 131_072)),
    ] {
        let rows = if body.len() < less.len() { &rows[..9000] } else { &rows[..] };
        let bytes = file(compression, &[EVENTS], &[packet(0, &body), packet(0, &body)]);
        let run = run(&mut Aedat4::file(OnFault::Refuse), &bytes, &[10_000], 4096);
        assert_eq!(run.end, Ok(()));
        assert_eq!(run.events.len(), 2 * rows.len());
        assert!(run.events[..rows.len()] == rows[..] && run.events[rows.len()..] == rows[..]);
    }
}

#[test]
fn the_table_is_no_packet_and_may_be_missing() {
    let rows = rows(5);
    let packet = packet(0, &events(&rows));
    let len = MAGIC.len() + header(0, 0, &xml(&[EVENTS])).len() + packet.len();
    // What stands in the table looks like a packet of events here.
    for (table, expected) in [(len as i64, 5), (-1, 10), (0, 10), (len as i64 + packet.len() as i64, 10)] {
        let bytes = [MAGIC, &header(0, table, &xml(&[EVENTS])), &packet, &packet].concat();
        assert_eq!(good(&bytes).len(), expected, "table at {table}");
    }
    let bytes = [MAGIC, &header(0, len as i64 - 1, &xml(&[EVENTS])), &packet].concat();
    let (refused, skipped) = refused_and_skipped(&bytes);
    let size = packet.len() as u32 - 8;
    assert_eq!(refused.end, fault(len - packet.len(), FileFault::Length { found: size, most: size - 1 }));
    assert_eq!(skipped.dropped, Dropped { records: 1, bytes: packet.len() as u64 });
}

#[test]
fn the_stream_of_events_is_the_one_the_xml_says() {
    let (left, right) = (rows(9), rows(4));
    let streams = [(7, "FRME", 346, 260), (3, "IMUS", 0, 0), (12, "EVTS", 346, 260), (2, "EVTS", 640, 480)];
    let packets = [
        packet(7, &events(&right)),
        packet(12, &events(&left[..4])),
        packet(3, b"no flatbuffer at all"),
        packet(2, &events(&right)),
        packet(7, b""),
        packet(12, &events(&left[4..])),
        packet(12, &events(&[])),
    ];
    let bytes = file(0, &streams, &packets);
    assert_eq!(good(&bytes), left);
    let mut second = Aedat4::file(OnFault::Refuse).with_stream(2);
    let run = check_splits(&mut second, &bytes);
    assert_eq!((run.events, run.end, run.sensor), (right, Ok(()), Some((640, 480))));
    let none = check_splits(&mut Aedat4::file(OnFault::Refuse).with_stream(7), &bytes);
    assert_eq!(none.end, fault(14, FileFault::Unsupported(Unsupported::NoEvents)));
}

#[test]
fn the_network_stream_has_no_first_line() {
    let rows = rows(20);
    let bytes = [header(1, 40, &xml(&[EVENTS])), packet(0, &lz4(&events(&rows), true, false, 100))].concat();
    let run = check_splits(&mut Aedat4::stream(OnFault::Refuse), &bytes);
    assert_eq!((run.events, run.end), (rows, Ok(())));
    assert!(is_stream_head(&bytes) && !is_head(&bytes));
    let file = [MAGIC, &bytes].concat();
    assert!(is_head(&file) && !is_stream_head(&file) && !is_head(&file[..10]) && !is_stream_head(b"short"));
    assert_eq!((Format::from_code(11), Format::from_code(15)), (Some(Format::Aedat4), Some(Format::Dv)));
    let mut decoder = decoder(Format::Dv, OnFault::Refuse);
    assert_eq!(files::run(&mut *decoder, &bytes, &[5], 3).events.len(), 20);
}

#[test]
fn wrong_heads() {
    let first = [b"#!AER-DAT3.1\r\n", &[0; 40][..]].concat();
    let (refused, skipped) = refused_and_skipped(&first);
    assert_eq!(refused.end, fault(0, FileFault::Head(HeadPart::Magic)));
    assert_eq!(skipped.dropped, Dropped { records: 1, bytes: 54 });
    let long = [MAGIC, &(MAX_HEADER_BYTES + 1).to_le_bytes()].concat();
    let length = FileFault::Length { found: MAX_HEADER_BYTES + 1, most: MAX_HEADER_BYTES };
    assert_eq!(whole(&long).end, fault(14, length));
    assert_eq!(whole(&[MAGIC, &[0; 4]].concat()).end, fault(14, FileFault::Head(HeadPart::Content)));
    assert_eq!(whole(&file(9, &[EVENTS], &[])).end, fault(14, FileFault::Unsupported(Unsupported::Compression)));
    let frames = file(0, &[(0, "FRME", 1, 1)], &[]);
    assert_eq!(whole(&frames).end, fault(14, FileFault::Unsupported(Unsupported::NoEvents)));
    let many: Vec<_> = (0..300).map(|id| (id, "EVTS", 1, 1)).collect();
    assert_eq!(whole(&file(0, &many, &[])).end, fault(14, FileFault::Head(HeadPart::Content)));
    assert_eq!(whole(b"").end, Ok(()));
}

#[test]
fn lying_sizes_of_packets() {
    let rows = rows(3);
    let good = packet(0, &events(&rows));
    let at = file(0, &[EVENTS], &[]).len();
    // A negative size: nothing can be found after it.
    let mut negative = good.clone();
    negative[7] = 0x80;
    let (refused, skipped) = refused_and_skipped(&file(0, &[EVENTS], &[good.clone(), negative, good.clone()]));
    let size = good.len() as u32 - 8;
    let length = FileFault::Length { found: size | 1 << 31, most: i32::MAX as u32 };
    assert_eq!((refused.events, refused.end), (rows.clone(), fault(at + good.len(), length)));
    assert_eq!(skipped.dropped, Dropped { records: 1, bytes: 2 * good.len() as u64 });
    // A size beyond the end.
    let mut beyond = good.clone();
    beyond[4..8].copy_from_slice(&5000u32.to_le_bytes());
    let (refused, skipped) = refused_and_skipped(&file(0, &[EVENTS], &[beyond]));
    let kind = DecodeFaultKind::CutRecord { found: good.len() as u32, needed: 5008 };
    assert_eq!(refused.events, rows);
    assert_eq!(refused.end, Err(DecodeFault { offset: at as u64, kind }));
    assert_eq!(skipped.dropped, Dropped { records: 1, bytes: good.len() as u64 });
    // More events than the flatbuffer has bytes for, and than the packet has.
    let mut more = good.clone();
    let count = good.len() - 3 * 16 - 4;
    more[count] = 4;
    let (refused, skipped) = refused_and_skipped(&file(0, &[EVENTS], &[more.clone(), good.clone()]));
    assert_eq!(refused.end, fault(at, FileFault::Structure));
    assert_eq!((skipped.events, skipped.dropped.records), (rows.clone(), 1));
    more[8..12].copy_from_slice(&5000u32.to_le_bytes());
    let (refused, skipped) = refused_and_skipped(&file(0, &[EVENTS], &[more, good.clone()]));
    assert_eq!(refused.end, fault(at, FileFault::Missing { found: 3, needed: 4 }));
    assert_eq!(skipped.events.len(), 6);
    assert_eq!(skipped.dropped, Dropped { records: 1, bytes: good.len() as u64 });
    // No flatbuffer of events, nothing at all, and a stream that the head does not name.
    for (packet, kind) in [
        (packet(0, b"0123FRME01234567890123456789"), FileFault::Structure),
        (packet(0, b""), FileFault::Structure),
        (packet(4, b"something"), FileFault::Stream { found: 4 }),
    ] {
        let (refused, skipped) = refused_and_skipped(&file(0, &[EVENTS], &[packet.clone(), good.clone()]));
        assert_eq!(refused.end, fault(at, kind));
        assert_eq!(skipped.events, rows);
        assert_eq!(skipped.dropped, Dropped { records: 1, bytes: packet.len() as u64 });
    }
}

#[test]
fn damaged_compression_drops_the_packet_from_there_on() {
    let rows = rows(400);
    let plain = events(&rows);
    let frame = lz4(&plain, true, false, 1000);
    let at = file(1, &[EVENTS], &[]).len();
    // The size of the third block.
    let second = 7 + 4 + word(&frame[7..]);
    let third = second + 4 + word(&frame[second..]);
    let mut damaged = frame.clone();
    damaged[third..third + 4].copy_from_slice(&0x7FFF_FFFFu32.to_le_bytes());
    let bytes = file(1, &[EVENTS], &[packet(0, &damaged), packet(0, &frame)]);
    let (refused, skipped) = refused_and_skipped(&bytes);
    let whole = (2000 - (plain.len() - 400 * 16)) / 16;
    assert_eq!((refused.events, refused.end), (rows[..whole].to_vec(), fault(at, FileFault::Compressed)));
    assert_eq!(skipped.events, [&rows[..whole], &rows].concat());
    assert_eq!(skipped.dropped, Dropped { records: 1, bytes: 8 + frame.len() as u64 });
    // A frame of another kind, a dictionary, a reserved kind of block.
    let mut other = zstd(&plain, true, 1000);
    for (compression, body, kind) in [
        (1, other.clone(), FileFault::Compressed),
        (3, frame.clone(), FileFault::Compressed),
        (1, [&frame[..4], &[0x41], &frame[5..]].concat(), FileFault::Unsupported(Unsupported::Dictionary)),
        (3, [&other[..4], &[0xA1, 9], &other[5..]].concat(), FileFault::Unsupported(Unsupported::Dictionary)),
    ] {
        let (refused, skipped) =
            refused_and_skipped(&file(compression, &[EVENTS], &[packet(0, &body), packet(0, &body)]));
        assert_eq!(refused.end, fault(at, kind));
        assert_eq!(skipped.dropped, Dropped { records: 2, bytes: 2 * (8 + body.len() as u64) });
    }
    other[9] |= 6;
    assert_eq!(self::whole(&file(3, &[EVENTS], &[packet(0, &other)])).end, fault(at, FileFault::Compressed));
}

fn word(bytes: &[u8]) -> usize {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize
}

#[test]
fn events_that_cannot_be_are_dropped_alone() {
    let mut rows = rows(10);
    rows[2].0 = u64::MAX;
    rows[5].1 = 0x8000;
    rows[6].2 = 0xFFFF;
    let bytes = file(1, &[EVENTS], &[packet(0, &lz4(&events(&rows), true, false, 50))]);
    let at = file(1, &[EVENTS], &[]).len();
    let (refused, skipped) = refused_and_skipped(&bytes);
    assert_eq!(refused.end, fault(at, FileFault::Value { field: Field::T, index: 2 }));
    assert_eq!(refused.events, rows[..2]);
    let left: Vec<Row> =
        rows.iter().copied().filter(|row| row.0 < 1 << 60 && row.1 < 0x8000 && row.2 < 0x8000).collect();
    assert_eq!(skipped.events, left);
    assert_eq!(skipped.dropped, Dropped { records: 3, bytes: 48 });
    let text = refused.end.expect_err("it was refused").to_string();
    assert_eq!(text, format!("byte {at}: t of event 2 cannot be read; allowed: 0 to 2^53 - 1 us"));
}

#[test]
fn times_that_go_back_are_kept() {
    let rows = [(9, 1, 2, 1), (3, 4, 5, 0), (3, 4, 5, 0)];
    assert_eq!(good(&file(0, &[EVENTS], &[packet(0, &events(&rows))])), rows);
}

#[test]
fn a_file_cut_anywhere_says_where() {
    let rows = rows(30);
    for (compression, body) in
        [(0, events(&rows)), (1, lz4(&events(&rows), true, false, 100)), (3, zstd(&events(&rows), false, 100))]
    {
        let packets = [packet(0, &body), packet(5, b"frame"), packet(0, &body)];
        let bytes = file(compression, &[EVENTS, (5, "FRME", 1, 1)], &packets);
        let head = bytes.len() - packets.concat().len();
        let starts = [0, 14, head, head + packets[0].len(), head + packets[0].len() + packets[1].len(), bytes.len()];
        for len in 0..bytes.len() {
            let refused = run(&mut Aedat4::file(OnFault::Refuse), &bytes[..len], &[50], 16);
            let skipped = run(&mut Aedat4::file(OnFault::Skip), &bytes[..len], &[], 4096);
            assert_eq!((&refused.events, skipped.end), (&skipped.events, Ok(())));
            let at = starts.iter().rposition(|&start| start <= len).unwrap_or(0);
            // At the end of a packet nothing is cut; after the first line a head must come.
            if starts[at] == len && at != 1 {
                assert_eq!((refused.end, skipped.dropped), (Ok(()), Dropped::default()), "{len}");
                continue;
            }
            let found = (len - starts[at]) as u32;
            let fault = refused.end.expect_err("it is cut");
            assert_eq!(fault.offset, starts[at] as u64, "{len}");
            assert!(
                matches!(fault.kind, DecodeFaultKind::CutRecord { found: there, needed } if there == found && needed > found)
            );
            assert_eq!(skipped.dropped, Dropped { records: 1, bytes: found.into() }, "{len}");
        }
    }
}

#[test]
fn no_damage_makes_it_panic_and_every_split_agrees() {
    let rows = rows(40);
    let plain = events(&rows);
    let mut seeds: Vec<Vec<u8>> = [
        (0, plain.clone()),
        (1, lz4(&plain, true, false, 200)),
        (2, lz4(&plain, false, true, 200)),
        (3, zstd(&plain, false, 200)),
        (4, zstd(&plain, true, 131_072)),
        (3, ZSTD_3.to_vec()),
        (4, ZSTD_19.to_vec()),
        (3, ZSTD_BLOCKS.to_vec()),
    ]
    .iter()
    .map(|(compression, body)| {
        file(*compression, &[(1, "FRME", 9, 9), EVENTS], &[packet(0, body), packet(1, b"frame"), packet(0, body)])
    })
    .collect();
    // Most damage should hit packets: heads are long.
    let head = header(3, -1, &xml(&[EVENTS]));
    for body in [ZSTD_3, ZSTD_19, &lz4(&plain, true, false, 200)] {
        seeds.push([MAGIC, &head, &packet(0, body)].concat());
    }
    fuzz(&seeds, &mut |skip| Box::new(Aedat4::file(if skip { OnFault::Skip } else { OnFault::Refuse })));
    // And the packets alone, behind a head that is whole.
    let bodies = [ZSTD_3.to_vec(), ZSTD_19.to_vec(), ZSTD_BLOCKS.to_vec(), zstd(&plain, true, 100)];
    let mut start = |skip: bool| -> Box<dyn Decoder> {
        let mut decoder =
            Headed { inner: Aedat4::stream(if skip { OnFault::Skip } else { OnFault::Refuse }), compression: 3 };
        decoder.reset();
        Box::new(decoder)
    };
    fuzz(&bodies.map(|body| packet(0, &body)), &mut start);
    let bodies = [lz4(&plain, true, false, 200), lz4(&plain, false, false, 90), lz4(&plain, true, true, 99)];
    let mut start = |skip: bool| -> Box<dyn Decoder> {
        let mut decoder =
            Headed { inner: Aedat4::stream(if skip { OnFault::Skip } else { OnFault::Refuse }), compression: 1 };
        decoder.reset();
        Box::new(decoder)
    };
    fuzz(&bodies.map(|body| [packet(0, &body), packet(0, &body)].concat()), &mut start);
}

/// A stream whose head has been read already.
struct Headed {
    inner: Aedat4,
    compression: i32,
}

impl Decoder for Headed {
    fn feed(&mut self, bytes: &[u8], out: &mut stllr_events::Chunk) -> Result<usize, DecodeFault> {
        self.inner.feed(bytes, out)
    }

    fn finish(&mut self, out: &mut stllr_events::Chunk) -> Result<(), DecodeFault> {
        self.inner.finish(out)
    }

    fn dropped(&self) -> Dropped {
        self.inner.dropped()
    }

    fn reset(&mut self) {
        self.inner.reset();
        let head = header(self.compression, -1, &xml(&[EVENTS]));
        assert_eq!(self.inner.feed(&head, &mut stllr_events::Chunk::new(1)), Ok(head.len()));
    }
}
