//! What goes wrong, with its code and what to do about it.

use jsonrpsee::types::error::{ErrorObject, ErrorObjectOwned, INVALID_PARAMS_CODE};
use sp_core::H256;
use strike_blobs::{BlobError, UploadError};
use strike_guard::Panicked;
use strike_primitives::JobId;

/// Errors of the `strike_*` methods. Codes 7001 to 7099 are theirs; parameters out of range are JSON-RPC's -32602.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 7001: The chain keeps no such job.
    #[error(
        "JobNotFound: the chain keeps no job {0}; check the id, or, if it closed long ago, look for its receipt in the \
         events of the block in which it closed"
    )]
    JobNotFound(JobId),
    /// 7002: The job has no result yet, or closed without one.
    #[error("NoCommitment: nobody has committed to a result of job {0}; see its status with strike_job")]
    NoCommitment(JobId),
    /// 7003: The job has an output, but neither this node nor a peer that it could ask has it.
    #[error(
        "OutputNotHere: neither this node nor a peer that it reaches has output {root:?} of job {job}; ask again later, or \
         another node: its provider and the validators that checked it have it"
    )]
    OutputNotHere {
        /// The job.
        job: JobId,
        /// Root of the output.
        root: H256,
    },
    /// 7004: The job's input is a blob that neither this node nor a peer that it could ask has.
    #[error(
        "InputNotHere: neither this node nor a peer that it reaches has input {root:?} of job {job}; ask the requester or a \
         node that ran it"
    )]
    InputNotHere {
        /// The job.
        job: JobId,
        /// Root of the input.
        root: H256,
    },
    /// 7005: The job's input is encrypted.
    #[error("InputEncrypted: the input of job {0} can be read only by the nodes it was encrypted for")]
    InputEncrypted(JobId),
    /// 7006: A kept file could not be read, or one could not be written.
    #[error("BlobUnreadable: {0}")]
    BlobUnreadable(#[from] BlobError),
    /// 7007: The output is here, but it could not be turned into text.
    #[error("TextUnavailable: the output of job {job} is here, but not as text: {reason}")]
    TextUnavailable {
        /// The job.
        job: JobId,
        /// Why.
        reason: String,
    },
    /// 7008: The block does not exist here, or its state is pruned.
    #[error("BlockUnavailable: the state of block {at:?} cannot be read here; ask an archive node, or leave `at` out: {reason}")]
    BlockUnavailable {
        /// The block.
        at: H256,
        /// What the client said.
        reason: String,
    },
    /// 7009: The output has its root, but it is none that the job's work can have.
    #[error("OutputMalformed: output {root:?} of job {job} is not what such a job gives: its provider lied")]
    OutputMalformed {
        /// The job.
        job: JobId,
        /// Root of the output.
        root: H256,
    },
    /// 7010: A blob could not be fetched from other nodes in time, or too many are being fetched.
    #[error(
        "FetchUnfinished: {root:?} could not be fetched from other nodes in time; ask again, what came so far is kept"
    )]
    FetchUnfinished {
        /// Its root.
        root: H256,
    },
    /// 7011: An input to be stored is empty or too long.
    #[error("UploadLengthOutOfRange: an input of {length} bytes is not between 1 and {limit}; shorten it")]
    UploadLengthOutOfRange {
        /// Its length in bytes.
        length: u64,
        /// The longest in bytes.
        limit: u64,
    },
    /// 7012: The node takes no more uploads now.
    #[error("UploadsBusy: this node takes no more uploads now; try again in a few seconds, or another node")]
    UploadsBusy,
    /// 7013: The node keeps as many uploads as it may.
    #[error(
        "UploadsFull: this node keeps {count} uploads of {bytes} bytes, and no more; try again later, or another node"
    )]
    UploadsFull {
        /// How many it keeps.
        count: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// 7014: The chain's runtime has another version of an API than this node knows.
    #[error(
        "RuntimeIncompatible: the runtime of block {at:?} has version {found} of {api} and this node knows version {known}; \
         ask a node of the other version"
    )]
    RuntimeIncompatible {
        /// The block.
        at: H256,
        /// The API's name.
        api: &'static str,
        /// The runtime's version.
        found: u32,
        /// The node's version.
        known: u32,
    },
    /// 7015: As much is fetched from other nodes for callers as may be at once.
    #[error(
        "FetchesBusy: this node fetches as much from other nodes for callers as it may at once; try again in a few seconds, or ask \
         another node"
    )]
    FetchesBusy,
    /// 7016: The output is larger than an answer may be.
    #[error(
        "OutputTooLarge: output {root:?} of job {job} has {length} bytes, as JSON more than an answer of this node may have; ask a node \
         with a larger --rpc-max-response-size, and order less in one job"
    )]
    OutputTooLarge {
        /// The job.
        job: JobId,
        /// Root of the output.
        root: H256,
        /// Its length in bytes.
        length: u64,
    },
    /// 7090: The call panicked.
    #[error("CallPanicked: this call failed by a bug of the node, which goes on; report it with the node's log, and ask another node: {0}")]
    CallPanicked(#[from] Panicked),
    /// -32602: A parameter is malformed or out of range.
    #[error("InvalidParameter: {0}")]
    InvalidParameter(String),
}

impl Error {
    /// The JSON-RPC error code.
    pub fn code(&self) -> i32 {
        match self {
            Self::JobNotFound(_) => 7001,
            Self::NoCommitment(_) => 7002,
            Self::OutputNotHere { .. } => 7003,
            Self::InputNotHere { .. } => 7004,
            Self::InputEncrypted(_) => 7005,
            Self::BlobUnreadable(_) => 7006,
            Self::TextUnavailable { .. } => 7007,
            Self::BlockUnavailable { .. } => 7008,
            Self::OutputMalformed { .. } => 7009,
            Self::FetchUnfinished { .. } => 7010,
            Self::UploadLengthOutOfRange { .. } => 7011,
            Self::UploadsBusy => 7012,
            Self::UploadsFull { .. } => 7013,
            Self::RuntimeIncompatible { .. } => 7014,
            Self::FetchesBusy => 7015,
            Self::OutputTooLarge { .. } => 7016,
            Self::CallPanicked(_) => 7090,
            Self::InvalidParameter(_) => INVALID_PARAMS_CODE,
        }
    }
}

impl From<UploadError> for Error {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::LengthOutOfRange { length, limit } => Self::UploadLengthOutOfRange { length, limit },
            UploadError::Busy => Self::UploadsBusy,
            UploadError::Full { count, bytes } => Self::UploadsFull { count, bytes },
            UploadError::Store(error) => Self::BlobUnreadable(error),
        }
    }
}

impl From<Error> for ErrorObjectOwned {
    fn from(error: Error) -> Self {
        ErrorObject::owned(error.code(), error.to_string(), None::<()>)
    }
}
