//! Which format a file is, by its first bytes.
//!
//! Most formats begin with a mark. The rest (`.bin` and `.bs2`, `.bs1`, `.bs3`, SPIF words) have none: read as one of
//! them, the bytes must give times that rise and, where formats share that, coordinates of a kind; such an answer is a
//! guess and says so. The name of the file or the user must have the last word on it.

use crate::decode::lines::{Line, Lines};
use crate::decode::{Format, aedat2, aedat4, dat, edvs, es, npy, raw, text};

/// How many bytes of a file [`detect`] should be given; fewer are enough for most formats, more do not help.
pub const HEAD: usize = 4096;

/// The fewest records that a guess is made from.
const RECORDS: usize = 16;
/// The most that successive times of a guess may lie apart, in us.
const GAP_US: u64 = 1_000_000;

/// What a file is found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detected {
    /// The format.
    pub format: Format,
    /// Has the file that format's mark? Else it is a guess.
    pub is_certain: bool,
}

/// The format of a file that begins with `head`, its first [`HEAD`] bytes; all of it where it is shorter.
///
/// `.bin` is the guess for `.bs2` too: they differ in what a row 240 means.
pub fn detect(head: &[u8]) -> Option<Detected> {
    let head = &head[..head.len().min(HEAD)];
    if let Some(&(_, format)) = MARKS.iter().find(|(is_head, _)| is_head(head)) {
        return Some(Detected { format, is_certain: true });
    }
    if head.first() == Some(&b'%')
        && let Some(format) = percent(head)
    {
        return Some(Detected { format, is_certain: true });
    }
    guess(head).map(|format| Detected { format, is_certain: false })
}

/// Is this the begin of a file of the format?
type IsHead = fn(&[u8]) -> bool;

/// Formats with a mark of fixed bytes, or one that is found as surely.
const MARKS: [(IsHead, Format); 8] = [
    (|head| head.starts_with(es::MARK), Format::Es),
    (|head| is_aedat(head, b'2'), Format::Aedat2),
    (|head| is_aedat(head, b'3'), Format::Aedat3),
    (aedat4::is_head, Format::Aedat4),
    (npy::is_head, Format::Npy),
    (aedat4::is_stream_head, Format::Dv),
    (edvs::is_text_head, Format::EdvsText),
    (
        |head| head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) && text::is_head(head),
        Format::Text,
    ),
];

fn is_aedat(head: &[u8], version: u8) -> bool {
    let rest = head.strip_prefix(b"#").and_then(|rest| rest.strip_prefix(aedat2::MARK.as_bytes()));
    rest.is_some_and(|rest| rest.first() == Some(&version))
}

/// Prophesee's files, whose header lines begin with `% `: RAW where a line says the version, `.dat` where the type and
/// size of its records follow the header, or where the header goes on and speaks of a `.dat`.
fn percent(head: &[u8]) -> Option<Format> {
    let mut lines = Lines::percent();
    let mut header = raw::Header::default();
    let mut is_dat = false;
    let mut at = 0;
    loop {
        let (read, line) = lines.read(&head[at..]);
        at += read;
        match line {
            Line::Whole => {
                let text = lines.text();
                is_dat |= text.starts_with("Data file containing");
                if header.line(text) {
                    break;
                }
            }
            Line::Body => {
                is_dat |= matches!(head[at..], [kind, size, ..] if dat::type_and_size(kind, size).is_ok()) && at > 0;
                break;
            }
            Line::More | Line::TooLong(..) => break,
        }
    }
    match header.version {
        Some(20) => Some(Format::Evt2),
        Some(21) => Some(Format::Evt21),
        Some(30) => Some(Format::Evt3),
        _ => is_dat.then_some(Format::Dat),
    }
}

/// The format without a mark whose reading of the bytes is the most plausible, if one is plausible at all.
fn guess(head: &[u8]) -> Option<Format> {
    let neurons = |record: &[u8]| record[0] < 4;
    let fives = rising(head.as_chunks::<5>().0.iter().map(|&[_, _, a, b, c]| be24([a & 0x7F, b, c])));
    let is_row = head.as_chunks::<5>().0.iter().all(|record| neurons(record));
    let sevens = rising(head.as_chunks::<7>().0.iter().map(|&[.., a, b, c]| be24([a, b, c])));
    let scores =
        [(fives, if is_row { Format::Bs1 } else { Format::Bin }), (sevens, Format::Bs3), (spif(head), Format::Spif)];
    let best = scores.iter().filter(|(score, _)| *score >= 95).max_by_key(|(score, _)| *score);
    best.map(|&(_, format)| format)
}

fn be24([a, b, c]: [u8; 3]) -> u64 {
    u64::from(u32::from_be_bytes([0, a, b, c]))
}

/// How many percent of the times do not go back and leave no large gap; 0 where they are few, or all the same.
fn rising(mut times: impl Iterator<Item = u64>) -> usize {
    let Some(mut before) = times.next() else { return 0 };
    let (mut count, mut sound, mut ahead) = (0, 0, 0);
    for after in times {
        count += 1;
        sound += usize::from(after >= before && after - before < GAP_US);
        ahead += usize::from(after > before);
        before = after;
    }
    if count + 1 < RECORDS || ahead == 0 { 0 } else { sound * 100 / count }
}

/// The same for SPIF words; words without times are plausible where all of them are such. The sensor must be no larger
/// than 2048 x 2048.
fn spif(head: &[u8]) -> usize {
    let mut words = head.as_chunks::<4>().0.iter().map(|&word| u32::from_le_bytes(word));
    let (mut untimed, mut is_small) = (0, true);
    let times = core::iter::from_fn(|| {
        loop {
            let event = words.next()?;
            is_small &= event >> 16 & 0x7FFF < 2048 && event & 0x7FFF < 2048;
            if event >> 31 == 0 {
                return words.next().map(u64::from);
            }
            untimed += 1;
        }
    });
    let score = rising(times);
    let all_untimed = untimed >= RECORDS && untimed == head.len() / 4;
    if !is_small {
        0
    } else if all_untimed {
        95
    } else {
        score
    }
}
