//! The blobs in one directory: stored whole or not at all, verified on every read, evicted within limits.

use super::{
    disk,
    downloads::Downloads,
    error::BlobError,
    index::{Found, Index},
    ledger::Ledger,
};
use crate::{
    limits::{Limits, LOG_TARGET},
    message::{chunk_count, Chunk, Chunks},
};
use parking_lot::Mutex;
use sp_core::H256;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use strike_primitives::{
    artifact::{output_bytes, typed_root, ArtifactKind},
    merkle::{self, CHUNK_SIZE},
};

/// Root by which `bytes` are named as a blob of `kind`; `None` for kinds that are not one blob.
pub fn blob_root(kind: ArtifactKind, bytes: &[u8]) -> Option<H256> {
    hash(kind, bytes).map(|(root, _)| root)
}

/// [`blob_root`], and the leaf hashes that it is made of.
fn hash(kind: ArtifactKind, bytes: &[u8]) -> Option<(H256, Arc<[H256]>)> {
    match kind {
        ArtifactKind::File | ArtifactKind::Output => {
            let leaves: Arc<[H256]> = merkle::chunk_leaves(bytes).into();
            Some((typed_root(kind, bytes.len() as u64, merkle::top(&leaves)), leaves))
        }
        ArtifactKind::Bundle | ArtifactKind::Weights | ArtifactKind::Dataset | ArtifactKind::Adapter => None,
    }
}

/// The blobs in one directory. All methods may be called from any thread; they block on the disk.
pub struct BlobStore {
    dir: PathBuf,
    pub(super) limits: Limits,
    /// Held while a blob is added or room is taken, through the writing. Locked before `state`.
    pub(super) writing: Mutex<()>,
    /// Never held while a blob is read, hashed or written: every answer to other nodes needs it.
    pub(crate) state: Mutex<State>,
}

pub(crate) struct State {
    pub(super) index: Index,
    pub(super) downloads: Downloads,
}

impl BlobStore {
    /// Open the store in `dir`, creating it if needed. Removes what an interrupted write left behind, and evicts if the
    /// limits are lower than they were, or the store holds more than they allow for another reason. Uploads are kept even so.
    pub fn open(dir: impl Into<PathBuf>, limits: Limits) -> Result<Self, BlobError> {
        if limits.disk < Limits::cost(limits.blob) || limits.files == 0 {
            let Limits { blob, disk, files } = limits;
            return Err(BlobError::LimitsContradict { blob, disk, files });
        }
        let dir = dir.into();
        let pinned = Ledger::read(&dir)?.entries.into_keys().collect();
        let index = disk::scan(&dir, &pinned, limits.files)?;
        let mut downloads = Downloads::default();
        for (kind, root, bytes) in disk::scan_partial(&dir)? {
            downloads.insert_idle(kind, root, bytes);
        }
        let store = Self { dir, limits, writing: Mutex::new(()), state: Mutex::new(State { index, downloads }) };
        store.forget_idle(&mut store.state.lock());
        match store.make_room(0, 0, 0) {
            // Nothing is left but uploads: no more is taken until they are let go.
            Err(error @ BlobError::NoRoom { .. }) => log::warn!(target: LOG_TARGET, "Uploads take all room: {error}"),
            made => made?,
        }
        Ok(store)
    }

    /// Store `bytes` and return the root they are named by. Storing what is there already makes it the newest.
    pub fn put(&self, kind: ArtifactKind, bytes: &[u8]) -> Result<H256, BlobError> {
        let size = bytes.len() as u64;
        if size > self.limits.blob {
            return Err(BlobError::TooLarge { size, limit: self.limits.blob });
        }
        let (root, leaves) = hash(kind, bytes).ok_or(BlobError::KindNotStored(kind))?;
        let _writing = self.writing.lock();
        // A damaged copy is removed by the read and then replaced.
        if matches!(self.get(kind, &root), Ok(Some(_))) {
            self.state.lock().index.touch(kind, &root);
            // So that it is the newest after a restart too; only the order of eviction hangs on it.
            if let Err(error) = disk::touch(&self.dir, kind, &root) {
                log::debug!(target: LOG_TARGET, "A blob that is stored again keeps its age on disk: {error}");
            }
            return Ok(root);
        }
        self.make_room(size, Limits::cost(size), 1)?;
        disk::write(&self.dir, kind, &root, bytes)?;
        self.state.lock().index.insert(kind, root, size, Some(leaves));
        Ok(root)
    }

