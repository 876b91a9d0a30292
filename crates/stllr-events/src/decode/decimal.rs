//! Decimal numbers in text, to whole ones, without floats.

/// A decimal number as it stands in a text: `-12.5e-3`.
#[derive(Debug, Clone, Copy)]
pub struct Decimal<'a> {
    pub negative: bool,
    /// Whether it has a decimal point or an exponent.
    pub fraction: bool,
    whole: &'a [u8],
    part: &'a [u8],
    exponent: i32,
}

impl<'a> Decimal<'a> {
    /// Reads a number that fills the text; `None` where it does not.
    pub fn read(text: &'a [u8]) -> Option<Self> {
        let (negative, text) = sign(text);
        let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let point = mantissa.iter().position(|&byte| byte == b'.');
        let (whole, part) = match point {
            Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
            None => (mantissa, &[][..]),
        };
        let digits = whole.iter().chain(part).all(u8::is_ascii_digit);
        if !digits || whole.len() + part.len() == 0 {
            return None;
        }
        let fraction = point.is_some() || exponent.is_some();
        let exponent = exponent.map_or(Some(0), integer)?;
        Some(Self { negative, fraction, whole, part, exponent })
    }

    /// The magnitude times 10^`power`, rounded to the nearest whole number, halves up; `None` beyond 2^63. The second
    /// value says whether it is exact.
    pub fn scaled(&self, power: i32) -> Option<(u64, bool)> {
        // How many of the digits, from the first, make the whole number; there may be more than there are digits.
        let point = i64::from(self.exponent) + i64::from(power) + self.whole.len() as i64;
        let mut digits = self.whole.iter().chain(self.part).map(|&byte| u64::from(byte - b'0'));
        let mut value = 0u64;
        let mut left = point;
        while left > 0 {
            let next = digits.next();
            if next.is_none() && value == 0 {
                break;
            }
            value = value.checked_mul(10)?.checked_add(next.unwrap_or(0))?;
            left -= 1;
        }
        // Digits before the first one, where the point stands left of it, are zeros.
        let half = if left < 0 { 0 } else { digits.next().unwrap_or(0) };
        let exact = half == 0 && digits.all(|digit| digit == 0);
        value += u64::from(half >= 5);
        (value <= 1 << 63).then_some((value, exact))
    }
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// An exponent; more than a million is as good as a million.
fn integer(text: &[u8]) -> Option<i32> {
    let (negative, digits) = sign(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0i32, |value, &byte| (value * 10 + i32::from(byte - b'0')).min(1_000_000));
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    fn scaled(text: &str, power: i32) -> Option<(u64, bool)> {
        Decimal::read(text.as_bytes())?.scaled(power)
    }

    #[test]
    fn numbers_scale_exactly_and_round_to_the_nearest() {
        assert_eq!(scaled("0.003811000", 6), Some((3811, true)));
        assert_eq!(scaled("0.0038114999999", 6), Some((3811, false)));
        assert_eq!(scaled("0.0038115", 6), Some((3812, false)));
        assert_eq!(scaled("1663249605.734020", 6), Some((1_663_249_605_734_020, true)));
        assert_eq!(scaled("1.663249605734020e+09", 6), Some((1_663_249_605_734_020, true)));
        assert_eq!(scaled("123456", -3), Some((123, false)));
        assert_eq!(scaled("999999.5", 0), Some((1_000_000, false)));
        assert_eq!(scaled(".5", 0), Some((1, false)));
        assert_eq!(scaled("5.", 1), Some((50, true)));
        assert_eq!(scaled("0.0000001", 6), Some((0, false)));
        assert_eq!(scaled("9e-7", 6), Some((1, false)));
        assert_eq!(scaled("9e-8", 6), Some((0, false)));
        assert_eq!(scaled("000000000000000000000000000012", 0), Some((12, true)));
        assert_eq!(scaled("0e999999999999", 6), Some((0, true)));
    }

    #[test]
    fn what_is_no_number_or_too_large_is_none() {
        for text in ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "1 2", "nan", "--1", "1e5e5"] {
            assert!(Decimal::read(text.as_bytes()).is_none(), "{text}");
        }
        for text in ["1e999999999", "99999999999999999999", "18446744073709551615", "9223372036854775809"] {
            assert_eq!(scaled(text, 0), None, "{text}");
        }
        assert_eq!(scaled("9223372036854775808", 0), Some((1 << 63, true)));
    }
}
