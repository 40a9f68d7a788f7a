//! What running a job gives: an outcome that every honest node gets alike, or an error of this node.

use crate::engine::model_store::ModelStoreError;
use sp_core::H256;
use std::sync::Arc;
use strike_blobs::BlobError;
use strike_inference::exact::Trace;
use strike_primitives::{artifact::ArtifactId, commitment::StopReason};

/// What running a job gives. The same work, model and seed give the same outcome on every honest node of a build.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The output: token ids ([`strike_primitives::artifact::output_bytes`]), or vectors
    /// ([`strike_primitives::embedding::vector_bytes`]).
    pub output: Vec<u8>,
    /// Tokens read.
    pub n_in: u32,
    /// Tokens written.
    pub n_out: u32,
    /// Why the output ended.
    pub stop: StopReason,
    /// The text of a generated output; empty where the work is another.
    pub text: String,
    /// The trace of the run, in the exact class.
    pub trace: Option<Arc<Trace>>,
}

impl Outcome {
    /// Root of the trace.
    pub fn trace_root(&self) -> Option<H256> {
        self.trace.as_ref().map(|trace| H256(trace.root()))
    }

    /// The outcome of a job that no honest node can run: nothing read that counts, nothing written.
    pub fn job_error(stop: StopReason) -> Self {
        Self { output: Vec::new(), n_in: 0, n_out: 0, stop, text: String::new(), trace: None }
    }
}

/// Why this node got no outcome. What is the job's own fault is an [`Outcome`], not an error.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The run was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The run took longer than the node allows.
    #[error("the run took longer than this node allows")]
    TooSlow,
    /// The node does not have the model.
    #[error("model {} is not on this node; put its files into a model directory and restart", hex::encode(.0.root))]
    ModelMissing(ArtifactId),
    /// The node has the model but cannot load it, or has no memory for it.
    #[error(transparent)]
    Model(ModelStoreError),
    /// The input is a blob that is not on this node, or has another length than the order says.
    #[error("input {} is not on this node", hex::encode(.0))]
    InputMissing(H256),
    /// The input could not be read.
    #[error("the input could not be read: {0}")]
    Input(#[from] BlobError),
    /// The work is of a form that this version cannot run.
    #[error("{0} are not supported by this version; update the node")]
    NotSupported(&'static str),
    /// The engine failed for a reason that is not the job's.
    #[error("the engine failed: {0}")]
    Engine(String),
}

impl From<ModelStoreError> for ExecuteError {
    fn from(error: ModelStoreError) -> Self {
        match error {
            ModelStoreError::Cancelled => Self::Cancelled,
            error => Self::Model(error),
        }
    }
}

impl ExecuteError {
    /// A word for metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::TooSlow => "too_slow",
            Self::ModelMissing(_) => "model_missing",
            Self::Model(ModelStoreError::TooLarge { .. }) => "too_large",
            Self::Model(ModelStoreError::NoRoom { .. }) => "no_room",
            Self::Model(_) => "model",
            Self::InputMissing(_) => "input_missing",
            Self::Input(_) => "input",
            Self::NotSupported(_) => "not_supported",
            Self::Engine(_) => "engine",
        }
    }
}

/// A number of tokens as outcomes count them.
pub(super) fn count(tokens: usize) -> Result<u32, ExecuteError> {
    u32::try_from(tokens).map_err(|_| ExecuteError::Engine(format!("{tokens} tokens are more than can be counted")))
}
