//! An adapter's factors as its file has them: what the canonical ones are an approximation of.

use std::path::Path;

use crate::architecture::tensors::TensorName;
use crate::architecture::Architecture;
use crate::error::ModelError;
use crate::open::float::FloatMatrix;

use super::files::{AdapterFiles, FactorRows};

/// A LoRA adapter whose factors are read when they are asked for.
pub struct FloatAdapter {
    files: AdapterFiles,
}

/// The factors of one matrix in f32.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatFactors {
    /// `rank × inputs`.
    pub a: FloatMatrix,
    /// `outputs × rank`, each number times the scale.
    pub b: FloatMatrix,
}

impl FloatAdapter {
    /// As [`Adapter::open`](crate::Adapter::open).
    pub fn open(folder: &Path, architecture: &Architecture) -> Result<Self, ModelError> {
        Ok(Self { files: AdapterFiles::open(folder, architecture)? })
    }

    /// The factors of a matrix; `None` if the adapter adds nothing to it.
    pub fn factors(&self, name: TensorName) -> Result<Option<FloatFactors>, ModelError> {
        let Some(part) = self.files.parts().iter().find(|part| part.name == name) else { return Ok(None) };
        let a = matrix(&self.files.a(part)?, self.files.rank(), part.columns)?;
        let b = matrix(&self.files.b(part)?, part.rows, self.files.rank())?;
        Ok(Some(FloatFactors { a, b }))
    }
}

fn matrix(source: &FactorRows<'_>, rows: usize, columns: usize) -> Result<FloatMatrix, ModelError> {
    let mut values = vec![0.0; rows * columns];
    let mut scratch = Vec::new();
    for (row, values) in values.chunks_exact_mut(columns).enumerate() {
        source.values(row, values, &mut scratch)?;
    }
    Ok(FloatMatrix { rows, columns, values })
}
