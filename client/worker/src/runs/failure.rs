//! Why a run gave no entry, and what the operator can do.

use crate::{
    engine::{execute::outcome::ExecuteError, model_store::ModelStoreError},
    schedule::Ended,
};
use strike_blobs::BlobError;

/// Why a run gave no entry.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    #[error("the output could not be kept: {0}")]
    Store(#[from] BlobError),
    #[error("the keystore failed: {0}")]
    Keystore(String),
    #[error("the app key is no longer in the keystore")]
    KeyMissing,
    #[error("the run panicked: {0}")]
    Panicked(String),
    #[error("no thread could be started: {0}")]
    NoThread(std::io::Error),
}

impl Failure {
    /// As metrics name it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Execute(error) => error.reason(),
            Self::Store(_) => "store",
            Self::Keystore(_) => "keystore",
            Self::KeyMissing => "key_missing",
            Self::Panicked(_) => "panicked",
            Self::NoThread(_) => "no_thread",
        }
    }

    /// What the operator can do, where there is something.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Store(_) => {
                "see that the disk of the base path has room and can be written to; the result is kept meanwhile, while the \
                 node runs"
            }
            Self::NoThread(_) => "raise the limit of threads or processes that this node's user may have",
            Self::Keystore(_) => "see that the keystore folder can be read",
            Self::Panicked(_) => "report it, with this line",
            Self::Execute(ExecuteError::Engine(_)) => {
                "see that the machine has memory left, or report it, with this line"
            }
            // The error itself says what to do, or there is nothing to do.
            Self::Execute(ExecuteError::Model(ModelStoreError::TooLarge { .. } | ModelStoreError::NoRoom { .. })) => {
                return None
            }
            Self::Execute(ExecuteError::Model(_)) => {
                "see that the model's files are as they were, and that they can be read"
            }
            Self::Execute(ExecuteError::TooSlow) => {
                "this machine is too slow for such jobs: lower the units that its asks take"
            }
            Self::Execute(ExecuteError::Input(_)) => "see that the disk of the base path can be read",
            Self::Execute(_) | Self::KeyMissing => return None,
        })
    }

    /// As the schedule sees it.
    pub fn ended<R>(&self) -> Ended<R> {
        match self {
            Self::Execute(ExecuteError::Cancelled) => Ended::Cancelled,
            Self::Execute(
                ExecuteError::ModelMissing(_)
                | ExecuteError::NotSupported(_)
                | ExecuteError::Model(ModelStoreError::TooLarge { .. }),
            )
            | Self::KeyMissing
            // The engine is deterministic: what panicked panics again.
            | Self::Panicked(_) => Ended::Hopeless,
            Self::Execute(_) | Self::Store(_) | Self::Keystore(_) | Self::NoThread(_) => Ended::Failed,
        }
    }
}
