//! Cross-entropy of a softmax, and its gradient.

use crate::exp::exp_neg;
use crate::fixed::SIGNAL_BITS;

/// `error[c] = softmax(membrane)[c] - (c == label)`: the gradient of cross-entropy, `Q 26`.
///
/// `membrane` in `Q 16`. Both slices have one element a class; `label` is below their length. Within 2^-24 of the exact
/// value.
pub fn softmax_error(membrane: &[i32], label: usize, error: &mut [i32]) {
    let top = membrane.iter().copied().max().unwrap_or(0);
    let mut sum = 0u64;
    for (e, &u) in error.iter_mut().zip(membrane) {
        let exp = exp_neg(top.wrapping_sub(u) as u32);
        *e = exp as i32;
        sum += exp as u64;
    }
    // The largest term is one, so sum >= 2^30 and the reciprocal fits in 32 bits.
    let reciprocal = (1u64 << 62) / sum;
    let shift = 62 - SIGNAL_BITS;
    for e in error.iter_mut() {
        *e = ((*e as u64 * reciprocal + (1 << (shift - 1))) >> shift) as i32;
    }
    error[label] -= 1 << SIGNAL_BITS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_membranes_share_equally() {
        let mut error = [0; 4];
        softmax_error(&[7 << 16; 4], 2, &mut error);
        assert_eq!(error, [1 << 24, 1 << 24, -3 << 24, 1 << 24]);
    }

    #[test]
    fn errors_sum_to_zero_and_extremes_saturate() {
        let mut error = [0; 5];
        for seed in 0..500u32 {
            let membrane: [i32; 5] = core::array::from_fn(|i| {
                crate::noise::Stream::new(seed as u64, 0).word(i as u32) as i32 >> (seed % 20 + 1)
            });
            softmax_error(&membrane, 3, &mut error);
            assert!(error.iter().sum::<i32>().abs() <= 8, "{membrane:?} {error:?}");
            assert!(error.iter().enumerate().all(|(c, &e)| (e >= 0) == (c != 3) || e.abs() <= 4));
        }
        softmax_error(&[1 << 30, -(1 << 30), 0, 0, 0], 0, &mut error);
        assert_eq!(error, [0; 5]);
        softmax_error(&[1 << 30, -(1 << 30), 0, 0, 0], 1, &mut error);
        assert_eq!(error, [1 << 26, -(1 << 26), 0, 0, 0]);
    }
}
