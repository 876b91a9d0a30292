//! Filters that look at one event after the other.

use super::{Row, assert_much, by_rule, check, some_events};
use std::collections::HashMap;
use stllr_events::encode::SettingError;
use stllr_events::filter::{
    BackgroundConfig, CountConfig, CropConfig, DownsampleConfig, Filter, HotPixelConfig, MergeConfig, RateLimitConfig,
    Rectangle, RefractoryConfig, RegionConfig,
};

const WIDTH: u32 = 12;
const HEIGHT: u32 = 10;

/// The rule for late events, and that for events outside.
fn ordered(mut rule: impl FnMut(Row) -> Result<Row, &'static str>) -> impl FnMut(Row) -> Result<Row, &'static str> {
    let mut last = 0;
    move |row| {
        if u32::from(row.1) >= WIDTH || u32::from(row.2) >= HEIGHT {
            return Err("outside");
        }
        if row.0 < last {
            return Err("late");
        }
        last = row.0;
        rule(row)
    }
}

#[test]
fn crop() {
    let events = some_events(1, 2000);
    let (wanted, removed) = by_rule(&events, |(t, x, y, p)| {
        let inside = (2..8).contains(&x) && (4..9).contains(&y);
        if inside { Ok((t, x - 2, y - 4, p)) } else { Err("rule") }
    });
    assert_much(removed, &wanted);
    check(CropConfig { x: 2, y: 4, width: 6, height: 5 }.filter().unwrap(), &events, &wanted, removed);
    // To the last column there can be.
    let far = [(1, 65_535, 65_535, 0), (2, 65_534, 65_535, 0)];
    let crop = CropConfig { x: 65_535, y: 0, width: 65_536, height: 65_536 }.filter().unwrap();
    let (wanted, removed) = by_rule(&far, |row| if row.0 == 1 { Ok((1, 0, 65_535, 0)) } else { Err("rule") });
    check(crop, &far, &wanted, removed);
}

#[test]
fn region() {
    let events = some_events(2, 2000);
    let regions = [Rectangle { x: 0, y: 0, width: 3, height: 3 }, Rectangle { x: 2, y: 2, width: 4, height: 1 }];
    for is_outside in [false, true] {
        let (wanted, removed) = by_rule(&events, |row| {
            let (_, x, y, _) = row;
            let inside = x < 3 && y < 3 || (2..6).contains(&x) && y == 2;
            if inside != is_outside { Ok(row) } else { Err("rule") }
        });
        assert_much(removed, &wanted);
        let config = RegionConfig { regions: regions.into(), is_outside };
        check(config.filter().unwrap(), &events, &wanted, removed);
    }
}

#[test]
fn downsample() {
    let events = some_events(3, 2000);
    for every in [1, 3] {
        let mut counts = HashMap::new();
        let (wanted, removed) = by_rule(&events, |(t, x, y, p)| {
            if u32::from(x) >= WIDTH || u32::from(y) >= HEIGHT {
                return Err("outside");
            }
            let count = counts.entry((x / 5, y / 5, p)).or_insert(0);
            *count += 1;
            if *count % every == 0 { Ok((t, x / 5, y / 5, p)) } else { Err("rule") }
        });
        assert!(every == 1 || removed.by_rule > 1000, "{removed:?}");
        let config = DownsampleConfig { width: WIDTH, height: HEIGHT, factor: 5, every, polarities: 2 };
        check(config.filter().unwrap(), &events, &wanted, removed);
    }
}

#[test]
fn merge() {
    let events = some_events(4, 300);
    let (wanted, removed) = by_rule(&events, |(t, x, y, _)| Ok((t, x, y, 0)));
    check(MergeConfig.filter(), &events, &wanted, removed);
}

#[test]
fn refractory() {
    let events = some_events(5, 2000);
    let mut last: HashMap<(u16, u16), u64> = HashMap::new();
    let (wanted, removed) = by_rule(
        &events,
        ordered(|row| {
            let (t, x, y, _) = row;
            if last.get(&(x, y)).is_some_and(|before| t - before < 100) {
                return Err("rule");
            }
            last.insert((x, y), t);
            Ok(row)
        }),
    );
    assert_much(removed, &wanted);
    assert!(removed.late > 20 && removed.outside > 20, "{removed:?}");
    let config = RefractoryConfig { width: WIDTH, height: HEIGHT, period_us: 100 };
    check(config.filter().unwrap(), &events, &wanted, removed);
}

#[test]
fn background() {
    let events = some_events(6, 2000);
    for support in [1, 2] {
        let mut last: HashMap<(i32, i32), u64> = HashMap::new();
        let (wanted, removed) = by_rule(
            &events,
            ordered(|row| {
                let (t, x, y) = (row.0, i32::from(row.1), i32::from(row.2));
                let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))).filter(|&d| d != (0, 0));
                let near = |(dx, dy)| last.get(&(x + dx, y + dy)).is_some_and(|before| t - before <= 150);
                let count = around.filter(|&d| near(d)).count();
                last.insert((x, y), t);
                if count >= support { Ok(row) } else { Err("rule") }
            }),
        );
        assert_much(removed, &wanted);
        let config = BackgroundConfig { width: WIDTH, height: HEIGHT, window_us: 150, support: support as u32 };
        check(config.filter().unwrap(), &events, &wanted, removed);
    }
}

