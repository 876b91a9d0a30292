//! The delay line.

use super::{Row, check, some_events};
use stllr_events::filter::{DelayConfig, Removed};

/// All copies, by time; of one time as they were: the larger delay first.
fn delayed(events: &[Row], delays: &[u64], polarities: u8) -> (Vec<Row>, Removed) {
    let mut copies = Vec::new();
    let (mut last, mut removed) = (0, Removed::default());
    for (index, &(t, x, y, p)) in events.iter().enumerate() {
        if p >= polarities {
            removed.outside += 1;
        } else if t < last {
            removed.late += 1;
        } else {
            last = t;
            for (k, delay) in delays.iter().enumerate() {
                copies.push((t + delay, delays.len() - k, index, (t + delay, x, y, p + k as u8 * polarities)));
            }
        }
    }
    copies.sort_unstable();
    (copies.into_iter().map(|(.., row)| row).collect(), removed)
}

#[test]
fn each_event_comes_again() {
    let events = some_events(10, 1500);
    for delays in [vec![0], vec![250], vec![0, 40, 41, 1000], vec![7, 500, 100_000]] {
        let (wanted, removed) = delayed(&events, &delays, 2);
        assert!(removed.late > 20 && wanted.len() > 1000 * delays.len());
        let config = DelayConfig { delays_us: delays, polarities: 2, most_events: 2000 };
        check(config.filter().unwrap(), &events, &wanted, removed);
    }
    let (wanted, removed) = delayed(&events, &[0, 40], 1);
    assert!(removed.outside > 100);
    check(
        DelayConfig { delays_us: vec![0, 40], polarities: 1, most_events: 2000 }.filter().unwrap(),
        &events,
        &wanted,
        removed,
    );
}

#[test]
fn what_there_is_no_room_for_is_counted() {
    // Three at a time: of four within 100 us the last is dropped; 100 us later there is room again.
    let events = [(0, 1, 0, 0), (10, 2, 0, 0), (20, 3, 0, 0), (30, 4, 0, 0), (100, 5, 0, 0)];
    let kept: Vec<Row> = events.iter().copied().filter(|row| row.1 != 4).collect();
    let (wanted, _) = delayed(&kept, &[0, 100], 1);
    let removed = Removed { no_room: 1, ..Removed::default() };
    check(
        DelayConfig { delays_us: vec![0, 100], polarities: 1, most_events: 3 }.filter().unwrap(),
        &events,
        &wanted,
        removed,
    );
}

#[test]
fn settings_are_checked() {
    let refused = |delays_us: &[u64], polarities, most_events| {
        let made = DelayConfig { delays_us: delays_us.to_vec(), polarities, most_events }.filter();
        made.err().map(|error| error.setting)
    };
    assert_eq!(refused(&[], 2, 1), Some("delaysUs.length"));
    assert_eq!(refused(&[0, 5, 5], 2, 1), Some("delaysUs"));
    assert_eq!(refused(&[(1 << 32) + 1], 2, 1), Some("delaysUs"));
    assert_eq!(refused(&[0, 1, 2], 86, 1), Some("polarities"));
    assert_eq!(refused(&[0], 2, 0), Some("mostEvents"));
    assert_eq!(refused(&[0, 1, 2], 85, 1), None);
}
