//! Blobs on their way here: their proved chunks, in order, kept across interruptions and restarts.

use crate::{
    disk,
    message::{chunk_count, Proved},
    BlobError, BlobStore,
};
use sp_core::H256;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    sync::Arc,
};
use strike_primitives::{
    artifact::{typed_root, ArtifactKind},
    merkle::{self, CHUNK_SIZE},
};

/// Most beginnings of blobs that are kept for later.
const MAX_IDLE: usize = 64;

/// What downloads take of the disk.
#[derive(Default)]
pub(crate) struct Downloads {
    entries: BTreeMap<(ArtifactKind, H256), Entry>,
    next: u64,
}

struct Entry {
    /// Bytes on disk, or those the whole will have once its length is known.
    bytes: u64,
    active: bool,
    sequence: u64,
}

impl Downloads {
    /// Add a beginning that nobody goes on with now, as the newest.
    pub fn insert_idle(&mut self, kind: ArtifactKind, root: H256, bytes: u64) {
        self.entries.insert((kind, root), Entry { bytes, active: false, sequence: self.next });
        self.next += 1;
    }

    pub fn total(&self) -> u64 {
        self.entries.values().map(|entry| entry.bytes).sum()
    }

    /// The beginning that was left alone longest.
    pub fn oldest_idle(&self) -> Option<(ArtifactKind, H256)> {
        let idle = self.entries.iter().filter(|(_, entry)| !entry.active);
        idle.min_by_key(|(_, entry)| entry.sequence).map(|(key, _)| *key)
    }

    pub fn too_many_idle(&self) -> bool {
        self.entries.values().filter(|entry| !entry.active).count() > MAX_IDLE
    }

    pub fn remove(&mut self, kind: ArtifactKind, root: &H256) {
        self.entries.remove(&(kind, *root));
    }

    /// Whether nobody else is at it; from now on the caller is.
    fn begin(&mut self, kind: ArtifactKind, root: H256) -> bool {
        let sequence = self.next;
        let entry = self.entries.entry((kind, root)).or_insert(Entry { bytes: 0, active: false, sequence });
        self.next += 1;
        entry.sequence = sequence;
        !std::mem::replace(&mut entry.active, true)
    }

    fn reserve(&mut self, kind: ArtifactKind, root: H256, bytes: u64) {
        if let Some(entry) = self.entries.get_mut(&(kind, root)) {
            entry.bytes = bytes;
        }
    }
}

/// A blob on its way here. Only chunks that were proved against its root are kept. What is there stays for the next time if
/// this is dropped before the blob is complete.
pub struct Download {
    store: Arc<BlobStore>,
    kind: ArtifactKind,
    root: H256,
    file: File,
    leaves: Vec<H256>,
    /// Length of the whole, once it was proved.
    length: Option<u64>,
    complete: bool,
}

/// How far a download is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// Chunks are missing, from this one on.
    Missing(u64),
    /// The blob is in the store.
    Complete,
    /// What was kept of an earlier time turned out to be damaged and was removed: begin again.
    Damaged,
}

