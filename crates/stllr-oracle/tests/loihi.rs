//! Loihi's neurons in the core and in the reference: the same spikes and voltages to the bit, as `f64` holds the chip's integers
//! exactly; surrogates and changes of weights within what the core's formats round.

use stllr_core::fixed::Factor;
use stllr_core::layer::{
    Conv, ConvSpec, Factors as CoreFactors, Kernel, Learning, LoihiSpec, Mode, Spiking, SpikingSpec,
};
use stllr_core::meter::Meter;
use stllr_core::noise::{Rounding, Stream};
use stllr_core::psi::Psi as CorePsi;
use stllr_core::shape::{Port, Shape};
use stllr_oracle::Factors;
use stllr_oracle::layer::{Connection, ConvShape, SpikingLayer};
use stllr_oracle::loihi::Loihi;
use stllr_oracle::neuron::{Neuron, Reset};
use stllr_oracle::parameters::{Parameters, Weights};
use stllr_oracle::psi::Psi;

/// Weights have 10 fraction bits, membranes 18, the chip's voltages 12: 1.0 is 64 of its weights.
const WEIGHT_BITS: u32 = 10;
const MEMBRANE: f64 = (1 << 18) as f64;
const CHIP: LoihiSpec = LoihiSpec { current_decay: 1024, voltage_decay: 128, threshold: 80, bits: 12 };
const UNIT: f64 = 4096.0;
/// The rate, 2^-4.
const RATE: f64 = 0.0625;
const STEPS: u64 = 16;

struct Draw {
    stream: Stream,
    drawn: u32,
}

impl Draw {
    fn new(seed: u64) -> Self {
        Self { stream: Stream::new(seed, 5), drawn: 0 }
    }

    fn pick(&mut self, low: i64, high: i64) -> i64 {
        self.drawn += 1;
        low + self.stream.word(self.drawn) as i64 % (high - low + 1)
    }

    fn spikes(&mut self, n: usize) -> Vec<u32> {
        (0..n as u32).filter(|_| self.pick(0, 3) == 0).collect()
    }
}

fn spec(units: usize, recurrent: bool) -> SpikingSpec {
    let half = Factor { mantissa: 1 << 14, exponent: 0 };
    SpikingSpec {
        units,
        recurrent,
        weight_bits: WEIGHT_BITS,
        leak: 0,
        threshold: 0,
        soft_reset: false,
        psi: CorePsi::Tri,
        factors: CoreFactors { lambda_pre: 24_576, lambda_post: 8192, alpha_pre: Factor::ONE, alpha_post: half },
        rate: Factor { mantissa: 1 << 14, exponent: -3 },
        bias: true,
        divisor: 1,
        standardise: false,
        byte_shift: None,
        loihi: Some(CHIP),
        deviation: 0,
        recurrent_deviation: 0,
    }
}

fn learning() -> Learning {
    Learning { mode: Mode::Block, block_steps: STEPS as usize, rounding: Rounding::Nearest, seed: 1, ..Learning::PLAIN }
}

fn reference(connection: Connection, parameters: Parameters) -> SpikingLayer {
    // Leak, threshold and reset do not count.
    let neuron = Neuron { leak: 0.0, threshold: 0.0, reset: Reset::None, psi: Psi::Tri };
    let factors = Factors { lambda_post: 0.25, lambda_pre: 0.75, alpha_post: 0.5, alpha_pre: 1.0 };
    let chip = Loihi { current_decay: 1024.0, voltage_decay: 128.0, threshold: 80.0, unit: UNIT };
    SpikingLayer::new(connection, parameters, neuron, factors).with_loihi(chip)
}

fn dense(inputs: &[u32], n: usize) -> Vec<f64> {
    (0..n as u32).map(|i| f64::from(inputs.contains(&i))).collect()
}

/// Voltages, currents and spikes to the bit, psi to a unit of its format and one of the membrane's.
fn same(layer: &SpikingLayer, membrane: &[i32], current: &[i32], spikes: &[u32], psi: &[i32], at: &str) {
    let neurons = layer.neurons();
    let voltages: Vec<f64> = neurons.membrane_after_reset().iter().map(|u| u * UNIT).collect();
    assert_eq!(voltages, membrane.iter().map(|&u| f64::from(u)).collect::<Vec<_>>(), "{at}: voltages");
    assert_eq!(neurons.current(), current.iter().map(|&u| f64::from(u)).collect::<Vec<_>>(), "{at}: currents");
    assert_eq!(neurons.spikes(), dense(spikes, membrane.len()), "{at}: spikes");
    for (want, &got) in neurons.psi().iter().zip(psi) {
        assert!((want - f64::from(got) / 32768.0).abs() < 2.0 / 32768.0, "{at}: psi {want}, {got}");
    }
}

