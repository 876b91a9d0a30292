//! Updates: what the core's weights become, beside the reference's optimiser and standardisation.
//!
//! The gradient is the bound's, whose value is the reference's; weights begin as the core's, so that one update does not take
//! the rounding of those before with it. After it the reference and the bounds go on with the core's weights.

use stllr_core::fixed::{BIAS_MAX, BYTE_MAX, Factor, READOUT_WEIGHT_BITS, READOUT_WEIGHT_MAX, WEIGHT_MAX};
use stllr_core::kernel::SUM_MAX;
use stllr_core::layer::SpikingSpec;
use stllr_core::network::LayerKind;
use stllr_core::optimizer::Optimizer;
use stllr_core::standardise::{GAIN_BITS, GAIN_MAX};
use stllr_oracle::golden::core::bound::Estimate;
use stllr_oracle::standardise::{EPSILON, standardise, standardise_backward};

use crate::compare::Beside;
use crate::plan::{Plan, real};
use crate::read::{self, Raw};
use crate::steps::{Held, Pair, Steps};

/// The optimisers of a layer's tensors, by quantity.
pub struct Descent {
    weight: Steps,
    recurrent: Steps,
    bias: Steps,
    gain: Steps,
    recurrent_gain: Steps,
}

/// What a layer's rates and decays follow from.
struct Rates<'a> {
    plan: &'a Plan,
    rate: Factor,
    divisor: usize,
    /// What its weights are divided by.
    held: usize,
}

impl Rates<'_> {
    fn steps(&self, times: (f64, Factor), decay: (f64, Factor), len: usize) -> Steps {
        let learning = &self.plan.spec.learning;
        let rate = Pair::new(self.rate).times(times.0, times.1);
        let decay = Pair::new(learning.decay).times(decay.0, decay.1);
        let decay = if learning.optimizer.folds_rate() { decay.times(rate.reference, rate.core) } else { decay };
        Steps::new(learning, rate, decay, len)
    }

    /// In the reference weights W learn at a rate, and the core holds w = W / n: its rate is that by n^2. What is not divided
    /// learns at n^2 times the core's, or n times where the optimiser does not heed the gradient's size; and the decay of w is
    /// that of W.
    fn descent(&self, [weight, recurrent, bias, gain, recurrent_gain]: [usize; 5]) -> Descent {
        let learning = &self.plan.spec.learning;
        let one = (1.0, Factor::ONE);
        let square = ((self.held * self.held) as f64, Factor::square_of(self.held));
        let heeds = matches!(learning.optimizer, Optimizer::Sgd | Optimizer::Momentum { .. });
        let undivided = if heeds { square } else { (self.held as f64, Factor::of(self.held)) };
        let part = (1.0 / self.divisor as f64, Factor::inverse_of(self.divisor));
        let of_gain = match learning.optimizer {
            Optimizer::Sgd => one,
            Optimizer::Momentum { .. } => (part.0 * part.0, part.1.times(part.1)),
            _ => part,
        };
        let nothing = (0.0, Factor::ZERO);
        Descent {
            weight: self.steps(one, square, weight),
            recurrent: self.steps(one, square, recurrent),
            bias: self.steps(undivided, one, bias),
            gain: self.steps(of_gain, nothing, gain),
            recurrent_gain: self.steps(one, nothing, recurrent_gain),
        }
    }
}

/// The descents of all layers and, last, the readout.
pub fn descents(plan: &Plan) -> Vec<Option<Descent>> {
    let layers = plan.spec.layers.iter().enumerate().map(|(i, layer)| {
        let (spec, integers) = (neurons(&layer.kind)?, &plan.integers[i]);
        let rates = Rates { plan, rate: spec.rate, divisor: spec.divisor, held: spec.held_divisor() };
        let gains = if spec.standardise { spec.units } else { 0 };
        let own = if spec.recurrent { gains } else { 0 };
        Some(rates.descent([integers.weight.len(), integers.recurrent.len(), integers.bias.len(), gains, own]))
    });
    let (spec, integers) = (&plan.spec.readout, &plan.integers[plan.spec.layers.len()]);
    let rates = Rates { plan, rate: spec.rate, divisor: spec.divisor, held: spec.divisor };
    let readout = rates.descent([integers.weight.len(), 0, integers.bias.len(), 0, 0]);
    layers.chain([Some(readout)]).collect()
}

