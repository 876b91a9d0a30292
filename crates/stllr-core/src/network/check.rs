//! Is every value of a layer in its range, and do shapes fit?

use super::spec::{LayerKind, MAX_CLASSES, MAX_ROWS, MAX_UNITS, MAX_WEIGHT_BITS, SpecError, port_of};
use crate::fixed::{BYTE_SHIFT_MAX, Factor, ONE_Q15};
use crate::layer::{ConvSpec, LOIHI_THRESHOLD_MAX, LoihiSpec, ReadoutSpec, SpikingSpec};
use crate::shape::Port;

/// The least exponent of a rate: 2^-24, divided by the square of the largest divisor.
const MIN_EXPONENT: i64 = -48;

/// Where a value stands.
pub(super) struct Field {
    /// A layer, or the network as a whole.
    pub layer: Option<usize>,
}

impl Field {
    /// Is a value from `low` to `high`?
    pub fn within(&self, field: &'static str, given: i64, low: i64, high: i64) -> Result<(), SpecError> {
        if (low..=high).contains(&given) { Ok(()) } else { Err(self.refuse(field, given, low, high)) }
    }

    /// The error that names a value and what is allowed.
    pub fn refuse(&self, field: &'static str, given: i64, low: i64, high: i64) -> SpecError {
        SpecError { layer: self.layer, field, given, allowed: (low, high) }
    }

    fn decay(&self, field: &'static str, given: i32) -> Result<(), SpecError> {
        self.within(field, given as i64, 0, ONE_Q15 as i64)
    }

    /// A factor that is zero or whose exponent is in a range.
    pub fn factor(&self, field: &'static str, given: Factor, low: i64, high: i64) -> Result<(), SpecError> {
        if given.mantissa == 0 {
            return Ok(());
        }
        self.within(field, given.mantissa.unsigned_abs() as i64, 1 << 14, 1 << 15)?;
        self.within(field, given.exponent as i64, low, high)
    }
}

/// Checks a hidden layer, and says what it gives.
pub(super) fn check_layer(kind: &LayerKind, sources: &[Port], at: &Field) -> Result<Port, SpecError> {
    let input = &sources[0];
    let shorter_side = input.shape.height.min(input.shape.width) as i64;
    match kind {
        LayerKind::Spiking(spec) => {
            check_spiking(spec, at)?;
            // Its own spikes are not divided: without a gain for each, the two would want two rates.
            let most = if spec.recurrent && !spec.standardise { 1 } else { 4096 };
            at.within("divisor of a recurrent layer's input", spec.divisor as i64, 1, most)?;
        }
        LayerKind::Conv(spec) => {
            check_spiking(&spec.neurons, at)?;
            check_conv(spec, input, at)?;
        }
        LayerKind::Pool(spec) => {
            at.within("pool's stride", spec.stride as i64, 1, 1024)?;
            at.within("pool's size", spec.size as i64, 1, shorter_side.min(64))?;
            at.within("spikes of an element for a maximum", input.levels as i64, 1, if spec.max { 1 } else { 4096 })?;
        }
        LayerKind::Upsample(spec) => at.within("factor", spec.factor as i64, 1, 64)?,
        LayerKind::Join(spec) => {
            at.within("numbers of repeats", spec.repeats.len() as i64, sources.len() as i64, sources.len() as i64)?;
            for &repeat in &spec.repeats {
                at.within("repeat", repeat as i64, 1, 4096)?;
            }
        }
        LayerKind::Dropout(spec) => at.within("dropout rate", spec.rate as i64, 0, 32_440)?,
    }
    // Only a join's sources can still disagree.
    port_of(kind, sources).ok_or(at.refuse("sources of one shape", 0, 1, 1))
}

