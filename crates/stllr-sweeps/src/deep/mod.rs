//! Deep runs: convolutions, layers without neurons, and every signal, loss and optimiser, a few of them in each.

mod layers;
mod train;

pub use train::train;

use layers::{NEURONS, SAME, behind, conv, dense, dropout, join, pool, power, readout, twice};
use stllr_core::deep::deep;
use stllr_core::layer::{Kernel, Learning, LoihiSpec, Mode, ReadoutSpec, SpikingSpec};
use stllr_core::loss::{ContrastSpec, Loss};
use stllr_core::network::{LayerSpec, Spec};
use stllr_core::noise::Rounding;
use stllr_core::optimizer::Optimizer;
use stllr_core::psi::Psi;
use stllr_core::shape::Shape;
use stllr_core::signal::Signal;

/// A run: its name, and what makes its network.
pub struct Run {
    /// What it is about.
    pub name: &'static str,
    spec: fn() -> Spec,
    /// Is a class added and another removed on the way?
    pub changes_classes: bool,
}

impl Run {
    const fn new(name: &'static str, spec: fn() -> Spec) -> Self {
        Self { name, spec, changes_classes: false }
    }

    const fn with_other_classes(name: &'static str, spec: fn() -> Spec) -> Self {
        Self { name, spec, changes_classes: true }
    }

    /// The network.
    pub fn spec(&self) -> Spec {
        (self.spec)()
    }
}

/// All of them.
pub const ALL: [Run; 28] = [
    Run::new("convolutions: stride, padding, bias, sequence", strided),
    Run::new("convolutions: dilation, groups, exp, blocks of 7", dilated),
    Run::new("max pool, average pool, momentum, blocks of 7", pooled),
    Run::new("overlapping sum pool, Nesterov, decay, sequence", summed),
    Run::new("residual sum of an average and a map, Adam, blocks of 5", residual),
    Run::new("residual sum, RMSprop, decay, online", residual_online),
    Run::new("upsample, concat, flow by endpoint, RMSprop, sequence", endpoint),
    Run::new("upsample, concat, flow by contrast, Adam, blocks of 9", contrast),
    Run::new("values a pixel, mean square, plain descent, blocks of 7", values),
    Run::new("values a pixel, binary, momentum, decay, sequence", values_binary),
    Run::new("dropout of maps and vectors, dithered, blocks of 7", dropped),
    Run::new("standardised groups, bias, sequence", standardised),
    Run::new("standardised behind an average, recurrent, Adam, blocks of 7", standardised_recurrent),
    Run::new("standardised, decay, Nesterov, online", standardised_online),
    Run::new("DFA, convolution and recurrent layer, binary, blocks of 7", dfa),
    Run::new("sDFA, two convolutions, mean square, sequence", sdfa),
    Run::new("DRTP, convolution and dense layer, RMSprop, blocks of 5", drtp),
    Run::new("local readouts, cross-entropy, blocks of 7", local),
    Run::new("local readouts, mean square, Adam, sequence", local_values),
    Run::new("Rprop, standardised, bias, sequence", signs),
    Run::with_other_classes("a class more and one less, Adam, blocks of 7", classes),
    Run::with_other_classes("a class more and one less, local readouts, sequence", classes_local),
    Run::with_other_classes("a class more and one less, DFA, online", classes_dfa),
    Run::new("everything: two maps joined, dropout, standardised, flow, Adam, decay", everything),
    Run::new("8 bits: convolution, recurrent and dense layer, blocks of 7", bytes),
    Run::new("8 bits: groups, bias, Adam, decay, sequence", bytes_adam),
    Run::new("8 bits: standardised, behind an average and recurrent, momentum, blocks of 5", bytes_standardised),
    Run::new("neurons of Loihi's: convolution, recurrent and dense layer, exp, bias, blocks of 7", chip),
];

const SENSOR: Shape = Shape { channels: 2, height: 8, width: 8 };
const CLASSES: usize = 4;

/// Layers, each of which sees what its sources say, and the readout the last.
fn stack(layers: Vec<LayerSpec>, readout: ReadoutSpec, learning: Learning) -> Spec {
    let readout_source = layers.len();
    Spec {
        input: SENSOR,
        layers,
        readout,
        readout_source,
        signal: Signal::Bp,
        loss: Loss::CrossEntropy,
        learning,
        memory_limit: 1 << 24,
    }
}

/// Seeds are the numbers of what is learned: no two runs draw the same.
fn sequence(seed: u64, optimizer: Optimizer) -> Learning {
    let (mode, rounding) = (Mode::Sequence, Rounding::Nearest);
    Learning { mode, block_steps: 8, seed, optimizer, rounding, ..Learning::PLAIN }
}

