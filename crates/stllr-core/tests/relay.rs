//! Layers without neurons against plain arrays: the counts of spikes that they give, and the signals that they pass down.

mod common;

use common::Draw;
use stllr_core::fixed::ONE_Q15;
use stllr_core::layer::{Dropout, DropoutSpec, Join, JoinSpec, Pool, PoolSpec, Relay, Upsample, UpsampleSpec};
use stllr_core::noise::Stream;
use stllr_core::shape::{Order, Port, Shape};

/// A number for every (y, x, channel).
#[derive(Clone, Debug, PartialEq)]
struct Map {
    shape: Shape,
    values: Vec<i64>,
}

impl Map {
    fn new(shape: Shape, of: impl Fn(usize, usize, usize) -> i64) -> Self {
        let Shape { channels, height, width } = shape;
        let at = |i: usize| of(i / channels / width, i / channels % width, i % channels);
        Self { shape, values: (0..channels * height * width).map(at).collect() }
    }

    fn at(&self, y: usize, x: usize, c: usize) -> i64 {
        self.values[(y * self.shape.width + x) * self.shape.channels + c]
    }

    fn at_mut(&mut self, y: usize, x: usize, c: usize) -> &mut i64 {
        &mut self.values[(y * self.shape.width + x) * self.shape.channels + c]
    }

    /// How many spikes each element has.
    fn counts(port: &Port, spikes: &[u32]) -> Self {
        let mut map = Self::new(port.shape, |_, _, _| 0);
        for &spike in spikes {
            let (y, x, c) = port.place(spike);
            *map.at_mut(y, x, c) += 1;
        }
        map
    }

    /// As learning signals are laid out.
    fn signals(&self) -> Vec<i32> {
        let port = Port::spikes(self.shape);
        let mut laid = vec![0; port.signal_len()];
        for (i, &value) in self.values.iter().enumerate() {
            laid[port.signal_index(i / self.shape.channels, i % self.shape.channels)] = value as i32;
        }
        laid
    }
}

fn any_port(draw: &mut Draw, levels: usize) -> Port {
    let mut size = |most| draw.pick(1, most) as usize;
    let shape = Shape { channels: size(10), height: size(7), width: size(7) };
    let port = if draw.chance(40) { Port::sensor(shape) } else { Port::spikes(shape) };
    Port { levels, ..port }
}

fn any_signal(draw: &mut Draw, shape: Shape) -> Map {
    let mut map = Map::new(shape, |_, _, _| 0);
    map.values.iter_mut().for_each(|value| *value = draw.pick(-1000, 1000));
    map
}

/// Three steps of random spikes: `counts` says what the relay should give for the sources' counts, `below` what each source
/// should get for the counts and a signal.
fn compare(
    draw: &mut Draw,
    ports: &[Port],
    mut relay: Relay,
    counts: impl Fn(&[Map]) -> Map,
    below: impl Fn(usize, &[Map], &Map) -> Map,
) {
    let output = relay.port();
    assert_eq!(output.order, Order::ChannelLast);
    for _ in 0..3 {
        relay.begin_step();
        let mut sources = Vec::new();
        for (number, port) in ports.iter().enumerate() {
            let spikes = draw.some(port.most(), 30);
            relay.take(number, &spikes);
            sources.push(Map::counts(port, &spikes));
        }
        let mut spikes = relay.spikes().to_vec();
        assert_eq!(Map::counts(&output, &spikes), counts(&sources), "{ports:?} {output:?}");
        spikes.sort_unstable();
        spikes.dedup();
        assert_eq!(spikes.len(), relay.spikes().len(), "each spike has a number of its own");
        assert!(spikes.iter().all(|&spike| (spike as usize) < output.most()));
        let d = any_signal(draw, output.shape);
        for (number, port) in ports.iter().enumerate() {
            let already = any_signal(draw, port.shape);
            let mut got = already.signals();
            relay.signal_below(number, &d.signals(), &mut got);
            let mut want = below(number, &sources, &d);
            want.values.iter_mut().zip(&already.values).for_each(|(sum, &value)| *sum += value);
            assert_eq!(got, want.signals(), "{ports:?} {output:?}");
        }
    }
}

