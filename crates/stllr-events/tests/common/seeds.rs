//! Writers of small sound files, one a format: what fuzzing and the tests of all formats begin with.

use super::random::Random;

/// A time a little later.
fn later(random: &mut Random, t: &mut u64) -> u64 {
    *t += if random.once_in(20) { random.next() % 50_000 } else { random.next() % 90 };
    *t
}

/// A little number of records.
fn count(random: &mut Random) -> usize {
    random.below(60)
}

fn be24(t: u64) -> [u8; 3] {
    [(t >> 16) as u8, (t >> 8) as u8, t as u8]
}

pub fn bin(random: &mut Random) -> Vec<u8> {
    let mut t = 0;
    let mut record = |_| {
        let [a, b, c] = be24(later(random, &mut t) & 0x7F_FFFF);
        let row = if random.once_in(20) { 240 } else { random.below(34) as u8 };
        [random.below(34) as u8, row, a | (random.below(2) as u8) << 7, b, c]
    };
    (0..40).flat_map(&mut record).collect()
}

pub fn bs1(random: &mut Random) -> Vec<u8> {
    let mut t = 0;
    let mut record = |_| {
        let [a, b, c] = be24(later(random, &mut t) & 0x7F_FFFF);
        [0, random.below(200) as u8, a | (random.below(2) as u8) << 7, b, c]
    };
    (0..40).flat_map(&mut record).collect()
}

pub fn bs3(random: &mut Random) -> Vec<u8> {
    let mut t = 0;
    let mut record = |_| {
        let [a, b, c] = be24(later(random, &mut t));
        [random.below(40) as u8, random.next() as u8, random.next() as u8, random.below(2) as u8, a, b, c]
    };
    (0..40).flat_map(&mut record).collect()
}

pub fn aedat2(random: &mut Random) -> Vec<u8> {
    let mut file = b"#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n".to_vec();
    let is_davis = random.once_in(2);
    if is_davis {
        file.extend(b"# AEChip: eu.seebetter.ini.chips.davis.Davis346blue\r\n");
    } else if random.once_in(2) {
        file.extend(b"# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n");
    }
    if random.once_in(2) {
        file.extend(b"#End Of ASCII Header\r\n");
    }
    let mut t = 0xFFFF_F000;
    for _ in 0..count(random) {
        // Top bytes that no header line begins with.
        let address = if is_davis { random.next() as u32 & 0x83FF_FFFF } else { random.next() as u32 & 0xFFFF };
        file.extend(address.to_be_bytes());
        file.extend((later(random, &mut t) as u32).to_be_bytes());
    }
    file
}

/// A packet of AEDAT 3.1: type, event size, overflow of the clock, number of events, and the bytes of its capacity.
pub fn aedat3_packet(kind: i16, size: u32, overflow: u32, count: u32, body: &[u8]) -> Vec<u8> {
    let capacity = body.len() as u32 / size;
    let mut packet = kind.to_le_bytes().to_vec();
    packet.extend(1i16.to_le_bytes());
    for number in [size, 4, overflow, capacity, count, count] {
        packet.extend(number.to_le_bytes());
    }
    packet.extend(body);
    packet
}

pub fn aedat3(random: &mut Random) -> Vec<u8> {
    let mut file = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n".to_vec();
    file.extend(b"#Start-Time: 2016-09-12 11:12:13 (TZ+0200)\r\n#!END-HEADER\r\n");
    let mut t = 0x7FFF_F000;
    for _ in 0..1 + random.below(5) {
        if random.once_in(3) {
            let size = 8 + random.below(40) as u32;
            let body = vec![random.next() as u8; size as usize * random.below(3)];
            file.extend(aedat3_packet(2 + random.below(6) as i16, size, 0, 0, &body));
            continue;
        }
        let overflow = (t >> 31) as u32;
        let mut body = Vec::new();
        for _ in 0..count(random) {
            let word = (random.below(128) << 17 | random.below(128) << 2 | random.below(4)) as u32;
            body.extend(word.to_le_bytes());
            body.extend((later(random, &mut t) as u32 & 0x7FFF_FFFF).to_le_bytes());
        }
        let count = (body.len() / 8).saturating_sub(random.below(3)) as u32;
        file.extend(aedat3_packet(1, 8, overflow, count, &body));
    }
    file
}

pub fn dat(random: &mut Random) -> Vec<u8> {
    let mut file = b"% Data file containing CD events.\n% Version 2\n% Height 240\n% Width 304\n".to_vec();
    file.extend([if random.once_in(2) { 0 } else { 12 }, 8]);
    let mut t = 0xFFFF_F000;
    for _ in 0..count(random) {
        file.extend((later(random, &mut t) as u32).to_le_bytes());
        let word = random.below(304) | random.below(240) << 14 | random.below(2) << 28;
        file.extend((word as u32).to_le_bytes());
    }
    file
}

/// A header of a RAW file.
fn raw_header(random: &mut Random, old: &str, new: &str) -> Vec<u8> {
    let mut file = b"% Date 2020-09-14 09:03:25\n".to_vec();
    let line = if random.once_in(2) { new } else { old };
    file.extend(format!("% {line}\n").bytes());
    if random.once_in(2) {
        file.extend(b"% end\n");
    }
    file
}

