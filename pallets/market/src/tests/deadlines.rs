use crate::{
    mock::*, DeadlineCursor, Deadlines, Error, Event, HoldReason, JobState, Jobs, Orders, Receipts, WeightInfo,
};
use frame_support::{
    assert_noop, assert_ok,
    traits::{fungible::InspectHold, Hooks},
    weights::{Weight, WeightMeter},
};
use strike_primitives::{
    job::JobOrder,
    receipt::{CloseReason, Payment, PaymentRole},
    traits::{Assignments, OnVerdict},
};

#[test]
fn a_job_that_finds_nobody_is_refunded() {
    ExtBuilder::default().run(|| {
        let before = free(&requester());
        let id = submit(UNIT);
        run_to(11);
        assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Pending { .. }));
        run_to(12);
        assert_eq!(Jobs::<Test>::get(id).unwrap().state, JobState::Closed(CloseReason::NoProvider));
        assert_eq!(free(&requester()), before - JOB_DEPOSIT);
    });
}

#[test]
fn an_expired_job_is_not_assigned_though_the_queue_lags() {
    ExtBuilder::default().run(|| {
        let id = submit(UNIT);
        run_to(11);
        System::set_block_number(12);
        place_ask(provider(1), 100_000, 1);
        Market::poll_waiting(&mut WeightMeter::new());
        assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Pending { .. }));
        next_block();
        assert_eq!(Jobs::<Test>::get(id).unwrap().state, JobState::Closed(CloseReason::NoProvider));
    });
}

#[test]
fn a_late_provider_pays_and_the_next_one_gets_the_job() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).ask(provider(2), 200_000, 1).run(|| {
        let id = submit(UNIT);
        let (before, issuance) = (free(&requester()), Balances::total_issuance());
        run_to(12);
        // A fifth of 10,000, half of it burned.
        assert_eq!(BondsOf::get()[&provider(1)], (BOND - 2_000, 0));
        assert_eq!(free(&requester()), before + 1_000);
        assert_eq!(Balances::total_issuance(), issuance - 1_000);
        assert!(events().contains(&Event::AttemptFailed {
            job: id,
            attempt: 0,
            provider: provider(1),
            reason: CloseReason::ProviderLate,
            burned: 1_000,
            compensated: 1_000,
        }));
        let assignment = Market::assigned_job(id).unwrap();
        assert_eq!((assignment.provider, assignment.attempt), (provider(2), 1));
        assert_eq!(assignment.commit_deadline, 22);
        assert!(Market::awaiting_commitment(&provider(1), None, 9).is_empty());

        // It delivers, and is paid.
        assert_ok!(Market::on_committed(id, 1));
        assert_ok!(Market::on_verdict(id, 1, outcome(valid(UNITS), &[validator(1)])));
        next_block();
        let receipt = Receipts::<Test>::get(id).unwrap();
        assert_eq!((receipt.reason, receipt.attempt, receipt.fee), (CloseReason::Settled, 1, 20_000));
        assert_eq!(receipt.slashed, 1_000);
        assert!(receipt.payments.contains(&Payment {
            account: requester(),
            role: PaymentRole::Compensation,
            amount: 1_000
        }));
    });
}

#[test]
fn two_late_providers_end_the_job_with_a_refund() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).ask(provider(2), 200_000, 1).ask(provider(3), 300_000, 1).run(
        || {
            let before = free(&requester());
            let id = submit(UNIT);
            run_to(23);
            assert_eq!(Jobs::<Test>::get(id).unwrap().state, JobState::Closed(CloseReason::ProviderLate));
            // Compensated by both: a tenth of 10,000 and of 20,000.
            assert_eq!(free(&requester()), before - JOB_DEPOSIT + 1_000 + 2_000);
            let receipt = Receipts::<Test>::get(id).unwrap();
            assert_eq!((receipt.fee, receipt.refunded, receipt.slashed), (0, UNIT, 3_000));
            assert_eq!(receipt.provider, Some(provider(2)));
            assert_eq!(BondsOf::get()[&provider(3)], (BOND, 0));
        },
    );
}

