//! A whole network: when it learns, what it keeps, and what a reset forgets.

mod common;

use common::{Draw, layer, learning, network, power};
use stllr_core::layer::{Mode, SpikingSpec};
use stllr_core::network::{Layer, Network, Spec, Target, Window};
use stllr_core::noise::Rounding;
use stllr_core::signal::Signal;

const MODES: [(Mode, usize); 4] = [(Mode::Sequence, 16), (Mode::Block, 16), (Mode::Block, 5), (Mode::Block, 1)];

/// Every kind of layer at once.
fn deep(mode: Mode, block_steps: usize, rounding: Rounding, signal: Signal) -> Spec {
    let first = SpikingSpec { recurrent: true, bias: true, ..layer(14) };
    let second = SpikingSpec { soft_reset: false, deviation: 12 << 20, ..layer(9) };
    Spec { signal, ..network(vec![first, second], learning(mode, block_steps, rounding)) }
}

fn made(spec: Spec) -> Network {
    Network::new(spec).unwrap_or_else(|error| panic!("{error}"))
}

/// One step of random input; it learns a class unless told otherwise.
fn step(network: &mut Network, draw: &mut Draw, learns: bool) {
    let input = draw.some(30, 25);
    let class = draw.pick(0, 3) as u32;
    network.step(&input, if learns { Target::Class(class) } else { Target::None });
}

fn run(network: &mut Network, draw: &mut Draw, steps: usize) {
    (0..steps).for_each(|_| step(network, draw, true));
}

#[test]
fn weights_change_at_the_end_of_each_block_and_only_there() {
    for (mode, block_steps) in MODES {
        let mut network = made(deep(mode, block_steps, Rounding::Dithered, Signal::Bp));
        let mut draw = Draw::new(1);
        for n in 1..=50 {
            let before = network.weights_hash();
            step(&mut network, &mut draw, true);
            let ends = mode == Mode::Block && n % block_steps == 0;
            assert_eq!(network.weights_hash() != before, ends, "{mode:?}, blocks of {block_steps}, step {n}");
        }
        let before = network.weights_hash();
        network.end_sequence();
        // With blocks of 16 and 50 steps there is something left; with 5 and 1 there is not.
        assert_eq!(network.weights_hash() != before, block_steps == 16, "{mode:?}, blocks of {block_steps}");
        let before = network.weights_hash();
        network.end_sequence();
        assert_eq!(network.weights_hash(), before, "an empty sequence changes nothing");
    }
}

#[test]
fn steps_that_do_not_learn_change_no_weight() {
    for (mode, block_steps) in MODES {
        for tracking in [true, false] {
            let mut network = made(deep(mode, block_steps, Rounding::Dithered, Signal::Dfa));
            let mut draw = Draw::new(2);
            network.reset(true);
            run(&mut network, &mut draw, 33);
            network.end_sequence();
            let before = network.weights_hash();
            network.reset(tracking);
            (0..70).for_each(|_| step(&mut network, &mut draw, false));
            network.end_sequence();
            assert_eq!(network.weights_hash(), before, "{mode:?}, blocks of {block_steps}, tracking {tracking}");
        }
    }
}

#[test]
#[should_panic(expected = "does not track")]
fn learning_without_tracking_is_refused() {
    let mut network = made(deep(Mode::Block, 16, Rounding::Nearest, Signal::Bp));
    network.reset(false);
    network.step(&[], Target::Class(0));
}

#[test]
fn a_reset_network_goes_on_as_a_new_one_with_its_weights() {
    for (mode, block_steps) in MODES {
        let spec = deep(mode, block_steps, Rounding::Nearest, Signal::Bp);
        let mut used = made(spec.clone());
        let mut draw = Draw::new(3);
        run(&mut used, &mut draw, 60);
        used.end_sequence();
        run(&mut used, &mut draw, 37);
        used.reset(false);
        (0..20).for_each(|_| step(&mut used, &mut draw, false));
        used.reset(true);
        let mut new = made(spec);
        new.edit(|hidden, readout| {
            for (to, from) in hidden.iter_mut().filter_map(Layer::as_spiking_mut).zip(used.hidden()) {
                let units = from.spec().units;
                let rows = if from.spec().recurrent { 30 + units } else { 14 };
                (0..rows).for_each(|row| (0..units).for_each(|i| to.set_weight(row, i, from.weight(row, i) as i32)));
                (0..units).for_each(|i| to.set_bias(i, from.bias()[i]));
            }
            readout.weights_mut().copy_from_slice(used.readout().weights());
            let bias: Vec<i32> = used.clone().edit_bias();
            readout.bias_mut().copy_from_slice(&bias);
        });
        assert_eq!(new.weights_hash(), used.weights_hash());
        let (mut a, mut b) = (Draw::new(4), Draw::new(4));
        for n in 0..100 {
            step(&mut used, &mut a, n % 3 != 0);
            step(&mut new, &mut b, n % 3 != 0);
            assert_eq!(used.scores(), new.scores(), "step {n}");
            assert_eq!(used.hidden()[0].membrane(), new.hidden()[0].membrane(), "step {n}");
            assert_eq!(used.weights_hash(), new.weights_hash(), "{mode:?}, blocks of {block_steps}, step {n}");
        }
        used.end_sequence();
        new.end_sequence();
        assert_eq!(used.weights_hash(), new.weights_hash(), "{mode:?}, blocks of {block_steps}");
        assert_eq!((used.clock(), new.clock()), (100, 100));
    }
}

