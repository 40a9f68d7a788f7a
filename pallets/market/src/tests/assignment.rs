use crate::{mock::*, Error, Event, HoldReason, JobState, Jobs, Pending, Running};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold, weights::WeightMeter};
use sp_core::H256;
use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    job::{Input, JobOrder, JobOrderV1, VerificationClass, WorkSpec, MAX_BLOB_INPUT, MAX_TOKENS},
    receipt::CloseReason,
    traits::Assignments,
    AccountId, Balance, JobId, Units,
};

fn assignee(id: JobId) -> Option<AccountId> {
    Jobs::<Test>::get(id).unwrap().assignment().map(|assignment| assignment.provider.clone())
}

fn is_pending(id: JobId) -> bool {
    matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Pending { .. })
}

/// Provider 1 asks the lowest price of these tests for one job at a time.
fn ask(model: ArtifactId, class: VerificationClass, max_units: Units) {
    let (by, price) = (RuntimeOrigin::signed(provider(1)), 100_000);
    assert_ok!(Market::place_ask(by, model, class, price, 1, max_units, THROUGHPUT));
}

#[test]
fn an_order_holds_its_maximum_price_and_goes_to_the_cheapest_ask() {
    ExtBuilder::default().ask(provider(1), 200_000, 1).ask(provider(2), 100_000, 1).run(|| {
        let id = submit(UNIT);
        assert_eq!(assignee(id), Some(provider(2)));
        assert_eq!(Balances::balance_on_hold(&HoldReason::Escrow.into(), &requester()), UNIT);
        assert_eq!(Balances::balance_on_hold(&HoldReason::JobDeposit.into(), &requester()), JOB_DEPOSIT);
        // 100 units at 100,000 per 1,000.
        assert_eq!(BondsOf::get()[&provider(2)], (BOND, 10_000));
        assert_eq!(
            events()[events().len() - 2..],
            [
                Event::JobSubmitted { job: id, requester: requester(), model: MODEL, class: CLASS, max_price: UNIT },
                Event::JobAssigned {
                    job: id,
                    attempt: 0,
                    provider: provider(2),
                    price: 100_000,
                    at_risk: 10_000,
                    deadline: 11
                },
            ]
        );
        let assignment = Market::assigned_job(id).unwrap();
        assert_eq!((assignment.provider, assignment.committed), (provider(2), false));
        assert_eq!((assignment.assigned_at, assignment.commit_deadline), (1, 11));
        assert_eq!(Market::awaiting_commitment(&provider(2)), vec![id]);
    });
}

#[test]
fn equal_prices_go_to_the_older_ask() {
    ExtBuilder::default().ask(provider(2), 100_000, 1).ask(provider(1), 100_000, 1).run(|| {
        assert_eq!(assignee(submit(UNIT)), Some(provider(2)));
        assert_eq!(assignee(submit(UNIT)), Some(provider(1)));
    });
}

#[test]
fn capacity_is_not_exceeded() {
    ExtBuilder::default().ask(provider(1), 100_000, 2).run(|| {
        assert!(!is_pending(submit(UNIT)));
        assert!(!is_pending(submit(UNIT)));
        let third = submit(UNIT);
        assert!(is_pending(third));
        assert!(events().contains(&Event::JobQueued { job: third, deadline: 11 }));
        assert_eq!(Running::<Test>::get((provider(1), (MODEL, CLASS))), 2);
    });
}

#[test]
fn a_changed_ask_does_not_touch_jobs_that_run() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        let id = submit(UNIT);
        place_ask(provider(1), 900_000, 1);
        assert_eq!(Jobs::<Test>::get(id).unwrap().assignment().unwrap().price, 100_000);
    });
}

#[test]
fn asks_that_do_not_fit_are_passed_over() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).ask(provider(2), 200_000, 1).run(|| {
        // Each condition rules the cheaper one out.
        type Change = fn();
        let cases: [(Change, Change); 6] = [
            (|| Inactive::set(&[provider(1)].into()), || Inactive::set(&Default::default())),
            (|| Linked::set(&[(requester(), provider(1))].into()), || Linked::set(&Default::default())),
            (|| Linked::set(&[(provider(1), requester())].into()), || Linked::set(&Default::default())),
            (|| set_reserved(BOND - 9_999), || set_reserved(0)),
            (|| serve(provider(1), false), || serve(provider(1), true)),
            (|| ask(MODEL, CLASS, 99), || place_ask(provider(1), 100_000, 1)),
        ];
        for (rule_out, restore) in cases {
            rule_out();
            let quote = Market::quote(&JobOrder::V1(order(UNIT)));
            let id = frame_support::storage::with_transaction(|| {
                let id = submit(UNIT);
                let provider = assignee(id);
                frame_support::storage::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(provider))
            })
            .unwrap();
            assert_eq!(id, Some(provider(2)));
            // A quote asks for nobody, so links do not count.
            if Linked::get().is_empty() {
                assert_eq!(quote.unwrap().provider, provider(2));
            }
            restore();
        }
        assert_eq!(assignee(submit(UNIT)), Some(provider(1)));
    });
}

