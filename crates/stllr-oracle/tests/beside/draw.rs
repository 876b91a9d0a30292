//! Random networks.

use stllr_core::fixed::{BYTE_MAX, Factor, MEMBRANE_EXTRA, ONE_Q15, WEIGHT_MAX};
use stllr_core::layer::{
    ConvSpec, DropoutSpec, Factors, JoinSpec, Kernel, Learning, PoolSpec, ReadoutSpec, SpikingSpec, UpsampleSpec,
};
use stllr_core::loss::Loss;
use stllr_core::network::{LayerKind, LayerSpec, Spec};
use stllr_core::noise::Stream;
use stllr_core::psi::Psi;
use stllr_core::shape::{Port, Shape};
use stllr_core::signal::Signal;
use stllr_oracle::golden::core::factor;

use crate::draw_learning;
use crate::plan::{Integers, Plan, Value};

/// The most elements of a map, and spikes of one in a step: the comparison is quadratic in them.
const MAX_ELEMENTS: usize = 200;
const MAX_SPIKES: usize = 2500;
/// Where a product with a share of eighths is exact, twice.
const COARSE: i32 = 64;

/// Random numbers that depend on the seed and on how many were drawn.
pub struct Draw {
    seed: u64,
    drawn: u32,
}

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Evenly from `low..=high`.
    pub fn pick(&mut self, low: i64, high: i64) -> i64 {
        self.drawn += 1;
        low + Stream::new(self.seed, 77).word(self.drawn) as i64 % (high - low + 1)
    }

    pub fn size(&mut self, low: usize, high: usize) -> usize {
        self.pick(low as i64, high as i64) as usize
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.pick(0, 99) < percent
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.size(0, choices.len() - 1)]
    }

    /// Each number below `n` in so many of a hundred cases.
    pub fn some(&mut self, n: usize, percent: i64) -> Vec<u32> {
        (0..n as u32).filter(|_| self.chance(percent)).collect()
    }

    /// A trace's decay, `Q 15`. Without any decay gradients are so coarse that their bounds say little.
    fn decay(&mut self) -> i32 {
        let any = self.pick(4000, 32_500) as i32;
        if self.chance(4) { ONE_Q15 } else { self.one_of(&[0, 16_384, any, any, any]) }
    }

    /// A leak, `Q 15`.
    fn leak(&mut self) -> i32 {
        let any = self.pick(4000, 32_500) as i32;
        self.one_of(&[0, 16_384, ONE_Q15, any, any, any])
    }

    /// An alpha.
    fn alpha(&mut self) -> Factor {
        let any = factor(self.pick(100, 3000) as f64 / 1000.0 * if self.chance(50) { 1.0 } else { -1.0 });
        self.one_of(&[Factor::ONE, factor(-1.0), any])
    }
}

/// A network of up to nine layers and a readout. In most the last layer of neurons learns.
pub fn any_plan(seed: u64) -> Plan {
    let mut draw = Draw::new(seed);
    loop {
        let plan = draw_plan(&mut draw, seed);
        let neurons = |layer: &LayerSpec| matches!(layer.kind, LayerKind::Spiking(_) | LayerKind::Conv(_));
        let last = plan.spec.layers.iter().rposition(neurons);
        let learns = last.is_some_and(|last| plan.spec.signal != Signal::Bp || reaches_readout(&plan.spec, last));
        if learns || draw.chance(10) {
            return plan;
        }
    }
}

fn reaches_readout(spec: &Spec, layer: usize) -> bool {
    let consumers = spec.layers.iter().enumerate().filter(|(_, consumer)| consumer.sources.contains(&(layer + 1)));
    spec.readout_source == layer + 1 || consumers.into_iter().any(|(i, _)| reaches_readout(spec, i))
}

