//! The artifact that a folder with a model's files is.

use crate::{
    artifact::{self, typed_root, ArtifactId, ArtifactKind, BundleEntry},
    merkle,
};
use sp_core::H256;
use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The files that every model has.
const REQUIRED: [&str; 3] = ["config.json", "model.safetensors", "tokenizer.json"];
/// The files that belong to a model where they exist: they change what it computes or how a text is read.
const OPTIONAL: [&str; 4] =
    ["generation_config.json", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json"];

/// A model as it is registered: `docs/protocol.md`, "Artifacts".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ModelFolder {
    /// The bundle of its files.
    pub id: ArtifactId,
    /// Bytes of its files together.
    pub size: u64,
}

/// A file of a model that could not be read.
#[derive(Debug)]
pub struct UnreadableFile {
    /// Where it is.
    pub path: PathBuf,
    /// What the file system said.
    pub source: io::Error,
}

impl fmt::Display for UnreadableFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reading {}: {}", self.path.display(), self.source)
    }
}

impl std::error::Error for UnreadableFile {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl ModelFolder {
    /// Whether a folder looks like a model's.
    pub fn is_one(folder: &Path) -> bool {
        folder.join(REQUIRED[0]).is_file()
    }

    /// The files that a model's name is made of, those that it may lack too.
    pub fn file_names() -> impl Iterator<Item = &'static str> {
        REQUIRED.into_iter().chain(OPTIONAL)
    }

    /// Reads every file of the model once, one chunk in memory at a time. Other files of the folder are left alone.
    pub fn read(folder: &Path) -> Result<Self, UnreadableFile> {
        Self::read_unless(folder, &|| false)
    }

    /// As [`Self::read`], and asks before each chunk whether it is to end. Then the error is of the kind
    /// [`io::ErrorKind::Interrupted`].
    pub fn read_unless(folder: &Path, is_cancelled: &dyn Fn() -> bool) -> Result<Self, UnreadableFile> {
        let optional = OPTIONAL.into_iter().filter(|name| folder.join(name).exists());
        let (mut entries, mut size) = (Vec::new(), 0u64);
        for name in REQUIRED.into_iter().chain(optional) {
            let path = folder.join(name);
            let (length, root) = file_root(&path, is_cancelled).map_err(|source| UnreadableFile { path, source })?;
            size = size.saturating_add(length);
            entries.push(BundleEntry { name: name.as_bytes().to_vec(), length, root });
        }
        Ok(Self { id: artifact::bundle(entries), size })
    }
}

/// Length and [`artifact::file_root`] of a file.
fn file_root(path: &Path, is_cancelled: &dyn Fn() -> bool) -> io::Result<(u64, H256)> {
    // Opening a pipe waits for its other end, and a device may never end.
    if !path.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut file = File::open(path)?;
    let (mut leaves, mut length) = (Vec::new(), 0u64);
    loop {
        if is_cancelled() {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "cancelled"));
        }
        let mut chunk = Vec::with_capacity(merkle::CHUNK_SIZE);
        Read::by_ref(&mut file).take(merkle::CHUNK_SIZE as u64).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            break;
        }
        length += chunk.len() as u64;
        leaves.push(merkle::leaf(&chunk));
    }
    Ok((length, typed_root(ArtifactKind::File, length, merkle::top(&leaves))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_file_that_matters_is_bound_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let read = || ModelFolder::read(dir.path());
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        write("config.json", b"{}");
        write("tokenizer.json", b"[]");
        // Opening a pipe would wait for ever.
        let pipe = dir.path().join("model.safetensors");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let refused = read().unwrap_err();
        assert!(refused.to_string().contains("not a regular file"), "{refused}");
        fs::remove_file(pipe).unwrap();
        assert!(ModelFolder::is_one(dir.path()));
        let missing = read().unwrap_err();
        assert!(missing.to_string().contains("model.safetensors"), "{missing}");
        write("model.safetensors", &[7; merkle::CHUNK_SIZE + 1]);

        let plain = read().unwrap();
        let files = [
            ("config.json", &b"{}"[..]),
            ("model.safetensors", &[7; merkle::CHUNK_SIZE + 1]),
            ("tokenizer.json", b"[]"),
        ];
        assert_eq!(plain.id, artifact::bundle_of(files));
        assert_eq!(plain.size, merkle::CHUNK_SIZE as u64 + 5);
        write("README.md", b"words");
        assert_eq!(read().unwrap(), plain);
        let mut seen = vec![plain.id];
        for name in OPTIONAL {
            write(name, b"{}");
            let id = read().unwrap().id;
            assert!(!seen.contains(&id), "{name}");
            seen.push(id);
        }
    }
}
