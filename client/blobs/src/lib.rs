//! Content-addressed files kept by a node: inputs it was given, outputs it made or checked.
//!
//! A blob is named by its kind and its typed root ([`strike_primitives::artifact`]), verified on every read, written
//! whole or not at all, and evicted oldest first when the disk limit is reached. [`ModelFolder`] names the files of a model, which
//! lie where the operator put them.

mod disk;
mod index;
mod model_folder;
#[cfg(test)]
mod tests;

pub use model_folder::ModelFolder;

use index::Index;
use parking_lot::Mutex;
use sp_core::H256;
use std::{
    io,
    path::{Path, PathBuf},
};
use strike_primitives::{
    artifact::{output_bytes, typed_root, ArtifactKind},
    merkle,
};

/// How much a store keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Largest blob, in bytes.
    pub blob: u64,
    /// All blobs together, in bytes. At least as large as one blob may be.
    pub disk: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { blob: 64 << 20, disk: 4 << 30 }
    }
}

/// Why a blob could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The blob is larger than [`Limits::blob`].
    #[error("a blob of {size} bytes is larger than the limit of {limit}; store less or raise the limit")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The limits contradict each other.
    #[error("the disk limit of {disk} bytes is below the limit of {blob} bytes for one blob; raise it")]
    LimitsContradict {
        /// Limit of one blob.
        blob: u64,
        /// Limit of all blobs.
        disk: u64,
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

/// Root by which `bytes` are named as a blob of `kind`; `None` for kinds that are not one blob.
pub fn blob_root(kind: ArtifactKind, bytes: &[u8]) -> Option<H256> {
    match kind {
        ArtifactKind::File | ArtifactKind::Output => {
            Some(typed_root(kind, bytes.len() as u64, merkle::top(&merkle::chunk_leaves(bytes))))
        }
        ArtifactKind::Bundle | ArtifactKind::Weights | ArtifactKind::Dataset | ArtifactKind::Adapter => None,
    }
}

/// The blobs in one directory. All methods may be called from any thread; they block on the disk.
pub struct BlobStore {
    dir: PathBuf,
    limits: Limits,
    /// Held while files change, so that the index and the directory agree.
    index: Mutex<Index>,
}

impl BlobStore {
    /// Open the store in `dir`, creating it if needed. Removes what an interrupted write left behind, and evicts if the
    /// limits are lower than they were.
    pub fn open(dir: impl Into<PathBuf>, limits: Limits) -> Result<Self, BlobError> {
        if limits.disk < limits.blob {
            return Err(BlobError::LimitsContradict { blob: limits.blob, disk: limits.disk });
        }
        let dir = dir.into();
        let index = disk::scan(&dir)?;
        let store = Self { dir, limits, index: Mutex::new(index) };
        store.make_room(&mut store.index.lock(), 0)?;
        Ok(store)
    }

    /// Store `bytes` and return the root they are named by. Storing what is there already changes nothing.
    pub fn put(&self, kind: ArtifactKind, bytes: &[u8]) -> Result<H256, BlobError> {
        let size = bytes.len() as u64;
        if size > self.limits.blob {
            return Err(BlobError::TooLarge { size, limit: self.limits.blob });
        }
        let root = blob_root(kind, bytes).ok_or(BlobError::KindNotStored(kind))?;
        let mut index = self.index.lock();
        // A damaged copy is removed by the read and then replaced.
        if matches!(self.read(&mut index, kind, &root), Ok(Some(_))) {
            return Ok(root);
        }
        self.make_room(&mut index, size)?;
        disk::write(&self.dir, kind, &root, bytes)?;
        index.insert(kind, root, size);
        Ok(root)
    }

    /// The blob with this root; `None` if it is not kept here.
    pub fn get(&self, kind: ArtifactKind, root: &H256) -> Result<Option<Vec<u8>>, BlobError> {
        self.read(&mut self.index.lock(), kind, root)
    }

    /// Store the token ids of an output and return [`strike_primitives::artifact::output_root`] of them.
    pub fn put_output(&self, tokens: &[u32]) -> Result<H256, BlobError> {
        self.put(ArtifactKind::Output, &output_bytes(tokens))
    }

    /// The token ids of an output; `None` if it is not kept here.
    pub fn output(&self, root: &H256) -> Result<Option<Vec<u32>>, BlobError> {
        let Some(bytes) = self.get(ArtifactKind::Output, root)? else {
            return Ok(None);
        };
        let (tokens, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            // It has its root, but no output has a length that is not whole tokens.
            return Err(BlobError::Damaged { path: disk::path(&self.dir, ArtifactKind::Output, root) });
        }
        Ok(Some(tokens.iter().map(|token| u32::from_le_bytes(*token)).collect()))
    }

    /// Whether the blob is kept here, without reading it.
    pub fn contains(&self, kind: ArtifactKind, root: &H256) -> bool {
        self.index.lock().size(kind, root).is_some()
    }

    /// Bytes of all blobs together.
    pub fn size(&self) -> u64 {
        self.index.lock().total()
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn read(&self, index: &mut Index, kind: ArtifactKind, root: &H256) -> Result<Option<Vec<u8>>, BlobError> {
        let Some(size) = index.size(kind, root) else {
            return Ok(None);
        };
        let bytes = disk::read(&self.dir, kind, root, size)?;
        match bytes {
            disk::Content::Absent => {
                index.remove(kind, root);
                Ok(None)
            }
            disk::Content::Bytes(bytes) if blob_root(kind, &bytes) == Some(*root) => Ok(Some(bytes)),
            disk::Content::Bytes(_) | disk::Content::OtherSize => {
                disk::remove(&self.dir, kind, root)?;
                index.remove(kind, root);
                Err(BlobError::Damaged { path: disk::path(&self.dir, kind, root) })
            }
        }
    }

    fn make_room(&self, index: &mut Index, size: u64) -> Result<(), BlobError> {
        while index.total().saturating_add(size) > self.limits.disk {
            let Some((kind, root)) = index.oldest() else { break };
            disk::remove(&self.dir, kind, &root)?;
            index.remove(kind, &root);
        }
        Ok(())
    }
}
