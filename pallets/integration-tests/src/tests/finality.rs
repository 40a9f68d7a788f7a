//! What happens to jobs while finality lags.

use crate::{actions::*, runtime::*, world::*};
use pallet_market::JobState;
use pallet_verification::types::Phase;
use std::collections::BTreeMap;
use strike_primitives::{receipt::CloseReason, traits::Clock, BlockNumber, JobId};

/// Longer than every period of a job together, and than a beacon is kept.
const LONG: BlockNumber = 200;

fn lag_for(blocks: BlockNumber) {
    stop_finality();
    run_for(blocks);
    resume_finality();
}

#[test]
fn no_provider_should_be_late_while_finality_lags() {
    ExtBuilder::default().run(|| {
        let before = totals();
        stop_finality();
        let job = submit();
        run_for(LONG);
        assert!(matches!(state(job), JobState::Assigned(_)));
        assert_eq!(assigned_to(job), Some(eve().account));
        resume_finality();
        // Time goes on only when finality has kept up for a while.
        run_for(LAG_LIMIT);
        assert!(matches!(state(job), JobState::Assigned(_)));
        deliver(job, TRUE_OUTPUT);
        assert_eq!((receipt(job).reason, receipt(job).attempt), (CloseReason::Settled, 0));
        assert_eq!(moved_since(&before)[&rita().account], -11_000_000 - 1);
    });
}

#[test]
fn provider_should_have_its_whole_time_less_the_limit_and_be_late_after_it() {
    // Whichever block the lag begins in, as long as the assignment may not have been final by then.
    for begun in 0..=DEADLINE - LAG_LIMIT {
        ExtBuilder::default().run(|| {
            let job = submit();
            run_for(begun);
            let (assigned, time) = (now() - begun, Finality::time());
            lag_for(LONG);
            assert_eq!(assigned_to(job), Some(eve().account), "lag from block {begun} of its time");
            assert!(Finality::time() - time <= LAG_LIMIT);
            while assigned_to(job) == Some(eve().account) {
                assert!(Finality::time() <= assigned + DEADLINE);
                next_block();
            }
            assert_eq!(Finality::time(), assigned + DEADLINE + 1);
            assert_eq!(assigned_to(job), Some(ferdie().account));
        });
    }
}

fn phase(job: JobId) -> Phase {
    pallet_verification::OpenAudits::<Test>::get(job).unwrap().phase
}

#[test]
fn audits_should_wait_for_validators_while_finality_lags() {
    ExtBuilder::default().run(|| {
        let (first, second) = (submit(), submit());
        commit(first, TRUE_OUTPUT);
        commit(second, TRUE_OUTPUT);
        await_sealing(second);
        for by in &validators()[..3] {
            seal(first, by, VALID).unwrap();
        }
        await_revealing(first);
        assert!(matches!((phase(first), phase(second)), (Phase::Revealing { .. }, Phase::Sealing { .. })));
        lag_for(LONG);
        assert!(matches!((phase(first), phase(second)), (Phase::Revealing { .. }, Phase::Sealing { .. })));
        for by in &validators()[..3] {
            reveal(first, by, VALID).unwrap();
        }
        next_block();
        assert_eq!(receipt(first).reason, CloseReason::Settled);
        judge_honestly(second, &validators());
        next_block();
        assert_eq!(receipt(second).reason, CloseReason::Settled);
    });
}

#[test]
fn two_of_four_validators_down_should_punish_nobody_and_settle_everything_after() {
    ExtBuilder::default().run(|| {
        let before = totals();
        let committed = submit();
        commit(committed, TRUE_OUTPUT);
        await_sealing(committed);
        let assigned = submit();
        stop_finality();
        // The two that are left cannot decide, and what is ordered meanwhile waits.
        for by in &validators()[..2] {
            seal(committed, by, VALID).unwrap();
        }
        let ordered = submit();
        run_for(LONG);
        assert_eq!(moved_since(&before), BTreeMap::new());
        resume_finality();
        run_for(LAG_LIMIT);
        for by in &validators()[2..] {
            seal(committed, by, VALID).unwrap();
        }
        for by in &validators() {
            reveal(committed, by, VALID).unwrap();
        }
        commit(assigned, TRUE_OUTPUT);
        commit(ordered, TRUE_OUTPUT);
        judge_honestly(assigned, &validators());
        judge_honestly(ordered, &validators());
        next_block();
        for job in [assigned, committed, ordered] {
            assert_eq!((receipt(job).reason, receipt(job).slashed), (CloseReason::Settled, 0));
        }
    });
}

#[test]
fn waiting_job_should_be_cancelled_at_any_time() {
    ExtBuilder::default().run(|| {
        let before = totals();
        let job = submit_as(&rita(), strike_primitives::job::JobOrderV1 { model: FREE_MODEL, ..order() });
        lag_for(LONG);
        assert!(matches!(state(job), JobState::Pending { .. }));
        frame_support::assert_ok!(Market::cancel(rita().signed(), job));
        assert_eq!(moved_since(&before), BTreeMap::new());
    });
}

#[test]
fn beacons_that_piled_up_should_be_dropped_in_the_end() {
    ExtBuilder::default().run(|| {
        let kept = || pallet_verification::Beacons::<Test>::iter().count() as BlockNumber;
        run_for(2 * LONG);
        let usual = kept();
        lag_for(LONG);
        assert!(kept() > usual + LONG - 2 * LAG_LIMIT);
        run_for(3 * LONG);
        assert_eq!(kept(), usual);
    });
}