#[test]
fn a_late_provider_is_not_tried_twice() {
    ExtBuilder::default().ask(provider(1), 100_000, 2).run(|| {
        let id = submit(UNIT);
        run_to(12);
        assert_eq!(Jobs::<Test>::get(id).unwrap().state, JobState::Closed(CloseReason::ProviderLate));
    });
}

#[test]
fn odd_penalties_burn_the_larger_half() {
    ExtBuilder::default().ask(provider(1), 75, 1).run(|| {
        // 100 units cost 8 at most; a fifth of it is 1.
        submit(UNIT);
        run_to(12);
        assert_eq!(BondsOf::get()[&provider(1)], (BOND - 1, 0));
        let receipt = Receipts::<Test>::get(0).unwrap();
        assert_eq!((receipt.slashed, receipt.payments.len()), (1, 0));
    });
}

#[test]
fn a_penalty_is_burned_where_it_cannot_compensate() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        submit(UNIT);
        CompensateFails::set(true);
        run_to(12);
        assert_eq!(BondsOf::get()[&provider(1)], (BOND - 2_000, 0));
        assert_eq!(Receipts::<Test>::get(0).unwrap().slashed, 2_000);
    });
}

#[test]
fn a_commitment_ends_the_deadline() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        let id = submit(UNIT);
        run_to(11);
        assert_noop!(Market::on_committed(id, 1), Error::<Test>::AttemptNotRunning);
        assert_noop!(Market::on_committed(9, 0), Error::<Test>::JobNotFound);
        assert_ok!(Market::on_committed(id, 0));
        assert_noop!(Market::on_committed(id, 0), Error::<Test>::AttemptNotRunning);
        assert!(Market::assigned_job(id).unwrap().committed);
        assert!(Market::awaiting_commitment(&provider(1), None, 9).is_empty());
        run_to(40);
        assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Committed { .. }));
        assert_eq!(BondsOf::get()[&provider(1)], (BOND, 10_000));
    });
}

#[test]
fn a_commitment_after_the_deadline_is_refused_though_the_queue_lags() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        let id = submit(UNIT);
        System::set_block_number(12);
        assert_noop!(Market::on_committed(id, 0), Error::<Test>::DeadlinePassed);
    });
}

#[test]
fn a_closed_job_is_pruned_after_its_retention() {
    ExtBuilder::default().run(|| {
        let before = free(&requester());
        let id = submit(UNIT);
        assert_ok!(Market::cancel(RuntimeOrigin::signed(requester()), id));
        run_to(u64::from(RETENTION));
        assert!(Receipts::<Test>::contains_key(id));
        next_block();
        assert!(!Jobs::<Test>::contains_key(id));
        assert!(!Orders::<Test>::contains_key(id));
        assert!(!Receipts::<Test>::contains_key(id));
        assert_eq!(Market::job_ids(Some(&requester()), None, 9), (vec![], None));
        assert_eq!(free(&requester()), before);
        assert_eq!(Balances::balance_on_hold(&HoldReason::JobDeposit.into(), &requester()), 0);
        assert_eq!(Forgotten::get(), vec![id]);
        assert!(events().contains(&Event::JobPruned { job: id }));
        assert_eq!(Deadlines::<Test>::iter().count(), 0);
    });
}

#[test]
fn a_tiny_weight_delays_but_loses_nothing() {
    ExtBuilder::default().ask(provider(1), 100_000, 8).run(|| {
        for _ in 0..4 {
            let mut order = order(UNIT);
            order.deadline = 3;
            assert_ok!(Market::submit(RuntimeOrigin::signed(requester()), JobOrder::V1(order)));
        }
        // Room for the hook itself and one deadline.
        let limit = <Test as crate::Config>::WeightInfo::poll()
            .saturating_add(<Test as crate::Config>::WeightInfo::visit_height().saturating_mul(8))
            .saturating_add(Market::worst_deadline());
        let late = || {
            Jobs::<Test>::iter_values().filter(|job| job.state == JobState::Closed(CloseReason::ProviderLate)).count()
        };
        let mut counts = vec![];
        for _ in 0..12 {
            let mut meter = WeightMeter::with_limit(limit);
            next_block_with(&mut meter);
            assert!(meter.consumed().all_lte(limit));
            check();
            counts.push(late());
        }
        assert!(counts.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(counts.iter().any(|count| (1..4).contains(count)), "{counts:?}");
        assert_eq!(counts.last(), Some(&4));
        assert_eq!(DeadlineCursor::<Test>::get(), now() + 1);
    });
}

#[test]
fn without_weight_nothing_happens() {
    ExtBuilder::default().run(|| {
        let id = submit(UNIT);
        System::set_block_number(30);
        let mut meter = WeightMeter::with_limit(Weight::from_parts(1, 0));
        Market::on_poll(30, &mut meter);
        assert_eq!(meter.consumed(), Weight::zero());
        assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Pending { .. }));
    });
}

