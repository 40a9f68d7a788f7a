//! How large a model is, by what its files say of themselves: no weight is read for it.

use std::path::Path;

use crate::architecture::layout::{TensorKind, TensorShape};
use crate::architecture::Architecture;
use crate::canonical::matrix::{BLOCK, PANEL_BLOCK_Q8, PANEL_COLUMNS};
use crate::error::ModelError;
use crate::open::files::ModelFiles;
use crate::open::opened::Opened;

/// Shapes of a model, and how many bytes its weights take.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSize {
    /// What the model computes.
    pub architecture: Architecture,
    /// Numbers of all tensors.
    pub parameters: u64,
    /// Bytes of all tensors in canonical form at most: matrices with eight bits a weight, vectors as f32.
    pub canonical_bytes: u64,
}

impl ModelSize {
    /// That of a folder or a GGUF file. Its configuration and the directory of its tensors are read and checked, as for
    /// [`crate::Model::open`]; its weights are not.
    pub fn of(path: &Path) -> Result<Self, ModelError> {
        Ok(Self::new(Opened::path(path)?))
    }

    /// That of files in memory.
    pub fn of_files(files: &ModelFiles) -> Result<Self, ModelError> {
        Ok(Self::new(Opened::files(files)?))
    }

    fn new(opened: Opened) -> Self {
        let sum = |of: fn(&TensorShape) -> u64| opened.layout.iter().map(of).fold(0, u64::saturating_add);
        let (parameters, canonical_bytes) = (sum(numbers), sum(bytes));
        Self { architecture: opened.architecture, parameters, canonical_bytes }
    }
}

fn numbers(tensor: &TensorShape) -> u64 {
    (tensor.rows as u64).saturating_mul(tensor.columns as u64)
}

fn bytes(tensor: &TensorShape) -> u64 {
    match tensor.kind {
        TensorKind::Vector => numbers(tensor).saturating_mul(4),
        TensorKind::Matrix => {
            let panels = tensor.rows.div_ceil(PANEL_COLUMNS) as u64;
            panels.saturating_mul(tensor.columns.div_ceil(BLOCK) as u64).saturating_mul(PANEL_BLOCK_Q8 as u64)
        }
    }
}
