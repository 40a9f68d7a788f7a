//! Inputs that requesters left with this node for their jobs: kept from eviction until the jobs are forgotten.

use super::{forgotten::Page, rate_limit::RateLimiter};
use crate::{
    limits::{UploadLimits, JOBS_A_PAGE, MAX_JOBS_OF_UPLOAD, MAX_JOB_PAGES},
    store::{
        blob_store::BlobStore,
        error::BlobError,
        ledger::{Entry, Ledger},
    },
};
use parking_lot::Mutex;
use sp_core::H256;
use std::{collections::BTreeSet, sync::Arc, time::Instant};
use strike_primitives::{
    artifact::{file_root, ArtifactKind},
    BlockNumber, JobId,
};
use tokio::sync::Notify;

/// Why an upload is refused.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It is empty or longer than [`UploadLimits::length`].
    #[error("{length} bytes are not between 1 and {limit}")]
    LengthOutOfRange {
        /// Its length in bytes.
        length: u64,
        /// The longest in bytes.
        limit: u64,
    },
    /// More comes than [`UploadLimits::rate`] allows.
    #[error("too much is uploaded at once")]
    Busy,
    /// As much is kept as [`UploadLimits`] allow.
    #[error("{count} uploads of {bytes} bytes together are kept, and no more")]
    Full {
        /// How many are kept.
        count: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] BlobError),
}

/// What the chain says of jobs, at a block that stays.
pub trait JobInputs {
    /// Up to `limit` of the jobs kept, newest first, below `before`, each with the root of its input if that is a blob.
    fn jobs(&self, before: Option<JobId>, limit: u32) -> Result<Page<(JobId, Option<H256>)>, String>;
    /// Whether the chain still keeps a job.
    fn is_kept(&self, job: JobId) -> Result<bool, String>;
}

struct State {
    ledger: Ledger,
    rate: RateLimiter<()>,
}

/// The uploads of a store. Blocks on the disk.
pub struct Uploads {
    store: Arc<BlobStore>,
    limits: UploadLimits,
    state: Mutex<State>,
    came: Notify,
}

impl Uploads {
    /// The uploads in `store`; their rate counts from `now`. A list that cannot be read is given up: its blobs are then
    /// kept like any others.
    pub fn open(store: Arc<BlobStore>, limits: UploadLimits, now: Instant) -> Result<Self, BlobError> {
        let mut ledger = Ledger::read(store.dir())?;
        ledger.entries.retain(|root, _| store.pin(ArtifactKind::File, root, true));
        let state = State { ledger, rate: RateLimiter::new(limits.rate, limits.rate, 1, now) };
        Ok(Self { store, limits, state: Mutex::new(state), came: Notify::new() })
    }

    /// Keep an input; returns its root. `block` is the last final one, from which on it is kept.
    pub fn put(&self, bytes: &[u8], block: BlockNumber, now: Instant) -> Result<H256, UploadError> {
        let length = bytes.len() as u64;
        if !(1..=self.limits.length).contains(&length) {
            return Err(UploadError::LengthOutOfRange { length, limit: self.limits.length });
        }
        let mut state = self.state.lock();
        state.rate.take(&(), length, now).map_err(|_| UploadError::Busy)?;
        let root = file_root(bytes);
        let mut ledger = state.ledger.clone();
        let known = ledger.entries.get(&root);
        if known.is_none() {
            let (count, bytes) = (ledger.entries.len(), ledger.bytes());
            if count >= self.limits.count || bytes.saturating_add(length) > self.limits.bytes {
                return Err(UploadError::Full { count, bytes });
            }
        }
        let jobs = known.map(|entry| entry.jobs.clone()).unwrap_or_default();
        ledger.entries.insert(root, Entry { length, since: block, jobs });
        self.store.put(ArtifactKind::File, bytes)?;
        self.store.pin(ArtifactKind::File, &root, true);
        // Listed before it is promised to be kept.
        if let Err(error) = ledger.write(self.store.dir()) {
            if !state.ledger.entries.contains_key(&root) {
                self.store.pin(ArtifactKind::File, &root, false);
            }
            return Err(error.into());
        }
        state.ledger = ledger;
        self.came.notify_one();
        Ok(root)
    }

    /// The roots of all uploads.
    pub fn roots(&self) -> Vec<H256> {
        self.state.lock().ledger.entries.keys().copied().collect()
    }

    /// Returns once something was uploaded since the last call.
    pub async fn came(&self) {
        self.came.notified().await
    }

    /// Learn which jobs use which upload, and let go of those that no job needs any longer: of which every job is
    /// forgotten by the chain, or that were left alone for [`UploadLimits::unused`] blocks. `block` is the last final
    /// one, and what `chain` says is said at it. Returns the roots that were let go; their blobs stay until others need
    /// the room.
    pub fn tend(&self, chain: &impl JobInputs, block: BlockNumber) -> Result<Vec<H256>, String> {
        let seen = self.state.lock().ledger.clone();
        if seen.entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut found: Vec<(JobId, H256)> = Vec::new();
        let (mut before, mut next_job) = (None, seen.next_job);
        for _ in 0..MAX_JOB_PAGES {
            let page = chain.jobs(before, JOBS_A_PAGE)?;
            next_job = page.jobs.iter().map(|(job, _)| job.saturating_add(1)).fold(next_job, JobId::max);
            let new = page.jobs.into_iter().filter(|(job, _)| *job >= seen.next_job);
            found.extend(new.filter_map(|(job, root)| Some((job, root?))));
            before = page.next.filter(|next| *next > seen.next_job);
            if before.is_none() {
                break;
            }
        }
        let mut over = BTreeSet::new();
        for job in seen.entries.values().flat_map(|entry| &entry.jobs) {
            if !over.contains(job) && !chain.is_kept(*job)? {
                over.insert(*job);
            }
        }

        let mut state = self.state.lock();
        // What came meanwhile is there too.
        let mut ledger = state.ledger.clone();
        ledger.next_job = next_job;
        for (job, root) in found {
            if let Some(entry) = ledger.entries.get_mut(&root) {
                entry.jobs.insert(job);
                if entry.jobs.len() > MAX_JOBS_OF_UPLOAD {
                    entry.jobs.pop_first();
                }
            }
        }
        let mut gone = Vec::new();
        ledger.entries.retain(|root, entry| {
            entry.jobs.retain(|job| !over.contains(job));
            let keep = !entry.jobs.is_empty() || block.saturating_sub(entry.since) < self.limits.unused;
            if !keep {
                gone.push(*root);
            }
            keep
        });
        if ledger == state.ledger {
            return Ok(gone);
        }
        ledger.write(self.store.dir()).map_err(|error| error.to_string())?;
        state.ledger = ledger;
        for root in &gone {
            self.store.pin(ArtifactKind::File, root, false);
        }
        Ok(gone)
    }
}
