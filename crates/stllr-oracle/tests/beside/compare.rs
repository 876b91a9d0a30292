//! The core's network and the reference's, step by step.
//!
//! Both see the same spikes. As long as no neuron is so near its threshold that the core's rounding may decide, every count
//! of spikes must agree, and every membrane, learning signal and gradient within a bound that is derived from the core's
//! formats: the bounds of [`stllr_oracle::golden::core::bound`], a layer at a time, and signals that pass layers without
//! neurons with the errors that they have. A bound's own value must be the reference's. What updates make of the weights is
//! compared in [`crate::update`].
//!
//! Signals and errors with more fraction bits than others are compared as the integers that they are: 2^gain times as large.

use stllr_core::fixed::{ONE_Q15, SIGNAL_BITS};
use stllr_core::layer::{Mode, ReadoutSpec, SpikingSpec};
use stllr_core::loss::Loss as CoreLoss;
use stllr_core::network::{Layer, Network, Spec};
use stllr_core::noise::Rounding;
use stllr_core::signal::Signal;
use stllr_oracle::golden::core::bound::{Estimate, Narrow, ReadoutBound, SpikingBound};
use stllr_oracle::graph::{Graph, Learned};
use stllr_oracle::layer::Gradients;
use stllr_oracle::loss::Loss;

use crate::draw::Draw;
use crate::losses::{Judged, judge};
use crate::plan::{Plan, Value, q15, real};
use crate::read::{self, Raw};
use crate::reference;
use crate::relay::Relay;
use crate::signals::{self, LocalBound};
use crate::tally::Tally;
use crate::tasks::{self, Task};
use crate::update::{self, Descent};

/// Where learning signals saturate.
const SIGNAL_LIMIT: f64 = 16.0;
/// Sums of the same `f64` in another order.
pub const ORDER: f64 = 1e-10;

/// What is done to the core's network before it runs.
#[derive(Clone, Copy, Default)]
pub struct Defect {
    /// Does the plan have what the defect is in? Then its spec is altered.
    pub spec: Option<fn(&mut Spec) -> bool>,
    /// The same with the network's weights.
    pub weights: Option<fn(&mut Network) -> bool>,
    /// Nothing is dropped where something should be.
    pub no_dropout: bool,
    /// What the core is taught, where it has to be something else.
    pub task: Option<fn(&mut Task) -> bool>,
    /// What is done before each step, given the number of updates until then.
    pub between: Option<fn(&mut Network, &Plan, u64)>,
    /// Weights in use stay what they were when raw ones change.
    pub stale: bool,
    /// Matrices of the reference's layers are exchanged, where two have one size.
    pub exchange: bool,
}

/// A network in the core, in the reference and in bounds.
pub struct Beside {
    /// With the core's weights as of the last update.
    pub plan: Plan,
    pub network: Network,
    pub graph: Graph,
    /// Of each layer of neurons.
    pub bounds: Vec<Option<SpikingBound>>,
    pub readout: ReadoutBound,
    /// Fraction bits of each layer's contributions and the readout's.
    pub bits: Vec<u32>,
    /// The layers' own readouts.
    pub locals: Vec<Option<LocalBound>>,
    /// Weights before they are standardised.
    pub raws: Vec<Option<Raw>>,
    pub descents: Vec<Option<Descent>>,
    /// The reference's gradients since the last update, one a node.
    pub sums: Vec<Option<Gradients>>,
    /// Without a defect.
    right: Network,
    /// Did a step of the block learn?
    learned: bool,
    /// How many spikes each layer had.
    pub spikes: Vec<usize>,
    pub dropping: bool,
    pub tally: Tally,
    defect: Defect,
}

/// Runs a plan for so many steps, or to the one before a neuron is too near its threshold or a learning signal near where it
/// saturates. The error says what is off by more
/// than its bound.
pub fn run(plan: &Plan, steps: usize, dropping: bool) -> Result<Tally, String> {
    run_defect(plan, steps, dropping, Defect::default()).expect("nothing to be in the plan")
}

