//! Offers of ownership and their acceptance.

use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchResult, TokenError};
use strike_primitives::{traits::Royalties, AccountId};

fn offer(owner: AccountId, to: AccountId) -> DispatchResult {
    Provenance::offer_ownership(RuntimeOrigin::signed(owner), model(1), to)
}

fn accept(who: AccountId) -> DispatchResult {
    Provenance::accept_ownership(RuntimeOrigin::signed(who), model(1))
}

#[test]
fn an_accepted_offer_should_move_ownership_royalty_and_deposit() {
    ExtBuilder::default().execute(|| {
        assert_ok!(register(ALICE, 1));
        assert_ok!(offer(ALICE, BOB));
        assert_eq!(last_event(), Event::OwnershipOffered { model: model(1), owner: ALICE, offered_to: BOB });
        assert_eq!(artifact(1).owner, ALICE);
        assert_ok!(accept(BOB));
        assert_eq!(last_event(), Event::OwnershipTransferred { model: model(1), from: ALICE, to: BOB });
        assert_eq!(artifact(1).owner, BOB);
        assert_eq!(artifact(1).offered_to, None);
        assert_eq!(held(&ALICE), 0);
        assert_eq!(Balances::free_balance(&ALICE), ENDOWMENT);
        assert_eq!(held(&BOB), deposit("tiny"));
        assert_eq!(Provenance::shares(&model(1)), vec![(BOB, percent(5))]);
        assert_noop!(
            Provenance::set_royalty(RuntimeOrigin::signed(ALICE), model(1), percent(1)),
            Error::<Test>::NotOwner
        );
    });
}

#[test]
fn accept_should_refuse_whom_nothing_is_offered_to() {
    ExtBuilder::default().execute(|| {
        assert_noop!(accept(BOB), Error::<Test>::ArtifactNotFound);
        assert_ok!(register(ALICE, 1));
        assert_noop!(accept(BOB), Error::<Test>::NotOffered);
        assert_ok!(offer(ALICE, BOB));
        assert_noop!(accept(CHARLIE), Error::<Test>::NotOffered);
        assert_noop!(accept(ALICE), Error::<Test>::NotOffered);
        assert_ok!(accept(BOB));
        assert_noop!(accept(BOB), Error::<Test>::NotOffered);
    });
}

#[test]
fn accept_should_refuse_who_cannot_pay_the_deposit() {
    ExtBuilder::default().execute(|| {
        assert_ok!(register(ALICE, 1));
        assert_ok!(offer(ALICE, STRANGER));
        assert_noop!(accept(STRANGER), TokenError::FundsUnavailable);
        assert_eq!(held(&ALICE), deposit("tiny"));
    });
}

#[test]
fn a_new_offer_should_replace_the_old_one() {
    ExtBuilder::default().execute(|| {
        assert_ok!(register(ALICE, 1));
        assert_ok!(offer(ALICE, BOB));
        assert_ok!(offer(ALICE, CHARLIE));
        assert_noop!(accept(BOB), Error::<Test>::NotOffered);
        assert_ok!(accept(CHARLIE));
    });
}

#[test]
fn offer_should_refuse_others_and_the_owner_itself() {
    ExtBuilder::default().execute(|| {
        assert_noop!(offer(ALICE, BOB), Error::<Test>::ArtifactNotFound);
        assert_ok!(register(ALICE, 1));
        assert_noop!(offer(BOB, CHARLIE), Error::<Test>::NotOwner);
        assert_noop!(offer(ALICE, ALICE), Error::<Test>::AlreadyOwner);
    });
}

#[test]
fn withdraw_offer_should_end_it() {
    ExtBuilder::default().execute(|| {
        let withdraw = |who| Provenance::withdraw_offer(RuntimeOrigin::signed(who), model(1));
        assert_noop!(withdraw(ALICE), Error::<Test>::ArtifactNotFound);
        assert_ok!(register(ALICE, 1));
        assert_noop!(withdraw(ALICE), Error::<Test>::NotOffered);
        assert_ok!(offer(ALICE, BOB));
        assert_noop!(withdraw(BOB), Error::<Test>::NotOwner);
        assert_ok!(withdraw(ALICE));
        assert_eq!(last_event(), Event::OfferWithdrawn { model: model(1), offered_to: BOB });
        assert_noop!(accept(BOB), Error::<Test>::NotOffered);
    });
}
