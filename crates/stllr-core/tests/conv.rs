//! A convolution is the dense layer that its kernel unrolls to: the same spikes and membranes to the bit, and a gradient
//! that is the sum of those of the weights that share.

mod common;

use common::{Draw, PSIS, layer, learning, loihi, power};
use stllr_core::fixed::Factor;
use stllr_core::layer::{Conv, ConvSpec, Geometry, Kernel, LoihiSpec, Mode, Spiking, SpikingSpec};
use stllr_core::meter::Meter;
use stllr_core::noise::Rounding;
use stllr_core::shape::{Port, Shape};

/// A convolution and the dense layer that it unrolls to, with the same random weights.
struct Twins {
    conv: Conv,
    dense: Spiking,
    /// For each input element in the port's order, and each output element, the kernel's element between them.
    shared: Vec<Shared>,
}

#[derive(Clone, Copy)]
struct Shared {
    input: usize,
    output: usize,
    channels: (usize, usize),
    tap: (usize, usize),
}

fn any_kernel(draw: &mut Draw) -> (Kernel, Port, usize) {
    loop {
        let groups = draw.one_of(&[1, 1, 1, 2, 3]);
        let kernel = Kernel {
            height: draw.pick(1, 4) as usize,
            width: draw.pick(1, 4) as usize,
            stride: draw.pick(1, 3) as usize,
            padding: draw.pick(0, 2) as usize,
            dilation: draw.pick(1, 2) as usize,
            groups,
        };
        let channels = groups * draw.pick(1, 3) as usize;
        let shape = Shape { channels, height: draw.pick(1, 6) as usize, width: draw.pick(1, 6) as usize };
        let outputs = groups * draw.pick(1, 5) as usize;
        let levels = draw.one_of(&[1, 1, 2, 4]);
        let port = if draw.chance(50) { Port::sensor(shape) } else { Port::spikes(shape) };
        let input = Port { levels, ..port };
        if Geometry::output(&kernel, shape, outputs).is_some() {
            return (kernel, input, outputs);
        }
    }
}

/// The element with this place.
fn element(port: &Port, place: (usize, usize, usize)) -> usize {
    (0..port.shape.elements()).find(|&e| port.place((e * port.levels) as u32) == place).expect("a place of the map")
}

fn shared(geometry: &Geometry) -> Vec<Shared> {
    let (kernel, output) = (geometry.kernel, geometry.output);
    let (inputs, outputs) = (geometry.group_inputs(), geometry.group_outputs());
    let mut all = Vec::new();
    for oy in 0..output.height {
        for ox in 0..output.width {
            for oc in 0..output.channels {
                for (ky, kx) in (0..kernel.height).flat_map(|ky| (0..kernel.width).map(move |kx| (ky, kx))) {
                    let y = (oy * kernel.stride + ky * kernel.dilation).checked_sub(kernel.padding);
                    let x = (ox * kernel.stride + kx * kernel.dilation).checked_sub(kernel.padding);
                    let (Some(y), Some(x)) = (y, x) else { continue };
                    if y >= geometry.input.shape.height || x >= geometry.input.shape.width {
                        continue;
                    }
                    for c in 0..inputs {
                        all.push(Shared {
                            input: element(&geometry.input, (y, x, oc / outputs * inputs + c)),
                            output: (oy * output.width + ox) * output.channels + oc,
                            channels: (oc, c),
                            tap: (ky, kx),
                        });
                    }
                }
            }
        }
    }
    all
}

impl Twins {
    fn new(draw: &mut Draw, mode: Mode) -> Self {
        let (kernel, input, outputs) = any_kernel(draw);
        let mut neurons = SpikingSpec {
            psi: draw.one_of(&PSIS),
            bias: draw.chance(50),
            soft_reset: draw.chance(50),
            deviation: 0,
            ..layer(outputs)
        };
        if draw.chance(50) {
            neurons.factors.alpha_post = Factor::ZERO;
        }
        if draw.chance(30) {
            let chip = LoihiSpec { current_decay: 1024, voltage_decay: 128, threshold: 128, bits: 13 };
            neurons = loihi(chip, neurons);
        }
        let learning = learning(mode, 5, Rounding::Nearest);
        let spec = ConvSpec { neurons: neurons.clone(), kernel };
        let mut conv = Conv::new(spec, input, 0, learning);
        let shared = shared(conv.geometry());
        let output = conv.geometry().output;
        let units = output.elements();
        let mut dense = Spiking::new(SpikingSpec { units, ..neurons }, input, 0, learning);
        for oc in 0..outputs {
            for c in 0..conv.geometry().group_inputs() {
                for (ky, kx) in (0..kernel.height).flat_map(|ky| (0..kernel.width).map(move |kx| (ky, kx))) {
                    conv.set_weight(oc, c, ky, kx, draw.pick(-2000, 4000) as i32);
                }
            }
            let bias = draw.pick(0, 1 << 18) as i32;
            conv.set_bias(oc, bias);
            (0..output.height * output.width).for_each(|p| dense.set_bias(p * outputs + oc, bias));
        }
        for s in &shared {
            let weight = conv.weight(s.channels.0, s.channels.1, s.tap.0, s.tap.1) as i32;
            dense.set_weight(s.input, s.output, weight);
        }
        Self { conv, dense, shared }
    }