/// The same with a defect; none where the plan has nothing that it could be in.
pub fn run_defect(plan: &Plan, steps: usize, dropping: bool, defect: Defect) -> Option<Result<Tally, String>> {
    let mut spec = plan.spec.clone();
    if !defect.spec.is_none_or(|alter| alter(&mut spec)) {
        return None;
    }
    let mut network = plan.network(spec);
    if !defect.weights.is_none_or(|alter| alter(&mut network)) {
        return None;
    }
    let mut beside = Beside::new(plan, network, dropping, defect);
    if defect.exchange && !beside.exchange() {
        return None;
    }
    let mut draw = Draw::new(plan.seed ^ 0xface);
    let named = |off: String| format!("seed {}: {off}", plan.seed);
    Some(match beside.sequences(&mut draw, steps).map_err(named) {
        Err(off) => Err(off),
        Ok(()) => Ok(beside.finish()),
    })
}

impl Beside {
    fn new(plan: &Plan, network: Network, dropping: bool, defect: Defect) -> Self {
        let right = plan.network(plan.spec.clone());
        let ports = plan.spec.ports();
        assert!(plan.values[1..].iter().map(|value| value.port).eq(ports), "seed {}: ports", plan.seed);
        let layers = plan.spec.layers.len();
        let mut plan = plan.clone();
        for i in 0..layers {
            plan.integers[i] = read::integers(&plan, &right, i);
        }
        let bits = right.layers().iter().map(|layer| match layer {
            Layer::Spiking(layer) => layer.eligibility().format().bits,
            Layer::Conv(layer) => layer.eligibility().format().bits,
            Layer::Relay(_) => 0,
        });
        let bits = bits.chain([right.readout().eligibility().format().bits]).collect();
        Self {
            graph: reference::graph(&plan, &right, dropping),
            sums: vec![None; layers + 2],
            spikes: vec![0; layers],
            tally: Tally::of(&plan),
            bounds: (0..layers).map(|i| bound(&plan, &right, i, dropping)).collect(),
            readout: readout_bound(&plan, &right, dropping),
            bits,
            locals: (0..layers).map(|i| LocalBound::new(&plan, &right, i)).collect(),
            raws: (0..layers).map(|i| read::raw(&plan, &right, i)).collect(),
            descents: update::descents(&plan),
            right,
            learned: false,
            plan,
            network,
            dropping,
            defect,
        }
    }

    /// Exchanges the matrices of two layers of one size.
    fn exchange(&mut self) -> bool {
        let Some(graph) = reference::exchanged(&self.plan, &self.right, self.dropping) else { return false };
        self.graph = graph;
        true
    }

    /// The plan's sequences, or until a neuron is too near its threshold or a signal near where it saturates.
    fn sequences(&mut self, draw: &mut Draw, steps: usize) -> Result<(), String> {
        for i in 0..self.plan.spec.layers.len() {
            if let Some(spec) = update::neurons(&self.plan.spec.layers[i].kind).cloned() {
                self.standardised(i, &spec)?;
            }
        }
        let each = steps.div_ceil(self.plan.sequences);
        for first in (0..steps).step_by(each) {
            self.begin_sequence();
            let length = each.min(steps - first);
            for t in 0..length {
                let off = |off: String| format!("step {}: {off}", first + t);
                if !self.step(draw, t).map_err(off)? {
                    return Ok(());
                }
            }
            self.end_sequence(length).map_err(|off| format!("after step {}: {off}", first + length))?;
        }
        Ok(())
    }

    /// Back to rest, and what is dropped is drawn anew.
    fn begin_sequence(&mut self) {
        self.network.reset(true);
        self.network.draw_dropout(self.dropping && !self.defect.no_dropout);
        self.right.draw_dropout(self.dropping);
        self.graph.reset();
        if self.dropping {
            reference::drop(&mut self.graph, &self.plan, &self.right);
        }
        for i in 0..self.bounds.len() {
            self.bounds[i] = bound(&self.plan, &self.right, i, self.dropping);
        }
        self.readout = readout_bound(&self.plan, &self.right, self.dropping);
        self.locals.iter_mut().flatten().for_each(LocalBound::reset);
        self.sums.fill(None);
        self.learned = false;
    }

