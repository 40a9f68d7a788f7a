//! What can go wrong.

use strike_arithmetic::NotFinite;
use strike_models::ModelError;
use strike_tokenizers::TokenizerError;

use crate::exact::{JobError, LoadError};

/// Why the reference gave no numbers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The model was refused.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The text was refused, or the computation stopped.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The model is an encoder where a decoder is needed, or the other way round.
    #[error("the model is no {expected}")]
    WrongKind {
        /// What is needed.
        expected: &'static str,
    },
    /// The device is missing, out of memory or failed.
    #[error("device: {0}")]
    Device(#[source] Box<candle_core::Error>),
}

impl From<candle_core::Error> for ReferenceError {
    fn from(error: candle_core::Error) -> Self {
        Self::Device(Box::new(error))
    }
}

impl From<ModelError> for ReferenceError {
    fn from(error: ModelError) -> Self {
        Self::Load(error.into())
    }
}

impl From<TokenizerError> for ReferenceError {
    fn from(error: TokenizerError) -> Self {
        Self::Job(error.into())
    }
}

impl From<NotFinite> for ReferenceError {
    fn from(error: NotFinite) -> Self {
        Self::Job(error.into())
    }
}
