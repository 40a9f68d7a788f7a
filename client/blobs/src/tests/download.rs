use super::support::{chunks_and_some, request, store, LIMITS};
use crate::{message::Proved, store::disk, BlobError, BlobStore, Download, Limits, Progress};
use sp_core::H256;
use std::{fs, path::Path, sync::Arc};
use strike_primitives::{
    artifact::{file_root, ArtifactKind},
    merkle::CHUNK_SIZE,
};

const KIND: ArtifactKind = ArtifactKind::File;

/// The chunks that an honest node sends.
fn proved(bytes: &[u8], first: u64, count: u32) -> Proved {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let root = store.put(KIND, bytes).unwrap();
    let request = request(root, first, count);
    Proved::new(&request, store.chunks(KIND, &root, first, count).unwrap().unwrap()).unwrap()
}

fn begin(store: &Arc<BlobStore>, root: H256) -> Download {
    Download::begin(store.clone(), KIND, root).unwrap()
}

fn partial(dir: &Path, root: &H256) -> std::path::PathBuf {
    disk::partial_path(dir, KIND, root)
}

#[test]
fn chunks_become_a_blob_once_all_are_there() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let (bytes, root) = chunks_and_some(3, 0);
    let download = begin(&store, root);
    assert_eq!((download.next(), download.missing()), (0, None));
    assert_eq!(download.keep(proved(&bytes, 0, 2)).unwrap(), Progress::Missing(2));
    assert_eq!(download.missing(), Some(2));
    assert_eq!(store.get(KIND, &root).unwrap(), None, "not before it is complete");
    assert_eq!(store.size(), Limits::cost(bytes.len() as u64), "room for all of it is taken");
    // Chunks from elsewhere in the blob change nothing.
    assert_eq!(download.keep(proved(&bytes, 0, 2)).unwrap(), Progress::Missing(2));
    assert_eq!(download.keep(proved(&bytes, 2, 9)).unwrap(), Progress::Complete);
    drop(download);
    assert_eq!(store.get(KIND, &root).unwrap(), Some(bytes.clone()));
    assert_eq!(store.size(), Limits::cost(bytes.len() as u64));
    assert!(!partial(dir.path(), &root).exists());
}

#[test]
fn the_empty_blob_is_complete_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let root = file_root(&[]);
    assert_eq!(begin(&store, root).keep(proved(&[], 0, 1)).unwrap(), Progress::Complete);
    assert_eq!(store.get(KIND, &root).unwrap(), Some(vec![]));
}

#[test]
fn a_download_goes_on_after_an_interruption_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (bytes, root) = chunks_and_some(6, 0);
    let first = store(dir.path());
    let download = begin(&first, root);
    download.keep(proved(&bytes, 0, 3)).unwrap();
    drop(download);
    assert_eq!(first.size(), Limits::cost(3 * CHUNK_SIZE as u64), "what is not there yet takes no room");
    let download = begin(&first, root);
    assert_eq!(download.next(), 2, "but for the last chunk, which proves the length again");
    download.keep(proved(&bytes, 2, 3)).unwrap();
    drop((download, first));

    // Killed in the middle of a write.
    let file = fs::OpenOptions::new().append(true).open(partial(dir.path(), &root)).unwrap();
    file.set_len(5 * CHUNK_SIZE as u64 + 11).unwrap();
    let second = store(dir.path());
    let download = begin(&second, root);
    assert_eq!(download.next(), 4);
    assert_eq!(download.keep(proved(&bytes, 4, 9)).unwrap(), Progress::Complete);
    assert_eq!(second.get(KIND, &root).unwrap(), Some(bytes));
}

#[test]
fn what_the_disk_damaged_meanwhile_is_noticed_and_fetched_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let (bytes, root) = chunks_and_some(4, 0);
    let download = begin(&store, root);
    download.keep(proved(&bytes, 0, 3)).unwrap();
    drop(download);
    let path = partial(dir.path(), &root);
    let mut damaged = fs::read(&path).unwrap();
    damaged[10] ^= 1;
    fs::write(&path, damaged).unwrap();
    let download = begin(&store, root);
    assert_eq!(download.keep(proved(&bytes, 2, 9)).unwrap(), Progress::Damaged);
    assert_eq!((download.next(), download.missing()), (0, None), "it begins again");
    drop(download);
    assert_eq!((store.get(KIND, &root).unwrap(), store.size()), (None, 0));
    let download = begin(&store, root);
    assert_eq!(download.next(), 0);
    assert_eq!(download.keep(proved(&bytes, 0, 9)).unwrap(), Progress::Complete);
}

