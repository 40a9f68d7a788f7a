//! Why the store refuses.

use std::{io, path::PathBuf};
use strike_primitives::artifact::ArtifactKind;

/// Why a blob could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The blob is larger than [`Limits::blob`](crate::Limits::blob).
    #[error("a blob of {size} bytes is larger than the limit of {limit}; store less or raise the limit")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The limits contradict each other.
    #[error(
        "the limits of {disk} bytes on disk and {files} files take no blob of {blob} bytes, the limit of one; raise them"
    )]
    LimitsContradict {
        /// Limit of one blob.
        blob: u64,
        /// Limit of all blobs.
        disk: u64,
        /// Limit of their number.
        files: usize,
    },
    /// Downloads that are going on and uploads that are kept take all of the limits.
    #[error(
        "there is no room for a blob of {size} bytes within the limits of {disk} bytes on disk and {files} files; raise \
         them, or try again later"
    )]
    NoRoom {
        /// Size of the blob in bytes.
        size: u64,
        /// Limit of all blobs in bytes.
        disk: u64,
        /// Limit of their number.
        files: usize,
    },
    /// Blobs of this kind are not kept: only files and outputs are.
    #[error("a {0:?} is not stored as one blob; store its files")]
    KindNotStored(ArtifactKind),
    /// The file no longer has the root it is named by. It was removed.
    #[error("the blob at {path} was damaged and has been removed; it has to be made or fetched again")]
    Damaged {
        /// Where it was.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("{doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}
