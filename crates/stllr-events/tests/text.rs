//! Text: the sample to its digest, every way of writing lines, and damage.

mod files;

use files::{Row, Run, check_splits, digest, fuzz, run, shared, truth};
use stllr_events::decode::text::{MAX_LINE, Options, Text, TimeUnit, is_head};
use stllr_events::{DecodeFault, DecodeFaultKind, Dropped, Field, FileFault, HeadPart, OnFault};

fn whole(text: &str) -> Run {
    check_splits(&mut Text::new(OnFault::Refuse), text.as_bytes())
}

fn good(text: &str) -> Vec<Row> {
    let run = whole(text);
    assert_eq!((run.end, run.dropped), (Ok(()), Dropped::default()), "{text}");
    run.events
}

fn fault(offset: u64, kind: FileFault) -> Result<(), DecodeFault> {
    Err(DecodeFault { offset, kind: DecodeFaultKind::File(kind) })
}

#[test]
fn the_sample_decodes_to_its_digest() {
    let path = "flow-slider-depth/events_chunk.txt";
    let (Some(bytes), Some(truth)) = (shared(path), truth(path)) else { return };
    assert!(is_head(&bytes[..4096]));
    for (pieces, room) in [(&[][..], 1 << 16), (&[1], 4096), (&[65_536], 4096), (&[100, 3, 5000], 17)] {
        let run = run(&mut Text::new(OnFault::Refuse), &bytes, pieces, room);
        assert_eq!((run.end, digest(&run.events)), (Ok(()), truth.clone()), "pieces of {pieces:?}");
    }
}

#[test]
fn every_way_of_writing_the_same_two_events() {
    let rows = [(3811, 96, 133, 0), (3820, 127, 171, 1)];
    for text in [
        "0.003811000 96 133 0\n0.003820001 127 171 1\n",
        "3811 96 133 0\n3820 127 171 1",
        "3811,96,133,0\r\n3820,127,171,1\r\n",
        "3811;96;133;-1\n3820;127;171;1\n",
        "3811\t96\t133\tfalse\n3820  127 \t171 True\n\n",
        "  3811 , 96,133 ,0,7\n3820,127,171,1 , more\n",
        "t,x,y,p\n3811,96,133,0\n3820,127,171,1\n",
        "x,y,polarity,timestamp\n96,133,0,3811\n127,171,1,3820\n",
        "\u{FEFF}\"p\",\"y\",\"x\",\"t_s\"\n0,133,96,3811e-6\n1,171,127,0.00382\n",
        "x y p t[ms]\n96 133 0 3.811\n127 171 1 3.82\n",
        "id,time (ns),x,y,pol\n1,3811000,96,133,0\n2,3820001,127,171,1\n",
        "Timestamp_us X Y P\n3811.0 96 133 0\n3820.4 127 171 1\n",
        "% a comment, 1, 2\n# t x y p\n3811 96 133 0\n# between\n3820 127 171 1\n",
        "# y x t p\n133 96 3811 0\n171 127 3820 1\n",
        "3.811000000000000000e-03 9.600000000000000000e+01 1.330000000000000000e+02 0.000000000000000000e+00\n\
         3.820001000000000000e-03 1.270000000000000000e+02 1.710000000000000000e+02 1.000000000000000000e+00\n",
    ] {
        assert_eq!(good(text), rows, "{text}");
        assert!(is_head(text.as_bytes()), "{text}");
    }
}

#[test]
fn a_first_line_of_two_numbers_is_the_sensor() {
    let run = whole("240 180\n0.5 1 2 1\n1.5 3 4 0\n");
    assert_eq!((run.sensor, run.end), (Some((240, 180)), Ok(())));
    assert_eq!(run.events, [(500_000, 1, 2, 1), (1_500_000, 3, 4, 0)]);
}

#[test]
fn the_first_event_decides_the_unit_unless_it_is_said() {
    assert_eq!(good("1.0 1 1 0\n2 1 1 0\n"), [(1_000_000, 1, 1, 0), (2_000_000, 1, 1, 0)]);
    assert_eq!(good("1 1 1 0\n2.5 1 1 0\n"), [(1, 1, 1, 0), (3, 1, 1, 0)]);
    for (unit, expected) in [
        (TimeUnit::Seconds, 2_000_000),
        (TimeUnit::Milliseconds, 2000),
        (TimeUnit::Microseconds, 2),
        (TimeUnit::Nanoseconds, 0),
    ] {
        let options = Options { unit: Some(unit), ..Options::default() };
        let run = check_splits(&mut Text::with_options(OnFault::Refuse, options), b"t_us x y p\n2.0 1 1 0\n");
        assert_eq!((run.events, run.end), (vec![(expected, 1, 1, 0)], Ok(())));
    }
}

#[test]
fn columns_can_be_forced() {
    let options = Options { columns: Some([3, 0, 1, 2]), unit: None };
    for text in ["9 8 1 77\n", "a,b,c,d\n9,8,1,77\n", "t,x,y,p\n9,8,1,77\n"] {
        let run = check_splits(&mut Text::with_options(OnFault::Refuse, options), text.as_bytes());
        assert_eq!((run.events, run.end), (vec![(77, 9, 8, 1)], Ok(())), "{text}");
    }
}

