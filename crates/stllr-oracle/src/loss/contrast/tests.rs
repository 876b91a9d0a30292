use super::*;
use crate::loss::slope::assert_gradient;
use crate::optim::Optimizer;
use crate::parameters::Tensors;
use crate::random::Random;

const SIZE: usize = 24;
/// How the dots of [`moving`] move over the window.
const MOTION: [f64; 2] = [3.0, -1.5];

/// Dots that move by [`MOTION`], seen at 12 times each on whole pixels.
fn moving(blur: usize) -> Contrast {
    let (mut random, mut events) = (Random(1), vec![]);
    for dot in 0..24 {
        let place = [0, 1].map(|_| 4.0 + random.unit() * (SIZE as f64 - 8.0));
        for k in 0..12 {
            let t = (k as f64 + 0.5) / 12.0;
            let [x, y] = [0, 1].map(|axis| (place[axis] + MOTION[axis] * t).round() as usize);
            events.push(WindowEvent { x, y, t, polarity: dot % 2 });
        }
    }
    Contrast { height: SIZE / 2, width: SIZE / 2, scale: 2, events, blur, smoothness: 0.0 }
}

fn uniform(contrast: &Contrast, [u, v]: [f64; 2]) -> Vec<f64> {
    let pixels = contrast.height * contrast.width;
    [vec![u; pixels], vec![v; pixels]].concat()
}

/// A row of four pixels, of which votes take 3/4 for their height, with one event at x = 0, t = 0 and one at x = 1 and
/// the time given, without blur.
fn two_events(t: f64) -> (Contrast, impl Fn(f64) -> Vec<f64>) {
    let event = |x, t| WindowEvent { x, y: 0, t, polarity: 1 };
    let events = vec![event(0, 0.0), event(1, t)];
    let contrast = Contrast { height: 1, width: 4, scale: 1, events, blur: 0, smoothness: 0.0 };
    (contrast, |u| [vec![u; 4], vec![0.0; 4]].concat())
}

#[test]
fn two_events_by_hand() {
    let (contrast, flow) = two_events(0.5);
    assert_eq!(contrast.value(&flow(0.0)), -1.0);
    // still: at 1/4 and 5/4, votes (0.75, 1, 0.25) of 3/4, which see 0.8125 and 0.8125 of 9/16
    // u = 2: both at 1/4 for r = 0, votes (1.5, 0.5), and at 9/4 for r = 1: each sees 1.25
    assert_eq!(contrast.value(&flow(2.0)), -1.25 / 0.8125);
}

#[test]
fn the_smaller_sharpness_counts_by_hand() {
    let (contrast, flow) = two_events(0.25);
    // u = 1. r = 0: at 1/4 and 1, votes (0.75, 1.25), which see 0.875 and 1.25
    // r = 1: at 5/4 and 2, votes (0.75, 1.25) one pixel on, the same: both count by half
    assert_eq!(contrast.value(&flow(1.0)), -(0.875 + 1.25) / 1.625);
    // u = 1/2. r = 0: at 1/4 and 9/8, votes (0.75, 1.125, 0.125), which see 0.84375 and 1
    // r = 1: at 3/4 and 13/8, votes (0.25, 1.125, 0.625), which see 0.90625 and 0.8125
    assert_eq!(contrast.value(&flow(0.5)), -(0.84375 + 0.8125) / 1.625);
    // so the first counts at r = 0, where it does not depend on u, and is seen by none at r = 1: V is the second's
    // vote alone there, (0, 0.375, 0.625), of slope 0.375 at 3/4
    // the second counts at r = 1: w slope of G -0.5, and of F 0.25; at r = 0 V is the first's, of slope -0.25 at 9/8
    let gradient = contrast.gradient(&flow(0.5));
    let expected = [-0.375 / 1.625, -(0.75 * (-0.5 + 0.25) - 0.25 * -0.25) / 1.625];
    assert!(gradient.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-15), "{gradient:?}");
}

#[test]
fn the_gradient_is_the_slope_with_and_without_blur_and_smoothness() {
    for (blur, smoothness) in [(0, 0.0), (1, 0.0), (4, 0.25)] {
        let contrast = Contrast { blur, smoothness, ..example([3, 4], 2) };
        let flow = Random(2).reals(24, 2.0);
        assert_gradient(&flow, |flow| contrast.value(flow), &contrast.gradient(&flow), 1e-7);
    }
}

#[test]
fn time_backwards_turns_the_gradient_around() {
    // also without flow, where both reference times count by half
    let contrast = example([3, 4], 2);
    let backwards = |event: &WindowEvent| WindowEvent { t: 1.0 - event.t, ..*event };
    let mirrored = Contrast { events: contrast.events.iter().map(backwards).collect(), ..contrast.clone() };
    for flow in [vec![0.0; 24], Random(11).reals(24, 2.0)] {
        let turned: Vec<f64> = flow.iter().map(|value| -value).collect();
        assert!((contrast.value(&flow) - mirrored.value(&turned)).abs() < 1e-12);
        let (forwards, backwards) = (contrast.gradient(&flow), mirrored.gradient(&turned));
        assert!(forwards.iter().any(|g| g.abs() > 1e-3));
        assert!(forwards.iter().zip(&backwards).all(|(f, b)| (f + b).abs() < 1e-12));
    }
}

