//! Jobs that wait, and their turns.

use super::*;
use crate::{mock::*, Error, JobState, Jobs, Pending};
use frame_support::{assert_noop, assert_ok, weights::WeightMeter};
use strike_primitives::job::{JobOrder, JobOrderV1};

#[test]
fn a_waiting_job_gets_the_ask_that_comes() {
    ExtBuilder::default().run(|| {
        let id = submit(UNIT);
        place_ask(provider(1), 100_000, 1);
        assert!(is_pending(id));
        next_block();
        assert_eq!(assignee(id), Some(provider(1)));
        assert_eq!(Jobs::<Test>::get(id).unwrap().assignment().unwrap().deadline, 12);
        // The service leaves the queue with its next turn.
        next_block();
        assert!(!Pending::<Test>::contains_key((MODEL, CLASS)));
    });
}

#[test]
fn a_waiting_job_gets_the_bond_that_grows() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        set_reserved(BOND);
        let id = submit(UNIT);
        next_block();
        assert!(is_pending(id));
        set_reserved(0);
        next_block();
        assert_eq!(assignee(id), Some(provider(1)));
    });
}

#[test]
fn a_job_that_fits_nobody_does_not_hold_up_others() {
    ExtBuilder::default().run(|| {
        let cheap: Vec<_> = (0..4).map(|_| submit(100)).collect();
        let other = submit(UNIT);
        place_ask(provider(1), 100_000, 2);
        // Four visits a block, one of each waiting job.
        next_block();
        next_block();
        assert_eq!(assignee(other), Some(provider(1)));
        assert!(cheap.into_iter().all(is_pending));
    });
}

#[test]
fn waiting_jobs_are_served_in_their_order() {
    ExtBuilder::default().run(|| {
        let jobs: Vec<_> = (0..3).map(|_| submit(UNIT)).collect();
        next_block();
        place_ask(provider(1), 100_000, 1);
        next_block();
        assert_eq!(assignee(jobs[0]), Some(provider(1)));
        place_ask(provider(1), 100_000, 2);
        next_block();
        assert_eq!(assignee(jobs[1]), Some(provider(1)));
        assert!(is_pending(jobs[2]));
    });
}

#[test]
fn services_take_turns() {
    ExtBuilder::default().run(|| {
        for _ in 0..5 {
            submit(100);
        }
        let other = JobOrder::V1(JobOrderV1 { model: OTHER_MODEL, ..order(UNIT) });
        assert_ok!(Market::submit(RuntimeOrigin::signed(requester()), other));
        ask(OTHER_MODEL, CLASS, 1_000);
        next_block();
        assert_eq!(assignee(5), Some(provider(1)));
    });
}

#[test]
fn the_queue_is_bounded() {
    ExtBuilder::default().run(|| {
        for _ in 0..5 {
            submit(UNIT);
        }
        assert_noop!(
            Market::submit(RuntimeOrigin::signed(requester()), JobOrder::V1(order(UNIT))),
            Error::<Test>::QueueFull
        );
    });
}

#[test]
fn matching_goes_on_under_a_small_weight() {
    ExtBuilder::default().run(|| {
        let jobs: Vec<_> = (0..4).map(|_| submit(UNIT)).collect();
        place_ask(provider(1), 100_000, 4);
        for _ in 0..20 {
            let limit = Market::worst_visit().saturating_mul(2);
            let mut meter = WeightMeter::with_limit(limit);
            next_block_with(&mut meter);
            assert!(meter.consumed().all_lte(limit));
            check();
            if jobs.iter().all(|id| !matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Pending { .. })) {
                return;
            }
        }
        panic!("jobs still wait");
    });
}
