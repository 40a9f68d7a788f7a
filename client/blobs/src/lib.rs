//! Content-addressed files of a node: outputs it made or checked, inputs left with it, and what it fetched from others.
//!
//! A blob is named by its kind and its typed root ([`strike_primitives::artifact`]), verified on every read, written
//! whole or not at all, and evicted oldest first when the disk limit is reached. [`ModelFolder`] names the files of a model, which
//! lie where the operator put them.
//!
//! - [`BlobStore`]: the files.
//! - [`Server`]: answers other nodes' requests, within limits.
//! - [`Fetcher`]: asks other nodes, over whatever [`Exchange`] there is; the network itself is the node's.
//! - [`Uploads`]: inputs that requesters left here for their jobs.

mod disk;
mod download;
mod fetch;
mod index;
pub mod message;
mod model_folder;
mod rate;
mod serve;
#[cfg(test)]
mod tests;
mod uploads;

pub use download::{Download, Progress};
pub use fetch::{BlobSource, Exchange, FetchError, FetchLimits, Fetcher, Wanted};
pub use model_folder::ModelFolder;
pub use rate::Quota;
pub use serve::{Answer, Misconduct, ServeLimits, Server};
pub use uploads::{JobInputs, UploadError, UploadLimits, Uploads};

use download::Downloads;
use index::Index;
use message::{chunk_count, Chunk, Chunks};
use parking_lot::Mutex;
use sp_core::H256;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use strike_primitives::{
    artifact::{output_bytes, typed_root, ArtifactKind},
    merkle::{self, CHUNK_SIZE},
};

/// Target of the log lines.
pub const LOG_TARGET: &str = "strike-blobs";

/// Blobs of more chunks than this are hashed once, and their leaf hashes kept in memory: half a thousandth of their size.
const HASHED_EVERY_TIME: u64 = message::MAX_CHUNKS as u64;

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
    /// Downloads that are going on and uploads that are kept take all of the disk limit.
    #[error("there is no room for {size} bytes within the disk limit of {limit}; raise it, or try again later")]
    NoRoom {
        /// Size of the blob in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
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
    state: Mutex<State>,
}