#[test]
fn no_events_have_no_contrast() {
    let contrast = Contrast { events: vec![], smoothness: 0.0, ..example([2, 2], 1) };
    assert_eq!((contrast.value(&[1.0; 8]), contrast.gradient(&[1.0; 8])), (0.0, vec![0.0; 8]));
}

#[test]
fn no_flow_has_a_loss_of_minus_one_and_copies_of_events_change_nothing() {
    let once = moving(2);
    let flow = uniform(&once, [1.3, 0.4]);
    assert!((once.value(&uniform(&once, [0.0; 2])) + 1.0).abs() < 1e-12);
    let thrice = Contrast { events: once.events.repeat(3), ..once.clone() };
    assert!((once.value(&flow) - thrice.value(&flow)).abs() < 1e-12);
    let gone = uniform(&once, [1e6, 0.0]);
    assert_eq!(once.value(&gone), 0.0);
}

#[test]
fn the_motion_of_the_dots_has_the_lowest_loss_and_descent_finds_it() {
    let contrast = moving(2);
    let loss = |motion| contrast.value(&uniform(&contrast, motion));
    let [u, v] = MOTION;
    for other in [[0.0, 0.0], [-u, -v], [v, u], [2.0 * u, 2.0 * v], [u / 2.0, v / 2.0]] {
        assert!(loss(MOTION) < loss(other) - 0.05, "{other:?}: {} and {}", loss(MOTION), loss(other));
    }
    let mut motion = [0.0; 2];
    for _ in 0..50 {
        let gradient = contrast.gradient(&uniform(&contrast, motion));
        let (along_x, along_y) = gradient.split_at(gradient.len() / 2);
        motion[0] -= 2.0 * along_x.iter().sum::<f64>();
        motion[1] -= 2.0 * along_y.iter().sum::<f64>();
    }
    // events are on whole pixels, which motions of whole pixels bring together best: within about half a pixel
    assert!((motion[0] - u).hypot(motion[1] - v) < 0.6, "{motion:?}");
}

#[test]
fn descent_on_a_free_flow_finds_the_motion_too() {
    // every value on its own: piling up events at one end would pay if it were not for the other
    let contrast = Contrast { smoothness: 0.05, ..moving(2) };
    let mut tensors = Tensors::from([("flow".to_owned(), uniform(&contrast, [0.0; 2]))]);
    let mut adam = Optimizer::adam(0.0, 0.9, 0.99, 1e-9);
    for step in 0..150 {
        adam.set_rate(0.2 * (1.0 - step as f64 / 150.0));
        let gradient = contrast.gradient(&tensors["flow"]);
        adam.step(&mut tensors, &Tensors::from([("flow".to_owned(), gradient)]));
    }
    let flow = &tensors["flow"];
    let error = |event: &WindowEvent| {
        let (u, v) = contrast.flow_of(event);
        (flow[u] - MOTION[0]).hypot(flow[v] - MOTION[1])
    };
    let mean = contrast.events.iter().map(error).sum::<f64>() / contrast.events.len() as f64;
    assert!(mean < MOTION[0].hypot(MOTION[1]) / 4.0, "{mean}");
}

#[test]
fn piling_up_at_one_end_does_not_pay() {
    // events of every second pixel at t = 1/2, all taken to the middle at the window's beginning
    let places = (1..8).flat_map(|y| (1..8).map(move |x| (2 * x, 2 * y)));
    let events = places.map(|(x, y)| WindowEvent { x, y, t: 0.5, polarity: 0 }).collect();
    let contrast = Contrast { height: 17, width: 17, scale: 1, events, blur: 2, smoothness: 0.0 };
    let from_middle = |place: usize| 2.0 * (place as f64 - 8.0);
    let rows = (0..17).flat_map(|row| [row; 17]);
    let piling: Vec<f64> = (0..17 * 17).map(|i| from_middle(i % 17)).chain(rows.map(from_middle)).collect();
    let beginning: f64 = contrast.warped(&piling).iter().map(|event| event.sharpness[0]).sum();
    assert!(beginning > 10.0 * contrast.sharpness_at_rest());
    assert!(contrast.value(&piling) > -1.0);
}

#[test]
fn moving_by_parts_of_a_pixel_is_neither_rewarded_nor_punished_on_average() {
    let event = WindowEvent { x: 8, y: 8, t: 0.5, polarity: 0 };
    for blur in [0, 2] {
        let contrast = Contrast { height: 16, width: 16, scale: 1, events: vec![event], blur, smoothness: 0.0 };
        let sharpness = |k: i32| -contrast.value(&uniform(&contrast, [k as f64 / 16.0, 0.0]));
        let mean = (-32..32).map(sharpness).sum::<f64>() / 64.0;
        // the smaller of both ends is a little below what the shift makes up for
        assert!(mean > 0.85 && mean < 1.0, "{mean}");
    }
}
