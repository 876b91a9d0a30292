//! Losses: exact values by hand and by wide integers, targets that do not fit, extreme input, memory. Beside floating-point
//! values they are compared in `stllr-oracle`.

mod common;

use common::Draw;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use stllr_core::fixed::SIGNAL_MAX;
use stllr_core::loss::{ContrastSpec, Criterion, Events, Loss, Outcome, Shape, Target};

/// Counts what this thread holds and how often it allocates.
struct Counting;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get() + layout.size() as i64);
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size() as i64);
        // SAFETY: the pointer came from `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ONE: i32 = 1 << 16;
const SHARP: ContrastSpec = ContrastSpec { scale: 1, blur: 0, smoothness: 0 };

fn map(height: usize, width: usize) -> Shape {
    Shape { height, width, values: 2, stride: 4 }
}

/// The errors and what came with them.
fn judge(loss: Loss, shape: Shape, membrane: &[i32], target: Target) -> (Vec<i32>, Option<Outcome>) {
    let mut error = vec![7; membrane.len()];
    let outcome = Criterion::new(loss, shape).error(membrane, &target, &mut error);
    (error, outcome)
}

/// Rows of u, v and padding that says nothing.
fn flows(of: &[(i32, i32)]) -> Vec<i32> {
    of.iter().flat_map(|&(u, v)| [u, v, 999, -999]).collect()
}

#[test]
fn mean_square_is_the_nearest_number() {
    let mut draw = Draw::new(1);
    for classes in [1, 2, 3, 7, 10, 4096] {
        let shape = Shape::dense(classes);
        let some = |draw: &mut Draw| -> Vec<i32> {
            let most = 1 << draw.pick(4, 30);
            (0..classes).map(|_| draw.pick(-most, most) as i32).collect()
        };
        for _ in 0..50 {
            let (u, y) = (some(&mut draw), some(&mut draw));
            let (error, outcome) = judge(Loss::MeanSquare, shape, &u, Target::Values(&y));
            assert_eq!(outcome, Some(Outcome::default()));
            for ((&e, &u), &y) in error.iter().zip(&u).zip(&y) {
                let twice = 2 * ((u as i128 - y as i128) << 11);
                // |2 e n - exact 2 n| <= n, or at the limit beyond it.
                let off = (2 * e as i128 * classes as i128 - twice).abs();
                let beyond = e.abs() == SIGNAL_MAX && twice.abs() >= 2 * (e.abs() as i128) * classes as i128;
                assert!(off <= classes as i128 || beyond, "{u} - {y}, {classes}: {e}");
            }
        }
    }
}

#[test]
fn maps_of_values_leave_their_padding_alone() {
    let shape = Shape { height: 1, width: 2, values: 3, stride: 4 };
    let membrane = [0, ONE, 2 * ONE, 77, 3 * ONE, 4 * ONE, 5 * ONE, 77];
    let y = [ONE, ONE, ONE, ONE, ONE, ONE];
    let (error, _) = judge(Loss::MeanSquare, shape, &membrane, Target::Values(&y));
    // 2 / 6 of -1, 0, 1, 2, 3, 4.
    let third = |n: i32| ((n << 26) + n.signum()) / 3;
    assert_eq!(error, [third(-1), 0, third(1), 0, third(2), third(3), third(4), 0]);
    let (error, outcome) = judge(Loss::Binary, shape, &[0; 8], Target::Values(&[0, ONE, ONE / 2, -9, 9 * ONE, 1]));
    // A half by 6, with a gain of 4; values beyond 0..=1 are held there.
    let half = (1 << 26) / 3;
    assert_eq!(error[..7], [half, -half, 0, 0, half, -half, half - 1024 * 2 / 3]);
    assert_eq!((error[7], outcome.map(|outcome| outcome.gain)), (0, Some(2)));
}

#[test]
fn masked_values_are_the_values_of_fewer_positions() {
    let mut draw = Draw::new(8);
    let shape = Shape { height: 3, width: 5, values: 3, stride: 4 };
    for loss in [Loss::MeanSquare, Loss::Binary] {
        for _ in 0..50 {
            let some = |draw: &mut Draw, count: usize| -> Vec<i32> {
                (0..count).map(|_| draw.pick(-(1 << 17), 1 << 17) as i32).collect()
            };
            let (membrane, values) = (some(&mut draw, 4 * 15), some(&mut draw, 3 * 15));
            let mask: Vec<u8> = (0..15).map(|_| draw.pick(0, 2) as u8 * 7).collect();
            let (error, outcome) = judge(loss, shape, &membrane, Target::Masked { values: &values, mask: &mask });
            let known: Vec<usize> = (0..15).filter(|&position| mask[position] != 0).collect();
            let of = |all: &[i32], row: usize| -> Vec<i32> {
                known.iter().flat_map(|&position| all[position * row..(position + 1) * row].to_vec()).collect()
            };
            let fewer = Shape { height: 1, width: known.len(), ..shape };
            let alone = judge(loss, fewer, &of(&membrane, 4), Target::Values(&of(&values, 3)));
            assert_eq!((of(&error, 4), outcome), alone);
            let rest = error.chunks(4).zip(&mask).filter(|(_, known)| **known == 0);
            assert!(rest.flat_map(|(row, _)| row).all(|&e| e == 0));
        }
        let all = Target::Masked { values: &[5; 45], mask: &[1; 15] };
        assert_eq!(judge(loss, shape, &[9; 60], all), judge(loss, shape, &[9; 60], Target::Values(&[5; 45])));
    }
}