    /// The blob with this root; `None` if it is not kept here.
    pub fn get(&self, kind: ArtifactKind, root: &H256) -> Result<Option<Vec<u8>>, BlobError> {
        loop {
            let Some(found) = self.find(kind, root) else { return Ok(None) };
            let damaged = match disk::read(&self.dir, kind, root, found.size)? {
                disk::Content::Absent => false,
                disk::Content::OtherSize => true,
                disk::Content::Bytes(bytes) => match hash(kind, &bytes) {
                    Some((actual, leaves)) if actual == *root => {
                        if found.leaves.is_none() {
                            self.state.lock().index.keep_leaves(kind, root, found.id, leaves);
                        }
                        return Ok(Some(bytes));
                    }
                    _ => true,
                },
            };
            match self.forget(kind, root, &found, damaged)? {
                true if damaged => return Err(BlobError::Damaged { path: disk::path(&self.dir, kind, root) }),
                true => return Ok(None),
                // Removed, and perhaps stored again, while it was read.
                false => {}
            }
        }
    }

    /// Up to `count` chunks of a blob from chunk number `first` on, each with its proof; `None` if the blob, or chunk
    /// `first` of it, is not kept here. Without a `count` it tells the length alone.
    pub fn chunks(&self, kind: ArtifactKind, root: &H256, first: u64, count: u32) -> Result<Option<Chunks>, BlobError> {
        let Some(found) = self.find(kind, root) else { return Ok(None) };
        let (length, total) = (found.size, chunk_count(found.size));
        let empty = Chunks { length, chunks: Vec::new() };
        if count == 0 && total > 0 {
            return Ok(Some(empty));
        }
        if first >= total && total > 0 {
            return Ok(None);
        }
        let leaves = match &found.leaves {
            Some(leaves) => Some(leaves.clone()),
            None => disk::leaves(&self.dir, kind, root, length)?
                .filter(|leaves| typed_root(kind, length, merkle::top(leaves)) == *root)
                .map(Arc::<[H256]>::from),
        };
        // Damaged, cut short, or gone: a read of the whole tells which.
        let Some(leaves) = leaves else { return self.get(kind, root).map(|_| None) };
        if found.leaves.is_none() {
            self.state.lock().index.keep_leaves(kind, root, found.id, leaves.clone());
        }
        if total == 0 {
            return Ok(Some(empty));
        }
        let (offset, wanted) = range(length, first, count);
        let Some(bytes) = disk::read_range(&self.dir, kind, root, offset, wanted as usize)? else {
            return self.get(kind, root).map(|_| None);
        };
        let mut chunks = Vec::new();
        for (index, bytes) in (first as usize..).zip(bytes.chunks(CHUNK_SIZE)) {
            let proof = merkle::prove(&leaves, index);
            match proof.filter(|_| leaves.get(index) == Some(&merkle::leaf(bytes))) {
                Some(proof) => chunks.push(Chunk { bytes: bytes.to_vec(), siblings: proof.siblings }),
                None => {
                    self.forget(kind, root, &found, true)?;
                    return Err(BlobError::Damaged { path: disk::path(&self.dir, kind, root) });
                }
            }
        }
        Ok(Some(Chunks { length, chunks }))
    }

