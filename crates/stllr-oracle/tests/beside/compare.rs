//! The core's network and the reference's, step by step.
//!
//! Both see the same spikes. As long as no neuron is so near its threshold that the core's rounding may decide, every count
//! of spikes must agree, and every membrane, learning signal and gradient within a bound that is derived from the core's
//! formats: the bounds of [`stllr_oracle::golden::core::bound`], a layer at a time, and signals that pass layers without
//! neurons with the errors that they have. A bound's own value must be the reference's.

use stllr_core::fixed::{FEEDBACK_BITS, ONE_Q15, READOUT_MEMBRANE_BITS, SIGNAL_BITS};
use stllr_core::network::{Layer, Network, Spec, Target};
use stllr_core::signal::Signal;
use stllr_oracle::golden::core::bound::{Estimate, ReadoutBound, SpikingBound, between, feedback, output_error};
use stllr_oracle::graph::{Graph, Learned};
use stllr_oracle::layer::Gradients;
use stllr_oracle::loss::Loss;

use crate::draw::Draw;
use crate::plan::{Plan, Value, q15};
use crate::reference;
use crate::relay::Relay;
use crate::tally::Tally;

/// Where learning signals saturate.
const SIGNAL_LIMIT: f64 = 16.0;
/// Sums of the same `f64` in another order.
const ORDER: f64 = 1e-10;

/// What is done to the core's network before it runs.
#[derive(Clone, Copy, Default)]
pub struct Defect {
    /// Does the plan have what the defect is in? Then its spec is altered.
    pub spec: Option<fn(&mut Spec) -> bool>,
    /// The same with the network's weights.
    pub weights: Option<fn(&mut Network) -> bool>,
    /// Nothing is dropped where something should be.
    pub no_dropout: bool,
}

/// What a step is to learn.
enum Task {
    Nothing,
    Class(usize),
    /// An error in the reference's order, and in the core's, `Q 26`.
    Error(Vec<f64>, Vec<i32>),
}

/// A network in the core, in the reference and in bounds.
pub struct Beside<'a> {
    pub plan: &'a Plan,
    pub network: Network,
    pub graph: Graph,
    /// Of each layer of neurons.
    pub bounds: Vec<Option<SpikingBound>>,
    pub readout: ReadoutBound,
    /// The reference's gradients so far, one a node.
    pub sums: Vec<Option<Gradients>>,
    /// How many spikes each layer had.
    spikes: Vec<usize>,
    pub dropping: bool,
    pub tally: Tally,
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
    let mut beside = Beside::new(plan, network, dropping);
    if defect.no_dropout {
        beside.network.draw_dropout(false);
    }
    let mut draw = Draw::new(plan.seed ^ 0xface);
    let result = (0..steps).try_for_each(|t| match beside.step(&mut draw, t) {
        Ok(true) => Ok(()),
        Ok(false) => Err(None),
        Err(off) => Err(Some(format!("seed {}, step {t}: {off}", plan.seed))),
    });
    Some(match result {
        Err(Some(off)) => Err(off),
        Ok(()) | Err(None) => Ok(beside.finish()),
    })
}

impl<'a> Beside<'a> {
    fn new(plan: &'a Plan, mut network: Network, dropping: bool) -> Self {
        network.reset(true);
        network.draw_dropout(dropping);
        let right = plan.network(plan.spec.clone());
        let ports = plan.spec.ports();
        assert!(plan.values[1..].iter().map(|value| value.port).eq(ports), "seed {}: ports", plan.seed);
        let bounds = (0..plan.spec.layers.len()).map(|i| bound(plan, &right, i, dropping)).collect();
        let (input, readout) = (plan.input(plan.spec.layers.len()), plan.readout(1.0));
        let format = right.readout().eligibility().format();
        let mut readout_bound = ReadoutBound::with_rows(&readout, &readout, &plan.spec.readout, format, input.rows());
        if !dropping {
            let weights = &plan.integers[plan.spec.layers.len()].weight;
            readout_bound.set_keep(keep(input), 2.0 * product_rounding(input, weights, 24));
        }
        Self {
            graph: reference::graph(plan, &network, dropping),
            sums: vec![None; plan.spec.layers.len() + 2],
            spikes: vec![0; plan.spec.layers.len()],
            tally: Tally::of(plan),
            plan,
            network,
            bounds,
            readout: readout_bound,
            dropping,
        }
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
        let task = self.task(draw);
        self.graph.step(&self.plan.values[0].counts(&input));
        self.network.step(
            &input,
            match &task {
                Task::Nothing => Target::None,
                Task::Class(class) => Target::Class(*class as u32),
                Task::Error(_, error) => Target::Error(error),
            },
        );
        if !self.forward(&input)? {
            return Ok(false);
        }
        let compared = match &task {
            Task::Nothing => {
                self.bounds.iter_mut().flatten().for_each(|bound| bound.learn(None));
                self.readout.learn(None);
                true
            }
            Task::Class(label) => {
                let error = output_error(self.readout.membrane(), *label);
                self.learn(&Loss::CrossEntropy { label: *label }, &error)?
            }
            Task::Error(error, _) => {
                // The mean square whose gradient this error is.
                let half = error.len() as f64 / 2.0;
                let target: Vec<f64> = self.graph.logits().iter().zip(error).map(|(u, e)| u - half * e).collect();
                let error: Vec<Estimate> = error.iter().map(|&e| Estimate::exact(e)).collect();
                self.learn(&Loss::MeanSquare { target: &target }, &error)?
            }
        };
        if !compared {
            return Ok(false);
        }
        if (t + 1).is_multiple_of(self.plan.spec.learning.block_steps) {
            self.bounds.iter_mut().flatten().for_each(SpikingBound::end_block);
            self.readout.end_block();
            self.gradients()?;
        }
        self.tally.steps += 1;
        Ok(true)
    }

