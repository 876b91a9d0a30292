//! What was done, and what is held.

/// Work done since the last reset of the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// Time steps.
    pub steps: u64,
    /// Time steps that learned.
    pub learning_steps: u64,
    /// Spikes of the input.
    pub input_spikes: u64,
    /// Spikes of all hidden layers.
    pub hidden_spikes: u64,
    /// Additions of a weight to a membrane: for each spike, the neurons it reaches.
    pub synaptic_operations: u64,
    /// Additions of a sweep value or a trace to a weight's change: for each spike or trace in a block that learned, the
    /// weights it changes.
    pub update_operations: u64,
    /// Weights written.
    pub weight_updates: u64,
}

/// Bytes held, by part; fixed by the network and the block, whatever the number of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Weights, biases and feedback matrices.
    pub weights: u64,
    /// Membranes and what a step computes from them.
    pub membranes: u64,
    /// Traces and spike masks of inputs and neurons.
    pub traces: u64,
    /// Contributions that wait for the end of the block.
    pub block: u64,
    /// Gradients that are summed up before they change weights: none where plain gradient descent changes dense layers block
    /// by block.
    pub gradients: u64,
    /// What the optimiser remembers.
    pub optimizer: u64,
}

impl Memory {
    /// All parts together.
    pub fn total(&self) -> u64 {
        self.weights + self.membranes + self.traces + self.block + self.gradients + self.optimizer
    }
}

impl core::ops::Add for Memory {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            weights: self.weights + other.weights,
            membranes: self.membranes + other.membranes,
            traces: self.traces + other.traces,
            block: self.block + other.block,
            gradients: self.gradients + other.gradients,
            optimizer: self.optimizer + other.optimizer,
        }
    }
}
