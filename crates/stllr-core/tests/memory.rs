//! A network holds the bytes that its spec foretells, however long it runs, and allocates nothing after it is made.

mod common;

use common::{Draw, PSIS, layer, learning, loihi, network};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use stllr_core::fixed::Factor;
use stllr_core::layer::{Factors, LoihiSpec, Mode, Readout, Spiking, SpikingSpec};
use stllr_core::network::{LayerSpec, Network, Spec, Target};
use stllr_core::noise::Rounding;
use stllr_core::shape::Shape;
use stllr_core::signal::{LocalReadout, Signal};

/// Counts what this thread holds and how often it allocates.
struct Counting;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get() + layout.size() as i64);
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size() as i64);
        // SAFETY: the pointer came from `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `make` leaves on the heap.
fn held<T>(make: impl FnOnce() -> T) -> (T, u64) {
    let before = HELD.get();
    let made = make();
    (made, (HELD.get() - before) as u64)
}

/// Specs of every kind; `units` not always a multiple of a vector.
fn specs() -> Vec<Spec> {
    let mut specs = Vec::new();
    for (k, psi) in PSIS.into_iter().enumerate() {
        for (mode, block_steps) in [(Mode::Sequence, 16), (Mode::Block, 32), (Mode::Block, 1)] {
            for units in [&[40usize][..], &[64, 19], &[]] {
                let alpha_post = if k % 2 == 0 { Factor::ZERO } else { Factor::ONE };
                let factors = Factors { alpha_post, ..layer(1).factors };
                let recurrent = units.len() == 2;
                let byte_shift = [None, Some(6)][k / 2];
                let of =
                    |&units: &usize| SpikingSpec { psi, recurrent, factors, bias: true, byte_shift, ..layer(units) };
                let chip = LoihiSpec { current_decay: 1024, voltage_decay: 128, threshold: 80, bits: 13 };
                let of = |units: &usize| if k == 1 { loihi(chip, of(units)) } else { of(units) };
                let learning = learning(mode, block_steps, Rounding::Dithered);
                let signal = if k < 2 { Signal::Bp } else { Signal::Dfa };
                specs.push(Spec {
                    signal,
                    input: Shape::vector(200),
                    ..network(units.iter().map(of).collect(), learning)
                });
            }
        }
    }
    specs
}

#[test]
fn layers_hold_what_their_specs_foretell_to_the_byte() {
    for spec in specs() {
        for layer in spec.hidden().cloned() {
            let foretold = layer.memory(200, &spec.learning).total();
            assert_eq!(held(|| Spiking::new(layer, 200, 0, spec.learning)).1, foretold);
        }
        let foretold = spec.readout.memory(200, &spec.learning).total();
        assert_eq!(held(|| Readout::new(spec.readout, 200, 0, spec.learning)).1, foretold);
    }
}

#[test]
fn a_network_holds_what_its_spec_foretells() {
    for spec in specs() {
        let (layers, foretold) = (spec.layers.len() as u64, spec.memory().total());
        let (network, holds) = held(|| Network::new(spec.clone()));
        let network = network.expect("the spec is valid");
        assert_eq!(network.memory().total(), foretold);
        // Beyond arrays, the layers' own fields.
        let fields = layers * (size_of::<Spiking>() + size_of::<LayerSpec>() + size_of::<LocalReadout>() + 400) as u64;
        assert!((foretold..=foretold + fields).contains(&holds), "{holds} held, {foretold} foretold, {layers} layers");
    }
}

#[test]
fn it_fits_a_limit_that_is_just_met_and_no_less() {
    for spec in specs() {
        let memory_limit = spec.memory().total();
        assert_eq!(Spec { memory_limit, ..spec.clone() }.check(), Ok(()));
        let error = Spec { memory_limit: memory_limit - 1, ..spec }.check().expect_err("a byte too few");
        assert_eq!((error.field, error.given), ("memory in bytes", memory_limit as i64));
    }
}

/// Some steps with everything in them: learning and not, ends of sequences, resets, new rates.
fn run(network: &mut Network, inputs: &[Vec<u32>], steps: usize) {
    for n in 0..steps {
        let target = if n % 3 == 0 { Target::None } else { Target::Class(n as u32 % 4) };
        network.step(&inputs[n % inputs.len()], target);
        match n % 50 {
            20 => network.set_rates(Factor::ONE, Factor::ZERO),
            30 => network.end_sequence(),
            49 => network.reset(true),
            _ => (),
        }
    }
    std::hint::black_box((network.weights_hash(), network.state_hash(), network.scores()));
    network.clear_scores();
    network.reset_meter();
}

#[test]
fn nothing_is_allocated_once_it_is_made() {
    let mut draw = Draw::new(1);
    // Also all inputs at once.
    let inputs: Vec<Vec<u32>> = (0..40).map(|n| draw.some(200, if n % 20 == 7 { 100 } else { 10 })).collect();
    for spec in specs() {
        let mut network = Network::new(spec).expect("the spec is valid");
        let (held, allocations) = (HELD.get(), ALLOCATIONS.get());
        run(&mut network, &inputs, 30);
        assert_eq!((HELD.get(), ALLOCATIONS.get()), (held, allocations));
        // A hundred times as long.
        let short = network.memory().clone();
        run(&mut network, &inputs, if cfg!(debug_assertions) { 300 } else { 3000 });
        assert_eq!((HELD.get(), ALLOCATIONS.get(), network.memory()), (held, allocations, &short));
    }
}
