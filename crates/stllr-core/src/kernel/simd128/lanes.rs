//! Small pieces that the vector kernels share.
//!
//! Most loads and stores take slices, checked like any index; the two kernels that all time goes into use pointers.

use crate::fixed::Scale;
use crate::noise::{LANE_STRIDE, MIX_1, MIX_2};
use core::arch::wasm32::*;

/// Sixteen bytes from `from`, at any alignment.
///
/// # Safety
/// They must lie within one object.
#[inline(always)]
pub unsafe fn load<T>(from: *const T) -> v128 {
    // SAFETY: the caller's promise.
    unsafe { v128_load(from.cast()) }
}

/// Sixteen bytes to `to`, at any alignment.
///
/// # Safety
/// They must lie within one object.
#[inline(always)]
pub unsafe fn store<T>(to: *mut T, value: v128) {
    // SAFETY: the caller's promise.
    unsafe { v128_store(to.cast(), value) }
}

/// Eight `i16` from `a[at..at + 8]`.
#[inline(always)]
pub fn load_i16(a: &[i16], at: usize) -> v128 {
    let lanes = &a[at..at + 8];
    // SAFETY: the slice holds the 16 bytes.
    unsafe { load(lanes.as_ptr()) }
}

/// Four `i32` from `a[at..at + 4]`.
#[inline(always)]
pub fn load_i32(a: &[i32], at: usize) -> v128 {
    let lanes = &a[at..at + 4];
    // SAFETY: the slice holds the 16 bytes.
    unsafe { load(lanes.as_ptr()) }
}

/// Eight `i16` to `a[at..at + 8]`.
#[inline(always)]
pub fn store_i16(a: &mut [i16], at: usize, value: v128) {
    let lanes = &mut a[at..at + 8];
    // SAFETY: the slice holds the 16 bytes.
    unsafe { store(lanes.as_mut_ptr(), value) }
}

/// Four `i32` to `a[at..at + 4]`.
#[inline(always)]
pub fn store_i32(a: &mut [i32], at: usize, value: v128) {
    let lanes = &mut a[at..at + 4];
    // SAFETY: the slice holds the 16 bytes.
    unsafe { store(lanes.as_mut_ptr(), value) }
}

/// Two `i64` from `a[at..at + 2]`.
#[inline(always)]
pub fn load_i64(a: &[i64], at: usize) -> v128 {
    let lanes = &a[at..at + 2];
    // SAFETY: the slice holds the 16 bytes.
    unsafe { load(lanes.as_ptr()) }
}

/// Two `i64` to `a[at..at + 2]`.
#[inline(always)]
pub fn store_i64(a: &mut [i64], at: usize, value: v128) {
    let lanes = &mut a[at..at + 2];
    // SAFETY: the slice holds the 16 bytes.
    unsafe { store(lanes.as_mut_ptr(), value) }
}

/// [`crate::fixed::mul_q15`] of four lanes.
#[inline(always)]
pub fn mul_q15(a: v128, m: v128) -> v128 {
    let high = i32x4_mul(i32x4_shr(a, 15), m);
    let low = i32x4_mul(v128_and(a, i32x4_splat(0x7fff)), m);
    i32x4_add(high, i32x4_shr(i32x4_add(low, i32x4_splat(0x4000)), 15))
}

/// [`crate::fixed::mul_q15_floor`] of four lanes.
#[inline(always)]
pub fn mul_q15_floor(a: v128, m: v128) -> v128 {
    let high = i32x4_mul(i32x4_shr(a, 15), m);
    let low = i32x4_mul(v128_and(a, i32x4_splat(0x7fff)), m);
    i32x4_add(high, i32x4_shr(low, 15))
}

/// [`crate::fixed::shift_round`] of four lanes.
#[inline(always)]
pub fn shift_round(a: v128, shift: u32) -> v128 {
    if shift == 0 { a } else { i32x4_add(i32x4_shr(a, shift), v128_and(i32x4_shr(a, shift - 1), i32x4_splat(1))) }
}

/// Four `i32` lanes held to plus and minus `limit`.
#[inline(always)]
pub fn clamp_i32(a: v128, limit: i32) -> v128 {
    i32x4_max(i32x4_min(a, i32x4_splat(limit)), i32x4_splat(-limit))
}

/// The largest of four `i32` lanes.
#[inline(always)]
pub fn largest(a: v128) -> i32 {
    let a = i32x4_max(a, i32x4_shuffle::<2, 3, 0, 1>(a, a));
    let a = i32x4_max(a, i32x4_shuffle::<1, 0, 3, 2>(a, a));
    i32x4_extract_lane::<0>(a)
}

/// The sums over the lanes of four vectors.
#[inline(always)]
pub fn across([a, b, c, d]: [v128; 4]) -> v128 {
    let ab = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
    let cd = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
    i32x4_add(i32x4_shuffle::<0, 1, 4, 5>(ab, cd), i32x4_shuffle::<2, 3, 6, 7>(ab, cd))
}

/// Four sums with as many products more, shifted by `scale`, saturating at its limit. No product is above 2^30.
#[inline(always)]
pub fn add_scaled(sums: v128, products: v128, scale: Scale) -> v128 {
    // No product is so large that its half could not be added first.
    let half = i32x4_splat(if scale.right == 0 { 0 } else { 1 << (scale.right - 1) });
    let mut added = clamp_i32(i32x4_shr(i32x4_add(products, half), scale.right), scale.limit >> scale.left);
    if scale.left > 0 {
        added = i32x4_shl(added, scale.left);
    }
    clamp_i32(i32x4_add(sums, added), scale.limit)
}

/// Eight `i16` lanes held to plus and minus `limit`.
#[inline(always)]
pub fn clamp_i16(a: v128, limit: i16) -> v128 {
    i16x8_max(i16x8_min(a, i16x8_splat(limit)), i16x8_splat(-limit))
}

/// The eight hash words of a row's noise, as [`crate::noise`] defines them.
#[inline(always)]
fn noise_words(seed: u32) -> [v128; 2] {
    const S: u32 = LANE_STRIDE;
    let first = u32x4(0, S, S.wrapping_mul(2), S.wrapping_mul(3));
    let second = u32x4(S.wrapping_mul(4), S.wrapping_mul(5), S.wrapping_mul(6), S.wrapping_mul(7));
    [first, second].map(|lanes| {
        let mut x = i32x4_add(lanes, u32x4_splat(seed));
        x = v128_xor(x, u32x4_shr(x, 16));
        x = i32x4_mul(x, u32x4_splat(MIX_1));
        x = v128_xor(x, u32x4_shr(x, 15));
        x = i32x4_mul(x, u32x4_splat(MIX_2));
        v128_xor(x, u32x4_shr(x, 16))
    })
}

/// [`crate::noise::lanes_i16`] as two vectors.
#[inline(always)]
pub fn noise_i16(seed: Option<u32>, shift: u32) -> [v128; 2] {
    match (shift, seed) {
        (0, _) => [i16x8_splat(0); 2],
        (_, None) => [i16x8_splat(1 << (shift - 1)); 2],
        (_, Some(seed)) => noise_words(seed).map(|words| u16x8_shr(words, 16 - shift)),
    }
}

/// [`crate::noise::lanes_i32`] as two vectors.
#[inline(always)]
pub fn noise_i32(seed: Option<u32>, shift: u32) -> [v128; 2] {
    match (shift, seed) {
        (0, _) => [i32x4_splat(0); 2],
        (_, None) => [i32x4_splat(1 << (shift - 1)); 2],
        (_, Some(seed)) => noise_words(seed).map(|words| u32x4_shr(words, 32 - shift)),
    }
}
