//! A writer of AEDAT 4 as small as can be, in the layout of the real one.

use super::Row;

pub const MAGIC: &[u8] = b"#!AER-DAT4.0\r\n";

/// A flatbuffer after its size: name, vtable, table, and what follows the table.
fn flatbuffer(name: &[u8; 4], vtable: &[u16], table: &[u8], after: &[u8]) -> Vec<u8> {
    let vtable_len = 4 + 2 * vtable.len();
    let table_at = (8 + vtable_len).next_multiple_of(8) + 4;
    let vtable_at = table_at - vtable_len;
    let mut bytes = vec![0; vtable_at];
    bytes[..4].copy_from_slice(&(table_at as u32).to_le_bytes());
    bytes[4..8].copy_from_slice(name);
    bytes.extend((vtable_len as u16).to_le_bytes());
    bytes.extend((4 + table.len() as u16).to_le_bytes());
    bytes.extend(vtable.iter().flat_map(|slot| slot.to_le_bytes()));
    bytes.extend((vtable_len as u32).to_le_bytes());
    bytes.extend(table);
    bytes.extend(after);
    let mut sized = (bytes.len() as u32).to_le_bytes().to_vec();
    sized.extend(bytes);
    sized
}

/// The head: compression, where the table lies, and the XML.
pub fn header(compression: i32, table: i64, xml: &str) -> Vec<u8> {
    let mut fields = 16u32.to_le_bytes().to_vec();
    fields.extend(compression.to_le_bytes());
    fields.extend(table.to_le_bytes());
    let mut after = (xml.len() as u32).to_le_bytes().to_vec();
    after.extend(xml.as_bytes());
    after.push(0);
    // The string begins right after the table: 16 bytes on from the field that points to it.
    flatbuffer(b"IOHE", &[8, 12, 4], &fields, &after)
}

/// The XML of streams: number, type, width, height.
pub fn xml(streams: &[(i32, &str, u32, u32)]) -> String {
    let mut xml = String::from("<dv version=\"2.0\">\n<node name=\"outInfo\" path=\"/mainloop/Recorder/outInfo/\">\n");
    for (id, kind, width, height) in streams {
        xml += &format!(
            "<node name=\"{id}\" path=\"/outInfo/{id}/\">\n<attr key=\"compression\" type=\"string\">X</attr>\n\
             <attr key=\"typeIdentifier\" type=\"string\">{kind}</attr>\n<node name=\"info\" path=\"/outInfo/{id}/info/\">\n\
             <attr key=\"sizeX\" type=\"int\">{width}</attr>\n<attr key=\"sizeY\" type=\"int\">{height}</attr>\n\
             <attr key=\"source\" type=\"string\">cam_1</attr>\n</node>\n</node>\n"
        );
    }
    xml + "</node>\n</dv>\n"
}

/// A flatbuffer of events.
pub fn events(rows: &[Row]) -> Vec<u8> {
    let mut after = (rows.len() as u32).to_le_bytes().to_vec();
    for &(t_us, x, y, p) in rows {
        after.extend(t_us.to_le_bytes());
        after.extend(x.to_le_bytes());
        after.extend(y.to_le_bytes());
        after.extend([p, 0, 0, 0]);
    }
    flatbuffer(b"EVTS", &[4], &4u32.to_le_bytes(), &after)
}

pub fn packet(stream: i32, body: &[u8]) -> Vec<u8> {
    let mut bytes = stream.to_le_bytes().to_vec();
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(body);
    bytes
}

/// An LZ4 frame of blocks: stored, or compressed as well as a writer of few lines can.
pub fn lz4(bytes: &[u8], linked: bool, stored: bool, block: usize) -> Vec<u8> {
    let mut frame = 0x184D_2204u32.to_le_bytes().to_vec();
    frame.extend([if linked { 0x40 } else { 0x60 }, 0x40, 0xC0]);
    let mut from = 0;
    while from < bytes.len() {
        let to = bytes.len().min(from + block);
        let content = if stored { bytes[from..to].to_vec() } else { lz4_block(bytes, from, to, linked) };
        frame.extend((content.len() as u32 | if stored { 1 << 31 } else { 0 }).to_le_bytes());
        frame.extend(content);
        from = to;
    }
    frame.extend([0; 4]);
    frame
}

/// The bytes from `from` to `to`; matches may lie before them where blocks are linked.
fn lz4_block(bytes: &[u8], from: usize, to: usize, linked: bool) -> Vec<u8> {
    let first = if linked { from.saturating_sub(65_535) } else { from };
    let mut block = Vec::new();
    let (mut at, mut literals) = (from, from);
    while at + 12 < to {
        let starts = at.saturating_sub(300).max(first)..at;
        let length =
            |start: &usize| (0..to - 5 - at).take_while(|&step| bytes[start + step] == bytes[at + step]).count();
        let found = starts.map(|start| (length(&start), start)).max().filter(|&(length, _)| length >= 4);
        let Some((length, start)) = found else {
            at += 1;
            continue;
        };
        sequence(&mut block, &bytes[literals..at], Some((at - start, length)));
        at += length;
        literals = at;
    }
    sequence(&mut block, &bytes[literals..to], None);
    block
}

fn sequence(block: &mut Vec<u8>, literals: &[u8], copy: Option<(usize, usize)>) {
    let extra = copy.map_or(0, |(_, length)| length - 4);
    block.push((literals.len().min(15) << 4 | extra.min(15)) as u8);
    let long = |block: &mut Vec<u8>, mut rest: usize| {
        while rest >= 255 {
            block.push(255);
            rest -= 255;
        }
        block.push(rest as u8);
    };
    if literals.len() >= 15 {
        long(block, literals.len() - 15);
    }
    block.extend(literals);
    if let Some((back, _)) = copy {
        block.extend((back as u16).to_le_bytes());
        if extra >= 15 {
            long(block, extra - 15);
        }
    }
}

/// A ZSTD frame of blocks that are not compressed; with its size as a single segment, or with a window of 128 kB.
pub fn zstd(bytes: &[u8], single: bool, block: usize) -> Vec<u8> {
    let mut frame = 0xFD2F_B528u32.to_le_bytes().to_vec();
    if single {
        frame.push(0xA0);
        frame.extend((bytes.len() as u32).to_le_bytes());
    } else {
        frame.extend([0x00, 0x38]);
    }
    let count = bytes.len().div_ceil(block);
    for (index, part) in bytes.chunks(block).enumerate() {
        let last = u32::from(index + 1 == count);
        frame.extend(&((part.len() as u32) << 3 | last).to_le_bytes()[..3]);
        frame.extend(part);
    }
    frame
}

/// Events that compress, and of which no two are alike.
pub fn rows(count: u64) -> Vec<Row> {
    (0..count)
        .map(|i| (1_700_000_000_000_000 + i * 37, (i * 7 % 346) as u16, (i * 5 % 260) as u16, u8::from(i % 3 == 0)))
        .collect()
}