#[test]
fn hot_pixel() {
    let events = some_events(7, 3000);
    let mut counts: HashMap<(u16, u16, u64), u32> = HashMap::new();
    let (wanted, removed) = by_rule(
        &events,
        ordered(|row| {
            let (t, x, y, _) = row;
            let window = t / 500;
            *counts.entry((x, y, window)).or_insert(0) += 1;
            let before = if window > 0 { counts.get(&(x, y, window - 1)).copied().unwrap_or(0) } else { 0 };
            if counts[&(x, y, window)] > 3 || before > 3 { Err("rule") } else { Ok(row) }
        }),
    );
    assert_much(removed, &wanted);
    assert!(wanted.iter().filter(|row| (row.1, row.2) == (3, 4)).count() < 20, "the hot pixel is silenced");
    let config = HotPixelConfig { width: WIDTH, height: HEIGHT, window_us: 500, most: 3 };
    check(config.filter().unwrap(), &events, &wanted, removed);
}

#[test]
fn rate_limit() {
    let events = some_events(8, 3000);
    let (mut tokens, mut last, mut seen) = (5.0f64, 0, 0);
    let (wanted, removed) = by_rule(&events, |row| {
        if row.0 < seen {
            return Err("late");
        }
        seen = row.0;
        tokens = (tokens + (row.0 - last) as f64 * 0.03125).min(5.0);
        last = row.0;
        if tokens < 1.0 {
            return Err("rule");
        }
        tokens -= 1.0;
        Ok(row)
    });
    assert_much(removed, &wanted);
    check(RateLimitConfig { rate: 31_250, burst: 5 }.filter().unwrap(), &events, &wanted, removed);
    // No stretch has more than the burst and what the rate gives.
    for (first, row) in wanted.iter().enumerate() {
        let within = wanted[first..].iter().take_while(|other| other.0 <= row.0 + 320).count();
        assert!(within <= 5 + 10, "{within} events");
    }
}

#[test]
fn count() {
    let events = some_events(9, 1000);
    let (mut k, mut seen) = (0, 0);
    let (wanted, removed) = by_rule(&events, |(t, x, y, p)| {
        if t < seen {
            return Err("late");
        }
        seen = t;
        k += 1;
        Ok(((k - 1) / 64 * 1000, x, y, p))
    });
    assert!(removed.late > 10);
    check(CountConfig { events: 64, step_us: 1000 }.filter().unwrap(), &events, &wanted, removed);
}

#[test]
fn settings_are_checked() {
    let refused = |made: Result<Box<dyn Filter>, SettingError>, setting: &str| {
        assert_eq!(made.err().map(|error| error.setting), Some(setting));
    };
    refused(CropConfig { x: 0, y: 0, width: 0, height: 1 }.filter(), "width");
    refused(RegionConfig { regions: [].into(), is_outside: false }.filter(), "regions.length");
    let down = DownsampleConfig { width: 4096, height: 4096, factor: 1, every: 2, polarities: 2 };
    refused(down.filter(), "cells x polarities");
    refused(DownsampleConfig { factor: 0, ..down }.filter(), "factor");
    refused(RefractoryConfig { width: 4097, height: 1, period_us: 1 }.filter(), "width");
    refused(RefractoryConfig { width: 1, height: 1, period_us: u64::MAX }.filter(), "periodUs");
    refused(BackgroundConfig { width: 1, height: 1, window_us: 1, support: 9 }.filter(), "support");
    refused(HotPixelConfig { width: 1, height: 1, window_us: 0, most: 1 }.filter(), "windowUs");
    refused(RateLimitConfig { rate: 0, burst: 1 }.filter(), "rateHz");
    refused(CountConfig { events: 0, step_us: 1 }.filter(), "events");
}
