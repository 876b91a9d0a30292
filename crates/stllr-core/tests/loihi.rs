//! Neurons of Intel's Loihi: integer for integer as the chip's formulas say, with surrogates and learning as any layer has.

mod common;

use common::{Draw, PSIS, layer, learning, loihi, network};
use proptest::prelude::*;
use stllr_core::fixed::MEMBRANE_MAX;
use stllr_core::layer::{Learning, LoihiSpec, Mode, Spiking, SpikingSpec};
use stllr_core::meter::Meter;
use stllr_core::network::{Network, Spec, Target};
use stllr_core::noise::Rounding;
use stllr_core::optimizer::Optimizer;
use stllr_core::psi::Surrogate;
use stllr_core::signal::Signal;

/// The chip, neuron by neuron, in 64 bits.
struct Chip {
    spec: LoihiSpec,
    /// The input's largest sum: whole units of the layer's weights.
    room: i64,
    /// `weights[row][neuron]`, in 64ths of the chip's: units of the current.
    weights: Vec<Vec<i64>>,
    bias: Vec<i64>,
    current: Vec<i64>,
    voltage: Vec<i64>,
    /// The voltage before the reset.
    before: Vec<i64>,
    spikes: Vec<u32>,
}

impl Chip {
    fn new(spec: LoihiSpec, room: i64, weights: Vec<Vec<i64>>, bias: Vec<i64>) -> Self {
        let zeros = vec![0; bias.len()];
        Self {
            spec,
            room,
            weights,
            bias,
            current: zeros.clone(),
            voltage: zeros.clone(),
            before: zeros,
            spikes: vec![],
        }
    }

    fn step(&mut self, rows: &[u32]) {
        let most = (1 << 23) - 1;
        // A quotient of integers rounds toward zero.
        let decayed = |a: i64, decay: i32| a * (4096 - decay as i64) / 4096;
        self.spikes.clear();
        for i in 0..self.bias.len() {
            let input: i64 = rows.iter().map(|&row| self.weights[row as usize][i]).sum();
            let input = input.clamp(-self.room, self.room);
            self.current[i] = (decayed(self.current[i], self.spec.current_decay) + input).clamp(-most, most);
            let voltage = decayed(self.voltage[i], self.spec.voltage_decay) + self.current[i] + self.bias[i];
            self.before[i] = voltage.clamp(-most, most);
            let spike = self.before[i] > 64 * self.spec.threshold as i64;
            self.voltage[i] = if spike { 0 } else { self.before[i] };
            if spike {
                self.spikes.push(i as u32);
            }
        }
    }
}