#[test]
fn endpoint_error_by_hand() {
    let membrane = flows(&[(4 * ONE, 0), (9 * ONE, 9), (ONE, -2 * ONE), (5, 5)]);
    let flow = [ONE, 4 * ONE, 0, 0, ONE, -2 * ONE, 5, 4];
    let target = Target::Flow { flow: &flow, mask: &[1, 0, 255, 2] };
    let (error, outcome) = judge(Loss::Endpoint, map(2, 2), &membrane, target);
    // (3, -4), masked, nothing, and one unit down: by three positions, with a gain of two.
    let two_thirds = |tenths: i64| ((tenths * 2 * (1 << 26) + 15) / 30) as i32;
    assert_eq!(error[..4], [two_thirds(6), -two_thirds(8), 0, 0]);
    assert_eq!(error[4..], [0, 0, 0, 0, 0, 0, 0, 0, 0, two_thirds(10), 0, 0]);
    assert_eq!(outcome, Some(Outcome { gain: 1, finest: 0, value: Some((5 * ONE as i64 + 1 + 1) / 3) }));
    let target = Target::Flow { flow: &flow, mask: &[0; 4] };
    let nothing = Some(Outcome { value: Some(0), ..Outcome::default() });
    assert_eq!(judge(Loss::Endpoint, map(2, 2), &membrane, target), (vec![0; 16], nothing));
}

