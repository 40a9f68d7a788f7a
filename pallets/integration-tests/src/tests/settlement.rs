//! Valid results are paid.

use crate::{actions::*, invariants, runtime::*, world::*};
use frame_support::{assert_noop, assert_ok, weights::Weight};
use pallet_market::JobState;
use sp_runtime::Perbill;
use std::collections::BTreeMap;
use strike_primitives::{
    receipt::{CloseReason, Payment, PaymentRole},
    Balance,
};

fn payment(to: &Actor, role: PaymentRole, amount: Balance) -> Payment {
    Payment { account: to.account.clone(), role, amount }
}

// Eleven units at Eve's price cost 11,000,000.077, rounded up. Of that 5 % burn and 10 % are the validators', each
// rounded down, 7 % are Olga's, and what is left is Eve's.
const FEE: Balance = 11_000_001;
const BURNED: Balance = 550_000;
const EACH_VALIDATORS: Balance = 275_000;
const OLGAS: Balance = 770_000;
const EVES: Balance = 8_580_001;

#[test]
fn valid_job_should_move_exactly_what_the_receipt_says() {
    ExtBuilder::default().run(|| {
        let (before, issuance) = (totals(), Balances::total_issuance());
        let job = submit();
        assert_eq!(assigned_to(job), Some(eve().account));
        assert_eq!(held(&rita(), pallet_market::HoldReason::Escrow), MAX_PRICE);
        deliver(job, TRUE_OUTPUT);

        let receipt = receipt(job);
        assert_eq!(receipt.reason, CloseReason::Settled);
        assert_eq!(receipt.verdict, Some(VALID));
        assert_eq!((receipt.units, receipt.verdicts, receipt.price), (UNITS, 4, EVES_PRICE));
        assert_eq!((receipt.fee, receipt.burned, receipt.slashed), (FEE, BURNED, 0));
        assert_eq!(receipt.refunded, MAX_PRICE - FEE);
        let mut payments =
            vec![payment(&eve(), PaymentRole::Provider, EVES), payment(&olga(), PaymentRole::Royalty, OLGAS)];
        payments.extend(validators().iter().map(|it| payment(it, PaymentRole::Validator, EACH_VALIDATORS)));
        assert_eq!(receipt.payments.to_vec(), payments);

        let mut moved = BTreeMap::from([
            (rita().account, -(FEE as i128)),
            (eve().account, EVES as i128),
            (olga().account, OLGAS as i128),
        ]);
        moved.extend(validators().into_iter().map(|it| (it.account, EACH_VALIDATORS as i128)));
        assert_eq!(moved_since(&before), moved);
        assert_eq!(issuance - Balances::total_issuance(), BURNED);
        assert_eq!(held(&rita(), pallet_market::HoldReason::Escrow), 0);
        assert_eq!(bond(&eve()).reserved, 0);
        assert_eq!(bond(&eve()).bond, BOND);
    });
}

#[test]
fn units_should_be_those_the_validators_count_and_the_dissenter_is_not_paid() {
    ExtBuilder::default().run(|| {
        let before = totals();
        let job = submit();
        commit(job, TRUE_OUTPUT);
        let mut verdicts: Vec<_> = validators().into_iter().map(|by| (by, VALID)).collect();
        verdicts[1].1 = strike_primitives::verdict::Verdict::Valid { units: UNITS + 1 };
        judge(job, &verdicts);
        next_block();

        assert_eq!((receipt(job).units, receipt(job).verdicts), (UNITS, 3));
        let moved = moved_since(&before);
        // A tenth of the fee, in three.
        assert_eq!(moved[&validator(0).account], 366_666);
        assert_eq!(moved.get(&validator(1).account), None);
        assert_eq!(moved[&eve().account], (FEE - BURNED - OLGAS - 3 * 366_666) as i128);
    });
}

#[test]
fn two_jobs_in_the_same_block_should_settle_apart() {
    ExtBuilder::default().run(|| {
        let before = totals();
        let (first, second) = (submit(), submit_as(&sam(), order()));
        assert_eq!([first, second].map(assigned_to), [Some(eve().account), Some(eve().account)]);
        // Eve's ask takes two at once.
        let third = submit();
        assert_eq!(assigned_to(third), Some(ferdie().account));
        let at_risk = 100_000_001;
        assert_eq!(bond(&eve()).reserved, 2 * at_risk);

        run_for(2);
        for job in [first, second] {
            include_commitment(job, commitment(job, TRUE_OUTPUT).unwrap(), &eve().pair).unwrap();
        }
        await_sealing(first);
        for by in validators() {
            for job in [first, second] {
                seal(job, &by, VALID).unwrap();
            }
        }
        for by in validators() {
            for job in [second, first] {
                reveal(job, &by, VALID).unwrap();
            }
        }
        assert!(matches!(state(first), JobState::Judged(_)) && matches!(state(second), JobState::Judged(_)));
        next_block();

        assert_eq!(receipt(first).closed_at, receipt(second).closed_at);
        let moved = moved_since(&before);
        assert_eq!(moved[&rita().account], -(FEE as i128));
        assert_eq!(moved[&sam().account], -(FEE as i128));
        assert_eq!(moved[&eve().account], 2 * EVES as i128);
        assert_eq!(bond(&eve()).reserved, 0);
    });
}

