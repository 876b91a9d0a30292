//! Neurons of Intel's Loihi: a current and a voltage in the chip's own integers, which a layer may have instead of the core's.
//!
//! The chip adds 64 times its integer weights to the current. A weight of 1.0 in the layer's format is `scale` of the chip's,
//! so 1.0 of a membrane is 64 `scale` = 2^`bits` units of the chip. What the rule sees is the voltage less the threshold,
//! brought into the layer's membrane format: surrogates, signals and updates are those of any layer.

use crate::aligned::Aligned;
use crate::deep::{Deep, derive};
use crate::keep::{Keeper, Part, Values, keep_resting, within};
use crate::kernel::{self, LOIHI_MAX, Loihi};
use core::ops::Range;

/// Loihi's neurons, as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoihiSpec {
    /// What a current loses in a step, in 4096ths: 0 to 4096, where nothing is left.
    pub current_decay: i32,
    /// What a voltage loses in a step, likewise.
    pub voltage_decay: i32,
    /// The voltage above which a neuron spikes, in 64 units of the chip's: 1 to 131,071.
    pub threshold: i32,
    /// log2 of the chip's voltage that is 1.0 in the layer's format: from its weight bits to 8 more.
    pub bits: u32,
}

/// The largest threshold, in 64 units: 17 bits.
pub const LOIHI_THRESHOLD_MAX: i32 = (1 << 17) - 1;

/// What neurons of Loihi's have beside a membrane.
#[derive(Clone, Debug)]
pub struct LoihiState {
    constants: Loihi,
    current: Aligned<i32>,
}

impl LoihiState {
    /// `count` neurons at rest, of a layer with these weight and membrane bits.
    pub fn new(
        spec: &Option<Deep<LoihiSpec>>,
        count: usize,
        weight_bits: u32,
        membrane_bits: u32,
    ) -> Option<Deep<Self>> {
        spec.as_ref().map(|spec| derive(spec, |spec| Self::of(spec, count, weight_bits, membrane_bits)))
    }

    #[inline(never)]
    fn of(spec: &LoihiSpec, count: usize, weight_bits: u32, membrane_bits: u32) -> Self {
        let constants = Loihi {
            current_keep: (1 << 12) - spec.current_decay,
            voltage_keep: (1 << 12) - spec.voltage_decay,
            threshold: spec.threshold << 6,
            shift_in: spec.bits.saturating_sub(weight_bits),
            shift_out: membrane_bits.saturating_sub(spec.bits),
        };
        Self { constants, current: Aligned::new(count) }
    }

    /// One step of the neurons of `range`: see [`kernel::loihi`].
    #[inline(never)]
    pub fn fire(
        &mut self,
        range: Range<usize>,
        (input, bias): (&[i32], &[i32]),
        membrane: &mut [i32],
        v: &mut [i32],
        spikes: &mut [u32],
    ) -> usize {
        kernel::loihi(&self.constants, input, bias, (&mut self.current[range], membrane), v, spikes)
    }

    /// Currents go back to rest.
    pub fn reset(&mut self) {
        self.current.fill(0);
    }

    /// The currents, in the chip's units.
    pub fn current(&self) -> &[i32] {
        &self.current
    }

    /// Gives the currents to a keeper.
    #[inline(never)]
    pub fn keep(&mut self, keeper: &mut dyn Keeper) {
        keep_resting(keeper, Part::Current, Values::I32(&mut self.current), within(LOIHI_MAX));
    }
}
