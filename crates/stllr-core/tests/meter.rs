//! The meter counts what was done: each figure beside a plain count.

mod common;

use common::{Draw, layer, learning, network};
use stllr_core::layer::{Mode, SpikingSpec};
use stllr_core::meter::Meter;
use stllr_core::network::{Network, Target};
use stllr_core::noise::Rounding;

#[test]
fn steps_spikes_and_synaptic_operations_are_counted_one_by_one() {
    let hidden = vec![SpikingSpec { recurrent: true, ..layer(14) }, SpikingSpec { deviation: 12 << 20, ..layer(9) }];
    let mut network = Network::new(network(hidden, learning(Mode::Block, 4, Rounding::Nearest))).expect("a valid spec");
    let mut draw = Draw::new(1);
    let mut want = Meter::default();
    let mut before = [0, 0];
    for n in 0..100 {
        let input = draw.some(30, 25);
        network.step(&input, if n % 4 == 1 { Target::Class(0) } else { Target::None });
        let spikes = [network.hidden()[0].spikes().len(), network.hidden()[1].spikes().len()];
        want.steps += 1;
        want.learning_steps += (n % 4 == 1) as u64;
        want.input_spikes += input.len() as u64;
        want.hidden_spikes += (spikes[0] + spikes[1]) as u64;
        // Inputs and the layer's own spikes reach 14 neurons, those reach 9, and these four classes.
        want.synaptic_operations += ((input.len() + before[0]) * 14 + spikes[0] * 9 + spikes[1] * 4) as u64;
        before = spikes;
    }
    let got = network.meter().clone();
    assert_eq!(Meter { update_operations: 0, weight_updates: 0, ..got.clone() }, want);
    assert!(want.hidden_spikes > 100 && got.update_operations > 0);
    network.reset_meter();
    assert_eq!(*network.meter(), Meter::default());
}

#[test]
fn updates_are_counted_for_each_weight_of_each_row_that_was_touched() {
    let silent = SpikingSpec { deviation: 0, ..layer(7) };
    for (mode, updates) in [(Mode::Block, 2), (Mode::Sequence, 1)] {
        let mut network =
            Network::new(network(vec![silent.clone()], learning(mode, 2, Rounding::Nearest))).expect("a valid spec");
        // Two blocks: rows 3 and 5 spike three times in the first; in the second, 3 again, and both have a trace.
        for input in [&[3, 5][..], &[5], &[3], &[]] {
            network.step(input, Target::Class(0));
        }
        network.end_sequence();
        assert_eq!(network.meter().hidden_spikes, 0, "else the readout has updates too");
        let hidden = Meter { update_operations: 7 * (3 + 1 + 2), weight_updates: 7 * 2 * updates, ..Meter::default() };
        let got = network.meter();
        assert_eq!(got.update_operations, hidden.update_operations, "{mode:?}");
        // In sequence mode every weight of the readout is written at the end: 7 neurons, 4 classes.
        let readout = if mode == Mode::Sequence { 7 * 4 } else { 0 };
        assert_eq!(got.weight_updates, hidden.weight_updates + readout, "{mode:?}");
    }
}