#[test]
fn wrong_lines_say_where_and_can_be_dropped() {
    let most = (1u64 << 53) - 1;
    assert_eq!(good(&format!("{most} 65535 0 1\n")), [(most, 65_535, 0, 1)]);
    for (line, kind) in [
        ("5 1 2", FileFault::Columns { found: 3, needed: 4 }),
        ("-5 1 2 1", FileFault::Value { field: Field::T, index: 0 }),
        ("9007199254740992 1 2 1", FileFault::Value { field: Field::T, index: 0 }),
        ("nan 1 2 1", FileFault::Value { field: Field::T, index: 0 }),
        ("5 65536 2 1", FileFault::Value { field: Field::X, index: 0 }),
        ("5 1.5 2 1", FileFault::Value { field: Field::X, index: 0 }),
        ("5 1 -2 1", FileFault::Value { field: Field::Y, index: 0 }),
        ("5 1 2 256", FileFault::Value { field: Field::P, index: 0 }),
        ("5 1 2 yes", FileFault::Value { field: Field::P, index: 0 }),
        ("5,,2,1", FileFault::Value { field: Field::X, index: 0 }),
    ] {
        for end in ["\n", "\n6 1 2 1\n", ""] {
            let text = format!("4 1 2 0\n{line}{end}");
            let refused = whole(&text);
            assert_eq!((refused.events, refused.end), (vec![(4, 1, 2, 0)], fault(8, kind)), "{text}");
            let skipped = check_splits(&mut Text::new(OnFault::Skip), text.as_bytes());
            let bytes = (line.len() + end.len().min(1)) as u64;
            assert_eq!((skipped.end, skipped.dropped), (Ok(()), Dropped { records: 1, bytes }), "{text}");
            assert_eq!(skipped.events.len(), if end.len() > 1 { 2 } else { 1 }, "{text}");
        }
    }
    for names in ["t,x,y,q\n", "t,x,y,p,t\n", "class,startTime_usec,endTime_usec\n"] {
        assert_eq!(whole(names).end, fault(0, FileFault::Head(HeadPart::Columns)));
        assert!(!is_head(names.as_bytes()));
    }
    let error = whole("1 2 3\n").end.expect_err("a value is missing").to_string();
    assert_eq!(error, "byte 0: a line with 3 values; allowed: at least 4");
}

#[test]
fn a_line_that_is_too_long_is_never_held() {
    let longest = format!("1 2 3 1{}", " ".repeat(MAX_LINE - 7));
    assert_eq!(good(&format!("{longest}\n{longest}")), [(1, 2, 3, 1); 2]);
    let text = format!("{longest} \n4 5 6 0\n{longest}{longest}");
    let length = FileFault::Length { found: MAX_LINE as u32 + 1, most: MAX_LINE as u32 };
    assert_eq!(whole(&text).end, fault(0, length));
    let skipped = check_splits(&mut Text::new(OnFault::Skip), text.as_bytes());
    assert_eq!(skipped.events, [(4, 5, 6, 0)]);
    assert_eq!(skipped.dropped, Dropped { records: 2, bytes: 3 * MAX_LINE as u64 + 2 });
}

#[test]
fn heads_of_other_formats_are_no_text() {
    for head in [
        &b"#!AER-DAT4.0\r\n\xC4\x05\0\0"[..],
        b"#!AER-DAT2.0\r\n# comment\r\n\x01\x02\x03\x04\x05\x06",
        b"% Data file\n% Version 2\n\x0C\x08\x01\x02\x03\x04",
        b"% evt 3.0\n% format EVT3\n% end\n\x8A\x9B 1 2",
        b"\x93NUMPY\x01\0v\0{'descr': '<i8'}\n",
        b"Event Stream\x02\0\0",
        b"",
        b"\n\n# only a comment\n",
        b"hello world\n",
        b"1 2 x\n",
    ] {
        assert!(!is_head(head), "{:?}", String::from_utf8_lossy(head));
    }
}

#[test]
fn a_file_cut_anywhere_keeps_its_whole_lines() {
    let text = b"t,x,y,p\n100,11,12,1\n250,21,22,0\n375,31,32,1\n";
    for len in 0..=text.len() {
        let run = check_splits(&mut Text::new(OnFault::Skip), &text[..len]);
        let whole = text[..len].iter().filter(|&&byte| byte == b'\n').count().saturating_sub(1);
        let rows = [(100, 11, 12, 1), (250, 21, 22, 0), (375, 31, 32, 1)];
        assert!(run.events.starts_with(&rows[..whole]) && run.events.len() <= whole + 1, "{len}");
        assert!(run.dropped.records <= 1 && run.end == Ok(()), "{len}");
    }
}

#[test]
fn no_damage_makes_it_panic_and_every_split_agrees() {
    let lines: String =
        (0..40).map(|i| format!("{}.{:06},{},{},{}\n", i / 9, i * 25_000, i * 7, i * 3, i % 2)).collect();
    let seeds = [
        format!("timestamp[s],x,y,polarity\r\n{lines}"),
        lines.replace(',', " "),
        format!("% width 240\n240 180\n# p y x t_us\n{}", lines.replace(',', ";")),
        format!("1 2 3 1{}\n{lines}", " ".repeat(MAX_LINE - 9)),
    ];
    fuzz(&seeds.map(String::into_bytes), &mut |skip| {
        Box::new(Text::new(if skip { OnFault::Skip } else { OnFault::Refuse }))
    });
}