fn blocks(seed: u64, block_steps: usize, optimizer: Optimizer) -> Learning {
    Learning { mode: Mode::Block, block_steps, seed, optimizer, ..Learning::PLAIN }
}

/// With a decay of 2^-7.
fn decayed(learning: Learning) -> Learning {
    Learning { decay: power(-7), ..learning }
}

const MOMENTUM: Optimizer = Optimizer::Momentum { momentum: 966_367_642, nesterov: false };
const NESTEROV: Optimizer = Optimizer::Momentum { momentum: 966_367_642, nesterov: true };

/// Neurons and readouts for optimisers that heed no gradient's size.
fn slow() -> SpikingSpec {
    SpikingSpec { rate: power(-8), ..NEURONS }
}

fn slow_readout(classes: usize, kernel: Option<usize>) -> ReadoutSpec {
    ReadoutSpec { rate: power(-9), ..readout(classes, kernel) }
}

fn with_bias(neurons: SpikingSpec) -> SpikingSpec {
    SpikingSpec { bias: true, ..neurons }
}

/// Raw weights that are not divided, whatever the input.
fn standard(divisor: usize, neurons: SpikingSpec) -> SpikingSpec {
    SpikingSpec { standardise: true, divisor, deviation: 4 << 20, ..neurons }
}

/// Weights in 8 bits, so much coarser than in 16, and changes that come to some units of them.
fn in_bytes(shift: u32, neurons: SpikingSpec) -> SpikingSpec {
    SpikingSpec { byte_shift: deep(shift), ..neurons }
}

fn strided() -> Spec {
    let wide = Kernel { height: 5, width: 3, stride: 2, padding: 2, ..SAME };
    let narrow = Kernel { height: 2, width: 2, stride: 1, padding: 0, ..SAME };
    let layers = vec![conv(0, 6, wide, with_bias(NEURONS)), conv(1, 9, narrow, with_bias(NEURONS))];
    stack(layers, readout(CLASSES, None), sequence(101, Optimizer::Sgd))
}

fn dilated() -> Spec {
    let kernel = Kernel { dilation: 2, padding: 2, groups: 2, ..SAME };
    // The sharp surrogate is small nearly everywhere.
    let neurons = SpikingSpec { psi: Psi::Exp, rate: power(-2), soft_reset: false, ..NEURONS };
    let layers = vec![conv(0, 8, kernel, neurons.clone()), conv(1, 10, Kernel { stride: 2, ..kernel }, neurons)];
    stack(layers, readout(CLASSES, None), blocks(102, 7, Optimizer::Sgd))
}

fn pooled() -> Spec {
    let neurons = || SpikingSpec { psi: Psi::TriOut, ..with_bias(NEURONS) };
    let layers = vec![
        conv(0, 6, SAME, neurons()),
        pool(1, true, 2, 2),
        conv(2, 6, SAME, neurons()),
        pool(3, false, 2, 2),
        dense(4, 14, behind(4, with_bias(NEURONS))),
    ];
    stack(layers, readout(CLASSES, None), blocks(103, 7, MOMENTUM))
}

fn summed() -> Spec {
    let layers = vec![
        conv(0, 5, SAME, NEURONS),
        pool(1, false, 3, 1),
        conv(2, 5, SAME, SpikingSpec { deviation: 1 << 20, ..NEURONS }),
    ];
    stack(layers, readout(CLASSES, None), decayed(sequence(104, NESTEROV)))
}

/// The average of a map and its maximum: the one spike counts as four.
fn residual_of(neurons: SpikingSpec, readout: ReadoutSpec, learning: Learning) -> Spec {
    let layers = vec![
        conv(0, 6, SAME, neurons.clone()),
        pool(1, false, 2, 2),
        pool(1, true, 2, 2),
        join([2, 3], false, [1, 4]),
        conv(4, 6, SAME, behind(4, neurons)),
    ];
    stack(layers, readout, learning)
}

fn residual() -> Spec {
    residual_of(slow(), slow_readout(CLASSES, None), blocks(105, 5, Optimizer::ADAM))
}

fn residual_online() -> Spec {
    let slower = SpikingSpec { rate: power(-11), ..with_bias(NEURONS) };
    residual_of(slower, slow_readout(CLASSES, None), decayed(blocks(106, 1, Optimizer::RMSPROP)))
}

/// Down, up again, and joined with what was there.
fn hourglass(neurons: SpikingSpec, readout: ReadoutSpec, loss: Loss, learning: Learning) -> Spec {
    let down = Kernel { stride: 2, ..SAME };
    let layers = vec![
        conv(0, 4, SAME, neurons.clone()),
        conv(1, 6, down, neurons.clone()),
        twice(2),
        join([3, 1], true, [1, 1]),
        conv(4, 5, SAME, neurons),
    ];
    Spec { loss, ..stack(layers, readout, learning) }
}

