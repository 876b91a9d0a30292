//! Layers without neurons: they hand spikes on, and learning signals back, at the same time step.

mod dropout;
mod join;
mod pool;
mod upsample;

pub use dropout::{Dropout, DropoutSpec};
pub use join::{Join, JoinSpec};
pub use pool::{Pool, PoolSpec};
pub use upsample::{Upsample, UpsampleSpec};

use crate::meter::Memory;
use crate::shape::Port;

/// A layer without neurons.
#[derive(Clone, Debug)]
pub enum Relay {
    /// Sums or maxima over windows.
    Pool(Pool),
    /// Each element several times.
    Upsample(Upsample),
    /// Several maps become one.
    Join(Join),
    /// Elements that are silent for a sequence.
    Dropout(Dropout),
}

impl Relay {
    /// What it gives.
    pub fn port(&self) -> Port {
        match self {
            Self::Pool(pool) => pool.port(),
            Self::Upsample(upsample) => upsample.port(),
            Self::Join(join) => join.port(),
            Self::Dropout(dropout) => dropout.port(),
        }
    }

    /// Begins a step.
    pub fn begin_step(&mut self) {
        match self {
            Self::Pool(pool) => pool.begin_step(),
            Self::Upsample(upsample) => upsample.begin_step(),
            Self::Join(join) => join.begin_step(),
            Self::Dropout(dropout) => dropout.begin_step(),
        }
    }

    /// Takes the spikes of its source number `source`.
    pub fn take(&mut self, source: usize, spikes: &[u32]) {
        match self {
            Self::Pool(pool) => pool.take(spikes),
            Self::Upsample(upsample) => upsample.take(spikes),
            Self::Join(join) => join.take(source, spikes),
            Self::Dropout(dropout) => dropout.take(spikes),
        }
    }

    /// The spikes of this step, numbered as [`Self::port`] says, in no order.
    pub fn spikes(&self) -> &[u32] {
        match self {
            Self::Pool(pool) => pool.spikes(),
            Self::Upsample(upsample) => upsample.spikes(),
            Self::Join(join) => join.spikes(),
            Self::Dropout(dropout) => dropout.spikes(),
        }
    }

    /// Adds what passes to its source number `source` to `out`; `d` is its own signal. Both are laid out as
    /// [`Port::signal_index`] says.
    pub fn signal_below(&self, source: usize, d: &[i32], out: &mut [i32]) {
        match self {
            Self::Pool(pool) => pool.signal_below(d, out),
            Self::Upsample(upsample) => upsample.signal_below(d, out),
            Self::Join(join) => join.signal_below(source, d, out),
            Self::Dropout(dropout) => dropout.signal_below(d, out),
        }
    }

    /// The dropout that it is.
    pub fn as_dropout(&self) -> Option<&Dropout> {
        if let Self::Dropout(dropout) = self { Some(dropout) } else { None }
    }

    /// The same, to be changed.
    pub fn as_dropout_mut(&mut self) -> Option<&mut Dropout> {
        if let Self::Dropout(dropout) = self { Some(dropout) } else { None }
    }

    /// Forgets the last step.
    pub fn reset(&mut self) {
        self.begin_step();
    }
}

/// Bytes of a list of at most `most` spikes.
fn list_memory(most: usize) -> Memory {
    Memory { membranes: 4 * most as u64, ..Memory::default() }
}
