//! NumPy arrays: every layout of events, columns of an npz, heads that are not read, and damage.

mod files;

use files::{Random, Row, Run, check_splits, fuzz, run};
use stllr_events::decode::npy::{Column, MAX_HEADER_BYTES, Npy, field_named, is_head};
use stllr_events::decode::text::{Options, Text, TimeUnit};
use stllr_events::{DecodeFault, DecodeFaultKind, Decoder, Dropped, Field, FileFault, HeadPart, OnFault, Unsupported};

const ROWS: [Row; 3] = [(1_663_249_605_734_020, 345, 259, 1), (1_663_249_605_734_020, 0, 7, 0), (12, 65_535, 1, 1)];

/// A file of the format's version 1 to 3, the head padded as NumPy does it.
fn file(version: u8, descr: &str, shape: &str, content: &[u8]) -> Vec<u8> {
    dictionary(version, &format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"), content)
}

fn dictionary(version: u8, text: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    let prefix = if version == 1 { 10 } else { 12 };
    let padding = (prefix + text.len() + 1).next_multiple_of(64) - prefix - text.len() - 1;
    let text = format!("{text}{}\n", " ".repeat(padding));
    if version == 1 {
        bytes.extend((text.len() as u16).to_le_bytes());
    } else {
        bytes.extend((text.len() as u32).to_le_bytes());
    }
    [bytes, text.into_bytes(), content.to_vec()].concat()
}

fn whole(bytes: &[u8]) -> Run {
    assert!(is_head(bytes));
    check_splits(&mut Npy::new(OnFault::Refuse), bytes)
}

fn good(bytes: &[u8]) -> Vec<Row> {
    let run = whole(bytes);
    assert_eq!((run.end, run.dropped), (Ok(()), Dropped::default()));
    run.events
}

fn fault(offset: usize, kind: FileFault) -> Result<(), DecodeFault> {
    Err(DecodeFault { offset: offset as u64, kind: DecodeFaultKind::File(kind) })
}

fn records(rows: &[Row], write: impl Fn(&Row) -> Vec<u8>) -> Vec<u8> {
    rows.iter().flat_map(write).collect()
}

/// Tonic's: x and y of 2 bytes, t of 8, p a bool.
fn tonic(rows: &[Row]) -> Vec<u8> {
    records(rows, |&(t, x, y, p)| [&x.to_le_bytes()[..], &y.to_le_bytes(), &t.to_le_bytes(), &[p]].concat())
}

const TONIC: &str = "[('x', '<u2'), ('y', '<u2'), ('t', '<i8'), ('p', '?')]";

#[test]
fn structured_arrays_in_any_order_and_type() {
    assert_eq!(good(&file(1, TONIC, "(3,)", &tonic(&ROWS))), ROWS);
    assert_eq!(good(&file(2, &TONIC.replace('\'', "\""), "(3L,)", &tonic(&ROWS))), ROWS);
    let big = records(&ROWS, |&(t, x, y, p)| {
        let sign = if p == 1 { 1i16 } else { -1 };
        [
            &t.to_be_bytes()[..],
            &[9, 9, 9],
            &sign.to_be_bytes(),
            &u32::from(y).to_be_bytes(),
            &i64::from(x).to_le_bytes(),
        ]
        .concat()
    });
    let descr = "[('timestamp', '>u8'), ('', '|V3'), ('polarity', '>i2'), (('row', 'y'), '>u4'), (u'x', '=i8')]";
    assert_eq!(good(&file(3, descr, "(3,)", &big)), ROWS);
    // Times as floats are seconds; 2^53 us need all bits of a double.
    let floats = records(&ROWS, |&(t, x, y, p)| {
        let seconds = t as f64 / 1e6;
        [
            &f32::from(x).to_le_bytes()[..],
            &seconds.to_le_bytes(),
            &f64::from(y).to_be_bytes(),
            &f32::from(p).to_be_bytes(),
        ]
        .concat()
    });
    let descr = "[('x', '<f4'), ('t', '<f8'), ('y', '>f8'), ('p', '>f4')]";
    assert_eq!(good(&file(1, descr, "(3,)", &floats)), ROWS);
    assert_eq!(good(&file(1, TONIC, "(0,)", b"")), []);
}

#[test]
fn plain_arrays_have_the_columns_x_y_t_p_or_those_asked_for() {
    let xytp = records(&ROWS, |&(t, x, y, p)| {
        [i64::from(x), i64::from(y), t as i64, i64::from(p)].iter().flat_map(|v| v.to_le_bytes()).collect()
    });
    assert_eq!(good(&file(1, "'<i8'", "(3, 4)", &xytp)), ROWS);
    let txyp = records(&ROWS, |&(t, x, y, p)| {
        let sign = if p == 1 { 1.0 } else { -1.0 };
        [t as f64, x.into(), y.into(), sign].iter().flat_map(|v| v.to_be_bytes()).collect()
    });
    let options = Options { columns: Some([0, 1, 2, 3]), unit: Some(TimeUnit::Microseconds) };
    let run = check_splits(&mut Npy::with_options(OnFault::Refuse, options), &file(1, "'>f8'", "(3, 4)", &txyp));
    assert_eq!((run.events, run.end), (ROWS.to_vec(), Ok(())));
    // As in MVSEC: seconds.
    let mvsec: Vec<u8> = [10.0, 20.0, 1.5, -1.0f64].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(good(&file(1, "'<f8'", "(1, 4)", &mvsec)), [(1_500_000, 10, 20, 0)]);
}

#[test]
fn heads_that_are_not_read() {
    let kind = FileFault::Unsupported(Unsupported::DataType);
    let shape = FileFault::Unsupported(Unsupported::Shape);
    let columns = FileFault::Head(HeadPart::Columns);
    for (descr, dimensions, expected) in [
        ("'|O'", "(3, 4)", kind),
        ("'<c8'", "(3, 4)", kind),
        ("'<U4'", "(3, 4)", kind),
        ("[('x', '<i2', (2,)), ('y', '<i2')]", "(3,)", kind),
        ("[('x', [('a', '<i2')]), ('y', '<i2')]", "(3,)", kind),
        ("[('x', '<i2'), ('', '|V1024')]", "(3,)", kind),
        ("[('x', '<i2'), ('y', '<i2'), ('t', '<i8')]", "(3,)", columns),
        ("[('x', '<i2'), ('xs', '<i2')]", "(3,)", columns),
        ("[]", "(3,)", columns),
        (TONIC, "(3, 1)", shape),
        (TONIC, "()", shape),
        ("'<i8'", "(3, 5)", shape),
        ("'<i8'", "(12,)", shape),
        ("'<i8'", "(3, 4, 1)", shape),
        ("'<i8'", "(3, 4", FileFault::Head(HeadPart::Content)),
        ("'<i8'", "(-3, 4)", FileFault::Head(HeadPart::Content)),
        ("'<i8", "(3, 4)", FileFault::Head(HeadPart::Content)),
        ("'<i8'", "(99999999999999999999, 4)", FileFault::Head(HeadPart::Content)),
    ] {
        let bytes = file(1, descr, dimensions, &[0; 96]);
        assert_eq!(whole(&bytes).end, fault(0, expected), "{descr} {dimensions}");
        let skipped = check_splits(&mut Npy::new(OnFault::Skip), &bytes);
        assert_eq!((skipped.end, skipped.events), (Ok(()), vec![]));
        assert_eq!(skipped.dropped, Dropped { records: 1, bytes: bytes.len() as u64 });
    }
    let fortran = dictionary(1, "{'descr': '<i8', 'fortran_order': True, 'shape': (3, 4), }", &[0; 96]);
    assert_eq!(whole(&fortran).end, fault(0, FileFault::Unsupported(Unsupported::Order)));
    let version = file(4, TONIC, "(3,)", b"");
    assert_eq!(whole(&version).end, fault(0, FileFault::Unsupported(Unsupported::Version)));
    let mut long = file(2, TONIC, "(3,)", b"");
    long[10] = 2;
    let length = u32::from_le_bytes([long[8], long[9], long[10], long[11]]);
    assert_eq!(whole(&long).end, fault(0, FileFault::Length { found: length, most: MAX_HEADER_BYTES }));
    let other = check_splits(&mut Npy::new(OnFault::Refuse), b"PK\x03\x04 a zip");
    assert_eq!(other.end, fault(0, FileFault::Head(HeadPart::Magic)));
}

#[test]
fn values_that_cannot_be_are_dropped_alone() {
    let mut rows = ROWS.to_vec();
    rows[1].0 = u64::MAX;
    let bytes = file(1, TONIC, "(3,)", &tonic(&rows));
    let at = bytes.len() - 26;
    let refused = whole(&bytes);
    assert_eq!(
        (refused.events, refused.end),
        (vec![ROWS[0]], fault(at, FileFault::Value { field: Field::T, index: 1 }))
    );
    let skipped = check_splits(&mut Npy::new(OnFault::Skip), &bytes);
    assert_eq!((skipped.end, skipped.events), (Ok(()), vec![ROWS[0], ROWS[2]]));
    assert_eq!(skipped.dropped, Dropped { records: 1, bytes: 13 });
    for (record, field) in [
        ([1.0, 2.0, f64::NAN, 1.0], Field::T),
        ([1.0, 2.0, -1e-6, 1.0], Field::T),
        ([1.0, 2.0, 1e10, 1.0], Field::T),
        ([1.5, 2.0, 1.0, 1.0], Field::X),
        ([1.0, -1.0, 1.0, 1.0], Field::Y),
        ([1.0, 65_536.0, 1.0, 1.0], Field::Y),
        ([1.0, 2.0, 1.0, 0.5], Field::P),
        ([1.0, 2.0, 1.0, 256.0], Field::P),
    ] {
        let content: Vec<u8> = record.iter().flat_map(|v: &f64| v.to_le_bytes()).collect();
        let bytes = file(1, "'<f8'", "(1, 4)", &content);
        assert_eq!(whole(&bytes).end, fault(bytes.len() - 32, FileFault::Value { field, index: 0 }), "{record:?}");
    }
}

#[test]
fn lengths_that_lie() {
    let content = tonic(&ROWS);
    for (shape, kind) in [
        ("(4,)", FileFault::Missing { found: 3, needed: 4 }),
        ("(18446744073709551615,)", FileFault::Missing { found: 3, needed: u32::MAX }),
        ("(2,)", FileFault::Trailing),
    ] {
        let bytes = file(1, TONIC, shape, &content);
        let refused = whole(&bytes);
        let trailing = if kind == FileFault::Trailing { 13 } else { 0 };
        assert_eq!(refused.end, fault(bytes.len() - trailing, kind));
        let skipped = check_splits(&mut Npy::new(OnFault::Skip), &bytes);
        assert_eq!((skipped.end, &skipped.events), (Ok(()), &refused.events));
        assert_eq!(skipped.dropped, Dropped { records: 1, bytes: trailing as u64 });
    }
}

#[test]
fn a_file_cut_anywhere_says_where() {
    let bytes = file(1, TONIC, "(3,)", &tonic(&ROWS));
    let head = bytes.len() - 39;
    for len in 1..bytes.len() {
        let refused = run(&mut Npy::new(OnFault::Refuse), &bytes[..len], &[9], 2);
        let skipped = run(&mut Npy::new(OnFault::Skip), &bytes[..len], &[], 9);
        assert_eq!((skipped.end, skipped.dropped.records, &skipped.events), (Ok(()), 1, &refused.events), "{len}");
        assert_eq!(refused.events, ROWS[..len.saturating_sub(head) / 13], "{len}");
        let start = match len {
            0..8 => 0,
            8..10 => 8,
            _ if len < head => 10,
            _ => head + (len - head) / 13 * 13,
        };
        let found = (len - start) as u32;
        let end = refused.end.expect_err("it is cut");
        assert_eq!((end.offset, skipped.dropped.bytes), (start as u64, found.into()), "{len}");
        let missing = FileFault::Missing { found: ((len - head.min(len)) / 13) as u32, needed: 3 };
        match end.kind {
            DecodeFaultKind::CutRecord { found: there, needed } => assert!(there == found && needed > found, "{len}"),
            kind => assert!(found == 0 && (kind == DecodeFaultKind::File(missing) || len < head), "{len}: {kind:?}"),
        }
    }
}

/// All values of a column, its fault and what it has dropped.
fn column(
    field: Field,
    bytes: &[u8],
    piece: usize,
    room: usize,
    on_fault: OnFault,
) -> (Vec<u64>, Option<DecodeFault>, u64) {
    let mut column = Column::new(field, None, on_fault);
    let (mut values, mut out) = (Vec::new(), vec![0; room]);
    for part in bytes.chunks(piece) {
        let mut part = part;
        while !part.is_empty() {
            match column.feed(part, &mut out) {
                Ok((consumed, written)) => {
                    assert!(consumed > 0, "no progress");
                    part = &part[consumed..];
                    values.extend(&out[..written]);
                }
                Err(fault) => {
                    assert_eq!(column.finish(), Err(fault), "a fault stays");
                    return (values, Some(fault), column.dropped().records);
                }
            }
        }
    }
    let end = column.finish();
    (values, end.err(), column.dropped().records)
}

#[test]
fn columns_that_skip_mark_what_is_missing() {
    let bytes = file(1, "'<f4'", "(5,)", &[1.5f32, 2.0, f32::NAN, -1.0].map(f32::to_le_bytes).concat());
    let (values, end, dropped) = column(Field::X, &bytes, 3, 2, OnFault::Skip);
    assert_eq!(values, [Column::MISSING, 2, Column::MISSING, Column::MISSING]);
    // The array ends before its fifth value.
    assert_eq!((end, dropped), (None, 1));
    assert_eq!(column(Field::T, &bytes, 100, 9, OnFault::Refuse).0, [1_500_000, 2_000_000]);
}

#[test]
fn damaged_columns_give_the_same_however_they_are_split() {
    let mut random = Random(11);
    let kinds = [("'<f8'", 8), ("'<f2'", 2), ("'>i4'", 4), ("'|u1'", 1), ("'<u2'", 2)];
    for round in 0..4000 {
        let (descr, size) = kinds[random.below(kinds.len())];
        let count = random.below(30);
        let content: Vec<u8> = (0..count * size).map(|_| random.next() as u8 & 0x3F).collect();
        let mut bytes = file(1, descr, &format!("({count},)"), &content);
        for _ in 0..random.below(4) {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes.truncate(at + 1),
                _ => bytes.insert(at, random.next() as u8),
            }
        }
        let field = [Field::T, Field::X, Field::Y, Field::P][random.below(4)];
        let [refused, left] = [OnFault::Refuse, OnFault::Skip].map(|on_fault| {
            let whole = column(field, &bytes, bytes.len(), 4096, on_fault);
            let split = column(field, &bytes, 1 + random.below(40), 1 + random.below(9), on_fault);
            assert_eq!(split, whole, "round {round}");
            whole
        });
        assert!(left.0.starts_with(&refused.0) && left.1.is_none());
        let is_marked = left.0.contains(&Column::MISSING);
        assert_eq!(refused.1.is_some(), left.2 > 0 || is_marked, "round {round}: a fault was not counted");
    }
}

