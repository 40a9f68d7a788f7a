//! Whether the files of a model were left alone between two looks.

use std::{io, path::Path, time::SystemTime};
use strike_primitives::model_folder::ModelFolder;

/// What the file system says of a file. Whoever writes to it or puts another one in its place changes some of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct FileState {
    length: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    inode: [i64; 4],
}

/// The states of all files that a model's name is made of; of those that are missing, that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fingerprint(Vec<Option<FileState>>);

impl Fingerprint {
    /// That of a model's folder now. An error if the file system does not say.
    pub fn of(folder: &Path) -> io::Result<Self> {
        ModelFolder::file_names().map(|name| state(&folder.join(name))).collect::<io::Result<_>>().map(Self)
    }
}

fn state(path: &Path) -> io::Result<Option<FileState>> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(FileState {
        length: metadata.len(),
        modified: metadata.modified().ok(),
        #[cfg(unix)]
        inode: {
            use std::os::unix::fs::MetadataExt;
            [metadata.dev().cast_signed(), metadata.ino().cast_signed(), metadata.ctime(), metadata.ctime_nsec()]
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn whatever_is_done_to_a_file_shows() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
        let now = || Fingerprint::of(dir.path()).unwrap();
        write("config.json", b"{}");
        write("model.safetensors", b"weights");
        let before = now();
        write("README.md", b"words");
        assert_eq!(now(), before, "other files do not matter");
        // As long, and with the time of change that it had.
        let path = dir.path().join("model.safetensors");
        let time = path.metadata().unwrap().modified().unwrap();
        write("other", b"WEIGHTS");
        fs::File::options().write(true).open(dir.path().join("other")).unwrap().set_modified(time).unwrap();
        fs::rename(dir.path().join("other"), &path).unwrap();
        let replaced = now();
        assert_ne!(replaced, before);
        write("generation_config.json", b"{}");
        assert_ne!(now(), replaced, "a file more");
    }
}