pub fn neurons(kind: &LayerKind) -> Option<&SpikingSpec> {
    match kind {
        LayerKind::Spiking(spec) => Some(spec),
        LayerKind::Conv(spec) => Some(&spec.neurons),
        _ => None,
    }
}

/// Gradients by raw weights and by gains, with bounds, from those by effective weights.
///
/// ```text
/// by the gain   sum_j e_j |c_j| / s; arithmetic: a half, and what the mean's and the length's bits leave
/// by a weight   |gain| / s (e_j + mean(e) + k |c_j| / s^2 sum e |c|); arithmetic likewise, the scale with 15 bits
/// ```
///
/// The arithmetic's are those that `tests/standardise.rs` of the core holds it to.
fn backward(
    raw: &[f64],
    gain: &[f64],
    gradient: &[Estimate],
    raw_bits: u32,
    bits: u32,
) -> (Vec<Estimate>, Vec<Estimate>) {
    let values: Vec<f64> = gradient.iter().map(|g| g.value).collect();
    let (by_raw, by_gain) = standardise_backward(raw, gain, EPSILON, &values);
    let (count, unit, fine) = (raw.len() / gain.len(), real(1, bits), real(1, raw_bits + 17));
    let (mut raw_errors, mut gain_errors) = (vec![], vec![]);
    for ((raw, gain), (g, by)) in raw.chunks_exact(count).zip(gain).zip(gradient.chunks_exact(count).zip(&by_gain)) {
        let n = count as f64;
        let mean = raw.iter().sum::<f64>() / n;
        let c: Vec<f64> = raw.iter().map(|w| (w - mean).abs()).collect();
        let s = (c.iter().map(|c| c * c).sum::<f64>() * n / (n - 1.0) + EPSILON).sqrt();
        let along: f64 = g.iter().zip(&c).map(|(g, c)| g.error * c).sum();
        let of_errors: f64 = g.iter().map(|g| g.error).sum();
        let total = g.iter().map(|g| g.value).sum::<f64>().abs() + of_errors;
        let exact = by.abs() + along / s;
        if g.iter().all(|g| g.magnitude() == 0.0) {
            // Nothing is exact.
            gain_errors.push(0.0);
            raw_errors.extend(vec![0.0; count]);
            continue;
        }
        gain_errors.push(along / s + 0.51 * unit + exact * 5e-7 + total * fine / s);
        let scale = gain.abs() / s;
        for (g, c) in g.iter().zip(&c) {
            let given = scale * (g.error + of_errors / n + n / (n - 1.0) * c * along / (s * s));
            let line = 2.0 * (total * fine * c / (s * s) + exact * (fine + 1e-6 * c) / s);
            raw_errors.push(given + 0.51 * unit + scale * (line + 0.01 * unit + g.magnitude() * 1e-8));
        }
    }
    let bound = |value: f64, error: f64| {
        Estimate { value, error: error + (value.abs() + error) * 1e-4 }.clipped(SUM_MAX as f64 * unit)
    };
    let raw = by_raw.into_iter().zip(raw_errors).map(|(value, error)| bound(value, error)).collect();
    let gain = by_gain.into_iter().zip(gain_errors).map(|(value, error)| Estimate { value, error }).collect();
    (raw, gain)
}

impl Beside {
    /// The update at the end of a block or sequence.
    pub fn update(&mut self) -> Result<(), String> {
        self.agree()?;
        for i in 0..self.plan.spec.layers.len() {
            if self.bounds[i].is_some() {
                self.update_layer(i)?;
            }
        }
        self.update_readout()?;
        self.go_on();
        self.tally.updates += 1;
        Ok(())
    }

