//! The rule as its equations say it, step by step: traces of all inputs, and at each learning step a product for every
//! weight. No blocks and no reverse sweep; 40 fraction bits, so that roundings are far below any that matters here.

use stllr_core::eligibility::Format;
use stllr_core::fixed::{Factor, ONE_Q15, SIGNAL_BITS, Scale};

/// Fraction bits of everything here.
pub const FINE: u32 = 40;
pub const ONE: i128 = 1 << FINE;
/// Where the trace of surrogates saturates: see `stllr_core::layer`.
const POST_TRACE_MAX: i128 = 64 << FINE;

/// What the update depends on besides the state.
#[derive(Clone, Copy)]
pub struct Rule {
    pub lambda_pre: i32,
    pub lambda_post: i32,
    /// rate alpha_pre, and rate alpha_post.
    pub pre: Factor,
    pub post: Factor,
    /// Contributions are counted in units of its bits, and clipped at its limit.
    pub format: Format,
}

/// `value` times a number in `Q 15`.
pub fn times(value: i128, q15: i32) -> i128 {
    (value * q15 as i128) / ONE_Q15 as i128
}

impl Rule {
    /// d (`Q 26`) times a factor, in units.
    pub fn scaled(&self, d: i32, factor: Factor) -> i128 {
        let product = d as i128 * factor.mantissa as i128;
        shifted(product, factor.exponent - 15 + self.format.bits as i32 - SIGNAL_BITS as i32 + FINE as i32)
    }

    /// How the core scales a signal by a factor: where its limits are.
    pub fn scale(&self, factor: Factor) -> Scale {
        self.format.scale(factor, SIGNAL_BITS)
    }

    /// The same times a surrogate, clipped.
    fn causal(&self, d: i32, psi: i128) -> i128 {
        clipped((self.scaled(d, self.pre) * psi) >> FINE, self.scale(self.pre))
    }

    /// The same times the trace of surrogates, clipped before and after.
    fn noncausal(&self, d: i32, trace: i128) -> i128 {
        let limit = (self.format.limit as i128) << FINE;
        let scaled = clipped(self.scaled(d, self.post), self.scale(self.post));
        ((scaled * trace) >> FINE).clamp(-limit, limit)
    }
}

/// Held to the largest number that the scale gives.
fn clipped(value: i128, scale: Scale) -> i128 {
    let limit = (((scale.limit >> scale.left) << scale.left) as i128) << FINE;
    value.clamp(-limit, limit)
}

fn shifted(value: i128, by: i32) -> i128 {
    if by >= 0 { value << by } else { value >> -by }
}

/// What a step adds for each neuron: `p` times the trace of each input, `q` to each input that spikes.
pub struct Contributions {
    pub p: Vec<i128>,
    pub q: Vec<i128>,
}

pub struct Dense {
    pub rule: Rule,
    pub units: usize,
    pub pre_trace: Vec<i128>,
    pub post_trace: Vec<i128>,
    /// A row of `units` an input, in units.
    pub gradient: Vec<i128>,
}

impl Dense {
    pub fn new(rule: Rule, rows: usize, units: usize) -> Self {
        Self { rule, units, pre_trace: vec![0; rows], post_trace: vec![0; units], gradient: vec![0; rows * units] }
    }

    /// One time step; `rows` are the inputs that spike, `psi` is in `Q 15`, and without `d` the step does not learn.
    pub fn step(&mut self, rows: &[u32], psi: &[i32], d: Option<&[i32]>) -> Contributions {
        for trace in &mut self.pre_trace {
            *trace = times(*trace, self.rule.lambda_pre);
        }
        for &row in rows {
            self.pre_trace[row as usize] += ONE;
        }
        let psi: Vec<i128> = psi.iter().map(|&psi| (psi as i128) << (FINE - 15)).collect();
        let rule = self.rule;
        let of = |values: &[i128], contribution: &dyn Fn(i32, i128) -> i128| match d {
            None => vec![0; values.len()],
            Some(d) => values.iter().zip(d).map(|(&value, &d)| contribution(d, value)).collect::<Vec<_>>(),
        };
        let p = of(&psi, &|d, psi| rule.causal(d, psi));
        let q = of(&self.post_trace, &|d, trace| rule.noncausal(d, trace));
        for (row, gradient) in self.gradient.chunks_exact_mut(self.units).enumerate() {
            let spikes = rows.contains(&(row as u32));
            for (i, sum) in gradient.iter_mut().enumerate() {
                *sum += (p[i] * self.pre_trace[row]) >> FINE;
                *sum += if spikes { q[i] } else { 0 };
            }
        }
        for (trace, psi) in self.post_trace.iter_mut().zip(psi) {
            *trace = (times(*trace, rule.lambda_post) + psi).min(POST_TRACE_MAX);
        }
        Contributions { p, q }
    }
}
