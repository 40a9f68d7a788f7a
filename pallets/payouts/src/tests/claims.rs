//! What waits, paid out.

use crate::{mock::*, Claimable, Error, Event};
use frame_support::{
    assert_noop, assert_ok,
    traits::{fungible::Mutate, tokens::Preservation},
};
use strike_primitives::{traits::Payouts as _, AccountId};

fn claim(who: AccountId) -> sp_runtime::DispatchResult {
    frame_support::storage::with_storage_layer(|| Payouts::claim(RuntimeOrigin::signed(who)))
}

#[test]
fn what_waits_is_paid_out_once_it_can_be_received() {
    ExtBuilder.run(|| {
        hold(Reason::Escrow, &rita(), 500);
        assert_ok!(Payouts::deliver(&Reason::Escrow, &rita(), &nobody(), 40));
        assert!(claim(nobody()).is_err());
        assert_eq!(claimable(&nobody()), Some(40));

        assert_ok!(Balances::transfer(&sam(), &nobody(), ED, Preservation::Preserve));
        assert_ok!(claim(nobody()));
        assert_eq!((total(&nobody()), claimable(&nobody())), (ED + 40, None));
        assert_eq!(events().last(), Some(&Event::Claimed { account: nobody(), amount: 40 }));
    });
}

#[test]
fn payments_too_small_one_by_one_are_claimed_together() {
    ExtBuilder.run(|| {
        hold(Reason::Escrow, &rita(), 500);
        for _ in 0..2 {
            assert_ok!(Payouts::deliver(&Reason::Escrow, &rita(), &nobody(), ED / 2));
        }
        assert_ok!(claim(nobody()));
        assert_eq!(total(&nobody()), ED);
    });
}

#[test]
fn nothing_is_claimed_twice_or_by_others() {
    ExtBuilder.run(|| {
        assert_noop!(claim(sam()), Error::<Test>::NothingToClaim);
        hold(Reason::Escrow, &rita(), 500);
        assert_ok!(Payouts::defer(&Reason::Escrow, &rita(), &sam(), 300));
        assert_noop!(claim(rita()), Error::<Test>::NothingToClaim);
        assert_ok!(claim(sam()));
        assert_noop!(claim(sam()), Error::<Test>::NothingToClaim);
        assert_eq!(total(&sam()), ENDOWMENT + 300);
    });
}

#[test]
fn the_last_claim_leaves_what_keeps_the_account_alive() {
    ExtBuilder.run(|| {
        hold(Reason::Escrow, &rita(), 500);
        assert_ok!(Payouts::defer(&Reason::Escrow, &rita(), &sam(), 300));
        assert_ok!(Payouts::defer(&Reason::Escrow, &rita(), &rita(), 200));
        assert_ok!(claim(sam()));
        assert_ok!(claim(rita()));
        assert_eq!(total(&Payouts::account()), ED);
    });
}

#[test]
fn the_state_is_wrong_when_what_waits_is_not_there() {
    ExtBuilder.run(|| {
        Claimable::<Test>::insert(nobody(), 1);
        assert!(Payouts::do_try_state().is_err());
        Claimable::<Test>::insert(nobody(), 0);
        assert!(Payouts::do_try_state().is_err());
        Claimable::<Test>::remove(nobody());
    });
}
