//! The way from one storage version to the next.

use super::chain;
use crate::{
    configs::market::MIN_DEADLINE,
    genesis_config_presets::{local_testnet, PROVIDER},
    migrations::SingleBlockMigrations,
    Market, Runtime, RuntimeOrigin, System,
};
use frame_support::{
    assert_ok,
    traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
    BoundedVec,
};
use pallet_market::PendingCount;
use sp_keyring::Sr25519Keyring::Ferdie;
use strike_primitives::{
    job::{Generate, Input, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec},
    TOKEN,
};

/// A job for which the one provider of the preset asks too much.
fn wait_for_nobody() {
    let ask = Market::asks_of(&PROVIDER.to_account_id()).remove(0);
    let work = WorkSpec::Generate(Generate {
        input: Input::Plain(BoundedVec::truncate_from(b"Once".to_vec())),
        sampler: Sampler::GREEDY,
        max_input_tokens: 40,
        max_output_tokens: 60,
        stop: Default::default(),
    });
    let order = JobOrderV1 {
        work,
        model: ask.model,
        class: VerificationClass::Exact,
        max_price: TOKEN / 1_000_000,
        deadline: MIN_DEADLINE,
    };
    assert_ok!(Market::submit(RuntimeOrigin::signed(Ferdie.to_account_id()), JobOrder::V1(order)));
}

#[test]
fn state_of_an_older_version_is_migrated_once() {
    chain(local_testnet()).execute_with(|| {
        System::set_block_number(1);
        wait_for_nobody();
        wait_for_nobody();
        assert_eq!(PendingCount::<Runtime>::get(), 2);

        StorageVersion::new(0).put::<Market>();
        PendingCount::<Runtime>::put(1_000);
        let weight = SingleBlockMigrations::on_runtime_upgrade();
        assert!(weight.ref_time() > 0);
        assert_eq!(PendingCount::<Runtime>::get(), 2);
        assert_eq!(Market::on_chain_storage_version(), 1);
        assert_ok!(Market::do_try_state());
    });
}

#[test]
fn state_of_todays_version_is_left_alone() {
    chain(local_testnet()).execute_with(|| {
        PendingCount::<Runtime>::put(1_000);
        SingleBlockMigrations::on_runtime_upgrade();
        assert_eq!(PendingCount::<Runtime>::get(), 1_000);
        assert_eq!(Market::on_chain_storage_version(), 1);
    });
}
