//! Filters: against references that anybody can check by eye, in every split, with all that is left out counted.

#[path = "../common/random.rs"]
mod random;

mod delay;
mod each;
mod pipe;

use random::Random;
use stllr_events::filter::{Filter, Removed};
use stllr_events::{Chunk, EventView};

/// Time, column, row, polarity.
type Row = (u64, u16, u16, u8);

/// Events of a small sensor, 12 x 10, and a few outside of it; some times go back.
fn some_events(seed: u64, count: usize) -> Vec<Row> {
    let mut random = Random(seed);
    let mut t = 0u64;
    (0..count)
        .map(|_| {
            t += random.below(30) as u64;
            let late = if random.once_in(20) { random.below(40) as u64 } else { 0 };
            let (x, y) = if random.once_in(4) { (3, 4) } else { (random.below(13) as u16, random.below(11) as u16) };
            (t.saturating_sub(late), x, y, random.below(2) as u8)
        })
        .collect()
}

/// What a filter gives for events in pieces of so many, through a chunk of so much room.
fn run(filter: &mut dyn Filter, events: &[Row], piece: usize, room: usize) -> (Vec<Row>, Removed) {
    filter.reset();
    let mut found = Vec::new();
    let mut chunk = Chunk::new(room);
    let mut drain = |chunk: &mut Chunk| {
        let places = chunk.x().iter().zip(chunk.y()).zip(chunk.p());
        found.extend(chunk.t_us().iter().zip(places).map(|(&t, ((&x, &y), &p))| (t, x, y, p)));
        chunk.clear();
    };
    for piece in events.chunks(piece) {
        let t: Vec<u64> = piece.iter().map(|row| row.0).collect();
        let x: Vec<u16> = piece.iter().map(|row| row.1).collect();
        let y: Vec<u16> = piece.iter().map(|row| row.2).collect();
        let p: Vec<u8> = piece.iter().map(|row| row.3).collect();
        let view = EventView::new(&t, &x, &y, &p);
        let mut next = 0;
        while next < piece.len() {
            next = filter.feed(&view, next, &mut chunk);
            drain(&mut chunk);
        }
    }
    while !filter.finish(&mut chunk) {
        drain(&mut chunk);
    }
    drain(&mut chunk);
    (found, filter.removed())
}

/// The filter gives this, whatever the split; what it leaves out adds up.
fn check(mut filter: Box<dyn Filter>, events: &[Row], wanted: &[Row], removed: Removed) {
    for (piece, room) in [(usize::MAX, 1 << 16), (1, 1), (7, 3), (1000, 1000)] {
        let (found, count) = run(&mut *filter, events, piece.min(events.len().max(1)), room);
        assert_eq!(found, wanted, "pieces of {piece}, room for {room}");
        assert_eq!(count, removed, "pieces of {piece}, room for {room}");
    }
}

/// What a rule makes of events, and why it leaves some out: "rule", "outside" or "late".
fn by_rule(events: &[Row], mut rule: impl FnMut(Row) -> Result<Row, &'static str>) -> (Vec<Row>, Removed) {
    let (mut kept, mut removed) = (Vec::new(), Removed::default());
    for &row in events {
        match rule(row) {
            Ok(row) => kept.push(row),
            Err("rule") => removed.by_rule += 1,
            Err("outside") => removed.outside += 1,
            Err(_) => removed.late += 1,
        }
    }
    (kept, removed)
}

fn assert_much(removed: Removed, kept: &[Row]) {
    assert!(removed.by_rule > 20 && kept.len() > 20, "{removed:?}, {} kept", kept.len());
}
