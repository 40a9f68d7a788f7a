use crate::{
    mock::*, weights::WeightInfo as _, Error, Event, HoldReason, JobState, Jobs, Receipts, Running, SettlementQueue,
    Verdicts,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold, weights::WeightMeter};
use sp_runtime::Perbill;
use strike_primitives::{
    receipt::{CloseReason, Payment, PaymentRole},
    traits::{Assignments, OnVerdict},
    verdict::Verdict,
    AccountId, Balance, JobId,
};

/// A job at 100,000 per 1,000 units with its commitment in.
fn committed() -> JobId {
    let id = submit(UNIT);
    assert_ok!(Market::on_committed(id, 0));
    id
}

fn one_ask() -> ExtBuilder {
    ExtBuilder::default().ask(provider(1), 100_000, 4)
}

fn paid(id: JobId) -> Vec<(AccountId, PaymentRole, Balance)> {
    let receipt = Receipts::<Test>::get(id).unwrap();
    receipt.payments.into_iter().map(|Payment { account, role, amount }| (account, role, amount)).collect()
}

#[test]
fn a_valid_result_is_paid_to_the_unit() {
    one_ask().run(|| {
        Shares::set(vec![(owner(), Perbill::from_percent(20))]);
        let id = committed();
        let validators = [validator(1), validator(2), validator(3)];
        let before = free(&requester());
        let issuance = Balances::total_issuance();
        assert_ok!(Market::on_verdict(id, 0, outcome(valid(77), &validators)));
        assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Judged(_)));
        assert_eq!(Market::assigned_job(id), None);
        next_block();

        // 77 units cost 7,700: 5 % burned, 10 % for three validators, 20 % royalty, the rest for the provider.
        let (burned, each, royalty) = (385, 256, 1_540);
        let earned = 7_700 - burned - 3 * each - royalty;
        assert_eq!(
            paid(id),
            vec![
                (provider(1), PaymentRole::Provider, earned),
                (owner(), PaymentRole::Royalty, royalty),
                (validator(1), PaymentRole::Validator, each),
                (validator(2), PaymentRole::Validator, each),
                (validator(3), PaymentRole::Validator, each),
            ]
        );
        let receipt = Receipts::<Test>::get(id).unwrap();
        assert_eq!((receipt.units, receipt.price, receipt.fee), (77, 100_000, 7_700));
        assert_eq!((receipt.burned, receipt.refunded), (burned, UNIT - 7_700));
        assert_eq!((receipt.verdicts, receipt.verdict), (3, valid(77)));
        assert_eq!(receipt.reason, CloseReason::Settled);

        assert_eq!(free(&requester()), before + UNIT - 7_700);
        assert_eq!(free(&provider(1)), ENDOWMENT - ASK_DEPOSIT + earned);
        assert_eq!(free(&owner()), ENDOWMENT + royalty);
        assert_eq!(free(&validator(2)), ENDOWMENT + each);
        assert_eq!(Balances::total_issuance(), issuance - burned);
        assert_eq!(Balances::balance_on_hold(&HoldReason::Escrow.into(), &requester()), 0);
        assert_eq!(BondsOf::get()[&provider(1)], (BOND, 0));
        assert_eq!(Running::<Test>::iter().count(), 0);
        assert!(!Verdicts::<Test>::contains_key(id));
        assert!(events().contains(&Event::JobSettled {
            job: id,
            attempt: 0,
            provider: provider(1),
            units: 77,
            fee: 7_700,
            burned,
            refunded: UNIT - 7_700,
        }));
        assert!(events().contains(&Event::JobClosed {
            job: id,
            reason: CloseReason::Settled,
            receipt: receipt.hash()
        }));
        assert!(events().contains(&Event::PaymentMade {
            job: id,
            account: owner(),
            role: PaymentRole::Royalty,
            amount: royalty
        }));
    });
}

