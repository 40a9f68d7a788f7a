//! The engine's cache files: panels as the engine computes with them, in a private folder. `FORMATS.md`, "Cache file".

mod folder;
mod format;
pub mod housekeeping;
pub(crate) mod mapped;
mod marker;

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use rayon::prelude::*;

pub use folder::default_folder;
use folder::fingerprint;
use format::{data_bytes, header_bytes, Directory, Entry};
use marker::Marker;

use crate::architecture::layout::{TensorKind, TensorShape};
use crate::cache::mapped::{Data, Image, Mapped, Place};
use crate::canonical::import::{import, ImportError, Progress, Target, Tensor, TensorReader};
use crate::canonical::merkle::{checksum, plain, Hash};
use crate::canonical::panels::panel_bytes;
use crate::containers::source::file_name;
use crate::error::ModelError;

/// When the data of a cache file are hashed before they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Each time.
    Always,
    /// Unless they have been since the machine started, and the file has not changed. As [`Self::Always`] where the system does
    /// not say when it started.
    OnceABoot,
    /// Never.
    Never,
}

/// Where the canonical form of a model is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheUse {
    /// In this folder; in memory if it cannot be written to.
    On(PathBuf),
    /// In memory.
    Off,
}

impl Default for CacheUse {
    /// `$STRIKE_CACHE`, or `.cache/strike/models` in the user's home.
    fn default() -> Self {
        folder::default_folder().map_or(Self::Off, Self::On)
    }
}

/// Why a model is not kept in a cache file: no file can be written there. It is imported into memory, for as long as it is open.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", .folder.display())]
pub struct CacheFailure {
    /// The cache's folder.
    pub folder: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

/// Who hears of it.
pub(crate) type OnFailure<'a> = Option<&'a (dyn Fn(&CacheFailure) + Sync)>;

/// A model's cache file.
pub(crate) struct CacheFile {
    folder: PathBuf,
    path: PathBuf,
    fingerprint: Hash,
    /// The model's files.
    sources: Vec<PathBuf>,
}

impl CacheFile {
    /// That of a model's files as they are now.
    pub fn new(folder: &Path, sources: Vec<PathBuf>) -> Result<Self, ModelError> {
        let fingerprint = fingerprint(&sources)?;
        let path = folder.join(format!("{}.panels", housekeeping::stem(&fingerprint)));
        Ok(Self { folder: folder.to_owned(), path, fingerprint, sources })
    }

    /// The model in the file; `None` if there is no file, or if anything about it is not as it was written.
    pub fn load(&self, layout: &[TensorShape], check: Check) -> Option<Image> {
        if !folder::is_private(&self.folder) {
            return None;
        }
        let file = File::open(&self.path).ok()?;
        let length = file.metadata().ok()?.len();
        let directory = Directory::read(&file, length, layout, &self.fingerprint)?;
        // SAFETY: the file is in a folder that only this user may write to, and the engine never changes a file after
        // renaming it to this name; a new one takes its place under another inode.
        let map = unsafe { Mmap::map(&file) }.ok()?;
        if map.len() as u64 != length {
            return None;
        }
        let marker = match check {
            Check::Always => Some(None),
            Check::OnceABoot => match Marker::of(&self.path, &file) {
                Some(marker) if marker.is_set() => None,
                marker => Some(marker),
            },
            Check::Never => None,
        };
        if let Some(marker) = marker {
            if !directory.entries.par_iter().all(|entry| intact(entry, &map)) {
                return None;
            }
            if let Some(marker) = marker {
                marker.set();
            }
        }
        image(directory, Mapped::new(map, file).ok()?)
    }

