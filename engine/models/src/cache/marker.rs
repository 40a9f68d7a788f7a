//! Says that a cache file's data were checked since the machine started.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::canonical::merkle::{tagged, Hash};

/// The kernel's random name of this boot.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The mark of a cache file in the state that it is in.
pub(super) struct Marker {
    path: PathBuf,
    contents: Hash,
}

impl Marker {
    /// Of the open file at the path; `None` where the system has no name for its boot.
    pub fn of(path: &Path, file: &File) -> Option<Self> {
        let boot = std::fs::read(BOOT_ID).ok()?;
        let state = file.metadata().ok()?;
        let mut bytes = boot.trim_ascii().to_vec();
        for number in [state.size(), state.ino(), state.dev()] {
            bytes.extend(number.to_le_bytes());
        }
        for number in [state.mtime(), state.mtime_nsec(), state.ctime(), state.ctime_nsec()] {
            bytes.extend(number.to_le_bytes());
        }
        Some(Self { path: path.with_extension("checked"), contents: tagged("strike/1/checked", &[&bytes]) })
    }

    /// Whether the data were checked.
    pub fn is_set(&self) -> bool {
        let mut found = Vec::new();
        let limit = self.contents.len() as u64 + 1;
        let read = File::open(&self.path).and_then(|file| file.take(limit).read_to_end(&mut found));
        read.is_ok() && found == self.contents
    }

    /// Notes that the data were checked. Where that cannot be written, they are checked again the next time.
    pub fn set(&self) {
        let _ = std::fs::write(&self.path, self.contents);
    }
}
