//! The private folder of cache files.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::format::VERSION;
use crate::canonical::merkle::{tagged, Hash};
use crate::containers::source::file_name;
use crate::error::ModelError;

/// `$STRIKE_CACHE`, or `.cache/strike/models` in the user's home.
pub fn default_folder() -> Option<PathBuf> {
    let given = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty()).map(PathBuf::from);
    given("STRIKE_CACHE").or_else(|| given("HOME").map(|home| home.join(".cache/strike/models")))
}

/// What the cache file depends on: layout version, and path, size, inode and times of every source file.
pub(crate) fn fingerprint(files: &[PathBuf]) -> Result<Hash, ModelError> {
    let mut bytes = Vec::new();
    for file in files {
        let read = || Ok((file.canonicalize()?, file.metadata()?));
        let (path, metadata) = read().map_err(ModelError::unreadable(&file_name(file)))?;
        let path = path.as_os_str().as_bytes();
        bytes.extend((path.len() as u64).to_le_bytes());
        bytes.extend(path);
        for number in [metadata.len(), metadata.ino(), metadata.dev()] {
            bytes.extend(number.to_le_bytes());
        }
        for number in [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()] {
            bytes.extend(number.to_le_bytes());
        }
    }
    Ok(tagged("strike/1/cache", &[&VERSION.to_le_bytes(), &bytes]))
}

/// Makes the folder, and makes sure that nobody else may write to it.
pub(super) fn create_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if !is_private(folder) {
        std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Whether nobody else may write to the folder, or read it.
pub(super) fn is_private(folder: &Path) -> bool {
    folder.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 == 0)
}

/// A file under a name of its own, removed unless it is renamed.
pub(super) struct Temporary(Option<PathBuf>);

impl Temporary {
    pub fn rename(mut self, path: &Path) -> io::Result<()> {
        match self.0.take() {
            Some(temporary) => std::fs::rename(&temporary, path).inspect_err(|_| drop(Self(Some(temporary)))),
            None => Ok(()),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Nothing can be done about a file that cannot be removed.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Holds a new file for this process, until it is closed. `false` if a sweep of another process has removed it before that.
fn hold(file: &File) -> io::Result<bool> {
    // A sweep holds the lock for a moment. Where a file system has no locks, nobody sweeps.
    let _ = file.lock();
    Ok(file.metadata()?.nlink() > 0)
}

/// How often a new file is made whose name is taken, or that is swept before it is held.
const ATTEMPTS: usize = 16;

/// Opens a new file beside `path`. It is held as long as it is open: what a process leaves that was ended is removed by the next one.
pub(super) fn temporary(path: &Path) -> io::Result<(Temporary, File)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    for _ in 0..ATTEMPTS {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}-{number}.new", std::process::id()));
        // Processes of two containers may have the same number.
        let file = match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            file => file?,
        };
        if hold(&file)? {
            return Ok((Temporary(Some(temporary)), file));
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "no name for a new file is free"))
}
