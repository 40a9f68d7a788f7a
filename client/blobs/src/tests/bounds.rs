//! The bounds of a store, held to a reference: any sequence of calls and restarts, with any limits.

use crate::{store::disk, BlobError, BlobStore, Limits};
use proptest::prelude::*;
use sp_core::H256;
use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};
use strike_primitives::artifact::ArtifactKind;

/// Largest blob of the property test.
const BLOB: u64 = 20_000;

#[derive(Clone, Debug)]
enum Call {
    /// Store a blob of this kind and length. The number makes blobs of one length differ.
    Put { is_output: bool, length: usize, number: u8 },
    /// Pin, or let go of, the blob at this place among those that are here.
    Pin { place: prop::sample::Index, pinned: bool },
    /// Somebody deletes a file; it is looked for afterwards.
    Lose { place: prop::sample::Index },
    /// A restart with other limits.
    Reopen { blobs: u64, files: usize },
}

fn call() -> impl Strategy<Value = Call> {
    let length = prop_oneof![0usize..40, 4_090usize..4_100, 0usize..BLOB as usize + 100];
    prop_oneof![
        8 => (any::<bool>(), length, any::<u8>()).prop_map(|(is_output, length, number)| Call::Put { is_output, length, number }),
        2 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(place, pinned)| Call::Pin { place, pinned }),
        1 => any::<prop::sample::Index>().prop_map(|place| Call::Lose { place }),
        1 => (1u64..6, 1usize..12).prop_map(|(blobs, files)| Call::Reopen { blobs, files }),
    ]
}

fn limits(blobs: u64, files: usize) -> Limits {
    Limits { blob: BLOB, disk: blobs * Limits::cost(BLOB), files }
}

struct Blob {
    kind: ArtifactKind,
    root: H256,
    length: u64,
    pinned: bool,
}

/// What a store should hold: a list, the oldest first.
struct Reference {
    blobs: Vec<Blob>,
    limits: Limits,
}

impl Reference {
    fn cost(&self) -> u64 {
        // A second reading of what a file costs: whole blocks of 4 KiB, and one KiB.
        self.blobs.iter().map(|blob| (blob.length.div_ceil(4_096) * 4 + 1) * 1_024).sum()
    }

    /// Whether there is room for a blob of this cost, once the oldest are gone.
    fn make_room(&mut self, cost: u64, files: usize) -> bool {
        loop {
            if self.cost() + cost <= self.limits.disk && self.blobs.len() + files <= self.limits.files {
                return true;
            }
            match self.blobs.iter().position(|blob| !blob.pinned) {
                Some(oldest) => {
                    self.blobs.remove(oldest);
                }
                None => return false,
            }
        }
    }

    /// Whether it is taken.
    fn put(&mut self, kind: ArtifactKind, root: H256, length: u64) -> bool {
        if length > BLOB {
            return false;
        }
        if let Some(at) = self.blobs.iter().position(|blob| (blob.kind, blob.root) == (kind, root)) {
            if !self.blobs[at].pinned {
                let blob = self.blobs.remove(at);
                self.blobs.push(blob);
            }
            return true;
        }
        let has_room = self.make_room((length.div_ceil(4_096) * 4 + 1) * 1_024, 1);
        if has_room {
            self.blobs.push(Blob { kind, root, length, pinned: false });
        }
        has_room
    }
}

/// The ages of files as the reference has them: clocks of file systems are coarse.
fn date(dir: &Path, reference: &Reference) {
    for (age, blob) in reference.blobs.iter().enumerate() {
        let file = fs::File::options().append(true).open(disk::path(dir, blob.kind, &blob.root)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + age as u64)).unwrap();
    }
}

fn check(store: &BlobStore, reference: &Reference) {
    for blob in &reference.blobs {
        assert_eq!(store.length(blob.kind, &blob.root), Some(blob.length));
    }
    assert_eq!(store.files(), reference.blobs.len(), "and no others");
    assert_eq!(store.size(), reference.cost());
    let on_disk: usize = ["file", "output"]
        .iter()
        .flat_map(|kind| fs::read_dir(store.dir().join(kind)).unwrap())
        .map(|shard| fs::read_dir(shard.unwrap().path()).unwrap().count())
        .sum();
    assert_eq!(on_disk, reference.blobs.len());
}

