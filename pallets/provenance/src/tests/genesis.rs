//! Models of the first block.

use crate::mock::*;
use strike_primitives::traits::{ArtifactRegistry, Royalties};

#[test]
fn genesis_should_register_models_with_their_deposit() {
    ExtBuilder::default().model((ALICE, model(1), "tiny".into(), 99, percent(2))).execute(|| {
        assert!(Provenance::is_model(&model(1)));
        assert_eq!(held(&ALICE), deposit("tiny"));
        assert_eq!(Provenance::shares(&model(1)), vec![(ALICE, percent(2))]);
        assert_eq!(artifact(1).registered_at, 0);
    });
}

#[test]
#[should_panic(expected = "FundsUnavailable")]
fn genesis_should_refuse_an_owner_without_balance() {
    ExtBuilder::default().model((STRANGER, model(1), "tiny".into(), 99, percent(2))).build();
}

#[test]
#[should_panic(expected = "the name is too long")]
fn genesis_should_refuse_a_long_name() {
    ExtBuilder::default().model((ALICE, model(1), "x".repeat(65), 99, percent(2))).build();
}