fn endpoint() -> Spec {
    hourglass(slow(), slow_readout(2, Some(3)), Loss::Endpoint, sequence(107, Optimizer::RMSPROP))
}

fn contrast() -> Spec {
    let loss = Loss::Contrast(ContrastSpec { scale: 1, blur: 2, smoothness: 1 << 12 });
    hourglass(slow(), slow_readout(2, Some(1)), loss, blocks(108, 9, Optimizer::ADAM))
}

fn values() -> Spec {
    let layers = vec![conv(0, 6, SAME, NEURONS)];
    let spec = stack(layers, readout(3, Some(5)), blocks(109, 7, Optimizer::Sgd));
    Spec { loss: Loss::MeanSquare, ..spec }
}

fn values_binary() -> Spec {
    let fast = SpikingSpec { psi: Psi::Sigmoid, rate: power(0), ..with_bias(NEURONS) };
    let layers = vec![conv(0, 6, SAME, fast.clone()), conv(1, 6, SAME, fast)];
    let spec = stack(layers, ReadoutSpec { rate: power(-4), ..readout(1, Some(3)) }, decayed(sequence(110, MOMENTUM)));
    Spec { loss: Loss::Binary, ..spec }
}

fn dropped() -> Spec {
    let layers = vec![
        dropout(0, 6554),
        conv(1, 6, SAME, NEURONS),
        dropout(2, 16_384),
        dense(3, 20, SpikingSpec { deviation: 2 << 20, ..NEURONS }),
        dropout(4, 9000),
    ];
    stack(layers, readout(CLASSES, None), blocks(111, 7, Optimizer::Sgd))
}

fn standardised() -> Spec {
    let groups = Kernel { groups: 2, ..SAME };
    let layers =
        vec![conv(0, 6, groups, standard(1, with_bias(NEURONS))), conv(1, 8, groups, standard(1, with_bias(NEURONS)))];
    stack(layers, readout(CLASSES, None), sequence(112, Optimizer::Sgd))
}

fn standardised_recurrent() -> Spec {
    let recurrent = SpikingSpec { recurrent: true, ..standard(4, with_bias(slow())) };
    let layers = vec![conv(0, 6, SAME, standard(1, slow())), pool(1, false, 2, 2), dense(2, 18, recurrent)];
    stack(layers, slow_readout(CLASSES, None), blocks(113, 7, Optimizer::ADAM))
}

fn standardised_online() -> Spec {
    let slower = SpikingSpec { rate: power(-9), ..NEURONS };
    let layers =
        vec![conv(0, 6, Kernel { stride: 2, ..SAME }, standard(1, slower.clone())), dense(1, 15, standard(1, slower))];
    stack(layers, ReadoutSpec { rate: power(-11), ..readout(CLASSES, None) }, decayed(blocks(114, 1, NESTEROV)))
}

fn dfa() -> Spec {
    let recurrent = SpikingSpec { recurrent: true, deviation: 2 << 20, ..NEURONS };
    let layers = vec![conv(0, 6, Kernel { stride: 2, ..SAME }, NEURONS), dense(1, 17, recurrent)];
    let spec = stack(layers, readout(CLASSES, None), blocks(115, 7, Optimizer::Sgd));
    Spec { signal: Signal::Dfa, loss: Loss::Binary, ..spec }
}

fn sdfa() -> Spec {
    let layers = vec![conv(0, 6, SAME, NEURONS), conv(1, 5, Kernel { stride: 3, ..SAME }, with_bias(NEURONS))];
    let spec = stack(layers, readout(CLASSES, None), sequence(116, Optimizer::Sgd));
    Spec { signal: Signal::Sdfa, loss: Loss::MeanSquare, ..spec }
}

fn drtp() -> Spec {
    let layers = vec![conv(0, 6, Kernel { stride: 2, ..SAME }, slow()), dense(1, 17, slow())];
    let spec = stack(layers, slow_readout(CLASSES, None), blocks(117, 5, Optimizer::RMSPROP));
    Spec { signal: Signal::Drtp, ..spec }
}

/// Two layers and a local readout at each.
fn locals(neurons: SpikingSpec, readout: ReadoutSpec, loss: Loss, learning: Learning) -> Spec {
    let layers = vec![conv(0, 6, Kernel { stride: 2, ..SAME }, neurons.clone()), dense(1, 17, neurons)];
    Spec { signal: Signal::Local, loss, ..stack(layers, readout, learning) }
}

fn local() -> Spec {
    locals(NEURONS, readout(CLASSES, None), Loss::CrossEntropy, blocks(118, 7, Optimizer::Sgd))
}

