//! What is read of many duties, and in which order.

use super::support::{check_for, commitment, outcome, provide_for};
use crate::chain::duties::{DutyApi, DutyReader};
use parking_lot::Mutex;
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};
use strike_primitives::{
    api::{duty_kind, Duty, DutyCursor, DutyHead, DutyPage},
    app::AppKey,
    artifact::ArtifactId,
    AccountId, BlockNumber, JobId, H256,
};

const HERE: ArtifactId = super::support::MODEL;
const MISSING: ArtifactId = ArtifactId { kind: HERE.kind, root: H256([7; 32]) };
const LIMIT: usize = 1_024;

fn key() -> AppKey {
    sp_core::sr25519::Public::from_raw([3; 32]).into()
}

/// A runtime of paper: checks by job, with provider, model and deadline, in an order that has nothing to do with any.
#[derive(Default)]
struct Paper {
    checks: BTreeMap<JobId, (u8, ArtifactId, BlockNumber)>,
    /// The jobs in the order of pages.
    places: BTreeMap<[u8; 8], JobId>,
    /// Jobs whose work was read.
    reads: Mutex<Vec<JobId>>,
    /// Pages that were read.
    pages: Mutex<usize>,
}

impl Paper {
    fn place(job: JobId) -> [u8; 8] {
        // Odd, so no two jobs have one place.
        job.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()
    }

    fn order(&mut self, jobs: impl IntoIterator<Item = JobId>, provider: u8, model: ArtifactId, deadline: BlockNumber) {
        for job in jobs {
            self.checks.insert(job, (provider, model, deadline));
            self.places.insert(Self::place(job), job);
        }
    }

    fn read(&self, reader: &mut DutyReader) -> Vec<JobId> {
        let has_model = |duty: &Duty| match duty {
            Duty::Check(duty) => duty.model == HERE,
            Duty::Provide(_) => true,
        };
        let duties = reader.read(self, &[key()], 10, LIMIT, &mut { has_model }).unwrap();
        let jobs = duties.into_iter().map(|duty| match duty {
            Duty::Check(duty) => duty.binding.job,
            Duty::Provide(duty) => duty.binding.job,
        });
        jobs.collect()
    }
}

impl DutyApi for Paper {
    fn heads(&self, _: &[AppKey], after: Option<DutyCursor>, limit: u32) -> Result<DutyPage, String> {
        *self.pages.lock() += 1;
        let begin = match after.and_then(|cursor| cursor.after) {
            Some(after) => Bound::Excluded(Self::place(after)),
            None => Bound::Unbounded,
        };
        let mut jobs: Vec<JobId> =
            self.places.range((begin, Bound::Unbounded)).map(|(_, job)| *job).take(limit as usize + 1).collect();
        let is_last = jobs.len() <= limit as usize;
        jobs.truncate(limit as usize);
        let next = jobs.last().map(|job| DutyCursor { kind: duty_kind::CHECK, key: 0, after: Some(*job) });
        let mut heads: Vec<DutyHead> = Vec::new();
        for job in jobs {
            let Some((provider, _, deadline)) = self.checks.get(&job).copied() else { continue };
            let (provider, id) = (AccountId::new([provider; 32]), H256::from_low_u64_be(job));
            heads.push(DutyHead { kind: duty_kind::CHECK, key: 0, job, attempt: 0, provider, deadline, id });
        }
        Ok(DutyPage { heads, next: next.filter(|_| !is_last) })
    }

    fn duty(&self, key: &AppKey, _: u8, job: JobId) -> Result<Option<Duty>, String> {
        self.reads.lock().push(job);
        let Some((provider, model, deadline)) = self.checks.get(&job) else { return Ok(None) };
        let claim = commitment(&provide_for(key.clone(), job, 5, 50).binding, &outcome());
        let mut duty = check_for(key.clone(), job, claim);
        duty.binding.provider = AccountId::new([*provider; 32]);
        (duty.model, duty.deadline) = (*model, *deadline);
        Ok(Some(Duty::Check(duty)))
    }
}