#[test]
fn columns_of_an_npz() {
    let seconds: Vec<u8> = [0.5f64, 1.25].iter().flat_map(|v| v.to_le_bytes()).collect();
    let times = file(1, "'<f8'", "(2,)", &seconds);
    for piece in 1..times.len() {
        let mut column = Column::new(Field::T, None, OnFault::Refuse);
        let (mut values, mut out) = (Vec::new(), [0; 1]);
        for part in times.chunks(piece) {
            let mut part = part;
            while !part.is_empty() {
                let (consumed, written) = column.feed(part, &mut out).expect("it is sound");
                part = &part[consumed..];
                values.extend(&out[..written]);
            }
        }
        assert_eq!((values, column.count(), column.finish()), (vec![500_000, 1_250_000], Some(2), Ok(())));
    }
    let mut out = [0; 9];
    let mut forced = Column::new(Field::T, Some(TimeUnit::Microseconds), OnFault::Refuse);
    assert_eq!(forced.feed(&times, &mut out), Ok((times.len(), 2)));
    assert_eq!(out[..2], [1, 1]);
    let signs = file(1, "'|i1'", "(3,)", &[1, 0xFF, 0]);
    let mut column = Column::new(Field::P, None, OnFault::Refuse);
    assert_eq!(column.feed(&signs, &mut out), Ok((signs.len(), 3)));
    assert_eq!(out[..3], [1, 0, 0]);
    let mut column = Column::new(Field::X, None, OnFault::Refuse);
    let bad = fault(signs.len() - 2, FileFault::Value { field: Field::X, index: 1 }).map(|()| (0, 0));
    // What lies before the fault first, then the fault.
    assert_eq!(column.feed(&signs, &mut out), Ok((signs.len() - 1, 1)));
    assert_eq!((out[0], column.feed(&signs[signs.len() - 1..], &mut out)), (1, bad));
    assert_eq!((column.feed(&signs, &mut out), column.finish().map(|()| (0, 0))), (bad, bad));
    let mut column = Column::new(Field::X, None, OnFault::Refuse);
    let shape = fault(0, FileFault::Unsupported(Unsupported::Shape)).map(|()| (0, 0));
    assert_eq!(column.feed(&file(1, TONIC, "(3,)", &tonic(&ROWS)), &mut out), shape);
    assert_eq!(
        (field_named(b"xs"), field_named(b"timestamps"), field_named(b"label")),
        (Some(Field::X), Some(Field::T), None)
    );
}

