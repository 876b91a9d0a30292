//! Time steps: against a reference that anybody can check by eye, and every rule on its own.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use stllr_events::{
    Binner, BinnerConfig, ConfigError, EventFault, EventFaultKind as Kind, EventView, MAX_TIME_US, OnFault, Progress,
    Sensor, TimeUs,
};

type Row = (u64, u16, u16, u8);

const SENSOR: Sensor = Sensor { width: 7, height: 5, polarities: 2 };
const CONFIG: BinnerConfig = BinnerConfig { sensor: SENSOR, step_us: 10, origin_us: Some(0), max_gap_us: 500 };

struct Arrays {
    t: Vec<u64>,
    x: Vec<u16>,
    y: Vec<u16>,
    p: Vec<u8>,
}

impl Arrays {
    fn new(events: &[Row]) -> Self {
        Self {
            t: events.iter().map(|e| e.0).collect(),
            x: events.iter().map(|e| e.1).collect(),
            y: events.iter().map(|e| e.2).collect(),
            p: events.iter().map(|e| e.3).collect(),
        }
    }

    fn view(&self) -> EventView<'_> {
        EventView::new(&self.t, &self.x, &self.y, &self.p)
    }
}

struct Run {
    steps: Vec<Vec<u32>>,
    fault: Option<EventFault>,
    dropped: [u64; Kind::COUNT],
}

/// All steps of the events, given in chunks of `chunk`.
fn run(events: &[Row], chunk: usize, config: BinnerConfig, on_fault: OnFault) -> Run {
    let mut binner = Binner::new(config).expect("a sound configuration");
    let mut steps = Vec::new();
    let mut fault = None;
    'chunks: for part in events.chunks(chunk.max(1)) {
        let arrays = Arrays::new(part);
        let mut from = 0;
        loop {
            match binner.advance(&arrays.view(), from, on_fault) {
                Progress::StepDone { next } => {
                    steps.push(binner.rows().to_vec());
                    binner.next_step();
                    from = next;
                }
                Progress::AllTaken => break,
                Progress::Fault(found) => {
                    fault = Some(found);
                    break 'chunks;
                }
            }
        }
    }
    for _ in 0..binner.steps_left(None) {
        steps.push(binner.rows().to_vec());
        binner.next_step();
    }
    Run { steps, fault, dropped: *binner.dropped() }
}

/// The rules, one after the other.
fn wrong(event: Row, before: u64, gap: u64, sensor: Sensor) -> Option<Kind> {
    let (t, x, y, p) = event;
    if t > MAX_TIME_US {
        Some(Kind::Time)
    } else if t < before {
        Some(Kind::Back)
    } else if t > before.saturating_add(gap) {
        Some(Kind::Gap)
    } else if u32::from(x) >= sensor.width {
        Some(Kind::X)
    } else if u32::from(y) >= sensor.height {
        Some(Kind::Y)
    } else if u32::from(p) >= sensor.polarities {
        Some(Kind::Polarity)
    } else {
        None
    }
}

/// The rows of each step, what was dropped by kind, and the first fault.
type Expected = (Vec<BTreeSet<u32>>, [u64; Kind::COUNT], Option<(usize, Kind)>);

fn reference(events: &[Row], config: BinnerConfig) -> Expected {
    let mut origin = config.origin_us;
    let mut before = origin.unwrap_or(0);
    let mut steps = BTreeMap::<u64, BTreeSet<u32>>::new();
    let mut dropped = [0; Kind::COUNT];
    let mut first = None;
    for (index, &event) in events.iter().enumerate() {
        let gap = if origin.is_some() { config.max_gap_us } else { u64::MAX };
        if let Some(kind) = wrong(event, before, gap, config.sensor) {
            dropped[kind as usize] += 1;
            first = first.or(Some((index, kind)));
            continue;
        }
        let (t, x, y, p) = event;
        let start = *origin.get_or_insert(t);
        before = t;
        let row = (u32::from(p) * config.sensor.height + u32::from(y)) * config.sensor.width + u32::from(x);
        steps.entry((t - start) / config.step_us).or_default().insert(row);
    }
    let count = steps.last_key_value().map_or(0, |(&last, _)| last + 1);
    let steps = (0..count).map(|step| steps.remove(&step).unwrap_or_default()).collect();
    (steps, dropped, first)
}

