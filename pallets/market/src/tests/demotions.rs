//! What a provider that fails by its own fault risks, and how it comes behind others.

use super::*;
use crate::{mock::*, Demotion, Demotions};
use frame_support::assert_ok;
use strike_primitives::{
    job::JobOrder,
    receipt::CloseReason,
    traits::{Assignments, OnVerdict},
    AccountId, BlockNumber,
};

/// Order, and let whoever gets the job be late with it; back to the block in which it is.
fn late() -> AccountId {
    let job = submit(UNIT);
    let provider = assignee(job).unwrap();
    run_for(11);
    provider
}

fn run_for(blocks: BlockNumber) {
    run_to(u64::from(now() + blocks));
}

fn period(who: &AccountId) -> Option<BlockNumber> {
    Demotions::<Test>::get(who).map(|demotion| demotion.period)
}

#[test]
fn who_was_late_comes_behind_a_dearer_provider_for_a_while() {
    ExtBuilder::default().ask(provider(1), 100_000, 8).ask(provider(2), 200_000, 1).run(|| {
        let first = submit(UNIT);
        run_for(11);
        // The second attempt is the other's, whose one place it takes.
        assert_eq!(assignee(first), Some(provider(2)));
        assert_eq!(
            Demotions::<Test>::get(provider(1)),
            Some(Demotion { until: now() + MIN_DEMOTION, period: MIN_DEMOTION })
        );
        // Where nobody else has room, it gets jobs all the same.
        assert_eq!(assignee(submit(UNIT)), Some(provider(1)));
        assert_ok!(Market::on_committed(first, 1));
        assert_ok!(Market::on_verdict(first, 1, outcome(valid(UNITS), &[])));
        next_block();
        assert_eq!(Market::quote(&JobOrder::V1(order(UNIT))).unwrap().provider, provider(2));
        run_for(MIN_DEMOTION);
        assert_eq!(Market::quote(&JobOrder::V1(order(UNIT))).unwrap().provider, provider(1));
    });
}

#[test]
fn who_fails_again_and_again_comes_behind_for_longer_and_longer() {
    ExtBuilder::default().ask(provider(1), 100_000, 8).run(|| {
        let mut expected = MIN_DEMOTION;
        for _ in 0..4 {
            assert_eq!(late(), provider(1));
            assert_eq!(period(&provider(1)), Some(expected));
            // Failing meanwhile adds nothing.
            let before = Demotions::<Test>::get(provider(1));
            late();
            assert_eq!(Demotions::<Test>::get(provider(1)), before);
            run_to(u64::from(before.unwrap().until + 1));
            expected = (2 * expected).min(4 * MIN_DEMOTION);
        }
        // Some time without a fault, and it is as if nothing had been.
        run_for(4 * MIN_DEMOTION);
        late();
        assert_eq!(period(&provider(1)), Some(MIN_DEMOTION));
    });
}

#[test]
fn an_undecided_result_is_no_reason_to_demote_and_an_invalid_one_is() {
    ExtBuilder::default().ask(provider(1), 100_000, 8).run(|| {
        for (verdict, demotions) in [(None, 0), (invalid(), 1)] {
            let job = submit(UNIT);
            assert_ok!(Market::on_committed(job, 0));
            assert_ok!(Market::on_verdict(job, 0, outcome(verdict, &[])));
            next_block();
            assert!(matches!(Jobs::<Test>::get(job).unwrap().state, JobState::Closed(_)));
            assert_eq!(Demotions::<Test>::iter().count(), demotions);
        }
    });
}

fn withdraw(who: &AccountId) {
    assert_ok!(Market::withdraw_ask(RuntimeOrigin::signed(who.clone()), MODEL, CLASS));
}

fn place(who: &AccountId) {
    assert_ok!(Market::place_ask(RuntimeOrigin::signed(who.clone()), MODEL, CLASS, 100_000, 8, 1_000, THROUGHPUT));
}

#[test]
fn a_demotion_outlives_the_ask() {
    ExtBuilder::default().ask(provider(1), 100_000, 8).ask(provider(2), 200_000, 8).run(|| {
        assert_eq!(late(), provider(1));
        // Neither a new ask nor a new registration washes it off.
        for _ in 0..2 {
            withdraw(&provider(1));
            next_block();
            place(&provider(1));
            assert_eq!(period(&provider(1)), Some(MIN_DEMOTION));
            assert_eq!(assignee(submit(UNIT)), Some(provider(2)));
        }
        // Nor does it shorten the next one.
        run_for(MIN_DEMOTION);
        assert_eq!(late(), provider(1));
        assert_eq!(period(&provider(1)), Some(2 * MIN_DEMOTION));
    });
}

