//! `.bs1` and `.bs3`.

use crate::common::{events, fault, skipped};
use stllr_events::Format;

#[test]
fn bs1_holds_a_neuron_and_a_time_of_23_bits() {
    let bytes = [0x12, 0x34, 0x80, 0x02, 0x8E, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0, 7, 0, 0, 1];
    let rows = [(654, 0x1234, 0, 1), (8_388_607, 0xFFFF, 0, 0), (1, 7, 0, 0)];
    assert_eq!(events(&bytes, Format::Bs1), rows);
}

#[test]
fn bs3_holds_12_bits_of_x_and_y_a_channel_and_a_time_of_24_bits() {
    let bytes = [0xAB, 0xCD, 0xEF, 200, 0xFF, 0xFF, 0xFF, 0x03, 0x10, 0x52, 1, 0, 0, 0x1C];
    assert_eq!(events(&bytes, Format::Bs3), [(0xFF_FFFF, 0xABC, 0xDEF, 200), (28, 49, 82, 1)]);
}

#[test]
fn a_cut_record_is_said_or_dropped() {
    assert_eq!(fault(&[0; 8], Format::Bs1), "byte 5: the last record is cut, it has 3 bytes; allowed: 5");
    assert_eq!(fault(&[0; 8], Format::Bs3), "byte 7: the last record is cut, it has 1 bytes; allowed: 7");
    assert_eq!(skipped(&[0; 8], Format::Bs3), (vec![(0, 0, 0, 0)], 1, 1));
}