#[test]
fn units_beyond_the_order_are_not_paid() {
    one_ask().run(|| {
        let id = committed();
        assert_ok!(Market::on_verdict(id, 0, outcome(valid(u64::MAX), &[])));
        next_block();
        let receipt = Receipts::<Test>::get(id).unwrap();
        assert_eq!((receipt.units, receipt.fee), (UNITS, 10_000));
        // Nobody to share the validators' part with: it stays with the provider.
        assert_eq!(paid(id), vec![(provider(1), PaymentRole::Provider, 9_500)]);
    });
}

#[test]
fn a_result_of_no_units_costs_nothing() {
    one_ask().run(|| {
        let before = free(&requester());
        let id = committed();
        assert_ok!(Market::on_verdict(id, 0, outcome(valid(0), &[validator(1)])));
        next_block();
        let receipt = Receipts::<Test>::get(id).unwrap();
        assert_eq!((receipt.reason, receipt.fee, receipt.refunded), (CloseReason::Settled, 0, UNIT));
        assert_eq!(free(&requester()), before - JOB_DEPOSIT);
        assert!(paid(id).is_empty());
    });
}

#[test]
fn royalties_leave_burn_and_validators_alone() {
    one_ask().run(|| {
        Shares::set(vec![(owner(), Perbill::one()), (account(2), Perbill::one())]);
        let id = committed();
        assert_ok!(Market::on_verdict(id, 0, outcome(valid(UNITS), &[validator(1)])));
        next_block();
        assert_eq!(
            paid(id),
            vec![(owner(), PaymentRole::Royalty, 8_500), (validator(1), PaymentRole::Validator, 1_000)]
        );
    });
}

#[test]
fn a_requester_who_owns_the_model_is_paid_as_owner() {
    one_ask().run(|| {
        Shares::set(vec![(requester(), Perbill::from_percent(20))]);
        let before = free(&requester());
        let id = committed();
        assert_ok!(Market::on_verdict(id, 0, outcome(valid(UNITS), &[])));
        next_block();
        assert_eq!(free(&requester()), before - JOB_DEPOSIT - 8_000);
    });
}

#[test]
fn an_invalid_result_costs_the_provider_and_goes_to_the_next() {
    one_ask().ask(provider(2), 200_000, 1).run(|| {
        let id = committed();
        let (before, issuance) = (free(&requester()), Balances::total_issuance());
        assert_ok!(Market::on_verdict(id, 0, outcome(invalid(), &[validator(1)])));
        next_block();
        // Half of 10,000, half of it burned.
        assert_eq!(BondsOf::get()[&provider(1)], (BOND - 5_000, 0));
        assert_eq!(free(&requester()), before + 2_500);
        assert_eq!(Balances::total_issuance(), issuance - 2_500);
        assert_eq!(free(&validator(1)), ENDOWMENT);
        let assignment = Market::assigned_job(id).unwrap();
        assert_eq!((assignment.provider, assignment.attempt), (provider(2), 1));
    });
}

#[test]
fn invalid_withheld_and_undecided_close_with_a_refund_if_nobody_is_left() {
    let cases = [
        (invalid(), CloseReason::Invalid, 5_000),
        (Some(Verdict::Withheld), CloseReason::Withheld, 5_000),
        (None, CloseReason::Undecided, 0),
    ];
    for (verdict, reason, penalty) in cases {
        one_ask().run(|| {
            let before = free(&requester());
            let id = committed();
            assert_ok!(Market::on_verdict(id, 0, outcome(verdict, &[validator(1)])));
            next_block();
            let receipt = Receipts::<Test>::get(id).unwrap();
            assert_eq!((receipt.reason, receipt.fee, receipt.refunded), (reason, 0, UNIT));
            assert_eq!((receipt.verdict, receipt.slashed), (verdict, penalty / 2));
            assert_eq!(receipt.commitment, Some(sp_core::H256([7; 32])));
            assert_eq!(free(&requester()), before - JOB_DEPOSIT + penalty / 2);
            assert_eq!(BondsOf::get()[&provider(1)], (BOND - penalty, 0));
            assert_eq!(free(&provider(1)), ENDOWMENT - ASK_DEPOSIT);
        });
    }
}