#[test]
fn the_hook_uses_its_share_only() {
    ExtBuilder::default().run(|| {
        let mut meter = WeightMeter::new();
        next_block_with(&mut meter);
        assert!(meter.consumed().all_lte(Market::hook_limit()));
        <Market as Hooks<u64>>::integrity_test();
    });
}

#[test]
fn a_late_attempt_that_cannot_be_punished_is_given_up() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        let before = free(&requester());
        let id = submit(UNIT);
        ReleaseFails::set(true);
        run_to(12);
        assert_eq!(Jobs::<Test>::get(id).unwrap().state, JobState::Closed(CloseReason::Undecided));
        assert_eq!(free(&requester()), before - JOB_DEPOSIT);
        assert_eq!(BondsOf::get()[&provider(1)].0, BOND);
    });
}

#[test]
fn nobody_is_late_while_time_stands_still() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        let id = submit(UNIT);
        run_to(8);
        stand_still_for(50);
        assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Assigned(_)));
        assert_eq!(BondsOf::get()[&provider(1)], (BOND, 10_000));
        // Three of its ten blocks are left, and a commitment counts in the last one.
        run_to(61);
        assert_ok!(Market::on_committed(id, 0));
        run_to(100);
        assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Committed { .. }));
    });
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        let id = submit(UNIT);
        run_to(8);
        stand_still_for(50);
        run_to(62);
        assert_noop!(Market::on_committed(id, 0), Error::<Test>::AttemptNotRunning);
        assert_eq!(Jobs::<Test>::get(id).unwrap().state, JobState::Closed(CloseReason::ProviderLate));
    });
}

#[test]
fn what_is_shown_of_a_deadline_is_the_block_in_which_it_ends_now() {
    use strike_primitives::api::JobStatus;
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        let (assigned, waiting) = (submit(UNIT), submit(UNIT));
        let shown = || {
            let status = |id| Market::job_info(id).unwrap().status;
            let (JobStatus::Assigned { deadline, .. }, JobStatus::Pending { deadline: expiry }) =
                (status(assigned), status(waiting))
            else {
                panic!("one is assigned, the other waits");
            };
            (deadline, expiry)
        };
        assert_eq!(shown(), (11, 11));
        run_to(5);
        StoppedSince::set(Some(5));
        run_to(25);
        assert_eq!(shown(), (31, 31));
        StoppedSince::set(None);
        LostTime::set(20);
        run_to(30);
        assert_eq!(shown(), (31, 31));
        run_to(31);
        assert_eq!(shown(), (31, 31));
        next_block();
        assert_eq!(Jobs::<Test>::get(assigned).unwrap().state, JobState::Closed(CloseReason::ProviderLate));
        // An event names the block too.
        let again = submit(UNIT);
        assert!(events().iter().any(|event| matches!(
            event,
            Event::JobAssigned { job, deadline: 42, .. } if *job == again
        )));
    });
}

#[test]
fn a_job_that_waits_can_be_cancelled_while_time_stands_still() {
    ExtBuilder::default().run(|| {
        let before = free(&requester());
        let id = submit(UNIT);
        stand_still_for(50);
        assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Pending { .. }));
        assert_ok!(Market::cancel(RuntimeOrigin::signed(requester()), id));
        assert_eq!(free(&requester()), before - JOB_DEPOSIT);
    });
}
