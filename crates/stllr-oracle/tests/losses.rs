//! The core's losses beside their values in `f64`.

use stllr_core::loss::{ContrastSpec, Criterion, Events, Loss, Outcome, Shape, Target};
use stllr_core::noise::Stream;
use stllr_oracle::loss::contrast::WindowEvent;
use stllr_oracle::loss::{Contrast, Loss as Exact};

/// Random numbers that depend on the seed and on how many were drawn.
struct Draw(Stream, u32);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(Stream::new(seed, 3), 0)
    }

    /// Evenly from `low..=high`.
    fn pick(&mut self, low: i64, high: i64) -> i64 {
        self.1 += 1;
        low + self.0.word(self.1) as i64 % (high - low + 1)
    }

    /// `Q 16` membranes of one size: from 2^-14 to all that there is; some at its ends.
    fn membranes(&mut self, n: usize) -> Vec<i32> {
        let most = 1i64 << self.pick(2, 30);
        let of = |draw: &mut Self| match draw.pick(0, 30) {
            0 => [most, -most, 1 << 30, -(1 << 30), 0][draw.pick(0, 4) as usize] as i32,
            _ => draw.pick(-most, most) as i32,
        };
        (0..n).map(|_| of(self)).collect()
    }
}

fn reals(numbers: &[i32]) -> Vec<f64> {
    numbers.iter().map(|&n| n as f64 / 65_536.0).collect()
}

/// Errors in units of 2^-26 before the gain, and what came with them.
fn judge(loss: Loss, shape: Shape, membrane: &[i32], target: Target) -> (Vec<f64>, Outcome) {
    let mut error = vec![7; membrane.len()];
    let outcome = Criterion::new(loss, shape).error(membrane, &target, &mut error).expect("the target fits");
    (error.into_iter().map(f64::from).collect(), outcome)
}

/// Compares errors with exact gradients: at most `units` of 2^-26 apart, the gain and the limit considered.
fn close(got: &(Vec<f64>, Outcome), want: &[f64], units: f64, what: &str) {
    let scale = 2f64.powi(26 + got.1.gain as i32);
    for (i, (got, want)) in got.0.iter().zip(want).enumerate() {
        let want = (want * scale).clamp(-(2f64.powi(30)), 2f64.powi(30));
        assert!((got - want).abs() <= units, "{what}, output {i}: {got}, not {want}");
    }
}

#[test]
fn values_and_classes() {
    let mut saturated = 0;
    for seed in 0..600 {
        let mut draw = Draw::new(seed);
        let classes = [2, 3, 10, 1000][seed as usize % 4];
        let membrane = draw.membranes(classes);
        let u = reals(&membrane);
        let shape = Shape::dense(classes);
        let label = draw.pick(0, classes as i64 - 1) as usize;
        let got = judge(Loss::CrossEntropy, shape, &membrane, Target::Class(label as u32));
        close(&got, &Exact::CrossEntropy { label }.gradient(&u), 4.0, "cross-entropy");
        let sum: f64 = got.0.iter().sum();
        assert!(sum.abs() <= classes as f64, "{sum}");

        let y = draw.membranes(classes);
        let got = judge(Loss::MeanSquare, shape, &membrane, Target::Values(&y));
        close(&got, &Exact::MeanSquare { target: &reals(&y) }.gradient(&u), 0.5, "mean square");
        saturated += got.0.iter().filter(|e| e.abs() == 2f64.powi(30)).count();

        let y: Vec<i32> = (0..classes).map(|_| draw.pick(0, 1 << 16) as i32).collect();
        let got = judge(Loss::Binary, shape, &membrane, Target::Values(&y));
        close(&got, &Exact::BinaryCrossEntropy { target: &reals(&y) }.gradient(&u), 1.0, "binary");
        assert_eq!(got.1.gain, [1, 1, 3, 9][seed as usize % 4]);

        // A class is one 1 among zeros.
        let mut one = vec![0; classes];
        one[label] = 1 << 16;
        for loss in [Loss::MeanSquare, Loss::Binary] {
            let got = judge(loss, shape, &membrane, Target::Class(label as u32));
            assert_eq!(got, judge(loss, shape, &membrane, Target::Values(&one)));
        }
    }
    assert!(saturated > 1000, "{saturated}");
}

/// From rows of `stride` with u and v first to the oracle's planes.
fn planes(rows: &[f64], stride: usize) -> Vec<f64> {
    let part = |k: usize| rows.iter().skip(k).step_by(stride).copied();
    part(0).chain(part(1)).collect()
}

