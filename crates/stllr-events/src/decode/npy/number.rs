//! The numbers of NumPy arrays, to whole ones, without floats.

use crate::decode::text::TimeUnit;

/// A kind of number in an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    kind: Kind,
    size: usize,
    big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Signed,
    Unsigned,
    Float,
}

/// The size of an item of this type string, as `<i8`, `|b1`, `<U5`; `None` where it is none.
pub fn size(text: &[u8]) -> Option<usize> {
    let (kind, count) = parts(text)?;
    match kind {
        b'U' => count.checked_mul(4),
        b'b' | b'i' | b'u' | b'f' | b'c' | b'm' | b'M' | b'S' | b'a' | b'V' => Some(count),
        _ => None,
    }
}

/// Letter and size of a type string; what follows the size, as the unit of a time, is ignored.
fn parts(text: &[u8]) -> Option<(u8, usize)> {
    let text = text.strip_prefix(b"<").or(text.strip_prefix(b">")).or(text.strip_prefix(b"|")).unwrap_or(text);
    let text = text.strip_prefix(b"=").unwrap_or(text);
    let (&kind, count) = text.split_first()?;
    if kind == b'?' && count.is_empty() {
        return Some((b'b', 1));
    }
    let digits = count.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let count = core::str::from_utf8(&count[..digits]).ok()?.parse().ok()?;
    Some((kind, count))
}

impl Number {
    /// The number of this type string; `None` where it is not one that is read.
    pub fn read(text: &[u8]) -> Option<Self> {
        let (kind, size) = parts(text)?;
        let (kind, sizes): (Kind, &[usize]) = match kind {
            b'b' => (Kind::Unsigned, &[1]),
            b'u' => (Kind::Unsigned, &[1, 2, 4, 8]),
            b'i' => (Kind::Signed, &[1, 2, 4, 8]),
            b'f' => (Kind::Float, &[2, 4, 8]),
            _ => return None,
        };
        sizes.contains(&size).then_some(Self { kind, size, big_endian: text.first() == Some(&b'>') })
    }

    pub fn size(self) -> usize {
        self.size
    }

    /// The unit that times of this kind have where nobody says it: floats count seconds, whole numbers us.
    pub fn unit(self) -> TimeUnit {
        if self.kind == Kind::Float { TimeUnit::Seconds } else { TimeUnit::Microseconds }
    }

    /// A word that was read as little-endian.
    fn order<T>(self, word: T, swap: fn(T) -> T) -> T {
        if self.big_endian { swap(word) } else { word }
    }

    /// The number at the beginning of `bytes` as a magnitude and a sign, times 10^`power` and rounded to the nearest
    /// whole number, halves up; the last value says whether it is exact. `None` beyond 2^63, for what is no number, and
    /// where there are too few bytes.
    pub fn scaled(self, bytes: &[u8], power: i32) -> Option<(u64, bool, bool)> {
        let word = match *bytes.get(..self.size)? {
            [a] => u64::from(a),
            [a, b] => u64::from(self.order(u16::from_le_bytes([a, b]), u16::swap_bytes)),
            [a, b, c, d] => u64::from(self.order(u32::from_le_bytes([a, b, c, d]), u32::swap_bytes)),
            [a, b, c, d, e, f, g, h] => self.order(u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::swap_bytes),
            _ => return None,
        };
        let bits = self.size * 8;
        let (magnitude, exponent, negative) = match self.kind {
            Kind::Unsigned => (word, 0, false),
            Kind::Signed => {
                let value = (word << (64 - bits)) as i64 >> (64 - bits);
                (value.unsigned_abs(), 0, value < 0)
            }
            Kind::Float => float(word, bits)?,
        };
        if exponent == 0 && power == 0 && magnitude < 1 << 63 {
            return Some((magnitude, negative, true));
        }
        let (value, exact) = scale(magnitude, exponent, power)?;
        Some((value, negative, exact))
    }
}

/// A float of this many bits as mantissa, power of two and sign; `None` for infinities and what is no number.
pub(crate) fn float(word: u64, bits: usize) -> Option<(u64, i32, bool)> {
    let fraction = match bits {
        16 => 10,
        32 => 23,
        _ => 52,
    };
    let top = (1u64 << (bits - 1 - fraction)) - 1;
    let exponent = word >> fraction & top;
    let mantissa = word & ((1 << fraction) - 1);
    if exponent == top {
        return None;
    }
    let mantissa = if exponent == 0 { mantissa } else { mantissa | 1 << fraction };
    // The least exponent stands for denormal numbers too.
    let power = exponent.max(1) as i32 - (top / 2) as i32 - fraction as i32;
    Some((mantissa, power, word >> (bits - 1) & 1 != 0))
}

/// mantissa x 2^exponent x 10^power to the nearest whole number, and whether that is exact; `None` beyond 2^63.
fn scale(mantissa: u64, exponent: i32, power: i32) -> Option<(u64, bool)> {
    let ten = 10u128.pow(power.unsigned_abs());
    // Below 2^64 x 10^6, so that it can be doubled.
    let number = u128::from(mantissa) * if power > 0 { ten } else { 1 };
    let divisor = if power < 0 { ten } else { 1 };
    let (number, divisor) = if exponent >= 0 {
        if number == 0 {
            return Some((0, true));
        }
        let shift = u32::try_from(exponent).ok().filter(|&shift| shift < 64)?;
        (number.checked_mul(1 << shift)?, divisor)
    } else if exponent > -100 {
        (number, divisor << -exponent)
    } else {
        return Some((0, number == 0));
    };
    let (whole, rest) = (number / divisor, number % divisor);
    let rounded = whole + u128::from(rest >= divisor - rest);
    let value = u64::try_from(rounded).ok().filter(|&value| value <= 1 << 63)?;
    Some((value, rest == 0))
}
