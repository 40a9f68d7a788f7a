//! What a node has on disk, as it was at another time: its last writes are lost, as after a power cut or the return to a backup.

use std::{
    fs,
    path::{Path, PathBuf},
};
use strike_localnet::Network;
use tempfile::TempDir;

/// A node's database, keystore and blobs at one moment.
pub struct Snapshot {
    folder: PathBuf,
    copy: TempDir,
}

fn chains(network: &Network, node: &str) -> PathBuf {
    network.base_path().join(node).join("chains")
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => fs::copy(entry.path(), &target).map(|_| ())?,
        }
    }
    Ok(())
}

impl Snapshot {
    /// Copies what a running node has, while it stands still: what it would find if its machine stopped now.
    pub fn take(network: &Network, node: &str) -> Self {
        let process = network.node(node).unwrap_or_else(|error| panic!("{error}"));
        let (folder, to) = (chains(network, node), TempDir::new().expect("a temporary folder"));
        process.pause();
        let copied = copy(&folder, to.path());
        process.resume();
        copied.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        Self { folder, copy: to }
    }

    /// Brings the node back to it. It must not run.
    pub fn restore(&self) {
        fs::remove_dir_all(&self.folder)
            .and_then(|()| copy(self.copy.path(), &self.folder))
            .unwrap_or_else(|error| panic!("{}: {error}", self.folder.display()));
    }
}

/// Cuts the last bytes off the newest file of the database's log, in the middle of a record: the last writes are lost, and one is
/// torn. The node must not run.
pub fn tear(network: &Network, node: &str, bytes: u64) {
    let folder = chains(network, node).join("strike_local/paritydb/full");
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let log = files
        .map(|file| file.expect("the folder can be read").path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log")))
        .max_by_key(|path| fs::metadata(path).and_then(|file| file.modified()).expect("a file has a time"))
        .expect("the database has a log");
    let file =
        fs::OpenOptions::new().write(true).open(&log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
    let length = file.metadata().expect("a file has a length").len();
    assert!(length > 2 * bytes, "{} has {length} bytes", log.display());
    file.set_len(length - bytes).expect("a file can be cut");
}
