//! How far the blocked reverse sweep may be from the dense update, from the formats alone. Everything is in units of a
//! contribution (2^-bits), with the fraction bits of the dense update; u stands for 2^-15, a unit of a trace.
//!
//! - A factor is m 2^s with a mantissa m in `Q 15` and a shift s, to nearest where it goes right: h = 1/2 there, else 0.
//! - p = (d (psi m)) 2^s: psi m is off by u/2, the product with d (in units of 2^-26) by 1/2 more:
//!   e_p = (|d| u/2 + 1/2) 2^s + h. Clipping brings two numbers no further apart.
//! - q = ((d m) 2^s) T, with the trace T of surrogates, which is rounded down each step: e_T' = lambda_post e_T + u,
//!   e_d = 2^s / 2 + h, e_q = e_d (T + e_T) + |d m 2^s| e_T + 1/2.
//! - R[t] = p[t] + lambda R[t+1], the product to nearest: e_R[t] = e_p[t] + lambda e_R[t+1] + 1/2.
//! - A spike at t adds R[t] + q[t]: off by e_R[t] + e_q[t].
//! - decay^k is rounded each time: e_k = lambda e_(k-1) + u/2. A trace x at the end of a block of n steps is
//!   floor(x0 decay^n) and decay^k for each spike k steps before: e_x' = lambda^n e_x + x0 e_n + u + sum of e_k.
//! - The carried trace adds c f with c = 2^span lambda R[0] and f = x0 / 2^span in `Q 15` to nearest:
//!   e_c = 2^span (lambda e_R[0] + 1/2), e_f = e_x / 2^span + u/2, so it is off by e_c (f + e_f) + |c| e_f + 1/2.

use super::dense::{Contributions, Dense, FINE, ONE, times};
use stllr_core::fixed::Factor;

const HALF: i128 = ONE / 2;
const TRACE_UNIT: i128 = ONE >> 15;

/// One step of the block.
struct Step {
    rows: Vec<u32>,
    p: Vec<i128>,
    q: Vec<i128>,
    e_p: Vec<i128>,
    e_q: Vec<i128>,
}

/// What is known of a block at its end, for each neuron and row.
pub struct Block {
    /// The largest magnitude among R[t] + q[t] and c.
    pub peak: i128,
    /// How far each row's sum may be off, a row of `units` an input.
    pub off: Vec<i128>,
    /// Spikes of each row in the block, and its trace when the block began, as a fraction of 2^span.
    pub spikes: Vec<i128>,
    pub fraction: Vec<i128>,
}

pub struct Bound {
    units: usize,
    lambda: i32,
    span: u32,
    /// e_k of decay^k.
    e_power: Vec<i128>,
    /// Traces when the block began, and e_x.
    trace: Vec<i128>,
    e_trace: Vec<i128>,
    e_post: i128,
    steps: Vec<Step>,
}

impl Bound {
    pub fn new(dense: &Dense, span: u32) -> Self {
        let mut e_power = vec![0];
        for k in 1..=32 {
            e_power.push(times(e_power[k - 1], dense.rule.lambda_pre) + TRACE_UNIT / 2);
        }
        let (units, lambda, rows) = (dense.units, dense.rule.lambda_pre, dense.pre_trace.len());
        Self {
            units,
            lambda,
            span,
            e_power,
            trace: vec![0; rows],
            e_trace: vec![0; rows],
            e_post: 0,
            steps: Vec::new(),
        }
    }

    /// e_p and e_q of a step that the dense update has not made yet.
    pub fn before(&self, dense: &Dense, d: Option<&[i32]>) -> [Vec<i128>; 2] {
        let Some(d) = d else { return [vec![0; self.units], vec![0; self.units]] };
        let rule = &dense.rule;
        // A value times 2^s, and h.
        let moved = |value: i128, factor: Factor| {
            let scale = rule.scale(factor);
            ((value << scale.left) >> scale.right) + if scale.right > 0 { HALF } else { 0 }
        };
        let p = |i: usize| moved(d[i].unsigned_abs() as i128 * (TRACE_UNIT / 2) + HALF, rule.pre);
        let q = |i: usize| {
            let (e_d, scaled) = (moved(HALF, rule.post), rule.scaled(d[i], rule.post).abs());
            ((e_d * (dense.post_trace[i] + self.e_post) + scaled * self.e_post) >> FINE) + HALF
        };
        [(0..self.units).map(p).collect(), (0..self.units).map(q).collect()]
    }

    /// Notes what the dense update made of it.
    pub fn after(&mut self, dense: &Dense, rows: &[u32], made: Contributions, [e_p, e_q]: [Vec<i128>; 2]) {
        self.e_post = times(self.e_post, dense.rule.lambda_post) + TRACE_UNIT;
        self.steps.push(Step { rows: rows.to_vec(), p: made.p, q: made.q, e_p, e_q });
    }

    /// Ends the block.
    pub fn end_block(&mut self, dense: &Dense) -> Block {
        let rows = self.trace.len();
        let mut block =
            Block { peak: 0, off: vec![0; rows * self.units], spikes: vec![0; rows], fraction: vec![0; rows] };
        let (mut r, mut e_r) = (vec![0i128; self.units], vec![0i128; self.units]);
        for step in self.steps.iter().rev() {
            for i in 0..self.units {
                r[i] = step.p[i] + times(r[i], self.lambda);
                e_r[i] = step.e_p[i] + times(e_r[i], self.lambda) + HALF;
                block.peak = block.peak.max((r[i] + step.q[i]).abs() + e_r[i] + step.e_q[i]);
            }
            for &row in &step.rows {
                let row = row as usize;
                block.spikes[row] += 1;
                let off = &mut block.off[row * self.units..(row + 1) * self.units];
                for ((off, e_r), e_q) in off.iter_mut().zip(&e_r).zip(&step.e_q) {
                    *off += e_r + e_q;
                }
            }
        }
        for row in 0..rows {
            let fraction = self.trace[row] >> self.span;
            block.fraction[row] = fraction;
            let e_f = (self.e_trace[row] >> self.span) + TRACE_UNIT / 2;
            for i in 0..self.units {
                let c = times(r[i], self.lambda) << self.span;
                let e_c = (times(e_r[i], self.lambda) + HALF) << self.span;
                block.peak = block.peak.max(c.abs() + e_c);
                if fraction != 0 {
                    block.off[row * self.units + i] += ((e_c * (fraction + e_f) + c.abs() * e_f) >> FINE) + HALF;
                }
            }
        }
        self.carry_traces(dense);
        block
    }

    fn carry_traces(&mut self, dense: &Dense) {
        let n = self.steps.len();
        for row in 0..self.trace.len() {
            let mut e = self.e_trace[row];
            for _ in 0..n {
                e = times(e, self.lambda);
            }
            e += (((self.trace[row] + self.e_trace[row]) * self.e_power[n]) >> FINE) + TRACE_UNIT;
            for (t, step) in self.steps.iter().enumerate() {
                if step.rows.contains(&(row as u32)) {
                    e += self.e_power[n - 1 - t];
                }
            }
            self.e_trace[row] = e;
        }
        self.trace.copy_from_slice(&dense.pre_trace);
        self.steps.clear();
    }
}
