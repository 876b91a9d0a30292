//! Networks that branch, at the ends of their formats and in shapes that are of no use but allowed.

mod common;

use common::{Draw, layer, learning, network, power};
use stllr_core::fixed::{ONE_Q15, READOUT_WEIGHT_MAX, SIGNAL_MAX, WEIGHT_MAX};
use stllr_core::layer::{
    ConvSpec, DropoutSpec, JoinSpec, Kernel, Learning, Mode, PoolSpec, ReadoutSpec, Spiking, SpikingSpec, UpsampleSpec,
};
use stllr_core::loss::Loss;
use stllr_core::meter::Meter;
use stllr_core::network::{Layer, LayerKind, LayerSpec, Network, Spec, Target};
use stllr_core::noise::Rounding;
use stllr_core::psi::Psi;
use stllr_core::shape::Shape;

fn sequence() -> Learning {
    learning(Mode::Sequence, 3, Rounding::Nearest)
}

fn node(sources: impl Into<Vec<usize>>, kind: LayerKind) -> LayerSpec {
    LayerSpec { sources: sources.into(), kind }
}

#[test]
fn signals_that_saturate_add_up_to_one_that_does() {
    let kernel = Kernel { height: 3, width: 3, stride: 1, padding: 1, dilation: 1, groups: 1 };
    let neurons = SpikingSpec { psi: Psi::Exp, threshold: 1 << 15, deviation: 0, ..layer(2) };
    let conv = || LayerKind::Conv(ConvSpec { neurons: neurons.clone(), kernel });
    let join = |concat| LayerKind::Join(JoinSpec { concat, repeats: vec![1, 3] });
    let layers = vec![
        node([0], conv()),
        node([1], conv()),
        node([2], LayerKind::Dropout(DropoutSpec { rate: 0 })),
        node([3, 2], join(false)),
        node([4], LayerKind::Pool(PoolSpec { max: false, size: 2, stride: 1 })),
        node([3], LayerKind::Pool(PoolSpec { max: true, size: 2, stride: 1 })),
        node([5, 6], join(true)),
        // Nine equal numbers: of four the sum would be right again after two overflows.
        node([7], LayerKind::Upsample(UpsampleSpec { factor: 3 })),
    ];
    let readout = ReadoutSpec {
        classes: 2,
        kernel: Some(3),
        leak: 0,
        trace_decay: 0,
        rate: power(-8),
        bias: false,
        divisor: 1,
        deviation: 0,
    };
    let base = network(vec![], sequence());
    for sign in [1, -1] {
        let input = Shape { channels: 1, height: 4, width: 4 };
        let (readout, layers) = (readout.clone(), layers.clone());
        let spec = Spec { input, readout, readout_source: 8, layers, loss: Loss::MeanSquare, ..base.clone() };
        let mut network = Network::new(spec).unwrap_or_else(|error| panic!("{error}"));
        network.edit(|layers, readout| {
            readout.weights_mut().iter_mut().for_each(|weight| *weight = READOUT_WEIGHT_MAX);
            for conv in layers.iter_mut().filter_map(Layer::as_conv_mut) {
                let inputs = conv.geometry().group_inputs();
                for k in 0..2 * inputs * 9 {
                    conv.set_weight(k / 9 / inputs, k / 9 % inputs, k % 9 / 3, k % 3, WEIGHT_MAX);
                }
                // At rest v = 0, where psi is one.
                (0..2).for_each(|channel| conv.set_bias(channel, 1 << 20));
            }
        });
        let mut error = vec![0; 4 * 81];
        error.chunks_exact_mut(4).for_each(|pixel| pixel[..2].fill(sign * SIGNAL_MAX));
        network.step(&[], Target::Error(&error));
        for (i, port) in network.spec().ports().iter().enumerate() {
            let Shape { channels, height, width } = port.shape;
            for (position, channel) in (0..height * width).flat_map(|p| (0..channels).map(move |c| (p, c))) {
                let signal = network.signal(i)[port.signal_index(position, channel)];
                assert!(signal * sign >= SIGNAL_MAX - 1, "layer {i}, position {position}, channel {channel}");
            }
        }
    }
}

