//! What decoders of files hold, counted by the allocator: far less than 16 MB, whatever the file says.

mod files;

use files::aedat4::{MAGIC, events, header, lz4, packet, rows, xml, zstd};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use stllr_events::decode::{aedat4::Aedat4, npy::Npy, text::Text};
use stllr_events::{Chunk, Decoder, OnFault};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// The tests of this file count the same bytes: one at a time.
static ONE: Mutex<()> = Mutex::new(());

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(HELD.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes held while the parts are read; and how many events came.
fn peak(make: impl FnOnce() -> Box<dyn Decoder>, parts: &[&[u8]]) -> (usize, u64) {
    let before = HELD.load(Relaxed);
    PEAK.store(before, Relaxed);
    let mut decoder = make();
    let mut out = Chunk::new(4096);
    let mut count = 0;
    for part in parts {
        let mut rest = *part;
        while !rest.is_empty() {
            let Ok(consumed) = decoder.feed(rest, &mut out) else { break };
            rest = &rest[consumed..];
            count += out.len() as u64;
            out.clear();
        }
    }
    let end = decoder.finish(&mut out);
    assert!(end.is_ok() || out.is_empty());
    (PEAK.load(Relaxed) - before, count)
}

fn head(compression: i32) -> Vec<u8> {
    [MAGIC, &header(compression, -1, &xml(&[(0, "EVTS", 346, 260)]))].concat()
}

#[test]
fn files_of_any_size_take_a_fixed_room() {
    let _one = ONE.lock();
    let plain = events(&rows(10_000));
    for (compression, body, most) in [
        (0, plain.clone(), 250_000),
        (1, lz4(&plain, true, true, 65_536), 250_000),
        (3, zstd(&plain, false, 65_536), 2_000_000),
    ] {
        let (head, packet) = (head(compression), packet(0, &body));
        let mut parts = vec![&head[..]];
        parts.extend(std::iter::repeat_n(&packet[..], 200));
        let (peak, count) = peak(|| Box::new(Aedat4::file(OnFault::Refuse)), &parts);
        assert_eq!(count, 2_000_000);
        assert!(peak < most, "compression {compression}: {peak} bytes");
    }
    let line = b"1.5,20,30,1\n".repeat(1000);
    let (peak_text, count) = peak(|| Box::new(Text::new(OnFault::Refuse)), &vec![&line[..]; 100]);
    assert_eq!(count, 100_000);
    assert!(peak_text < 100_000, "{peak_text} bytes");
}

#[test]
fn what_a_file_claims_takes_no_room() {
    let _one = ONE.lock();
    // A head of 1 MB that never comes, a packet of 2 GB, an array of 2^64 records, a line without an end.
    let long_head = [MAGIC, &(1u32 << 20).to_le_bytes(), b"IOHE"].concat();
    let long_packet = [&head(1)[..], &[0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F], b"\x04\x22\x4D\x18"].concat();
    let npy = b"\x93NUMPY\x01\0\x40\0{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999999999, 4)} ";
    let line = [b'1'; 1 << 20];
    for (peak, most) in [
        (peak(|| Box::new(Aedat4::file(OnFault::Refuse)), &[&long_head]).0, 60_000),
        (peak(|| Box::new(Aedat4::file(OnFault::Refuse)), &[&long_packet]).0, 60_000),
        (peak(|| Box::new(Npy::new(OnFault::Refuse)), &[npy]).0, 60_000),
        (peak(|| Box::new(Text::new(OnFault::Skip)), &[&line]).0, 70_000),
    ] {
        assert!(peak < most, "{peak} bytes");
    }
}

#[test]
fn the_largest_windows_of_zstd_stay_below_16_mb() {
    let _one = ONE.lock();
    // Blocks of one repeated byte: 2^17 bytes from 4. First a smaller window, so that a larger one must follow it.
    let frame = |window: u32, blocks: usize| {
        let mut frame = 0xFD2F_B528u32.to_le_bytes().to_vec();
        frame.push(0xA0);
        frame.extend(window.to_le_bytes());
        // The flatbuffer's head in a block that is not compressed, and then zeros: as many events as there is room for.
        let plain = events(&[(0, 0, 0, 0); 1]);
        let mut start = plain[..plain.len() - 16].to_vec();
        let count = (blocks << 17) as u32 / 16;
        let at = start.len() - 4;
        start[at..].copy_from_slice(&count.to_le_bytes());
        start[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        frame.extend(&((start.len() as u32) << 3).to_le_bytes()[..3]);
        frame.extend(start);
        for block in 0..blocks {
            let last = u32::from(block + 1 == blocks);
            frame.extend(&(1 << 20 | 2 | last).to_le_bytes()[..3]);
            frame.push(0);
        }
        packet(0, &frame)
    };
    let parts = [head(4), frame(4_000_000, 30), frame(7_864_320, 60), frame(u32::MAX, 200)];
    let parts: Vec<&[u8]> = parts.iter().map(|part| &part[..]).collect();
    let (peak, count) = peak(|| Box::new(Aedat4::file(OnFault::Refuse)), &parts);
    assert_eq!(count, (290 << 17) / 16);
    assert!((8_000_000..10_000_000).contains(&peak), "{peak} bytes");
}
