//! Blobs on their way here: their proved chunks, in order, kept across interruptions and restarts.

use super::{blob_store::BlobStore, disk, downloads::Begun, error::BlobError};
use crate::{
    limits::Limits,
    message::{chunk_count, Proved},
};
use parking_lot::Mutex;
use sp_core::H256;
use std::{
    io::{Read, Seek, SeekFrom, Write},
    sync::Arc,
};
use strike_primitives::{
    artifact::{typed_root, ArtifactKind},
    merkle::{self, CHUNK_SIZE},
};

/// A blob on its way here. Only chunks that were proved against its root are kept. Downloads of the same blob at the same
/// time go on with the same file. If all of them are dropped before it is complete, what is there stays for the next
/// time.
pub struct Download {
    store: Arc<BlobStore>,
    kind: ArtifactKind,
    root: H256,
    begun: Arc<Mutex<Begun>>,
}

/// How far a download is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// Chunks are missing, from this one on.
    Missing(u64),
    /// The blob is in the store.
    Complete,
    /// What was kept of an earlier time turned out to be damaged and was removed: it begins again with the first chunk.
    Damaged,
}

impl Download {
    /// Begin, go on where an earlier download of the same blob ended, or join the one that is going on. Reads and
    /// hashes what is there.
    pub fn begin(store: Arc<BlobStore>, kind: ArtifactKind, root: H256) -> Result<Self, BlobError> {
        if !matches!(kind, ArtifactKind::File | ArtifactKind::Output) {
            return Err(BlobError::KindNotStored(kind));
        }
        let begun = store.state.lock().downloads.join(kind, root);
        // From here on dropping it leaves, so that what is on disk stays counted whatever fails.
        let download = Self { store, kind, root, begun };
        download.open(&mut download.begun.lock())?;
        Ok(download)
    }

    /// Open the file, cut where its last whole chunk begins, and hash what is left. The last chunk is fetched again, so
    /// that there is always one to ask for: it proves the length.
    fn open(&self, begun: &mut Begun) -> Result<(), BlobError> {
        if begun.complete || begun.file.is_some() {
            return Ok(());
        }
        let (store, kind, root) = (&self.store, self.kind, &self.root);
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
        store.state.lock().downloads.reserve(kind, root, Limits::cost(kept));
        *begun = Begun { file: Some(file), leaves, length: None, complete: false };
        Ok(())
    }

    /// Number of the first chunk that is missing.
    pub fn next(&self) -> u64 {
        self.begun.lock().next()
    }

    /// How many chunks are missing; `None` until the length is known.
    pub fn missing(&self) -> Option<u64> {
        let begun = self.begun.lock();
        begun.length.map(|length| chunk_count(length).saturating_sub(begun.next()))
    }

    /// Whether the blob is in the store, by whomever it was completed.
    pub fn is_complete(&self) -> bool {
        self.begun.lock().complete
    }

    /// Keep proved chunks. They have to be of this blob; those are left alone that are here already, or that do not
    /// follow.
    pub fn keep(&self, proved: Proved) -> Result<Progress, BlobError> {
        let mut begun = self.begun.lock();
        self.open(&mut begun)?;
        if begun.complete {
            return Ok(Progress::Complete);
        }
        let next = begun.next();
        let here = next.checked_sub(proved.first);
        let Some(here) = here.filter(|here| proved.length == 0 || *here < proved.chunks.len() as u64) else {
            return Ok(Progress::Missing(next));
        };
        if begun.length.is_none() {
            let held = next.saturating_mul(CHUNK_SIZE as u64);
            self.store.reserve(self.kind, &self.root, held, proved.length)?;
            begun.length = Some(proved.length);
        }
        for chunk in proved.chunks.iter().skip(here as usize) {
            let Some(file) = &mut begun.file else { break };
            if let Err(source) = file.write_all(chunk) {
                // What of it is on disk is not known: the next call opens the file again.
                *begun = Begun::default();
                let path = disk::partial_path(self.store.dir(), self.kind, &self.root);
                return Err(BlobError::Io { doing: "writing", path, source });
            }
            begun.leaves.push(merkle::leaf(chunk));
        }
        if begun.next() < chunk_count(proved.length) {
            return Ok(Progress::Missing(begun.next()));
        }
        self.place(&mut begun, proved.length)
    }

    fn place(&self, begun: &mut Begun, length: u64) -> Result<Progress, BlobError> {
        let (dir, kind, root) = (self.store.dir(), self.kind, &self.root);
        let path = disk::partial_path(dir, kind, root);
        // The chunks of an earlier time were proved then; what the disk made of them since shows here.
        if typed_root(kind, length, merkle::top(&begun.leaves)) != *root {
            *begun = Begun::default();
            disk::remove_partial(dir, kind, root)?;
            self.open(begun)?;
            return Ok(Progress::Damaged);
        }
        if let Some(file) = &begun.file {
            file.sync_all().map_err(disk::io_error("syncing", &path))?;
        }
        let _writing = self.store.writing.lock();
        if self.store.contains(kind, root) {
            // Made or stored here meanwhile.
            disk::remove_partial(dir, kind, root)?;
        } else {
            disk::place_partial(dir, kind, root)?;
        }
        let mut state = self.store.state.lock();
        state.index.insert(kind, *root, length, Some(begun.leaves.as_slice().into()));
        // If it was here already, it is needed anew.
        state.index.touch(kind, root);
        state.downloads.remove(kind, root);
        begun.file = None;
        begun.complete = true;
        Ok(Progress::Complete)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let (dir, kind, root) = (self.store.dir(), self.kind, &self.root);
        let mut state = self.store.state.lock();
        if !state.downloads.leave(kind, root, &self.begun) {
            return;
        }
        state.downloads.remove(kind, root);
        match std::fs::metadata(disk::partial_path(dir, kind, root)) {
            Ok(file) if file.is_file() && file.len() > 0 => {
                state.downloads.insert_idle(kind, *root, file.len());
                self.store.forget_idle(&mut state);
            }
            _ => {
                let _ = disk::remove_partial(dir, kind, root);
            }
        }
    }
}
