use crate::{store::disk, BlobError, BlobStore, Limits};
use std::{fs, path::Path, process::Command, sync::Arc, thread};
use strike_primitives::artifact::{file_root, output_root, ArtifactKind};

/// Two of the largest blobs.
const LIMITS: Limits = Limits { blob: 100, disk: 2 * Limits::cost(100) + 50, files: 100 };

fn store(dir: &tempfile::TempDir) -> BlobStore {
    BlobStore::open(dir.path().join("blobs"), LIMITS).unwrap()
}

#[test]
fn a_blob_is_read_back_by_its_typed_root_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(&dir);
    let root = first.put(ArtifactKind::File, b"hello").unwrap();
    let output = first.put_output(&[7, 8, 70_000]).unwrap();
    assert_eq!((root, output), (file_root(b"hello"), output_root(&[7, 8, 70_000])));
    drop(first);

    let second = store(&dir);
    assert_eq!(second.get(ArtifactKind::File, &root).unwrap().as_deref(), Some(&b"hello"[..]));
    assert_eq!(second.output(&output).unwrap(), Some(vec![7, 8, 70_000]));
    assert_eq!(second.size(), Limits::cost(5) + Limits::cost(12));
}

#[test]
fn a_root_names_its_kind_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let root = store.put(ArtifactKind::File, &[0, 0, 0, 0]).unwrap();
    assert_eq!(store.get(ArtifactKind::Output, &root).unwrap(), None);
    assert_ne!(store.put_output(&[0]).unwrap(), root);
    assert!(matches!(store.put(ArtifactKind::Bundle, b""), Err(BlobError::KindNotStored(ArtifactKind::Bundle))));
}

#[test]
fn the_empty_blob_is_a_blob() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let root = store.put_output(&[]).unwrap();
    assert_eq!(store.output(&root).unwrap(), Some(vec![]));
}

#[test]
fn a_damaged_file_is_named_removed_and_can_be_stored_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    for damage in [&b"hellp"[..], b"hell", b""] {
        let root = store.put(ArtifactKind::File, b"hello").unwrap();
        let path = disk::path(store.dir(), ArtifactKind::File, &root);
        fs::write(&path, damage).unwrap();
        match store.get(ArtifactKind::File, &root) {
            Err(BlobError::Damaged { path: named }) => assert_eq!(named, path),
            other => panic!("{other:?}"),
        }
        assert!(!path.exists());
        assert_eq!(store.get(ArtifactKind::File, &root).unwrap(), None);
        assert_eq!(store.size(), 0);
    }
    let root = store.put(ArtifactKind::File, b"hello").unwrap();
    fs::write(disk::path(store.dir(), ArtifactKind::File, &root), b"hellp").unwrap();
    store.put(ArtifactKind::File, b"hello").unwrap();
    assert_eq!(store.get(ArtifactKind::File, &root).unwrap().as_deref(), Some(&b"hello"[..]));
}

#[test]
fn a_file_that_somebody_deleted_is_just_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let root = store.put(ArtifactKind::File, b"hello").unwrap();
    fs::remove_file(disk::path(store.dir(), ArtifactKind::File, &root)).unwrap();
    assert_eq!(store.get(ArtifactKind::File, &root).unwrap(), None);
    assert_eq!(store.size(), 0);
}

#[test]
fn what_was_stored_longest_ago_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let roots: Vec<_> = (0u8..3).map(|i| store.put(ArtifactKind::File, &[i; 100]).unwrap()).collect();
    let kept: Vec<_> = roots.iter().map(|root| store.contains(ArtifactKind::File, root)).collect();
    assert_eq!(kept, [false, true, true]);
    assert_eq!(store.size(), 2 * Limits::cost(100));
    assert!(!disk::path(store.dir(), ArtifactKind::File, &roots[0]).exists());
}

#[test]
fn a_lower_limit_evicts_on_open() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(&dir);
    for i in 0u8..2 {
        first.put(ArtifactKind::File, &[i; 100]).unwrap();
    }
    drop(first);
    let lower = Limits { disk: Limits::cost(100) + 50, ..LIMITS };
    let second = BlobStore::open(dir.path().join("blobs"), lower).unwrap();
    assert_eq!(second.size(), Limits::cost(100));
}

