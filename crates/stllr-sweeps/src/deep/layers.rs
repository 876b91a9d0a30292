//! Short ways of writing the layers of deep runs.

use stllr_core::fixed::Factor;
use stllr_core::layer::{
    ConvSpec, DropoutSpec, Factors, JoinSpec, Kernel, PoolSpec, ReadoutSpec, SpikingSpec, UpsampleSpec,
};
use stllr_core::network::{LayerKind, LayerSpec};
use stllr_core::psi::Psi;

/// 2^`exponent`.
pub const fn power(exponent: i32) -> Factor {
    Factor { mantissa: 1 << 14, exponent: exponent + 1 }
}

/// Neurons that spike now and then, with all factors of the rule.
pub const NEURONS: SpikingSpec = SpikingSpec {
    units: 0,
    recurrent: false,
    weight_bits: 12,
    leak: 28_672,
    threshold: 1 << 16,
    soft_reset: true,
    psi: Psi::Tri,
    factors: Factors {
        lambda_pre: 24_576,
        lambda_post: 6_554,
        alpha_pre: Factor::ONE,
        alpha_post: Factor { mantissa: -(1 << 14), exponent: 0 },
    },
    rate: power(-5),
    bias: false,
    divisor: 1,
    standardise: false,
    byte_shift: None,
    loihi: None,
    deviation: 6 << 20,
    recurrent_deviation: 3 << 20,
};

/// A square kernel that keeps the size of its map.
pub const SAME: Kernel = Kernel { height: 3, width: 3, stride: 1, padding: 1, dilation: 1, groups: 1 };

/// A layer that sees `source`.
pub fn node(source: usize, kind: LayerKind) -> LayerSpec {
    LayerSpec { sources: vec![source], kind }
}

/// A convolution.
pub fn conv(source: usize, filters: usize, kernel: Kernel, neurons: SpikingSpec) -> LayerSpec {
    node(source, LayerKind::Conv(ConvSpec { neurons: SpikingSpec { units: filters, ..neurons }, kernel }))
}

/// Dense or recurrent neurons.
pub fn dense(source: usize, units: usize, neurons: SpikingSpec) -> LayerSpec {
    node(source, LayerKind::Spiking(SpikingSpec { units, ..neurons }))
}

/// A maximum or a sum over windows.
pub fn pool(source: usize, max: bool, size: usize, stride: usize) -> LayerSpec {
    node(source, LayerKind::Pool(PoolSpec { max, size, stride }))
}

/// Twice as many rows and columns.
pub fn twice(source: usize) -> LayerSpec {
    node(source, LayerKind::Upsample(UpsampleSpec { factor: 2 }))
}

/// Maps added, or their channels joined; each spike of a source counts as often as its number in `repeats` says.
pub fn join(sources: [usize; 2], concat: bool, repeats: [usize; 2]) -> LayerSpec {
    LayerSpec { sources: sources.to_vec(), kind: LayerKind::Join(JoinSpec { concat, repeats: repeats.to_vec() }) }
}

/// A part of the elements is silent while the network learns; `rate` in `Q 15`.
pub fn dropout(source: usize, rate: i32) -> LayerSpec {
    node(source, LayerKind::Dropout(DropoutSpec { rate }))
}

/// Neurons behind an average over so many spikes.
pub fn behind(divisor: usize, neurons: SpikingSpec) -> SpikingSpec {
    let square = 2 * divisor.ilog2() as i32;
    let rate = Factor { exponent: neurons.rate.exponent - square, ..neurons.rate };
    SpikingSpec { divisor, rate, deviation: neurons.deviation / divisor as i64, ..neurons }
}

/// A readout of classes, or with a kernel of so many values at every pixel.
pub fn readout(classes: usize, kernel: Option<usize>) -> ReadoutSpec {
    ReadoutSpec {
        classes,
        kernel,
        leak: 30_720,
        trace_decay: 32_256,
        rate: power(-8),
        bias: true,
        divisor: 1,
        deviation: 4 << 20,
    }
}
