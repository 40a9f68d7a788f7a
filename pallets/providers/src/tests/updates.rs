//! Changing what is registered.

use crate::{mock::*, Error, Event, KeyOwner};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::TokenError;
use strike_primitives::traits::{Bonds, ProviderRegistry};

#[test]
fn bond_extra_should_raise_bond_and_hold() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_ok!(Providers::bond_extra(RuntimeOrigin::signed(ALICE), 500));
        assert_eq!(provider(&ALICE).bond, MIN_BOND + 500);
        assert_eq!(held(&ALICE), MIN_BOND + 500);
        assert_eq!(Providers::available(&ALICE), MIN_BOND + 500);
        assert_eq!(last_event(), Event::BondIncreased { provider: ALICE, amount: 500, bond: MIN_BOND + 500 });
    });
}

#[test]
fn bond_extra_should_refuse_zero_strangers_and_what_cannot_be_paid() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_noop!(Providers::bond_extra(RuntimeOrigin::signed(ALICE), 0), Error::<Test>::ZeroAmount);
        assert_noop!(Providers::bond_extra(RuntimeOrigin::signed(BOB), 1), Error::<Test>::ProviderNotFound);
        assert_noop!(Providers::bond_extra(RuntimeOrigin::signed(ALICE), ENDOWMENT), TokenError::FundsUnavailable);
    });
}

#[test]
fn set_models_should_replace_the_list() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_ok!(Providers::set_models(RuntimeOrigin::signed(ALICE), models(&[2, 3])));
        assert!(!Providers::serves(&ALICE, &model(1)));
        assert!(Providers::serves(&ALICE, &model(2)));
        assert!(Providers::serves(&ALICE, &model(3)));
        assert_eq!(last_event(), Event::ModelsSet { provider: ALICE, models: models(&[2, 3]).into_inner() });
    });
}

#[test]
fn set_models_should_refuse_bad_lists_and_strangers() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        let set = |listed: &[u8]| Providers::set_models(RuntimeOrigin::signed(ALICE), models(listed));
        assert_noop!(set(&[]), Error::<Test>::NoModels);
        assert_noop!(set(&[2, 2]), Error::<Test>::DuplicateModel);
        assert_noop!(set(&[5]), Error::<Test>::ModelNotRegistered);
        assert_noop!(Providers::set_models(RuntimeOrigin::signed(BOB), models(&[1])), Error::<Test>::ProviderNotFound);
    });
}

#[test]
fn links_should_hold_in_both_directions() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert!(Providers::linked(&ALICE, &ALICE));
        assert!(!Providers::linked(&ALICE, &BOB));
        assert_ok!(Providers::set_linked(RuntimeOrigin::signed(ALICE), links(&[BOB])));
        assert!(Providers::linked(&ALICE, &BOB));
        assert!(Providers::linked(&BOB, &ALICE));
        assert!(!Providers::linked(&BOB, &CHARLIE));
        assert_eq!(last_event(), Event::LinksSet { provider: ALICE, linked: vec![BOB] });
    });
}

#[test]
fn set_linked_should_add_but_not_remove_while_a_job_runs() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        let set = |linked: &[_]| Providers::set_linked(RuntimeOrigin::signed(ALICE), links(linked));
        assert_ok!(set(&[BOB]));
        assert_ok!(Providers::reserve(&ALICE, 1));
        assert_ok!(set(&[CHARLIE, BOB]));
        assert_noop!(set(&[CHARLIE]), Error::<Test>::JobsRunning);
        assert_ok!(Providers::release(&ALICE, 1));
        assert_ok!(set(&[CHARLIE]));
        assert!(!Providers::linked(&ALICE, &BOB));
    });
}

#[test]
fn set_linked_should_refuse_bad_lists_and_strangers() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        let set = |who, linked: &[_]| Providers::set_linked(RuntimeOrigin::signed(who), links(linked));
        assert_noop!(set(ALICE, &[ALICE]), Error::<Test>::SelfLink);
        assert_noop!(set(ALICE, &[BOB, BOB]), Error::<Test>::DuplicateLink);
        assert_noop!(set(BOB, &[ALICE]), Error::<Test>::ProviderNotFound);
    });
}

#[test]
fn set_app_key_should_replace_the_key_and_free_the_old_one() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_ok!(Providers::set_app_key(RuntimeOrigin::signed(ALICE), key(2), proof(2, &ALICE)));
        assert_eq!(Providers::app_key(&ALICE), Some(key(2)));
        assert_eq!(KeyOwner::<Test>::get(key(1)), None);
        assert_eq!(KeyOwner::<Test>::get(key(2)), Some(ALICE));
        assert_eq!(last_event(), Event::AppKeySet { provider: ALICE, app_key: key(2) });
        assert_ok!(register(BOB, 1, MIN_BOND));
    });
}

#[test]
fn set_app_key_should_refuse_taken_keys_bad_proofs_and_running_jobs() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_ok!(register(BOB, 2, MIN_BOND));
        let set = |seed, proof| Providers::set_app_key(RuntimeOrigin::signed(ALICE), key(seed), proof);
        assert_noop!(set(2, proof(2, &ALICE)), Error::<Test>::AppKeyTaken);
        assert_noop!(set(1, proof(1, &ALICE)), Error::<Test>::AppKeyTaken);
        assert_noop!(set(3, proof(3, &BOB)), Error::<Test>::InvalidProof);
        assert_noop!(set(3, proof(1, &ALICE)), Error::<Test>::InvalidProof);
        assert_ok!(Providers::reserve(&ALICE, 1));
        assert_noop!(set(3, proof(3, &ALICE)), Error::<Test>::JobsRunning);
        assert_noop!(
            Providers::set_app_key(RuntimeOrigin::signed(CHARLIE), key(3), proof(3, &CHARLIE)),
            Error::<Test>::ProviderNotFound
        );
    });
}
