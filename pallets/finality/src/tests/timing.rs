//! What sessions, eras and long periods are measured in.

use super::*;
use crate::GenesisTiming;
use frame_support::traits::BuildGenesisConfig;
use strike_primitives::{timing::Timing, traits::GetTiming};

fn genesis_of(timing: Option<Timing>) -> sp_io::TestExternalities {
    let mut ext = sp_io::TestExternalities::default();
    ext.execute_with(|| crate::GenesisConfig::<Test> { timing, ..Default::default() }.build());
    ext
}

#[test]
fn without_a_timing_it_is_that_of_production() {
    genesis_of(None).execute_with(|| {
        assert!(!GenesisTiming::<Test>::exists());
        assert_eq!(Finality::timing(), Timing { slots: 200, era: 7_200, unit: 28_800 });
        Finality::do_try_state().unwrap();
    });
}

#[test]
fn genesis_sets_a_timing_for_ever() {
    let short = Timing { slots: 10, era: 20, unit: 40 };
    genesis_of(Some(short)).execute_with(|| {
        keep_up(100);
        assert_eq!(Finality::timing(), short);
    });
}

#[test]
#[should_panic(expected = "timing of the genesis configuration: Err(\"a session has at least one slot\")")]
fn genesis_refuses_sessions_without_slots() {
    genesis_of(Some(Timing { slots: 0, era: 20, unit: 40 }));
}

#[test]
#[should_panic(expected = "an era is a whole number of sessions")]
fn genesis_refuses_eras_that_end_within_a_session() {
    genesis_of(Some(Timing { slots: 10, era: 25, unit: 50 }));
}

#[test]
#[should_panic(expected = "a unit is a whole number of eras")]
fn genesis_refuses_units_that_end_within_an_era() {
    genesis_of(Some(Timing { slots: 10, era: 20, unit: 50 }));
}
