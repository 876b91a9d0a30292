//! Any split of the values, and any room for the events, gives the same events; latency is kept.

use super::{Spike, clock, feed, sound, value};
use proptest::prelude::*;
use stllr_events::encode::{
    Cochlea, CochleaCode, CochleaConfig, Delta, DeltaConfig, Encoder, Follow, Imu, ImuConfig, Latency, LatencyConfig,
    Mel, MelConfig, Population, PopulationConfig, Range, Rate, Sampled, Start,
};

const RANGES: [Range; 3] = [Range { low: -9_000, high: 9_000 }; 3];
const RATE: u64 = 8000;

/// Every encoder, in small.
fn with_each(mut check: impl FnMut(&str, &mut dyn Encoder)) {
    let clock = || clock(RATE);
    let delta = DeltaConfig { thresholds: &[500, 900, 2000], start: Start::First, follow: Follow::Step };
    check("delta", &mut Sampled::new(clock(), Delta::new(&delta).unwrap()));
    check("rate", &mut Sampled::new(clock(), Rate::new(&RANGES).unwrap()));
    let latency = LatencyConfig { ranges: &RANGES, span_us: 125 };
    check("latency", &mut Sampled::new(clock(), Latency::new(&latency, &clock()).unwrap()));
    let population = PopulationConfig { ranges: &RANGES, levels: 12 };
    check("population", &mut Sampled::new(clock(), Population::new(&population).unwrap()));
    let imu = ImuConfig { thresholds: &[700; 3], ranges: &RANGES, levels: 5 };
    check("imu", &mut Sampled::new(clock(), Imu::new(&imu).unwrap()));
    let mel = MelConfig {
        ..MelConfig {
            window: 50,
            hop: 20,
            points: 64,
            bands: 8,
            low_mhz: 60_000,
            high_mhz: 4_000_000,
            full_scale: 32_768,
            floor_db: value(-30.0),
            range_db: Some(value(60.0)),
            delta_db: Some(value(6.0)),
        }
    };
    check("mel", &mut Sampled::new(clock(), Mel::new(&mel, &clock()).unwrap()));
    for code in [
        CochleaCode::Fire { rate_mhz: 8_000_000, half_us: 20_000 },
        CochleaCode::Delta { delta_db: value(3.0), floor_db: value(-60.0), envelope_mhz: 30_000 },
    ] {
        let config = CochleaConfig { channels: 8, low_mhz: 100_000, high_mhz: 3_000_000, code };
        check("cochlea", &mut Sampled::new(clock(), Cochlea::new(&config, &clock()).unwrap()));
    }
}

fn whole(encoder: &mut dyn Encoder, values: &[i32]) -> Vec<Spike> {
    struct By<'a>(&'a mut dyn Encoder);
    impl Encoder for By<'_> {
        fn channels(&self) -> usize {
            self.0.channels()
        }
        fn sensor(&self) -> stllr_events::Sensor {
            self.0.sensor()
        }
        fn latency_us(&self) -> u64 {
            self.0.latency_us()
        }
        fn most_events(&self) -> usize {
            self.0.most_events()
        }
        fn feed(&mut self, values: &[i32], out: &mut stllr_events::Chunk) -> usize {
            self.0.feed(values, out)
        }
        fn reset(&mut self) {
            self.0.reset();
        }
    }
    let room = encoder.most_events();
    feed(&mut By(encoder), values, room)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_split_gives_the_same(pieces in prop::collection::vec(0usize..400, 1..12), loudest in 10_000.0..32_767.0f64) {
        let values = sound(1201, RATE as f64, loudest);
        with_each(|name, encoder| {
            let wanted = whole(encoder, &values);
            assert!(wanted.len() > 5, "{name}: {} events", wanted.len());
            encoder.reset();
            let (mut found, mut rest) = (Vec::new(), &values[..]);
            for &piece in &pieces {
                let (part, more) = rest.split_at(piece.min(rest.len()));
                found.extend(whole(encoder, part));
                rest = more;
            }
            found.extend(whole(encoder, rest));
            assert_eq!(found, wanted, "{name}");
        });
    }
}

#[test]
fn events_come_in_order_on_the_sensor_and_in_time() {
    let values = sound(2400, RATE as f64, 30_000.0);
    with_each(|name, encoder| {
        let (sensor, latency, channels) = (encoder.sensor(), encoder.latency_us(), encoder.channels());
        let (mut last, mut fed) = (0, 0);
        for (index, frame) in values.chunks_exact(channels).enumerate() {
            let now = index as u64 * 1_000_000 / RATE;
            for (t, x, p) in whole(encoder, frame) {
                assert!(t >= last, "{name}: {t} after {last}");
                assert!(u32::from(x) < sensor.width && u32::from(p) < sensor.polarities, "{name}: {x}, {p}");
                assert!(t + latency >= now, "{name}: {t} is told at {now}");
                (last, fed) = (t, fed + 1);
            }
        }
        assert!(fed > 20, "{name}: {fed}");
    });
}