    /// A number a neuron of the convolution as the dense layer orders them.
    fn unpadded<T: Copy>(&self, values: &[T]) -> Vec<T> {
        let channels = self.conv.geometry().output.channels;
        values.chunks(self.conv.stride()).flat_map(|position| position[..channels].to_vec()).collect()
    }

    fn signals(&self, draw: &mut Draw) -> (Vec<i32>, Vec<i32>) {
        let output = self.conv.geometry().output;
        let port = Port::spikes(output);
        let (mut padded, mut plain) = (vec![0; port.signal_len()], vec![0; self.dense.spec().width()]);
        for element in 0..output.elements() {
            let d = if draw.chance(30) { 0 } else { draw.pick(-(1 << 24), 1 << 24) as i32 };
            padded[port.signal_index(element / output.channels, element % output.channels)] = d;
            plain[element] = d;
        }
        (padded, plain)
    }
}

#[test]
fn it_spikes_as_the_dense_layer_that_it_unrolls_to() {
    for case in 0..150 {
        let mut draw = Draw::new(case);
        let mut twins = Twins::new(&mut draw, Mode::Sequence);
        let (mut of_conv, mut of_dense) = (Meter::default(), Meter::default());
        let most = twins.conv.geometry().input.most();
        for step in 0..20 {
            let input = draw.some(most, 25);
            let spikes = twins.conv.forward(&input, step % 3 != 0, &mut of_conv).to_vec();
            assert_eq!(spikes, twins.dense.forward(&input, step % 3 != 0, &mut of_dense), "case {case}, step {step}");
            assert_eq!(twins.unpadded(twins.conv.neurons().membrane()), twins.dense.membrane(), "case {case}");
            assert_eq!(twins.unpadded(twins.conv.neurons().v()), twins.dense.v(), "case {case}");
            if step % 3 != 0 {
                twins.conv.rest();
                twins.dense.rest();
            }
            if twins.dense.block_full() {
                twins.conv.end_block(0, &mut of_conv);
                twins.dense.end_block(0, &mut of_dense);
            }
        }
        assert_eq!(of_conv.hidden_spikes, of_dense.hidden_spikes);
        // The dense layer also adds the zeros that the kernel does not reach.
        assert!(of_conv.synaptic_operations <= of_dense.synaptic_operations);
    }
}

#[test]
fn its_gradient_is_the_sum_over_all_that_share_a_weight() {
    let mut learned = 0;
    for case in 0..150 {
        let mut draw = Draw::new(1000 + case);
        let mut twins = Twins::new(&mut draw, Mode::Sequence);
        let mut meter = Meter::default();
        let most = twins.conv.geometry().input.most();
        for step in 0..23 {
            let input = draw.some(most, 20);
            twins.conv.forward(&input, true, &mut meter);
            twins.dense.forward(&input, true, &mut meter);
            if draw.chance(70) {
                let (padded, plain) = twins.signals(&mut draw);
                twins.conv.learn(&padded);
                twins.dense.learn(&plain);
                assert_eq!(twins.unpadded(twins.conv.neurons().psi()), twins.dense.psi(), "case {case}, step {step}");
                assert_passes_down(&mut twins, &padded, &plain, case);
            } else {
                twins.conv.rest();
                twins.dense.rest();
            }
            if twins.dense.block_full() || step == 22 {
                twins.conv.end_block(0, &mut meter);
                twins.dense.end_block(0, &mut meter);
            }
        }
        let mut sums = std::collections::BTreeMap::new();
        for s in &twins.shared {
            let gradient = twins.dense.gradient()[s.input * twins.dense.spec().width() + s.output];
            *sums.entry((s.channels, s.tap)).or_insert(0i64) += gradient as i64;
        }
        for (&((oc, c), (ky, kx)), &sum) in &sums {
            assert_eq!(twins.conv.gradient(oc, c, ky, kx) as i64, sum, "case {case}");
            learned += (sum != 0) as u32;
        }
        let outputs = twins.conv.geometry().output.channels;
        for (oc, &gradient) in twins.conv.bias_gradient().iter().enumerate() {
            let sum: i64 = twins.dense.bias_gradient().iter().skip(oc).step_by(outputs).map(|&g| g as i64).sum();
            assert_eq!(gradient as i64, sum, "case {case}");
        }
    }
    assert!(learned > 1000);
}