/// The window of a pool's output.
fn window(y: usize, x: usize, size: usize, stride: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..size * size).map(move |k| (y * stride + k / size, x * stride + k % size))
}

#[test]
fn pools_give_sums_or_maxima_of_windows() {
    for case in 0..120 {
        let mut draw = Draw::new(case);
        let max = draw.chance(50);
        let levels = if max { 1 } else { draw.pick(1, 3) as usize };
        let port = any_port(&mut draw, levels);
        let spec = PoolSpec { max, size: draw.pick(1, 3) as usize, stride: draw.pick(1, 3) as usize };
        let Some(output) = spec.output(&port) else {
            assert!(spec.size > port.shape.height.min(port.shape.width));
            continue;
        };
        let pooled = |sources: &[Map]| {
            Map::new(output.shape, |y, x, c| {
                let values = window(y, x, spec.size, spec.stride).map(|(y, x)| sources[0].at(y, x, c));
                if max { values.max().unwrap_or(0) } else { values.sum() }
            })
        };
        let below = |_: usize, sources: &[Map], d: &Map| {
            let mut sum = Map::new(port.shape, |_, _, _| 0);
            for (i, &d) in d.values.iter().enumerate() {
                let (position, c) = (i / output.shape.channels, i % output.shape.channels);
                let (oy, ox) = (position / output.shape.width, position % output.shape.width);
                let first = window(oy, ox, spec.size, spec.stride)
                    .rev_max(|(y, x)| sources[0].at(y, x, c))
                    .expect("a window has elements");
                for (y, x) in window(oy, ox, spec.size, spec.stride).filter(|&place| !max || place == first) {
                    *sum.at_mut(y, x, c) += d;
                }
            }
            sum
        };
        compare(&mut draw, &[port], Relay::Pool(Pool::new(spec, port)), pooled, below);
    }
}

trait FirstLargest: Iterator + Sized {
    /// The first of the elements with the largest value.
    fn rev_max(self, value: impl Fn(Self::Item) -> i64) -> Option<Self::Item>
    where
        Self::Item: Copy,
    {
        let all: Vec<_> = self.collect();
        all.iter().rev().copied().max_by_key(|&item| value(item))
    }
}

impl<I: Iterator> FirstLargest for I {}

#[test]
fn upsampling_repeats_each_element_in_a_square() {
    for case in 0..60 {
        let mut draw = Draw::new(case);
        let levels = draw.pick(1, 3) as usize;
        let port = any_port(&mut draw, levels);
        let factor = draw.pick(1, 3) as usize;
        let Shape { channels, height, width } = port.shape;
        let shape = Shape { channels, height: height * factor, width: width * factor };
        let larger = |sources: &[Map]| Map::new(shape, |y, x, c| sources[0].at(y / factor, x / factor, c));
        let below = |_: usize, _: &[Map], d: &Map| {
            let within = |k: usize| (k / factor, k % factor);
            let places = || (0..factor * factor).map(within);
            Map::new(port.shape, |y, x, c| places().map(|(dy, dx)| d.at(y * factor + dy, x * factor + dx, c)).sum())
        };
        let relay = Relay::Upsample(Upsample::new(UpsampleSpec { factor }, port));
        compare(&mut draw, &[port], relay, larger, below);
    }
}