struct State {
    index: Index,
    downloads: Downloads,
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
        let mut downloads = Downloads::default();
        for (kind, root, bytes) in disk::scan_partial(&dir)? {
            downloads.insert_idle(kind, root, bytes);
        }
        let store = Self { dir, limits, state: Mutex::new(State { index, downloads }) };
        store.forget_idle(&mut store.state.lock());
        store.make_room(&mut store.state.lock(), 0)?;
        Ok(store)
    }

    /// Store `bytes` and return the root they are named by. Storing what is there already changes nothing.
    pub fn put(&self, kind: ArtifactKind, bytes: &[u8]) -> Result<H256, BlobError> {
        let size = bytes.len() as u64;
        if size > self.limits.blob {
            return Err(BlobError::TooLarge { size, limit: self.limits.blob });
        }
        let root = blob_root(kind, bytes).ok_or(BlobError::KindNotStored(kind))?;
        let mut state = self.state.lock();
        // A damaged copy is removed by the read and then replaced.
        if matches!(self.read_indexed(&mut state.index, kind, &root), Ok(Some(_))) {
            return Ok(root);
        }
        self.make_room(&mut state, size)?;
        disk::write(&self.dir, kind, &root, bytes)?;
        state.index.insert(kind, root, size);
        Ok(root)
    }

    /// The blob with this root; `None` if it is not kept here.
    pub fn get(&self, kind: ArtifactKind, root: &H256) -> Result<Option<Vec<u8>>, BlobError> {
        self.read_indexed(&mut self.state.lock().index, kind, root)
    }

    /// Up to `count` chunks of a blob from chunk number `first` on, each with its proof; `None` if the blob, or chunk
    /// `first` of it, is not kept here. Without a `count` it tells the length alone.
    pub fn chunks(&self, kind: ArtifactKind, root: &H256, first: u64, count: u32) -> Result<Option<Chunks>, BlobError> {
        let (length, leaves) = {
            let state = self.state.lock();
            let Some(length) = state.index.size(kind, root) else { return Ok(None) };
            (length, state.index.leaves(kind, root))
        };
        let total = chunk_count(length);
        if count == 0 || total == 0 {
            return Ok(Some(Chunks { length, chunks: Vec::new() }));
        }
        if first >= total {
            return Ok(None);
        }
        let count = u64::from(count).min(total.saturating_sub(first));
        let offset = first.saturating_mul(CHUNK_SIZE as u64);
        let wanted = count.saturating_mul(CHUNK_SIZE as u64).min(length.saturating_sub(offset));
        let (leaves, bytes) = match leaves {
            Some(leaves) => (leaves, disk::read_range(&self.dir, kind, root, offset, wanted as usize)?),
            None => {
                let Some(bytes) = self.get(kind, root)? else { return Ok(None) };
                let leaves: Arc<[H256]> = merkle::chunk_leaves(&bytes).into();
                if total > HASHED_EVERY_TIME {
                    self.state.lock().index.keep_leaves(kind, root, leaves.clone());
                }
                let range = offset as usize..offset.saturating_add(wanted) as usize;
                (leaves, bytes.get(range).map(<[u8]>::to_vec))
            }
        };
        let Some(bytes) = bytes else {
            // Cut short, or gone: the index learns of it.
            return self.get(kind, root).map(|_| None);
        };
        let mut chunks = Vec::new();
        for (index, bytes) in (first as usize..).zip(bytes.chunks(CHUNK_SIZE)) {
            let proof = merkle::prove(&leaves, index);
            match proof.filter(|_| leaves.get(index) == Some(&merkle::leaf(bytes))) {
                Some(proof) => chunks.push(Chunk { bytes: bytes.to_vec(), siblings: proof.siblings }),
                None => {
                    let mut state = self.state.lock();
                    disk::remove(&self.dir, kind, root)?;
                    state.index.remove(kind, root);
                    return Err(BlobError::Damaged { path: disk::path(&self.dir, kind, root) });
                }
            }
        }
        Ok(Some(Chunks { length, chunks }))
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
        self.length(kind, root).is_some()
    }

    /// Length of the blob in bytes if it is kept here, without reading it.
    pub fn length(&self, kind: ArtifactKind, root: &H256) -> Option<u64> {
        self.state.lock().index.size(kind, root)
    }

    /// Bytes of all blobs together, those included that downloads hold or will need.
    pub fn size(&self) -> u64 {
        let state = self.state.lock();
        state.index.total().saturating_add(state.downloads.total())
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Keep a blob from eviction, or no longer. Whether it is here.
    pub(crate) fn pin(&self, kind: ArtifactKind, root: &H256, pinned: bool) -> bool {
        self.state.lock().index.pin(kind, root, pinned)
    }

    fn read_indexed(&self, index: &mut Index, kind: ArtifactKind, root: &H256) -> Result<Option<Vec<u8>>, BlobError> {
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

    /// Make room for `size` bytes more: beginnings of blobs that nobody goes on with are removed first, then blobs, in both
    /// cases the oldest first.
    fn make_room(&self, state: &mut State, size: u64) -> Result<(), BlobError> {
        let taken = |state: &State| state.index.total().saturating_add(state.downloads.total());
        while taken(state).saturating_add(size) > self.limits.disk {
            if let Some((kind, root)) = state.downloads.oldest_idle() {
                disk::remove_partial(&self.dir, kind, &root)?;
                state.downloads.remove(kind, &root);
            } else if let Some((kind, root)) = state.index.oldest() {
                disk::remove(&self.dir, kind, &root)?;
                state.index.remove(kind, &root);
            } else {
                return Err(BlobError::NoRoom { size, limit: self.limits.disk });
            }
        }
        Ok(())
    }

    /// Remove what is too much of the beginnings of blobs. A file that cannot be removed is forgotten all the same.
    fn forget_idle(&self, state: &mut State) {
        while state.downloads.too_many_idle() {
            let Some((kind, root)) = state.downloads.oldest_idle() else { return };
            if let Err(error) = disk::remove_partial(&self.dir, kind, &root) {
                log::warn!(target: LOG_TARGET, "A download that was given up stays on disk: {error}");
            }
            state.downloads.remove(kind, &root);
        }
    }
}
