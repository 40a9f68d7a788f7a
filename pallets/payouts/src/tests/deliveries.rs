//! Payments out of holds.

use crate::{mock::*, Claimable, Event};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{Mutate, MutateFreeze},
};
use sp_runtime::ArithmeticError;
use strike_primitives::{
    traits::{Delivery, Payouts as _},
    Balance,
};

#[test]
fn who_can_receive_is_paid_at_once() {
    ExtBuilder.run(|| {
        hold(Reason::Escrow, &rita(), 500);
        assert_eq!(Payouts::deliver(&Reason::Escrow, &rita(), &sam(), 1), Ok(Delivery::Made));
        assert_eq!(Payouts::deliver(&Reason::Escrow, &rita(), &nobody(), ED), Ok(Delivery::Made));
        assert_eq!((total(&sam()), total(&nobody())), (ENDOWMENT + 1, ED));
        assert_eq!(held(Reason::Escrow, &rita()), 500 - 1 - ED);
        assert_eq!(Claimable::<Test>::iter().count(), 0);
        assert_eq!(events(), []);
    });
}

#[test]
fn what_cannot_be_received_is_kept() {
    ExtBuilder.run(|| {
        hold(Reason::Escrow, &rita(), 500);
        assert_eq!(Payouts::deliver(&Reason::Escrow, &rita(), &nobody(), ED - 1), Ok(Delivery::Deferred));
        assert_eq!((total(&nobody()), claimable(&nobody())), (0, Some(ED - 1)));
        assert_eq!(total(&Payouts::account()), ED + ED - 1);
        assert_eq!(held(Reason::Escrow, &rita()), 500 - ED + 1);
        assert_eq!(events(), [Event::Deferred { account: nobody(), from: rita(), amount: ED - 1 }]);
    });
}

#[test]
fn what_waits_adds_up_over_payers_and_reasons() {
    ExtBuilder.run(|| {
        hold(Reason::Escrow, &rita(), 500);
        hold(Reason::Deposit, &sam(), 500);
        assert_ok!(Payouts::deliver(&Reason::Escrow, &rita(), &nobody(), 7));
        assert_ok!(Payouts::deliver(&Reason::Deposit, &sam(), &nobody(), 9));
        assert_eq!(claimable(&nobody()), Some(16));
        assert_eq!((held(Reason::Escrow, &rita()), held(Reason::Deposit, &sam())), (493, 491));
    });
}

#[test]
fn money_can_be_kept_that_could_be_received() {
    ExtBuilder.run(|| {
        hold(Reason::Escrow, &rita(), 500);
        assert_ok!(Payouts::defer(&Reason::Escrow, &rita(), &rita(), 500));
        assert_eq!((total(&rita()), claimable(&rita())), (ENDOWMENT - 500, Some(500)));
    });
}

#[test]
fn nothing_is_paid_and_kept_without_a_trace() {
    ExtBuilder.run(|| {
        hold(Reason::Escrow, &rita(), 500);
        assert_eq!(Payouts::deliver(&Reason::Escrow, &rita(), &nobody(), 0), Ok(Delivery::Made));
        assert_ok!(Payouts::defer(&Reason::Escrow, &rita(), &nobody(), 0));
        assert_eq!((claimable(&nobody()), total(&nobody()), events().len()), (None, 0, 0));
    });
}

#[test]
fn a_payer_cannot_keep_what_is_due_by_freezing_it() {
    ExtBuilder.run(|| {
        hold(Reason::Escrow, &rita(), 500);
        assert_ok!(Balances::set_frozen(&(), &rita(), ENDOWMENT, frame_support::traits::tokens::Fortitude::Force));
        assert_eq!(Payouts::deliver(&Reason::Escrow, &rita(), &sam(), 500), Ok(Delivery::Made));
        assert_eq!(total(&sam()), ENDOWMENT + 500);
    });
}

#[test]
fn what_is_not_held_is_neither_paid_nor_kept() {
    ExtBuilder.run(|| {
        hold(Reason::Escrow, &rita(), 50);
        hold(Reason::Deposit, &rita(), 500);
        for to in [sam(), nobody()] {
            let delivered = || Payouts::deliver(&Reason::Escrow, &rita(), &to, 51);
            let before = (total(&rita()), total(&to), total(&Payouts::account()));
            assert!(delivered().is_err());
            assert_eq!(before, (total(&rita()), total(&to), total(&Payouts::account())));
            assert_eq!(claimable(&to), None);
        }
        assert_eq!(events(), []);
    });
}

#[test]
fn a_sum_beyond_all_numbers_leaves_everything_as_it_was() {
    ExtBuilder.run(|| {
        hold(Reason::Escrow, &rita(), 50);
        Claimable::<Test>::insert(nobody(), Balance::MAX);
        assert_noop!(Payouts::defer(&Reason::Escrow, &rita(), &nobody(), 1), ArithmeticError::Overflow);
        Claimable::<Test>::remove(nobody());
    });
}

#[test]
fn an_account_that_cannot_take_payments_keeps_none() {
    ExtBuilder.run(|| {
        // Nobody can spend what keeps the account alive; were it gone, small payments could not be kept.
        assert_ok!(Balances::burn_from(
            &Payouts::account(),
            ED,
            frame_support::traits::tokens::Preservation::Expendable,
            frame_support::traits::tokens::Precision::Exact,
            frame_support::traits::tokens::Fortitude::Force,
        ));
        assert!(Payouts::do_try_state().is_err());
        hold(Reason::Escrow, &rita(), 50);
        assert!(Payouts::deliver(&Reason::Escrow, &rita(), &nobody(), 50).is_err());
        assert_eq!((held(Reason::Escrow, &rita()), claimable(&nobody())), (50, None));
        assert_ok!(Balances::mint_into(&Payouts::account(), ED));
    });
}
