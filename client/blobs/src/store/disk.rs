//! Files and directories of the store: `<dir>/<kind>/<first two hex digits>/<root>`, `<dir>/partial/<kind>-<root>`,
//! `<dir>/tmp/` and `<dir>/uploads`.

use super::{error::BlobError, index::Index};
use sp_core::H256;
use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    fs, io,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};
use strike_primitives::{
    artifact::{typed_root, ArtifactKind},
    merkle::{self, CHUNK_SIZE},
};

/// The kinds kept and the names of their directories.
const KINDS: [(ArtifactKind, &str); 2] = [(ArtifactKind::File, "file"), (ArtifactKind::Output, "output")];
const TEMPORARY: &str = "tmp";
const PARTIAL: &str = "partial";
const LEDGER: &str = "uploads";

pub(crate) enum Content {
    Absent,
    /// The file's size is not the one it was stored with; it was not read.
    OtherSize,
    Bytes(Vec<u8>),
}

fn kind_dir(kind: ArtifactKind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("other", |(_, name)| name)
}

pub(crate) fn io_error<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> BlobError + 'a {
    move |source| BlobError::Io { doing, path: path.to_path_buf(), source }
}

pub(crate) fn path(dir: &Path, kind: ArtifactKind, root: &H256) -> PathBuf {
    let name = hex::encode(root.as_bytes());
    dir.join(kind_dir(kind)).join(&name[..2]).join(name)
}

fn root_of(name: &str) -> Option<H256> {
    let mut bytes = [0u8; 32];
    hex::decode_to_slice(name, &mut bytes).ok()?;
    // Another spelling of the same root would be another file.
    (hex::encode(bytes) == name).then_some(H256(bytes))
}

/// When it was stored, what names it, its size.
type OnDisk = (SystemTime, ArtifactKind, H256, u64);

/// Create what is missing, remove what an interrupted write left, and list the blobs, oldest first. Of more than `files`
/// the oldest are removed, so that any number of them is listed in little memory. Those of `pinned` stay. Files with other
/// names are not ours and stay.
pub(crate) fn scan(dir: &Path, pinned: &BTreeSet<H256>, files: usize) -> Result<Index, BlobError> {
    let temporary = dir.join(TEMPORARY);
    fs::create_dir_all(&temporary).map_err(io_error("creating", &temporary))?;
    for entry in fs::read_dir(&temporary).map_err(io_error("reading", &temporary))? {
        let entry = entry.map_err(io_error("reading", &temporary))?;
        let leftover = entry.path();
        let is_folder = entry.file_type().is_ok_and(|file_type| file_type.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&leftover) } else { fs::remove_file(&leftover) };
        removed.map_err(io_error("removing", &leftover))?;
    }

    let mut kept: Vec<OnDisk> = Vec::new();
    let mut others: BinaryHeap<Reverse<OnDisk>> = BinaryHeap::new();
    for (kind, name) in KINDS {
        let kind_dir = dir.join(name);
        fs::create_dir_all(&kind_dir).map_err(io_error("creating", &kind_dir))?;
        for shard in fs::read_dir(&kind_dir).map_err(io_error("reading", &kind_dir))? {
            let shard = shard.map_err(io_error("reading", &kind_dir))?.path();
            if !shard.is_dir() {
                continue;
            }
            for file in fs::read_dir(&shard).map_err(io_error("reading", &shard))? {
                let file = file.map_err(io_error("reading", &shard))?;
                let Some(root) = file.file_name().to_str().and_then(root_of) else {
                    continue;
                };
                let at = file.path();
                let metadata = match file.metadata() {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    metadata => metadata.map_err(io_error("reading", &at))?,
                };
                if !metadata.is_file() || at != path(dir, kind, &root) {
                    continue;
                }
                // Nobody would read it, and so learn that it was cut off.
                if metadata.len() == 0 && typed_root(kind, 0, merkle::top(&[])) != root {
                    fs::remove_file(&at).map_err(io_error("removing", &at))?;
                    continue;
                }
                let blob = (metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), kind, root, metadata.len());
                if is_pinned(pinned, kind, &root) {
                    kept.push(blob);
                    continue;
                }
                others.push(Reverse(blob));
                if others.len() > files {
                    if let Some(Reverse((_, kind, root, _))) = others.pop() {
                        remove(dir, kind, &root)?;
                    }
                }
            }
        }
    }
    kept.extend(others.into_iter().map(|Reverse(blob)| blob));
    // The root breaks ties, so that a rescan gives the same order.
    kept.sort_unstable();
    let mut index = Index::default();
    for (_, kind, root, size) in kept {
        index.insert(kind, root, size, None);
        if is_pinned(pinned, kind, &root) {
            index.pin(kind, &root, true);
        }
    }
    Ok(index)
}

