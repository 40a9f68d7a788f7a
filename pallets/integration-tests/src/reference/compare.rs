//! The pallets' storage, held to the reference.

use super::*;
use frame_support::traits::fungible::InspectHold;
use pallet_market::JobState;
use pallet_verification::types::Phase;
use strike_primitives::{receipt::PaymentRole, traits::Clock};

impl Reference {
    /// Whether everything is as the reference says.
    pub fn compare(&self) {
        assert_eq!(now(), self.block);
        assert_eq!(Finality::time(), self.time(), "the time in block {}", self.block);
        self.compare_money();
        self.compare_providers();
        self.compare_asks();
        self.compare_waiting();
        let ids: Vec<_> = self.jobs.keys().copied().collect();
        let mut kept: Vec<_> = pallet_market::Jobs::<Test>::iter_keys().collect();
        kept.sort_unstable();
        assert_eq!(kept, ids, "the jobs that are kept");
        for (id, job) in &self.jobs {
            self.compare_job(*id, job);
        }
    }

    fn compare_money(&self) {
        assert_eq!(Balances::total_issuance(), self.issuance);
        let reason = |purpose| -> RuntimeHoldReason {
            match purpose {
                Purpose::Bond => pallet_providers::HoldReason::Bond.into(),
                Purpose::Escrow => pallet_market::HoldReason::Escrow.into(),
                Purpose::JobDeposit => pallet_market::HoldReason::JobDeposit.into(),
                Purpose::AskDeposit => pallet_market::HoldReason::AskDeposit.into(),
                Purpose::Registration => pallet_provenance::HoldReason::Registration.into(),
            }
        };
        for ((who, purpose), amount) in &self.held {
            assert_eq!(Balances::balance_on_hold(&reason(*purpose), who), *amount, "{purpose:?} of {who:?}");
        }
        for (who, free) in &self.free {
            assert_eq!(Balances::free_balance(who), *free, "what is free of {who:?}");
        }
        let claims: BTreeMap<_, _> = pallet_payouts::Claimable::<Test>::iter().collect();
        assert_eq!(claims, self.claims);
        for (model, owned) in &self.models {
            let artifact = pallet_provenance::Artifacts::<Test>::get(model).unwrap();
            assert_eq!((&artifact.owner, &artifact.offered_to), (&owned.owner, &owned.offered_to));
        }
    }

    fn compare_providers(&self) {
        use pallet_providers::ProviderState;
        let records: BTreeMap<_, _> = pallet_providers::Providers::<Test>::iter().collect();
        assert!(records.keys().eq(self.providers.keys()), "who is registered");
        for (who, expected) in &self.providers {
            let record = &records[who];
            assert_eq!((record.bond, record.reserved), (expected.bond, expected.at_risk), "the bond of {who:?}");
            assert_eq!((&record.app_key, &record.linked.to_vec()), (&expected.key, &expected.linked));
            let leaves_at = match record.state {
                ProviderState::Leaving { withdrawable_at } => Some(withdrawable_at),
                ProviderState::Active => None,
            };
            assert_eq!(leaves_at, expected.leaves_at);
        }
    }

    fn compare_asks(&self) {
        for model in [MODEL, FREE_MODEL] {
            let asks = pallet_market::Asks::<Test>::get((model, CLASS)).into_iter().map(|ask| Ask {
                provider: ask.provider,
                price: ask.price,
                capacity: ask.capacity,
                max_units: ask.max_units,
                throughput: ask.throughput,
            });
            assert_eq!(asks.collect::<Vec<_>>(), self.asks.get(&model).cloned().unwrap_or_default());
        }
        let demotions = pallet_market::Demotions::<Test>::iter();
        let demotions: BTreeMap<_, _> =
            demotions.map(|(who, it)| (who, Demotion { until: it.until, period: it.period })).collect();
        assert_eq!(demotions, self.demotions);
    }

