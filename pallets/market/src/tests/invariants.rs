//! Random sequences of everything that can happen, with the invariants after each step.

use crate::{mock::*, JobState, Jobs, NextJobId, Receipts};
use frame_support::{storage::with_storage_layer, weights::WeightMeter};
use proptest::prelude::*;
use sp_runtime::{DispatchError, Perbill};
use strike_primitives::{
    job::{JobOrder, JobOrderV1},
    receipt::{CloseReason, PaymentRole},
    traits::{Assignments, OnVerdict},
    verdict::Verdict,
    Balance, JobId,
};

#[derive(Clone, Debug)]
enum Step {
    PlaceAsk { provider: u8, price: Balance, capacity: u32, other: bool },
    WithdrawAsk { provider: u8, other: bool },
    Submit { requester: u8, max_price: Balance, deadline: u32, other: bool },
    Cancel { requester: u8, pick: u64 },
    Commit { pick: u64 },
    Judge { pick: u64, verdict: Option<Verdict>, validators: u8 },
    Settle { pick: u64 },
    Forget { requester: u8, pick: u64 },
    Claim { who: u8 },
    Activate { provider: u8, active: bool },
    Blocks { count: u32, tight: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop_oneof![
        4 => (0u64..150).prop_map(valid),
        1 => Just(invalid()),
        1 => Just(Some(Verdict::Withheld)),
        1 => Just(None),
    ];
    let price = prop_oneof![10u128..1_000, 10_000u128..200_000, Just(Balance::MAX)];
    let max_price = prop_oneof![10u128..2_000, 10_000u128..100_000];
    prop_oneof![
        2 => (1u8..=3, price, 1u32..=3, any::<bool>())
            .prop_map(|(provider, price, capacity, other)| Step::PlaceAsk { provider, price, capacity, other }),
        1 => (1u8..=3, any::<bool>()).prop_map(|(provider, other)| Step::WithdrawAsk { provider, other }),
        5 => (1u8..=2, max_price, 2u32..6, any::<bool>())
            .prop_map(|(requester, max_price, deadline, other)| Step::Submit { requester, max_price, deadline, other }),
        1 => (1u8..=2, any::<u64>()).prop_map(|(requester, pick)| Step::Cancel { requester, pick }),
        5 => any::<u64>().prop_map(|pick| Step::Commit { pick }),
        5 => (any::<u64>(), verdict, 0u8..=3)
            .prop_map(|(pick, verdict, validators)| Step::Judge { pick, verdict, validators }),
        1 => any::<u64>().prop_map(|pick| Step::Settle { pick }),
        1 => (1u8..=2, any::<u64>()).prop_map(|(requester, pick)| Step::Forget { requester, pick }),
        1 => (0u8..40).prop_map(|who| Step::Claim { who }),
        1 => (1u8..=3, any::<bool>()).prop_map(|(provider, active)| Step::Activate { provider, active }),
        4 => (1u32..4, any::<bool>()).prop_map(|(count, tight)| Step::Blocks { count, tight }),
    ]
}

/// One of the jobs in a state, or any id.
fn picked(pick: u64, wanted: fn(&JobState) -> bool) -> JobId {
    let mut jobs: Vec<_> = Jobs::<Test>::iter().filter(|(_, job)| wanted(&job.state)).map(|(id, _)| id).collect();
    jobs.sort_unstable();
    jobs.get((pick as usize) % jobs.len().max(1)).copied().unwrap_or(pick % 50)
}

fn run(step: Step) {
    let model = |other| if other { OTHER_MODEL } else { MODEL };
    // Calls roll back when they fail, as they do on chain.
    let _ = with_storage_layer(|| -> Result<(), DispatchError> {
        match step {
            Step::PlaceAsk { provider: n, price, capacity, other } => Market::place_ask(
                RuntimeOrigin::signed(provider(n)),
                model(other),
                CLASS,
                price,
                capacity,
                1_000,
                THROUGHPUT,
            ),
            Step::WithdrawAsk { provider: n, other } => {
                Market::withdraw_ask(RuntimeOrigin::signed(provider(n)), model(other), CLASS)
            }
            Step::Submit { requester, max_price, deadline, other } => {
                let order = JobOrderV1 { model: model(other), deadline, ..order(max_price) };
                Market::submit(RuntimeOrigin::signed(account(requester)), JobOrder::V1(order))
                    .map(|_| ())
                    .map_err(|error| error.error)
            }
            Step::Cancel { requester, pick } => {
                let id = picked(pick, |state| matches!(state, JobState::Pending { .. }));
                Market::cancel(RuntimeOrigin::signed(account(requester)), id)
            }
            Step::Commit { pick } => {
                let id = picked(pick, |state| matches!(state, JobState::Assigned(_)));
                let attempt = Jobs::<Test>::get(id).map_or(0, |job| job.attempt);
                Market::on_committed(id, attempt)
            }
            Step::Judge { pick, verdict, validators } => {
                let id = picked(pick, |state| matches!(state, JobState::Committed { .. }));
                let attempt = Jobs::<Test>::get(id).map_or(0, |job| job.attempt);
                let validators: Vec<_> = (0..validators).map(validator).collect();
                Market::on_verdict(id, attempt, outcome(verdict, &validators))
            }
            Step::Settle { pick } => {
                let id = picked(pick, |state| matches!(state, JobState::Judged(_)));
                Market::settle(RuntimeOrigin::signed(account(2)), id).map(|_| ()).map_err(|error| error.error)
            }
            Step::Forget { requester, pick } => {
                let id = picked(pick, |state| matches!(state, JobState::Closed(_)));
                Market::forget(RuntimeOrigin::signed(account(requester)), id).map(|_| ()).map_err(|error| error.error)
            }
            Step::Claim { who } => claim(&account(who)),
            Step::Activate { provider: n, active } => {
                let mut inactive = Inactive::get();
                if active {
                    inactive.remove(&provider(n));
                } else {
                    inactive.insert(provider(n));
                }
                Inactive::set(inactive);
                Ok(())
            }
            Step::Blocks { count, tight } => {
                let worst = Market::worst_settlement().max(Market::worst_deadline()).max(Market::worst_visit());
                for _ in 0..count {
                    let limit = if tight { worst.saturating_add(worst / 8) } else { Market::hook_limit() };
                    next_block_with(&mut WeightMeter::with_limit(limit));
                }
                Ok(())
            }
        }
    });
}

/// What a receipt promises about itself.
fn check_receipts() {
    for receipt in Receipts::<Test>::iter_values() {
        let sum = |compensation: bool| -> Balance {
            let wanted = |role| (role == PaymentRole::Compensation) == compensation;
            receipt.payments.iter().filter(|payment| wanted(payment.role)).map(|payment| payment.amount).sum()
        };
        assert_eq!(receipt.fee, sum(false) + receipt.burned);
        assert!(receipt.slashed >= sum(true));
        assert!(receipt.reason == CloseReason::Settled || receipt.fee == 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_whatever_happens(
        steps in proptest::collection::vec(step(), 1..60),
        // What attestations weigh: at the most, two jobs are the limit.
        weight in prop_oneof![Just(0), 1u64..LOAD_LIMIT / 2],
        price in 0u128..3,
        every in 1u32..4,
    ) {
        ExtBuilder::default().ask(provider(1), 50_000, 2).without(validator(2)).run(|| {
            Shares::set(vec![(owner(), Perbill::from_percent(7)), (account(31), Perbill::from_percent(1))]);
            Attesting::set((3, weight));
            WeightPrice::set(&price);
            BytePrice::set(&price);
            VisitEvery::set(&every);
            for step in steps {
                run(step);
                check();
                check_receipts();
            }
            // Whoever promised something keeps it or is late, and in the end nothing is left.
            for _ in 0..8 {
                for id in 0..NextJobId::<Test>::get() {
                    if let Some(job) = Jobs::<Test>::get(id) {
                        let _ = Market::on_verdict(id, job.attempt, outcome(None, &[]));
                    }
                }
                run(Step::Blocks { count: 10, tight: false });
            }
            assert_eq!(Jobs::<Test>::iter().count(), 0);
            assert!(BondsOf::get().values().all(|(_, reserved)| *reserved == 0));
        });
    }
}
