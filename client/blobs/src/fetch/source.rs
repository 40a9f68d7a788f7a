//! Where a node reads blobs from: what is asked, and why it may not be had.

use crate::store::{blob_store::BlobStore, error::BlobError};
use sp_core::H256;
use strike_primitives::artifact::ArtifactKind;

/// A question for a blob: what names it, and where it may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlobQuery {
    /// Kind of the blob.
    pub kind: ArtifactKind,
    /// Root of the blob.
    pub root: H256,
    /// Most bytes that it may have.
    pub max_length: u64,
    /// Places of the distributed hash table at which nodes announce that they should have it
    /// ([`strike_primitives::blob`]).
    pub places: Vec<H256>,
}

/// Why a blob could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No peer that answered has it.
    #[error("none of the {asked} peers that were asked has it")]
    NotFound {
        /// How many were asked.
        asked: usize,
    },
    /// The root is that of a longer blob.
    #[error("it has {length} bytes, more than the {limit} it may have")]
    TooLong {
        /// Its length in bytes.
        length: u64,
        /// What it may have.
        limit: u64,
    },
    /// Too much is being fetched, or too many wait for this blob, or it takes too long. What came so far is kept for
    /// the next time.
    #[error("it could not be fetched in time; ask again, what came so far is kept")]
    Unfinished,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] BlobError),
}

/// Where blobs are read from: this node's store, and perhaps other nodes.
pub trait BlobSource: Send + Sync {
    /// The blob. Blocks for as long as it takes to read it, or to fetch it.
    fn read(&self, query: &BlobQuery) -> Result<Vec<u8>, FetchError>;
}

impl BlobSource for BlobStore {
    fn read(&self, query: &BlobQuery) -> Result<Vec<u8>, FetchError> {
        let bytes = self.get(query.kind, &query.root)?.ok_or(FetchError::NotFound { asked: 0 })?;
        within(bytes.len() as u64, query)?;
        Ok(bytes)
    }
}

/// An error if a blob of `length` bytes is longer than the query allows.
pub(crate) fn within(length: u64, query: &BlobQuery) -> Result<(), FetchError> {
    if length > query.max_length {
        return Err(FetchError::TooLong { length, limit: query.max_length });
    }
    Ok(())
}
