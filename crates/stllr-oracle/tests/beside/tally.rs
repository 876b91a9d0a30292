//! What was compared, and how near it came to its bounds.

use std::collections::BTreeMap;
use std::fmt;

use stllr_core::layer::Mode;
use stllr_core::loss::Loss;
use stllr_core::network::LayerKind;
use stllr_core::noise::Rounding;
use stllr_core::optimizer::Optimizer;
use stllr_core::signal::Signal;
use stllr_oracle::golden::core::bound::Estimate;

use crate::plan::Plan;
use crate::update::neurons;

/// Sums of the same `f64` in another order, by the size of what is summed.
const ORDER: f64 = 1e-10;

/// One quantity.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// Values compared, how many of them are not zero, and how many more nothing is known of.
    pub values: usize,
    pub nonzero: usize,
    pub unknown: usize,
    /// Those of the values that are not zero whose bounds are at most a tenth of them.
    pub sharp: usize,
    /// The largest part of its bound that any value is off.
    pub fraction: f64,
    /// Networks in which any is not zero, and those of them whose bounds come to more than a tenth of the values: where they
    /// are few units of their format, or so large that the core clips them.
    pub networks: usize,
    pub loose: usize,
    /// Sums of bounds, of deviations and of magnitudes.
    pub bounds: f64,
    pub deviations: f64,
    pub magnitudes: f64,
}

/// Comparisons of one network or several.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Steps in which everything was compared, and updates.
    pub steps: usize,
    pub updates: usize,
    /// Networks that ended early, as a neuron was too near its threshold, or a learning signal too near its limit.
    pub near: usize,
    pub large: usize,
    /// Layers of neurons, and how many of them never spiked.
    pub layers: usize,
    pub silent: usize,
    pub by_quantity: BTreeMap<&'static str, Measured>,
    /// How many networks have what.
    pub features: BTreeMap<String, usize>,
}

impl Tally {
    /// Of a network that did nothing yet.
    pub fn of(plan: &Plan) -> Self {
        let mut features = BTreeMap::new();
        let mut has = |name: &str| _ = features.insert(name.to_owned(), 1);
        for (i, layer) in plan.spec.layers.iter().enumerate() {
            let input = plan.input(i);
            match &layer.kind {
                LayerKind::Spiking(spec) => has(if spec.recurrent { "recurrent" } else { "dense" }),
                LayerKind::Conv(spec) => {
                    let kernel = spec.kernel;
                    has("convolution");
                    let parts = [
                        ("stride", kernel.stride > 1),
                        ("padding", kernel.padding > 0),
                        ("dilation", kernel.dilation > 1 && kernel.taps() > 1),
                        ("groups", kernel.groups > 1),
                    ];
                    parts.into_iter().filter(|(_, is)| *is).for_each(|(name, _)| has(name));
                }
                LayerKind::Pool(spec) => {
                    let kind = if spec.max {
                        "maximum"
                    } else if plan.averages[i] {
                        "average"
                    } else {
                        "sum"
                    };
                    has(kind);
                    if spec.stride < spec.size {
                        has("overlapping windows");
                    }
                }
                LayerKind::Upsample(_) => has("upsample"),
                LayerKind::Join(spec) => {
                    has(if spec.concat { "concat" } else { "add" });
                    if spec.repeats.iter().any(|&repeat| repeat > 1) {
                        has("repeats");
                    }
                }
                LayerKind::Dropout(_) => has("dropout"),
            }
            if let Some(spec) = neurons(&layer.kind) {
                let parts = [
                    ("divisor", input.unit > 1),
                    ("behind dropout", !input.rates.is_empty()),
                    ("bias", spec.bias),
                    ("8 bits", spec.byte_shift.is_some()),
                    ("8 bits and standardised", spec.byte_shift.is_some() && spec.standardise),
                    ("8 bits and recurrent", spec.byte_shift.is_some() && spec.recurrent),
                    ("standardised", spec.standardise),
                    ("standardised and divided", spec.standardise && input.unit > 1),
                    ("standardised and recurrent", spec.standardise && spec.recurrent),
                ];
                parts.into_iter().filter(|(_, is)| *is).for_each(|(name, _)| has(name));
            }
        }
        has(if plan.spec.readout.kernel.is_some() { "readout of pixels" } else { "readout of classes" });
        let learning = &plan.spec.learning;
        has(match plan.spec.signal {
            Signal::Bp => "back-propagation",
            Signal::Dfa => "feedback alignment",
            Signal::Sdfa => "feedback alignment of signs",
            Signal::Drtp => "target projection",
            Signal::Local => "local signals",
        });
        has(match plan.spec.loss {
            Loss::CrossEntropy => "cross-entropy",
            Loss::MeanSquare => "mean square",
            Loss::Binary => "binary cross-entropy",
            Loss::Endpoint => "endpoint error",
            Loss::Contrast(_) => "contrast",
        });
        has(match learning.optimizer {
            Optimizer::Sgd => "plain descent",
            Optimizer::Momentum { nesterov: false, .. } => "momentum",
            Optimizer::Momentum { nesterov: true, .. } => "Nesterov",
            Optimizer::Adam { .. } => "Adam",
            Optimizer::RmsProp { .. } => "RMSprop",
            Optimizer::RProp { .. } => "Rprop",
        });
        has(if learning.mode == Mode::Block { "block mode" } else { "sequence mode" });
        has(if learning.rounding == Rounding::Nearest { "to nearest" } else { "dithered" });
        if learning.decay.mantissa != 0 {
            has("weight decay");
        }
        if plan.sequences > 1 {
            has("sequences");
        }
        Self { features, ..Self::default() }
    }