/// Uploads are files.
fn is_pinned(pinned: &BTreeSet<H256>, kind: ArtifactKind, root: &H256) -> bool {
    kind == ArtifactKind::File && pinned.contains(root)
}

/// Let a blob be the newest of the next [`scan`].
pub(crate) fn touch(dir: &Path, kind: ArtifactKind, root: &H256) -> Result<(), BlobError> {
    let path = path(dir, kind, root);
    let file = fs::File::options().append(true).open(&path);
    file.and_then(|file| file.set_modified(SystemTime::now())).map_err(io_error("touching", &path))
}

/// Write whole or not at all: a temporary file, synced, renamed, and the directory synced.
pub(crate) fn write(dir: &Path, kind: ArtifactKind, root: &H256, bytes: &[u8]) -> Result<(), BlobError> {
    let target = path(dir, kind, root);
    let shard = create_shard(dir, &target)?;
    replace(&dir.join(TEMPORARY).join(hex::encode(root.as_bytes())), &target, bytes)?;
    sync_folder(shard)
}

/// The folder of a file, made if needed so that it outlives a loss of power.
fn create_shard<'a>(dir: &'a Path, target: &'a Path) -> Result<&'a Path, BlobError> {
    let shard = target.parent().unwrap_or(dir);
    if !shard.is_dir() {
        fs::create_dir_all(shard).map_err(io_error("creating", shard))?;
        let kind_dir = shard.parent().unwrap_or(dir);
        sync_folder(kind_dir)?;
        sync_folder(kind_dir.parent().unwrap_or(dir))?;
    }
    Ok(shard)
}

fn sync_folder(folder: &Path) -> Result<(), BlobError> {
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("syncing", folder))
}

fn replace(temporary: &Path, target: &Path, bytes: &[u8]) -> Result<(), BlobError> {
    let written = (|| {
        let mut file = fs::File::create(temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(temporary, target)
    })();
    written.map_err(|source| {
        // The disk may be full; give back what was taken. The error that matters is the first.
        let _ = fs::remove_file(temporary);
        BlobError::Io { doing: "writing", path: target.to_path_buf(), source }
    })
}

/// Read the list of uploads; `None` if there is none.
pub(crate) fn read_ledger(dir: &Path) -> Result<Option<Vec<u8>>, BlobError> {
    let path = dir.join(LEDGER);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("reading", &path)(error)),
    }
}

/// Replace the list of uploads, whole or not at all.
pub(crate) fn write_ledger(dir: &Path, bytes: &[u8]) -> Result<(), BlobError> {
    replace(&dir.join(TEMPORARY).join(LEDGER), &dir.join(LEDGER), bytes)?;
    sync_folder(dir)
}

/// Read a file that should have `size` bytes.
pub(crate) fn read(dir: &Path, kind: ArtifactKind, root: &H256, size: u64) -> Result<Content, BlobError> {
    let path = path(dir, kind, root);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.len() != size => return Ok(Content::OtherSize),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::Absent),
        Err(error) => return Err(io_error("reading", &path)(error)),
    }
    fs::read(&path).map(Content::Bytes).map_err(io_error("reading", &path))
}

pub(crate) fn remove(dir: &Path, kind: ArtifactKind, root: &H256) -> Result<(), BlobError> {
    let path = path(dir, kind, root);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("removing", &path)(error)),
        _ => Ok(()),
    }
}

