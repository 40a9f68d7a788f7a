//! What lies in the folder of cache files, what of it is of use, and how the rest goes.
//!
//! Only names that the cache makes are looked at: somebody may have named a folder with other things in it.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::folder::fingerprint;
use crate::canonical::merkle::Hash;

/// Most bytes of a list of sources that are read: as many as thousands of shards have.
const SOURCES_LIMIT: u64 = 1 << 20;

/// What a file of the cache is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheState {
    /// The model's files are as they were: it is used when the model is opened.
    Current,
    /// The model's files have changed since: it is never used again.
    Outdated,
    /// The model's files are gone, or on a disk that is not there now.
    SourcesMissing,
    /// Nothing says which model it is of, until that is opened again.
    SourcesUnknown,
    /// An import writes to it now.
    Importing,
    /// An import that was ended left it.
    Abandoned,
}

/// A file of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheEntry {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The model's files, where they are known.
    pub sources: Vec<PathBuf>,
    /// What it is good for.
    pub state: CacheState,
}

/// The kinds of names in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Panels,
    Sources,
    Checked,
    New,
}

/// The name of the cache file without its ending.
pub(super) fn stem(fingerprint: &Hash) -> String {
    fingerprint.iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

/// The kind of a name that the cache makes; `None` for all others.
fn kind(name: &str) -> Option<Kind> {
    let (stem, ending) = name.split_once('.')?;
    let is_hex = stem.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if stem.len() != 40 || !is_hex {
        return None;
    }
    match ending {
        "panels" => Some(Kind::Panels),
        "sources" => Some(Kind::Sources),
        "checked" => Some(Kind::Checked),
        _ => {
            let (process, number) = ending.strip_suffix(".new")?.split_once('-')?;
            let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            (is_number(process) && is_number(number)).then_some(Kind::New)
        }
    }
}

/// The files of some kind in a folder, by name. None where there is no folder.
fn files(folder: &Path, wanted: Kind) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().and_then(kind) == Some(wanted) && entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// A new file that no process writes to, held now. Whoever writes to one holds it until it ends, however it ends.
fn abandoned(path: &Path) -> Option<File> {
    let file = OpenOptions::new().read(true).write(true).open(path).ok()?;
    // Where a file system has no locks, the file stays.
    file.try_lock().is_ok().then_some(file)
}

/// Removes what ended imports left in the folder.
pub(super) fn sweep(folder: &Path) {
    for path in files(folder, Kind::New).unwrap_or_default() {
        let Some(held) = abandoned(&path) else { continue };
        // What cannot be removed now may be the next time.
        let _ = std::fs::remove_file(path);
        // Only now: whoever has just made it and waits for it finds it removed.
        drop(held);
    }
}

/// Notes which files a cache file is made of: their whole paths, with a zero behind each.
pub(super) fn note_sources(panels: &Path, sources: &[PathBuf]) {
    // Without it the file is used all the same, and `strike engine cache` cannot say what it is.
    let _ = std::fs::write(panels.with_extension("sources"), source_bytes(sources));
}

fn source_bytes(sources: &[PathBuf]) -> Vec<u8> {
    let whole = |source: &PathBuf| source.canonicalize().unwrap_or_else(|_| source.clone());
    sources.iter().flat_map(|source| [whole(source).as_os_str().as_bytes(), &[0]].concat()).collect()
}

/// The sources of a cache file, as they were noted.
fn sources(panels: &Path) -> Vec<PathBuf> {
    let path = panels.with_extension("sources");
    if !path.metadata().is_ok_and(|metadata| metadata.len() <= SOURCES_LIMIT) {
        return Vec::new();
    }
    let bytes = std::fs::read(path).unwrap_or_default();
    let names = bytes.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect()
}

/// Removes the cache files of the same sources as they were before. Who has one mapped keeps it until it ends.
pub(super) fn remove_superseded(panels: &Path, made_of: &[PathBuf]) {
    let Some(folder) = panels.parent() else { return };
    let own = source_bytes(made_of);
    for path in files(folder, Kind::Sources).unwrap_or_default() {
        let other = path.with_extension("panels");
        if other != panels && std::fs::read(&path).is_ok_and(|bytes| bytes == own) {
            let _ = remove_files(&other);
        }
    }
}

/// Removes a cache file with what lies beside it.
fn remove_files(panels: &Path) -> io::Result<()> {
    for beside in ["checked", "sources"] {
        match std::fs::remove_file(panels.with_extension(beside)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::remove_file(panels)
}

fn state(panels: &Path, sources: &[PathBuf]) -> CacheState {
    if sources.is_empty() {
        return CacheState::SourcesUnknown;
    }
    if !sources.iter().all(|source| source.exists()) {
        return CacheState::SourcesMissing;
    }
    let name = panels.file_stem().and_then(OsStr::to_str);
    match fingerprint(sources) {
        Ok(now) if name == Some(stem(&now).as_str()) => CacheState::Current,
        _ => CacheState::Outdated,
    }
}

/// The files of a cache folder. There are none where there is no folder.
pub fn cache_entries(folder: &Path) -> io::Result<Vec<CacheEntry>> {
    let mut entries = Vec::new();
    for path in files(folder, Kind::Panels)? {
        let Ok(metadata) = path.metadata() else { continue };
        let sources = sources(&path);
        let state = state(&path, &sources);
        entries.push(CacheEntry { path, bytes: metadata.len(), sources, state });
    }
    for path in files(folder, Kind::New)? {
        let Ok(metadata) = path.metadata() else { continue };
        let state = match abandoned(&path) {
            Some(_) => CacheState::Abandoned,
            None => CacheState::Importing,
        };
        entries.push(CacheEntry { path, bytes: metadata.len(), sources: Vec::new(), state });
    }
    Ok(entries)
}

impl CacheEntry {
    /// Whether it is of no use: no opening of a model that is there will read it.
    pub fn is_useless(&self) -> bool {
        matches!(self.state, CacheState::Outdated | CacheState::SourcesMissing | CacheState::Abandoned)
    }

    /// Removes it. A model that is open keeps its own until it ends. Refused while an import writes to it.
    pub fn remove(&self) -> io::Result<()> {
        match self.state {
            CacheState::Importing => Err(io::Error::other("an import writes to it")),
            CacheState::Abandoned => std::fs::remove_file(&self.path),
            _ => remove_files(&self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_cache_are_looked_at() {
        let stem = "0123456789abcdef0123456789abcdef01234567";
        let found = |ending: &str| kind(&format!("{stem}{ending}"));
        assert_eq!(found(".panels"), Some(Kind::Panels));
        assert_eq!(found(".sources"), Some(Kind::Sources));
        assert_eq!(found(".checked"), Some(Kind::Checked));
        assert_eq!(found(".4711-0.new"), Some(Kind::New));
        for other in ["", ".new", ".4711.new", ".-.new", ".a-0.new", ".4711-0.new.panels", ".gguf"] {
            assert_eq!(found(other), None, "{other}");
        }
        for other in ["thesis.new", "model.panels", "0123.panels", &format!("{}.panels", stem.to_uppercase())] {
            assert_eq!(kind(other), None, "{other}");
        }
    }
}