#[test]
fn jobs_of_a_missing_model_hide_nobody() {
    let (mut paper, mut reader) = (Paper::default(), DutyReader::default());
    // Two thousand that end sooner, of one provider; and some of another, ordered behind them.
    paper.order(0..2_000, 1, MISSING, 40);
    paper.order(2_000..2_300, 2, HERE, 60);
    let honest: BTreeSet<JobId> = (2_000..2_300).collect();
    // Half of what is read at once is the other's.
    assert!(paper.read(&mut reader).len() >= 256);
    for _ in 0..5 {
        paper.read(&mut reader);
    }
    assert_eq!(paper.read(&mut reader).into_iter().collect::<BTreeSet<_>>(), honest);

    // What is left is not read again.
    let reads = paper.reads.lock().len();
    assert_eq!(reads, 2_300);
    paper.read(&mut reader);
    assert_eq!(paper.reads.lock().len(), reads);
}

#[test]
fn providers_take_turns_whatever_their_deadlines() {
    let (mut paper, mut reader) = (Paper::default(), DutyReader::default());
    paper.order(0..3_000, 1, HERE, 20);
    paper.order(3_000..3_010, 2, HERE, 90);
    let read = paper.read(&mut reader);
    let place = |job: JobId| read.iter().position(|other| *other == job).unwrap();
    assert!((3_000..3_010).all(|job| place(job) < 20), "each turn of the first has one of the other behind it");
}

#[test]
fn what_is_gone_is_forgotten_and_what_is_changed_is_read_anew() {
    let (mut paper, mut reader) = (Paper::default(), DutyReader::default());
    paper.order(0..600, 1, HERE, 40);
    paper.read(&mut reader);
    assert_eq!(paper.read(&mut reader).len(), 600);
    paper.checks.remove(&7);
    paper.order([8], 1, HERE, 30);
    let read = paper.read(&mut reader);
    assert!(!read.contains(&7));
    assert_eq!(read[0], 8, "it has a nearer deadline now");
    paper.order([9], 1, HERE, 10);
    assert!(!paper.read(&mut reader).contains(&9), "it can be in no block any more");
    assert_eq!(reader.owed(duty_kind::CHECK), 598);
}

#[test]
fn a_reading_is_bounded_and_the_next_goes_on() {
    let (mut paper, mut reader) = (Paper::default(), DutyReader::default());
    // More than one reading walks over, all but one of a model that is not here.
    paper.order(0..20_000, 1, MISSING, 1_000);
    paper.order([30_000], 2, HERE, 1_000);
    let mut found_in = None;
    for reading in 0..3 {
        let before = (*paper.pages.lock(), paper.reads.lock().len());
        if paper.read(&mut reader).contains(&30_000) {
            found_in.get_or_insert(reading);
        }
        assert!(*paper.pages.lock() - before.0 <= 64);
        assert!(paper.reads.lock().len() - before.1 <= 512);
    }
    assert!(found_in.is_some());
    // It stays known while the walk goes on.
    assert!((0..4).all(|_| paper.read(&mut reader).contains(&30_000)));
}

proptest! {
    /// Against the plain definition: turns of providers, each its nearest deadline first.
    #[test]
    fn the_order_is_that_of_turns(checks in prop::collection::btree_map(0u64..500, (0u8..5, 11u32..60), 0..200)) {
        let mut paper = Paper::default();
        for (job, (provider, deadline)) in &checks {
            paper.order([*job], *provider, HERE, *deadline);
        }
        let mut queues: BTreeMap<u8, Vec<(BlockNumber, JobId)>> = BTreeMap::new();
        for (job, (provider, deadline)) in &checks {
            queues.entry(*provider).or_default().push((*deadline, *job));
        }
        let mut queues: Vec<_> = queues.into_values().collect();
        queues.iter_mut().for_each(|queue| queue.sort());
        queues.sort();
        let longest = queues.iter().map(Vec::len).max().unwrap_or(0);
        let expected: Vec<JobId> =
            (0..longest).flat_map(|turn| queues.iter().filter_map(move |queue| Some(queue.get(turn)?.1))).collect();
        prop_assert_eq!(paper.read(&mut DutyReader::default()), expected);
    }
}
