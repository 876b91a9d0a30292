//! A file of a layer through the core.

use stllr_core::fixed::SIGNAL_BITS;

use super::bound::{Estimate, SpikingBound, between};
use super::comparison::{Comparison, Group};
use super::formats::{SpikingFormats, signals, values};
use super::subject::{Core, Subject};
use super::{Basis, readout};
use crate::golden::LayerCase;
use crate::layer::{SpikingLayer, add};
use crate::neuron::{Neuron, official_threshold};
use crate::psi::{Psi, sigmoid};

/// Lengths of the block: one that ends within every recorded run, so that traces are carried over, and the longest.
const BLOCKS: [usize; 2] = [7, 32];
/// What brings every learning signal of the files so far down that nothing saturates.
const SMALL: f64 = 1.0 / 16.0;
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
    let (file, formats) = formats_of(case, psi)?;
    let replay = |scale| compare(case, basis, &file, &formats, Core::new(&formats, block_steps), scale);
    let mut all = replay(1.0)?;
    // Large signals saturate in the core's products with traces; the bound then says little. Smaller ones do not.
    if case.grad_output.values.iter().any(|d| d.abs() > 1.0) {
        all.merge(replay(SMALL)?);
    }
    Ok(all)
}

/// The file's layer and the same in the core's formats.
fn formats_of(case: &LayerCase, psi: Psi) -> Result<(SpikingLayer, SpikingFormats), String> {
    let (leak, threshold) = (sigmoid(case.leak_raw), official_threshold(case.threshold));
    let neuron = Neuron { leak, threshold, reset: case.reset, psi };
    let file = SpikingLayer::new(case.connection, case.parameters.clone(), neuron, case.factors);
    let formats = SpikingFormats::of(&file)?;
    Ok((file, formats))
}

/// Runs the core and the bounds side by side, with the learning signals times `scale`, a power of two, and what comes from
/// them divided by it.
fn compare(
    case: &LayerCase,
    basis: Basis,
    file: &SpikingLayer,
    formats: &SpikingFormats,
    core: Core,
    scale: f64,
) -> Result<Comparison, String> {
    let rounded = formats.reference();
    let mut core = Subject::new(core, formats.connection.inputs());
    let format = core.eligibility().format();
    let mut bound = SpikingBound::new(basis.choose(file, &rounded), &rounded, &formats.spec, format);

    let wanted = Wanted { case, basis };
    let bits = formats.spec.membrane_bits();
    let mut all = Comparison::default();
    for t in 0..case.steps {
        let input = case.input.at(t);
        let core_spikes = core.forward(input)?;
        bound.forward(&between(input, input), &core_spikes);
        let of_file: Vec<f64> = case.grad_output.at(t).iter().map(|d| d * scale).collect();
        let d = signals(&of_file)?;
        let estimated = between(basis.choose(&of_file, &d.values()), &d.values());
        let below = core.learn(&d.integers);
        bound.learn(Some(&estimated));

        let mut note = |name, group, core: &[f64], bound: &[_]| all.note(name, group, core, bound, wanted.at(name, t));
        let before: Vec<f64> = values(&core.v(), bits).iter().map(|v| v + formats.threshold()).collect();
        note("mem_pre_reset", Group::Membrane, &before, bound.before_reset());
        note("mem_post_reset", Group::Membrane, &values(&core.membrane(), bits), bound.after_reset());
        note("trace_in", Group::Trace, &values(&core.input_traces(), TRACE_BITS), &bound.input_traces());
        if let Some(bound) = bound.recurrent_traces() {
            note("trace_in_rec_used", Group::Trace, &values(&core.recurrent_traces(), TRACE_BITS), &bound);
        }
        if let Some(bound) = bound.post_trace() {
            note("trace_out", Group::Trace, &values(&core.post_trace(), TRACE_BITS), bound);
        }
        let below = unscaled(&values(&below, SIGNAL_BITS), &bound.below(&estimated), scale);
        note("grad_input", Group::Signal, &below.0, &below.1);
        bound.spikes().iter().enumerate().for_each(|(i, &spike)| all.note_spike(spike, bound.v(i)));
        if core.end_block(t + 1 == case.steps) {
            bound.end_block();
        }
    }

    let bits = format.bits;
    let mut note = |name, core: &[i32], bound: &[_]| {
        let (core, bound) = unscaled(&values(core, bits), bound, scale);
        all.note(name, Group::Gradient, &core, &bound, wanted.sum(name).as_deref());
    };
    note("grad_weight", &core.weight_gradient(), &bound.weight_gradient());
    if let Some(bound) = bound.recurrent_gradient() {
        note("grad_weight_rec", &core.recurrent_gradient(), &bound);
    }
    if formats.spec.bias {
        note("grad_bias", core.bias_gradient(), &bound.bias_gradient());
    }
    Ok(all)
}

fn unscaled(core: &[f64], bound: &[Estimate], scale: f64) -> (Vec<f64>, Vec<Estimate>) {
    let by = Estimate::exact(1.0 / scale);
    (core.iter().map(|value| value / scale).collect(), bound.iter().map(|&bound| bound * by).collect())
}

/// The gradient of the rows `first..first + count` from the core's layout, `[row][width]`, to the files', `[unit][row]`.
pub fn gather(gradient: &[i32], width: usize, units: usize, first: usize, count: usize) -> Vec<i32> {
    let rows = first..first + count;
    (0..units).flat_map(|unit| rows.clone().map(move |row| row * width + unit)).map(|i| gradient[i]).collect()
}

#[cfg(test)]
mod tests;
