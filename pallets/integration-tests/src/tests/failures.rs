//! Results that are not paid: invalid, late, undecided.

use crate::{actions::*, runtime::*, world::*};
use frame_support::assert_ok;
use pallet_market::JobState;
use pallet_verification::types::Refusal;
use std::collections::BTreeMap;
use strike_primitives::{
    receipt::{CloseReason, PaymentRole},
    Balance, BlockNumber,
};

/// What stands behind an order of 100 units at Eve's and at Ferdie's price.
const EVES_AT_RISK: Balance = 100_000_001;
const FERDIES_AT_RISK: Balance = 120_000_000;

fn only_eve() -> ExtBuilder {
    ExtBuilder::default().provider(eve(), BOND, &[], EVES_PRICE)
}

#[test]
fn invalid_job_should_refund_compensate_and_burn_no_less_than_it_compensates() {
    only_eve().run(|| {
        let (before, issuance) = (totals(), Balances::total_issuance());
        let job = submit();
        deliver(job, FALSE_OUTPUT);

        let receipt = receipt(job);
        assert_eq!(receipt.reason, CloseReason::Invalid);
        assert_eq!(receipt.verdict, Some(INVALID));
        assert_eq!((receipt.fee, receipt.burned, receipt.refunded), (0, 0, MAX_PRICE));
        // Half of what was at risk, and half of that burned.
        let (burned, compensated) = (25_000_000, 25_000_000);
        assert_eq!(burned + compensated, EVES_AT_RISK / 2);
        assert_eq!(receipt.slashed, burned);
        let payments: Vec<_> = receipt.payments.iter().map(|it| (it.account.clone(), it.role, it.amount)).collect();
        assert_eq!(payments, [(rita().account, PaymentRole::Compensation, compensated)]);

        assert_eq!(
            moved_since(&before),
            BTreeMap::from(
                [(rita().account, compensated as i128), (eve().account, -((burned + compensated) as i128)),]
            )
        );
        assert_eq!(issuance - Balances::total_issuance(), burned);
        assert_eq!(bond(&eve()).bond, BOND - burned - compensated);
        assert_eq!(bond(&eve()).reserved, 0);
    });
}

#[test]
fn compensation_that_cannot_be_delivered_should_burn_and_the_refund_wait() {
    only_eve().run(|| {
        let job = submit();
        // Something else keeps Rita's account alive, so that she can give away all that is free.
        System::inc_providers(&rita().account);
        assert_ok!(Balances::transfer_all(rita().signed(), sam().account, false));
        assert_eq!(Balances::free_balance(rita().account), 0);
        let before = totals();
        deliver(job, FALSE_OUTPUT);

        let receipt = receipt(job);
        assert_eq!((receipt.reason, receipt.slashed), (CloseReason::Invalid, EVES_AT_RISK / 2));
        assert!(receipt.payments.is_empty());
        // Nor can the refund; it waits for its claim.
        assert_eq!(pallet_payouts::Claimable::<Test>::get(rita().account), Some(MAX_PRICE));
        let moved = moved_since(&before);
        assert_eq!((moved[&eve().account], moved[&rita().account]), (-50_000_000, -(MAX_PRICE as i128)));
        assert_ok!(Balances::transfer_allow_death(sam().signed(), rita().account, ED));
        assert_ok!(Payouts::claim(rita().signed()));
        assert_eq!(moved_since(&before)[&rita().account], ED as i128);
        assert_eq!(bond(&eve()).reserved, 0);
    });
}

#[test]
fn invalid_job_should_go_to_the_next_provider_and_settle() {
    ExtBuilder::default().run(|| {
        let before = totals();
        let job = submit();
        deliver(job, FALSE_OUTPUT);
        assert_eq!(assigned_to(job), Some(ferdie().account));
        deliver(job, TRUE_OUTPUT);

        let receipt = receipt(job);
        assert_eq!((receipt.reason, receipt.attempt), (CloseReason::Settled, 1));
        assert_eq!((receipt.fee, receipt.slashed), (13_200_000, 25_000_000));
        let moved = moved_since(&before);
        assert_eq!(moved[&eve().account], -50_000_000);
        assert_eq!(moved[&rita().account], 25_000_000 - 13_200_000);
    });
}

#[test]
fn late_job_should_go_to_the_next_provider_and_settle() {
    ExtBuilder::default().run(|| {
        let before = totals();
        let job = submit();
        run_for(DEADLINE);
        assert_eq!(assigned_to(job), Some(eve().account));
        next_block();
        assert_eq!(assigned_to(job), Some(ferdie().account));
        assert_eq!((bond(&eve()).reserved, bond(&ferdie()).reserved), (0, FERDIES_AT_RISK));
        // Ferdie's seed is a new one, and Eve's time is over.
        run_for(2);
        let late = include_commitment(job, commitment(job, TRUE_OUTPUT).unwrap(), &eve().pair);
        assert_eq!(late, Err(NotIncluded::Refused(Refusal::BadSignature.into())));
        deliver(job, TRUE_OUTPUT);

        let receipt = receipt(job);
        assert_eq!((receipt.reason, receipt.attempt, receipt.slashed), (CloseReason::Settled, 1, 5_000_000));
        // Eve lost a tenth of what stood behind the job; half of it is Rita's, from which she paid eleven units.
        let mut moved = BTreeMap::from([
            (eve().account, -10_000_000),
            (rita().account, 5_000_000 - 13_200_000),
            (olga().account, 924_000),
            (ferdie().account, 10_296_000),
        ]);
        moved.extend(validators().into_iter().map(|it| (it.account, 330_000)));
        assert_eq!(moved_since(&before), moved);
    });
}

