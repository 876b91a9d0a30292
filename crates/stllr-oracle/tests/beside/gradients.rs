//! The gradients of a network so far, as of the last block's end.

use stllr_core::layer::Conv;
use stllr_core::network::Layer;
use stllr_oracle::golden::core::factor_value;

use crate::compare::Beside;
use crate::plan::real;
use crate::tally::agree;
use crate::update::neurons;

/// What the reference's gradients are multiplied by to be the core's: those by weights, recurrent weights and biases. Plain
/// descent has the rate in them, biases at their own.
struct Scales {
    weight: f64,
    recurrent: f64,
    bias: f64,
}

impl Beside {
    fn scales(&self, layer: usize) -> Scales {
        let (spec, input) = (&self.plan.spec, self.plan.input(layer));
        let (rate, held) = match spec.layers.get(layer) {
            Some(layer) => {
                let spec = neurons(&layer.kind).expect("a layer of neurons");
                (spec.rate, spec.held_divisor())
            }
            None => (spec.readout.rate, spec.readout.divisor),
        };
        let rate = factor_value(spec.learning.folded(rate));
        let held = if spec.learning.optimizer.folds_rate() { (held * held) as f64 } else { 1.0 };
        Scales { weight: rate / input.worth(self.dropping), recurrent: rate, bias: rate * held }
    }

    /// Compares all of them.
    pub fn gradients(&mut self) -> Result<(), String> {
        for i in 0..self.network.layers().len() {
            let (Some(bound), Some(sum)) = (&self.bounds[i], &self.sums[i + 1]) else { continue };
            let (weight, recurrent, bias) = match &self.network.layers()[i] {
                Layer::Spiking(layer) => {
                    let elements = self.plan.input(i).elements();
                    let (inputs, units, width) = (elements.len(), layer.spec().units, layer.spec().width());
                    let mut rows = vec![0; inputs];
                    elements.iter().enumerate().for_each(|(row, &n)| rows[n] = row);
                    let of = |rows: &[usize]| -> Vec<i32> {
                        let of_unit = |unit| rows.iter().map(move |row| layer.gradient()[row * width + unit]);
                        (0..units).flat_map(of_unit).collect()
                    };
                    let own: Vec<usize> = (inputs..inputs + units).collect();
                    let recurrent = if layer.spec().recurrent { of(&own) } else { vec![] };
                    (of(&rows), recurrent, layer.bias_gradient().to_vec())
                }
                Layer::Conv(layer) => (conv_gradient(layer), vec![], layer.bias_gradient().to_vec()),
                Layer::Relay(_) => continue,
            };
            let all = |integers: &[i32]| integers.iter().map(|&g| real(g, self.bits[i])).collect::<Vec<_>>();
            let (node, scales) = (format!("node {}", i + 1), self.scales(i));
            self.tally.note("gradient", &node, all(&weight), &bound.weight_gradient(), &sum.weight, scales.weight)?;
            if let (Some(bound), Some(sum)) = (bound.recurrent_gradient(), &sum.weight_rec) {
                let quantity = "gradient of recurrent weights";
                self.tally.note(quantity, &node, all(&recurrent), &bound, sum, scales.recurrent)?;
            }
            if self.graph.layer(i + 1).is_some_and(|layer| layer.parameters().bias.is_some()) {
                self.tally.note(
                    "gradient of biases",
                    &node,
                    all(&bias),
                    &bound.bias_gradient(),
                    &sum.bias,
                    scales.bias,
                )?;
            }
        }
        self.readout_gradients()
    }

    fn readout_gradients(&mut self) -> Result<(), String> {
        let layers = self.network.layers().len();
        let Some(sum) = &self.sums[layers + 1] else { return Ok(()) };
        let (readout, scales) = (self.network.readout(), self.scales(layers));
        let all = |integers: Vec<i32>| integers.into_iter().map(|g| real(g, self.bits[layers])).collect::<Vec<_>>();
        let core = all(self.plan.readout_places().iter().map(|&place| readout.gradient()[place]).collect());
        let bound = self.readout.weight_gradient();
        self.tally.note("gradient of the readout", "readout", core, &bound, &sum.weight, scales.weight)?;
        if self.plan.spec.readout.bias {
            let (core, bound) = (all(readout.bias_gradient().to_vec()), self.readout.bias_gradient());
            self.tally.note("gradient of the readout's biases", "readout", core, &bound, &sum.bias, scales.bias)?;
        }
        Ok(())
    }

    /// The bounds' gradients are around the reference's, also where the core's are not to be seen.
    pub fn agree(&self) -> Result<(), String> {
        let layers = self.network.layers().len();
        for i in 0..=layers {
            let Some(sum) = &self.sums[i + 1] else { continue };
            let (weight, recurrent, bias) = match self.bounds.get(i) {
                Some(Some(bound)) => (bound.weight_gradient(), bound.recurrent_gradient(), bound.bias_gradient()),
                Some(None) => continue,
                None => (self.readout.weight_gradient(), None, self.readout.bias_gradient()),
            };
            let (node, scales) = (format!("node {}", i + 1), self.scales(i));
            agree("gradient", &node, &weight, &sum.weight, scales.weight)?;
            agree("gradient of biases", &node, &bias, &sum.bias, scales.bias)?;
            if let (Some(bound), Some(sum)) = (recurrent, &sum.weight_rec) {
                agree("gradient of recurrent weights", &node, &bound, sum, scales.recurrent)?;
            }
        }
        Ok(())
    }
}

/// A convolution's gradient as the reference's weights lie.
fn conv_gradient(layer: &Conv) -> Vec<i32> {
    let (kernel, geometry) = (layer.spec().kernel, layer.geometry());
    let (inputs, taps) = (geometry.group_inputs(), kernel.taps());
    let at = |i: usize| {
        let (channels, tap) = (i / taps, i % taps);
        layer.gradient(channels / inputs, channels % inputs, tap / kernel.width, tap % kernel.width)
    };
    (0..geometry.output.channels * inputs * taps).map(at).collect()
}