    fn task(&self, draw: &mut Draw) -> Task {
        let spec = &self.plan.spec.readout;
        if !self.dropping || draw.chance(20) {
            return Task::Nothing;
        }
        if spec.kernel.is_none() && draw.chance(60) {
            return Task::Class(draw.size(0, spec.classes - 1));
        }
        // Magnitudes of an error at classes sum to 2 at most, as a softmax's do.
        let most = if spec.kernel.is_some() { 1 << 25 } else { (1 << 27) / spec.classes as i64 - 1 };
        let places = self.plan.membrane_places();
        let (mut error, mut core) = (vec![0.0; places.len()], vec![0; self.network.error().len()]);
        for (error, place) in error.iter_mut().zip(places) {
            core[place] = if draw.chance(25) { 0 } else { draw.pick(-most, most) as i32 };
            *error = value(core[place], SIGNAL_BITS);
        }
        Task::Error(error, core)
    }

    /// Spikes and membranes; whether all neurons were far enough from their thresholds.
    fn forward(&mut self, input: &[u32]) -> Result<bool, String> {
        for k in 0..self.plan.values.len() {
            let spikes = spikes(&self.network, k, input);
            if let Some(layer) = k.checked_sub(1)
                && let Some(bound) = &mut self.bounds[layer]
            {
                let source = self.plan.spec.layers[layer].sources[0];
                let mut seen = vec![Estimate::default(); self.plan.values[source].port.most()];
                for &spike in self::spikes(&self.network, source, input) {
                    seen[spike as usize] = Estimate::exact(1.0);
                }
                let counts = self.plan.values[k].counts(spikes);
                let core: Vec<u32> = (0..counts.len() as u32).filter(|&n| counts[n as usize] > 0.0).collect();
                bound.forward(&seen, &core);
                let near = |i| bound.v(i).value.abs() <= bound.v(i).error + ORDER;
                if (0..counts.len()).any(near) {
                    self.tally.near += 1;
                    return Ok(false);
                }
                self.spikes[layer] += core.len();
            }
            let worth = self.plan.values[k].worth(self.dropping);
            let counts = self.plan.values[k].counts(spikes);
            for (n, (count, value)) in counts.iter().zip(self.graph.value(k)).enumerate() {
                if (count - value / worth).abs() > 1e-9 {
                    return Err(format!("node {k}, element {n}: {count} spikes, not {}", value / worth));
                }
            }
        }
        self.membranes()?;
        let source = self.plan.spec.readout_source;
        let mut seen = vec![Estimate::default(); self.plan.values[source].port.most()];
        spikes(&self.network, source, input).iter().for_each(|&spike| seen[spike as usize] = Estimate::exact(1.0));
        self.readout.forward(&seen);
        let core = self.network.readout().membrane();
        let core = self.plan.membrane_places().iter().map(|&place| value(core[place], READOUT_MEMBRANE_BITS)).collect();
        self.tally.note("readout membrane", "readout", core, self.readout.membrane(), self.graph.logits(), 1.0)?;
        Ok(true)
    }

    fn membranes(&mut self) -> Result<(), String> {
        for (i, bound) in self.bounds.iter().enumerate() {
            let (Some(bound), Some(reference)) = (bound, self.graph.layer(i + 1)) else { continue };
            let places = self.plan.values[i + 1].signal_places();
            let (membranes, v, bits) = match &self.network.layers()[i] {
                Layer::Spiking(layer) => (layer.membrane(), layer.v(), layer.spec().membrane_bits()),
                Layer::Conv(layer) => {
                    let (neurons, spec) = (layer.neurons(), &layer.spec().neurons);
                    (neurons.membrane(), neurons.v(), spec.membrane_bits())
                }
                Layer::Relay(_) => continue,
            };
            let all = |values: &[i32]| places.iter().map(|&place| value(values[place], bits)).collect();
            let neurons = reference.neurons();
            let node = format!("node {}", i + 1);
            let after = neurons.membrane_after_reset();
            self.tally.note("membrane", &node, all(membranes), bound.after_reset(), after, 1.0)?;
            let v_bound: Vec<Estimate> = (0..places.len()).map(|i| bound.v(i)).collect();
            let threshold = neurons.neuron().threshold;
            let v_reference: Vec<f64> = neurons.membrane_before_reset().iter().map(|u| u - threshold).collect();
            self.tally.note("v", &node, all(v), &v_bound, &v_reference, 1.0)?;
        }
        Ok(())
    }

