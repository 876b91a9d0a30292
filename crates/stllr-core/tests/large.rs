//! Sizes near the largest allowed: sums over very many neurons stay within their formats.

mod common;

use common::{Draw, layer, learning, network};
use stllr_core::fixed::{CURRENT_MAX, MEMBRANE_MAX, ONE_Q15, WEIGHT_MAX};
use stllr_core::layer::{Mode, Spiking, SpikingSpec};
use stllr_core::meter::Meter;
use stllr_core::network::{Layer, Network, Spec, Target};
use stllr_core::noise::Rounding;
use stllr_core::shape::Shape;

#[test]
fn the_input_of_a_step_saturates_however_many_inputs_spike() {
    // With all weights at their limit the plain sum would pass 2^31.
    let inputs = 300_000;
    let learning = learning(Mode::Block, 1, Rounding::Nearest);
    let spec = SpikingSpec { leak: ONE_Q15, deviation: 0, ..layer(2) };
    let mut layer = Spiking::new(spec, inputs, 0, learning);
    for row in 0..inputs {
        layer.set_weight(row, 0, WEIGHT_MAX);
        layer.set_weight(row, 1, -WEIGHT_MAX);
    }
    let all: Vec<u32> = (0..inputs as u32).collect();
    let mut meter = Meter::default();
    assert_eq!(layer.forward(&all, true, &mut meter), [0]);
    assert_eq!(layer.membrane(), [CURRENT_MAX - (1 << 21), -CURRENT_MAX]);
    layer.rest();
    layer.end_block(0, &mut meter);
    layer.forward(&all, false, &mut meter);
    layer.forward(&all, false, &mut meter);
    assert_eq!(layer.membrane()[1], -MEMBRANE_MAX);
}

#[test]
fn a_signal_passes_down_from_a_layer_of_any_width() {
    for units in [130_000, 131_073, 140_000] {
        let mut draw = Draw::new(units as u64);
        let hidden =
            vec![SpikingSpec { deviation: 24 << 20, ..layer(2) }, SpikingSpec { deviation: 16 << 20, ..layer(units) }];
        let spec = Spec {
            memory_limit: 1 << 28,
            input: Shape::vector(8),
            ..network(hidden, learning(Mode::Sequence, 4, Rounding::Nearest))
        };
        let mut network = Network::new(spec).expect("it fits its limit");
        // All spike, a little above their threshold.
        network.edit(|hidden, _| {
            hidden
                .iter_mut()
                .filter_map(Layer::as_spiking_mut)
                .for_each(|layer| (0..layer.spec().units).for_each(|unit| layer.set_bias(unit, 5 << 19)));
        });
        for _ in 0..4 {
            let input = draw.some(8, 70);
            network.step(&input, Target::Class(1));
        }
        assert!(network.meter().hidden_spikes > 1000);
        assert!(network.hidden()[0].gradient().iter().any(|&g| g != 0));
    }
}