    fn end_sequence(&mut self, length: usize) -> Result<(), String> {
        let old = self.stale();
        self.network.end_sequence();
        self.keep_stale(old);
        let rest = !length.is_multiple_of(self.plan.spec.learning.block_steps);
        if rest {
            self.end_bounds();
        }
        if self.plan.spec.learning.mode == Mode::Sequence || rest && self.learned {
            self.update()?;
        }
        Ok(())
    }

    fn end_bounds(&mut self) {
        for i in 0..self.bounds.len() {
            let Some(bound) = &mut self.bounds[i] else { continue };
            let spec = update::neurons(&self.plan.spec.layers[i].kind).expect("a layer of neurons");
            let last = if self.plan.spec.learning.rounding == Rounding::Nearest { 0.5 } else { 1.0 };
            let narrow = Narrow { shift: self.bits[i] as i32 - spec.held_bits() as i32, last };
            bound.end_block_by(read::is_narrow(&self.plan, i).then_some(narrow));
        }
        self.readout.end_block();
    }

    fn finish(mut self) -> Tally {
        for (_, &spikes) in self.bounds.iter().zip(&self.spikes).filter(|(bound, _)| bound.is_some()) {
            self.tally.layers += 1;
            self.tally.silent += (spikes == 0) as usize;
        }
        self.tally
    }

    /// One step; whether all neurons were far enough from their thresholds, and all signals from their limits.
    fn step(&mut self, draw: &mut Draw, t: usize) -> Result<bool, String> {
        let input = draw.some(self.plan.spec.inputs(), 30);
        let task = if self.dropping { Task::any(draw, &self.plan) } else { Task::Nothing };
        if let Some(between) = self.defect.between {
            between(&mut self.network, &self.plan, self.tally.updates as u64);
        }
        let mut taught = task.clone();
        if let Some(alter) = self.defect.task {
            alter(&mut taught);
        }
        self.graph.step(&self.plan.values[0].counts(&input));
        // The weights that the step begins with.
        let old = self.stale();
        self.network.step(&input, taught.target());
        self.keep_stale(old);
        if !self.forward(&input)? {
            return Ok(false);
        }
        let compared = if let Task::Nothing = task {
            self.bounds.iter_mut().flatten().for_each(|bound| bound.learn(None));
            self.readout.learn(None);
            true
        } else {
            self.learned = true;
            self.learn(&task)?
        };
        if !compared {
            return Ok(false);
        }
        if (t + 1).is_multiple_of(self.plan.spec.learning.block_steps) {
            self.end_bounds();
            if self.plan.spec.learning.mode == Mode::Sequence {
                self.gradients()?;
            } else if self.learned {
                self.update()?;
            }
            self.learned &= self.plan.spec.learning.mode == Mode::Sequence;
        }
        self.tally.steps += 1;
        Ok(true)
    }

    /// The error, all learning signals from the top down, and the bounds' own learning.
    /// Whether all signals were far from where they saturate.
    fn learn(&mut self, task: &Task) -> Result<bool, String> {
        let judged = judge(&self.plan, task, self.readout.membrane(), self.network.readout().membrane());
        let scale = 2f64.powi(judged.gain as i32);
        let (values, known) = (task.values(&self.plan), task.known());
        let given = matches!(task, Task::Error(_)) || matches!(self.plan.spec.loss, CoreLoss::Contrast(_));
        // The mean square whose gradient a given error is.
        let half = judged.error.len() as f64 / 2.0;
        let logits = self.graph.logits().iter().zip(&judged.error);
        let target: Vec<f64> = logits.map(|(u, e)| u - half * e.value / scale).collect();
        let loss = if given {
            Loss::MeanSquare { target: &target }
        } else {
            tasks::reference(self.plan.spec.loss, task, &values, &known)
        };
        let learned = self.graph.gradients(&loss);
        let places = self.plan.membrane_places();
        let core = places.iter().map(|&place| real(self.network.error()[place], SIGNAL_BITS));
        let reference = loss.gradient(self.graph.logits());
        self.tally.note("error", "readout", core.collect(), &judged.error, &reference, scale)?;
        self.readout.learn_gained(Some(&judged.error), judged.gain);
        self.pass_down(task, &judged, learned)
    }