impl Download {
    /// Begin, or go on where an earlier download of the same blob ended. `None` while another one is going on.
    pub fn begin(store: Arc<BlobStore>, kind: ArtifactKind, root: H256) -> Result<Option<Self>, BlobError> {
        if !matches!(kind, ArtifactKind::File | ArtifactKind::Output) {
            return Err(BlobError::KindNotStored(kind));
        }
        if !store.state.lock().downloads.begin(kind, root) {
            return Ok(None);
        }
        let opened = Self::resume(&store, kind, &root);
        let (file, leaves) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                store.state.lock().downloads.remove(kind, &root);
                return Err(error);
            }
        };
        Ok(Some(Self { store, kind, root, file, leaves, length: None, complete: false }))
    }

    /// The file, cut where its last whole chunk begins, and the leaves of what is left. The last chunk is fetched again, so
    /// that there is always one to ask for: it proves the length.
    fn resume(store: &BlobStore, kind: ArtifactKind, root: &H256) -> Result<(File, Vec<H256>), BlobError> {
        let path = disk::partial_path(store.dir(), kind, root);
        let error = |source| BlobError::Io { doing: "reading", path: path.clone(), source };
        let mut file = disk::open_partial(store.dir(), kind, root)?;
        let on_disk = file.metadata().map_err(error)?.len().min(store.limits.blob);
        let chunks = (on_disk / CHUNK_SIZE as u64).saturating_sub(1);
        let mut leaves = Vec::new();
        let mut chunk = vec![0; CHUNK_SIZE];
        for _ in 0..chunks {
            file.read_exact(&mut chunk).map_err(error)?;
            leaves.push(merkle::leaf(&chunk));
        }
        let kept = chunks.saturating_mul(CHUNK_SIZE as u64);
        file.set_len(kept).map_err(error)?;
        file.seek(SeekFrom::Start(kept)).map_err(error)?;
        store.state.lock().downloads.reserve(kind, *root, kept);
        Ok((file, leaves))
    }

    /// Number of the first chunk that is missing.
    pub fn next(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// How many chunks are missing; `None` until the length is known.
    pub fn missing(&self) -> Option<u64> {
        self.length.map(|length| chunk_count(length).saturating_sub(self.next()))
    }

    /// Keep proved chunks. They have to be of this blob and begin with [`Self::next`]; others are left alone.
    pub fn keep(&mut self, proved: Proved) -> Result<Progress, BlobError> {
        if proved.length > 0 && proved.first != self.next() {
            return Ok(Progress::Missing(self.next()));
        }
        if self.length.is_none() {
            let limit = self.store.limits.blob;
            if proved.length > limit {
                return Err(BlobError::TooLarge { size: proved.length, limit });
            }
            let mut state = self.store.state.lock();
            // What is on disk is part of the whole and not counted twice.
            state.downloads.reserve(self.kind, self.root, 0);
            let room = self.store.make_room(&mut state, proved.length);
            state.downloads.reserve(self.kind, self.root, proved.length);
            room?;
            self.length = Some(proved.length);
        }
        let path = disk::partial_path(self.store.dir(), self.kind, &self.root);
        for chunk in &proved.chunks {
            self.file.write_all(chunk).map_err(disk::io_error("writing", &path))?;
            self.leaves.push(merkle::leaf(chunk));
        }
        if self.next() < chunk_count(proved.length) {
            return Ok(Progress::Missing(self.next()));
        }
        self.place(proved.length)
    }

    fn place(&mut self, length: u64) -> Result<Progress, BlobError> {
        let (dir, kind, root) = (self.store.dir(), self.kind, &self.root);
        let path = disk::partial_path(dir, kind, root);
        // The chunks of an earlier time were proved then; what the disk made of them since shows here.
        if typed_root(kind, length, merkle::top(&self.leaves)) != *root {
            disk::remove_partial(dir, kind, root)?;
            return Ok(Progress::Damaged);
        }
        self.file.sync_all().map_err(disk::io_error("syncing", &path))?;
        let mut state = self.store.state.lock();
        if state.index.size(kind, root).is_some() {
            // Made or stored here meanwhile.
            disk::remove_partial(dir, kind, root)?;
        } else {
            disk::place_partial(dir, kind, root)?;
            state.index.insert(kind, *root, length);
        }
        state.downloads.remove(kind, root);
        self.complete = true;
        Ok(Progress::Complete)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        if self.complete {
            return;
        }
        let on_disk =
            std::fs::metadata(disk::partial_path(self.store.dir(), self.kind, &self.root)).map(|data| data.len());
        let mut state = self.store.state.lock();
        state.downloads.remove(self.kind, &self.root);
        if let Ok(on_disk @ 1..) = on_disk {
            state.downloads.insert_idle(self.kind, self.root, on_disk);
            self.store.forget_idle(&mut state);
        } else {
            let _ = disk::remove_partial(self.store.dir(), self.kind, &self.root);
        }
    }
}
