//! Weight decay beside its definition.

use crate::reference::{factor, value};
use proptest::prelude::*;
use stllr_core::fixed::Factor;
use stllr_core::kernel::SUM_MAX;
use stllr_core::noise::{Noise, Rounding, mix};
use stllr_core::optimizer::decay_row;

proptest! {
    #[test]
    fn decay_adds_its_part_of_the_weight(
        g in -(1 << 24)..(1 << 24), w in any::<i32>(), size in 0u32..31, decay in 1e-7f64..1.0, weight_bits in 8u32..=24, bits in 8u32..=28,
    ) {
        let (w, decay) = (w >> size, factor(decay));
        let exact = g as f64 + w as f64 * value(decay) * 2f64.powi(bits as i32 - weight_bits as i32);
        let exact = exact.clamp(-SUM_MAX as f64, SUM_MAX as f64);
        for (noise, most) in [(None, 0.5), (Some(mix(w as u32)), 1.0)] {
            let mut gradient = [g];
            decay_row(&mut gradient, &[w], decay, weight_bits, bits, noise);
            prop_assert!((gradient[0] as f64 - exact).abs() <= most, "{} for {}", gradient[0], exact);
            if let Ok(narrow) = i16::try_from(w) {
                let mut same = [g];
                decay_row(&mut same, &[narrow], decay, weight_bits, bits, noise);
                prop_assert_eq!(same, gradient);
            }
        }
    }
}

#[test]
fn a_decay_below_a_unit_counts_on_average() {
    // 0.1 in Q 13 times 1e-4 is 0.66 units of 2^-16.
    let (mut gradient, decay) = ([0; 64], factor(1e-4));
    for row in 0..1000 {
        let noise = Noise::new(1, 2, 3, Rounding::Dithered).row(row);
        decay_row(&mut gradient, &[819i16; 64], decay, 13, 16, noise);
    }
    let mean = gradient.iter().sum::<i32>() as f64 / 64_000.0;
    let want = 819.0 / 8192.0 * value(decay) * 65536.0;
    assert!((mean - want).abs() < 0.01, "{mean} for {want}");
    // The longest shift.
    decay_row(&mut gradient, &[i32::MIN; 64], Factor { mantissa: 1 << 15, exponent: -64 }, 24, 8, None);
    decay_row(&mut gradient, &[i32::MAX; 64], Factor { mantissa: 1 << 15, exponent: 64 }, 8, 28, None);
    assert_eq!(gradient, [SUM_MAX; 64]);
}