#[test]
fn an_undecided_attempt_goes_to_the_next_without_penalty() {
    one_ask().ask(provider(2), 200_000, 1).run(|| {
        let id = committed();
        assert_ok!(Market::on_verdict(id, 0, outcome(None, &[])));
        next_block();
        assert_eq!(Market::assigned_job(id).unwrap().provider, provider(2));
        assert_eq!(BondsOf::get()[&provider(1)], (BOND, 0));
    });
}

#[test]
fn stale_verdicts_are_refused() {
    one_ask().ask(provider(2), 200_000, 1).run(|| {
        let id = submit(UNIT);
        let verdict = |attempt| Market::on_verdict(id, attempt, outcome(valid(1), &[]));
        assert_noop!(verdict(0), Error::<Test>::AttemptNotRunning);
        assert_ok!(Market::on_committed(id, 0));
        assert_noop!(verdict(1), Error::<Test>::AttemptNotRunning);
        assert_ok!(Market::on_verdict(id, 0, outcome(invalid(), &[])));
        assert_noop!(verdict(0), Error::<Test>::AttemptNotRunning);
        next_block();
        assert_ok!(Market::on_committed(id, 1));
        assert_noop!(verdict(0), Error::<Test>::AttemptNotRunning);
        assert_ok!(verdict(1));
        assert_noop!(Market::on_verdict(9, 0, outcome(None, &[])), Error::<Test>::JobNotFound);
    });
}

#[test]
fn anybody_can_settle_once() {
    one_ask().run(|| {
        let id = committed();
        let settle = || Market::settle(RuntimeOrigin::signed(account(2)), id);
        assert_noop!(settle(), Error::<Test>::NothingToSettle);
        assert_ok!(Market::on_verdict(id, 0, outcome(valid(UNITS), &[validator(1)])));
        assert_ok!(settle());
        let earned = free(&provider(1));
        assert_eq!(Jobs::<Test>::get(id).unwrap().state, JobState::Closed(CloseReason::Settled));
        assert!(settle().is_err());
        next_block();
        assert_eq!(free(&provider(1)), earned);
        assert_eq!(SettlementQueue::<Test>::iter().count(), 0);
        assert!(Market::settle(RuntimeOrigin::none(), id).is_err());
    });
}

