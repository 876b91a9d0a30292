//! SPIF words.

use crate::common::{events, fault, skipped};
use stllr_events::Format;

fn file(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn a_time_follows_where_bit_31_is_clear() {
    let words = [1 << 31 | 1 << 16 | 2, 0x7FFF << 16 | 1 << 15 | 0x7FFF, 55, 1 << 31 | 3 << 16 | 4, 0, u32::MAX, 0, 1];
    let last = u64::from(u32::MAX);
    let expected = [(0, 1, 2, 0), (55, 32767, 32767, 1), (55, 3, 4, 0), (last, 0, 0, 0), (last + 2, 0, 0, 0)];
    assert_eq!(events(&file(&words), Format::Spif), expected);
}

#[test]
fn a_cut_record_is_as_long_as_its_first_word_says() {
    let said = |bytes: &[u8]| fault(bytes, Format::Spif);
    assert_eq!(said(&[0; 3]), "byte 0: the last record is cut, it has 3 bytes; allowed: 4");
    assert_eq!(said(&[0; 4]), "byte 0: the last record is cut, it has 4 bytes; allowed: 8");
    assert_eq!(skipped(&file(&[1 << 31, 7]), Format::Spif), (vec![(0, 0, 0, 0)], 1, 4));
}
