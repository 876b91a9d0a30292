//! The head of an AEDAT 4 stream: how its packets are compressed, where its table lies, which streams it has.

use super::flatbuffer::Table;
use alloc::vec::Vec;

/// The most streams a file may have: every packet is looked up among them.
const MAX_STREAMS: usize = 256;

/// How packets are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    None,
    Lz4,
    Zstd,
}

/// A stream of packets that the head names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Its number, which every packet begins with.
    pub id: i32,
    /// Whether it holds events.
    pub events: bool,
    /// Columns and rows; 0 where they are not said.
    pub size: (u32, u32),
}

pub struct Header {
    /// `None` for a kind that is not known.
    pub compression: Option<Compression>,
    /// Where the table of packets begins, from the start of the file; negative or 0 where there is none.
    pub table: i64,
    pub streams: Vec<Stream>,
}

impl Header {
    /// Reads the flatbuffer, without its size; `None` where it is none, or names more streams than [`MAX_STREAMS`].
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let table = Table::root(bytes, b"IOHE").ok()?;
        let compression = table.scalar(0).ok()?.map_or(0, i32::from_le_bytes);
        let position = table.scalar(1).ok()?.map_or(-1, i64::from_le_bytes);
        let (start, len) = table.vector(2).ok()?.unwrap_or((0, 0));
        let xml = bytes.get(start..start.checked_add(len)?)?;
        let compression = match compression {
            0 => Some(Compression::None),
            1 | 2 => Some(Compression::Lz4),
            3 | 4 => Some(Compression::Zstd),
            _ => None,
        };
        let streams = streams(xml);
        (streams.len() <= MAX_STREAMS).then_some(Self { compression, table: position, streams })
    }
}

/// The streams that the XML names: the nodes `outInfo/<id>` with their `typeIdentifier`, and `sizeX` and `sizeY` in
/// the node `info` of each.
fn streams(xml: &[u8]) -> Vec<Stream> {
    let mut streams: Vec<Stream> = Vec::new();
    // How many nodes are open, and at which of them the list of streams began.
    let mut depth = 0usize;
    let mut list = None;
    let mut known = false;
    let mut rest = xml;
    while streams.len() <= MAX_STREAMS
        && let Some(open) = rest.iter().position(|&byte| byte == b'<')
    {
        rest = &rest[open + 1..];
        let Some(close) = rest.iter().position(|&byte| byte == b'>') else { break };
        let tag = &rest[..close];
        rest = &rest[close + 1..];
        let below = list.map(|list| depth.wrapping_sub(list));
        if tag.starts_with(b"node ") {
            let name = attribute(tag, b"name");
            let empty = tag.ends_with(b"/");
            if list.is_none() && name == Some(b"outInfo") && !empty {
                list = Some(depth);
            } else if below == Some(1) {
                let id = name.and_then(number).and_then(|id| i32::try_from(id).ok());
                known = id.is_some();
                streams.extend(id.map(|id| Stream { id, events: false, size: (0, 0) }));
            }
            depth += usize::from(!empty);
        } else if tag == b"/node" {
            depth = depth.saturating_sub(1);
            if list == Some(depth) {
                list = None;
            }
        } else if let (b"attr ", Some(below)) = (tag.get(..5).unwrap_or_default(), below) {
            let text = &rest[..rest.iter().position(|&byte| byte == b'<').unwrap_or(rest.len())];
            if let (true, Some(stream)) = (known, streams.last_mut()) {
                match (below, attribute(tag, b"key")) {
                    (2, Some(b"typeIdentifier")) => stream.events = text.trim_ascii() == b"EVTS",
                    (3, Some(b"sizeX")) => stream.size.0 = number(text).unwrap_or(0),
                    (3, Some(b"sizeY")) => stream.size.1 = number(text).unwrap_or(0),
                    _ => {}
                }
            }
        }
    }
    streams
}

/// The value of an attribute of a tag.
fn attribute<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = tag;
    loop {
        let equals = rest.iter().position(|&byte| byte == b'=')?;
        let key = rest[..equals].trim_ascii_end();
        let quote = *rest.get(equals + 1)?;
        let value = &rest[equals + 2..];
        let end = value.iter().position(|&byte| byte == quote)?;
        let is_it = key.strip_suffix(name).is_some_and(|before| before.last().is_some_and(u8::is_ascii_whitespace));
        if is_it {
            return Some(&value[..end]);
        }
        rest = &value[end + 1..];
    }
}

/// A whole number without a sign.
fn number(text: &[u8]) -> Option<u32> {
    core::str::from_utf8(text.trim_ascii()).ok()?.parse().ok()
}
