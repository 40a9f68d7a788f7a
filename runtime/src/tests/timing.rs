//! Sessions and long periods follow the timing that genesis sets.

use super::{accounts, chain, development, local_testnet, merge};
use crate::{
    configs::timing::{ReportLongevity, SessionSlots},
    constants::time::{ANSWERABLE_SESSIONS, HOURS, MINUTES},
    Finality, Runtime, RuntimeOrigin, System,
};
use frame_support::{
    storage::{storage_prefix, unhashed},
    traits::{Get, Hooks},
};
use serde_json::json;
use sp_consensus_babe::runtime_decl_for_babe_api::BabeApi;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie};
use strike_primitives::{
    timing::Timing,
    traits::{Clock, GetTiming},
    BlockNumber,
};

/// A network of four with this timing.
fn network(slots: BlockNumber, era: BlockNumber, unit: BlockNumber) -> sp_io::TestExternalities {
    let mut preset = local_testnet();
    merge(&mut preset, json!({ "finality": { "timing": { "slots": slots, "era": era, "unit": unit } } }));
    chain(preset)
}

/// Retention, the longest demotion, unbonding.
fn long_periods() -> [BlockNumber; 3] {
    [
        <Runtime as pallet_market::Config>::Retention::get(),
        <Runtime as pallet_market::Config>::MaxDemotion::get(),
        <Runtime as pallet_providers::Config>::UnbondingPeriod::get(),
    ]
}

#[test]
fn production_is_ten_minutes_six_hours_and_a_day() {
    let Timing { slots, era, unit } = Timing::PRODUCTION;
    assert_eq!([slots, era, unit], [10 * MINUTES, 6 * HOURS, 24 * HOURS]);
}

#[test]
fn the_presets_and_a_chain_that_says_nothing_have_productions_periods() {
    let nothing = sp_io::TestExternalities::default();
    for mut state in [chain(development()), chain(local_testnet()), nothing] {
        state.execute_with(|| {
            assert_eq!(Finality::timing(), Timing::PRODUCTION);
            assert_eq!((SessionSlots::get(), ReportLongevity::get()), (200, 201_600));
            assert_eq!(long_periods(), [28_800, 28_800, 201_600]);
            // A bond stays as long as equivocations are answerable.
            assert_eq!(u64::from(long_periods()[2]), ReportLongevity::get());
        });
    }
}

#[test]
fn a_short_timing_shortens_sessions_and_long_periods() {
    network(10, 360, 1_440).execute_with(|| {
        assert_eq!(SessionSlots::get(), 10);
        assert_eq!(<Runtime as pallet_babe::Config>::EpochDuration::get(), 10);
        assert_eq!(Runtime::configuration().epoch_length, 10);
        assert_eq!(ReportLongevity::get(), u64::from(ANSWERABLE_SESSIONS) * 10);
        assert_eq!(long_periods(), [1_440, 1_440, 10_080]);
    });
}

#[test]
fn however_short_a_demotion_lasts_no_less_than_at_first() {
    network(1, 1, 1).execute_with(|| {
        let first = <Runtime as pallet_market::Config>::MinDemotion::get();
        assert_eq!(long_periods(), [1, first, 7]);
        crate::Market::do_try_state().expect("the periods go together");
    });
}

#[test]
#[should_panic(expected = "a unit is a whole number of eras")]
fn a_chain_with_a_timing_that_is_none_is_not_built() {
    network(10, 20, 50);
}

#[test]
fn one_silent_author_of_four_does_not_slow_the_clock() {
    // What each author has seen final when it makes a block.
    const BEHIND: BlockNumber = 5;
    const BLOCKS: BlockNumber = 20_000;
    network(200, 7_200, 28_800).execute_with(|| {
        let authors = accounts(&[Alice, Bob, Charlie]);
        for number in 1..=BLOCKS {
            System::set_block_number(number);
            // Slots are drawn: one author may make many blocks in a row.
            let drawn = usize::from(sp_io::hashing::blake2_256(&number.to_le_bytes())[0]) % authors.len();
            unhashed::put(&storage_prefix(b"Authorship", b"Author"), &authors[drawn]);
            Finality::note_final(RuntimeOrigin::none(), number.saturating_sub(BEHIND)).expect("it is below the block");
            Finality::on_finalize(number);
        }
        assert_eq!(Finality::time(), BLOCKS);
    });
}
