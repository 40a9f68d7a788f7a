//! Bonds, keys and asks of providers that have jobs.

use crate::{actions::*, runtime::*, world::*};
use frame_support::{assert_noop, assert_ok, weights::Weight};
use pallet_market::{Error as MarketError, JobState};
use pallet_providers::Error as ProvidersError;
use strike_primitives::receipt::CloseReason;

fn only_eve_with(bond: u128) -> ExtBuilder {
    ExtBuilder::default().provider(eve(), bond, &[], EVES_PRICE)
}

#[test]
fn leaving_provider_should_not_withdraw_before_its_job_is_settled() {
    only_eve_with(BOND).run(|| {
        let job = submit();
        assert_ok!(Providers::leave(eve().signed()));
        let refused = submit_as(&sam(), order());
        assert!(matches!(state(refused), JobState::Pending { .. }));

        commit(job, TRUE_OUTPUT);
        judge_honestly(job, &validators());
        // Judged, but no block has the weight to settle it before the unbonding period is over.
        for _ in 0..UNBONDING_PERIOD {
            next_block_with(Weight::zero());
        }
        assert!(matches!(state(job), JobState::Judged(_)));
        assert_noop!(Providers::withdraw(eve().signed()), ProvidersError::<Test>::JobsRunning);

        next_block();
        assert_eq!(receipt(job).reason, CloseReason::Settled);
        let free = Balances::free_balance(eve().account);
        assert_ok!(Providers::withdraw(eve().signed()));
        assert_eq!(Balances::free_balance(eve().account), free + BOND);
        assert_eq!(held(&eve(), pallet_providers::HoldReason::Bond), 0);
    });
}

#[test]
fn leaving_provider_should_still_be_punished_for_its_job() {
    only_eve_with(BOND).run(|| {
        let job = submit();
        assert_ok!(Providers::leave(eve().signed()));
        deliver(job, FALSE_OUTPUT);
        assert_eq!(receipt(job).slashed, 25_000_000);
        assert_eq!(bond(&eve()).bond, BOND - 50_000_000);
    });
}

#[test]
fn provider_that_left_should_get_no_job_and_its_ask_deposit_back() {
    only_eve_with(BOND).run(|| {
        assert_ok!(Providers::leave(eve().signed()));
        run_for(UNBONDING_PERIOD);
        assert_ok!(Providers::withdraw(eve().signed()));
        let job = submit();
        assert!(matches!(state(job), JobState::Pending { .. }));
        assert_eq!(held(&eve(), pallet_market::HoldReason::AskDeposit), ASK_DEPOSIT);
        assert_ok!(Market::withdraw_ask(eve().signed(), MODEL, CLASS));
        assert_eq!(held(&eve(), pallet_market::HoldReason::AskDeposit), 0);
    });
}

#[test]
fn provider_that_came_back_should_serve_its_old_ask_with_its_new_key() {
    only_eve_with(BOND).run(|| {
        assert_ok!(Providers::leave(eve().signed()));
        run_for(UNBONDING_PERIOD);
        assert_ok!(Providers::withdraw(eve().signed()));
        register(&eve(), MIN_BOND, &[]);
        let job = submit();
        deliver(job, TRUE_OUTPUT);
        assert_eq!(receipt(job).reason, CloseReason::Settled);
    });
}

#[test]
fn provider_below_the_least_bond_should_get_no_jobs_until_it_adds_to_it() {
    only_eve_with(MIN_BOND).run(|| {
        let bad = submit();
        // Assigned before the slash: it goes on.
        let good = submit_as(&sam(), order());
        commit(bad, FALSE_OUTPUT);
        commit(good, TRUE_OUTPUT);
        judge_honestly(bad, &validators());
        next_block();
        assert_eq!(receipt(bad).reason, CloseReason::Invalid);
        assert_eq!(bond(&eve()).bond, MIN_BOND - 50_000_000);

        let waiting = submit();
        assert!(matches!(state(waiting), JobState::Pending { .. }));
        let ask = Market::place_ask(eve().signed(), MODEL, CLASS, EVES_PRICE, 1, MAX_UNITS, THROUGHPUT);
        assert_eq!(ask, Err(MarketError::<Test>::ProviderNotActive.into()));
        judge_honestly(good, &validators());
        next_block();
        assert_eq!(receipt(good).reason, CloseReason::Settled);
        assert!(matches!(state(waiting), JobState::Pending { .. }));

        assert_ok!(Providers::bond_extra(eve().signed(), 50_000_000));
        next_block();
        assert_eq!(assigned_to(waiting), Some(eve().account));
    });
}

#[test]
fn what_is_at_risk_should_never_exceed_the_bond() {
    only_eve_with(MIN_BOND).run(|| {
        // One order of 1,000 units at this price needs 60 tokens behind it.
        let price = 600 * strike_primitives::TOKEN;
        assert_ok!(Market::place_ask(eve().signed(), MODEL, CLASS, price, 10, MAX_UNITS, THROUGHPUT));
        let dear = strike_primitives::job::JobOrderV1 { max_price: MIN_BOND, ..order() };
        let (first, second) = (submit_as(&rita(), dear.clone()), submit_as(&sam(), dear));
        assert_eq!(assigned_to(first), Some(eve().account));
        assert!(matches!(state(second), JobState::Pending { .. }));
        assert_ok!(Providers::bond_extra(eve().signed(), 20 * strike_primitives::TOKEN));
        next_block();
        assert_eq!(assigned_to(second), Some(eve().account));
        assert_eq!(bond(&eve()).reserved, bond(&eve()).bond);
        // Late twice with all of it at risk: a tenth of 120 tokens.
        run_for(DEADLINE + 2);
        assert_eq!((bond(&eve()).reserved, bond(&eve()).bond), (0, 108 * strike_primitives::TOKEN));
    });
}

#[test]
fn app_key_should_not_change_while_a_job_runs() {
    only_eve_with(BOND).run(|| {
        let job = submit();
        let new = pair(99);
        let set_key = || {
            use sp_core::Pair;
            Providers::set_app_key(eve().signed(), new.public(), proof(&new, &eve().account))
        };
        assert_noop!(set_key(), ProvidersError::<Test>::JobsRunning);
        commit(job, TRUE_OUTPUT);
        assert_noop!(set_key(), ProvidersError::<Test>::JobsRunning);
        judge_honestly(job, &validators());
        next_block();
        assert_ok!(set_key());

        let next = submit();
        run_for(2);
        let made = commitment(next, TRUE_OUTPUT).unwrap();
        assert!(include_commitment(next, made.clone(), &eve().pair).is_err());
        include_commitment(next, made, &new).unwrap();
    });
}
