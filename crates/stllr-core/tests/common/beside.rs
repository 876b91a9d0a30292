//! A layer and the plain dense update, driven side by side.

use super::bound::{Block, Bound};
use super::dense::{Dense, Rule};
use stllr_core::layer::{Learning, Spiking, SpikingSpec};
use stllr_core::meter::Meter;
use stllr_core::psi::{Psi, Surrogate};

pub struct Beside {
    pub layer: Spiking,
    pub dense: Dense,
    pub inputs: usize,
    pub width: usize,
    bound: Bound,
    surrogate: Surrogate,
    meter: Meter,
    pub updates: u64,
    pub spikes: usize,
}

impl Beside {
    pub fn new(spec: SpikingSpec, inputs: usize, learning: Learning) -> Self {
        let layer = Spiking::new(spec.clone(), inputs, 0, learning);
        let format = layer.eligibility().format();
        let factors = spec.factors;
        let rule = Rule {
            lambda_pre: factors.lambda_pre,
            lambda_post: factors.lambda_post,
            pre: spec.rate.times(factors.alpha_pre),
            post: spec.rate.times(factors.alpha_post),
            format,
        };
        let rows = inputs + if spec.recurrent { spec.units } else { 0 };
        let dense = Dense::new(rule, rows, spec.units);
        let bound = Bound::new(&dense, format.span_bits);
        let surrogate = Surrogate::new(spec.psi, spec.membrane_bits());
        Self {
            layer,
            dense,
            inputs,
            width: spec.width(),
            bound,
            surrogate,
            meter: Meter::default(),
            updates: 0,
            spikes: 0,
        }
    }

    /// One step of both; without `d` it does not learn.
    pub fn step(&mut self, input: &[u32], d: Option<&[i32]>) {
        let mut rows = input.to_vec();
        if self.layer.spec().recurrent {
            rows.extend(self.layer.spikes().iter().map(|&spike| self.inputs as u32 + spike));
        }
        self.layer.forward(input, true, &mut self.meter);
        self.spikes += self.layer.spikes().len();
        let mut psi = vec![0; self.dense.units];
        if self.layer.spec().psi == Psi::TriOut {
            self.layer.spikes().iter().for_each(|&spike| psi[spike as usize] = 1 << 15);
        } else {
            self.surrogate.apply(self.layer.v(), &mut psi);
        }
        match d {
            Some(d) => self.layer.learn(d),
            None => self.layer.rest(),
        }
        let off = self.bound.before(&self.dense, d);
        let made = self.dense.step(&rows, &psi, d);
        self.bound.after(&self.dense, &rows, made, off);
    }

    /// Ends the layer's block; tells what the bound knows of it.
    pub fn end_block(&mut self) -> Block {
        self.layer.end_block(self.updates, &mut self.meter);
        self.updates += 1;
        self.bound.end_block(&self.dense)
    }

    /// Rows of weights.
    pub fn rows(&self) -> usize {
        self.dense.pre_trace.len()
    }
}
