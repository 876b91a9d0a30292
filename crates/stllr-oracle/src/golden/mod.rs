//! Golden files: runs of the paper's official layers and networks, recorded step by step as JSON, and their replay.
//!
//! [`Case::read`] checks a file and gives its values typed; [`Case::replay`] runs the same inputs through the reference
//! and gives the largest absolute deviation of every quantity the file records; [`core`] runs it through the integer core.

pub mod core;
mod deviations;
mod fields;
mod layer_case;
mod network_case;
mod replay_layer;
mod replay_network;
mod report;

use std::path::Path;

pub use deviations::Deviations;
pub use fields::{FieldError, Series};
pub use layer_case::{LayerCase, LayerKind};
pub use network_case::{NetworkCase, Sequence};
pub use report::{FileReport, FolderReport, ORACLE_BOUND, OracleColumn, report_folder};

/// One golden file.
#[derive(Clone, Debug)]
pub enum Case {
    /// A single layer with a learning signal from outside, kinds `dense`, `recurrent`, `readout`, `conv`.
    Layer(Box<LayerCase>),
    /// A hidden layer and a readout that learn, kinds `network_dense`, `network_recurrent`.
    Network(Box<NetworkCase>),
}

impl Case {
    /// Reads a file. The error names the field (`steps.trace_in[3]`), what was given and what is allowed.
    pub fn read(path: &Path) -> Result<Self, FieldError> {
        let text = std::fs::read_to_string(path).map_err(|error| FieldError::new("", error.to_string()))?;
        Self::parse(&text)
    }

    /// The same for a file's text.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| FieldError::new("", format!("not JSON: {error}")))?;
        let fields = fields::Fields::root(&value)?;
        let kind = fields.text("kind")?;
        if let Some(kind) = LayerKind::from_name(kind) {
            return Ok(Self::Layer(Box::new(LayerCase::read(&fields, kind)?)));
        }
        match kind {
            "network_dense" | "network_recurrent" => Ok(Self::Network(Box::new(NetworkCase::read(&fields)?))),
            _ => Err(FieldError::new(
                "kind",
                format!("{kind:?} given; allowed: dense, recurrent, readout, conv, network_dense, network_recurrent"),
            )),
        }
    }

    /// The case's name as the file gives it.
    pub fn name(&self) -> &str {
        match self {
            Self::Layer(case) => &case.name,
            Self::Network(case) => &case.name,
        }
    }

    /// The file's `kind`.
    pub fn kind(&self) -> &str {
        match self {
            Self::Layer(case) => case.kind.name(),
            Self::Network(case) => &case.kind,
        }
    }

    /// Runs the case through the reference.
    pub fn replay(&self) -> Deviations {
        match self {
            Self::Layer(case) => replay_layer::replay(case),
            Self::Network(case) => replay_network::replay(case),
        }
    }
}
