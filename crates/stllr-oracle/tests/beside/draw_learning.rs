//! Random ways of learning: losses, signals, optimisers and rates.

use stllr_core::fixed::Factor;
use stllr_core::layer::{Learning, Mode};
use stllr_core::loss::{ContrastSpec, Loss};
use stllr_core::noise::Rounding;
use stllr_core::optimizer::{ONE_BETA, Optimizer};
use stllr_core::shape::Shape;
use stllr_core::signal::Signal;
use stllr_oracle::golden::core::factor;

use crate::draw::Draw;

pub fn any_learning(draw: &mut Draw, seed: u64) -> Learning {
    Learning {
        mode: if draw.chance(50) { Mode::Block } else { Mode::Sequence },
        block_steps: draw.size(1, 5),
        rounding: if draw.chance(70) { Rounding::Nearest } else { Rounding::Dithered },
        seed,
        optimizer: any_optimizer(draw),
        decay: if draw.chance(30) { factor(2f64.powi(-draw.pick(2, 6) as i32) * 0.9) } else { Factor::ZERO },
    }
}

fn any_optimizer(draw: &mut Draw) -> Optimizer {
    let mut beta = |low: f64, high: f64| {
        let one = f64::from(ONE_BETA);
        draw.pick((low * one) as i64, (high * one) as i64) as u32
    };
    let all = [
        Optimizer::Momentum { momentum: beta(0.3, 0.95), nesterov: false },
        Optimizer::Momentum { momentum: beta(0.3, 0.95), nesterov: true },
        Optimizer::Adam { beta1: beta(0.3, 0.95), beta2: beta(0.8, 0.9995) },
        Optimizer::ADAM,
        Optimizer::RmsProp { alpha: beta(0.5, 0.995) },
        Optimizer::RPROP,
    ];
    if draw.chance(40) { Optimizer::Sgd } else { draw.one_of(&all) }
}

/// A rate for weights that are divided. Updates should come to many units of the weights: where they are of few steps, or
/// plain, rates are large.
pub fn any_rate(draw: &mut Draw, learning: &Learning, divisor: usize) -> Factor {
    let exponent = match learning.optimizer {
        Optimizer::Sgd | Optimizer::Momentum { .. } if learning.mode == Mode::Block => draw.pick(-1, 2),
        Optimizer::Sgd | Optimizer::Momentum { .. } => draw.pick(0, 5),
        _ => draw.pick(3, 7),
    };
    rate(draw, learning, exponent, divisor)
}

/// The same for a readout, whose weights are fine, and which soon learns too much.
pub fn any_readout_rate(draw: &mut Draw, learning: &Learning, divisor: usize) -> Factor {
    let exponent = draw.pick(4, 9);
    rate(draw, learning, exponent, divisor)
}

fn rate(draw: &mut Draw, learning: &Learning, exponent: i64, divisor: usize) -> Factor {
    let divided = match learning.optimizer {
        Optimizer::Sgd | Optimizer::Momentum { .. } => divisor * divisor,
        _ => divisor,
    };
    factor(2f64.powi(-exponent as i32) * if draw.chance(50) { 1.0 } else { 0.7 } / divided as f64)
}

/// A loss; those of flows where there is a map. Contrast where the map divides the sensor.
pub fn any_loss(draw: &mut Draw, is_map: bool, map: Shape, sensor: Shape) -> Loss {
    if !is_map {
        return draw.one_of(&[Loss::CrossEntropy, Loss::CrossEntropy, Loss::MeanSquare, Loss::Binary]);
    }
    let scale = sensor.width.div_ceil(map.width).min(3);
    let contrast = ContrastSpec {
        scale,
        blur: draw.pick(0, 2) as u32,
        smoothness: if draw.chance(50) { 0 } else { draw.pick(1 << 10, 1 << 15) as u32 },
    };
    draw.one_of(&[Loss::MeanSquare, Loss::Binary, Loss::Endpoint, Loss::Endpoint, Loss::Contrast(contrast)])
}

pub fn any_signal(draw: &mut Draw) -> Signal {
    let others = [Signal::Dfa, Signal::Sdfa, Signal::Drtp, Signal::Local];
    if draw.chance(35) { Signal::Bp } else { draw.one_of(&others) }
}