/// Let other business take a part of the first provider's bond.
fn set_reserved(amount: Balance) {
    let mut bonds = BondsOf::get();
    bonds.insert(provider(1), (BOND, amount));
    BondsOf::set(&bonds);
}

fn serve(provider: AccountId, serves: bool) {
    let mut served = Served::get();
    if serves {
        served.insert((provider, MODEL));
    } else {
        served.remove(&(provider, MODEL));
    }
    Served::set(&served);
}

#[test]
fn a_provider_gets_no_job_of_its_own() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        assert_ok!(Market::submit(RuntimeOrigin::signed(provider(1)), JobOrder::V1(order(UNIT))));
        assert!(is_pending(0));
    });
}

#[test]
fn no_job_is_assigned_that_nobody_could_check() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        NobodyChecks::set(&true);
        assert_eq!(Market::quote(&JobOrder::V1(order(UNIT))), None);
        let id = submit(UNIT);
        next_block();
        assert!(is_pending(id));
        NobodyChecks::set(&false);
        next_block();
        assert_eq!(assignee(id), Some(provider(1)));
    });
}

#[test]
fn quote_is_what_an_order_gets() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        let quote = Market::quote(&JobOrder::V1(order(10_000))).unwrap();
        assert_eq!(
            (quote.provider, quote.price, quote.max_units, quote.max_fee),
            (provider(1), 100_000, UNITS, 10_000)
        );
        assert_eq!(Market::quote(&JobOrder::V1(order(9_999))), None);
        assert!(is_pending(submit(9_999)));
        assert!(!is_pending(submit(10_000)));
    });
}

#[test]
fn prices_that_overflow_fit_nobody() {
    ExtBuilder::default().ask(provider(1), Balance::MAX, 1).run(|| {
        assert_eq!(Market::quote(&JobOrder::V1(order(Balance::MAX))), None);
        assert!(is_pending(submit(UNIT)));
        assert!(Market::submit(RuntimeOrigin::signed(requester()), JobOrder::V1(order(Balance::MAX))).is_err());
    });
}

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
fn a_waiting_job_can_be_cancelled_by_its_requester_only() {
    ExtBuilder::default().run(|| {
        let before = free(&requester());
        let id = submit(UNIT);
        let cancel = |who| Market::cancel(RuntimeOrigin::signed(who), id);
        assert_noop!(cancel(account(2)), Error::<Test>::NotRequester);
        assert_ok!(cancel(requester()));
        assert_eq!(free(&requester()), before - JOB_DEPOSIT);
        let receipt = crate::Receipts::<Test>::get(id).unwrap();
        assert_eq!((receipt.reason, receipt.refunded, &receipt.provider), (CloseReason::Cancelled, UNIT, &None));
        assert!(events().contains(&Event::JobClosed {
            job: id,
            reason: CloseReason::Cancelled,
            receipt: receipt.hash()
        }));
        assert_noop!(cancel(requester()), Error::<Test>::JobAlreadyClosed);
        assert_noop!(Market::cancel(RuntimeOrigin::signed(requester()), 7), Error::<Test>::JobNotFound);
    });
}

#[test]
fn an_assigned_job_cannot_be_cancelled() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        let id = submit(UNIT);
        assert_noop!(Market::cancel(RuntimeOrigin::signed(requester()), id), Error::<Test>::JobAlreadyAssigned);
    });
}