/// Readout weights are so small that what comes from learning signals hardly ever saturates.
fn draw_plan(draw: &mut Draw, seed: u64) -> Plan {
    let side = |draw: &mut Draw| if draw.chance(10) { 1 } else { draw.size(4, 9) };
    let input = Shape { channels: draw.size(1, 3), height: side(draw), width: side(draw) };
    let mut values = vec![Value { port: Port::sensor(input), unit: 1, rates: vec![] }];
    // Either the product of weights with what dropout leaves is exact, or anything goes.
    let coarse = draw.chance(70);
    let (mut layers, mut averages, mut integers) = (vec![], vec![], vec![]);
    let learning = draw_learning::any_learning(draw, seed);
    let most = draw.size(1, 8);
    while layers.len() < most {
        // Maps of one shape and different units should meet now and then.
        let drawn = (0..30).find_map(|_| match draw.chance(35) {
            true => twins(draw, &values, &layers, &averages),
            false => any_layer(draw, &values, coarse, &learning).map(|drawn| vec![drawn]),
        });
        let Some(drawn) = drawn else { break };
        for (layer, value, average) in drawn {
            integers.push(any_weights(draw, &layer.kind, &values[layer.sources[0]], coarse));
            layers.push(layer);
            values.push(value);
            averages.push(average);
        }
    }
    let readout_source = if draw.chance(90) { layers.len() } else { draw.size(0, layers.len()) };
    let source = &values[readout_source];
    let positions = source.port.shape.height * source.port.shape.width;
    let kernel = (positions > 1 && draw.chance(60)).then(|| draw.one_of(&[1, 1, 3, 5]));
    let loss = draw_learning::any_loss(draw, kernel.is_some(), source.port.shape, input);
    let readout = any_readout(draw, source, kernel, loss, &learning);
    integers.push(readout_weights(draw, &readout, source, coarse));
    let signal = if kernel.is_none() { draw_learning::any_signal(draw) } else { Signal::Bp };
    hold_in_bytes(&mut Draw::new(seed ^ 0xb17e), &mut layers, &mut integers);
    let spec = Spec { input, layers, readout, readout_source, signal, loss, learning, memory_limit: 1 << 26 };
    Plan { seed, spec, values, averages, integers, sequences: draw.one_of(&[1, 2, 3, 4]) }
}

/// Holds the weights of some layers in 8 bits, where they learn faster: changes should come to units of them.
fn hold_in_bytes(draw: &mut Draw, layers: &mut [LayerSpec], integers: &mut [Integers]) {
    for (layer, integers) in layers.iter_mut().zip(integers) {
        let spec = match &mut layer.kind {
            LayerKind::Spiking(spec) => spec,
            LayerKind::Conv(spec) => &mut spec.neurons,
            _ => continue,
        };
        let shift = draw.one_of(&[4, 5, 6, 6]);
        if draw.chance(70) {
            continue;
        }
        spec.byte_shift = Some(shift);
        if spec.standardise {
            continue;
        }
        spec.rate.exponent = (spec.rate.exponent + 2).min(3);
        // As far as they go, and on the grid that they may be on.
        let limit = (BYTE_MAX << shift) / COARSE * COARSE;
        let held = |n: &mut i32| *n = ((*n + (1 << shift >> 1)) >> shift << shift).clamp(-limit, limit);
        integers.weight.iter_mut().chain(&mut integers.recurrent).for_each(held);
    }
}

/// A layer, what it gives, and whether it averages.
type Drawn = (LayerSpec, Value, bool);

/// A layer; none where what was drawn does not fit.
fn any_layer(draw: &mut Draw, values: &[Value], coarse: bool, learning: &Learning) -> Option<Drawn> {
    let source = if draw.chance(85) { values.len() - 1 } else { draw.size(0, values.len() - 1) };
    let input = &values[source];
    let (mut unit, mut rates) = (input.unit, input.rates.clone());
    let positions = input.port.shape.height * input.port.shape.width;
    let kinds = if unit > 1 && draw.chance(40) { 47 } else { 99 };
    let (kind, port) = match draw.pick(0, kinds) {
        0..35 if positions > 1 || draw.chance(30) => {
            let groups = draw.one_of(&[1, 1, 2, 3]);
            let kernel = any_kernel(draw, groups);
            let outputs = groups * draw.size(1, 4);
            let rows = input.port.shape.channels / groups * kernel.taps();
            let spec = ConvSpec { neurons: any_neurons(draw, outputs, unit, rows, learning), kernel };
            let divides = input.port.shape.channels.is_multiple_of(groups);
            let output = spec.output(input.port.shape).filter(|_| divides)?;
            (unit, rates) = (1, vec![]);
            (LayerKind::Conv(spec), Port::spikes(output))
        }
        0..48 => {
            let units = draw.size(1, 14);
            let spec = any_neurons(draw, units, unit, input.port.shape.elements(), learning);
            // With a gain for each, what is divided and what is not learn at one rate; a single own weight has no length.
            let fits = if spec.standardise { units > 1 } else { unit == 1 };
            let spec = SpikingSpec { recurrent: fits && draw.chance(50), ..spec };
            (unit, rates) = (1, vec![]);
            (LayerKind::Spiking(spec), Port::from(units))
        }
        48..66 => {
            let spec = PoolSpec {
                max: draw.chance(30),
                size: draw.one_of(&[1, 2, 2, 2, 3]),
                stride: draw.one_of(&[1, 1, 2, 3]),
            };
            let is_average = draw.chance(70);
            return pool(source, spec, is_average, input);
        }
        66..72 => {
            let spec = UpsampleSpec { factor: draw.one_of(&[1, 2, 2, 3]) };
            (LayerKind::Upsample(spec), spec.output(&input.port))
        }
        72..90 => {
            let concat = draw.chance(50);
            let others = joinable(input, values, concat);
            let mut sources = vec![source];
            (0..draw.size(1, 2)).for_each(|_| sources.push(draw.one_of(&others)));
            return join(sources, concat, values);
        }
        _ => {
            let most = if coarse { 2 } else { 4 };
            let rate =
                if coarse { 4096 * draw.one_of(&[0, 1, 2, 2, 3, 4, 5, 6]) } else { draw.pick(500, 20_000) } as i32;
            let spec = DropoutSpec { rate };
            rates.push(rate);
            (LayerKind::Dropout(spec), Some(spec.output(&input.port)).filter(|_| rates.len() <= most)?)
        }
    };
    drawn(vec![source], kind, Value { port, unit, rates }, false)
}

