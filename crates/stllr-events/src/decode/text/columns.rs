//! What stands in a line: comments, names of columns, values.

use super::TimeUnit;
use crate::decode::decimal::Decimal;
use crate::decode::file_fault::Field;

/// The line without the marks of a comment.
pub fn uncommented(line: &[u8]) -> &[u8] {
    let marks = line.iter().take_while(|byte| is_mark(**byte) || byte.is_ascii_whitespace()).count();
    &line[marks..]
}

fn is_mark(byte: u8) -> bool {
    matches!(byte, b'#' | b'%')
}

pub fn is_comment(line: &[u8]) -> bool {
    line.first().is_some_and(|&byte| is_mark(byte))
}

/// Whether a line begins with a name, not with a number.
pub fn is_name(line: &[u8]) -> bool {
    line.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'"' | b'\'' | b'_'))
}

pub fn needed(columns: [u8; 4]) -> u32 {
    columns.iter().fold(0, |most, &column| most.max(u32::from(column) + 1))
}

/// The values of a line: between commas and semicolons if it has any, else between blanks and tabs.
pub fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = line.trim_ascii();
    let mut open = !rest.is_empty();
    let commas = rest.iter().any(|byte| matches!(byte, b',' | b';'));
    let between = move |byte: &u8| if commas { matches!(byte, b',' | b';') } else { matches!(byte, b' ' | b'\t') };
    core::iter::from_fn(move || {
        if !open {
            return None;
        }
        let Some(end) = rest.iter().position(between) else {
            open = false;
            return Some(rest);
        };
        let field = rest[..end].trim_ascii_end();
        rest = rest[end + 1..].trim_ascii_start();
        Some(field)
    })
}

/// A line of two whole numbers: width and height.
pub fn sensor_size(line: &[u8]) -> Option<(u32, u32)> {
    let mut numbers = fields(line).map(|text| core::str::from_utf8(text).ok()?.parse::<u32>().ok());
    let size = (numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(size)
}

pub fn pixel(text: &[u8]) -> Option<u16> {
    // Nearly all pixels are a few digits.
    if text.len() <= 4 && !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
        return Some(text.iter().fold(0, |value, &byte| value * 10 + u16::from(byte - b'0')));
    }
    let number = Decimal::read(text)?;
    let (value, exact) = number.scaled(0)?;
    if !exact || (number.negative && value > 0) {
        return None;
    }
    u16::try_from(value).ok()
}

/// A polarity, of which -1 is the same as 0, or a channel.
pub fn polarity(text: &[u8]) -> Option<u8> {
    match text {
        b"0" => Some(0),
        b"1" => Some(1),
        _ if text.eq_ignore_ascii_case(b"true") => Some(1),
        _ if text.eq_ignore_ascii_case(b"false") => Some(0),
        _ => {
            let number = Decimal::read(text)?;
            match number.scaled(0)? {
                (1, true) if number.negative => Some(0),
                (value, true) if value == 0 || !number.negative => u8::try_from(value).ok(),
                _ => None,
            }
        }
    }
}

/// The columns of t, x, y, p and the unit in the name of t; `None` where one is missing or there twice.
pub fn columns(line: &[u8]) -> Option<([u8; 4], Option<TimeUnit>)> {
    let mut columns = [None; 4];
    let mut unit = None;
    for (at, name) in (0u8..64).zip(fields(line)) {
        let mut words =
            name.split(|byte| !byte.is_ascii_alphanumeric() && byte.is_ascii()).filter(|word| !word.is_empty());
        let Some(field) = words.next().and_then(field) else { continue };
        if columns[field as usize].replace(at).is_some() {
            return None;
        }
        if field == Field::T {
            unit = words.next().and_then(unit_named);
        }
    }
    match columns {
        [Some(t), Some(x), Some(y), Some(p)] => Some(([t, x, y, p], unit)),
        _ => None,
    }
}

fn is_one(word: &[u8], names: &[&str]) -> bool {
    names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
}

fn field(word: &[u8]) -> Option<Field> {
    Some(match word {
        _ if is_one(word, &["t", "ts", "time", "times", "timestamp", "timestamps"]) => Field::T,
        _ if is_one(word, &["x", "xs"]) => Field::X,
        _ if is_one(word, &["y", "ys"]) => Field::Y,
        _ if is_one(word, &["p", "ps", "pol", "polarity", "polarities", "on"]) => Field::P,
        _ => return None,
    })
}

fn unit_named(word: &[u8]) -> Option<TimeUnit> {
    Some(match word {
        _ if is_one(word, &["s", "sec", "secs", "second", "seconds"]) => TimeUnit::Seconds,
        _ if is_one(word, &["ms", "msec", "millisecond", "milliseconds"]) => TimeUnit::Milliseconds,
        _ if is_one(word, &["us", "usec", "microsecond", "microseconds", "µs", "μs"]) => TimeUnit::Microseconds,
        _ if is_one(word, &["ns", "nsec", "nanosecond", "nanoseconds"]) => TimeUnit::Nanoseconds,
        _ => return None,
    })
}
