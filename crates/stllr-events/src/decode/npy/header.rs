//! The head of an `.npy` file: a Python dictionary that says the type, the order and the shape of the array.

use super::number::{self, Number};
use crate::decode::file_fault::{FileFault, HeadPart, Unsupported};

/// One number of an item: where it lies and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub offset: usize,
    pub number: Number,
}

/// What the items of an array are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Items {
    /// All of one kind.
    Plain(Number),
    /// Records of `size` bytes, with t, x, y and p where the type names them.
    Fields { size: usize, slots: [Option<Slot>; 4] },
}

/// What a head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub items: Items,
    /// The first two dimensions, and how many there are.
    pub shape: [u64; 2],
    pub dimensions: usize,
}

/// The largest record that is read.
pub const MAX_RECORD: usize = 1024;

const CONTENT: FileFault = FileFault::Head(HeadPart::Content);

impl Header {
    /// Reads the dictionary.
    pub fn read(text: &[u8]) -> Result<Self, FileFault> {
        let mut text = Cursor { rest: text };
        let (mut items, mut fortran, mut shape) = (None, None, None);
        text.expect(b'{')?;
        while !text.take(b'}') {
            let key = text.string()?;
            text.expect(b':')?;
            match key {
                b"descr" => items = Some(descr(&mut text)?),
                b"fortran_order" => fortran = Some(text.boolean()?),
                b"shape" => shape = Some(text.shape()?),
                _ => return Err(CONTENT),
            }
            if !text.take(b',') {
                text.expect(b'}')?;
                break;
            }
        }
        let (Some(items), Some(fortran), Some((shape, dimensions))) = (items, fortran, shape) else {
            return Err(CONTENT);
        };
        if fortran {
            return Err(FileFault::Unsupported(Unsupported::Order));
        }
        Ok(Self { items, shape, dimensions })
    }
}

/// A type string, or a list of fields: `[('x', '<i2'), ('', '|V6'), ...]`.
fn descr(text: &mut Cursor<'_>) -> Result<Items, FileFault> {
    const KIND: FileFault = FileFault::Unsupported(Unsupported::DataType);
    if !text.take(b'[') {
        return Ok(Items::Plain(Number::read(text.string()?).ok_or(KIND)?));
    }
    let (mut size, mut slots) = (0usize, [None; 4]);
    while !text.take(b']') {
        text.expect(b'(')?;
        // A field may have a title besides its name.
        let name = if text.take(b'(') {
            text.string()?;
            text.expect(b',')?;
            let name = text.string()?;
            text.expect(b')')?;
            name
        } else {
            text.string()?
        };
        text.expect(b',')?;
        if text.peek() == Some(b'[') {
            return Err(KIND);
        }
        let kind = text.string()?;
        if text.take(b',') && text.peek() == Some(b'(') {
            // Every item of this field is an array.
            return Err(KIND);
        }
        text.expect(b')')?;
        if let Some(field) = field(name) {
            let slot = Slot { offset: size, number: Number::read(kind).ok_or(KIND)? };
            if slots[field].replace(slot).is_some() {
                return Err(FileFault::Head(HeadPart::Columns));
            }
        }
        size = number::size(kind)
            .and_then(|item| size.checked_add(item))
            .filter(|&size| size <= MAX_RECORD)
            .ok_or(KIND)?;
        if !text.take(b',') {
            text.expect(b']')?;
            break;
        }
    }
    Ok(Items::Fields { size, slots })
}

/// Which of t, x, y, p a name means.
pub fn field(name: &[u8]) -> Option<usize> {
    match name {
        b"t" | b"ts" | b"time" | b"timestamp" | b"timestamps" => Some(0),
        b"x" | b"xs" => Some(1),
        b"y" | b"ys" => Some(2),
        b"p" | b"ps" | b"pol" | b"polarity" | b"on" => Some(3),
        _ => None,
    }
}

/// The rest of the text.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_it = self.peek() == Some(byte);
        self.rest = &self.rest[usize::from(is_it)..];
        is_it
    }

    fn expect(&mut self, byte: u8) -> Result<(), FileFault> {
        if self.take(byte) { Ok(()) } else { Err(CONTENT) }
    }

    /// The end of a token of which so many bytes are kept.
    fn cut(&mut self, count: usize) -> &'a [u8] {
        let (token, rest) = self.rest.split_at(count);
        self.rest = rest;
        token
    }

    /// A string in quotes, without escapes.
    fn string(&mut self) -> Result<&'a [u8], FileFault> {
        // Python 2 wrote some as u'...'.
        if self.peek() == Some(b'u') {
            self.cut(1);
        }
        let quote = self.peek().filter(|byte| matches!(byte, b'\'' | b'"')).ok_or(CONTENT)?;
        self.cut(1);
        let end = self.rest.iter().position(|&byte| byte == quote).ok_or(CONTENT)?;
        let string = self.cut(end);
        self.cut(1);
        Ok(string)
    }

    fn boolean(&mut self) -> Result<bool, FileFault> {
        self.peek();
        for (name, value) in [(&b"True"[..], true), (b"False", false)] {
            if self.rest.starts_with(name) {
                self.cut(name.len());
                return Ok(value);
            }
        }
        Err(CONTENT)
    }

    /// `(3, 4)`, `(3,)` or `()`: the first two numbers and how many there are.
    fn shape(&mut self) -> Result<([u64; 2], usize), FileFault> {
        self.expect(b'(')?;
        let (mut shape, mut count) = ([0; 2], 0);
        while !self.take(b')') {
            self.peek();
            let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let text = core::str::from_utf8(self.cut(digits)).map_err(|_| CONTENT)?;
            let number = text.parse().map_err(|_| CONTENT)?;
            // Python 2 wrote long numbers with an L.
            self.take(b'L');
            if let Some(slot) = shape.get_mut(count) {
                *slot = number;
            }
            count += 1;
            if !self.take(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok((shape, count))
    }
}