    fn compare_waiting(&self) {
        for model in [MODEL, FREE_MODEL] {
            let waiting = pallet_market::Pending::<Test>::get((model, CLASS)).map(|it| it.jobs.into_inner());
            assert_eq!(waiting.unwrap_or_default(), self.waiting.get(&model).cloned().unwrap_or_default().jobs);
        }
    }

    fn compare_job(&self, id: JobId, expected: &Job) {
        let job = pallet_market::Jobs::<Test>::get(id).unwrap();
        assert_eq!(
            (&job.requester, job.attempt, job.failed.to_vec(), job.slashed, job.compensated),
            (&expected.requester, expected.attempt, expected.failed.clone(), expected.slashed, expected.compensated),
            "job {id}"
        );
        let terms = job.assignment().map(|it| Terms {
            provider: it.provider.clone(),
            price: it.price,
            at_risk: it.at_risk,
            assigned_at: it.assigned_at,
            deadline: it.deadline,
        });
        assert_eq!(terms.as_ref(), expected.stage.terms(), "the terms of job {id}");
        match (&job.state, &expected.stage) {
            (JobState::Pending { deadline }, Stage::Waiting { until }) => assert_eq!(deadline, until),
            (JobState::Assigned(_), Stage::Assigned(_)) => {}
            (JobState::Committed { .. }, Stage::Audited(_, audit)) => compare_audit(id, job.attempt, audit),
            (JobState::Judged(_), Stage::Judged(_, expected)) => {
                let (_, outcome) = pallet_market::Verdicts::<Test>::get(id).unwrap();
                assert_eq!(
                    (outcome.verdict, outcome.validators.to_vec()),
                    (expected.verdict, expected.validators.clone())
                );
            }
            (JobState::Closed(reason), Stage::Closed { reason: expected_reason, prune_at }) => {
                assert_eq!((reason, job.due), (expected_reason, Some(*prune_at)), "job {id}");
                compare_receipt(id, expected);
            }
            (state, stage) => panic!("job {id} is {state:?} and should be {stage:?}"),
        }
    }
}

fn compare_audit(id: JobId, attempt: Attempt, expected: &Audit) {
    let audit = pallet_verification::OpenAudits::<Test>::get(id).unwrap();
    assert_eq!((audit.attempt, audit.committed_at), (attempt, expected.committed_at));
    assert_eq!(audit.commitment_hash, expected.commitment);
    let phase = if expected.revealing {
        Phase::Revealing { until: expected.until }
    } else {
        Phase::Sealing { until: expected.until }
    };
    assert_eq!(audit.phase, phase, "the audit of job {id}");
    let account = |position: u8| expected.set[usize::from(position)].clone();
    let eligible: Vec<_> = audit.eligible.iter().map(|it| account(*it)).collect();
    assert_eq!(eligible, expected.eligible);
    let sealed: Vec<_> = audit.seals.iter().map(|(it, _)| account(*it)).collect();
    assert!(sealed.iter().eq(expected.seals.iter().map(|(it, _)| it)));
    let revealed: Vec<_> = audit.reveals.iter().map(|(it, verdict, _)| (account(*it), *verdict)).collect();
    assert_eq!(revealed, expected.reveals);
}

fn compare_receipt(id: JobId, job: &Job) {
    let receipt = pallet_market::Receipts::<Test>::get(id).unwrap();
    let ending = job.ending.as_ref().unwrap();
    assert_eq!(
        (receipt.fee, receipt.burned, receipt.refunded, receipt.slashed),
        (ending.fee, ending.burned, ending.refunded, job.slashed),
        "the receipt of job {id}"
    );
    let of_fee = receipt.payments.iter().filter(|it| it.role != PaymentRole::Compensation);
    let paid: Vec<_> = of_fee.map(|it| (it.account.clone(), it.amount)).collect();
    assert_eq!(paid, ending.paid);
    let compensated: Balance =
        receipt.payments.iter().filter(|it| it.role == PaymentRole::Compensation).map(|it| it.amount).sum();
    assert_eq!(compensated, job.compensated);
}