#[test]
fn settling_by_call_and_by_turn_are_the_same() {
    let run = |by_call: bool| {
        let mut hash = None;
        one_ask().run(|| {
            let id = committed();
            assert_ok!(Market::on_verdict(id, 0, outcome(valid(UNITS), &[validator(1)])));
            if by_call {
                System::set_block_number(2);
                assert_ok!(Market::settle(RuntimeOrigin::signed(account(2)), id));
            } else {
                next_block();
            }
            hash = Receipts::<Test>::get(id).map(|receipt| receipt.hash());
        });
        hash.unwrap()
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn who_cannot_be_paid_can_claim_and_holds_nobody_up() {
    one_ask().without(validator(1)).run(|| {
        Shares::set(vec![(owner(), Perbill::from_percent(20))]);
        // 4 units cost 400: the validator's 40 are below the existential deposit of an account that is not there.
        let id = committed();
        assert_ok!(Market::on_verdict(id, 0, outcome(valid(4), &[validator(1)])));
        next_block();
        assert_eq!(Jobs::<Test>::get(id).unwrap().state, JobState::Closed(CloseReason::Settled));
        assert_eq!(free(&owner()), ENDOWMENT + 80);
        assert_eq!(Kept::get().get(&validator(1)).copied(), Some(40));
        assert_eq!(free(&till()), ED + 40);
        assert!(paid(id).contains(&(validator(1), PaymentRole::Validator, 40)));
        assert!(events().contains(&Event::PaymentDeferred {
            job: id,
            account: validator(1),
            role: PaymentRole::Validator,
            amount: 40
        }));
        assert!(claim(&validator(1)).is_err());
        assert_eq!(Kept::get().get(&validator(1)).copied(), Some(40));

        // Two more such payments and it is enough for an account.
        for _ in 0..2 {
            let id = committed();
            assert_ok!(Market::on_verdict(id, 0, outcome(valid(4), &[validator(1)])));
            next_block();
        }
        assert_ok!(claim(&validator(1)));
        assert_eq!(free(&validator(1)), 120);
        assert_eq!(free(&till()), ED);
        assert!(claim(&validator(1)).is_err());
    });
}

#[test]
fn what_can_be_neither_paid_nor_kept_goes_back() {
    one_ask().without(validator(1)).run(|| {
        // An account of payouts that is gone, which genesis does not leave behind.
        assert_ok!(Balances::force_set_balance(RuntimeOrigin::root(), till(), 0));
        let id = committed();
        assert_ok!(Market::on_verdict(id, 0, outcome(valid(4), &[validator(1)])));
        next_block();
        let receipt = Receipts::<Test>::get(id).unwrap();
        assert_eq!((receipt.reason, receipt.fee, receipt.refunded), (CloseReason::Settled, 360, UNIT - 360));
        assert_eq!(paid(id), vec![(provider(1), PaymentRole::Provider, 340)]);
    });
}

#[test]
fn a_settlement_that_fails_pays_nobody_and_refunds() {
    one_ask().run(|| {
        let id = committed();
        let before = free(&requester());
        ReleaseFails::set(true);
        assert_ok!(Market::on_verdict(id, 0, outcome(valid(UNITS), &[validator(1)])));
        next_block();
        assert_eq!(Jobs::<Test>::get(id).unwrap().state, JobState::Closed(CloseReason::Undecided));
        assert_eq!(free(&requester()), before + UNIT);
        assert_eq!(free(&provider(1)), ENDOWMENT - ASK_DEPOSIT);
        assert_eq!(free(&validator(1)), ENDOWMENT);
        assert!(events().iter().any(|event| matches!(event, Event::SettlementFailed { job, .. } if *job == id)));
        assert_eq!(Running::<Test>::iter().count(), 0);
    });
}

#[test]
fn verdicts_are_settled_in_their_order_under_a_small_weight() {
    one_ask().run(|| {
        let jobs: Vec<_> = (0..3).map(|_| committed()).collect();
        for id in jobs.iter().rev() {
            assert_ok!(Market::on_verdict(*id, 0, outcome(valid(UNITS), &[validator(1)])));
        }
        let closed = || -> Vec<JobId> {
            let is_closed = |id: &&JobId| matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Closed(_));
            jobs.iter().filter(is_closed).copied().collect()
        };
        // Room for the hook itself and one settlement.
        let limit = <Test as crate::Config>::WeightInfo::poll()
            .saturating_add(<Test as crate::Config>::WeightInfo::visit_height().saturating_mul(2))
            .saturating_add(Market::worst_settlement());
        let mut seen = vec![];
        for _ in 0..3 {
            let mut meter = WeightMeter::with_limit(limit);
            next_block_with(&mut meter);
            assert!(meter.consumed().all_lte(limit));
            check();
            seen.push(closed());
        }
        assert_eq!(seen, vec![vec![jobs[2]], vec![jobs[1], jobs[2]], jobs]);
    });
}

#[test]
fn freed_capacity_goes_to_who_waits() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        let first = committed();
        let second = submit(UNIT);
        assert_ok!(Market::on_verdict(first, 0, outcome(valid(UNITS), &[])));
        next_block();
        next_block();
        assert_eq!(Market::assigned_job(second).unwrap().provider, provider(1));
    });
}
