//! exp(-x) in integers, for softmax and sigmoid, as losses and as a surrogate.

/// One in `Q 30`.
pub const ONE_Q30: u64 = 1 << 30;

/// exp(-i) for i in 0..=21, `Q 30`; beyond, exp(-x) is below half a unit.
const WHOLE: [u32; 22] = {
    let e = series(1 << 61, 61);
    powers(e)
};

/// exp(-j / 256) for j in 0..256, `Q 30`.
const FRACTION: [u32; 256] = {
    let e = series(1 << 53, 61);
    powers(e)
};

/// exp(-x) by its series, `x` and the result in `Q bits`.
const fn series(x: u64, bits: u32) -> u64 {
    let (mut term, mut sum, mut n) = (1i128 << bits, 1i128 << bits, 1);
    while term != 0 {
        term = -((term * x as i128) >> bits) / n;
        sum += term;
        n += 1;
    }
    sum as u64
}

/// e^0, e^1, e^2, ... in `Q 30`, for `e` in `Q 61`.
const fn powers<const N: usize>(e: u64) -> [u32; N] {
    let mut out = [0; N];
    let (mut power, mut i) = (1u128 << 61, 0);
    while i < N {
        out[i] = ((power + (1 << 30)) >> 31) as u32;
        power = (power * e as u128) >> 61;
        i += 1;
    }
    out
}

/// exp(-x) in `Q 30` for `x` in `Q 16`, within 4 units.
#[inline]
pub fn exp_neg(x_q16: u32) -> u32 {
    let whole = (x_q16 >> 16) as usize;
    let Some(&whole) = WHOLE.get(whole) else { return 0 };
    let fraction = FRACTION[((x_q16 >> 8) & 0xff) as usize];
    // exp(-r) = 1 - r + r^2 / 2 - r^3 / 6 for the last 8 bits, r in Q 16.
    let r = (x_q16 & 0xff) as u64;
    let rest = ONE_Q30 - (r << 14) + ((r * r) >> 3) - r * r * r / (6 << 18);
    let product = (whole as u64 * fraction as u64 + (1 << 29)) >> 30;
    ((product * rest + (1 << 29)) >> 30) as u32
}

/// 1 / (1 + exp(-u)) in `Q 30` for `u` in `Q 16`, within 4 units.
pub fn sigmoid(u_q16: i32) -> u32 {
    let e = exp_neg(u_q16.unsigned_abs()) as u64;
    let top = if u_q16 < 0 { e } else { ONE_Q30 };
    let sum = ONE_Q30 + e;
    (((top << 30) + sum / 2) / sum) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // exp(-1), exp(-0.5), exp(-10) times 2^30, from a table of constants.
        for (x, want) in [(0u32, 1 << 30), (1 << 16, 395_007_542), (1 << 15, 651_257_337), (10 << 16, 48_748)] {
            assert!((exp_neg(x) as i64 - want as i64).abs() <= 4, "{x}: {} for {want}", exp_neg(x));
        }
        assert_eq!(exp_neg(22 << 16), 0);
        assert_eq!(exp_neg(u32::MAX), 0);
    }

    #[test]
    fn sigmoid_is_odd_around_a_half_and_has_its_known_values() {
        // 1 / (1 + exp(-u)) times 2^30 for u = 0, 1, 10, from a table of constants.
        for (u, want) in [(0, 1 << 29), (1 << 16, 784_968_172), (10 << 16, 1_073_693_078)] {
            assert!((sigmoid(u) as i64 - want).abs() <= 4, "{u}: {}", sigmoid(u));
        }
        for u in (0..1_600_000).step_by(4_001) {
            let sum = sigmoid(u) as i64 + sigmoid(-u) as i64;
            assert!((sum - ONE_Q30 as i64).abs() <= 1, "{u}");
        }
        assert_eq!([sigmoid(i32::MIN), sigmoid(i32::MAX)], [0, 1 << 30]);
    }

    #[test]
    fn falls_and_multiplies() {
        let mut last = exp_neg(0);
        for x in (0..1_500_000).step_by(37) {
            let now = exp_neg(x);
            assert!(now <= last + 1);
            last = now;
            let square = (now as u64 * now as u64) >> 30;
            assert!((exp_neg(2 * x) as i64 - square as i64).abs() <= 12);
        }
    }
}