#[test]
fn joins_add_maps_or_put_their_channels_behind_one_another() {
    for case in 0..100 {
        let mut draw = Draw::new(case);
        let concat = draw.chance(50);
        let first = any_port(&mut draw, 1);
        let ports: Vec<Port> = (0..draw.pick(2, 4))
            .map(|_| {
                let channels = if concat { draw.pick(1, 9) as usize } else { first.shape.channels };
                let shape = Shape { channels, ..first.shape };
                let port = if draw.chance(30) { Port::sensor(shape) } else { Port::spikes(shape) };
                Port { levels: draw.pick(1, 4) as usize, ..port }
            })
            .collect();
        let repeats: Vec<usize> = ports.iter().map(|_| draw.pick(1, 3) as usize).collect();
        let spec = JoinSpec { concat, repeats: repeats.clone() };
        let output = spec.output(&ports).expect("the maps fit");
        let first_channel = |number: usize| ports[..number].iter().map(|port| port.shape.channels).sum::<usize>();
        let joined = |sources: &[Map]| {
            Map::new(output.shape, |y, x, c| {
                let value = |(number, source): (usize, &Map)| {
                    let channel = if concat { c.checked_sub(first_channel(number))? } else { c };
                    (channel < source.shape.channels).then(|| source.at(y, x, channel) * repeats[number] as i64)
                };
                sources.iter().enumerate().filter_map(value).sum()
            })
        };
        let below = |number: usize, _: &[Map], d: &Map| {
            let first = if concat { first_channel(number) } else { 0 };
            Map::new(ports[number].shape, |y, x, c| d.at(y, x, first + c) * repeats[number] as i64)
        };
        compare(&mut draw, &ports, Relay::Join(Join::new(&spec, &ports)), joined, below);
    }
}

#[test]
fn maps_that_do_not_fit_are_not_joined() {
    let port = |channels, height| Port::spikes(Shape { channels, height, width: 3 });
    let output = |concat, ports: &[Port]| JoinSpec { concat, repeats: vec![1; ports.len()] }.output(ports);
    assert_eq!(output(false, &[port(2, 3), port(3, 3)]), None);
    assert_eq!(output(true, &[port(2, 3), port(2, 4)]), None);
    assert_eq!(output(true, &[port(2, 3), port(3, 3)]).map(|port| port.shape.channels), Some(5));
    let half = Port { keep: ONE_Q15 / 2, ..port(2, 3) };
    assert_eq!(output(false, &[port(2, 3), half]), None, "one of them is scaled");
    assert_eq!(JoinSpec { concat: true, repeats: vec![1] }.output(&[port(2, 3), port(2, 3)]), None);
}

#[test]
fn dropout_silences_the_same_elements_for_a_sequence_and_about_so_many() {
    for case in 0..30 {
        let mut draw = Draw::new(case);
        let levels = draw.pick(1, 3) as usize;
        let port = any_port(&mut draw, levels);
        let rate = draw.one_of(&[0, 3277, 16_384, 29_491]);
        let mut dropout = Dropout::new(DropoutSpec { rate }, port);
        let all: Vec<u32> = (0..port.most() as u32).collect();
        let full = Map::counts(&port, &all);
        for stream in [None, Some(Stream::new(case, 1))] {
            dropout.draw(stream);
            dropout.begin_step();
            dropout.take(&all);
            let kept = Map::counts(&dropout.port(), dropout.spikes());
            assert!(kept.values.iter().zip(&full.values).all(|(&kept, &full)| kept == 0 || kept == full));
            assert!(stream.is_some() || kept == full, "nothing is dropped where nothing is drawn");
            let masked = |sources: &[Map]| {
                Map::new(port.shape, |y, x, c| if kept.at(y, x, c) > 0 { sources[0].at(y, x, c) } else { 0 })
            };
            let below = |_: usize, _: &[Map], d: &Map| masked(std::slice::from_ref(d));
            compare(&mut draw, &[port], Relay::Dropout(dropout.clone()), masked, below);
        }
    }
    let mut dropout = Dropout::new(DropoutSpec { rate: 9830 }, Port::from(20_000));
    dropout.draw(Some(Stream::new(3, 9)));
    let all: Vec<u32> = (0..20_000).collect();
    dropout.take(&all);
    // Four standard errors of a share of 0.7.
    assert!((13_740..=14_260).contains(&dropout.spikes().len()), "{}", dropout.spikes().len());
    assert_eq!(dropout.port().keep, ONE_Q15 - 9830);
}
