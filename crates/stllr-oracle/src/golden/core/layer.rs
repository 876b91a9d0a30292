//! A file of a dense or recurrent layer through the core.

use stllr_core::fixed::SIGNAL_BITS;
use stllr_core::layer::Spiking;
use stllr_core::meter::Meter;

use super::bound::{SpikingBound, between};
use super::comparison::{Comparison, Group};
use super::formats::{self, SpikingFormats, signals, spiking_rows, values};
use super::{Basis, readout};
use crate::golden::LayerCase;
use crate::layer::{SpikingLayer, add};
use crate::neuron::{Neuron, official_threshold};
use crate::psi::{Psi, sigmoid};

/// Lengths of the block: one that ends within every recorded run, so that traces are carried over, and the longest.
const BLOCKS: [usize; 2] = [7, 32];
/// Fraction bits of traces.
pub const TRACE_BITS: u32 = 15;

/// Replays the case with each length of the block.
pub fn replay(case: &LayerCase, basis: Basis) -> Result<Comparison, String> {
    let mut all = Comparison::default();
    for block_steps in BLOCKS {
        all.merge(match case.psi {
            Some(psi) => spiking(case, psi, basis, block_steps)?,
            None => readout::replay(case, basis, block_steps)?,
        });
    }
    Ok(all)
}

/// What the core is compared with: the file, or with its own constants the estimates.
pub struct Wanted<'a> {
    pub case: &'a LayerCase,
    pub basis: Basis,
}

impl Wanted<'_> {
    /// One step's values.
    pub fn at(&self, quantity: &str, t: usize) -> Option<&[f64]> {
        (self.basis == Basis::File).then(|| self.case.recorded[quantity].at(t))
    }

    /// The sum over the steps.
    pub fn sum(&self, quantity: &str) -> Option<Vec<f64>> {
        (self.basis == Basis::File).then(|| {
            let series = &self.case.recorded[quantity];
            let mut sum = vec![0.0; series.width];
            series.steps().for_each(|step| add(&mut sum, step));
            sum
        })
    }
}

fn spiking(case: &LayerCase, psi: Psi, basis: Basis, block_steps: usize) -> Result<Comparison, String> {
    let (leak, threshold) = (sigmoid(case.leak_raw), official_threshold(case.threshold));
    let neuron = Neuron { leak, threshold, reset: case.reset, psi };
    let file = SpikingLayer::new(case.connection, case.parameters.clone(), neuron, case.factors);
    let formats = SpikingFormats::of(&file)?;
    let mut core = Spiking::new(formats.spec.clone(), formats.inputs, 0, formats::learning(block_steps));
    formats.write(&mut core);
    compare(case, basis, &file, &formats, core)
}

/// Runs the core and the bounds side by side.
fn compare(
    case: &LayerCase,
    basis: Basis,
    file: &SpikingLayer,
    formats: &SpikingFormats,
    mut core: Spiking,
) -> Result<Comparison, String> {
    let rounded = formats.reference();
    let mut bound = SpikingBound::new(basis.choose(file, &rounded), &rounded, &core);

    let wanted = Wanted { case, basis };
    let (units, bits) = (formats.spec.units, formats.spec.membrane_bits());
    let mut all = Comparison::default();
    let mut meter = Meter::default();
    for t in 0..case.steps {
        let input = case.input.at(t);
        let core_spikes = core.forward(&spiking_rows(input)?, true, &mut meter);
        bound.forward(&between(input, input), core_spikes);
        let mut d = signals(case.grad_output.at(t))?;
        let estimated = between(basis.choose(case.grad_output.at(t), &d.values()), &d.values());
        d.integers.resize(formats.spec.width(), 0);
        core.learn(&d.integers);
        bound.learn(Some(&estimated));

        let mut note = |name, group, core: &[f64], bound: &[_]| all.note(name, group, core, bound, wanted.at(name, t));
        let before: Vec<f64> = values(core.v(), bits).iter().map(|v| v + formats.threshold()).collect();
        note("mem_pre_reset", Group::Membrane, &before, bound.before_reset());
        note("mem_post_reset", Group::Membrane, &values(core.membrane(), bits), bound.after_reset());
        let traces = |rows: std::ops::Range<usize>| -> Vec<f64> {
            values(&rows.map(|row| core.eligibility().trace(row)).collect::<Vec<_>>(), TRACE_BITS)
        };
        note("trace_in", Group::Trace, &traces(0..formats.inputs), &bound.input_traces());
        if let Some(bound) = bound.recurrent_traces() {
            let rows = formats.inputs..formats.inputs + units;
            note("trace_in_rec_used", Group::Trace, &traces(rows), &bound);
        }
        if let Some(bound) = bound.post_trace() {
            note("trace_out", Group::Trace, &values(core.post_trace(), TRACE_BITS), bound);
        }
        let mut below = vec![0; formats.inputs];
        core.signal_below(&d.integers, &mut below);
        note("grad_input", Group::Signal, &values(&below, SIGNAL_BITS), &bound.below(&estimated));
        (0..units).for_each(|i| all.note_spike(bound.spikes()[i], bound.v(i)));
        if core.block_full() || t + 1 == case.steps {
            core.end_block(0, &mut meter);
            bound.end_block();
        }
    }

    let bits = core.eligibility().format().bits;
    let rows = |first, count| values(&gather(core.gradient(), formats.spec.width(), units, first, count), bits);
    let mut note = |name, core: &[f64], bound: &[_]| {
        all.note(name, Group::Gradient, core, bound, wanted.sum(name).as_deref());
    };
    note("grad_weight", &rows(0, formats.inputs), &bound.weight_gradient());
    if let Some(bound) = bound.recurrent_gradient() {
        note("grad_weight_rec", &rows(formats.inputs, units), &bound);
    }
    if formats.spec.bias {
        note("grad_bias", &values(core.bias_gradient(), bits), bound.bias_gradient());
    }
    Ok(all)
}

