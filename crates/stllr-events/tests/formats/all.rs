//! What holds for every format.

use crate::common::random::Random;
use crate::common::{CASES, check, digest, digest_of, file_name, number_of, recordings, run, samples, sha256};
use proptest::prelude::*;
use stllr_events::{Detected, Dropped, Format, OnFault, detect};

#[test]
fn the_digest_is_sha_256() {
    assert_eq!(sha256::hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(sha256::hex(&[b'a'; 119]), "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb");
}

/// `640x480` in a name.
fn size_in(name: &str) -> Option<(u32, u32)> {
    name.split(['_', '.']).find_map(|part| {
        let (width, height) = part.split_once('x')?;
        Some((width.parse().ok()?, height.parse().ok()?))
    })
}

#[test]
fn every_recording_gives_the_digest_of_its_truth() {
    let Some(folder) = recordings("every_recording_gives_the_digest_of_its_truth") else { return };
    let mut count = 0;
    for case in &CASES {
        for (path, truth) in samples(&folder, case) {
            let (name, bytes) = (file_name(&path), std::fs::read(&path).expect("a file"));
            let whole = run(&bytes, &[], 1 << 12, case.format, OnFault::Skip);
            assert_eq!(whole.events.len() as u64, number_of(&truth, "count"), "{name}");
            assert_eq!(digest(&whole.events), digest_of(&truth), "{name}");
            let trailing = number_of(&truth, "trailing_bytes");
            assert_eq!(whole.dropped, Dropped { records: trailing.min(1), bytes: trailing }, "{name}");
            let has_fault = run(&bytes, &[], 1 << 12, case.format, OnFault::Refuse).end.is_err();
            assert_eq!(has_fault, trailing > 0, "{name}");
            if let Some(size) = size_in(&name) {
                assert_eq!(whole.sensor, Some(size), "{name}");
            }
            let single: Vec<usize> = (0..bytes.len().min(5000)).collect();
            assert_eq!(run(&bytes, &single, 1000, case.format, OnFault::Skip), whole, "{name}, byte by byte");
            let mut random = Random(bytes.len() as u64);
            let cuts: Vec<usize> = (0..200).map(|_| random.next() as usize).collect();
            assert_eq!(run(&bytes, &cuts, 777, case.format, OnFault::Skip), whole, "{name}, split");
            // Only times that rise give away a format without a mark.
            let is_ordered = case.has_mark || truth.contains("\"monotonic\":true");
            let expected = Detected { format: case.format, is_certain: case.has_mark };
            assert_eq!(detect(&bytes), is_ordered.then_some(expected), "{name}");
            count += 1;
        }
    }
    assert_eq!(count, 15, "recordings with a digest");
}

#[test]
fn a_file_cut_anywhere_gives_what_was_whole_before() {
    for case in &CASES {
        let mut random = Random(7);
        for _ in 0..4 {
            let bytes = (case.seed)(&mut random);
            let whole = run(&bytes, &[], 4096, case.format, OnFault::Refuse);
            for cut in 0..bytes.len() {
                let refused = run(&bytes[..cut], &[], 4096, case.format, OnFault::Refuse);
                assert!(whole.events.starts_with(&refused.events), "{:?} cut at {cut}", case.format);
                let left = run(&bytes[..cut], &[], 4096, case.format, OnFault::Skip);
                assert_eq!((&left.events, left.end), (&refused.events, Ok(())), "{:?} cut at {cut}", case.format);
                let records = u64::from(refused.end.is_err());
                assert_eq!(left.dropped.records, records, "{:?} cut at {cut}", case.format);
                if let Err(fault) = refused.end {
                    // What is dropped is what lies behind the fault.
                    assert_eq!(fault.offset + left.dropped.bytes, cut as u64, "{:?} cut at {cut}", case.format);
                }
            }
        }
    }
}

#[test]
fn a_reset_decoder_begins_anew() {
    for case in &CASES {
        let mut random = Random(3);
        let [first, second] = [(case.seed)(&mut random), (case.seed)(&mut random)];
        let mut decoder = stllr_events::decoder(case.format, OnFault::Skip);
        let mut out = stllr_events::Chunk::new(4096);
        assert_eq!(decoder.feed(&first[..first.len() - 1], &mut out), Ok(first.len() - 1));
        decoder.reset();
        assert_eq!((decoder.sensor(), decoder.dropped()), (None, Dropped::default()));
        out.clear();
        assert_eq!(decoder.feed(&second, &mut out), Ok(second.len()));
        let whole = run(&second, &[], 4096, case.format, OnFault::Skip);
        assert_eq!((out.len(), decoder.sensor()), (whole.events.len(), whole.sensor), "{:?}", case.format);
        assert!(whole.events.iter().map(|event| event.0).eq(out.t_us().iter().copied()), "{:?}", case.format);
    }
}

#[test]
fn an_empty_stream_is_empty_or_lacks_its_header() {
    for case in &CASES {
        let found = run(&[], &[], 1, case.format, OnFault::Refuse);
        let needs_header = matches!(case.format, Format::Aedat2 | Format::Aedat3 | Format::Es);
        let said = found.end.map_err(|fault| fault.to_string());
        let cut = "byte 0: the header is cut, it has 0 bytes; allowed: a whole header";
        assert_eq!(said, if needs_header { Err(cut.to_string()) } else { Ok(()) }, "{:?}", case.format);
        assert_eq!(run(&[], &[], 1, case.format, OnFault::Skip).end, Ok(()));
    }
}

#[test]
fn numbers_of_formats_stand_for_them() {
    for case in &CASES {
        assert_eq!(Format::from_code(case.format as u8), Some(case.format));
    }
    assert_eq!(Format::from_code(255), None);
}

#[test]
fn a_header_without_an_end_is_refused_and_never_held() {
    let formats = [
        (Format::Aedat2, "#!AER-DAT2.0\r\n#"),
        (Format::Aedat3, "#!AER-DAT3.1\r\n#"),
        (Format::Dat, "% Version 2\n% "),
        (Format::Evt3, "% evt 3.0\n% "),
    ];
    for (format, begin) in formats {
        let mut line = begin.as_bytes().to_vec();
        line.resize(70_000, b'a');
        let offset = begin.find('\n').expect("a line") + 1;
        let found = run(&line, &[30_000], 4, format, OnFault::Refuse).end.expect_err("a long line");
        let said = format!("byte {offset}: a length of 4294967295 bytes; allowed: 0 to 65536");
        assert_eq!(found.to_string(), said, "{format:?}");
        check(&line, &[1, 20, 40_000, 65_550], 4, format);

        let mut header = begin.as_bytes().to_vec();
        while header.len() < 5 << 20 {
            header.extend([b'a'; 60_000]);
            header.extend(format!("\n{}", begin.trim_start().split('\n').next_back().expect("a mark")).bytes());
        }
        let found = run(&header, &[12_345], 4, format, OnFault::Refuse).end.expect_err("a long header");
        assert!(found.to_string().ends_with("allowed: 0 to 4194304"), "{format:?}: {found}");
        assert_eq!(run(&header, &[99], 4, format, OnFault::Skip).dropped.bytes, header.len() as u64 - found.offset);
    }
}

proptest! {
    #[test]
    fn any_split_gives_what_the_whole_gives(
        seed in any::<u64>(), cuts in prop::collection::vec(any::<usize>(), 0..20), room in 1usize..60,
        case in 0..CASES.len(),
    ) {
        let case = &CASES[case];
        check(&(case.seed)(&mut Random(seed)), &cuts, room, case.format);
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400), cuts in prop::collection::vec(any::<usize>(), 0..8),
        seed in any::<u64>(), case in 0..CASES.len(),
    ) {
        let case = &CASES[case];
        check(&bytes, &cuts, 3, case.format);
        // The same behind a sound file's header.
        let mut file = (case.seed)(&mut Random(seed));
        file.truncate(file.len() * 2 / 3);
        file.extend(&bytes);
        check(&file, &cuts, 3, case.format);
        detect(&file);
        detect(&bytes);
    }
}