#[test]
fn who_withdraws_its_ask_in_the_middle_of_a_job_is_demoted_all_the_same() {
    ExtBuilder::default().ask(provider(1), 100_000, 8).run(|| {
        let job = submit(UNIT);
        withdraw(&provider(1));
        run_for(11);
        assert_eq!(Jobs::<Test>::get(job).unwrap().state, JobState::Closed(CloseReason::ProviderLate));
        assert_eq!(period(&provider(1)), Some(MIN_DEMOTION));
    });
}

#[test]
fn demotions_that_say_nothing_any_more_are_dropped() {
    ExtBuilder::default().ask(provider(1), 100_000, 8).run(|| {
        assert_eq!(late(), provider(1));
        let first = Demotions::<Test>::get(provider(1)).unwrap();
        run_to(u64::from(first.until));
        assert_eq!(period(&provider(1)), Some(MIN_DEMOTION), "the next one's length depends on it");
        run_to(u64::from(first.until + first.period));
        assert_eq!(period(&provider(1)), Some(MIN_DEMOTION));
        next_block();
        assert_eq!(period(&provider(1)), None);
        assert_eq!(Demotions::<Test>::iter().count(), 0);
    });
}

#[test]
fn failing_a_cheap_job_costs_more_than_the_job() {
    ExtBuilder::default().ask(provider(1), 100_000, 8).run(|| {
        MinAtRisk::set(&(5 * UNIT));
        let (id, before) = (submit(UNIT), free(&requester()));
        assert_eq!(BondsOf::get()[&provider(1)], (BOND, 5 * UNIT));
        assert_eq!(Market::quote(&JobOrder::V1(order(UNIT))).unwrap().max_fee, 10_000);
        let issuance = Balances::total_issuance();
        run_for(11);
        // A fifth of what is at risk; the requester gets half a fifth of what it could have paid.
        assert_eq!(Jobs::<Test>::get(id).unwrap().state, JobState::Closed(CloseReason::ProviderLate));
        assert_eq!(BondsOf::get()[&provider(1)], (BOND - UNIT, 0));
        assert_eq!(free(&requester()), before + UNIT + 1_000);
        assert_eq!(Balances::total_issuance(), issuance - (UNIT - 1_000));
    });
}

#[test]
fn a_job_takes_part_of_a_bond_that_is_there() {
    ExtBuilder::default().ask(provider(1), 100_000, 8).run(|| {
        MinAtRisk::set(&(40 * UNIT));
        assert_eq!(
            [submit(UNIT), submit(UNIT), submit(UNIT)].map(assignee),
            [Some(provider(1)), Some(provider(1)), None]
        );
    });
}

#[test]
fn jobs_go_to_who_promises_to_be_in_time() {
    ExtBuilder::default().run(|| {
        let place = |n, price, throughput| {
            assert_ok!(Market::place_ask(
                RuntimeOrigin::signed(provider(n)),
                MODEL,
                CLASS,
                price,
                8,
                1_000,
                throughput
            ));
        };
        // 100 units: 2 blocks and 10, 2 and 9, 2 and 8.
        place(1, 100_000, 10);
        place(2, 110_000, 11);
        place(3, 120_000, 12);
        let taken = |deadline| {
            let mut order = order(UNIT);
            order.deadline = deadline;
            let order = JobOrder::V1(order);
            let quoted = Market::quote(&order).map(|quote| quote.provider);
            let id = crate::NextJobId::<Test>::get();
            assert_ok!(Market::submit(RuntimeOrigin::signed(requester()), order));
            assert_eq!(assignee(id), quoted);
            quoted
        };
        assert_eq!([12, 11, 10, 9].map(taken), [Some(provider(1)), Some(provider(2)), Some(provider(3)), None]);
        // Who has waited gets the first that is fast enough.
        place(1, 100_000, 15);
        next_block();
        let waiting = crate::NextJobId::<Test>::get() - 1;
        run_for(2);
        assert_eq!(assignee(waiting), Some(provider(1)));
    });
}