/// Mostly sound events, close in time, with every fault among them.
fn events() -> impl Strategy<Value = Vec<Row>> {
    let ahead =
        prop_oneof![30 => 0u64..6, 5 => 6u64..400, 1 => 400u64..900, 1 => Just(u64::MAX >> 8), 1 => Just(u64::MAX)];
    let event = (ahead, 0u64..40, 0u16..8, 0u16..6, prop_oneof![20 => 0u8..2, 1 => 2u8..4]);
    (0u64..400, prop::collection::vec(event, 0..300)).prop_map(|(start, parts)| {
        let mut now = start;
        parts
            .into_iter()
            .map(|(ahead, back, x, y, p)| {
                if ahead < 900 {
                    now += ahead;
                    (if back == 0 { now.saturating_sub(3) } else { now }, x, y, p)
                } else {
                    (ahead, x, y, p)
                }
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn any_chunks_give_the_steps_of_the_reference(
        events in events(), chunk in 1usize..400, step_us in 1u64..50, given in any::<bool>(),
    ) {
        let config = BinnerConfig { step_us, origin_us: given.then_some(0), ..CONFIG };
        let (steps, dropped, first) = reference(&events, config);
        let found = run(&events, chunk, config, OnFault::Skip);
        prop_assert_eq!(found.dropped, dropped);
        prop_assert_eq!(found.fault, None);
        let sets: Vec<BTreeSet<u32>> = found.steps.iter().map(|rows| rows.iter().copied().collect()).collect();
        prop_assert_eq!(&sets, &steps);
        prop_assert!(found.steps.iter().zip(&sets).all(|(rows, set)| rows.len() == set.len()), "a row came twice");

        // Refusing stops at the first fault, with everything before it taken and nothing after it.
        let refused = run(&events, events.len(), config, OnFault::Refuse);
        prop_assert_eq!(refused.fault.map(|fault| (fault.index, fault.kind)), first);
        let until = first.map_or(events.len(), |(index, _)| index);
        prop_assert_eq!(refused.steps, run(&events[..until], chunk, config, OnFault::Refuse).steps);

        // Checking finds the same, chunk after chunk.
        let binner = Binner::new(config).expect("sound");
        let mut after_us = None;
        let mut found = None;
        for part in events.chunks(chunk) {
            match binner.check_after(&Arrays::new(part).view(), after_us, u64::MAX, OnFault::Refuse) {
                Ok(last_us) => after_us = last_us,
                Err(fault) => {
                    found = Some(fault);
                    break;
                }
            }
        }
        let same = |fault: EventFault| EventFault { index: fault.index % chunk, ..fault };
        prop_assert_eq!(found, refused.fault.map(same));
        if found.is_none() {
            prop_assert_eq!(after_us, events.last().map(|event| event.0));
        }
        let all = Arrays::new(&events);
        let last_us = binner.check_after(&all.view(), None, u64::MAX, OnFault::Skip).expect("faults are passed over");
        prop_assert_eq!(last_us.is_some(), !steps.is_empty());
    }

    #[test]
    fn arbitrary_events_never_panic(
        t in prop::collection::vec(any::<u64>(), 0..50), x in any::<u16>(), y in any::<u16>(), p in any::<u8>(),
        origin_us in prop::option::of(0..=MAX_TIME_US),
    ) {
        let sensor = Sensor { width: 300, height: 200, polarities: 3 };
        let config = BinnerConfig { sensor, step_us: 1 << 32, origin_us, max_gap_us: 1 << 40 };
        let events: Vec<Row> = t.into_iter().map(|t| (t, x, y, p)).collect();
        run(&events, 7, config, OnFault::Skip);
    }
}

fn fault(event: Row, after: &[Row]) -> EventFault {
    let mut events = after.to_vec();
    events.push(event);
    run(&events, events.len(), CONFIG, OnFault::Refuse).fault.expect("a fault")
}

#[test]
fn each_fault_says_where_what_and_what_is_allowed() {
    let sound = [(100, 0, 0, 0), (120, 1, 1, 1)];
    let said = |event| fault(event, &sound).to_string();
    assert_eq!(said((119, 0, 0, 0)), "event 2: t 119 goes back in time; allowed: 120 to 620");
    assert_eq!(said((621, 0, 0, 0)), "event 2: t 621 leaves a gap that is too long; allowed: 120 to 620");
    assert_eq!(said((120, 7, 9, 9)), "event 2: x 7 is outside the sensor; allowed: 0 to 6");
    assert_eq!(said((120, 6, 5, 9)), "event 2: y 5 is outside the sensor; allowed: 0 to 4");
    assert_eq!(said((120, 6, 4, 2)), "event 2: p 2 is outside the sensor; allowed: 0 to 1");
    assert_eq!(said((1 << 53, 0, 0, 0)), "event 2: t 9007199254740992; allowed: 0 to 9007199254740991");
}

#[test]
fn a_refused_event_changes_nothing_and_the_next_one_may_follow() {
    let arrays = Arrays::new(&[(3, 1, 0, 0), (400, 7, 0, 0), (12, 2, 0, 0)]);
    let mut binner = Binner::new(CONFIG).expect("sound");
    let Progress::Fault(fault) = binner.advance(&arrays.view(), 0, OnFault::Refuse) else { panic!("no fault") };
    assert_eq!((fault.index, fault.kind, binner.step(), binner.rows()), (1, Kind::X, 0, &[1][..]));
    assert_eq!(binner.advance(&arrays.view(), 2, OnFault::Refuse), Progress::StepDone { next: 2 });
}

#[test]
fn a_step_closed_by_the_clock_makes_later_arrivals_late() {
    let mut binner = Binner::new(CONFIG).expect("sound");
    binner.next_step();
    binner.next_step();
    let arrays = Arrays::new(&[(19, 0, 0, 0), (20, 1, 0, 0)]);
    assert_eq!(binner.advance(&arrays.view(), 0, OnFault::Skip), Progress::AllTaken);
    assert_eq!((binner.step(), binner.rows().to_vec(), binner.dropped()[Kind::Back as usize]), (2, vec![1], 1));
}

#[test]
fn without_an_origin_the_first_event_begins_the_current_step() {
    let unix_us = 1_700_000_000_000_007;
    let config = BinnerConfig { origin_us: None, ..CONFIG };
    let steps =
        run(&[(unix_us, 1, 0, 0), (unix_us + 9, 2, 0, 0), (unix_us + 10, 3, 0, 0)], 9, config, OnFault::Refuse).steps;
    assert_eq!(steps, [vec![1, 2], vec![3]]);
}

#[test]
fn trailing_steps_are_counted_to_the_end_that_is_asked_for() {
    let mut binner = Binner::new(CONFIG).expect("sound");
    assert_eq!((binner.steps_left(None), binner.steps_left(Some(3))), (0, 3));
    let arrays = Arrays::new(&[(3, 0, 0, 0)]);
    assert_eq!(binner.advance(&arrays.view(), 0, OnFault::Refuse), Progress::AllTaken);
    assert_eq!((binner.steps_left(None), binner.steps_left(Some(3))), (1, 3));
    binner.next_step();
    assert_eq!((binner.steps_left(None), binner.steps_left(Some(3)), binner.steps_left(Some(0))), (0, 2, 0));
}

#[test]
fn time_ends_without_an_endless_loop() {
    let config = BinnerConfig { origin_us: Some(MAX_TIME_US - 3), ..CONFIG };
    let found = run(&[(MAX_TIME_US, 1, 0, 0), (MAX_TIME_US + 1, 2, 0, 0)], 9, config, OnFault::Skip);
    assert_eq!((found.steps, found.dropped[Kind::Time as usize]), (vec![vec![1]], 1));
    let mut binner = Binner::new(config).expect("sound");
    binner.next_step();
    let arrays = Arrays::new(&[(MAX_TIME_US, 1, 0, 0)]);
    assert_eq!(binner.advance(&arrays.view(), 0, OnFault::Skip), Progress::AllTaken);
    assert_eq!(binner.dropped()[Kind::Back as usize], 1);
}

#[test]
fn reset_forgets_rows_times_and_counts() {
    let arrays = Arrays::new(&[(3, 0, 0, 0), (2, 0, 0, 0)]);
    let mut binner = Binner::new(CONFIG).expect("sound");
    for _ in 0..2 {
        assert_eq!(binner.advance(&arrays.view(), 0, OnFault::Skip), Progress::AllTaken);
        assert_eq!((binner.rows().to_vec(), binner.dropped().iter().sum::<u64>()), (vec![0], 1));
        binner.next_step();
        binner.reset();
        assert_eq!((binner.step(), binner.rows().len(), binner.dropped().iter().sum::<u64>()), (0, 0, 0));
    }
}

#[test]
fn every_row_can_fire_in_one_step() {
    let all = |t: u64| (0..2u8).flat_map(move |p| (0..5).flat_map(move |y| (0..7).map(move |x| (t, x, y, p))));
    let events: Vec<Row> = all(1).chain(all(2)).chain(all(11)).collect();
    let steps = run(&events, 9, CONFIG, OnFault::Refuse).steps;
    assert_eq!(steps, vec![(0..70).collect::<Vec<u32>>(); 2]);
}

#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct NoTime;

impl TimeUs for NoTime {
    fn us(self) -> Option<u64> {
        None
    }

    fn from_us(_: u64) -> Self {
        Self
    }

    fn is_whole(self) -> bool {
        false
    }
}

#[test]
fn a_time_that_is_no_number_is_a_fault() {
    let mut binner = Binner::new(CONFIG).expect("sound");
    let view = EventView::new(&[NoTime], &[0], &[0], &[0]);
    let Progress::Fault(fault) = binner.advance(&view, 0, OnFault::Refuse) else { panic!("no fault") };
    assert_eq!(fault.to_string(), "event 0: t is no whole number; allowed: 0 to 9007199254740991");
}

#[test]
fn settings_are_checked_and_memory_is_known_before() {
    let with = |sensor| Binner::new(BinnerConfig { sensor, ..CONFIG }).map(|_| ());
    let refused = |setting, found, least, most| Err(ConfigError { setting, found, least, most });
    assert_eq!(with(Sensor { width: 0, ..SENSOR }), refused("width", 0, 1, 65_536));
    let huge = Sensor { width: 65_536, height: 65_536, polarities: 2 };
    assert_eq!(with(huge), refused("width x height x polarities", 1 << 33, 1, 1 << 24));
    let no_step = Binner::new(BinnerConfig { step_us: 0, ..CONFIG }).expect_err("no step");
    assert_eq!(no_step.to_string(), "step_us: 0 is not allowed; allowed: 1 to 4294967296");
    let short_gap = Binner::new(BinnerConfig { max_gap_us: 9, ..CONFIG }).expect_err("a gap within a step");
    assert_eq!(short_gap.to_string(), "max_gap_us: 9 is not allowed; allowed: 10 to 18446744073709551615");
    assert_eq!(CONFIG.bytes(), 4 * 70 + 8 * 2);
}

#[test]
fn a_check_looks_no_further_than_its_end() {
    let binner = Binner::new(CONFIG).expect("sound");
    let t = [1, 12, 20, 99, 5];
    let bad_x = [0, 0, 0, 70, 0];
    let view = EventView::new(&t, &bad_x, &[0; 5], &[0; 5]);
    assert_eq!(binner.check_after(&view, None, 20, OnFault::Refuse), Ok(Some(12)));
    assert_eq!(binner.check_after(&view, None, 13, OnFault::Skip), Ok(Some(12)));
    assert_eq!(binner.check_after(&view, None, 0, OnFault::Refuse), Ok(None));
    let fault = binner.check_after(&view, None, 21, OnFault::Refuse).expect_err("a bad column");
    assert_eq!((fault.index, fault.kind), (3, Kind::X));
}
