//! Filters one behind the other, as a single one.

use super::{Row, check, run, some_events};
use stllr_events::filter::{CropConfig, DelayConfig, Filter, MergeConfig, Pipe, RefractoryConfig, Removed};
use stllr_events::{Chunk, EventView};

/// A pipe as a filter, to be tested as one; it counts what its first filter leaves out.
struct Whole(Pipe);

impl Filter for Whole {
    fn feed(&mut self, events: &EventView<'_>, from: usize, out: &mut Chunk) -> usize {
        self.0.feed(events, from, out)
    }

    fn finish(&mut self, out: &mut Chunk) -> bool {
        self.0.finish(out)
    }

    fn removed(&self) -> Removed {
        self.0.removed(0)
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

fn stages() -> Vec<Box<dyn Filter>> {
    vec![
        RefractoryConfig { width: 12, height: 10, period_us: 50 }.filter().unwrap(),
        DelayConfig { delays_us: vec![0, 300, 2000], polarities: 2, most_events: 1000 }.filter().unwrap(),
        CropConfig { x: 1, y: 1, width: 8, height: 8 }.filter().unwrap(),
        MergeConfig.filter(),
        DelayConfig { delays_us: (0..90).map(|k| 10 * k).collect(), polarities: 1, most_events: 1 << 16 }
            .filter()
            .unwrap(),
    ]
}

#[test]
fn is_as_good_as_one_after_the_other() {
    let events = some_events(12, 600);
    let mut wanted: Vec<Row> = events.clone();
    let mut first = None;
    for mut stage in stages() {
        let (given, removed) = run(&mut *stage, &wanted, usize::MAX - 1, 1 << 20);
        wanted = given;
        first = first.or(Some(removed));
    }
    assert!(wanted.len() > 30_000, "{}", wanted.len());
    check(Box::new(Whole(Pipe::new(stages()))), &events, &wanted, first.unwrap());
}

#[test]
fn without_filters_all_pass() {
    let events = some_events(13, 200);
    check(Box::new(Whole(Pipe::new(vec![]))), &events, &events, Removed::default());
}