    fn update_layer(&mut self, i: usize) -> Result<(), String> {
        let spec = neurons(&self.plan.spec.layers[i].kind).expect("a layer of neurons").clone();
        let Some(bound) = &self.bounds[i] else { return Ok(()) };
        let bits = self.bits[i];
        let (weight, recurrent, bias) =
            (bound.weight_gradient(), bound.recurrent_gradient().unwrap_or_default(), bound.bias_gradient());
        let after = read::integers(&self.plan, &self.network, i);
        let before = std::mem::replace(&mut self.plan.integers[i], after.clone());
        let held =
            Held { bits, weight_bits: spec.weight_bits, limit: WEIGHT_MAX, rounded: read::is_narrow(&self.plan, i) };
        let node = format!("node {}", i + 1);
        if spec.standardise {
            let new = read::raw(&self.plan, &self.network, i).ok_or(format!("{node}: no raw weights"))?;
            let old = self.raws[i].replace(new.clone()).expect("raw weights before");
            self.update_standardised(i, &spec, [&old, &new], [&weight, &recurrent], held)?;
            self.standardised(i, &spec)?;
        } else {
            let (names, held) = match spec.byte_shift {
                None => (["change of weights", "change of recurrent weights"], held),
                Some(_) => (
                    ["change of weights of 8 bits", "change of recurrent weights of 8 bits"],
                    Held { weight_bits: spec.held_bits(), limit: BYTE_MAX, ..held },
                ),
            };
            let units =
                |integers: &[i32]| integers.iter().map(|n| n >> spec.byte_shift.unwrap_or(0)).collect::<Vec<_>>();
            let [old, new] = [&before.weight, &after.weight].map(|n| units(n));
            self.compare(i, names[0], [&old, &new], &weight, held)?;
            let [old, new] = [&before.recurrent, &after.recurrent].map(|n| units(n));
            self.compare(i, names[1], [&old, &new], &recurrent, held)?;
        }
        if spec.bias {
            let held = Held { weight_bits: spec.membrane_bits(), limit: BIAS_MAX, rounded: false, ..held };
            self.compare(i, "change of biases", [&before.bias, &after.bias], &bias, held)?;
        }
        Ok(())
    }

    fn update_standardised(
        &mut self,
        i: usize,
        spec: &SpikingSpec,
        [old, new]: [&Raw; 2],
        [weight, recurrent]: [&[Estimate]; 2],
        held: Held,
    ) -> Result<(), String> {
        let held = Held { rounded: false, ..held };
        let of_gain = Held { weight_bits: GAIN_BITS, limit: GAIN_MAX, ..held };
        let reals = |integers: &[i32], bits: u32| integers.iter().map(|&n| real(n, bits)).collect::<Vec<f64>>();
        let parts = [
            (&old.weight, &old.gain, &new.weight, &new.gain, weight, ["change of raw weights", "change of gains"]),
            (
                &old.recurrent,
                &old.recurrent_gain,
                &new.recurrent,
                &new.recurrent_gain,
                recurrent,
                ["change of recurrent raw weights", "change of recurrent gains"],
            ),
        ];
        for (raw, gain, new_raw, new_gain, gradient, names) in parts.into_iter().filter(|part| !part.0.is_empty()) {
            let (w, gains) = (reals(raw, spec.weight_bits), reals(gain, GAIN_BITS));
            let (by_raw, mut by_gain) = backward(&w, &gains, gradient, spec.weight_bits, held.bits);
            if self.plan.spec.learning.optimizer.folds_rate() && std::ptr::eq(raw, &old.weight) {
                // The gain of what is divided is, too, and its gradient comes with the rate.
                let part = Factor::inverse_of(spec.divisor);
                let square = Pair::new(Factor::ONE).times(1.0 / (spec.divisor * spec.divisor) as f64, part.times(part));
                for g in by_gain.iter_mut().filter(|g| g.magnitude() > 0.0) {
                    *g = (square.estimate() * *g).widen(real(1, held.bits));
                }
            }
            self.compare(i, names[0], [raw, new_raw], &by_raw, held)?;
            self.compare(i, names[1], [gain, new_gain], &by_gain, of_gain)?;
        }
        Ok(())
    }

    /// The weights in use are what the raw ones and the gains say, to half a unit.
    pub fn standardised(&mut self, i: usize, spec: &SpikingSpec) -> Result<(), String> {
        let Some(raw) = &self.raws[i] else { return Ok(()) };
        let integers = &self.plan.integers[i];
        let (unit, limit) = (real(1, spec.held_bits()), if spec.byte_shift.is_some() { BYTE_MAX } else { WEIGHT_MAX });
        let quantity = if spec.byte_shift.is_some() { "standardised weight of 8 bits" } else { "standardised weight" };
        let reals = |integers: &[i32], bits: u32| integers.iter().map(|&n| real(n, bits)).collect::<Vec<f64>>();
        let parts =
            [(&raw.weight, &raw.gain, &integers.weight), (&raw.recurrent, &raw.recurrent_gain, &integers.recurrent)];
        for (raw, gain, effective) in parts.into_iter().filter(|part| !part.0.is_empty()) {
            let (raw, gain) = (reals(raw, spec.weight_bits), reals(gain, GAIN_BITS));
            let want = standardise(&raw, &gain, EPSILON);
            // A mean is known to a part in 2^17 of a raw unit; s is at least the root of epsilon.
            let fine = real(1, spec.weight_bits + 17) / EPSILON.sqrt();
            let count = raw.len() / gain.len();
            let bound = |(n, &value): (usize, &f64)| {
                let error = 0.501 * unit + gain[n / count].abs() * fine;
                Estimate { value, error }.clipped(limit as f64 * unit)
            };
            let bounds: Vec<Estimate> = want.iter().enumerate().map(bound).collect();
            let core = reals(effective, spec.weight_bits);
            self.tally.note(quantity, &format!("node {}", i + 1), core, &bounds, &want, 1.0)?;
        }
        Ok(())
    }

