//! What was compared, and how near it came to its bounds.

use std::collections::BTreeMap;
use std::fmt;

use stllr_core::network::LayerKind;
use stllr_core::signal::Signal;
use stllr_oracle::golden::core::bound::Estimate;

use crate::plan::Plan;

/// Sums of the same `f64` in another order, by the size of what is summed.
const ORDER: f64 = 1e-10;

/// One quantity.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// Values compared, and how many of them are not zero.
    pub values: usize,
    pub nonzero: usize,
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
    /// Steps in which everything was compared.
    pub steps: usize,
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
            if matches!(layer.kind, LayerKind::Spiking(_) | LayerKind::Conv(_)) {
                let parts = [("divisor", input.unit > 1), ("behind dropout", !input.rates.is_empty())];
                parts.into_iter().filter(|(_, is)| *is).for_each(|(name, _)| has(name));
            }
        }
        has(if plan.spec.readout.kernel.is_some() { "readout of pixels" } else { "readout of classes" });
        has(if plan.spec.signal == Signal::Bp { "back-propagation" } else { "feedback alignment" });
        Self { features, ..Self::default() }
    }

    /// Nearly all steps of the networks were compared, most layers spiked, and there were networks with everything.
    pub fn assert_wide(&self, networks: u64, steps: usize) {
        let networks = networks as usize;
        assert!(20 * self.steps >= 19 * networks * steps, "{self}");
        assert!(5 * self.silent <= self.layers, "{self}");
        let names = [
            "add",
            "average",
            "back-propagation",
            "behind dropout",
            "concat",
            "convolution",
            "dense",
            "dilation",
            "divisor",
            "dropout",
            "feedback alignment",
            "groups",
            "maximum",
            "overlapping windows",
            "padding",
            "readout of classes",
            "readout of pixels",
            "recurrent",
            "repeats",
            "stride",
            "sum",
            "upsample",
        ];
        assert!(self.features.keys().eq(names), "{self}");
        assert!(self.features.values().all(|&count| 20 * count >= networks), "{self}");
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
        let size = reference.iter().fold(1.0, |size: f64, value| size.max((value * scale).abs()));
        for (i, ((core, bound), reference)) in core.into_iter().zip(bounds).zip(reference).enumerate() {
            let off = (core - bound.value).abs();
            if (reference * scale - bound.value).abs() > ORDER * size {
                let wanted = reference * scale;
                return Err(format!("{quantity} {i} of {node}: the bound is around {}, not {wanted}", bound.value));
            }
            if off.is_nan() || off > bound.error + ORDER * size {
                return Err(format!("{quantity} {i} of {node}: {core}, off by {off:.1e} from {bound:?}"));
            }
            measured.values += 1;
            measured.nonzero += (bound.value != 0.0) as usize;
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
            measured.fraction = measured.fraction.max(more.fraction);
            measured.bounds += more.bounds;
            measured.deviations += more.deviations;
            measured.magnitudes += more.magnitudes;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} steps; {} networks ended early, {} with large signals; {} of {} layers silent",
            self.steps, self.near, self.large, self.silent, self.layers
        )?;
        for (quantity, m) in &self.by_quantity {
            let share = |x: f64| 100.0 * x / m.magnitudes;
            let (bounds, deviations) = (share(m.bounds), share(m.deviations));
            write!(f, "{quantity}: {} values, {} not zero; mean bound {bounds:.4} % ", m.values, m.nonzero)?;
            write!(f, "and mean deviation {deviations:.4} % of the mean; at most {:.3} of the bound; ", m.fraction)?;
            writeln!(f, "loose in {} of {} networks", m.loose, m.networks)?;
        }
        write!(f, "{:?}", self.features)
    }
}
