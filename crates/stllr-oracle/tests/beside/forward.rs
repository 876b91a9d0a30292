//! A step forward: spikes and membranes.

use stllr_core::fixed::READOUT_MEMBRANE_BITS;
use stllr_core::network::{Layer, Network};
use stllr_oracle::golden::core::bound::Estimate;

use crate::compare::{Beside, ORDER};
use crate::plan::real;

impl Beside {
    /// Spikes and membranes; whether all neurons were far enough from their thresholds.
    pub fn forward(&mut self, input: &[u32]) -> Result<bool, String> {
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
                if let Some(local) = &mut self.locals[layer] {
                    local.forward(&counts);
                }
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
        let core = self.plan.membrane_places().iter().map(|&place| real(core[place], READOUT_MEMBRANE_BITS)).collect();
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
            let all = |values: &[i32]| places.iter().map(|&place| real(values[place], bits)).collect();
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
}

/// The spikes of a node at the last step; 0 is the input.
fn spikes<'a>(network: &'a Network, node: usize, input: &'a [u32]) -> &'a [u32] {
    node.checked_sub(1).map_or(input, |layer| network.layers()[layer].spikes())
}
