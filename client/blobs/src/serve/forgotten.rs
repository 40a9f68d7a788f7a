//! Blobs whose jobs the chain has forgotten: removed, so that they take no room from those that are needed.
//!
//! A sweep lists all blobs of the jobs that the chain keeps, some pages at a time. What was in the store all the while
//! that a job may be open before it names its output, and is on no list, goes. Uploads are kept by a list of their own.

use crate::{
    limits::{JOBS_A_PAGE, LOG_TARGET, MAX_JOB_PAGES, SWEEP_PAUSE},
    store::blob_store::BlobStore,
};
use sp_core::H256;
use std::{collections::BTreeSet, sync::Arc};
use strike_primitives::{artifact::ArtifactKind, BlockNumber, JobId};

/// The blobs of one job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JobBlobs {
    /// The job.
    pub job: JobId,
    /// Root of its input, if that is a blob.
    pub input: Option<H256>,
    /// Root of the output of its last commitment.
    pub output: Option<H256>,
}

/// Some of the jobs that the chain keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page<J> {
    /// The jobs, newest first. May be empty though there are more pages.
    pub jobs: Vec<J>,
    /// Before which job the next page begins; `None` behind the last one.
    pub next: Option<JobId>,
}

/// What the chain says of the jobs that it keeps, at a block that stays.
pub trait KeptJobs {
    /// Up to `limit` of the jobs kept, newest first, below `before`.
    fn kept(&self, before: Option<JobId>, limit: u32) -> Result<Page<JobBlobs>, String>;
}

/// Lists what is needed, and removes what is not.
pub struct ForgottenBlobs {
    store: Arc<BlobStore>,
    /// What is older than this at the end of the next sweep, and on no list, goes.
    age: u64,
    /// The block of that age.
    since: Option<BlockNumber>,
    sweep: Option<Sweep>,
}

/// A sweep that goes on.
#[derive(Default)]
struct Sweep {
    before: Option<JobId>,
    /// The newest job when the list was last begun from its top.
    newest: Option<JobId>,
    /// Jobs up to this one are listed.
    listed: Option<JobId>,
    /// Blobs of the store that jobs need.
    needed: BTreeSet<(ArtifactKind, H256)>,
}

impl ForgottenBlobs {
    /// The blobs in `store`. What is there now counts as new.
    pub fn new(store: Arc<BlobStore>) -> Self {
        let age = store.age();
        Self { store, age, since: None, sweep: None }
    }

    /// Go on with the sweep by some pages, or begin one where it is time. `block` is the last final one, and what `chain` says
    /// is said at it. Returns how many blobs were removed.
    pub fn tend(&mut self, chain: &impl KeptJobs, block: BlockNumber) -> Result<usize, String> {
        let since = *self.since.get_or_insert(block);
        if self.sweep.is_none() && block.saturating_sub(since) < SWEEP_PAUSE {
            return Ok(0);
        }
        let sweep = self.sweep.get_or_insert_default();
        for _ in 0..MAX_JOB_PAGES {
            let page = chain.kept(sweep.before, JOBS_A_PAGE)?;
            if sweep.before.is_none() {
                // Without any, all that were looked at are gone for good.
                sweep.newest = page.jobs.first().map(|newest| newest.job).or(page.next);
            }
            let inputs = page.jobs.iter().filter_map(|blobs| Some((ArtifactKind::File, blobs.input?)));
            let outputs = page.jobs.iter().filter_map(|blobs| Some((ArtifactKind::Output, blobs.output?)));
            // What is not here takes no room, in the list neither.
            sweep.needed.extend(inputs.chain(outputs).filter(|(kind, root)| self.store.contains(*kind, root)));
            sweep.before = page.next.filter(|next| sweep.listed.is_none_or(|to| *next > to));
            if sweep.before.is_none() {
                // Jobs that came meanwhile may need what was here long before them.
                if sweep.listed == sweep.newest {
                    return self.end(block);
                }
                sweep.listed = sweep.newest;
            }
        }
        Ok(0)
    }

    fn end(&mut self, block: BlockNumber) -> Result<usize, String> {
        let needed = self.sweep.take().unwrap_or_default().needed;
        let removed = self.store.remove_older(self.age, |blob| needed.contains(blob));
        (self.age, self.since) = (self.store.age(), Some(block));
        let removed = removed.map_err(|error| error.to_string())?;
        if removed > 0 {
            log::debug!(target: LOG_TARGET, "Removed {removed} blobs of jobs that the chain has forgotten");
        }
        Ok(removed)
    }
}