    fn pass_down(&mut self, task: &Task, judged: &Judged, learned: Learned) -> Result<bool, String> {
        let layers = self.network.layers().len();
        let mut signals = self.direct_signals(task, judged);
        // Signs and targets have no gain.
        let gain = if matches!(self.plan.spec.signal, Signal::Sdfa | Signal::Drtp) { 0 } else { judged.gain };
        // The largest sum that a signal can come to while it is added up.
        let mut largest = 0.0f64;
        for i in (0..layers).rev() {
            let Some(d) = signals[i + 1].take() else { continue };
            largest = d.iter().map(|d| d.magnitude()).fold(largest, f64::max);
            if largest > SIGNAL_LIMIT / 2.0 {
                self.tally.large += 1;
                return Ok(false);
            }
            self.note_signal(i, &d, &learned, gain)?;
            if let Some(bound) = &mut self.bounds[i] {
                bound.learn_gained(Some(&d), gain);
            }
            if self.plan.spec.signal != Signal::Bp {
                continue;
            }
            for (number, &source) in self.plan.spec.layers[i].sources.iter().enumerate().filter(|(_, from)| **from > 0)
            {
                let below = match &self.bounds[i] {
                    Some(bound) => bound.below(&d),
                    None => {
                        let sizes: Vec<Estimate> = d.iter().map(|d| Estimate::exact(d.magnitude())).collect();
                        let sums = self.relay(i).below(number, &sizes).into_iter().map(|sum| sum.value);
                        largest = sums.fold(largest, f64::max);
                        self.relay(i).below(number, &d)
                    }
                };
                let sums = signals[source].iter_mut().flatten();
                sums.zip(below).for_each(|(sum, more)| *sum = *sum + more);
            }
        }
        for (sum, gradients) in self.sums.iter_mut().zip(learned.gradients) {
            match (sum, gradients) {
                (Some(sum), Some(gradients)) => sum.add(&gradients),
                (sum @ None, gradients) => *sum = gradients,
                (Some(_), None) => unreachable!("a node learns always or never"),
            }
        }
        Ok(true)
    }

    /// What reaches layers from the readout's error, or their own, without a layer between, by node.
    fn direct_signals(&self, task: &Task, judged: &Judged) -> Vec<Option<Vec<Estimate>>> {
        let (plan, layers) = (&self.plan, self.network.layers().len());
        if plan.spec.signal != Signal::Bp {
            let direct = |i: usize| match &self.locals[i] {
                Some(local) => Some(local.signal(plan, task)),
                None => signals::direct(plan, &self.right, i, task, judged),
            };
            return std::iter::once(None).chain((0..layers).map(direct)).collect();
        }
        let zeros = |value: &Value| Some(vec![Estimate::default(); value.port.shape.elements()]);
        let mut signals: Vec<_> = plan.values.iter().map(zeros).collect();
        signals[plan.spec.readout_source] = Some(if plan.spec.readout.kernel.is_some() {
            self.readout.below(&judged.error)
        } else {
            signals::through_readout(plan, &self.network, judged)
        });
        signals
    }

    fn note_signal(&mut self, layer: usize, d: &[Estimate], learned: &Learned, gain: u32) -> Result<(), String> {
        let (core, output) = (self.network.signal(layer), &self.plan.values[layer + 1]);
        let core = output.signal_places().iter().map(|&place| real(core[place], SIGNAL_BITS)).collect();
        let reference = learned.signals[layer + 1].as_ref().expect("a signal");
        let quantity = if self.bounds[layer].is_some() { "signal" } else { "signal of a relay" };
        let (node, scale) = (format!("node {}", layer + 1), output.worth(self.dropping) * 2f64.powi(gain as i32));
        self.tally.note(quantity, &node, core, d, reference, scale)
    }