/// The gradient of the rows `first..first + count` from the core's layout, `[row][width]`, to the files', `[unit][row]`.
pub fn gather(gradient: &[i32], width: usize, units: usize, first: usize, count: usize) -> Vec<i32> {
    let rows = first..first + count;
    (0..units).flat_map(|unit| rows.clone().map(move |row| row * width + unit)).map(|i| gradient[i]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use stllr_core::layer::SpikingSpec;
    use stllr_core::{noise, psi::Psi as CorePsi};

    use super::*;
    use crate::Factors;
    use crate::golden::{LayerKind, Series};
    use crate::layer::Connection;
    use crate::neuron::Reset;
    use crate::parameters::{Parameters, Weights};

    const STEPS: usize = 60;
    const INPUTS: usize = 10;
    const UNITS: usize = 6;

    /// Numbers spread evenly over -range to range.
    fn spread(stream: u32, count: usize, range: f64) -> Vec<f64> {
        let one =
            |index| noise::uniform(noise::Stream::new(1, stream), index, 1 << 20) as f64 / f64::from(1 << 20) * range;
        (0..count as u32).map(one).collect()
    }

    /// A recurrent layer with random weights, inputs and signals; nothing is recorded.
    fn case() -> LayerCase {
        let series = |width, values| Series { width, values };
        let parameters = Parameters::new(Weights::plain(UNITS, spread(1, UNITS * INPUTS, 0.7)));
        LayerCase {
            name: "random".into(),
            kind: LayerKind::Recurrent,
            steps: STEPS,
            connection: Connection::dense(INPUTS, UNITS),
            parameters: parameters
                .with_recurrence(Weights::plain(UNITS, spread(2, UNITS * UNITS, 0.4)))
                .with_bias(spread(3, UNITS, 0.2)),
            leak_raw: 2.0,
            leak: sigmoid(2.0),
            threshold: 0.6,
            threshold_effective: 0.6,
            reset: Reset::Soft,
            psi: Some(Psi::Tri),
            factors: Factors { lambda_post: 0.3, lambda_pre: 0.8, alpha_post: -1.0, alpha_pre: 1.0 },
            input: series(INPUTS, spread(4, STEPS * INPUTS, 1.0).iter().map(|x| f64::from(*x > 0.4)).collect()),
            grad_output: series(UNITS, spread(5, STEPS * UNITS, 1.0)),
            recorded: BTreeMap::new(),
            totals: BTreeMap::new(),
        }
    }

    /// What comes nearest to its bound when the core has another spec than the one its bounds are made for.
    fn nearest_to_bound(alter: impl Fn(&mut SpikingSpec)) -> (&'static str, f64) {
        let case = case();
        let neuron = Neuron { leak: case.leak, threshold: case.threshold, reset: case.reset, psi: Psi::Tri };
        let file = SpikingLayer::new(case.connection, case.parameters.clone(), neuron, case.factors);
        let formats = SpikingFormats::of(&file).expect("it fits");
        let mut spec = formats.spec.clone();
        alter(&mut spec);
        let mut core = Spiking::new(spec, INPUTS, 0, formats::learning(7));
        formats.write(&mut core);
        compare(&case, Basis::Rounded, &file, &formats, core).expect("it fits").nearest_to_bound()
    }

    #[test]
    fn the_core_stays_within_its_bound_and_uses_it() {
        let (quantity, fraction) = nearest_to_bound(|_| ());
        assert!((0.5..=1.0).contains(&fraction), "{quantity} {fraction}");
    }

    #[test]
    fn small_defects_pass_the_bound() {
        type Defect = (&'static str, fn(&mut SpikingSpec));
        let defects: [Defect; 9] = [
            ("leak off by a unit", |spec| spec.leak -= 1),
            ("leak off by two units", |spec| spec.leak += 2),
            ("threshold off by a unit", |spec| spec.threshold += 1),
            ("other reset", |spec| spec.soft_reset = false),
            ("other psi", |spec| spec.psi = CorePsi::TriOut),
            ("decay of the input traces off by 8 units", |spec| spec.factors.lambda_pre += 8),
            ("decay of the trace of psi off by 32 units", |spec| spec.factors.lambda_post += 32),
            ("sign of alpha_post", |spec| spec.factors.alpha_post.mantissa *= -1),
            ("alpha_pre off by a hundredth", |spec| spec.factors.alpha_pre.mantissa += 164),
        ];
        for (defect, alter) in defects {
            let (quantity, fraction) = nearest_to_bound(alter);
            assert!(fraction > 1.0, "{defect}: {quantity} {fraction}");
        }
    }
}
