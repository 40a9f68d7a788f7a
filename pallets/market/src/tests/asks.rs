use crate::{mock::*, Asks, Error, Event, HoldReason, Running};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    job::MAX_TOKENS,
    AccountId, Balance,
};

fn book() -> Vec<(AccountId, Balance)> {
    Asks::<Test>::get((MODEL, CLASS)).into_iter().map(|ask| (ask.provider, ask.price)).collect()
}

fn deposit(who: &AccountId) -> Balance {
    Balances::balance_on_hold(&HoldReason::AskDeposit.into(), who)
}

#[test]
fn asks_are_sorted_by_price_then_age() {
    ExtBuilder::default().run(|| {
        place_ask(provider(2), 200, 1);
        place_ask(provider(1), 200, 1);
        place_ask(provider(3), 100, 1);
        assert_eq!(book(), vec![(provider(3), 100), (provider(2), 200), (provider(1), 200)]);
        assert_eq!(Market::asks_for(&MODEL).len(), 3);
    });
}

#[test]
fn a_replaced_ask_keeps_its_place_only_at_the_same_price() {
    ExtBuilder::default().ask(provider(1), 200, 1).ask(provider(2), 200, 1).run(|| {
        place_ask(provider(1), 200, 5);
        assert_eq!(book(), vec![(provider(1), 200), (provider(2), 200)]);
        assert_eq!(Market::asks_of(&provider(1))[0].capacity, 5);
        place_ask(provider(1), 300, 5);
        place_ask(provider(1), 200, 5);
        assert_eq!(book(), vec![(provider(2), 200), (provider(1), 200)]);
        assert_eq!(deposit(&provider(1)), ASK_DEPOSIT);
    });
}

#[test]
fn withdrawing_gives_the_deposit_back() {
    ExtBuilder::default().run(|| {
        place_ask(provider(1), 200, 1);
        assert_eq!(deposit(&provider(1)), ASK_DEPOSIT);
        assert_ok!(Market::withdraw_ask(RuntimeOrigin::signed(provider(1)), MODEL, CLASS));
        assert_eq!(deposit(&provider(1)), 0);
        assert!(book().is_empty());
        assert!(Market::asks_of(&provider(1)).is_empty());
        assert!(events().contains(&Event::AskWithdrawn { provider: provider(1), model: MODEL, class: CLASS }));
        assert_noop!(
            Market::withdraw_ask(RuntimeOrigin::signed(provider(1)), MODEL, CLASS),
            Error::<Test>::AskNotFound
        );
    });
}

#[test]
fn an_ask_placed_again_still_counts_the_jobs_that_run() {
    ExtBuilder::default().ask(provider(1), 100_000, 1).run(|| {
        submit(UNIT);
        assert_ok!(Market::withdraw_ask(RuntimeOrigin::signed(provider(1)), MODEL, CLASS));
        assert_eq!(Running::<Test>::get((provider(1), (MODEL, CLASS))), 1);
        place_ask(provider(1), 50_000, 1);
        assert_eq!(Market::asks_of(&provider(1))[0].running, 1);
        submit(UNIT);
        assert_eq!(Running::<Test>::get((provider(1), (MODEL, CLASS))), 1);
    });
}

#[test]
fn asks_that_cannot_be_are_refused() {
    ExtBuilder::default().run(|| {
        let place = |who, model, class, price, capacity, max_units| {
            Market::place_ask(RuntimeOrigin::signed(who), model, class, price, capacity, max_units, THROUGHPUT)
        };
        let unknown = ArtifactId { kind: ArtifactKind::Bundle, root: Default::default() };
        assert_noop!(place(provider(1), unknown, CLASS, 100, 1, 1), Error::<Test>::ModelNotFound);
        assert_noop!(place(requester(), MODEL, CLASS, 100, 1, 1), Error::<Test>::ProviderNotActive);
        assert_noop!(place(provider(1), MODEL, CLASS, 9, 1, 1), Error::<Test>::PriceTooLow);
        for capacity in [0, 9] {
            assert_noop!(place(provider(1), MODEL, CLASS, 100, capacity, 1), Error::<Test>::CapacityOutOfRange);
        }
        for units in [0, u64::from(MAX_TOKENS) * 2 + 1] {
            assert_noop!(place(provider(1), MODEL, CLASS, 100, 1, units), Error::<Test>::LimitsOutOfRange);
        }
        let idle = Market::place_ask(RuntimeOrigin::signed(provider(1)), MODEL, CLASS, 100, 1, 1, 0);
        assert_eq!(idle, Err(Error::<Test>::ThroughputZero.into()));
        Served::set(Default::default());
        assert_noop!(place(provider(1), MODEL, CLASS, 100, 1, 1), Error::<Test>::ModelNotServed);
    });
}