/// A layer and the chip with the same weights, whose input is `inputs` long.
fn beside(draw: &mut Draw, inputs: usize) -> (Spiking, Chip) {
    let units = draw.pick(1, 21) as usize;
    let weight_bits = draw.pick(8, 13) as u32;
    let bits = draw.pick(weight_bits as i64, (weight_bits as i64 + 8).min(16)) as u32;
    let spec = LoihiSpec {
        current_decay: draw.one_of(&[0, 1, 1024, 4095, 4096]),
        voltage_decay: draw.one_of(&[0, 1, 128, 2048, 4096]),
        // One is 2^bits of the voltage, 2^bits / 64 of the threshold.
        threshold: draw.pick(1, 2 << (bits - 6)) as i32,
        bits,
    };
    let psi = draw.one_of(&PSIS);
    let own = SpikingSpec { recurrent: draw.chance(40), weight_bits, psi, bias: true, ..loihi(spec, layer(units)) };
    let mut core = Spiking::new(own, inputs, 0, learning(Mode::Sequence, 8, Rounding::Nearest));
    let rows = inputs + if core.spec().recurrent { units } else { 0 };
    let most = draw.one_of(&[100, 1500, 8191]);
    let weights = (0..rows).map(|row| {
        let of = |unit| {
            let weight = draw.pick(-most, most);
            core.set_weight(row, unit, weight as i32);
            weight << (bits - weight_bits)
        };
        (0..units).map(of).collect()
    });
    let weights = weights.collect();
    let fraction = weight_bits + 8 - bits;
    let bias = |unit| {
        let bias = draw.pick(-(1 << (bits - 3)), 1 << (bits - 3));
        // Less than half a unit of the chip's changes nothing.
        let less = draw.pick(-(1 << fraction) / 2, ((1 << fraction) - 1) / 2);
        core.set_bias(unit, ((bias << fraction) + less) as i32);
        bias
    };
    let bias = (0..units).map(bias).collect();
    let shift = bits - weight_bits;
    (core, Chip::new(spec, ((1 << 23) - 1) >> shift << shift, weights, bias))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_layer_is_the_chip_bit_for_bit(seed: u64) {
        let mut draw = Draw::new(seed);
        let inputs = draw.pick(1, 30) as usize;
        let (mut core, mut chip) = beside(&mut draw, inputs);
        let (spec, busy) = (core.spec().clone(), draw.pick(5, 60));
        for step in 0..60 {
            let input = draw.some(inputs, busy);
            let own = spec.recurrent.then(|| chip.spikes.iter().map(|spike| inputs as u32 + spike));
            let rows: Vec<u32> = input.iter().copied().chain(own.into_iter().flatten()).collect();
            chip.step(&rows);
            core.forward(&input, true, &mut Meter::default());
            prop_assert_eq!(core.spikes(), &chip.spikes, "step {}", step);
            prop_assert!(core.membrane().iter().map(|&v| v as i64).eq(chip.voltage.iter().copied()), "step {step}");
            prop_assert!(core.current().iter().map(|&u| u as i64).eq(chip.current.iter().copied()), "step {step}");
            // What surrogates see: the voltage less the threshold, in the membranes' format.
            let shift = spec.membrane_bits() - chip.spec.bits;
            let limit = MEMBRANE_MAX as i64 >> shift;
            let above = chip.before.iter().map(|&voltage| voltage - 64 * chip.spec.threshold as i64);
            let v: Vec<i32> = above.map(|above| (above.clamp(-limit, limit) << shift) as i32).collect();
            prop_assert_eq!(core.v(), &v[..], "step {}", step);
            core.learn(&draw.signal(spec.units, spec.width(), 1 << 20));
            let mut psi = vec![0; spec.units];
            Surrogate::new(spec.psi, spec.membrane_bits()).apply(&v, &mut psi);
            prop_assert_eq!(core.psi(), &psi[..], "step {}", step);
            if core.block_full() {
                core.end_block(step / 8, &mut Meter::default());
            }
        }
        core.reset();
        prop_assert!(core.membrane().iter().chain(core.current()).all(|&state| state == 0));
    }
}

/// The chip of the recorded traces, with 64 weights to 1.0.
const CHIP: LoihiSpec = LoihiSpec { current_decay: 1024, voltage_decay: 128, threshold: 80, bits: 12 };

fn spec(chip: LoihiSpec, more: SpikingSpec) -> Spec {
    network(vec![loihi(chip, more)], learning(Mode::Block, 8, Rounding::Dithered))
}

#[test]
fn what_the_chip_has_not_is_refused_by_name() {
    let neurons = SpikingSpec { weight_bits: 11, ..layer(4) };
    assert_eq!(spec(CHIP, neurons.clone()).check(), Ok(()));
    let cases = [
        (LoihiSpec { current_decay: -1, ..CHIP }, "current decay", -1, (0, 4096)),
        (LoihiSpec { current_decay: 4097, ..CHIP }, "current decay", 4097, (0, 4096)),
        (LoihiSpec { voltage_decay: 4097, ..CHIP }, "voltage decay", 4097, (0, 4096)),
        (LoihiSpec { threshold: 0, ..CHIP }, "Loihi's threshold", 0, (1, 131_071)),
        (LoihiSpec { threshold: 131_072, ..CHIP }, "Loihi's threshold", 131_072, (1, 131_071)),
        (LoihiSpec { bits: 10, ..CHIP }, "fraction bits of voltages", 10, (11, 19)),
        (LoihiSpec { bits: 20, ..CHIP }, "fraction bits of voltages", 20, (11, 19)),
        (LoihiSpec { bits: -1i32 as u32, ..CHIP }, "fraction bits of voltages", u32::MAX as i64, (11, 19)),
    ];
    for (chip, field, given, allowed) in cases {
        let error = spec(chip, neurons.clone()).check().expect_err(field);
        assert_eq!((error.field, error.given, error.allowed), (field, given, allowed));
    }
    for own in [(1, 0, false), (0, 1 << 16, false), (0, 0, true)] {
        let mut spec = spec(CHIP, neurons.clone());
        let stllr_core::network::LayerKind::Spiking(layer) = &mut spec.layers[0].kind else { panic!("a dense layer") };
        (layer.leak, layer.threshold, layer.soft_reset) = own;
        let error = spec.check().expect_err("a value that does not count");
        assert_eq!(error.field, "leak, threshold or soft reset of Loihi's neurons");
    }
}

