//! Networks that are too large, also for a machine whose sizes have 32 bits: refused before anything is allocated.

use crate::runs;
use stllr_core::network::Spec;

/// Inputs and units of each layer.
const TOO_LARGE: [(usize, &[usize]); 7] = [
    // Weights of 2^32 bytes, which 32 bits count as none.
    (1 << 15, &[1 << 16]),
    (1 << 16, &[1 << 15]),
    (1 << 20, &[1 << 11]),
    (1 << 20, &[1 << 20]),
    (1 << 20, &[8, 1 << 20, 1 << 20]),
    // Each part fits, the sum of them does not.
    (1 << 14, &[1 << 14; 9]),
    (1, &[1 << 20, 4096]),
];

/// What the networks are allowed: on a machine of 32 bits, more than it can address.
const ALLOWED: u64 = if cfg!(target_pointer_width = "32") { 1 << 40 } else { 1 << 30 };

/// Checks every one, in both modes.
pub fn too_large_is_refused() -> Result<(), String> {
    for (inputs, layers) in TOO_LARGE {
        for run in [0, 13] {
            let base = runs::spec(run);
            let Some(first) = base.hidden().next() else { return Err("a run without a hidden layer".into()) };
            let layer = |&units: &usize| stllr_core::layer::SpikingSpec { units, ..first.clone() };
            let hidden = layers.iter().map(layer).collect();
            let stack = Spec::stack(inputs, hidden, base.readout.clone(), base.learning);
            let spec = Spec { memory_limit: ALLOWED, ..stack };
            let Err(error) = spec.check() else {
                return Err(format!("{inputs} inputs, {layers:?} units: passes for {} bytes", spec.memory().total()));
            };
            if error.field != "memory in bytes" || error.given <= error.allowed.1 {
                return Err(format!("{inputs} inputs, {layers:?} units: {error}"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn too_large_is_refused() {
        assert_eq!(super::too_large_is_refused(), Ok(()));
    }
}