fn local_values() -> Spec {
    let learning = sequence(119, Optimizer::ADAM);
    locals(with_bias(slow()), slow_readout(CLASSES, None), Loss::MeanSquare, learning)
}

fn signs() -> Spec {
    let neurons = with_bias(SpikingSpec { rate: power(-9), ..NEURONS });
    let layers = vec![conv(0, 6, Kernel { stride: 2, ..SAME }, standard(1, neurons.clone())), dense(1, 14, neurons)];
    stack(layers, slow_readout(CLASSES, None), sequence(120, Optimizer::RPROP))
}

fn classes() -> Spec {
    let layers = vec![conv(0, 6, Kernel { stride: 2, ..SAME }, with_bias(slow())), dense(1, 14, slow())];
    stack(layers, slow_readout(CLASSES, None), blocks(121, 7, Optimizer::ADAM))
}

fn classes_local() -> Spec {
    let learning = sequence(122, MOMENTUM);
    locals(NEURONS, readout(CLASSES, None), Loss::Binary, learning)
}

fn classes_dfa() -> Spec {
    let layers = vec![conv(0, 6, Kernel { stride: 2, ..SAME }, NEURONS), dense(1, 14, with_bias(NEURONS))];
    Spec { signal: Signal::Dfa, ..stack(layers, readout(CLASSES, None), blocks(123, 1, Optimizer::Sgd)) }
}

fn everything() -> Spec {
    let standard = |divisor| standard(divisor, with_bias(slow()));
    let layers = vec![
        conv(0, 4, SAME, standard(1)),
        dropout(1, 6554),
        pool(2, false, 2, 2),
        conv(3, 6, Kernel { groups: 2, ..SAME }, standard(4)),
        pool(4, true, 2, 1),
        conv(5, 6, Kernel { height: 2, width: 2, padding: 1, dilation: 1, ..SAME }, slow()),
        join([6, 4], false, [1, 1]),
        twice(7),
        dropout(8, 6554),
        dropout(1, 6554),
        join([9, 10], true, [1, 1]),
        conv(11, 5, SAME, with_bias(slow())),
    ];
    let spec = stack(layers, slow_readout(2, Some(3)), decayed(blocks(124, 7, Optimizer::ADAM)));
    Spec { loss: Loss::Endpoint, ..spec }
}

fn bytes() -> Spec {
    let neurons = in_bytes(6, SpikingSpec { rate: power(-3), ..NEURONS });
    // More columns than are added up at once.
    let recurrent =
        SpikingSpec { recurrent: true, deviation: 2 << 20, recurrent_deviation: 1 << 20, ..neurons.clone() };
    let layers = vec![
        conv(0, 12, Kernel { stride: 2, ..SAME }, neurons.clone()),
        dense(1, 83, recurrent),
        dense(2, 17, neurons),
    ];
    stack(layers, readout(CLASSES, None), blocks(125, 7, Optimizer::Sgd))
}

fn bytes_adam() -> Spec {
    let neurons = with_bias(in_bytes(5, SpikingSpec { rate: power(-6), ..NEURONS }));
    let layers = vec![conv(0, 6, Kernel { groups: 2, ..SAME }, neurons.clone()), dense(1, 14, neurons)];
    stack(layers, slow_readout(CLASSES, None), decayed(sequence(126, Optimizer::ADAM)))
}

fn bytes_standardised() -> Spec {
    let neurons = in_bytes(4, with_bias(SpikingSpec { rate: power(-4), ..NEURONS }));
    let recurrent = SpikingSpec { recurrent: true, ..standard(4, neurons.clone()) };
    let layers = vec![
        conv(0, 6, Kernel { groups: 2, ..SAME }, standard(1, neurons)),
        pool(1, false, 2, 2),
        dense(2, 15, recurrent),
    ];
    stack(layers, ReadoutSpec { rate: power(-10), ..readout(CLASSES, None) }, blocks(127, 5, MOMENTUM))
}

fn chip() -> Spec {
    let of = |current_decay, threshold, neurons: SpikingSpec| SpikingSpec {
        loihi: deep(LoihiSpec { current_decay, voltage_decay: 512, threshold, bits: 13 }),
        leak: 0,
        threshold: 0,
        soft_reset: false,
        ..neurons
    };
    let neurons = with_bias(SpikingSpec { rate: power(-3), ..NEURONS });
    let layers = vec![
        conv(0, 6, Kernel { stride: 2, ..SAME }, of(4096, 100, neurons.clone())),
        dense(1, 21, of(1024, 128, SpikingSpec { recurrent: true, psi: Psi::Exp, ..neurons.clone() })),
        dense(2, 13, of(2048, 90, neurons)),
    ];
    stack(layers, readout(CLASSES, None), blocks(128, 7, Optimizer::Sgd))
}