#[test]
fn an_inactive_provider_cannot_ask_but_can_withdraw() {
    ExtBuilder::default().ask(provider(1), 100, 1).run(|| {
        Inactive::set([provider(1)].into());
        assert_noop!(
            Market::place_ask(RuntimeOrigin::signed(provider(1)), MODEL, CLASS, 100, 1, 1, THROUGHPUT),
            Error::<Test>::ProviderNotActive
        );
        assert_ok!(Market::withdraw_ask(RuntimeOrigin::signed(provider(1)), MODEL, CLASS));
    });
}

#[test]
fn the_book_is_bounded() {
    ExtBuilder::default().run(|| {
        let mut bonds = BondsOf::get();
        let mut served = Served::get();
        for n in 1..=5 {
            bonds.insert(provider(n), (0, 0));
            served.insert((provider(n), MODEL));
        }
        for n in 1..=3 {
            bonds.insert(provider(n), (BOND, 0));
        }
        BondsOf::set(bonds);
        Served::set(served);
        for n in 4..=5 {
            assert_ok!(Balances::force_set_balance(RuntimeOrigin::root(), provider(n), ENDOWMENT));
        }
        for n in 1..=4 {
            place_ask(provider(n), 100, 1);
        }
        assert_noop!(
            Market::place_ask(RuntimeOrigin::signed(provider(5)), MODEL, CLASS, 100, 1, 1, THROUGHPUT),
            Error::<Test>::TooManyAsks
        );
        place_ask(provider(1), 101, 1);
    });
}

#[test]
fn an_ask_that_can_get_no_jobs_makes_room_in_a_full_book() {
    ExtBuilder::default().run(|| {
        let (mut bonds, mut served) = (BondsOf::get(), Served::get());
        for n in 4..=6 {
            bonds.insert(provider(n), (0, 0));
            served.insert((provider(n), MODEL));
            assert_ok!(Balances::force_set_balance(RuntimeOrigin::root(), provider(n), ENDOWMENT));
        }
        BondsOf::set(bonds);
        Served::set(served.clone());
        for n in 1..=4 {
            place_ask(provider(n), 100, 1);
        }
        let newcomer = || Market::place_ask(RuntimeOrigin::signed(provider(5)), MODEL, CLASS, 200, 1, 1, THROUGHPUT);
        assert_noop!(newcomer(), Error::<Test>::TooManyAsks);
        // It has left: for good, perhaps.
        Inactive::set([provider(2)].into());
        assert_ok!(newcomer());
        assert_eq!(book(), [(1, 100), (3, 100), (4, 100), (5, 200)].map(|(n, price)| (provider(n), price)));
        assert_eq!((deposit(&provider(2)), deposit(&provider(5))), (0, ASK_DEPOSIT));
        assert!(Market::asks_of(&provider(2)).is_empty());
        assert!(events().contains(&Event::AskWithdrawn { provider: provider(2), model: MODEL, class: CLASS }));
        // It serves other models now.
        served.remove(&(provider(4), MODEL));
        Served::set(served);
        place_ask(provider(6), 50, 1);
        assert_eq!(book(), [(6, 50), (1, 100), (3, 100), (5, 200)].map(|(n, price)| (provider(n), price)));
    });
}

#[test]
fn genesis_asks_are_placed_with_their_deposit() {
    ExtBuilder::default().ask(provider(1), 100, 2).run(|| {
        assert_eq!(book(), vec![(provider(1), 100)]);
        assert_eq!(deposit(&provider(1)), ASK_DEPOSIT);
    });
}
