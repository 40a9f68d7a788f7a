//! What can be wrong with a model's files, named by condition.

use thiserror::Error;

/// Why a model was not opened. Every variant of a refusal names the file and what is wrong with it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Whoever opened it has cancelled that.
    #[error("cancelled")]
    Cancelled,
    /// A file was written to while it was imported, so nobody knows what was read of it.
    #[error("{file}: changed while it was imported; open the model again when nobody writes to it")]
    ChangedMeanwhile {
        /// Name of the file, or of the first of several.
        file: String,
    },
    /// A file could not be read.
    #[error("{file}: {source}")]
    Unreadable {
        /// Name of the file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file, or its header, is larger than any model this engine runs.
    #[error("{file}: {found} bytes, at most {limit} are accepted")]
    FileTooLarge {
        /// Name of the file.
        file: String,
        /// Its size.
        found: u64,
        /// The largest accepted size.
        limit: u64,
    },
    /// A file is not in its format.
    #[error("{file}: malformed: {reason}")]
    Malformed {
        /// Name of the file.
        file: String,
        /// What the parser met.
        reason: String,
    },
    /// The configuration lacks a field that has no default.
    #[error("{file}: {field} is missing")]
    MissingField {
        /// Name of the file.
        file: String,
        /// The field.
        field: String,
    },
    /// The configuration asks for something this engine does not compute.
    #[error("{file}: unsupported {field}: {found}")]
    UnsupportedConfig {
        /// Name of the file.
        file: String,
        /// The field.
        field: String,
        /// Its value.
        found: String,
    },
    /// A number of the configuration is outside what is accepted.
    #[error("{file}: {field} is {found}, expected {expected}")]
    ConfigOutOfRange {
        /// Name of the file.
        file: String,
        /// The field.
        field: String,
        /// Its value.
        found: String,
        /// The accepted range.
        expected: String,
    },
    /// A tensor of the architecture is not in the file.
    #[error("{file}: tensor {tensor} is missing")]
    MissingTensor {
        /// Name of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
    },
    /// A tensor has another shape than the configuration says.
    #[error("{file}: tensor {tensor} has shape {found:?}, expected {expected:?}")]
    ShapeMismatch {
        /// Name of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// The shape that follows from the configuration, rows first.
        expected: Vec<usize>,
        /// The shape in the file, rows first.
        found: Vec<usize>,
    },
    /// A tensor is stored in a type that is not read.
    #[error("{file}: tensor {tensor} is stored as {found}, expected one of {expected}")]
    UnsupportedType {
        /// Name of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// The type in the file.
        found: String,
        /// The types that are read.
        expected: &'static str,
    },
    /// A matrix has rows that are no whole number of blocks.
    #[error("{file}: matrix {tensor} has {columns} columns, which is no multiple of 32")]
    ColumnsNotInBlocks {
        /// Name of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// Its columns.
        columns: usize,
    },
    /// A weight is NaN or infinite, or too large for a block's scale.
    #[error("{file}: row {row} of tensor {tensor} has a number that is not finite or exceeds a block's scale")]
    NotFiniteWeight {
        /// Name of the file.
        file: String,
        /// Name of the tensor.
        tensor: String,
        /// The first such row that was met; 0 for a vector.
        row: usize,
    },
}

impl ModelError {
    pub(crate) fn malformed(file: &str, reason: impl Into<String>) -> Self {
        Self::Malformed { file: file.to_owned(), reason: reason.into() }
    }

    pub(crate) fn unreadable(file: &str) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Unreadable { file: file.to_owned(), source }
    }
}