#[test]
fn endpoint_errors() {
    for seed in 0..200 {
        let mut draw = Draw::new(seed);
        let shape = Shape { height: draw.pick(1, 40) as usize, width: draw.pick(1, 40) as usize, values: 2, stride: 4 };
        let n = shape.positions();
        let mut membrane = draw.membranes(4 * n);
        let mut flow = draw.membranes(2 * n);
        let share = draw.pick(0, 100);
        let mask: Vec<u8> = (0..n).map(|_| (draw.pick(0, 99) < share) as u8 * 3).collect();
        // Some without an error, and some with the smallest.
        for i in (0..n).step_by(7).filter(|i| flow[2 * i] > -(1 << 30)).collect::<Vec<_>>() {
            membrane[4 * i..4 * i + 2].copy_from_slice(&flow[2 * i..2 * i + 2]);
            flow[2 * i] -= (i % 2) as i32;
        }
        let got = judge(Loss::Endpoint, shape, &membrane, Target::Flow { flow: &flow, mask: &mask });
        let known: Vec<bool> = mask.iter().map(|&known| known != 0).collect();
        let flow = planes(&reals(&flow), 2);
        let exact = Exact::Endpoint { flow: &flow, mask: &known };
        let u = planes(&reals(&membrane), 4);
        close(&(planes(&got.0, 4), got.1), &exact.gradient(&u), 1.0, "endpoint");
        assert!(got.0.chunks(4).all(|row| row[2..] == [0.0; 2]));
        let mean = got.1.value.expect("a mean") as f64 / 65_536.0;
        let want = exact.value(&u);
        assert!((mean - want).abs() <= 2f64.powi(-16) + want * 1e-9, "{mean}, not {want}");
    }
}

/// The sharpness of each event with all events at these places, of one polarity, on a sensor of `size` (width, height).
fn sharpness(places: &[(f64, f64)], size: (usize, usize), blur: u32) -> Vec<f64> {
    let shares = |(x, y): (f64, f64)| {
        let (a, b) = (x - x.floor(), y - y.floor());
        let (x, y) = (x.floor() as i64 + 1, y.floor() as i64 + 1);
        [(x, y, (1.0 - a) * (1.0 - b)), (x + 1, y, a * (1.0 - b)), (x, y + 1, (1.0 - a) * b), (x + 1, y + 1, a * b)]
    };
    let (width, height) = (size.0 as i64, size.1 as i64);
    // With a margin of zeros.
    let inside = |x: i64, y: i64| (1..=width).contains(&x) && (1..=height).contains(&y);
    let index = |x: i64, y: i64| (y * (width + 2) + x) as usize;
    let mut image = vec![0.0; index(width + 2, height + 2)];
    for (x, y, share) in places.iter().flat_map(|&place| shares(place)).filter(|s| inside(s.0, s.1)) {
        image[index(x, y)] += share;
    }
    for step in (0..blur).flat_map(|_| [(1, 0), (0, 1)]) {
        let old = image.clone();
        for (x, y) in (1..=height).flat_map(|y| (1..=width).map(move |x| (x, y))) {
            let at = |k: i64| old[index(x + k * step.0, y + k * step.1)];
            image[index(x, y)] = (at(-1) + 2.0 * at(0) + at(1)) / 4.0;
        }
    }
    let at = |place: &(f64, f64)| {
        let seen = shares(*place).into_iter().filter(|s| inside(s.0, s.1));
        seen.map(|(x, y, share)| share * image[index(x, y)]).sum()
    };
    places.iter().map(at).collect()
}