/// Read `length` bytes from `offset` on; `None` where the file is gone or has not as many.
pub(crate) fn read_range(
    dir: &Path,
    kind: ArtifactKind,
    root: &H256,
    offset: u64,
    length: usize,
) -> Result<Option<Vec<u8>>, BlobError> {
    let path = path(dir, kind, root);
    let mut bytes = vec![0; length];
    let read = fs::File::open(&path).and_then(|mut file| {
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut bytes)
    });
    match read {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => Ok(None),
        Err(error) => Err(io_error("reading", &path)(error)),
    }
}

/// Leaf hashes of a file that should have `size` bytes, read chunk by chunk; `None` where it is gone or has another
/// size.
pub(crate) fn leaves(dir: &Path, kind: ArtifactKind, root: &H256, size: u64) -> Result<Option<Vec<H256>>, BlobError> {
    let path = path(dir, kind, root);
    let read = fs::File::open(&path).and_then(|mut file| {
        if file.metadata()?.len() != size {
            return Ok(None);
        }
        let mut leaves = Vec::new();
        let (mut left, mut chunk) = (size, vec![0; CHUNK_SIZE]);
        while left > 0 {
            let length = left.min(CHUNK_SIZE as u64);
            let bytes = &mut chunk[..length as usize];
            file.read_exact(bytes)?;
            leaves.push(merkle::leaf(bytes));
            left -= length;
        }
        Ok(Some(leaves))
    });
    match read {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => Ok(None),
        read => read.map_err(io_error("reading", &path)),
    }
}

/// Where the beginning of a blob is kept that is still on its way.
pub(crate) fn partial_path(dir: &Path, kind: ArtifactKind, root: &H256) -> PathBuf {
    dir.join(PARTIAL).join(format!("{}-{}", kind_dir(kind), hex::encode(root.as_bytes())))
}

/// The beginnings of blobs that are on disk, with their bytes, oldest first. Files with other names are not ours and
/// stay.
pub(crate) fn scan_partial(dir: &Path) -> Result<Vec<(ArtifactKind, H256, u64)>, BlobError> {
    let folder = dir.join(PARTIAL);
    fs::create_dir_all(&folder).map_err(io_error("creating", &folder))?;
    let mut found = Vec::new();
    for file in fs::read_dir(&folder).map_err(io_error("reading", &folder))? {
        let file = file.map_err(io_error("reading", &folder))?;
        let name = file.file_name();
        let Some((kind, root)) = name.to_str().and_then(|name| name.split_once('-')) else { continue };
        let kind = KINDS.iter().find(|(_, known)| *known == kind).map(|(kind, _)| *kind);
        let (Some(kind), Some(root)) = (kind, root_of(root)) else { continue };
        let at = file.path();
        let metadata = file.metadata().map_err(io_error("reading", &at))?;
        if metadata.is_file() {
            found.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), kind, root, metadata.len()));
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, kind, root, length)| (kind, root, length)).collect())
}

/// Open the beginning of a blob for reading and writing, making it if there is none.
pub(crate) fn open_partial(dir: &Path, kind: ArtifactKind, root: &H256) -> Result<fs::File, BlobError> {
    let path = partial_path(dir, kind, root);
    let opened = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    opened.map_err(io_error("opening", &path))
}

pub(crate) fn remove_partial(dir: &Path, kind: ArtifactKind, root: &H256) -> Result<(), BlobError> {
    let path = partial_path(dir, kind, root);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("removing", &path)(error)),
        _ => Ok(()),
    }
}

/// Move a blob that is complete, and synced, to its place.
pub(crate) fn place_partial(dir: &Path, kind: ArtifactKind, root: &H256) -> Result<(), BlobError> {
    let (from, target) = (partial_path(dir, kind, root), path(dir, kind, root));
    let shard = create_shard(dir, &target)?;
    fs::rename(&from, &target).map_err(io_error("writing", &target))?;
    sync_folder(shard)
}
