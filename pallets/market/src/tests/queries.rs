//! What runtime APIs show of jobs.

use crate::{mock::*, JobsOf, NextJobId, OldestJob};
use frame_support::assert_ok;
use strike_primitives::{job::JobOrder, AccountId, JobId};

#[test]
fn jobs_are_listed_newest_first() {
    ExtBuilder::default().run(|| {
        submit(UNIT);
        assert_ok!(Market::submit(RuntimeOrigin::signed(account(2)), JobOrder::V1(order(UNIT))));
        submit(UNIT);
        assert_eq!(Market::job_ids(None, None, 2), (vec![2, 1], Some(1)));
        assert_eq!(Market::job_ids(None, Some(1), 2), (vec![0], None));
        assert_eq!(Market::job_ids(Some(&requester()), None, 9), (vec![2, 0], None));
        assert_eq!(Market::job_ids(Some(&requester()), Some(2), 9), (vec![0], None));
        let info = Market::job_info(2).unwrap();
        assert_eq!((info.requester, info.escrow, info.receipt), (requester(), UNIT, None));
        assert_eq!(Market::job_info(3), None);
    });
}

/// All pages of somebody's jobs, and how many pages there are.
fn pages(of: Option<&AccountId>, limit: u32) -> (Vec<JobId>, usize) {
    let (mut all, mut before, mut pages) = (Vec::new(), None, 0);
    loop {
        let (ids, next) = Market::job_ids(of, before, limit);
        all.extend(ids);
        (before, pages) = (next, pages + 1);
        if before.is_none() {
            return (all, pages);
        }
    }
}

#[test]
fn jobs_that_were_forgotten_hide_no_older_ones() {
    ExtBuilder::default().run(|| {
        submit(UNIT);
        // More ids than one call looks at, all of jobs that are gone.
        NextJobId::<Test>::put(25_000);
        submit(UNIT);
        assert_eq!(Market::job_ids(None, None, 9), (vec![25_000], Some(15_001)));
        assert_eq!(Market::job_ids(None, Some(15_001), 9), (vec![], Some(5_001)));
        assert_eq!(pages(None, 9), (vec![25_000, 0], 3));
        assert_eq!(pages(Some(&requester()), 9), (vec![25_000, 0], 1));
        assert_eq!(pages(Some(&requester()), 1), (vec![25_000, 0], 2));
    });
}

#[test]
fn somebody_with_more_jobs_than_one_call_looks_at_has_all_of_them_listed() {
    ExtBuilder::default().run(|| {
        submit(UNIT);
        NextJobId::<Test>::put(20_000);
        (1..20_000).step_by(2).for_each(|id| JobsOf::<Test>::insert(requester(), id, ()));
        let (all, pages) = pages(Some(&requester()), 3_000);
        assert_eq!((all.len(), pages), (10_001, 4));
        assert!(all.is_sorted_by(|a, b| a > b));
        (1..20_000).step_by(2).for_each(|id| JobsOf::<Test>::remove(requester(), id));
    });
}

#[test]
fn nobody_looks_below_the_oldest_job() {
    ExtBuilder::default().run(|| {
        let jobs: Vec<JobId> = (0..5).map(|_| submit(UNIT)).collect();
        assert_eq!(jobs, [0, 1, 2, 3, 4]);
        for id in [1, 2, 0, 4] {
            assert_ok!(Market::cancel(RuntimeOrigin::signed(requester()), id));
        }
        run_to(System::block_number() + u64::from(FINAL_AFTER));
        let forget = |id| {
            assert_ok!(Market::forget(RuntimeOrigin::signed(requester()), id));
        };
        [1, 2, 0].into_iter().for_each(forget);
        assert_eq!((OldestJob::<Test>::get(), pages(None, 9)), (0, (vec![4, 3], 1)));
        next_block();
        assert_eq!(OldestJob::<Test>::get(), 3);
        assert_eq!(pages(None, 9), (vec![4, 3], 1));
        forget(4);
        next_block();
        assert_eq!(OldestJob::<Test>::get(), 3);
    });
}