#[test]
fn orders_that_cannot_be_are_refused() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        fn refused(change: impl FnOnce(&mut JobOrderV1), error: Error<Test>) {
            let mut order = order(UNIT);
            change(&mut order);
            let order = JobOrder::V1(order);
            assert_eq!(Market::quote(&order), None);
            assert_noop!(Market::submit(RuntimeOrigin::signed(requester()), order), error);
        }
        fn work(order: &mut JobOrderV1) -> &mut strike_primitives::job::Generate {
            match &mut order.work {
                WorkSpec::Generate(work) => work,
                WorkSpec::Embed(_) => panic!("not a generation"),
            }
        }
        let root = H256::zero();
        refused(|order| order.model = ArtifactId { kind: ArtifactKind::Bundle, root }, Error::ModelNotFound);
        for length in [0, MAX_BLOB_INPUT + 1, u64::MAX] {
            refused(|order| work(order).input = Input::Blob { root, length }, Error::InputLengthOutOfRange);
        }
        refused(
            |order| work(order).input = Input::Encrypted { root, length: 1, key_commitment: root },
            Error::InputNotSupported,
        );
        refused(|order| work(order).sampler.min_p_milli = 1_001, Error::SamplerInvalid);
        refused(|order| work(order).stop = vec![Default::default()].try_into().unwrap(), Error::StopSequenceEmpty);
        for limit in [0, MAX_TOKENS + 1] {
            refused(|order| work(order).max_input_tokens = limit, Error::LimitsOutOfRange);
            refused(|order| work(order).max_output_tokens = limit, Error::LimitsOutOfRange);
        }
        for deadline in [1, 101] {
            refused(|order| order.deadline = deadline, Error::DeadlineOutOfRange);
        }
        refused(|order| order.max_price = 9, Error::PriceTooLow);
    });
}

#[test]
fn embeddings_are_ordered_in_the_exact_class_and_cost_what_is_read() {
    let exact = |max_input_tokens| JobOrderV1 { class: VerificationClass::Exact, ..embedding(max_input_tokens) };
    ExtBuilder::default().ask(provider(1), 100_000, 2).run(|| {
        let refused = |order, error: Error<Test>| {
            let order = JobOrder::V1(order);
            assert_eq!(Market::quote(&order), None);
            assert_noop!(Market::submit(RuntimeOrigin::signed(requester()), order), error);
        };
        refused(JobOrderV1 { class: VerificationClass::Statistical, ..exact(100) }, Error::ClassNotSupported);
        for limit in [0, MAX_TOKENS + 1] {
            refused(exact(limit), Error::LimitsOutOfRange);
        }
        let mut order = exact(100);
        let WorkSpec::Embed(work) = &mut order.work else { panic!() };
        work.input = Input::Blob { root: H256::zero(), length: MAX_BLOB_INPUT + 1 };
        refused(order, Error::InputLengthOutOfRange);

        ask(MODEL, VerificationClass::Exact, 1_000);
        let quote = Market::quote(&JobOrder::V1(exact(100))).unwrap();
        assert_eq!((quote.max_units, quote.max_fee), (100, 10_000));
        let id = crate::NextJobId::<Test>::get();
        let order = JobOrderV1 { max_price: quote.max_fee, ..exact(100) };
        assert_ok!(Market::submit(RuntimeOrigin::signed(requester()), JobOrder::V1(order)));
        assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Assigned(_)));
    });
}

#[test]
fn an_input_may_be_a_blob_and_its_length_costs_nothing_by_itself() {
    ExtBuilder::default().ask(provider(1), 100_000, 2).run(|| {
        for length in [1, MAX_BLOB_INPUT] {
            let mut order = order(UNIT);
            let plain = Market::quote(&JobOrder::V1(order.clone())).unwrap();
            let WorkSpec::Generate(work) = &mut order.work else { panic!() };
            work.input = Input::Blob { root: H256::repeat_byte(7), length };
            assert_eq!(Market::quote(&JobOrder::V1(order.clone())), Some(plain));
            let id = crate::NextJobId::<Test>::get();
            assert_ok!(Market::submit(RuntimeOrigin::signed(requester()), JobOrder::V1(order.clone())));
            assert!(matches!(Jobs::<Test>::get(id).unwrap().state, JobState::Assigned(_)));
            assert_eq!(Market::job_info(id).unwrap().order, JobOrder::V1(order));
        }
    });
}

#[test]
fn jobs_are_listed_newest_first() {
    ExtBuilder::default().run(|| {
        submit(UNIT);
        assert_ok!(Market::submit(RuntimeOrigin::signed(account(2)), JobOrder::V1(order(UNIT))));
        submit(UNIT);
        assert_eq!(Market::job_ids(None, None, 2), vec![2, 1]);
        assert_eq!(Market::job_ids(None, Some(1), 2), vec![0]);
        assert_eq!(Market::job_ids(Some(&requester()), None, 9), vec![2, 0]);
        assert_eq!(Market::job_ids(Some(&requester()), Some(2), 9), vec![0]);
        let info = Market::job_info(2).unwrap();
        assert_eq!((info.requester, info.escrow, info.receipt), (requester(), UNIT, None));
        assert_eq!(Market::job_info(3), None);
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