/// What passes down agrees with the exact product, to the rounding of d psi and of each of the kernel's elements.
fn assert_passes_down(twins: &mut Twins, padded: &[i32], plain: &[i32], case: u64) {
    let input = twins.conv.geometry().input;
    let between = Port::spikes(input.shape);
    let mut got = vec![0; between.signal_len()];
    twins.conv.signal_below(padded, &mut got);
    let bits = twins.conv.spec().neurons.weight_bits;
    let mut exact = vec![0i64; input.shape.elements()];
    let mut reach = vec![0i64; input.shape.elements()];
    let g: Vec<i64> = plain.iter().zip(twins.dense.psi()).map(|(&d, &psi)| (d as i64 * psi as i64) >> 15).collect();
    let peak = g.iter().map(|g| g.abs()).max().unwrap_or(0);
    for s in &twins.shared {
        let weight = twins.conv.weight(s.channels.0, s.channels.1, s.tap.0, s.tap.1) as i64;
        exact[s.input] += weight * g[s.output];
        reach[s.input] += weight.abs();
    }
    for e in 0..input.shape.elements() {
        let (y, x, c) = input.place((e * input.levels) as u32);
        let got = got[between.signal_index(y * input.shape.width + x, c)] as i64;
        // d psi keeps 14 bits below its peak, or as many as its sum leaves.
        let unit = (peak >> 13).max(1) + 1;
        let allowed = ((reach[e] * unit) >> bits) + 20;
        assert!((got - (exact[e] >> bits)).abs() <= allowed, "case {case}: {got}, not {}", exact[e] >> bits);
    }
}

#[test]
fn its_weights_fall_by_the_rounded_gradient_at_the_end_of_a_block() {
    for case in 0..60 {
        // The same draws make the same layer, but for when it changes.
        let mut changes = Twins::new(&mut Draw::new(2000 + case), Mode::Block);
        let mut draw = Draw::new(2000 + case);
        let mut gathers = Twins::new(&mut draw, Mode::Sequence);
        let before = changes.conv.clone();
        let mut meter = Meter::default();
        for _ in 0..5 {
            let input = draw.some(before.geometry().input.most(), 30);
            let (padded, _) = changes.signals(&mut draw);
            for conv in [&mut changes.conv, &mut gathers.conv] {
                conv.forward(&input, true, &mut meter);
                conv.learn(&padded);
            }
        }
        changes.conv.end_block(0, &mut meter);
        gathers.conv.end_block(0, &mut meter);
        let shift = before.eligibility().format().bits - before.spec().neurons.weight_bits;
        for s in &changes.shared {
            let (output, input, ky, kx) = (s.channels.0, s.channels.1, s.tap.0, s.tap.1);
            let change = (gathers.conv.gradient(output, input, ky, kx) + (1 << shift >> 1)) >> shift;
            let want = (before.weight(output, input, ky, kx) as i32 - change).clamp(-8191, 8191);
            assert_eq!(changes.conv.weight(output, input, ky, kx) as i32, want, "case {case}");
        }
        gathers.conv.end_sequence(0, &mut meter);
        let weights = |conv: &Conv| {
            let mut all = Vec::new();
            conv.visit_weights(&mut |w| all.push(w));
            all
        };
        assert_eq!(weights(&changes.conv), weights(&gathers.conv), "case {case}: a sequence of one block");
    }
}

#[test]
fn a_rate_divided_by_a_divisor_leaves_the_bias_its_own() {
    let learning = learning(Mode::Sequence, 4, Rounding::Nearest);
    let gradient = |divisor: usize, rate, standardise| {
        let kernel = Kernel { height: 1, width: 1, stride: 1, padding: 0, dilation: 1, groups: 1 };
        let neurons = SpikingSpec { bias: true, divisor, standardise, rate, deviation: 0, ..layer(1) };
        let input = Port::spikes(Shape { channels: 1, height: 2, width: 2 });
        let mut conv = Conv::new(ConvSpec { neurons, kernel }, input, 0, learning);
        let mut meter = Meter::default();
        conv.set_bias(0, 1 << 20);
        conv.forward(&[0], true, &mut meter);
        let port = Port::spikes(conv.geometry().output);
        let mut d = vec![0; port.signal_len()];
        d[0] = 1 << 24;
        conv.learn(&d);
        conv.end_block(0, &mut meter);
        let bits = conv.eligibility().format().bits;
        ((conv.bias_gradient()[0] as i64) << (28 - bits), (conv.gradient(0, 0, 0, 0) as i64) << (28 - bits))
    };
    let (bias, weight) = gradient(1, power(-6), false);
    let (same_bias, sixteenth) = gradient(4, power(-10), false);
    assert!(bias != 0 && (bias - same_bias).abs() <= 64, "{bias} {same_bias}");
    // Standardised weights and their rate are not divided.
    assert_eq!(gradient(1, power(-6), true).0, gradient(4, power(-6), true).0);
    assert!((weight - 16 * sixteenth).abs() <= 16 * 64, "{weight} {sixteenth}");
}
