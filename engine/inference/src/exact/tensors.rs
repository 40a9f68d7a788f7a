//! Where a network's tensors come from, and how they are looked up.

use strike_models::architecture::Architecture;
use strike_models::tensors::{Matrix, TensorName};

/// Where tensors come from.
pub(crate) trait Tensors: Send + Sync {
    fn architecture(&self) -> &Architecture;
    fn matrix(&self, name: TensorName) -> Option<Matrix<'_>>;
    fn vector(&self, name: TensorName) -> Option<&[f32]>;
}

/// The matrix of this name and shape; what is wrong with it is the error.
pub(crate) fn lookup_matrix(
    source: &'static dyn Tensors,
    name: TensorName,
    rows: usize,
    columns: usize,
) -> Result<Matrix<'static>, String> {
    let matrix = source.matrix(name).ok_or_else(|| format!("tensor {name:?} is missing"))?;
    if (matrix.rows, matrix.columns) != (rows, columns) {
        let (found_rows, found_columns) = (matrix.rows, matrix.columns);
        return Err(format!("tensor {name:?} has shape {found_rows}x{found_columns}, expected {rows}x{columns}"));
    }
    Ok(matrix)
}

/// As [`lookup_matrix`], for a vector.
pub(crate) fn lookup_vector(
    source: &'static dyn Tensors,
    name: TensorName,
    size: usize,
) -> Result<&'static [f32], String> {
    let vector = source.vector(name).ok_or_else(|| format!("tensor {name:?} is missing"))?;
    if vector.len() != size {
        return Err(format!("tensor {name:?} has {} numbers, expected {size}", vector.len()));
    }
    Ok(vector)
}