fn check_conv(spec: &ConvSpec, input: &Port, at: &Field) -> Result<(), SpecError> {
    let (kernel, shape) = (&spec.kernel, input.shape);
    at.within("recurrent", spec.neurons.recurrent as i64, 0, 0)?;
    at.within("divisor", spec.neurons.divisor as i64, 1, 4096)?;
    at.within("kernel height", kernel.height as i64, 1, 64)?;
    at.within("kernel width", kernel.width as i64, 1, 64)?;
    at.within("stride", kernel.stride as i64, 1, 1024)?;
    at.within("padding", kernel.padding as i64, 0, 1024)?;
    at.within("dilation", kernel.dilation as i64, 1, 1024)?;
    at.within("groups", kernel.groups as i64, 1, shape.channels.min(spec.neurons.units) as i64)?;
    let (of_inputs, of_outputs) = (shape.channels % kernel.groups, spec.neurons.units % kernel.groups);
    at.within("channels left over by groups", (of_inputs + of_outputs) as i64, 0, 0)?;
    let padded = |size: usize| (size + 2 * kernel.padding) as i64;
    let reach = |size: usize| (kernel.dilation * (size - 1) + 1) as i64;
    at.within("kernel's reach", reach(kernel.height), 1, padded(shape.height))?;
    at.within("kernel's reach", reach(kernel.width), 1, padded(shape.width))?;
    at.within("input rows", shape.height as i64, 1, u16::MAX as i64)?;
    at.within("input columns", shape.width as i64, 1, u16::MAX as i64)?;
    at.within("rows of weights that a neuron sees", spec.most_rows(input) as i64, 1, MAX_ROWS as i64)
}

fn check_spiking(layer: &SpikingSpec, at: &Field) -> Result<(), SpecError> {
    at.within("units", layer.units as i64, 1, MAX_UNITS as i64)?;
    at.within("weight bits", layer.weight_bits as i64, 8, MAX_WEIGHT_BITS as i64)?;
    let finer = layer.weight_bits - layer.held_bits();
    at.within("shift of weights of 8 bits", finer as i64, 0, BYTE_SHIFT_MAX as i64)?;
    match &layer.loihi {
        Some(loihi) => check_loihi(loihi, layer, at)?,
        None => {
            at.decay("leak", layer.leak)?;
            at.within("threshold", layer.threshold as i64, 1 << 15, 1 << 22)?;
        }
    }
    at.decay("lambda_pre", layer.factors.lambda_pre)?;
    at.decay("lambda_post", layer.factors.lambda_post)?;
    at.factor("alpha_pre", layer.factors.alpha_pre, -15, 5)?;
    at.factor("alpha_post", layer.factors.alpha_post, -15, 5)?;
    at.factor("rate", layer.rate, MIN_EXPONENT, 5)?;
    at.within("rate", layer.rate.mantissa as i64, 0, 1 << 15)?;
    at.within("deviation", layer.deviation, 0, 32 << 24)?;
    at.within("recurrent deviation", layer.recurrent_deviation, 0, 32 << 24)
}

fn check_loihi(loihi: &LoihiSpec, layer: &SpikingSpec, at: &Field) -> Result<(), SpecError> {
    at.within("leak, threshold or soft reset of Loihi's neurons", own_values(layer), 0, 0)?;
    at.within("current decay", loihi.current_decay as i64, 0, 1 << 12)?;
    at.within("voltage decay", loihi.voltage_decay as i64, 0, 1 << 12)?;
    at.within("Loihi's threshold", loihi.threshold as i64, 1, LOIHI_THRESHOLD_MAX as i64)?;
    at.within("fraction bits of voltages", loihi.bits as i64, layer.weight_bits as i64, layer.membrane_bits() as i64)
}

/// Not zero where any value is that Loihi's neurons have not.
fn own_values(layer: &SpikingSpec) -> i64 {
    (layer.leak | layer.threshold | layer.soft_reset as i32) as i64
}

/// Checks the readout and what it sees.
pub(super) fn check_readout(readout: &ReadoutSpec, input: &Port, at: &Field) -> Result<(), SpecError> {
    if let Some(side) = readout.kernel {
        at.within("values", readout.classes as i64, 1, 64)?;
        at.within("kernel", side as i64, 1, 15)?;
        at.within("kernel's remainder by 2", side as i64 % 2, 1, 1)?;
        at.within("pixels", readout.membranes(input) as i64, 1, MAX_UNITS as i64)?;
    } else {
        at.within("classes", readout.classes as i64, 2, MAX_CLASSES as i64)?;
    }
    at.decay("leak", readout.leak)?;
    at.decay("trace decay", readout.trace_decay)?;
    at.factor("rate", readout.rate, MIN_EXPONENT, 5)?;
    at.within("rate", readout.rate.mantissa as i64, 0, 1 << 15)?;
    at.within("divisor", readout.divisor as i64, 1, 4096)?;
    at.within("deviation", readout.deviation, 0, 8 << 24)
}