#[test]
fn thousands_of_positions_keep_their_bits() {
    let shape = map(90, 70);
    let mut draw = Draw::new(3);
    let membrane: Vec<i32> = (0..4 * 6300).map(|_| draw.pick(-(1 << 20), 1 << 20) as i32).collect();
    let target = Target::Flow { flow: &vec![0; 2 * 6300], mask: &vec![1; 6300] };
    let (error, outcome) = judge(Loss::Endpoint, shape, &membrane, target);
    assert_eq!(outcome.map(|outcome| outcome.gain), Some(12));
    for row in error.chunks(4) {
        // A unit vector times 4096 / 6300.
        let length = (row[0] as i64 * row[0] as i64 + row[1] as i64 * row[1] as i64).isqrt();
        assert!((length - (4096 << 26) / 6300).abs() <= 2, "{length}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (dense, flow) = (Shape::dense(4), map(2, 3));
    let events = Events { x: &[1, 2], y: &[1, 2], t: &[0, 0], polarity: &[0, 1] };
    let short = Events { t: &[0], ..events };
    let full = Target::Flow { flow: &[0; 12], mask: &[1; 6] };
    let contrast = Loss::Contrast(SHARP);
    let cases = [
        (Loss::CrossEntropy, dense, Target::Class(3), true),
        (Loss::CrossEntropy, dense, Target::Class(4), false),
        (Loss::CrossEntropy, dense, Target::Values(&[0; 4]), false),
        (Loss::MeanSquare, dense, Target::Class(3), true),
        (Loss::MeanSquare, dense, Target::Class(u32::MAX), false),
        (Loss::MeanSquare, flow, Target::Class(0), false),
        (Loss::MeanSquare, flow, Target::Values(&[0; 12]), true),
        (Loss::Binary, flow, Target::Values(&[0; 24]), false),
        (Loss::Binary, flow, Target::Masked { values: &[0; 12], mask: &[1; 6] }, true),
        (Loss::MeanSquare, flow, Target::Masked { values: &[0; 12], mask: &[1; 7] }, false),
        (Loss::MeanSquare, flow, Target::Masked { values: &[0; 11], mask: &[1; 6] }, false),
        (Loss::Endpoint, flow, Target::Masked { values: &[0; 12], mask: &[1; 6] }, false),
        (Loss::CrossEntropy, dense, Target::Masked { values: &[0; 4], mask: &[1] }, false),
        (Loss::Binary, dense, Target::None, false),
        (Loss::Binary, dense, Target::Error(&[5; 4]), true),
        (Loss::Binary, dense, Target::Error(&[5; 5]), false),
        (Loss::Endpoint, flow, full, true),
        (Loss::Endpoint, flow, Target::Flow { flow: &[0; 12], mask: &[1; 5] }, false),
        (Loss::Endpoint, flow, Target::Flow { flow: &[0; 11], mask: &[1; 6] }, false),
        (Loss::Endpoint, flow, Target::Class(0), false),
        (Loss::MeanSquare, flow, full, false),
        (contrast, flow, Target::Events(events), true),
        (contrast, flow, Target::Events(short), false),
        (contrast, flow, full, false),
        (Loss::Endpoint, flow, Target::Events(events), false),
    ];
    for (loss, shape, target, fits) in cases {
        let membrane = vec![ONE; shape.positions() * shape.stride];
        assert_eq!(Criterion::new(loss, shape).accepts(&target), fits, "{loss:?} {target:?}");
        let (error, outcome) = judge(loss, shape, &membrane, target);
        assert_eq!(outcome.is_some(), fits);
        assert!(fits || error.iter().all(|&e| e == 0));
    }
    let (wide, three) = (map(70, 5000), Shape { values: 3, ..flow });
    for (loss, shape, fits) in [
        (Loss::CrossEntropy, dense, true),
        (Loss::CrossEntropy, flow, false),
        (Loss::Binary, flow, true),
        (Loss::Endpoint, flow, true),
        (Loss::Endpoint, three, false),
        (contrast, flow, true),
        (contrast, three, false),
        (contrast, wide, false),
        (contrast, map(0, 3), false),
        (Loss::Contrast(ContrastSpec { scale: 0, ..SHARP }), flow, false),
        (Loss::Contrast(ContrastSpec { blur: 17, ..SHARP }), flow, false),
        (Loss::Contrast(ContrastSpec { smoothness: (16 << 16) + 1, ..SHARP }), flow, false),
    ] {
        assert_eq!(Criterion::fits(loss, shape), fits, "{loss:?} {shape:?}");
    }
}

/// Two events of one polarity in a row of four pixels, at x = 0 and the time 0 and at x = 1 and a half.
const PAIR: Events = Events { x: &[0, 1], y: &[0, 0], t: &[0, 1 << 14], polarity: &[1, 1] };

#[test]
fn contrast_by_hand() {
    let value = |u: i32| {
        let loss = Loss::Contrast(SHARP);
        judge(loss, map(1, 4), &flows(&[(u, 0); 4]), Target::Events(PAIR)).1.and_then(|outcome| outcome.value)
    };
    // Votes of 3/4 and 1/4 along x; those of 3/4 along y alone stay, which halves what everybody sees alike.
    // At rest: 3/4, 1/4 + 3/4, 1/4 are seen as 9/16 + 1/4 and 3/4 + 1/16: 26/16 together.
    assert_eq!(value(0), Some(-ONE as i64));
    // Both at 1/4 for r = 0, both at 2 1/4 for r = 1: two see 2 (9 + 1)/16: 40/16.
    assert_eq!(value(2 * ONE), Some(-(ONE as i64 * 40 + 13) / 26));
    // Gone.
    assert_eq!(value(1 << 30), Some(0));
}

#[test]
fn contrast_without_events_is_smoothness() {
    let loss = Loss::Contrast(ContrastSpec { smoothness: ONE as u32 / 2, ..SHARP });
    let none = Events { x: &[9, 0], y: &[0, 1], t: &[0, 0], polarity: &[1, 1] };
    // Differences of 3/4 of 2^-10, which weigh 3/5, and of nothing: by two neighbours and parts, and by a half.
    let (error, outcome) = judge(loss, map(1, 2), &flows(&[(0, 5), (48, 5)]), Target::Events(none));
    let outcome = outcome.expect("the events fit");
    let pull = ((3i64 << (26 + outcome.gain)) / 20) as i32;
    assert!((error[0] + pull).abs() <= 1 && (error[4] - pull).abs() <= 1, "{error:?} {outcome:?}");
    assert_eq!([error[1], error[2], error[3], error[5], error[6], error[7]], [0; 6]);
    // A half of the mean of 80 and 64 units.
    assert_eq!(outcome.value, Some(36));
}

#[test]
fn descent_on_contrast_finds_the_motion() {
    // Dots that move by (3, -2) pixels, each seen at twelve times. (Some others end in a minimum of their own nearby.)
    const SIDE: i64 = 24;
    let mut draw = Draw::new(5);
    let (mut x, mut y, mut t, mut polarity) = (vec![], vec![], vec![], vec![]);
    for dot in 0..24 {
        let place = [(); 2].map(|()| draw.pick(4 << 8, (SIDE - 4) << 8));
        for k in 0..12 {
            let time = (2 * k + 1) * 32_768 / 24;
            x.push(((place[0] + 3 * time / 128 + 128) >> 8) as u16);
            y.push(((place[1] - 2 * time / 128 + 128) >> 8) as u16);
            t.push(time as u16);
            polarity.push(dot as u8 % 2);
        }
    }
    let shape = map(SIDE as usize / 2, SIDE as usize / 2);
    let loss = Loss::Contrast(ContrastSpec { scale: 2, blur: 2, smoothness: 0 });
    let mut criterion = Criterion::new(loss, shape);
    let mut error = vec![0; 4 * shape.positions()];
    let (mut motion, mut values) = ([0i64; 2], vec![]);
    for _ in 0..200 {
        let flow = flows(&vec![(motion[0] as i32, motion[1] as i32); shape.positions()]);
        let events = Events { x: &x, y: &y, t: &t, polarity: &polarity };
        let outcome = criterion.error(&flow, &Target::Events(events), &mut error).expect("the events fit");
        values.push(outcome.value.expect("a value"));
        for (part, motion) in motion.iter_mut().enumerate() {
            let sum: i64 = error.iter().skip(part).step_by(4).map(|&e| e as i64).sum();
            *motion -= sum >> (10 + outcome.gain);
        }
    }
    assert!((motion[0] - 3 * ONE as i64).abs() < ONE as i64 / 5, "{motion:?}");
    assert!((motion[1] + 2 * ONE as i64).abs() < ONE as i64 / 5, "{motion:?}");
    assert!((values[0] + ONE as i64).abs() <= 1 && values[199] < -ONE as i64 * 11 / 10, "{values:?}");
}

#[test]
fn nothing_breaks_at_the_ends_of_the_ranges() {
    let shape = map(3, 5);
    let ends = [1 << 30, -(1 << 30), i32::MAX, i32::MIN, 0, 1, -1];
    let mut draw = Draw::new(8);
    for round in 0..60 {
        let all = |draw: &mut Draw, n: usize| -> Vec<i32> { (0..n).map(|_| draw.one_of(&ends)).collect() };
        let (membrane, values) = (all(&mut draw, 60), all(&mut draw, 30));
        let n = [2, 300, 5000][round % 3];
        let list = |draw: &mut Draw, most: i64| -> Vec<u16> { (0..n).map(|_| draw.pick(0, most) as u16).collect() };
        // All on one pixel, or anywhere.
        let most = draw.one_of(&[0, 12, 65_535]);
        let (x, y, t) = (list(&mut draw, most), list(&mut draw, most), list(&mut draw, 65_535));
        let polarity: Vec<u8> = list(&mut draw, 255).iter().map(|&p| p as u8).collect();
        let blur = draw.pick(0, 16) as u32;
        let contrast = ContrastSpec { scale: draw.pick(1, 4) as usize, blur, smoothness: [0, 16 << 16][round % 2] };
        for (loss, target) in [
            (Loss::MeanSquare, Target::Values(&values)),
            (Loss::Binary, Target::Values(&values)),
            (Loss::Endpoint, Target::Flow { flow: &values, mask: &[1; 15] }),
            (Loss::Contrast(contrast), Target::Events(Events { x: &x, y: &y, t: &t, polarity: &polarity })),
        ] {
            let (error, outcome) = judge(loss, shape, &membrane, target);
            assert!(error.iter().all(|e| e.abs() <= SIGNAL_MAX) && outcome.is_some_and(|outcome| outcome.gain <= 24));
        }
    }
}

#[test]
fn a_criterion_holds_what_it_foretells_and_allocates_nothing_more() {
    let contrast = Loss::Contrast(ContrastSpec { scale: 3, blur: 2, smoothness: 9 });
    for (loss, shape) in [(contrast, map(5, 7)), (Loss::Endpoint, map(5, 7)), (Loss::CrossEntropy, Shape::dense(5))] {
        let before = HELD.get();
        let mut criterion = Criterion::new(loss, shape);
        assert_eq!((HELD.get() - before) as u64, Criterion::bytes(loss, shape));
        let membrane = vec![ONE; shape.positions() * shape.stride];
        let (mut error, allocations) = (membrane.clone(), ALLOCATIONS.get());
        for target in [Target::Events(PAIR), Target::Flow { flow: &[5; 70], mask: &[1; 35] }, Target::Class(2)] {
            criterion.error(&membrane, &target, &mut error);
        }
        assert_eq!(ALLOCATIONS.get(), allocations);
    }
    assert_eq!(Criterion::bytes(contrast, map(5, 7)), 4 * 21 * (4 * 15 + 1));
}
