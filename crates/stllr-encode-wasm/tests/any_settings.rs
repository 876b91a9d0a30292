//! No settings make anything panic or take long: they are refused, or what they make works.

use proptest::prelude::*;
use stllr_encode_wasm::{FilterPipe, FrameEncoder, SampleEncoder};

/// Numbers as they are meant, at the borders, and such as nobody means.
fn number() -> impl Strategy<Value = f64> {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.5, 1e300, 9_007_199_254_740_991.0, 4_294_967_296.0];
    prop_oneof![
        4 => (0u32..300).prop_map(f64::from),
        4 => (0u32..31).prop_map(|bits| f64::from(1u32 << bits)),
        2 => any::<i32>().prop_map(f64::from),
        1 => prop::sample::select(odd.to_vec()),
    ]
}

fn numbers() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(number(), 0..16)
}

/// Like some settings that are sound, but for one number.
fn nearly(sound: &'static [&'static [f64]]) -> impl Strategy<Value = (u8, Vec<f64>)> {
    (0..sound.len(), any::<prop::sample::Index>(), number()).prop_map(|(kind, place, number)| {
        let mut settings = sound[kind].to_vec();
        if !settings.is_empty() {
            let place = place.index(settings.len());
            settings[place] = number;
        }
        (kind as u8, settings)
    })
}

const SAMPLES: &[&[f64]] = &[
    &[0.0, 1e6, 1.0, 0.0, 0.0, 5e4, 6e4],
    &[0.0, 1e6, 0.0, 65_536.0, -5.0, 5.0],
    &[0.0, 1e6, 900.0, 0.0, 65_536.0],
    &[0.0, 1e6, 16.0, 0.0, 65_536.0],
    &[0.0, 1e6, 16.0, 100.0, -65_536.0, 65_536.0],
    &[0.0, 8e6, 200.0, 80.0, 512.0, 32.0, 6e4, 4e6, 32_768.0, -1_966_080.0, 1.0, 3_932_160.0, 1.0, 393_216.0],
    &[0.0, 8e6, 64.0, 6e4, 3.2e6, 0.0, 2e6, 2e4],
    &[0.0, 8e6, 64.0, 6e4, 3.2e6, 1.0, 196_608.0, -3_932_160.0, 3e4],
];

const FILTERS: &[&[f64]] = &[
    &[1.0, 2.0, 30.0, 40.0],
    &[0.0, 1.0, 2.0, 30.0, 40.0, 5.0, 5.0, 5.0, 5.0],
    &[64.0, 64.0, 4.0, 3.0, 2.0],
    &[],
    &[64.0, 64.0, 1000.0],
    &[64.0, 64.0, 1000.0, 1.0],
    &[64.0, 64.0, 1000.0, 10.0],
    &[1000.0, 10.0],
    &[100.0, 1000.0],
    &[2.0, 100.0, 0.0, 1000.0, 5000.0],
];

fn try_samples(kind: u8, settings: &[f64]) {
    let mut encoder = SampleEncoder::new();
    if !encoder.start(kind, settings) {
        assert!(encoder.fault().is_some());
        return;
    }
    let values = encoder.input_capacity();
    let mut from = 0;
    while from < values {
        encoder.feed(from, values);
        assert!(encoder.consumed() > 0);
        from += encoder.consumed();
    }
}

fn try_filter(kind: u8, settings: &[f64]) {
    let mut pipe = FilterPipe::new();
    if !pipe.add(kind, settings) {
        assert!(pipe.fault().is_some());
        return;
    }
    pipe.begin();
    pipe.put(4096);
    let mut from = 0;
    while from < 4096 {
        pipe.feed(from);
        from = pipe.consumed();
    }
    while !pipe.is_done() {
        pipe.finish();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn of_samples(kind in 0u8..9, settings in numbers()) {
        try_samples(kind, &settings);
    }

    #[test]
    fn nearly_sound_of_samples((kind, settings) in nearly(SAMPLES)) {
        // The last two are of one kind.
        try_samples(kind.min(6), &settings);
    }

    #[test]
    fn of_filters(kind in 0u8..12, settings in numbers()) {
        try_filter(kind, &settings);
    }

    #[test]
    fn nearly_sound_of_filters((kind, settings) in nearly(FILTERS)) {
        try_filter(kind, &settings);
    }

    #[test]
    fn of_frames(place in 0usize..10, number in number(), times in prop::collection::vec(number(), 3)) {
        let mut settings = [8.0, 6.0, 13_107.0, 13_107.0, 2000.0, 1.0, 20.0, 1000.0, 100_000.0, 1.0];
        settings[place] = number;
        let mut encoder = FrameEncoder::new();
        if !encoder.start(&settings) {
            prop_assert!(encoder.fault().is_some());
            return Ok(());
        }
        for time_us in times {
            if encoder.frame(time_us, true) {
                while !encoder.is_done() {
                    encoder.events();
                }
            }
        }
    }
}
