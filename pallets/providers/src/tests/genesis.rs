//! Providers of the first block.

use crate::mock::*;
use strike_primitives::traits::ProviderRegistry;

#[test]
fn genesis_should_register_real_providers() {
    let genesis = (BOB, 4_000, key(5), vec![model(2)], vec![CHARLIE]);
    ExtBuilder::default().alice(MIN_BOND).provider(genesis).execute(|| {
        assert!(Providers::is_active(&ALICE));
        assert!(Providers::is_active(&BOB));
        assert_eq!(held(&BOB), 4_000);
        assert_eq!(Balances::free_balance(&BOB), ENDOWMENT - 4_000);
        assert_eq!(Providers::provider_of(&key(5)), Some(BOB));
        assert!(Providers::serves(&BOB, &model(2)));
        assert!(Providers::linked(&CHARLIE, &BOB));
    });
}

#[test]
fn genesis_should_not_need_registered_models() {
    ExtBuilder::default().provider((BOB, MIN_BOND, key(5), vec![model(99)], vec![])).execute(|| {
        assert!(Providers::serves(&BOB, &model(99)));
    });
}

#[test]
#[should_panic(expected = "BondTooLow")]
fn genesis_should_refuse_a_low_bond() {
    ExtBuilder::default().alice(MIN_BOND - 1).build();
}

#[test]
#[should_panic(expected = "AppKeyTaken")]
fn genesis_should_refuse_a_shared_key() {
    ExtBuilder::default().alice(MIN_BOND).provider((BOB, MIN_BOND, key(1), vec![model(1)], vec![])).build();
}

#[test]
#[should_panic(expected = "too many models")]
fn genesis_should_refuse_too_many_models() {
    let listed = vec![model(1), model(2), model(3), model(4)];
    ExtBuilder::default().provider((BOB, MIN_BOND, key(1), listed, vec![])).build();
}
