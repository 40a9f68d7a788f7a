//! Royalties: whose they are, and that they only fall.

use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, assert_ok};
use strike_primitives::traits::Royalties;

#[test]
fn shares_should_name_the_owner_and_its_royalty() {
    ExtBuilder::default().execute(|| {
        assert_eq!(Provenance::shares(&model(1)), vec![]);
        assert_ok!(register(ALICE, 1));
        assert_eq!(Provenance::shares(&model(1)), vec![(ALICE, percent(5))]);
    });
}

#[test]
fn set_royalty_should_lower_it_to_nothing() {
    ExtBuilder::default().execute(|| {
        assert_ok!(register(ALICE, 1));
        assert_ok!(Provenance::set_royalty(RuntimeOrigin::signed(ALICE), model(1), percent(3)));
        assert_eq!(Provenance::shares(&model(1)), vec![(ALICE, percent(3))]);
        assert_eq!(last_event(), Event::RoyaltySet { model: model(1), royalty: percent(3) });
        assert_ok!(Provenance::set_royalty(RuntimeOrigin::signed(ALICE), model(1), percent(0)));
        assert_eq!(Provenance::shares(&model(1)), vec![]);
    });
}

#[test]
fn set_royalty_should_refuse_to_raise_it_again() {
    ExtBuilder::default().execute(|| {
        assert_ok!(register(ALICE, 1));
        let set = |royalty| Provenance::set_royalty(RuntimeOrigin::signed(ALICE), model(1), royalty);
        assert_noop!(set(percent(6)), Error::<Test>::RoyaltyRaised);
        assert_ok!(set(percent(2)));
        assert_noop!(set(percent(5)), Error::<Test>::RoyaltyRaised);
    });
}

#[test]
fn set_royalty_should_refuse_others_and_unknown_models() {
    ExtBuilder::default().execute(|| {
        assert_ok!(register(ALICE, 1));
        assert_noop!(
            Provenance::set_royalty(RuntimeOrigin::signed(BOB), model(1), percent(0)),
            Error::<Test>::NotOwner
        );
        assert_noop!(
            Provenance::set_royalty(RuntimeOrigin::signed(ALICE), model(2), percent(0)),
            Error::<Test>::ArtifactNotFound
        );
    });
}