/// The times of an array, `None` where one cannot be.
fn times(descr: &str, unit: Option<TimeUnit>, content: &[u8]) -> Option<u64> {
    let mut out = [0];
    let file = file(1, &format!("'{descr}'"), "(1,)", content);
    Column::new(Field::T, unit, OnFault::Refuse).feed(&file, &mut out).ok().map(|_| out[0])
}

#[test]
fn floats_round_to_the_nearest_us() {
    let mut random = Random(1);
    let mut values =
        vec![0.0f64, 1.0, 0.5, 1e-7, 5e-7, 0.003811, 1_663_249_605.734_021, 9e9, 1e-300, 5e-324, 2.5e-6, -0.0];
    values.extend((0..2000).map(|_| f64::from_bits(random.next() % (0x420 << 52))));
    for value in values {
        // The standard library prints every digit of a float; the decoder of text then counts digits only.
        let line = format!("{value:.1080} 1 1 1\n");
        let options = Options { unit: Some(TimeUnit::Seconds), columns: None };
        let text = run(&mut Text::with_options(OnFault::Refuse, options), line.as_bytes(), &[], 2);
        let expected = text.events.first().map(|row| row.0);
        assert!(expected.is_some() || value > 9e9, "{value:e}");
        assert_eq!(times("<f8", None, &value.to_le_bytes()), expected, "{value:e}");
        let single = value as f32;
        assert_eq!(times(">f4", None, &single.to_be_bytes()), times("<f8", None, &f64::from(single).to_le_bytes()));
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e19, f64::MAX, -1.0] {
        assert_eq!(times("<f8", None, &value.to_le_bytes()), None);
    }
    assert_eq!(times("<f2", None, &0x3C00u16.to_le_bytes()), Some(1_000_000));
    assert_eq!(times("<f2", None, &0x0001u16.to_le_bytes()), Some(0));
    assert_eq!(times(">f2", None, &0x1001u16.to_be_bytes()), Some(489));
    assert_eq!(times("<f2", None, &0x7C00u16.to_le_bytes()), None);
}

