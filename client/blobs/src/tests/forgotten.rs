//! Blobs of jobs that the chain has forgotten go, those of jobs that it keeps stay.

use super::support::store;
use crate::{limits::SWEEP_PAUSE, BlobStore, ForgottenBlobs, JobBlobs, KeptJobs, Limits, Page};
use sp_core::H256;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::Arc,
};
use strike_primitives::{artifact::ArtifactKind, JobId};

/// Ids that the chain looks at in one call.
const LOOKED_AT: JobId = 100;

/// The roots of a job's input and output.
type Roots = (Option<H256>, Option<H256>);

/// The jobs that a chain keeps.
#[derive(Default)]
struct Paper {
    jobs: RefCell<BTreeMap<JobId, Roots>>,
    /// A job that comes after so many pages were read.
    late: Cell<Option<(usize, JobId, H256)>>,
    pages: Cell<usize>,
}

impl Paper {
    fn order(&self, job: JobId, input: Option<H256>, output: Option<H256>) {
        self.jobs.borrow_mut().insert(job, (input, output));
    }
}

impl KeptJobs for Paper {
    fn kept(&self, before: Option<JobId>, limit: u32) -> Result<Page<JobBlobs>, String> {
        self.pages.set(self.pages.get() + 1);
        if let Some((_, job, input)) = self.late.get().filter(|(pages, ..)| self.pages.get() > *pages) {
            self.order(job, Some(input), None);
        }
        let jobs = self.jobs.borrow();
        let end = before.unwrap_or(JobId::MAX);
        // A chain looks at so many ids at once, whether their jobs are kept or not.
        let start = jobs.keys().next_back().map_or(0, |newest| end.min(newest + 1).saturating_sub(LOOKED_AT));
        let below: Vec<_> = jobs.range(start..end).rev().take(limit as usize).collect();
        let next = if below.len() < limit as usize { start } else { *below[below.len() - 1].0 };
        let blobs = |(job, (input, output)): (&JobId, &(Option<H256>, Option<H256>))| JobBlobs {
            job: *job,
            input: *input,
            output: *output,
        };
        Ok(Page { jobs: below.into_iter().map(blobs).collect(), next: Some(next).filter(|next| *next > 0) })
    }
}

/// Whole sweeps until `block`, as a node tends it: at every block.
fn tend(forgotten: &mut ForgottenBlobs, paper: &Paper, blocks: std::ops::Range<u32>) -> usize {
    blocks.map(|block| forgotten.tend(paper, block).unwrap()).sum()
}

fn output(store: &BlobStore, number: u32) -> H256 {
    store.put_output(&[number]).unwrap()
}

fn has(store: &BlobStore, root: &H256) -> bool {
    store.contains(ArtifactKind::Output, root)
}

#[test]
fn outputs_of_jobs_that_the_chain_has_forgotten_go_and_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let paper = Paper::default();
    // More than one page.
    let outputs: Vec<H256> = (0..300).map(|number| output(&store, number)).collect();
    for (job, root) in (0u64..).zip(&outputs) {
        paper.order(job, None, Some(*root));
    }
    let mut forgotten = ForgottenBlobs::new(store.clone());
    assert_eq!(tend(&mut forgotten, &paper, 0..SWEEP_PAUSE + 10), 0);
    assert!(outputs.iter().all(|root| has(&store, root)));

    paper.jobs.borrow_mut().retain(|job, _| job % 3 == 0);
    let removed = tend(&mut forgotten, &paper, SWEEP_PAUSE + 10..3 * SWEEP_PAUSE);
    assert_eq!(removed, 200);
    for (job, root) in (0u64..).zip(&outputs) {
        assert_eq!(has(&store, root), job % 3 == 0, "{job}");
    }
    assert_eq!(store.size(), 100 * Limits::cost(4));
}

#[test]
fn jobs_that_are_gone_hide_no_older_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let paper = Paper::default();
    let (kept, gone) = (output(&store, 1), output(&store, 2));
    paper.order(0, None, Some(kept));
    paper.order(10 * LOOKED_AT, None, None);
    let mut forgotten = ForgottenBlobs::new(store.clone());
    assert_eq!(tend(&mut forgotten, &paper, 0..SWEEP_PAUSE + 10), 1);
    assert!(has(&store, &kept) && !has(&store, &gone));
}

#[test]
fn an_output_whose_job_has_not_named_it_yet_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let paper = Paper::default();
    let mut forgotten = ForgottenBlobs::new(store.clone());
    assert_eq!(tend(&mut forgotten, &paper, 0..SWEEP_PAUSE), 0);
    // The run ended just before a sweep begins. The commitment is in long after it.
    let root = output(&store, 1);
    paper.order(1, None, None);
    assert_eq!(tend(&mut forgotten, &paper, SWEEP_PAUSE..2 * SWEEP_PAUSE), 0);
    assert!(has(&store, &root));
    paper.order(1, None, Some(root));
    assert_eq!(tend(&mut forgotten, &paper, 2 * SWEEP_PAUSE..5 * SWEEP_PAUSE), 0);
    assert!(has(&store, &root));
}

#[test]
fn an_output_that_a_new_job_makes_again_is_new_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let paper = Paper::default();
    let root = output(&store, 1);
    let mut forgotten = ForgottenBlobs::new(store.clone());
    // No job needs the old one. Just before the sweep a run ends in the same.
    assert_eq!(tend(&mut forgotten, &paper, 0..SWEEP_PAUSE - 1), 0);
    assert_eq!(output(&store, 1), root);
    assert_eq!(tend(&mut forgotten, &paper, SWEEP_PAUSE - 1..SWEEP_PAUSE + 10), 0);
    assert!(has(&store, &root));
}

#[test]
fn an_input_stays_for_a_job_that_came_while_the_jobs_were_listed() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path());
    let (input, idle) =
        (store.put(ArtifactKind::File, b"once").unwrap(), store.put(ArtifactKind::File, b"not").unwrap());
    let paper = Paper::default();
    for job in 0..300 {
        paper.order(job, None, None);
    }
    paper.late.set(Some((2, 300, input)));
    let mut forgotten = ForgottenBlobs::new(store.clone());
    assert_eq!(tend(&mut forgotten, &paper, 0..SWEEP_PAUSE + 10), 1);
    assert!(store.contains(ArtifactKind::File, &input) && !store.contains(ArtifactKind::File, &idle));
}

#[test]
fn a_chain_that_cannot_be_read_costs_nothing() {
    struct Blind;
    impl KeptJobs for Blind {
        fn kept(&self, _: Option<JobId>, _: u32) -> Result<Page<JobBlobs>, String> {
            Err("the state is not here".into())
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<BlobStore> = store(dir.path());
    let root = output(&store, 1);
    let mut forgotten = ForgottenBlobs::new(store.clone());
    assert_eq!(forgotten.tend(&Blind, 0), Ok(0));
    assert!(forgotten.tend(&Blind, SWEEP_PAUSE).is_err());
    assert!(has(&store, &root));
    assert_eq!(forgotten.tend(&Paper::default(), SWEEP_PAUSE + 1), Ok(1));
}