    /// Raw weights, where the weights in use are to stay.
    fn stale(&self) -> Option<Network> {
        self.defect.stale.then(|| self.network.clone())
    }

    /// Makes the weights in use those of the raw ones that were, if these changed.
    fn keep_stale(&mut self, old: Option<Network>) {
        let Some(old) = old else { return };
        let plan = &self.plan;
        let raws: Vec<[Option<Raw>; 2]> = (0..plan.integers.len() - 1)
            .map(|i| [read::raw(plan, &old, i), read::raw(plan, &self.network, i)])
            .collect();
        self.network.edit(|layers, _| {
            for (i, [old, new]) in raws.iter().enumerate() {
                let (Some(old), Some(new)) = (old, new) else { continue };
                plan.write_weights(i, &mut layers[i], &old.weight, &old.recurrent);
                Plan::renew(&mut layers[i]);
                plan.write_weights(i, &mut layers[i], &new.weight, &new.recurrent);
            }
        });
    }

    fn relay(&self, layer: usize) -> Relay<'_> {
        let spec = &self.plan.spec.layers[layer];
        Relay {
            kind: &spec.kind,
            output: &self.plan.values[layer + 1],
            sources: spec.sources.iter().map(|&source| &self.plan.values[source]).collect(),
            counts: self.graph.value(spec.sources[0]),
            dropped: self.network.layers()[layer].as_dropout().map_or(&[], |dropout| dropout.dropped()),
        }
    }
}

/// Gradients come with the rate where the optimiser is plain descent, else with none.
fn bound(plan: &Plan, right: &Network, layer: usize, dropping: bool) -> Option<SpikingBound> {
    let reference = plan.neurons(layer, 1.0)?;
    let (spec, format) = match &right.layers()[layer] {
        Layer::Spiking(layer) => (layer.spec(), layer.eligibility().format()),
        Layer::Conv(layer) => (&layer.spec().neurons, layer.eligibility().format()),
        Layer::Relay(_) => return None,
    };
    let learning = &plan.spec.learning;
    let divisor = if learning.optimizer.folds_rate() { spec.held_divisor() } else { 1 };
    let spec = SpikingSpec { rate: learning.folded(spec.rate), divisor, ..spec.clone() };
    let input = plan.input(layer);
    let mut bound = SpikingBound::with_rows(&reference, &reference, &spec, format, input.rows());
    if !dropping {
        let rounding = product_rounding(input, &plan.integers[layer].weight, spec.weight_bits);
        bound.set_keep(keep(input), rounding);
    }
    Some(bound)
}

fn readout_bound(plan: &Plan, right: &Network, dropping: bool) -> ReadoutBound {
    let last = plan.spec.layers.len();
    let (input, readout, learning) = (plan.input(last), plan.readout(1.0), &plan.spec.learning);
    let spec = &plan.spec.readout;
    let divisor = if learning.optimizer.folds_rate() { spec.divisor } else { 1 };
    let spec = ReadoutSpec { rate: learning.folded(spec.rate), divisor, ..spec.clone() };
    let format = right.readout().eligibility().format();
    let mut bound = ReadoutBound::with_rows(&readout, &readout, &spec, format, input.rows());
    if !dropping {
        bound.set_keep(keep(input), 2.0 * product_rounding(input, &plan.integers[last].weight, 24));
    }
    bound
}

/// The share of an input that dropout leaves, and the same as the core has it.
fn keep(input: &Value) -> Estimate {
    Estimate::between(input.kept(), q15(input.port.keep))
}

/// How far the core's product of summed weights with that share may be off: half a unit of the weights, or not at all.
fn product_rounding(input: &Value, weights: &[i32], bits: u32) -> f64 {
    let exact = weights.iter().all(|&weight| (weight as i64 * input.port.keep as i64) % ONE_Q15 as i64 == 0);
    if exact { 0.0 } else { 2f64.powi(-(bits as i32 + 1)) }
}
