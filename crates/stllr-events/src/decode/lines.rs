//! Headers of text lines that begin with a mark of their own, in front of binary records.

use crate::decode::fault::DecodeFaultKind;

/// The longest line that is read, in bytes with its end.
pub(super) const LINE_MAX: usize = 1 << 16;
/// The longest header that is read, in bytes.
pub(super) const HEADER_MAX: usize = 1 << 22;
/// What is kept of a line: more than any that matters here has.
const KEPT: usize = 256;

/// What follows.
pub(crate) enum Line {
    /// A whole line: see [`Lines::text`].
    Whole,
    /// No further line.
    Body,
    /// It takes more bytes to say.
    More,
    /// A line or a header that is too long, and how many bytes of the line were read.
    TooLong(DecodeFaultKind, usize),
}

/// Reads a header line by line. It keeps the first [`KEPT`] bytes of one line and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    mark: u8,
    text: [u8; KEPT],
    kept: usize,
    /// Bytes of the current line, or of the last one.
    line: usize,
    /// Has it not ended yet?
    is_open: bool,
    /// Bytes of all lines before.
    header: usize,
}

impl Lines {
    /// Lines that begin with `#`.
    pub fn hash() -> Self {
        Self { mark: b'#', text: [0; KEPT], kept: 0, line: 0, is_open: false, header: 0 }
    }

    /// Lines that begin with `% ` (or hold nothing but `%`): a lone `%` may be the first byte of a record.
    pub fn percent() -> Self {
        Self { mark: b'%', ..Self::hash() }
    }

    /// Bytes of the last whole line.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong with a header that ends here, with `held` bytes of what follows its lines: it, where a line is
    /// cut, or `needed` says that more must follow.
    pub fn end(&self, held: usize, needed: bool) -> Option<(usize, DecodeFaultKind)> {
        let back = self.header + if self.is_open { self.line } else { 0 };
        let kind = DecodeFaultKind::CutHeader { found: (back + held) as u32 };
        (self.is_open || needed || held > 0).then_some((back, kind))
    }

    /// The line that [`Line::Whole`] announced: without its mark, its end and the spaces around; cut where a byte is
    /// no UTF-8 and after [`KEPT`] bytes.
    pub fn text(&self) -> &str {
        let bytes = &self.text[..self.kept];
        let text = match core::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or(""),
        };
        text.get(1..).unwrap_or("").trim()
    }

    /// Reads on; returns how many bytes that took and what they were.
    pub fn read(&mut self, bytes: &[u8]) -> (usize, Line) {
        if !self.is_open {
            let is_line = match (bytes.first(), bytes.get(1)) {
                (None, _) => return (0, Line::More),
                (Some(&first), _) if first != self.mark => false,
                (Some(b'#'), _) => true,
                (_, None) => return (0, Line::More),
                (_, Some(second)) => matches!(second, b' ' | b'\n' | b'\r'),
            };
            if !is_line {
                return (0, Line::Body);
            }
            (self.line, self.kept, self.is_open) = (0, 0, true);
        }
        let room = LINE_MAX.min(HEADER_MAX - self.header) - self.line;
        let seen = &bytes[..bytes.len().min(room)];
        let end = seen.iter().position(|&byte| byte == b'\n');
        let taken = &seen[..end.map_or(seen.len(), |end| end + 1)];
        let keep = taken.len().min(KEPT - self.kept);
        self.text[self.kept..self.kept + keep].copy_from_slice(&taken[..keep]);
        self.kept += keep;
        self.line += taken.len();
        if end.is_some() {
            self.header += self.line;
            self.is_open = false;
            return (taken.len(), Line::Whole);
        }
        if taken.len() == room {
            let allowed = if self.line == LINE_MAX { LINE_MAX } else { HEADER_MAX } as u32;
            let kind = DecodeFaultKind::Length { found: u32::MAX, allowed };
            return (taken.len(), Line::TooLong(kind, self.line));
        }
        (taken.len(), Line::More)
    }
}
