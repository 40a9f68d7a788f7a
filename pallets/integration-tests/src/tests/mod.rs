//! Behaviour, by what it is about. The invariants are checked after every block and at the end of every test.

mod bonds;
mod eligibility;
mod failures;
mod finality;
mod inputs;
mod properties;
mod records;
mod reference;
mod settlement;

/// What each pallet asks of its constants holds for the chain's shares and the short periods.
#[test]
fn the_configuration_is_sound() {
    use frame_support::traits::IntegrityTest;
    crate::world::ExtBuilder::default().run(crate::runtime::AllPalletsWithSystem::integrity_test);
}

/// Random sequences that a test runs: as many as `PROPTEST_CASES` says, or as are usual for it.
fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}
