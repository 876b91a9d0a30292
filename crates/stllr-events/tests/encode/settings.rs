//! Settings out of their range are named, with what is allowed.

use super::{clock, value};
use stllr_events::encode::{
    Camera, CameraConfig, Clock, Cochlea, CochleaCode, CochleaConfig, Delta, DeltaConfig, Follow, Latency,
    LatencyConfig, Mel, MelConfig, Population, PopulationConfig, Range, Rate, SettingError, Start,
};

fn refused<T>(made: Result<T, SettingError>, setting: &str) -> SettingError {
    let Err(error) = made else { panic!("{setting} was taken") };
    assert_eq!(error.setting, setting, "{error}");
    assert!(error.found < error.least || error.found > error.most, "{error}");
    error
}

const RANGE: Range = Range { low: 0, high: 1 };

#[test]
fn of_samples() {
    refused(Clock::new(u64::MAX, 1000), "startUs");
    refused(Clock::new(0, 0), "sampleRateHz x 1000");
    refused(Clock::new(0, u64::MAX), "sampleRateHz x 1000");
    let delta = |thresholds| Delta::new(&DeltaConfig { thresholds, start: Start::First, follow: Follow::Step });
    refused(delta(&[]), "channels");
    refused(delta(&[1; 65_537]), "channels");
    let error = refused(delta(&[1, 0]), "threshold");
    assert_eq!(error.to_string(), "threshold: 0 is not allowed; allowed: 1 to 2147483647");
    refused(Rate::new(&[Range { low: 5, high: 5 }]), "high");
    refused(Population::new(&PopulationConfig { ranges: &[RANGE], levels: 1 }), "levels");
    refused(Latency::new(&LatencyConfig { ranges: &[RANGE], span_us: 126 }, &clock(8000)), "spanUs");
}

#[test]
fn of_sound() {
    let config = MelConfig {
        window: 200,
        hop: 80,
        points: 512,
        bands: 32,
        low_mhz: 60_000,
        high_mhz: 4_000_000,
        full_scale: 32_768,
        floor_db: value(-30.0),
        range_db: Some(value(60.0)),
        delta_db: None,
    };
    let mel = |config: MelConfig| Mel::new(&config, &clock(8000));
    assert!(mel(config).is_ok());
    refused(mel(MelConfig { window: 1, ..config }), "window");
    refused(mel(MelConfig { hop: 0, ..config }), "hop");
    refused(mel(MelConfig { points: 128, ..config }), "points");
    refused(mel(MelConfig { points: 513, ..config }), "points");
    refused(mel(MelConfig { bands: 0, ..config }), "bands");
    refused(mel(MelConfig { high_mhz: 4_000_001, ..config }), "highHz x 1000");
    refused(mel(MelConfig { high_mhz: 60_000, ..config }), "highHz x 1000");
    refused(mel(MelConfig { full_scale: 0, ..config }), "fullScale");
    refused(mel(MelConfig { floor_db: value(-61.0), ..config }), "floorDb x 65536");
    refused(mel(MelConfig { range_db: None, ..config }), "codes");
    let code = CochleaCode::Fire { rate_mhz: 1000, half_us: 1000 };
    let config = CochleaConfig { channels: 4, low_mhz: 60_000, high_mhz: 3_000_000, code };
    let cochlea = |config: CochleaConfig| Cochlea::new(&config, &clock(8000));
    assert!(cochlea(config).is_ok());
    refused(cochlea(CochleaConfig { channels: 257, ..config }), "channels");
    refused(cochlea(CochleaConfig { high_mhz: 3_700_000, ..config }), "highHz x 1000");
    let code = CochleaCode::Fire { rate_mhz: 0, half_us: 1000 };
    refused(cochlea(CochleaConfig { code, ..config }), "rateHz x 1000");
    let code = CochleaCode::Delta { delta_db: 1, floor_db: 0, envelope_mhz: 1000 };
    refused(cochlea(CochleaConfig { code, ..config }), "deltaDb x 65536");
}

#[test]
fn of_frames() {
    let config = CameraConfig {
        width: 4,
        height: 4,
        on: value(0.2),
        off: value(0.2),
        mismatch: 0,
        seed: 1,
        linear_below: 20,
        resolution_us: 1000,
        max_interval_us: 100_000,
    };
    assert!(Camera::new(config).is_ok());
    refused(Camera::new(CameraConfig { width: 0, ..config }), "width");
    refused(Camera::new(CameraConfig { height: 4097, ..config }), "height");
    refused(Camera::new(CameraConfig { on: 1, ..config }), "on x 65536");
    refused(Camera::new(CameraConfig { mismatch: value(0.3), ..config }), "mismatch x 65536");
    refused(Camera::new(CameraConfig { linear_below: 256, ..config }), "linearBelow");
    refused(Camera::new(CameraConfig { max_interval_us: u64::MAX, ..config }), "maxIntervalUs");
    refused(Camera::new(CameraConfig { resolution_us: 0, ..config }), "resolutionUs");
}