#[test]
fn limits_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    assert!(matches!(store.put(ArtifactKind::File, &[0; 101]), Err(BlobError::TooLarge { size: 101, limit: 100 })));
    for limits in [Limits { blob: 2, disk: Limits::cost(2) - 1, files: 1 }, Limits { files: 0, ..LIMITS }] {
        assert!(matches!(BlobStore::open(dir.path(), limits), Err(BlobError::LimitsContradict { .. })));
    }
}

#[test]
fn half_written_files_are_removed_and_strangers_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(&dir);
    let (leftover, folder) = (first.dir().join("tmp/half"), first.dir().join("tmp/folder"));
    let stranger = first.dir().join("file/README");
    fs::write(&leftover, b"half").unwrap();
    fs::create_dir_all(folder.join("deep")).unwrap();
    fs::write(folder.join("deep/file"), b"what").unwrap();
    fs::write(&stranger, b"mine").unwrap();
    drop(first);
    let second = store(&dir);
    assert!(!leftover.exists() && !folder.exists());
    assert!(stranger.exists());
    assert_eq!(second.size(), 0);
}

#[test]
fn many_threads_may_store_the_same_blob() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(store(&dir));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            std::thread::spawn(move || store.put(ArtifactKind::File, b"shared").unwrap())
        })
        .collect();
    let root = file_root(b"shared");
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == root));
    assert_eq!(store.size(), Limits::cost(6));
}

/// Puts a pipe where a file is: whoever reads it waits until the writer that is returned is dropped. Returns once
/// `read` reads.
fn reading<T: Send + 'static>(
    file: &Path,
    read: impl FnOnce() -> T + Send + 'static,
) -> (thread::JoinHandle<T>, fs::File) {
    fs::remove_file(file).unwrap();
    assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
    let reader = thread::spawn(read);
    // Opens once it is open for reading.
    let writer = fs::OpenOptions::new().write(true).open(file).unwrap();
    (reader, writer)
}

#[test]
fn a_long_read_keeps_nobody_from_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(store(&dir));
    let empty = store.put(ArtifactKind::File, b"").unwrap();
    let other = store.put(ArtifactKind::File, b"other").unwrap();
    let path = disk::path(store.dir(), ArtifactKind::File, &empty);
    let reader = store.clone();
    let (read, writer) = reading(&path, move || reader.get(ArtifactKind::File, &empty));
    assert!(store.state.try_lock().is_some(), "nobody waits for the reader");
    assert_eq!(store.length(ArtifactKind::File, &other), Some(5));
    assert!(store.chunks(ArtifactKind::File, &other, 0, 1).unwrap().is_some());
    assert_eq!(store.get(ArtifactKind::File, &other).unwrap().as_deref(), Some(&b"other"[..]));
    store.put(ArtifactKind::File, b"new").unwrap();
    drop(writer);
    assert_eq!(read.join().unwrap().unwrap().as_deref(), Some(&b""[..]));
}

#[test]
fn what_is_stored_again_while_its_old_file_is_read_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(store(&dir));
    let root = store.put(ArtifactKind::File, b"").unwrap();
    let path = disk::path(store.dir(), ArtifactKind::File, &root);
    let reader = store.clone();
    let (read, mut writer) = reading(&path, move || reader.get(ArtifactKind::File, &root));
    // Somebody else finds it gone, and stores it again.
    fs::remove_file(&path).unwrap();
    assert_eq!(store.get(ArtifactKind::File, &root).unwrap(), None);
    store.put(ArtifactKind::File, b"").unwrap();
    std::io::Write::write_all(&mut writer, b"damaged").unwrap();
    drop(writer);
    assert_eq!(read.join().unwrap().unwrap().as_deref(), Some(&b""[..]), "looked for again");
    assert!(path.exists() && store.contains(ArtifactKind::File, &root));
}