#[test]
fn a_network_of_them_learns_to_tell_two_patterns() {
    let neurons = SpikingSpec { weight_bits: 11, deviation: 8 << 20, ..layer(24) };
    let mut network = Network::new(spec(CHIP, neurons)).expect("a valid spec");
    let before = network.weights_hash();
    let pattern =
        |class: u32, step: u32| (0..30).filter(|i| i % 2 == class && (i / 2 + step).is_multiple_of(3)).collect();
    for round in 0..40 {
        network.reset(true);
        for step in 0..24 {
            let input: Vec<u32> = pattern(round % 2, step);
            network.step(&input, Target::Class(round % 2));
        }
        network.end_sequence();
    }
    assert_ne!(network.weights_hash(), before);
    for class in 0..2 {
        network.reset(false);
        for step in 0..24 {
            let input: Vec<u32> = pattern(class, step);
            network.step(&input, Target::None);
        }
        let scores = network.scores();
        assert!(scores[class as usize] > scores[1 - class as usize], "class {class}: {scores:?}");
    }
    assert!(network.meter().hidden_spikes > 0);
}

#[test]
fn they_go_with_every_signal_and_optimiser_and_with_all_weights() {
    let momentum = Optimizer::Momentum { momentum: 1 << 29, nesterov: true };
    let signals = [Signal::Bp, Signal::Dfa, Signal::Sdfa, Signal::Drtp, Signal::Local];
    let optimizers = [Optimizer::Sgd, momentum, Optimizer::ADAM, Optimizer::RMSPROP, Optimizer::RPROP];
    let plain = SpikingSpec { weight_bits: 11, deviation: 8 << 20, bias: true, rate: common::power(-4), ..layer(12) };
    let weights = [
        SpikingSpec { standardise: true, ..plain.clone() },
        SpikingSpec { byte_shift: Some(6), ..plain.clone() },
        plain,
    ];
    let chip = LoihiSpec { voltage_decay: 512, threshold: 40, bits: 12, current_decay: 2048 };
    for (k, signal) in signals.into_iter().enumerate() {
        for (o, optimizer) in optimizers.into_iter().enumerate() {
            let neurons = weights[(k + o) % 3].clone();
            let learning = Learning { optimizer, ..learning(Mode::Block, 8, Rounding::Dithered) };
            let layers = vec![loihi(chip, neurons.clone()), loihi(chip, SpikingSpec { recurrent: true, ..neurons })];
            let mut network = Network::new(Spec { signal, ..network(layers, learning) }).expect("a valid spec");
            let before = network.weights_hash();
            network.reset(true);
            let mut draw = Draw::new(k as u64);
            for step in 0..48 {
                network.step(&draw.some(30, 30), Target::Class(step % 4));
            }
            network.end_sequence();
            assert_ne!(network.weights_hash(), before, "{signal:?}, {optimizer:?}");
            for layer in network.layers() {
                let layer = layer.as_spiking().expect("a dense layer");
                assert!(layer.current().iter().any(|&u| u != 0), "{signal:?}, {optimizer:?}");
            }
            assert!(network.meter().hidden_spikes > 0, "{signal:?}, {optimizer:?}");
        }
    }
}