/// What was drawn, where it is not too large.
fn drawn(sources: Vec<usize>, kind: LayerKind, value: Value, average: bool) -> Option<Drawn> {
    let fits = value.port.shape.elements() <= MAX_ELEMENTS && value.port.most() <= MAX_SPIKES && value.unit <= 64;
    fits.then_some((LayerSpec { sources, kind }, value, average))
}

fn pool(source: usize, spec: PoolSpec, average: bool, input: &Value) -> Option<Drawn> {
    let average = average && !spec.max;
    let unit = input.unit * if average { spec.size * spec.size } else { 1 };
    let port = spec.output(&input.port).filter(|_| !spec.max || input.port.levels == 1)?;
    drawn(vec![source], LayerKind::Pool(spec), Value { port, unit, rates: input.rates.clone() }, average)
}

fn join(sources: Vec<usize>, concat: bool, values: &[Value]) -> Option<Drawn> {
    let unit = sources.iter().fold(1, |unit, &source| least_multiple(unit, values[source].unit));
    let repeats = sources.iter().map(|&source| unit / values[source].unit).collect();
    let ports: Vec<Port> = sources.iter().map(|&source| values[source].port).collect();
    let spec = JoinSpec { concat, repeats };
    let value = Value { port: spec.output(&ports)?, unit, rates: values[sources[0]].rates.clone() };
    drawn(sources, LayerKind::Join(spec), value, false)
}

/// A pool like one that there is but for its kind, and a join of the two: maps of one shape and different units.
fn twins(draw: &mut Draw, values: &[Value], layers: &[LayerSpec], averages: &[bool]) -> Option<Vec<Drawn>> {
    let i = draw.size(0, layers.len().checked_sub(1)?);
    let LayerKind::Pool(spec) = layers[i].kind else { return None };
    if spec.size == 1 {
        return None;
    }
    let source = layers[i].sources[0];
    let twin = pool(source, PoolSpec { max: false, ..spec }, !averages[i], &values[source])?;
    let mut all = values.to_vec();
    all.push(twin.1.clone());
    let sources = if draw.chance(50) { vec![values.len(), i + 1] } else { vec![i + 1, values.len()] };
    let join = join(sources, draw.chance(50), &all)?;
    Some(vec![twin, join])
}

/// What can be joined with a map: at least the map itself.
fn joinable(input: &Value, values: &[Value], concat: bool) -> Vec<usize> {
    let fits = |value: &Value| {
        let (a, b) = (value.port.shape, input.port.shape);
        let shape = if concat { Shape { channels: b.channels, ..a } } else { a };
        shape == b && value.rates == input.rates
    };
    (0..values.len()).filter(|&i| fits(&values[i])).collect()
}

fn least_multiple(a: usize, b: usize) -> usize {
    (1..).map(|k| k * a).find(|multiple| multiple.is_multiple_of(b)).unwrap_or(a)
}

fn any_kernel(draw: &mut Draw, groups: usize) -> Kernel {
    if draw.chance(40) {
        // The output lies on the input.
        let side = draw.one_of(&[1, 3]);
        return Kernel { height: side, width: side, stride: 1, padding: side / 2, dilation: 1, groups };
    }
    Kernel {
        height: draw.size(1, 4),
        width: draw.size(1, 4),
        stride: draw.one_of(&[1, 1, 2, 3]),
        padding: draw.size(0, 2),
        dilation: draw.size(1, 2),
        groups,
    }
}

