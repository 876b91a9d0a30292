//! The same events on every machine: test/encode.test.ts gives the same numbers for the WASM.

use super::{Spike, clock, encode, value};
use stllr_events::encode::{Cochlea, CochleaCode, CochleaConfig, Mel, MelConfig};

/// Noise that swells, by integers alone.
fn noise(count: u32) -> Vec<i32> {
    let mut state = 1u32;
    (0..count)
        .map(|k| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) as i32 - 32_768) * (k % 4000) as i32 / 4000
        })
        .collect()
}

/// FNV-1a over time, column and polarity of each event, as 32-bit words.
fn digest(spikes: &[Spike]) -> u32 {
    let words = spikes.iter().flat_map(|&(t, x, p)| [t as u32, x.into(), p.into()]);
    words.fold(0x811C_9DC5, |hash, word| (hash ^ word).wrapping_mul(0x0100_0193))
}

#[test]
fn digests() {
    let samples = noise(40_000);
    let mel = MelConfig {
        window: 200,
        hop: 80,
        points: 512,
        bands: 32,
        low_mhz: 60_000,
        high_mhz: 4_000_000,
        full_scale: 32_768,
        floor_db: value(-30.0),
        range_db: Some(value(60.0)),
        delta_db: Some(value(6.0)),
    };
    let mel = encode(clock(8000), Mel::new(&mel, &clock(8000)).unwrap(), &samples);
    let config = |code| CochleaConfig { channels: 64, low_mhz: 60_000, high_mhz: 3_200_000, code };
    let cochlea = |code| encode(clock(8000), Cochlea::new(&config(code), &clock(8000)).unwrap(), &samples);
    let fire = cochlea(CochleaCode::Fire { rate_mhz: 2_000_000, half_us: 20_000 });
    let delta = cochlea(CochleaCode::Delta { delta_db: value(3.0), floor_db: value(-60.0), envelope_mhz: 30_000 });
    let found = [mel, fire, delta].map(|spikes| (spikes.len(), digest(&spikes)));
    assert_eq!(found, [(12_252, 394_998_668), (33_049, 1_390_615_130), (51_911, 3_270_719_839)]);
}
