//! Which ask gets a job.

use super::*;
use crate::{mock::*, Event, HoldReason, Jobs, Running};
use frame_support::{assert_ok, traits::fungible::InspectHold};
use strike_primitives::{job::JobOrder, traits::Assignments, Balance};

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
        assert_eq!(Market::awaiting_commitment(&provider(2), None, 9), vec![id]);
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
            (|| Inactive::set([provider(1)].into()), || Inactive::set(Default::default())),
            (|| Linked::set([(requester(), provider(1))].into()), || Linked::set(Default::default())),
            (|| Linked::set([(provider(1), requester())].into()), || Linked::set(Default::default())),
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

fn serve(provider: AccountId, serves: bool) {
    let mut served = Served::get();
    if serves {
        served.insert((provider, MODEL));
    } else {
        served.remove(&(provider, MODEL));
    }
    Served::set(served);
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
        NobodyChecks::set(true);
        assert_eq!(Market::quote(&JobOrder::V1(order(UNIT))), None);
        let id = submit(UNIT);
        next_block();
        assert!(is_pending(id));
        NobodyChecks::set(false);
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