/// Every call waits for the disk, so there are fewer cases than usual where nobody says how many.
fn cases() -> u32 {
    std::env::var_os("PROPTEST_CASES").map_or(48, |_| ProptestConfig::default().cases)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_store_keeps_its_bounds_and_what_the_reference_keeps(calls in prop::collection::vec(call(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let first = limits(3, 8);
        let mut store = BlobStore::open(dir.path(), first).unwrap();
        let mut reference = Reference { blobs: Vec::new(), limits: first };
        for call in calls {
            match call {
                Call::Put { is_output, length, number } => {
                    let kind = if is_output { ArtifactKind::Output } else { ArtifactKind::File };
                    let bytes = vec![number; length];
                    let root = crate::blob_root(kind, &bytes).unwrap();
                    let taken = reference.put(kind, root, length as u64);
                    match store.put(kind, &bytes) {
                        Ok(stored) => prop_assert!(taken && stored == root),
                        Err(BlobError::TooLarge { .. } | BlobError::NoRoom { .. }) => prop_assert!(!taken),
                        Err(error) => panic!("{error}"),
                    }
                }
                Call::Pin { place, pinned } if !reference.blobs.is_empty() => {
                    let at = place.index(reference.blobs.len());
                    let blob = &mut reference.blobs[at];
                    prop_assert!(store.pin(blob.kind, &blob.root, pinned));
                    if std::mem::replace(&mut blob.pinned, pinned) && !pinned {
                        let blob = reference.blobs.remove(at);
                        reference.blobs.push(blob);
                    }
                }
                Call::Lose { place } if !reference.blobs.is_empty() => {
                    let blob = reference.blobs.remove(place.index(reference.blobs.len()));
                    fs::remove_file(disk::path(store.dir(), blob.kind, &blob.root)).unwrap();
                    prop_assert_eq!(store.get(blob.kind, &blob.root).unwrap(), None);
                }
                Call::Reopen { blobs, files } => {
                    drop(store);
                    date(dir.path(), &reference);
                    reference.limits = limits(blobs, files);
                    // No list says that they are uploads.
                    reference.blobs.iter_mut().for_each(|blob| blob.pinned = false);
                    prop_assert!(reference.make_room(0, 0));
                    store = BlobStore::open(dir.path(), reference.limits).unwrap();
                }
                Call::Pin { .. } | Call::Lose { .. } => {}
            }
            check(&store, &reference);
            prop_assert!(store.size() <= reference.limits.disk && store.files() <= reference.limits.files);
        }
    }
}

#[test]
fn many_small_outputs_take_no_more_of_the_disk_than_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { blob: 4_096, disk: 50 * Limits::cost(4), files: 1_000 };
    let store = BlobStore::open(dir.path(), limits).unwrap();
    for token in 0..200 {
        store.put_output(&[token]).unwrap();
    }
    assert_eq!(store.files(), 50, "by their bytes alone they would all fit");
    assert!(store.size() <= limits.disk);
}

#[test]
fn a_store_far_beyond_its_bounds_opens_with_the_newest_and_the_uploads() {
    let dir = tempfile::tempdir().unwrap();
    let wide = Limits { blob: 4_096, disk: 1 << 30, files: 10_000 };
    let store = std::sync::Arc::new(BlobStore::open(dir.path(), wide).unwrap());
    let uploads = crate::Uploads::open(store.clone(), Default::default(), std::time::Instant::now()).unwrap();
    let upload = uploads.put(b"needed", 1, std::time::Instant::now()).unwrap();
    let roots: Vec<H256> = (0..300).map(|token| store.put_output(&[token]).unwrap()).collect();
    for (age, root) in roots.iter().enumerate() {
        let file = fs::File::options().append(true).open(disk::path(dir.path(), ArtifactKind::Output, root)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + age as u64)).unwrap();
    }
    // The upload is the oldest of all.
    let file = fs::File::options().append(true).open(disk::path(dir.path(), ArtifactKind::File, &upload)).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    drop((uploads, store));

    let narrow = BlobStore::open(dir.path(), Limits { files: 20, ..wide }).unwrap();
    assert_eq!(narrow.files(), 20);
    assert!(narrow.contains(ArtifactKind::File, &upload));
    let kept = roots.iter().filter(|root| narrow.contains(ArtifactKind::Output, root)).count();
    assert_eq!(kept, 19);
    assert!(roots[281..].iter().all(|root| narrow.contains(ArtifactKind::Output, root)), "the newest");
    narrow.put_output(&[1_000]).unwrap();
    assert_eq!(narrow.files(), 20);
}
