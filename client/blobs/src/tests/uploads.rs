//! What requesters leave at a node: how much of it, and for how long.

use crate::{BlobStore, JobInputs, Limits, Page, Quota, UploadError, UploadLimits, Uploads};
use sp_core::H256;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use strike_primitives::{artifact::ArtifactKind, JobId};

const LIMITS: UploadLimits =
    UploadLimits { length: 100, count: 3, bytes: 200, rate: Quota { burst: 1_000, per_second: 100 }, unused: 10 };

/// The jobs that a chain keeps, and their inputs.
#[derive(Default)]
struct Paper(BTreeMap<JobId, Option<H256>>);

impl JobInputs for Paper {
    fn jobs(&self, before: Option<JobId>, limit: u32) -> Result<Page<(JobId, Option<H256>)>, String> {
        let below = self.0.range(..before.unwrap_or(JobId::MAX)).rev();
        let jobs: Vec<_> = below.take(limit as usize).map(|(job, root)| (*job, *root)).collect();
        let next = jobs.last().map(|(job, _)| *job).filter(|oldest| self.0.range(..oldest).next().is_some());
        Ok(Page { jobs, next })
    }
    fn is_kept(&self, job: JobId) -> Result<bool, String> {
        Ok(self.0.contains_key(&job))
    }
}

struct World {
    store: Arc<BlobStore>,
    uploads: Uploads,
    start: Instant,
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    fn at(dir: tempfile::TempDir) -> Self {
        let limits = Limits { blob: 100, disk: 3 * Limits::cost(100), files: 100 };
        let store = Arc::new(BlobStore::open(dir.path().join("blobs"), limits).unwrap());
        let start = Instant::now();
        let uploads = Uploads::open(store.clone(), LIMITS, start).unwrap();
        Self { store, uploads, start, dir }
    }

    fn reopened(self) -> Self {
        let Self { store, uploads, dir, .. } = self;
        drop((store, uploads));
        Self::at(dir)
    }

    fn put(&self, bytes: &[u8]) -> Result<H256, UploadError> {
        self.uploads.put(bytes, 5, self.start)
    }

    fn is_here(&self, root: &H256) -> bool {
        self.store.contains(ArtifactKind::File, root)
    }

    /// Stores as much as the limit of the disk takes.
    fn flood(&self) {
        for byte in 0..30 {
            self.store.put(ArtifactKind::Output, &[byte; 50]).unwrap();
        }
    }
}

#[test]
fn an_upload_stays_while_others_come_and_go_also_after_a_restart() {
    let mut world = World::new();
    let root = world.put(&[1; 90]).unwrap();
    world.flood();
    assert!(world.is_here(&root));
    world = world.reopened();
    assert_eq!(world.uploads.roots(), [root]);
    world.flood();
    assert!(world.is_here(&root));
}

#[test]
fn lengths_count_bytes_and_rate_have_limits() {
    let world = World::new();
    for length in [0, 101] {
        assert!(matches!(world.put(&vec![1; length]), Err(UploadError::LengthOutOfRange { limit: 100, .. })));
    }
    let first = world.put(&[1; 100]).unwrap();
    world.put(&[2; 100]).unwrap();
    assert!(matches!(world.put(&[3]), Err(UploadError::Full { count: 2, bytes: 200 })));
    // What is kept may come again, but not without end.
    for _ in 0..7 {
        assert_eq!(world.put(&[1; 100]).unwrap(), first);
    }
    assert!(matches!(world.put(&[1; 100]), Err(UploadError::Busy)));
    let later = world.start + Duration::from_secs(1);
    assert_eq!(world.uploads.put(&[1; 100], 5, later).unwrap(), first);

    let world = World::new();
    for byte in 0..3 {
        world.put(&[byte]).unwrap();
    }
    assert!(matches!(world.put(&[3]), Err(UploadError::Full { count: 3, bytes: 3 })));
}

#[test]
fn what_no_job_uses_is_let_go_after_a_while_and_makes_room() {
    let world = World::new();
    let root = world.put(&[1; 100]).unwrap();
    assert_eq!(world.uploads.tend(&Paper::default(), 14), Ok(vec![]));
    assert_eq!(world.uploads.tend(&Paper::default(), 15), Ok(vec![root]));
    assert!(world.uploads.roots().is_empty());
    assert!(world.is_here(&root), "nobody needs the room");
    world.flood();
    assert!(!world.is_here(&root));
}

#[test]
fn what_a_job_uses_stays_until_the_chain_forgets_the_job() {
    let mut world = World::new();
    let (root, other) = (world.put(&[1; 90]).unwrap(), world.put(&[2; 90]).unwrap());
    // More jobs than one page has; the first and the last use the input.
    let mut paper = Paper((0..200).map(|job| (job, None)).collect());
    paper.0.insert(0, Some(root));
    paper.0.insert(199, Some(root));
    paper.0.insert(100, Some(H256::zero()));
    assert_eq!(world.uploads.tend(&paper, 100), Ok(vec![other]));
    world = world.reopened();
    paper.0.remove(&199);
    assert_eq!(world.uploads.tend(&paper, 200), Ok(vec![]));
    // A job that came later.
    paper.0.insert(200, Some(root));
    assert_eq!(world.uploads.tend(&paper, 200), Ok(vec![]));
    paper.0.remove(&0);
    assert_eq!(world.uploads.tend(&paper, 200), Ok(vec![]));
    paper.0.remove(&200);
    assert_eq!(world.uploads.tend(&paper, 200), Ok(vec![root]));
}

#[test]
fn a_damaged_list_begins_anew() {
    let mut world = World::new();
    let root = world.put(&[1; 90]).unwrap();
    std::fs::write(world.dir.path().join("blobs/uploads"), b"\xff").unwrap();
    world = world.reopened();
    assert!(world.uploads.roots().is_empty());
    assert_eq!(world.put(&[1; 90]).unwrap(), root);
}

#[tokio::test]
async fn whoever_waits_for_uploads_is_woken_also_if_it_comes_before() {
    let world = World::new();
    world.put(&[1]).unwrap();
    tokio::time::timeout(Duration::from_secs(5), world.uploads.came()).await.unwrap();
}