#[test]
fn a_dense_layer_s_signal_saturates_on_top_of_one_that_does() {
    let spec = SpikingSpec { psi: Psi::Exp, threshold: 1 << 15, deviation: 0, weight_bits: 8, ..layer(1) };
    let mut dense = Spiking::new(spec, 2, 0, sequence());
    dense.set_weight(0, 0, WEIGHT_MAX);
    dense.set_weight(1, 0, -WEIGHT_MAX);
    // At rest v = 0, where psi is one.
    dense.set_bias(0, 1 << 15);
    dense.forward(&[], true, &mut Meter::default());
    let d = [SIGNAL_MAX, 0, 0, 0, 0, 0, 0, 0];
    dense.learn(&d);
    let mut below = [SIGNAL_MAX, -SIGNAL_MAX, 0, 0, 0, 0, 0, 0];
    dense.signal_below(&d, &mut below);
    assert_eq!(below[..2], [SIGNAL_MAX - 1, 1 - SIGNAL_MAX]);
}

#[test]
fn layers_that_lead_nowhere_end_their_steps() {
    let sources = |readout_source| {
        let spec = network(vec![layer(5), layer(4)], sequence());
        Spec { readout_source, ..spec }
    };
    for readout_source in 0..=2 {
        let mut network = Network::new(sources(readout_source)).unwrap_or_else(|error| panic!("{error}"));
        let weights = |network: &Network, i: usize| {
            let mut all = Vec::new();
            network.hidden()[i].visit_weights(&mut |w| all.push(w));
            all
        };
        let before = [weights(&network, 0), weights(&network, 1)];
        let mut draw = Draw::new(1);
        for step in 0..20 {
            network.step(&draw.some(30, 30), Target::Class(1));
            let expected = network.readout().eligibility().steps();
            assert!(network.hidden().iter().all(|layer| layer.eligibility().steps() == expected), "step {step}");
        }
        network.end_sequence();
        for (i, before) in before.into_iter().enumerate() {
            assert_eq!(weights(&network, i) != before, i < readout_source, "layer {i}, readout of {readout_source}");
        }
    }
}

#[test]
fn what_dropout_leaves_is_a_share_of_the_input_and_not_of_a_layer_s_own_spikes() {
    let rate = ONE_Q15 / 2;
    let recurrent = SpikingSpec { recurrent: true, leak: 0, deviation: 0, recurrent_deviation: 0, ..layer(1) };
    let spec = |layers, readout_source| Spec { layers, readout_source, ..network(vec![], sequence()) };
    let dropout = node([0], LayerKind::Dropout(DropoutSpec { rate }));
    let neurons = |source| node([source], LayerKind::Spiking(recurrent.clone()));
    let mut network = Network::new(spec(vec![dropout, neurons(1)], 2)).unwrap_or_else(|error| panic!("{error}"));
    network.edit(|layers, _| {
        let layer = layers[1].as_spiking_mut().expect("a recurrent layer");
        layer.set_bias(0, 1 << 20);
        layer.set_weight(0, 0, 6000);
        layer.set_weight(30, 0, 400);
    });
    network.reset(false);
    network.draw_dropout(false);
    let v = |network: &Network| network.hidden()[0].v()[0];
    let threshold = 1 << 21;
    network.step(&[0], Target::None);
    assert_eq!(v(&network), (1 << 20) + (3000 << 8) - threshold, "half of the input");
    network.edit(|layers, _| layers[1].as_spiking_mut().expect("a recurrent layer").set_bias(0, 1 << 22));
    network.step(&[], Target::None);
    assert_eq!(v(&network), (1 << 22) - threshold, "a spike");
    network.step(&[0], Target::None);
    assert_eq!(v(&network), (1 << 22) + (3000 << 8) + (400 << 8) - threshold, "half of the input and the whole spike");
}