    fn update_readout(&mut self) -> Result<(), String> {
        let last = self.plan.spec.layers.len();
        let after = read::readout(&self.plan, &self.network);
        let before = std::mem::replace(&mut self.plan.integers[last], after.clone());
        let (learning, spec) = (&self.plan.spec.learning, &self.plan.spec.readout);
        let bits = self.bits[last];
        let held = Held { bits, weight_bits: READOUT_WEIGHT_BITS, limit: READOUT_WEIGHT_MAX, rounded: false };
        let mut weight = self.readout.weight_gradient();
        let is_block = learning.mode == stllr_core::layer::Mode::Block;
        let at_once = is_block && !learning.gathers() && spec.kernel.is_none();
        if at_once && bits > READOUT_WEIGHT_BITS {
            // Each of an input's rows is rounded by itself.
            let rows = self.plan.input(last).port.levels as f64;
            let dithered = learning.rounding == stllr_core::noise::Rounding::Dithered;
            let rounding = rows * real(1, READOUT_WEIGHT_BITS) * if dithered { 1.0 } else { 0.5 };
            let widen = |g: &Estimate| if g.magnitude() == 0.0 { *g } else { g.widen(rounding) };
            weight = weight.iter().map(widen).collect();
        }
        let bias = self.readout.bias_gradient();
        let of_weights = Held { rounded: at_once, ..held };
        self.compare(last, "change of the readout", [&before.weight, &after.weight], &weight, of_weights)?;
        if self.plan.spec.readout.bias {
            self.compare(last, "change of the readout's biases", [&before.bias, &after.bias], &bias, held)?;
        }
        Ok(())
    }

    /// Compares how far a tensor has come with the optimiser's step by its gradient.
    fn compare(
        &mut self,
        layer: usize,
        quantity: &'static str,
        [before, after]: [&[i32]; 2],
        gradient: &[Estimate],
        held: Held,
    ) -> Result<(), String> {
        let descent = self.descents[layer].as_mut().expect("a layer that learns");
        let steps = match quantity {
            "change of biases" | "change of the readout's biases" => &mut descent.bias,
            "change of recurrent weights"
            | "change of recurrent weights of 8 bits"
            | "change of recurrent raw weights" => &mut descent.recurrent,
            "change of gains" => &mut descent.gain,
            "change of recurrent gains" => &mut descent.recurrent_gain,
            _ => &mut descent.weight,
        };
        if before.is_empty() {
            return Ok(());
        }
        let reals = |integers: &[i32]| integers.iter().map(|&n| real(n, held.weight_bits)).collect::<Vec<f64>>();
        let (before, after) = (reals(before), reals(after));
        let (exact, bounds) = steps.step(&before, gradient, held);
        let change = |after: &[f64]| after.iter().zip(&before).map(|(a, b)| b - a).collect::<Vec<f64>>();
        let bounds: Vec<Estimate> = bounds.iter().zip(&before).map(|(a, &b)| Estimate::exact(b) - *a).collect();
        self.tally.note(quantity, &format!("node {}", layer + 1), change(&after), &bounds, &change(&exact), 1.0)
    }

    /// The reference and the bounds take over the core's weights, and no gradient waits.
    fn go_on(&mut self) {
        let mut tensors = self.graph.parameters();
        for (node, parameters) in crate::reference::parameters(&self.plan) {
            tensors.extend(parameters.tensors().into_iter().map(|(name, values)| (format!("{node}.{name}"), values)));
        }
        self.graph.set_parameters(&tensors);
        for (i, bound) in self.bounds.iter_mut().enumerate() {
            if let (Some(bound), Some(reference)) = (bound, self.plan.neurons(i, 1.0)) {
                bound.set_parameters(&reference, &reference);
            }
        }
        let readout = self.plan.readout(1.0);
        self.readout.set_parameters(&readout, &readout);
        self.sums.fill(None);
    }
}
