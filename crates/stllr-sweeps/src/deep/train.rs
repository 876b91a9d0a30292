//! How deep runs are taught.

use super::Run;
use stllr_core::fixed::Factor;
use stllr_core::loss::{Events, Loss};
use stllr_core::network::{LayerKind, Network, Spec, Target};
use stllr_core::noise::Stream;

const RECORDINGS: u32 = 7;
/// Not a multiple of any block but one step.
const STEPS: u32 = 24;
/// Before these a class is added, rates change, and a class is removed.
const MORE: u32 = 2;
const OTHER_RATES: u32 = 3;
const FEWER: u32 = 4;

/// Trains; gives what the scores were after each recording to `sink`, and the network after each step to `between`.
pub fn train(run: &Run, sink: &mut impl FnMut(i64), between: &mut impl FnMut(&mut Network)) -> Network {
    let mut network = Network::new(run.spec()).unwrap_or_else(|error| panic!("{}: {error}", run.name));
    for recording in 0..RECORDINGS {
        if run.changes_classes && recording == MORE {
            network.add_class().unwrap_or_else(|error| panic!("{}: {error}", run.name));
        }
        if run.changes_classes && recording == FEWER {
            network.remove_class(1).unwrap_or_else(|error| panic!("{}: {error}", run.name));
        }
        if recording == OTHER_RATES {
            let rates = slower(network.spec());
            network.set_layer_rates(&rates);
        }
        // The last recording is only answered, the one before learns its last steps.
        let first = [0, STEPS - 10, STEPS][(recording + 3).saturating_sub(RECORDINGS) as usize % 3];
        network.reset(recording + 1 < RECORDINGS);
        network.draw_dropout(first < STEPS);
        record(&mut network, recording, first, between);
        network.end_sequence();
        network.scores().iter().for_each(|&score| sink(score));
    }
    network
}

/// Three quarters of the rates of all layers of neurons and the readout.
fn slower(spec: &Spec) -> Vec<Factor> {
    let hidden = spec.layers.iter().filter_map(|layer| match &layer.kind {
        LayerKind::Spiking(spec) => Some(spec.rate),
        LayerKind::Conv(spec) => Some(spec.neurons.rate),
        _ => None,
    });
    let slower = |rate: Factor| rate.times(Factor { mantissa: 24_576, exponent: 0 });
    hidden.chain([spec.readout.rate]).map(slower).collect()
}

/// The steps of a recording, which learns from step `first` on.
fn record(network: &mut Network, recording: u32, first: u32, between: &mut impl FnMut(&mut Network)) {
    let (pixels, shape) = (network.spec().input.height * network.spec().input.width, network.spec().input);
    let classes = network.spec().readout.classes;
    let draw = Draw { recording };
    let class = recording % classes as u32;
    let (mut x, mut y) = (vec![], vec![]);
    for step in 0..STEPS {
        // A bar that moves to the right, or for every other class down.
        let at = |i: usize| if class.is_multiple_of(2) { i % shape.width } else { i % pixels / shape.width };
        let near = |i: usize| (at(i) as u32 + 8 - step / 3 % 8) % 8 < 2;
        let often = |i: usize| if near(i) { 55 } else { 3 + class };
        let input: Vec<u32> =
            (0..2 * pixels as u32).filter(|&i| draw.word(step, i) % 100 < often(i as usize)).collect();
        if step < first {
            network.step(&input, Target::None);
            between(network);
            continue;
        }
        x.clear();
        y.clear();
        x.extend(input.iter().map(|&i| (i as usize % shape.width) as u16));
        y.extend(input.iter().map(|&i| (i as usize % pixels / shape.width) as u16));
        let t: Vec<u16> = (0..input.len() as u32).map(|i| (draw.word(step, i + 1000) % 32_769) as u16).collect();
        let polarity: Vec<u8> = input.iter().map(|&i| (i as usize / pixels) as u8).collect();
        let values = draw.values(step, network.scores().len() / network.spec().readout.width().max(1), classes);
        let mask: Vec<u8> = (0..pixels as u32).map(|i| !draw.word(step, i + 2000).is_multiple_of(3) as u8).collect();
        let target = match network.spec().loss {
            Loss::Contrast(_) => Target::Events(Events { x: &x, y: &y, t: &t, polarity: &polarity }),
            Loss::Endpoint => Target::Flow { flow: &values, mask: &mask },
            _ if network.spec().readout.kernel.is_some() => Target::Values(&values),
            Loss::MeanSquare | Loss::Binary if step % 4 == 1 => Target::Values(&values[..classes]),
            _ if step % 7 == 5 => Target::None,
            _ => Target::Class(class),
        };
        network.step(&input, target);
        between(network);
    }
}

/// Random numbers of a recording.
struct Draw {
    recording: u32,
}

impl Draw {
    fn word(&self, step: u32, index: u32) -> u32 {
        Stream::new(29, self.recording).word(step << 16 | index)
    }

    /// Values from -1 to 2, `Q 16`, so many at each position, at least one.
    fn values(&self, step: u32, positions: usize, each: usize) -> Vec<i32> {
        let count = (positions.max(1) * each) as u32;
        (0..count).map(|i| (self.word(step, i + 3000) % (3 << 16)) as i32 - (1 << 16)).collect()
    }
}