#[test]
fn downloads_of_one_blob_go_on_with_each_others_chunks() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let (bytes, root) = chunks_and_some(5, 0);
    let (first, second) = (begin(&store, root), begin(&store, root));
    assert_eq!(first.keep(proved(&bytes, 0, 2)).unwrap(), Progress::Missing(2));
    assert_eq!((second.next(), second.missing()), (2, Some(4)));
    // What both were sent counts once.
    assert_eq!(second.keep(proved(&bytes, 1, 2)).unwrap(), Progress::Missing(3));
    drop(first);
    assert_eq!(store.size(), Limits::cost(bytes.len() as u64), "it is still going on");
    let third = begin(&store, root);
    assert_eq!(third.next(), 3);
    assert_eq!(second.keep(proved(&bytes, 3, 9)).unwrap(), Progress::Complete);
    assert!(third.is_complete());
    assert_eq!(third.keep(proved(&bytes, 0, 1)).unwrap(), Progress::Complete);
    assert_eq!(store.get(KIND, &root).unwrap(), Some(bytes.clone()));
    // Who comes later begins anew, and is not disturbed by those that are over.
    fs::remove_file(disk::path(dir.path(), KIND, &root)).unwrap();
    assert_eq!(store.get(KIND, &root).unwrap(), None);
    let later = begin(&store, root);
    later.keep(proved(&bytes, 0, 2)).unwrap();
    drop((second, third));
    assert_eq!((later.next(), store.size()), (2, Limits::cost(bytes.len() as u64)));
}

#[test]
fn a_kind_that_is_no_blob_is_not_downloaded() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        Download::begin(store(dir.path()), ArtifactKind::Bundle, H256::zero()),
        Err(BlobError::KindNotStored(ArtifactKind::Bundle))
    ));
}

#[test]
fn a_blob_that_was_stored_meanwhile_stays_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let (bytes, root) = chunks_and_some(1, 0);
    let download = begin(&store, root);
    download.keep(proved(&bytes, 0, 1)).unwrap();
    store.put(KIND, &bytes).unwrap();
    assert_eq!(download.keep(proved(&bytes, 1, 1)).unwrap(), Progress::Complete);
    assert_eq!(
        (store.get(KIND, &root).unwrap(), store.size()),
        (Some(bytes.clone()), Limits::cost(bytes.len() as u64))
    );
    assert!(!partial(dir.path(), &root).exists());
}

#[test]
fn room_is_made_of_what_was_left_alone_then_of_the_oldest_blobs() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { blob: 8 * CHUNK_SIZE as u64, disk: Limits::cost(8 * CHUNK_SIZE as u64), files: 100 };
    let store = Arc::new(BlobStore::open(dir.path(), limits).unwrap());
    let (old, old_root) = chunks_and_some(2, 1);
    store.put(KIND, &old).unwrap();
    let (given_up, given_up_root) = chunks_and_some(3, 2);
    begin(&store, given_up_root).keep(proved(&given_up, 0, 2)).unwrap();
    assert_eq!(store.size(), Limits::cost(old.len() as u64) + Limits::cost(2 * CHUNK_SIZE as u64));

    let (new, new_root) = chunks_and_some(5, 3);
    let download = begin(&store, new_root);
    download.keep(proved(&new, 0, 1)).unwrap();
    assert!(!partial(dir.path(), &given_up_root).exists());
    assert!(store.size() <= limits.disk);
    assert!(store.contains(KIND, &old_root), "that was enough");
    // What is being downloaded is not evicted for others.
    let (larger, larger_root) = chunks_and_some(6, 4);
    let refused = begin(&store, larger_root).keep(proved(&larger, 0, 1));
    assert!(matches!(refused, Err(BlobError::NoRoom { .. })), "{refused:?}");
    assert!(!store.contains(KIND, &old_root));
    assert!(matches!(store.put(KIND, &larger), Err(BlobError::NoRoom { .. })));
    assert_eq!(download.keep(proved(&new, 1, 9)).unwrap(), Progress::Complete);
    store.put(KIND, &larger).unwrap();
    assert!(!store.contains(KIND, &new_root));
}

#[test]
fn a_blob_beyond_the_limit_is_refused_before_it_takes_room() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { blob: CHUNK_SIZE as u64, disk: Limits::cost(CHUNK_SIZE as u64), files: 100 };
    let small = Arc::new(BlobStore::open(dir.path(), limits).unwrap());
    let (bytes, root) = chunks_and_some(1, 0);
    let refused = begin(&small, root).keep(proved(&bytes, 0, 1));
    assert!(matches!(refused, Err(BlobError::TooLarge { .. })), "{refused:?}");
    assert_eq!(small.size(), 0);
    assert!(!partial(dir.path(), &root).exists());
}

#[test]
fn downloads_that_were_given_up_are_bounded_and_strangers_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path());
    let given_up: Vec<_> = (0u8..70).map(|seed| chunks_and_some(1, seed)).collect();
    for (bytes, root) in &given_up {
        begin(&first, *root).keep(proved(bytes, 0, 1)).unwrap();
    }
    let kept = || given_up.iter().filter(|(_, root)| partial(dir.path(), root).exists()).count();
    assert_eq!(kept(), 64);
    drop(first);
    let stranger = dir.path().join("partial/README");
    fs::write(&stranger, b"mine").unwrap();
    let fewer = Limits { disk: 64 * Limits::cost(CHUNK_SIZE as u64), blob: CHUNK_SIZE as u64, ..LIMITS };
    let second = BlobStore::open(dir.path(), fewer).unwrap();
    assert_eq!(kept(), 64);
    assert_eq!(second.size(), fewer.disk);
    assert!(stranger.exists());
}