    /// Nearly all steps of the networks were compared, most layers spiked, and there were networks with everything.
    pub fn assert_wide(&self, networks: u64, steps: usize) {
        let networks = networks as usize;
        assert!(20 * self.steps >= 19 * networks * steps, "{self}");
        assert!(4 * self.silent <= self.layers, "{self}");
        let names = [
            "8 bits",
            "8 bits and recurrent",
            "8 bits and standardised",
            "Adam",
            "Nesterov",
            "RMSprop",
            "Rprop",
            "add",
            "average",
            "back-propagation",
            "behind dropout",
            "bias",
            "binary cross-entropy",
            "block mode",
            "concat",
            "contrast",
            "convolution",
            "cross-entropy",
            "dense",
            "dilation",
            "dithered",
            "divisor",
            "dropout",
            "endpoint error",
            "feedback alignment",
            "feedback alignment of signs",
            "groups",
            "local signals",
            "maximum",
            "mean square",
            "momentum",
            "overlapping windows",
            "padding",
            "plain descent",
            "readout of classes",
            "readout of pixels",
            "recurrent",
            "repeats",
            "sequence mode",
            "sequences",
            "standardised",
            "standardised and divided",
            "standardised and recurrent",
            "stride",
            "sum",
            "target projection",
            "to nearest",
            "upsample",
            "weight decay",
        ];
        assert!(self.features.keys().eq(names), "{self}");
        assert!(self.features.values().all(|&count| 33 * count >= networks), "{self}");
    }

    /// Compares a node's values, the reference's times `scale`. The error says which is off.
    pub fn note(
        &mut self,
        quantity: &'static str,
        node: &str,
        core: Vec<f64>,
        bounds: &[Estimate],
        reference: &[f64],
        scale: f64,
    ) -> Result<(), String> {
        assert!(core.len() == bounds.len() && core.len() == reference.len(), "{quantity} of {node}: as many values");
        let measured = self.by_quantity.entry(quantity).or_default();
        let size = size_of(reference, scale);
        for (i, ((core, bound), reference)) in core.into_iter().zip(bounds).zip(reference).enumerate() {
            let off = (core - bound.value).abs();
            check(quantity, i, node, bound, reference * scale, size)?;
            if bound.error.is_infinite() {
                measured.unknown += 1;
                continue;
            }
            if off.is_nan() || off > bound.error + ORDER * size {
                return Err(format!("{quantity} {i} of {node}: {core}, off by {off:.1e} from {bound:?}"));
            }
            measured.values += 1;
            measured.nonzero += (bound.value != 0.0) as usize;
            measured.sharp += (bound.value != 0.0 && 10.0 * bound.error <= bound.value.abs()) as usize;
            measured.fraction = measured.fraction.max(off / (bound.error + ORDER * size));
            measured.bounds += bound.error;
            measured.deviations += off;
            measured.magnitudes += bound.value.abs();
        }
        Ok(())
    }

    /// Takes in another network's.
    pub fn merge(&mut self, other: Self) {
        self.steps += other.steps;
        self.updates += other.updates;
        self.near += other.near;
        self.large += other.large;
        self.layers += other.layers;
        self.silent += other.silent;
        for (name, count) in other.features {
            *self.features.entry(name).or_default() += count;
        }
        for (quantity, more) in other.by_quantity {
            let measured = self.by_quantity.entry(quantity).or_default();
            measured.networks += (more.nonzero > 0) as usize;
            measured.loose += (more.nonzero > 0 && 10.0 * more.bounds > more.magnitudes) as usize;
            measured.values += more.values;
            measured.nonzero += more.nonzero;
            measured.unknown += more.unknown;
            measured.sharp += more.sharp;
            measured.fraction = measured.fraction.max(more.fraction);
            measured.bounds += more.bounds;
            measured.deviations += more.deviations;
            measured.magnitudes += more.magnitudes;
        }
    }
}

fn size_of(reference: &[f64], scale: f64) -> f64 {
    reference.iter().fold(1.0, |size: f64, value| size.max((value * scale).abs()))
}

fn check(quantity: &str, i: usize, node: &str, bound: &Estimate, wanted: f64, size: f64) -> Result<(), String> {
    if (wanted - bound.value).abs() <= ORDER * size {
        return Ok(());
    }
    Err(format!("{quantity} {i} of {node}: the bound is around {}, not {wanted}", bound.value))
}

/// Are bounds around the reference's values, times `scale`?
pub fn agree(quantity: &str, node: &str, bounds: &[Estimate], reference: &[f64], scale: f64) -> Result<(), String> {
    let size = size_of(reference, scale);
    let mut pairs = bounds.iter().zip(reference).enumerate();
    pairs.try_for_each(|(i, (bound, reference))| check(quantity, i, node, bound, reference * scale, size))
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} steps, {} updates; {} networks ended early, {} with large signals; {} of {} layers silent",
            self.steps, self.updates, self.near, self.large, self.silent, self.layers
        )?;
        for (quantity, m) in &self.by_quantity {
            let share = |x: f64| 100.0 * x / m.magnitudes;
            let (bounds, deviations) = (share(m.bounds), share(m.deviations));
            write!(
                f,
                "{quantity}: {} values, {} not zero, {} sharp, {} unknown; mean bound {bounds:.4} % ",
                m.values, m.nonzero, m.sharp, m.unknown
            )?;
            write!(f, "and mean deviation {deviations:.4} % of the mean; at most {:.3} of the bound; ", m.fraction)?;
            writeln!(f, "loose in {} of {} networks", m.loose, m.networks)?;
        }
        write!(f, "{:?}", self.features)
    }
}
