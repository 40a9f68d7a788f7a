//! Becoming a provider.

use crate::{mock::*, Error, Event, KeyOwner, Provider, ProviderState, Providers as ProvidersMap};
use frame_support::{assert_noop, assert_ok};
use sp_core::Pair;
use sp_runtime::TokenError;
use strike_primitives::{app::proof_of_possession_payload, traits::ProviderRegistry, H256};

#[test]
fn register_should_hold_the_bond_and_list_the_provider() {
    ExtBuilder::default().execute(|| {
        assert_ok!(Providers::register(
            RuntimeOrigin::signed(ALICE),
            2_000,
            key(1),
            proof(1, &ALICE),
            models(&[1, 2]),
            links(&[BOB]),
        ));
        assert_eq!(held(&ALICE), 2_000);
        assert_eq!(Balances::free_balance(&ALICE), ENDOWMENT - 2_000);
        assert_eq!(
            provider(&ALICE),
            Provider {
                bond: 2_000,
                reserved: 0,
                app_key: key(1),
                models: models(&[1, 2]),
                linked: links(&[BOB]),
                state: ProviderState::Active,
            }
        );
        assert!(Providers::is_active(&ALICE));
        assert_eq!(Providers::app_key(&ALICE), Some(key(1)));
        assert_eq!(Providers::provider_of(&key(1)), Some(ALICE));
        assert_eq!(events(), vec![Event::ProviderRegistered { provider: ALICE, bond: 2_000, app_key: key(1) }]);
    });
}

#[test]
fn register_should_take_the_minimum_bond_and_refuse_less() {
    ExtBuilder::default().execute(|| {
        assert_noop!(register(ALICE, 1, MIN_BOND - 1), Error::<Test>::BondTooLow);
        assert_ok!(register(ALICE, 1, MIN_BOND));
    });
}

#[test]
fn register_should_refuse_a_second_time() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_noop!(register(ALICE, 2, MIN_BOND), Error::<Test>::AlreadyRegistered);
    });
}

#[test]
fn register_should_refuse_a_bond_the_account_cannot_pay() {
    ExtBuilder::default().execute(|| {
        assert_noop!(register(ALICE, 1, ENDOWMENT), TokenError::FundsUnavailable);
        assert_noop!(register(STRANGER, 1, MIN_BOND), TokenError::FundsUnavailable);
        assert_ok!(register(ALICE, 1, ENDOWMENT - EXISTENTIAL_DEPOSIT));
    });
}

#[test]
fn register_should_refuse_a_key_of_another_provider() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        assert_noop!(register(BOB, 1, MIN_BOND), Error::<Test>::AppKeyTaken);
        assert_eq!(KeyOwner::<Test>::get(key(1)), Some(ALICE));
    });
}

#[test]
fn register_should_refuse_a_proof_by_another_key_for_another_account_or_chain() {
    ExtBuilder::default().execute(|| {
        let elsewhere = pair(1).sign(&proof_of_possession_payload(&H256::repeat_byte(0xee), &ALICE));
        let undomained = pair(1).sign(ALICE.as_ref());
        for bad in [proof(2, &ALICE), proof(1, &BOB), elsewhere, undomained] {
            assert_noop!(
                Providers::register(RuntimeOrigin::signed(ALICE), MIN_BOND, key(1), bad, models(&[1]), links(&[])),
                Error::<Test>::InvalidProof
            );
        }
    });
}

#[test]
fn register_should_refuse_lists_that_are_empty_unknown_or_repeated() {
    ExtBuilder::default().execute(|| {
        let attempt = |listed: &[u8], linked: &[_]| {
            Providers::register(
                RuntimeOrigin::signed(ALICE),
                MIN_BOND,
                key(1),
                proof(1, &ALICE),
                models(listed),
                links(linked),
            )
        };
        assert_noop!(attempt(&[], &[]), Error::<Test>::NoModels);
        assert_noop!(attempt(&[1, 7], &[]), Error::<Test>::ModelNotRegistered);
        assert_noop!(attempt(&[1, 2, 1], &[]), Error::<Test>::DuplicateModel);
        assert_noop!(attempt(&[1], &[BOB, BOB]), Error::<Test>::DuplicateLink);
        assert_noop!(attempt(&[1], &[BOB, ALICE]), Error::<Test>::SelfLink);
        assert!(!ProvidersMap::<Test>::contains_key(ALICE));
    });
}

#[test]
fn calls_should_refuse_unsigned_and_root_origins() {
    ExtBuilder::default().alice(MIN_BOND).execute(|| {
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::none()] {
            let bad_origin = sp_runtime::DispatchError::BadOrigin;
            assert_noop!(Providers::bond_extra(origin.clone(), 1), bad_origin);
            assert_noop!(Providers::leave(origin.clone()), bad_origin);
            assert_noop!(Providers::withdraw(origin), bad_origin);
        }
    });
}