#[test]
fn job_late_twice_should_be_refunded_and_compensated_twice() {
    ExtBuilder::default().run(|| {
        let before = totals();
        let job = submit();
        run_for(2 * (DEADLINE + 1));

        let receipt = receipt(job);
        assert_eq!((receipt.reason, receipt.attempt), (CloseReason::ProviderLate, 1));
        assert_eq!((receipt.fee, receipt.refunded, receipt.slashed), (0, MAX_PRICE, 5_000_000 + 6_000_000));
        assert_eq!(
            moved_since(&before),
            BTreeMap::from([
                (eve().account, -10_000_000),
                (ferdie().account, -12_000_000),
                (rita().account, 11_000_000),
            ])
        );
    });
}

#[test]
fn commitment_in_the_last_block_should_count_and_in_the_next_not() {
    only_eve().run(|| {
        let (first, second) = (submit(), submit());
        run_for(DEADLINE);
        include_commitment(first, commitment(first, TRUE_OUTPUT).unwrap(), &eve().pair).unwrap();
        let too_late = commitment(second, TRUE_OUTPUT).unwrap();
        next_block();
        assert!(matches!(state(first), JobState::Committed { .. }));
        assert_eq!(state(second), JobState::Closed(CloseReason::ProviderLate));
        assert_eq!(
            include_commitment(second, too_late, &eve().pair),
            Err(NotIncluded::Refused(Refusal::JobNotAssigned.into()))
        );
    });
}

/// Let two of four validators judge, twice.
fn run_undecided(job: u64, output: &[u32]) {
    for provider in [eve(), ferdie()] {
        assert_eq!(assigned_to(job), Some(provider.account));
        commit(job, output);
        judge_honestly(job, &validators()[..2]);
        next_block();
    }
}

#[test]
fn undecided_job_should_be_refunded_and_nobody_punished() {
    for output in [TRUE_OUTPUT, FALSE_OUTPUT] {
        ExtBuilder::default().run(|| {
            let before = totals();
            let job = submit();
            run_undecided(job, output);

            let receipt = receipt(job);
            assert_eq!((receipt.reason, receipt.verdict, receipt.verdicts), (CloseReason::Undecided, None, 0));
            assert_eq!((receipt.refunded, receipt.slashed), (MAX_PRICE, 0));
            assert!(receipt.commitment.is_some());
            assert_eq!(moved_since(&before), BTreeMap::new());
            assert_eq!((bond(&eve()).reserved, bond(&ferdie()).reserved), (0, 0));
        });
    }
}

#[test]
fn tied_verdicts_should_punish_nobody() {
    only_eve().run(|| {
        let before = totals();
        let job = submit();
        commit(job, TRUE_OUTPUT);
        let verdicts: Vec<_> = validators().into_iter().zip([VALID, VALID, INVALID, INVALID]).collect();
        judge(job, &verdicts);
        next_block();
        assert_eq!(receipt(job).reason, CloseReason::Undecided);
        assert_eq!(moved_since(&before), BTreeMap::new());
    });
}

#[test]
fn one_dead_validator_should_stop_nothing() {
    ExtBuilder::default().run(|| {
        let job = submit();
        commit(job, TRUE_OUTPUT);
        judge_honestly(job, &validators()[..3]);
        next_block();
        assert_eq!((receipt(job).reason, receipt(job).verdicts), (CloseReason::Settled, 3));
    });
}

#[test]
fn copied_seal_should_be_worth_nothing() {
    only_eve().run(|| {
        let job = submit();
        commit(job, TRUE_OUTPUT);
        await_sealing(job);
        for by in &validators()[..3] {
            seal(job, by, VALID).unwrap();
        }
        // Sealed as invalid, revealed as what the others say.
        seal(job, &validator(3), INVALID).unwrap();
        for by in &validators()[..3] {
            reveal(job, by, VALID).unwrap();
        }
        assert_eq!(reveal(job, &validator(3), VALID), Err(NotIncluded::Refused(Refusal::SealMismatch.into())));
        run_for(REVEAL_PERIOD as BlockNumber + 2);
        assert_eq!((receipt(job).reason, receipt(job).verdicts), (CloseReason::Settled, 3));
        assert!(receipt(job).payments.iter().all(|payment| payment.account != validator(3).account));
    });
}

#[test]
fn job_without_a_provider_should_be_refunded_when_its_time_is_over() {
    ExtBuilder::default().run(|| {
        let before = totals();
        let job = submit_as(&rita(), strike_primitives::job::JobOrderV1 { model: FREE_MODEL, ..order() });
        run_for(DEADLINE);
        assert!(matches!(state(job), JobState::Pending { .. }));
        next_block();
        assert_eq!(receipt(job).reason, CloseReason::NoProvider);
        assert_eq!(moved_since(&before), BTreeMap::new());
    });
}
