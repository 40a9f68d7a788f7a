//! Registering models.

use crate::{mock::*, Artifact, Artifacts, Error, Event};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{DispatchError, DispatchResult, TokenError};
use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    traits::ArtifactRegistry,
    H256,
};

#[test]
fn register_should_hold_the_deposit_and_store_the_model() {
    ExtBuilder::default().execute(|| {
        System::set_block_number(7);
        assert!(!Provenance::is_model(&model(1)));
        assert_ok!(register(ALICE, 1));
        assert!(Provenance::is_model(&model(1)));
        let deposit = deposit("tiny");
        assert_eq!(
            artifact(1),
            Artifact {
                owner: ALICE,
                offered_to: None,
                name: name("tiny"),
                size: 4_096,
                royalty: percent(5),
                deposit,
                registered_at: 7,
            }
        );
        assert_eq!(held(&ALICE), deposit);
        assert_eq!(Balances::free_balance(&ALICE), ENDOWMENT - deposit);
        assert_eq!(
            last_event(),
            Event::ModelRegistered {
                model: model(1),
                owner: ALICE,
                name: b"tiny".to_vec(),
                size: 4_096,
                royalty: percent(5),
                deposit,
            }
        );
    });
}

#[test]
fn deposits_of_one_owner_should_add_up() {
    ExtBuilder::default().execute(|| {
        assert_ok!(register(ALICE, 1));
        assert_ok!(register(ALICE, 2));
        assert_eq!(held(&ALICE), 2 * deposit("tiny"));
    });
}

#[test]
fn register_should_refuse_a_root_that_is_taken() {
    ExtBuilder::default().execute(|| {
        assert_ok!(register(ALICE, 1));
        assert_noop!(register(ALICE, 1), Error::<Test>::AlreadyRegistered);
        assert_noop!(register(BOB, 1), Error::<Test>::AlreadyRegistered);
    });
}

#[test]
fn register_should_take_bundles_and_weights_only() {
    ExtBuilder::default().execute(|| {
        let attempt = |kind| {
            let id = ArtifactId { kind, root: H256::repeat_byte(1) };
            let result: DispatchResult =
                Provenance::register_model(RuntimeOrigin::signed(ALICE), id, name("m"), 1, percent(0));
            (id, result)
        };
        for kind in [ArtifactKind::File, ArtifactKind::Dataset, ArtifactKind::Adapter, ArtifactKind::Output] {
            let (id, result) = attempt(kind);
            assert_eq!(result, Err(Error::<Test>::NotAModel.into()));
            assert!(!Provenance::is_model(&id));
        }
        for kind in [ArtifactKind::Bundle, ArtifactKind::Weights] {
            let (id, result) = attempt(kind);
            assert_ok!(result);
            assert!(Provenance::is_model(&id));
        }
    });
}

#[test]
fn register_should_refuse_bad_names() {
    ExtBuilder::default().execute(|| {
        let attempt = |bytes: &[u8]| {
            let name = bytes.to_vec().try_into().unwrap();
            Provenance::register_model(RuntimeOrigin::signed(ALICE), model(1), name, 1, percent(0))
        };
        for bad in [&b""[..], b"  ", b"a\nb", b"a\0", b"\x7f", b"\xff\xfe", "a\u{85}b".as_bytes()] {
            assert_noop!(attempt(bad), Error::<Test>::InvalidName);
        }
        assert_ok!(attempt("Märchen 3 (quick)".as_bytes()));
    });
}

#[test]
fn register_should_refuse_no_size_and_a_high_royalty() {
    ExtBuilder::default().execute(|| {
        let attempt = |size, royalty| {
            Provenance::register_model(RuntimeOrigin::signed(ALICE), model(1), name("m"), size, royalty)
        };
        assert_noop!(attempt(0, percent(0)), Error::<Test>::InvalidSize);
        assert_noop!(attempt(1, percent(21)), Error::<Test>::RoyaltyTooHigh);
        assert_ok!(attempt(1, percent(20)));
    });
}

#[test]
fn register_should_refuse_who_cannot_pay_the_deposit() {
    ExtBuilder::default().execute(|| {
        assert_noop!(register(STRANGER, 1), TokenError::FundsUnavailable);
        assert!(!Artifacts::<Test>::contains_key(model(1)));
    });
}

#[test]
fn calls_should_refuse_root_and_unsigned_origins() {
    ExtBuilder::default().execute(|| {
        assert_ok!(register(ALICE, 1));
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::none()] {
            let bad_origin = DispatchError::BadOrigin;
            assert_noop!(Provenance::register_model(origin.clone(), model(2), name("m"), 1, percent(0)), bad_origin);
            assert_noop!(Provenance::set_royalty(origin.clone(), model(1), percent(0)), bad_origin);
            assert_noop!(Provenance::accept_ownership(origin, model(1)), bad_origin);
        }
    });
}