/// The readout's biases: they can only be seen where they can be changed.
trait EditBias {
    fn edit_bias(self) -> Vec<i32>;
}

impl EditBias for Network {
    fn edit_bias(mut self) -> Vec<i32> {
        let mut bias = Vec::new();
        self.edit(|_, readout| bias = readout.bias_mut().to_vec());
        bias
    }
}

#[test]
fn a_network_that_only_answers_leaves_no_trace_in_one_that_learns() {
    for (mode, block_steps) in MODES {
        let mut interrupted = made(deep(mode, block_steps, Rounding::Dithered, Signal::Bp));
        let mut plain = interrupted.clone();
        for recording in 0..4 {
            interrupted.reset(false);
            let mut draw = Draw::new(100 + recording);
            (0..23).for_each(|_| step(&mut interrupted, &mut draw, false));
            interrupted.end_sequence();
            for network in [&mut interrupted, &mut plain] {
                network.reset(true);
                run(network, &mut Draw::new(recording), 40);
                network.end_sequence();
            }
            assert_eq!(interrupted.state_hash(), plain.state_hash(), "{mode:?}, blocks of {block_steps}");
        }
    }
}

#[test]
fn all_state_is_in_the_network_wherever_the_steps_are_split() {
    for (mode, block_steps) in MODES {
        let mut whole = {
            let mut network = made(deep(mode, block_steps, Rounding::Dithered, Signal::Dfa));
            run(&mut network, &mut Draw::new(5), 48);
            network.end_sequence();
            network
        };
        for split in 0..=48 {
            let mut draw = Draw::new(5);
            let mut first = made(deep(mode, block_steps, Rounding::Dithered, Signal::Dfa));
            run(&mut first, &mut draw, split);
            let mut second = first.clone();
            assert_eq!(first.state_hash(), second.state_hash());
            drop(first);
            run(&mut second, &mut draw, 48 - split);
            second.end_sequence();
            assert_eq!(second.state_hash(), whole.state_hash(), "{mode:?}, blocks of {block_steps}, split at {split}");
            assert_eq!(second.meter(), whole.meter());
        }
    }
}

#[test]
fn a_window_learns_the_last_steps_with_the_traces_of_all() {
    let run = |window: Window, silent: u64| {
        let mut network = made(deep(Mode::Sequence, 7, Rounding::Nearest, Signal::Bp));
        let mut draw = Draw::new(6);
        let first = window.first(40);
        for n in 0..40 {
            let input = draw.some(30, 25);
            let input = if n < silent { &[] } else { &input[..] };
            network.step(input, if n >= first { Target::Class(1) } else { Target::None });
        }
        network.end_sequence();
        (network.meter().learning_steps, network.weights_hash(), network.meter().steps)
    };
    let before = made(deep(Mode::Sequence, 7, Rounding::Nearest, Signal::Bp)).weights_hash();
    assert_eq!(run(Window::All, 0).0, 40);
    assert_eq!(run(Window::Last(5), 0).0, 5);
    assert_eq!(run(Window::Last(0), 0), (0, before, 40));
    assert_eq!(run(Window::Last(99), 0), run(Window::All, 0));
    assert_ne!(run(Window::Last(5), 0).1, run(Window::Last(5), 35).1, "what came before the window counts");
}

#[test]
fn new_rates_hold_from_the_next_boundary_on() {
    let (low, high) = (power(-10), power(-4));
    // From the first to the last step before which setting them has the same effect.
    let cases = [(Mode::Block, 8, 17, 24), (Mode::Block, 1, 20, 20), (Mode::Sequence, 8, 1, 40)];
    for (mode, block_steps, first, last) in cases {
        let changed_at = |when: usize| {
            let mut network = made(deep(mode, block_steps, Rounding::Nearest, Signal::Bp));
            let mut draw = Draw::new(7);
            for n in 0..60 {
                if n == when {
                    network.set_rates(low, high);
                }
                step(&mut network, &mut draw, true);
                if n + 1 == 40 {
                    network.end_sequence();
                }
            }
            network.end_sequence();
            network.weights_hash()
        };
        let want = changed_at(first);
        for when in first..=last {
            assert_eq!(changed_at(when), want, "{mode:?}, blocks of {block_steps}, set at {when}");
        }
        assert_ne!(changed_at(last + 1), want);
        assert_ne!(changed_at(99), want);
        if first > 0 {
            assert_ne!(changed_at(first - 1), want);
        }
    }
}

#[test]
fn it_learns_what_it_is_shown() {
    for (mode, block_steps) in MODES {
        for signal in [Signal::Bp, Signal::Dfa] {
            let mut network = made(deep(mode, block_steps, Rounding::Dithered, signal));
            let mut right = 0;
            for recording in 0..120u32 {
                let class = recording % 4;
                let mut draw = Draw::new(1000 + recording as u64);
                network.reset(true);
                for _ in 0..40 {
                    let mut input = draw.some(30, 10);
                    input.retain(|&i| i % 4 != class);
                    input.extend((0..30).filter(|&i| i % 4 == class && draw.chance(35)));
                    network.step(&input, Target::Class(class));
                }
                let best = (0..4).max_by_key(|&c| network.scores()[c]);
                right += (recording >= 80 && best == Some(class as usize)) as usize;
                network.end_sequence();
            }
            assert!(right >= 28, "{mode:?}, blocks of {block_steps}, {signal:?}: {right} of 40, chance is 10");
        }
    }
}