    /// Bytes that [`Self::chunks`] reads: all of a blob that was not hashed since the store was opened. `None` if it is
    /// not kept here.
    pub(crate) fn to_read(&self, kind: ArtifactKind, root: &H256, first: u64, count: u32) -> Option<u64> {
        let found = self.find(kind, root)?;
        let (_, wanted) = range(found.size, first, count);
        Some(if wanted > 0 && found.leaves.is_none() { found.size } else { wanted })
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

    /// What all blobs cost together ([`Limits::cost`]), those included that downloads hold or will need.
    pub fn size(&self) -> u64 {
        let state = self.state.lock();
        state.index.total().saturating_add(state.downloads.total())
    }

    /// How many blobs and downloads there are.
    pub fn files(&self) -> usize {
        let state = self.state.lock();
        state.index.len().saturating_add(state.downloads.len())
    }

    /// Now, for [`Self::remove_older`]: what is stored from here on is younger.
    pub(crate) fn age(&self) -> u64 {
        self.state.lock().index.age()
    }

    /// Remove the blobs that are older than [`Self::age`] was and that nobody needs: those that are pinned stay, and those
    /// that are to be kept. Returns how many were removed.
    pub(crate) fn remove_older(
        &self,
        age: u64,
        keep: impl Fn(&(ArtifactKind, H256)) -> bool,
    ) -> Result<usize, BlobError> {
        let mut removed = 0usize;
        let old = self.state.lock().index.older(age, keep);
        for (kind, root) in old {
            // One at a time: answers to other nodes wait for the lock. It may have been stored again meanwhile.
            let mut state = self.state.lock();
            if state.index.is_older(kind, &root, age) {
                disk::remove(&self.dir, kind, &root)?;
                state.index.remove(kind, &root);
                removed = removed.saturating_add(1);
            }
        }
        Ok(removed)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Keep a blob from eviction, or no longer. Whether it is here.
    pub(crate) fn pin(&self, kind: ArtifactKind, root: &H256, pinned: bool) -> bool {
        self.state.lock().index.pin(kind, root, pinned)
    }

    fn find(&self, kind: ArtifactKind, root: &H256) -> Option<Found> {
        self.state.lock().index.find(kind, root)
    }

    /// Take a blob out of the index whose file is gone or is to be removed, unless it is no longer the one that was
    /// found. Whether it was.
    fn forget(&self, kind: ArtifactKind, root: &H256, found: &Found, remove: bool) -> Result<bool, BlobError> {
        let mut state = self.state.lock();
        if state.index.find(kind, root).is_none_or(|now| now.id != found.id) {
            return Ok(false);
        }
        if remove {
            disk::remove(&self.dir, kind, root)?;
        }
        state.index.remove(kind, root);
        Ok(true)
    }

    /// Take room for a download of `length` bytes, of which `held` are here.
    pub(super) fn reserve(&self, kind: ArtifactKind, root: &H256, held: u64, length: u64) -> Result<(), BlobError> {
        let limit = self.limits.blob;
        if length > limit {
            return Err(BlobError::TooLarge { size: length, limit });
        }
        let _writing = self.writing.lock();
        // What is on disk is part of the whole and not counted twice.
        self.state.lock().downloads.reserve(kind, root, 0);
        let room = self.make_room(length, Limits::cost(length), 0);
        let taken = if room.is_ok() { length } else { held };
        self.state.lock().downloads.reserve(kind, root, Limits::cost(taken));
        room
    }

    /// Make room for a blob of `size` bytes: for what it costs, and for so many more files. Removes downloads that nobody goes on with, then blobs, both the oldest first. The
    /// caller holds `writing`, so that nobody else takes the room; others read in between.
    fn make_room(&self, size: u64, cost: u64, more: usize) -> Result<(), BlobError> {
        let Limits { disk: most, files, .. } = self.limits;
        loop {
            let mut state = self.state.lock();
            let taken = state.index.total().saturating_add(state.downloads.total());
            let count = state.index.len().saturating_add(state.downloads.len());
            if taken.saturating_add(cost) <= most && count.saturating_add(more) <= files {
                return Ok(());
            }
            if let Some((kind, root)) = state.downloads.oldest_idle() {
                disk::remove_partial(&self.dir, kind, &root)?;
                state.downloads.remove(kind, &root);
            } else if let Some((kind, root)) = state.index.oldest() {
                disk::remove(&self.dir, kind, &root)?;
                state.index.remove(kind, &root);
            } else {
                return Err(BlobError::NoRoom { size, disk: most, files });
            }
        }
    }

    /// Remove what is too much of the beginnings of blobs. A file that cannot be removed is forgotten all the same.
    pub(super) fn forget_idle(&self, state: &mut State) {
        while state.downloads.too_many_idle() {
            let Some((kind, root)) = state.downloads.oldest_idle() else { return };
            if let Err(error) = disk::remove_partial(&self.dir, kind, &root) {
                log::warn!(target: LOG_TARGET, "A download that was given up stays on disk: {error}");
            }
            state.downloads.remove(kind, &root);
        }
    }
}

/// Where up to `count` chunks from chunk number `first` on lie in a blob of `length` bytes: offset, and bytes.
fn range(length: u64, first: u64, count: u32) -> (u64, u64) {
    let offset = first.saturating_mul(CHUNK_SIZE as u64);
    (offset, u64::from(count).saturating_mul(CHUNK_SIZE as u64).min(length.saturating_sub(offset)))
}
