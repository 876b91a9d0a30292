//! A file of a readout through the core.

use stllr_core::fixed::{READOUT_MEMBRANE_BITS, SIGNAL_BITS};
use stllr_core::layer::Readout as CoreReadout;
use stllr_core::loss::Shape;
use stllr_core::meter::Meter;
use stllr_core::signal::{Feedback, Narrow};

use super::Basis;
use super::bound::{Estimate, ReadoutBound, between, feedback};
use super::comparison::{Comparison, Group};
use super::formats::{self, ReadoutFormats, signals, spiking_rows, values};
use super::layer::{TRACE_BITS, Wanted, gather};
use crate::golden::LayerCase;
use crate::layer::Readout;
use crate::psi::sigmoid;

/// Replays the case with blocks of so many steps.
pub fn replay(case: &LayerCase, basis: Basis, block_steps: usize) -> Result<Comparison, String> {
    let (parameters, leak) = (&case.parameters, sigmoid(case.leak_raw));
    let file = Readout::new(parameters.weight.clone(), parameters.bias.clone(), leak, case.factors.lambda_pre);
    let formats = ReadoutFormats::of(&file)?;
    let rounded = formats.reference();
    let mut core = CoreReadout::new(formats.spec.clone(), formats.inputs, 0, formats::learning(block_steps));
    formats.write(&mut core);
    let mut bound =
        ReadoutBound::new(basis.choose(&file, &rounded), &rounded, &formats.spec, core.eligibility().format());
    let down = Down::new(case, basis)?;

    let wanted = Wanted { case, basis };
    let mut all = Comparison::default();
    let mut meter = Meter::default();
    for t in 0..case.steps {
        let input = case.input.at(t);
        core.forward(&spiking_rows(input)?, true, &mut meter);
        bound.forward(&between(input, input));
        let error = signals(case.grad_output.at(t))?;
        core.learn(&error.integers, 0);
        bound.learn(Some(&between(basis.choose(case.grad_output.at(t), &error.values()), &error.values())));

        let mut note = |name, group, core: &[f64], bound: &[_]| all.note(name, group, core, bound, wanted.at(name, t));
        let membrane = values(core.membrane(), READOUT_MEMBRANE_BITS);
        note("mem_pre_reset", Group::Membrane, &membrane, bound.membrane());
        let traces: Vec<i32> = (0..formats.inputs).map(|row| core.eligibility().trace(row)).collect();
        note("trace_in", Group::Trace, &values(&traces, TRACE_BITS), &bound.input_traces());
        let (signal, signal_bound) = down.signal(case.grad_output.at(t), basis)?;
        note("grad_input", Group::Signal, &signal, &signal_bound);
        if core.eligibility().full() || t + 1 == case.steps {
            core.end_block(0, &mut meter);
            bound.end_block();
        }
    }

    let bits = core.eligibility().format().bits;
    let gradient = gather(core.gradient(), formats.spec.width(), formats.spec.classes, 0, formats.inputs);
    let mut note = |name, core: &[f64], bound: &[_]| {
        all.note(name, Group::Gradient, core, bound, wanted.sum(name).as_deref());
    };
    note("grad_weight", &values(&gradient, bits), &bound.weight_gradient());
    if formats.spec.bias {
        note("grad_bias", &values(core.bias_gradient(), bits), &bound.bias_gradient());
    }
    Ok(all)
}

/// The way down: the core sends errors through a feedback matrix that follows the readout's weights. It takes errors whose
/// magnitudes sum to 2, as a softmax's do; a file's are brought there by a power of two, which is exact.
struct Down {
    feedback: Feedback,
    weights: Vec<Estimate>,
    scale: f64,
    inputs: usize,
}

/// The largest sum of an error's magnitudes.
const ERROR_SUM_MAX: f64 = 2.0;

impl Down {
    fn new(case: &LayerCase, basis: Basis) -> Result<Self, String> {
        let classes = case.grad_output.width;
        let inputs = case.parameters.weight.raw.len() / classes;
        let (feedback, rounded) = formats::feedback(&case.parameters.weight.raw, classes, inputs.next_multiple_of(8))?;
        let sum = case.grad_output.steps().map(|step| step.iter().map(|e| e.abs()).sum()).fold(0.0, f64::max);
        let scale =
            (0..).map(|k| 2f64.powi(-k)).find(|scale| sum * scale <= ERROR_SUM_MAX).ok_or("an infinite error")?;
        let weights = between(basis.choose(&case.parameters.weight.raw, &rounded), &rounded);
        Ok(Self { feedback, weights, scale, inputs })
    }

    fn signal(&self, error: &[f64], basis: Basis) -> Result<(Vec<f64>, Vec<Estimate>), String> {
        let scaled: Vec<f64> = error.iter().map(|e| e * self.scale).collect();
        let fixed = signals(&scaled)?;
        let mut narrow = Narrow::new(Shape::dense(error.len()));
        narrow.error(&fixed.integers, 12, self.feedback.sum_max());
        let mut d = vec![0; self.inputs.next_multiple_of(8)];
        self.feedback.signal(&narrow, &mut d);
        d.truncate(self.inputs);
        let core = values(&d, SIGNAL_BITS).iter().map(|d| d / self.scale).collect();
        let bound = feedback(&self.weights, &between(basis.choose(&scaled, &fixed.values()), &fixed.values()));
        Ok((core, bound.into_iter().map(|d| d * Estimate::exact(1.0 / self.scale)).collect()))
    }
}