#[test]
fn whole_numbers_of_every_size_and_unit() {
    assert_eq!(times("|u1", None, &[0xFF]), Some(255));
    assert_eq!(times("|i1", None, &[0xFF]), None);
    assert_eq!(times(">i2", None, &[1, 2]), Some(0x102));
    assert_eq!(times("<u4", Some(TimeUnit::Seconds), &7u32.to_le_bytes()), Some(7_000_000));
    assert_eq!(times("<i8", Some(TimeUnit::Nanoseconds), &1499u64.to_le_bytes()), Some(1));
    assert_eq!(times("<i8", Some(TimeUnit::Nanoseconds), &1500u64.to_le_bytes()), Some(2));
    assert_eq!(times("<i8", Some(TimeUnit::Milliseconds), &i64::MAX.to_le_bytes()), None);
    assert_eq!(times("<i8", None, &((1u64 << 53) - 1).to_le_bytes()), Some((1 << 53) - 1));
    assert_eq!(times("<i8", None, &(1u64 << 53).to_le_bytes()), None);
    assert_eq!(times("<u8", None, &u64::MAX.to_le_bytes()), None);
}

#[test]
fn no_damage_makes_it_panic_and_every_split_agrees() {
    let rows: Vec<Row> = (0..20u16).map(|i| (u64::from(i) * 999, i, 300 - i, (i % 2) as u8)).collect();
    let floats = records(&rows, |&(t, x, y, p)| {
        [f64::from(x), y.into(), t as f64 / 1e6, p.into()].iter().flat_map(|v| v.to_le_bytes()).collect()
    });
    let seeds = [
        file(1, TONIC, "(20,)", &tonic(&rows)),
        file(2, &TONIC.replace('<', ">"), "(20,)", &tonic(&rows)),
        file(1, "'<f8'", "(20, 4)", &floats),
        file(3, "'<f2'", "(80, 4)", &floats),
    ];
    fuzz(&seeds, &mut |skip| -> Box<dyn Decoder> {
        Box::new(Npy::new(if skip { OnFault::Skip } else { OnFault::Refuse }))
    });
}