#[test]
fn dense_and_recurrent_layers_are_the_reference_and_learn_as_it_does() {
    let (mut spiked, mut changed) = (0, 0);
    for seed in 0..40 {
        let mut draw = Draw::new(seed);
        let (inputs, units, recurrent) = (draw.pick(1, 12) as usize, draw.pick(1, 11) as usize, seed % 2 == 0);
        let mut core = Spiking::new(spec(units, recurrent), inputs, 0, learning());
        let one = f64::from(1 << WEIGHT_BITS);
        let mut weights = |first: usize, columns: usize| {
            let mut values = vec![];
            for k in 0..units * columns {
                let weight = draw.pick(-400, 900) as i32;
                core.set_weight(first + k % columns, k / columns, weight);
                values.push(f64::from(weight) / one);
            }
            values
        };
        let (below, itself) = (weights(0, inputs), if recurrent { weights(inputs, units) } else { vec![] });
        let bias = (0..units).map(|unit| {
            let bias = draw.pick(-20_000, 40_000) as i32;
            core.set_bias(unit, bias);
            f64::from(bias) / MEMBRANE
        });
        let parameters = Parameters {
            weight: Weights::plain(units, below.clone()),
            weight_rec: recurrent.then(|| Weights::plain(units, itself)),
            bias: Some(bias.collect()),
        };
        let mut layer = reference(Connection::dense(inputs, units), parameters);
        let mut gradient = vec![0.0; inputs * units];
        for step in 0..STEPS {
            let input = draw.spikes(inputs);
            core.forward(&input, true, &mut Meter::default());
            layer.step(&dense(&input, inputs));
            spiked += core.spikes().len();
            let d: Vec<i32> = (0..core.spec().width())
                .map(|i| if i < units { draw.pick(-(1 << 24), 1 << 24) as i32 } else { 0 })
                .collect();
            core.learn(&d);
            let at = format!("seed {seed}, step {step}");
            same(&layer, core.membrane(), core.current(), core.spikes(), core.psi(), &at);
            let signal: Vec<f64> = d[..units].iter().map(|&d| f64::from(d) / f64::from(1 << 26)).collect();
            for (sum, g) in gradient.iter_mut().zip(layer.gradients(&signal).weight) {
                *sum += g;
            }
        }
        core.end_block(0, &mut Meter::default());
        for k in 0..inputs * units {
            let want = below[k] - RATE * gradient[k];
            let got = f64::from(core.weight(k % inputs, k / inputs)) / one;
            // The last rounding and, in a sum of so many steps, that of each of them.
            assert!((want - got).abs() * one < 0.5 + 0.04 * STEPS as f64, "seed {seed}, weight {k}: {want}, {got}");
            changed += (got != below[k]) as usize;
        }
    }
    assert!(spiked > 500 && changed > 500, "{spiked} spikes, {changed} changes");
}

#[test]
fn convolutions_are_the_reference() {
    let mut spiked = 0;
    for seed in 0..20 {
        let mut draw = Draw::new(100 + seed);
        let (channels, filters) = (draw.pick(1, 3) as usize, draw.pick(1, 5) as usize);
        let (height, width, side) = (draw.pick(3, 6) as usize, draw.pick(3, 6) as usize, draw.pick(1, 3) as usize);
        let (stride, padding) = (draw.pick(1, 2) as usize, draw.pick(0, 1) as usize);
        let kernel = Kernel { height: side, width: side, stride, padding, dilation: 1, groups: 1 };
        let conv = ConvSpec { neurons: spec(filters, false), kernel };
        let input = Port::sensor(Shape { channels, height, width });
        let mut core = Conv::new(conv, input, 0, learning());
        let mut weights = vec![];
        for k in 0..filters * channels * side * side {
            let (tap, pair) = (k % (side * side), k / (side * side));
            let weight = draw.pick(-200, 500) as i32;
            core.set_weight(pair / channels, pair % channels, tap / side, tap % side, weight);
            weights.push(f64::from(weight) / f64::from(1 << WEIGHT_BITS));
        }
        let bias = (0..filters).map(|channel| {
            let bias = draw.pick(-20_000, 40_000) as i32;
            core.set_bias(channel, bias);
            f64::from(bias) / MEMBRANE
        });
        let parameters =
            Parameters { weight: Weights::plain(filters, weights), weight_rec: None, bias: Some(bias.collect()) };
        let shape = ConvShape {
            channels_in: channels,
            channels_out: filters,
            height,
            width,
            kernel: [side, side],
            stride,
            padding,
            dilation: 1,
            groups: 1,
        };
        let mut layer = reference(Connection::Conv(shape), parameters);
        let output = core.geometry().output;
        let places = output.height * output.width;
        // The reference has channels first, the core last and padded.
        let by_channel = |values: &[i32], stride: usize| -> Vec<i32> {
            (0..filters * places).map(|k| values[k % places * stride + k / places]).collect()
        };
        for step in 0..STEPS {
            let spikes = draw.spikes(input.shape.elements());
            core.forward(&spikes, true, &mut Meter::default());
            layer.step(&dense(&spikes, input.shape.elements()));
            spiked += core.spikes().len();
            core.learn(&vec![0; Port::spikes(output).signal_len()]);
            let (neurons, stride) = (core.neurons(), core.stride());
            let (membrane, current) = (by_channel(neurons.membrane(), stride), by_channel(neurons.current(), stride));
            let psi = by_channel(neurons.psi(), stride);
            let channels = filters as u32;
            let fired = core.spikes().iter().map(|s| s % channels * places as u32 + s / channels);
            let fired: Vec<u32> = fired.collect();
            same(&layer, &membrane, &current, &fired, &psi, &format!("seed {seed}, step {step}"));
        }
    }
    assert!(spiked > 500, "{spiked} spikes");
}