    /// Imports into a new file, which replaces the old one at once.
    pub fn build(
        &self,
        layout: &[TensorShape],
        reader: &dyn TensorReader,
        progress: Progress<'_>,
    ) -> Result<Image, ImportError> {
        folder::create_private(&self.folder).map_err(ImportError::Target)?;
        let (temporary, file) = folder::temporary(&self.path).map_err(ImportError::Target)?;
        let start = header_bytes(layout);
        let imported = import(layout, reader, Some(Target { file: &file, start }), progress)?;
        // What was read in the midst of a change is kept under no name: it is neither the old model nor the new one.
        if fingerprint(&self.sources)? != self.fingerprint {
            let file = self.sources.first().map_or_else(String::new, |source| file_name(source));
            return Err(ModelError::ChangedMeanwhile { file }.into());
        }
        let entries = entries(&imported.tensors, start);
        let directory = Directory { weights_root: imported.weights_root, entries };
        // What is renamed must be on the disk before, or a power cut leaves a file that looks whole.
        let finish = || -> std::io::Result<_> {
            directory.write(&file, layout, &self.fingerprint)?;
            file.sync_data()?;
            drop_pages(&file);
            housekeeping::note_sources(&self.path, &self.sources);
            temporary.rename(&self.path)?;
            housekeeping::remove_superseded(&self.path, &self.sources);
            // SAFETY: as in `load`.
            unsafe { Mmap::map(&file) }
        };
        let map = finish().map_err(ImportError::Target)?;
        let damaged = || ImportError::Target(std::io::Error::other("the cache file is not as it was written"));
        let mapped = Mapped::new(map, file).map_err(ImportError::Target)?;
        image(directory, mapped).ok_or_else(damaged)
    }
}

/// Has the system read the file anew: what is written in pieces stays in small pages of its cache, and decoding from these is a
/// quarter slower (measured). A hint: nothing hangs on it.
fn drop_pages(file: &File) {
    #[cfg(target_os = "linux")]
    // SAFETY: the descriptor is open; the call changes no memory of this process.
    unsafe {
        libc::posix_fadvise(std::os::fd::AsRawFd::as_raw_fd(file), 0, 0, libc::POSIX_FADV_DONTNEED);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

fn entries(tensors: &[Tensor], start: u64) -> Vec<Entry> {
    let mut position = start;
    let place = |tensor: &Tensor| {
        let length = data_bytes(&tensor.shape, tensor.packing);
        let offset = position;
        position += length.next_multiple_of(64);
        Entry { shape: tensor.shape, packing: tensor.packing, offset, length, checksum: tensor.checksum }
    };
    tensors.iter().map(place).collect()
}

/// Whether the data of an entry have its checksum.
fn intact(entry: &Entry, map: &Mmap) -> bool {
    let Some(bytes) = map.get(entry.offset as usize..(entry.offset + entry.length) as usize) else { return false };
    let found = match entry.shape.kind {
        TensorKind::Vector => checksum(bytes),
        TensorKind::Matrix => {
            let panel = panel_bytes(entry.shape.columns, entry.packing);
            let checksums: Vec<Hash> = bytes.par_chunks(panel).map(checksum).collect();
            plain(checksums.as_flattened())
        }
    };
    found == entry.checksum
}

fn image(directory: Directory, mapped: Mapped) -> Option<Image> {
    let mut image = Image::new(directory.weights_root);
    for entry in &directory.entries {
        let range = entry.offset as usize..(entry.offset + entry.length) as usize;
        let bytes = mapped.bytes(range.clone())?;
        match entry.shape.kind {
            TensorKind::Matrix => image.add_matrix(&entry.shape, entry.packing, Place::Mapped(range)),
            TensorKind::Vector => {
                let values = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
                image.add_vector(&entry.shape, values);
            }
        }
    }
    image.data = Data::Mapped(mapped);
    Some(image)
}

/// Loads the model from its cache file, or imports it into one, or into memory where no file can be written.
pub(crate) fn open(
    cache: Option<&CacheFile>,
    layout: &[TensorShape],
    reader: &dyn TensorReader,
    check: Check,
    progress: Progress<'_>,
    on_failure: OnFailure<'_>,
) -> Result<Image, ModelError> {
    if let Some(cache) = cache {
        housekeeping::sweep(&cache.folder);
        if let Some(image) = cache.load(layout, check) {
            if !cache.path.with_extension("sources").exists() {
                housekeeping::note_sources(&cache.path, &cache.sources);
            }
            return Ok(image);
        }
        match cache.build(layout, reader, progress) {
            Ok(image) => return Ok(image),
            Err(ImportError::Model(error)) => return Err(error),
            // A full disk or a folder that may not be written to: the model runs from memory.
            Err(ImportError::Target(source)) => {
                if let Some(tell) = on_failure {
                    tell(&CacheFailure { folder: cache.folder.clone(), source });
                }
            }
        }
    }
    match import(layout, reader, None, progress) {
        Ok(imported) => Ok(Image::from_memory(imported)),
        Err(ImportError::Model(error)) => Err(error),
        Err(ImportError::Target(source)) => Err(ModelError::Unreadable { file: "memory".to_owned(), source }),
    }
}