    /// The error, all learning signals from the top down, and the bounds' own learning.
    /// Whether all signals were far from where they saturate.
    fn learn(&mut self, loss: &Loss<'_>, error: &[Estimate]) -> Result<bool, String> {
        let learned = self.graph.gradients(loss);
        let places = self.plan.membrane_places();
        let core = places.iter().map(|&place| value(self.network.error()[place], SIGNAL_BITS));
        let reference = loss.gradient(self.graph.logits());
        self.tally.note("error", "readout", core.collect(), error, &reference, 1.0)?;
        self.readout.learn(Some(error));
        let layers = self.network.layers().len();
        let mut signals = self.direct_signals(error);
        // The largest sum that a signal can come to while it is added up.
        let mut largest = 0.0f64;
        for i in (0..layers).rev() {
            let Some(d) = signals[i + 1].take() else { continue };
            largest = d.iter().map(|d| d.magnitude()).fold(largest, f64::max);
            if largest > SIGNAL_LIMIT / 2.0 {
                self.tally.large += 1;
                return Ok(false);
            }
            self.note_signal(i, &d, &learned)?;
            if let Some(bound) = &mut self.bounds[i] {
                bound.learn(Some(&d));
            }
            if self.plan.spec.signal == Signal::Dfa {
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

    /// What reaches layers from the readout's error without a layer between, by node.
    fn direct_signals(&self, error: &[Estimate]) -> Vec<Option<Vec<Estimate>>> {
        let (plan, layers) = (self.plan, self.network.layers().len());
        if plan.spec.signal == Signal::Dfa {
            let matrix = |i| reference::matrix(plan, &self.network, i);
            let exact = |matrix: Vec<f64>| matrix.into_iter().map(Estimate::exact).collect::<Vec<_>>();
            let direct = (0..layers).map(|i| matrix(i).map(|matrix| feedback(&exact(matrix), error)));
            return std::iter::once(None).chain(direct).collect();
        }
        let zeros = |value: &Value| Some(vec![Estimate::default(); value.port.shape.elements()]);
        let mut signals: Vec<_> = plan.values.iter().map(zeros).collect();
        signals[plan.spec.readout_source] = Some(if plan.spec.readout.kernel.is_some() {
            self.readout.below(error)
        } else {
            let weights = &plan.readout(1.0).parameters().weight.raw.clone();
            let unit = 2f64.powi(-(FEEDBACK_BITS as i32));
            let narrow: Vec<f64> = weights.iter().map(|w| (w / unit + 0.5).floor() * unit).collect();
            feedback(&between(weights, &narrow), error)
        });
        signals
    }

    fn note_signal(&mut self, layer: usize, d: &[Estimate], learned: &Learned) -> Result<(), String> {
        let (core, output) = (self.network.signal(layer), &self.plan.values[layer + 1]);
        let core = output.signal_places().iter().map(|&place| value(core[place], SIGNAL_BITS)).collect();
        let reference = learned.signals[layer + 1].as_ref().expect("a signal");
        let quantity = if self.bounds[layer].is_some() { "signal" } else { "signal of a relay" };
        let node = format!("node {}", layer + 1);
        self.tally.note(quantity, &node, core, d, reference, output.worth(self.dropping))
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

/// What an integer with so many fraction bits stands for.
pub fn value(integer: i32, bits: u32) -> f64 {
    integer as f64 / 2f64.powi(bits as i32)
}

/// The spikes of a node at the last step; 0 is the input.
fn spikes<'a>(network: &'a Network, node: usize, input: &'a [u32]) -> &'a [u32] {
    node.checked_sub(1).map_or(input, |layer| network.layers()[layer].spikes())
}

fn bound(plan: &Plan, right: &Network, layer: usize, dropping: bool) -> Option<SpikingBound> {
    let reference = plan.neurons(layer, 1.0)?;
    let (spec, format) = match &right.layers()[layer] {
        Layer::Spiking(layer) => (layer.spec(), layer.eligibility().format()),
        Layer::Conv(layer) => (&layer.spec().neurons, layer.eligibility().format()),
        Layer::Relay(_) => return None,
    };
    let input = plan.input(layer);
    let mut bound = SpikingBound::with_rows(&reference, &reference, spec, format, input.rows());
    if !dropping {
        let rounding = product_rounding(input, &plan.integers[layer].weight, spec.weight_bits);
        bound.set_keep(keep(input), rounding);
    }
    Some(bound)
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
