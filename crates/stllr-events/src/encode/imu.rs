//! Motion: each axis of an accelerometer and a gyroscope by its changes and by its level, side by side.
//!
//! Polarities 0 and 1 are [`Delta`]'s falls and rises; those from 2 on are [`Population`]'s levels.

use super::delta::{Delta, DeltaConfig, Follow, Start};
use super::population::{Population, PopulationConfig};
use super::sampled::Code;
use super::setting::{Range, SettingError, within};
use crate::chunk::Chunk;

/// Settings of [`Imu`].
#[derive(Debug, Clone, Copy)]
pub struct ImuConfig<'a> {
    /// One an axis: how far its value moves for a spike.
    pub thresholds: &'a [i32],
    /// One an axis: what its levels divide.
    pub ranges: &'a [Range],
    /// 2 to 254.
    pub levels: u32,
}

/// The code: 20 bytes an axis.
#[derive(Debug, Clone)]
pub struct Imu {
    delta: Delta,
    population: Population,
}

impl Imu {
    /// At rest.
    ///
    /// # Errors
    /// Those of its two codes, or another number of ranges than of thresholds.
    pub fn new(config: &ImuConfig<'_>) -> Result<Self, SettingError> {
        let ImuConfig { thresholds, ranges, levels } = *config;
        within("levels", levels.into(), 2, 254)?;
        within("ranges", ranges.len() as i64, thresholds.len() as i64, thresholds.len() as i64)?;
        Ok(Self {
            delta: Delta::new(&DeltaConfig { thresholds, start: Start::First, follow: Follow::Step })?,
            population: Population::new(&PopulationConfig { ranges, levels })?,
        })
    }
}

impl Code for Imu {
    fn channels(&self) -> usize {
        self.delta.channels()
    }

    fn polarities(&self) -> u32 {
        self.delta.polarities() + self.population.polarities()
    }

    fn most_events(&self) -> usize {
        self.delta.most_events() + self.population.most_events()
    }

    fn frame(&mut self, t_us: u64, values: &[i32], plane: u8, out: &mut Chunk) {
        self.delta.frame(t_us, values, plane, out);
        self.population.frame(t_us, values, plane + 2, out);
    }

    fn reset(&mut self) {
        self.delta.reset();
        self.population.reset();
    }
}