/// Compares a contrast with the oracle's; says how strong its largest error is by what it may be off. `None` where an
/// event is as sharp at both times, up to rounding: the gradient has a jump there.
fn contrast_of(seed: u64) -> Option<f64> {
    let mut draw = Draw::new(seed);
    let scale = draw.pick(1, 3) as usize;
    let (height, width) = (draw.pick(1, 12) as usize, draw.pick(2, 12) as usize);
    let shape = Shape { height, width, values: 2, stride: 4 };
    let spec = ContrastSpec { scale, blur: draw.pick(0, 4) as u32, smoothness: [0, 1 << 13][seed as usize % 2] };
    let n = [1, 30, 400][draw.pick(0, 2) as usize];
    let list =
        |draw: &mut Draw, most: usize| -> Vec<u16> { (0..n).map(|_| draw.pick(0, most as i64) as u16).collect() };
    let (x, y) = (list(&mut draw, scale * width - 1), list(&mut draw, scale * height - 1));
    // Flows of 1/16 pixel and times of 1/64 window: places that 2^-12 pixel hold exactly.
    let t: Vec<u16> = list(&mut draw, 63).iter().map(|t| t << 9).collect();
    let polarity: Vec<u8> = list(&mut draw, 1).iter().map(|&p| p as u8).collect();
    let most = [1, 40, 200, 100_000][draw.pick(0, 3) as usize];
    let membrane: Vec<i32> = (0..4 * shape.positions()).map(|_| draw.pick(-most, most) as i32 * 4096).collect();
    let events = Events { x: &x, y: &y, t: &t, polarity: &polarity };
    let (got, outcome) = judge(Loss::Contrast(spec), shape, &membrane, Target::Events(events));

    let of = |k: usize| WindowEvent {
        x: x[k] as usize,
        y: y[k] as usize,
        t: t[k] as f64 / 32_768.0,
        polarity: polarity[k] as usize,
    };
    let smoothness = spec.smoothness as f64 / 65_536.0;
    let events: Vec<WindowEvent> = (0..n).map(of).collect();
    let (mut rest, mut least) = (0.0, f64::INFINITY);
    for polarity in [0, 1] {
        let here: Vec<&WindowEvent> = events.iter().filter(|event| event.polarity == polarity).collect();
        let at = |reference: Option<f64>| {
            let place = |event: &&WindowEvent| {
                let flow = 4 * (event.y / scale * width + event.x / scale);
                let moved = |k: usize| reference.map_or(0.0, |r| (r - event.t) * membrane[flow + k] as f64 / 65_536.0);
                (event.x as f64 + 0.25 + moved(0), event.y as f64 + 0.25 + moved(1))
            };
            sharpness(&here.iter().map(place).collect::<Vec<_>>(), (scale * width, scale * height), spec.blur)
        };
        rest += at(None).iter().sum::<f64>();
        let apart = at(Some(0.0)).into_iter().zip(at(Some(1.0))).filter(|(a, b)| a.max(*b) > 0.0);
        least = apart.map(|(a, b)| (a - b).abs()).fold(least, f64::min);
    }
    if least < 2f64.powi(-13) {
        return None;
    }

    let crowd =
        (0..n).map(|k| y[k] as usize / scale * width + x[k] as usize / scale).fold(vec![0; 144], |mut all, at| {
            all[at] += 1;
            all
        });
    let crowd = *crowd.iter().max().expect("positions") as f64;
    let exact = Contrast { height, width, scale, events, blur: spec.blur as usize, smoothness };
    let u = planes(&reals(&membrane), 4);
    let (want, value) = (exact.gradient(&u), exact.value(&u));
    let unit = 2f64.powi(-26 - outcome.gain as i32);
    // An event says two slopes at each of two times, each as exact as an image is.
    let allowed = 4.0 * crowd * 2f64.powi(-16) / rest + 3.0 * unit;
    for (got, want) in planes(&got, 4).iter().zip(&want) {
        assert!((got * unit - want).abs() <= allowed, "seed {seed}: {}, not {want}, within {allowed}", got * unit);
    }
    assert!(got.chunks(4).all(|row| row[2..] == [0.0; 2]));
    let got_value = outcome.value.expect("a value") as f64 / 65_536.0;
    let allowed_value = 2.0 * n as f64 * 2f64.powi(-16) / rest + 2f64.powi(-15);
    assert!(
        (got_value - value).abs() <= allowed_value,
        "seed {seed}: {got_value}, not {value}, within {allowed_value}"
    );

    let largest = got.iter().fold(0.0, |most: f64, e| most.max(e.abs())) / 2f64.powi(26);
    assert!(largest <= 16.0 && (outcome.gain == 0 || largest <= 1.0));
    assert!(smoothness > 0.0 || [0, 24].contains(&outcome.gain) || largest >= 0.499, "{largest}");
    Some(want.iter().fold(0.0, |most: f64, want| most.max(want.abs())) / allowed)
}

#[test]
fn contrasts() {
    let strengths: Vec<f64> = (0..400).filter_map(contrast_of).collect();
    let clear = strengths.iter().filter(|strength| **strength > 100.0).count();
    assert!(strengths.len() > 200 && clear > 150, "{clear} of {} are clear", strengths.len());
}