/// Words of EVT2 (and the upper halves of EVT2.1): an upper time, then events, triggers and others.
fn evt2_words(random: &mut Random) -> Vec<u32> {
    let mut t = ((1 << 34) - 9000) & !63;
    let mut words = vec![8 << 28 | (t >> 6) as u32];
    for _ in 0..count(random) {
        let before = t >> 6;
        later(random, &mut t);
        if t >> 6 != before {
            words.push(8 << 28 | (t >> 6) as u32 & 0xFFF_FFFF);
        }
        let kind = [0, 1, 0, 1, 0, 1, 10, 14, 15][random.below(9)];
        let [x, y] = [random.below(1280) as u32, random.below(720) as u32];
        words.push(kind << 28 | (t as u32 & 63) << 22 | x << 11 | y);
    }
    words
}

pub fn evt2(random: &mut Random) -> Vec<u8> {
    let mut file = raw_header(random, "evt 2.0", "format EVT2;height=480;width=640");
    file.extend(evt2_words(random).into_iter().flat_map(u32::to_le_bytes));
    file
}

pub fn evt21(random: &mut Random) -> Vec<u8> {
    let is_swapped = random.once_in(2);
    let format = if is_swapped { "format EVT21;endianness=legacy" } else { "format EVT21;height=720;width=1280" };
    let mut file = raw_header(random, format, format);
    for word in evt2_words(random) {
        let mask = if word >> 28 < 2 { (random.next() & random.next()) as u32 } else { 0 };
        let halves = if is_swapped { [word, mask] } else { [mask, word] };
        file.extend(halves.into_iter().flat_map(u32::to_le_bytes));
    }
    file
}

pub fn evt3(random: &mut Random) -> Vec<u8> {
    let mut file = raw_header(random, "evt 3.0", "format EVT3;height=720;width=1280");
    let mut t: u64 = (1 << 24) - 5000;
    let mut words: Vec<u16> = vec![8 << 12 | (t >> 12) as u16, 6 << 12 | (t & 0xFFF) as u16, random.below(720) as u16];
    for _ in 0..count(random) {
        let before = t >> 12;
        later(random, &mut t);
        if t >> 12 != before {
            words.push(8 << 12 | (t >> 12 & 0xFFF) as u16);
        }
        words.push(6 << 12 | (t & 0xFFF) as u16);
        let column = (random.below(2) << 11 | random.below(1200)) as u16;
        let any = random.next() as u16 & 0xFFF;
        match random.below(8) {
            0 => words.extend([3 << 12 | column, 4 << 12 | any, 4 << 12 | any >> 3, 5 << 12 | any & 0xFF]),
            1 => words.push(random.below(720) as u16),
            2 => words.push([1, 7, 10, 14, 15][random.below(5)] << 12 | any),
            _ => words.push(2 << 12 | column),
        }
    }
    file.extend(words.into_iter().flat_map(u16::to_le_bytes));
    file
}

pub fn es(random: &mut Random) -> Vec<u8> {
    let is_atis = random.once_in(2);
    let mut file = b"Event Stream\x02\x00\x00".to_vec();
    file.extend([if is_atis { 2 } else { 1 }, 0x40, 0x01, 0xF0, 0x00]);
    for _ in 0..count(random) {
        file.push(random.below(if is_atis { 252 } else { 254 }) as u8);
        file.extend((random.below(320) as u16).to_le_bytes());
        file.extend((random.below(240) as u16).to_le_bytes());
        while random.once_in(4) {
            file.push(255);
        }
    }
    file
}

pub fn spif(random: &mut Random) -> Vec<u8> {
    let mut t = if random.once_in(4) { 0xFFFF_F000 } else { 700 };
    let mut file = Vec::new();
    for _ in 0..20 + count(random) {
        let event = (random.below(1280) << 16 | random.below(2) << 15 | random.below(720)) as u32;
        if random.once_in(4) {
            file.extend((event | 1 << 31).to_le_bytes());
        } else {
            file.extend(event.to_le_bytes());
            file.extend((later(random, &mut t) as u32).to_le_bytes());
        }
    }
    file
}

/// Addresses of an eDVS, each with the bytes of a time.
fn edvs(random: &mut Random, time: impl Fn(u64, u64) -> Vec<u8>) -> Vec<u8> {
    let mut t = if random.once_in(2) { 0xFFFF_F000 } else { 0 };
    let mut file = Vec::new();
    for _ in 0..12 + count(random) {
        let before = t;
        later(random, &mut t);
        file.extend([0x80 | random.below(128) as u8, random.next() as u8]);
        file.extend(time(t, t - before));
    }
    file
}

pub fn edvs0(random: &mut Random) -> Vec<u8> {
    edvs(random, |_, _| Vec::new())
}

pub fn edvs1(random: &mut Random) -> Vec<u8> {
    edvs(random, |_, since| {
        let upper = [14, 7].into_iter().filter(|&shift| since >> shift > 0).map(|shift| (since >> shift & 0x7F) as u8);
        upper.chain([since as u8 | 0x80]).collect()
    })
}

pub fn edvs2(random: &mut Random) -> Vec<u8> {
    edvs(random, |t, _| (t as u16).to_be_bytes().into())
}

pub fn edvs3(random: &mut Random) -> Vec<u8> {
    edvs(random, |t, _| be24(t).into())
}

pub fn edvs4(random: &mut Random) -> Vec<u8> {
    edvs(random, |t, _| (t as u32).to_be_bytes().into())
}

pub fn edvs_text(random: &mut Random) -> Vec<u8> {
    let mut t = 65_000;
    let is_timed = random.once_in(2);
    let mut file = String::new();
    for _ in 0..12 + count(random) {
        let [p, y, x] = [random.below(2), random.below(128), random.below(128)];
        file += &format!("{p} {y:3} {x:3}");
        later(random, &mut t);
        file += &if is_timed { format!(" {:5}\n", t & 0xFFFF) } else { "\n".into() };
    }
    file.into_bytes()
}
