//! AEDAT 2.0.

use crate::common::{Row, events, fault, run, skipped};
use stllr_events::{Format, OnFault};

fn file(header: &str, records: &[(u32, u32)]) -> Vec<u8> {
    let mut file = format!("#!AER-DAT2.0\r\n{header}").into_bytes();
    file.extend(records.iter().flat_map(|(address, t)| [address.to_be_bytes(), t.to_be_bytes()]).flatten());
    file
}

fn rows(header: &str, records: &[(u32, u32)]) -> Vec<Row> {
    events(&file(header, records), Format::Aedat2)
}

const DAVIS: &str = "# AEChip: eu.seebetter.ini.chips.davis.DAVIS240C\r\n";

#[test]
fn a_dvs128_has_polarity_x_and_y_in_15_bits() {
    // Without a chip, and with one: x 1, y 2, on; the greatest; synchronisation.
    let records = [(2 << 8 | 1 << 1 | 1, 5), (0x7FFE, 6), (0x8000, 7), (0xFFFF_0000, 8)];
    let expected = [(5, 1, 2, 1), (6, 127, 127, 0), (8, 0, 0, 0)];
    assert_eq!(rows("", &records), expected);
    assert_eq!(rows("# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n", &records), expected);
}

#[test]
fn a_davis_has_them_in_its_upper_bits_and_other_records_among_them() {
    let records = [
        (179 << 22 | 239 << 12 | 1 << 11, 5),
        (1 << 31 | 3 << 22, 6),
        (1 << 10 | 3 << 22, 7),
        (511 << 22 | 1023 << 12, 8),
    ];
    assert_eq!(rows(DAVIS, &records), [(5, 239, 179, 1), (8, 1023, 511, 0)]);
}

#[test]
fn the_sensor_is_that_of_the_chip() {
    let sensor = |header| run(&file(header, &[(0, 0)]), &[], 9, Format::Aedat2, OnFault::Refuse).sensor;
    assert_eq!(sensor(""), Some((128, 128)));
    assert_eq!(sensor(DAVIS), Some((240, 180)));
    assert_eq!(sensor("# AEChip: eu.seebetter.ini.chips.davis.DavisFoo\r\n"), None);
}

#[test]
fn a_first_byte_like_a_header_line_needs_the_end_mark() {
    // y 140 of a DAVIS: its first byte is '#'.
    let record = [(140 << 22, 9)];
    assert_eq!(file("", &record)[14], b'#');
    assert_eq!(rows(&format!("{DAVIS}#End Of ASCII Header\r\n"), &record), [(9, 0, 140, 0)]);
}

#[test]
fn the_clock_runs_over_and_small_steps_back_are_kept() {
    let times = [0xFFFF_FFF0, 0xFFFF_FFE0, 3, 0xFFFF_FFFF, 5, 0x7000_0000, 0xE000_0000, 1];
    let records = times.map(|t| (0, t));
    let turn = 1 << 32;
    let expected = [
        0xFFFF_FFF0,
        0xFFFF_FFE0,
        turn + 3,
        0xFFFF_FFFF,
        turn + 5,
        turn + 0x7000_0000,
        turn + 0xE000_0000,
        2 * turn + 1,
    ];
    let found: Vec<u64> = rows("", &records).iter().map(|row| row.0).collect();
    assert_eq!(found, expected);
    // A first jump of more than half a turn is no step back: there is nothing before the begin.
    assert_eq!(rows("", &[(0, 5), (0, 3_000_000_000)])[1].0, 3_000_000_000);
}

#[test]
fn faults_of_the_header_and_of_the_end() {
    let said = |bytes: &[u8]| fault(bytes, Format::Aedat2);
    assert_eq!(said(b"!AER-DAT2.0\r\n"), "byte 0: not the mark of the format, but bytes 21; allowed: 23");
    let other = "byte 0: not the mark of the format, but bytes 666F6F00; allowed: 21414552";
    assert_eq!(said(b"#foo\r\n"), other);
    assert_eq!(said(b"#!AER-DAT3.1\r\n#x\r\n"), "byte 0: version 3.1; allowed: 2.0");
    assert_eq!(said(b"#!AER-DAT2.0\r\n# cut"), "byte 0: the header is cut, it has 19 bytes; allowed: a whole header");
    let cochlea = "# AEChip: ch.unizh.ini.jaer.chip.cochlea.CochleaAMS1c\r\n";
    let chip = "byte 14: a sensor that is not known; allowed: DVS128 and the DAVIS family";
    assert_eq!(said(&file(cochlea, &[(0, 0)])), chip);
    let mut cut = file("", &[(0, 1)]);
    cut.extend([0; 3]);
    assert_eq!(said(&cut), "byte 22: the last record is cut, it has 3 bytes; allowed: 8");
    assert_eq!(skipped(&cut, Format::Aedat2), (vec![(1, 0, 0, 0)], 1, 3));
}

#[test]
fn a_wrong_header_leaves_nothing_to_read() {
    let bytes = file("# AEChip: x\r\n", &[(0, 1), (0, 2)]);
    assert_eq!(skipped(&bytes, Format::Aedat2), (vec![], 1, bytes.len() as u64 - 14));
}