/// Neurons with so many weights each that see an input in which so many spikes make one.
fn any_neurons(draw: &mut Draw, units: usize, unit: usize, rows: usize, learning: &Learning) -> SpikingSpec {
    let leak = draw.leak();
    // A membrane that is rounded must be fine, or a threshold is soon too near.
    let weight_bits = if leak % ONE_Q15 == 0 { draw.pick(8, 13) } else { draw.pick(11, 13) } as u32;
    let factors = Factors {
        lambda_pre: draw.decay(),
        lambda_post: draw.decay(),
        alpha_pre: draw.alpha(),
        alpha_post: if draw.chance(40) { Factor::ZERO } else { draw.alpha() },
    };
    // All weights of a neuron together are as long as one: without a low threshold and a bias few would spike.
    let standardise = rows > 1 && draw.chance(30);
    SpikingSpec {
        standardise,
        byte_shift: None,
        loihi: None,
        units,
        recurrent: false,
        weight_bits,
        leak,
        threshold: if standardise { draw.pick(1 << 15, 3 << 14) } else { draw.pick(1 << 15, 3 << 15) } as i32,
        soft_reset: draw.chance(50),
        psi: draw.one_of(&[Psi::Exp, Psi::Tri, Psi::Tri, Psi::Sigmoid, Psi::TriOut]),
        factors,
        rate: draw_learning::any_rate(draw, learning, if standardise { 1 } else { unit }),
        bias: draw.chance(if standardise { 90 } else { 50 }),
        divisor: unit,
        deviation: 0,
        recurrent_deviation: 0,
    }
}

/// Weights with which neurons spike now and then.
fn any_weights(draw: &mut Draw, kind: &LayerKind, input: &Value, coarse: bool) -> Integers {
    let shape = input.port.shape;
    let (spec, fan_in) = match kind {
        LayerKind::Spiking(spec) => (spec, shape.elements()),
        LayerKind::Conv(spec) => (&spec.neurons, shape.channels / spec.kernel.groups * spec.kernel.taps()),
        _ => return Integers::default(),
    };
    let grid = if coarse && !input.rates.is_empty() { COARSE } else { 1 };
    let one = f64::from(1 << spec.weight_bits);
    let divided = if spec.standardise { 1.0 } else { input.unit as f64 * input.kept() };
    let most = one * 4.0 / (fan_in as f64).sqrt() / divided;
    let mut weights = |count: usize, most: f64, grid: i32| -> Vec<i32> {
        let most = (most as i64).clamp(grid as i64, WEIGHT_MAX as i64);
        (0..count).map(|_| draw.pick(-most / 2, most) as i32 / grid * grid).collect()
    };
    Integers {
        weight: weights(spec.units * fan_in, most, grid),
        recurrent: weights(if spec.recurrent { spec.units * spec.units } else { 0 }, one / 2.0, 1),
        bias: weights(
            if spec.bias { spec.units } else { 0 },
            one * f64::from(1 << MEMBRANE_EXTRA) / if spec.standardise { 0.6 } else { 4.0 },
            1,
        ),
    }
}

fn any_readout(draw: &mut Draw, input: &Value, kernel: Option<usize>, loss: Loss, learning: &Learning) -> ReadoutSpec {
    ReadoutSpec {
        classes: match (loss, kernel) {
            (Loss::Endpoint | Loss::Contrast(_), _) => 2,
            (_, Some(_)) => draw.size(1, 3),
            (_, None) => draw.size(2, 6),
        },
        kernel,
        leak: draw.leak(),
        trace_decay: draw.decay(),
        rate: draw_learning::any_readout_rate(draw, learning, input.unit),
        bias: draw.chance(50),
        divisor: input.unit,
        deviation: 0,
    }
}

fn readout_weights(draw: &mut Draw, spec: &ReadoutSpec, input: &Value, coarse: bool) -> Integers {
    let shape = input.port.shape;
    let rows = spec.kernel.map_or(shape.elements(), |side| shape.channels * side * side);
    let grid = if coarse && !input.rates.is_empty() { COARSE as i64 } else { 1 };
    let most = (1 << 22) / input.unit as i64;
    let weight = (0..spec.classes * rows).map(|_| (draw.pick(-most, most) / grid * grid) as i32).collect();
    let bias = (0..spec.classes).map(|_| draw.pick(-(1 << 22), 1 << 22) as i32).collect();
    Integers { weight, recurrent: vec![], bias }
}
