//! The gradients of a network so far, as of the last block's end.

use stllr_core::layer::Conv;
use stllr_core::network::Layer;
use stllr_oracle::golden::core::factor_value;

use crate::compare::{Beside, value};

impl Beside<'_> {
    /// Compares all of them.
    pub fn gradients(&mut self) -> Result<(), String> {
        for i in 0..self.network.layers().len() {
            let (Some(bound), Some(sum)) = (&self.bounds[i], &self.sums[i + 1]) else { continue };
            let input = self.plan.input(i);
            let ((weight, recurrent, bias), bits, rate) = match &self.network.layers()[i] {
                Layer::Spiking(layer) => {
                    let (inputs, units, width) = (input.elements(), layer.spec().units, layer.spec().width());
                    let mut rows = vec![0; inputs.len()];
                    inputs.iter().enumerate().for_each(|(row, &n)| rows[n] = row);
                    let of = |rows: &[usize]| -> Vec<i32> {
                        let of_unit = |unit| rows.iter().map(move |row| layer.gradient()[row * width + unit]);
                        (0..units).flat_map(of_unit).collect()
                    };
                    let own: Vec<usize> = (inputs.len()..inputs.len() + units).collect();
                    let recurrent = if layer.spec().recurrent { of(&own) } else { vec![] };
                    let all = (of(&rows), recurrent, layer.bias_gradient().to_vec());
                    (all, layer.eligibility().format().bits, layer.spec().rate)
                }
                Layer::Conv(layer) => {
                    let all = (conv_gradient(layer), vec![], layer.bias_gradient().to_vec());
                    (all, layer.eligibility().format().bits, layer.spec().neurons.rate)
                }
                Layer::Relay(_) => continue,
            };
            let all = |integers: &[i32]| integers.iter().map(|&g| value(g, bits)).collect::<Vec<_>>();
            let (node, rate) = (format!("node {}", i + 1), factor_value(rate));
            let scale = rate / input.worth(self.dropping);
            self.tally.note("gradient", &node, all(&weight), &bound.weight_gradient(), &sum.weight, scale)?;
            if let (Some(bound), Some(sum)) = (bound.recurrent_gradient(), &sum.weight_rec) {
                self.tally.note("gradient of recurrent weights", &node, all(&recurrent), &bound, sum, rate)?;
            }
            if self.graph.layer(i + 1).is_some_and(|layer| layer.parameters().bias.is_some()) {
                let rate = rate * (input.unit * input.unit) as f64;
                self.tally.note("gradient of biases", &node, all(&bias), &bound.bias_gradient(), &sum.bias, rate)?;
            }
        }
        self.readout_gradients()
    }

    fn readout_gradients(&mut self) -> Result<(), String> {
        let layers = self.network.layers().len();
        let Some(sum) = &self.sums[layers + 1] else { return Ok(()) };
        let (readout, input) = (self.network.readout(), self.plan.input(layers));
        let bits = readout.eligibility().format().bits;
        let all = |integers: Vec<i32>| integers.into_iter().map(|g| value(g, bits)).collect::<Vec<_>>();
        let rate = factor_value(readout.spec().rate);
        let core = all(self.plan.readout_places().iter().map(|&place| readout.gradient()[place]).collect());
        let (bound, scale) = (self.readout.weight_gradient(), rate / input.worth(self.dropping));
        self.tally.note("gradient of the readout", "readout", core, &bound, &sum.weight, scale)?;
        if self.plan.spec.readout.bias {
            let (core, bound) = (all(readout.bias_gradient().to_vec()), self.readout.bias_gradient());
            let scale = rate * (input.unit * input.unit) as f64;
            self.tally.note("gradient of the readout's biases", "readout", core, &bound, &sum.bias, scale)?;
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