#[test]
fn verdict_should_wait_for_weight_and_settle_by_call() {
    ExtBuilder::default().run(|| {
        let before = totals();
        let job = submit();
        commit(job, TRUE_OUTPUT);
        judge_honestly(job, &validators());
        for _ in 0..5 {
            next_block_with(Weight::zero());
        }
        assert!(matches!(state(job), JobState::Judged(_)));
        assert_eq!(bond(&eve()).reserved, 100_000_001);

        assert_ok!(Market::settle(sam().signed(), job));
        assert_eq!(receipt(job).reason, CloseReason::Settled);
        assert_eq!(moved_since(&before)[&eve().account], EVES as i128);
        let settled = totals();
        assert_noop!(Market::settle(sam().signed(), job), pallet_market::Error::<Test>::NothingToSettle);
        run_for(3);
        assert_eq!(totals(), settled);
    });
}

#[test]
fn payment_below_the_existential_deposit_should_wait_for_its_claim() {
    let dave = validator(3);
    ExtBuilder::default().without(dave.clone()).run(|| {
        let job = submit();
        deliver(job, TRUE_OUTPUT);
        assert_eq!(total(&dave), 0);
        assert_eq!(pallet_payouts::Claimable::<Test>::get(&dave.account), Some(EACH_VALIDATORS));
        // The receipt says who is owed, wherever the money lies.
        assert!(receipt(job).payments.contains(&payment(&dave, PaymentRole::Validator, EACH_VALIDATORS)));

        assert!(Payouts::claim(dave.signed()).is_err());
        assert_ok!(Balances::transfer_allow_death(sam().signed(), dave.account.clone(), ED));
        assert_ok!(Payouts::claim(dave.signed()));
        assert_eq!(total(&dave), ED + EACH_VALIDATORS);
        assert_eq!(pallet_payouts::Claimable::<Test>::get(&dave.account), None);
    });
}

#[test]
fn model_transferred_during_the_job_should_pay_its_owner_at_settlement() {
    ExtBuilder::default().run(|| {
        let job = submit();
        commit(job, TRUE_OUTPUT);
        let both = held(&olga(), pallet_provenance::HoldReason::Registration);
        let deposit = pallet_provenance::Artifacts::<Test>::get(MODEL).unwrap().deposit;
        assert_ok!(Provenance::offer_ownership(olga().signed(), MODEL, nina().account));
        await_sealing(job);
        assert_ok!(Provenance::accept_ownership(nina().signed(), MODEL));
        let before = totals();
        judge_honestly(job, &validators());
        next_block();

        let moved = moved_since(&before);
        assert_eq!(moved[&nina().account], OLGAS as i128);
        assert_eq!(moved.get(&olga().account), None);
        assert_eq!(held(&nina(), pallet_provenance::HoldReason::Registration), deposit);
        assert_eq!(held(&olga(), pallet_provenance::HoldReason::Registration), both - deposit);
    });
}

#[test]
fn royalty_lowered_during_the_job_should_leave_more_to_the_provider() {
    ExtBuilder::default().run(|| {
        let job = submit();
        commit(job, TRUE_OUTPUT);
        assert_ok!(Provenance::set_royalty(olga().signed(), MODEL, Perbill::zero()));
        judge_honestly(job, &validators());
        next_block();

        let receipt = receipt(job);
        assert_eq!(receipt.fee, FEE);
        assert_eq!(receipt.payments[0], payment(&eve(), PaymentRole::Provider, EVES + OLGAS));
        assert!(receipt.payments.iter().all(|payment| payment.role != PaymentRole::Royalty));
    });
}

#[test]
fn every_step_should_be_announced_in_order() {
    ExtBuilder::default().run(|| {
        let job = submit();
        deliver(job, TRUE_OUTPUT);
        let names: Vec<String> = invariants::events()
            .iter()
            .filter(|event| matches!(event, RuntimeEvent::Market(_) | RuntimeEvent::Verification(_)))
            .map(|event| {
                let text = format!("{event:?}");
                let inner = text.split_once('(').unwrap().1;
                inner.split([' ', ')']).next().unwrap().into()
            })
            .collect();
        let mut expected = vec!["Event::JobSubmitted", "Event::JobAssigned", "Event::CommitmentRecorded"];
        expected.extend(["Event::VerdictSealed"; 4]);
        expected.push("Event::RevealStarted");
        expected.extend(["Event::VerdictRevealed"; 4]);
        expected.extend(["Event::AuditConcluded", "Event::JobJudged"]);
        expected.extend(["Event::PaymentMade"; 6]);
        expected.extend(["Event::JobSettled", "Event::JobClosed"]);
        assert_eq!(names, expected);
    });
}
