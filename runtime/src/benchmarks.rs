//! What weights are measured with: `scripts/weights.sh`.

use crate::{
    AllPalletsWithSystem, Balances, Finality, Market, Payouts, Provenance, Providers, Runtime, RuntimeOrigin, System,
    Verification,
};
use alloc::{string::String, vec, vec::Vec};
use frame_benchmarking::{account, BenchmarkBatch, BenchmarkConfig, BenchmarkList};
use frame_support::{
    storage::{storage_prefix, unhashed},
    traits::{
        fungible::Mutate, Get, OneSessionHandler, StorageInfo, StorageInfoTrait, TrackedStorageKey,
        WhitelistedStorageKeys,
    },
    BoundedVec,
};
use sp_runtime::{Perbill, RuntimeAppPublic};
use strike_primitives::{
    app::{proof_of_possession_payload, AppKey},
    artifact::{ArtifactId, ArtifactKind},
    benchmarking::BenchmarkHelper,
    job::{fee, JobOrder, JobOrderV1, VerificationClass, WorkSpec},
    AccountId, Balance, BlockNumber, JobId, H256, TOKEN,
};

frame_benchmarking::define_benchmarks!(
    [pallet_finality, Finality]
    [pallet_payouts, Payouts]
    [pallet_provenance, Provenance]
    [pallet_providers, Providers]
    [pallet_market, Market]
    [pallet_verification, Verification]
);

/// Which benchmarks there are.
pub fn metadata(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
    let mut list = Vec::new();
    list_benchmarks!(list, extra);
    (list, AllPalletsWithSystem::storage_info())
}

/// Run one.
pub fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
    let whitelist: Vec<TrackedStorageKey> = AllPalletsWithSystem::whitelisted_storage_keys();
    let mut batches = Vec::new();
    let params = (&config, &whitelist);
    add_benchmarks!(params, batches);
    Ok(batches)
}

/// This chain, with the rights of whoever is needed.
pub struct Chain;

impl BenchmarkHelper for Chain {
    fn fund(account: &AccountId) {
        Balances::mint_into(account, 1_000_000 * TOKEN).expect("there is room for more tokens");
    }

    fn new_key() -> AppKey {
        AppKey::generate_pair(None)
    }

    fn register_model(seed: u32) -> ArtifactId {
        let root: AccountId = account("model", seed, 0);
        let model = ArtifactId { kind: ArtifactKind::Bundle, root: H256(root.into()) };
        if Provenance::model_info(&model).is_none() {
            let owner = account("owner", seed, 0);
            Self::fund(&owner);
            let name: u32 = <Runtime as pallet_provenance::Config>::MaxName::get();
            let name = BoundedVec::truncate_from(vec![b'n'; name as usize]);
            let royalty: Perbill = <Runtime as pallet_provenance::Config>::MaxRoyalty::get();
            Provenance::register_model(RuntimeOrigin::signed(owner), model, name, 1, royalty)
                .expect("the model is new");
        }
        model
    }

    fn register_provider(provider: &AccountId, app_key: AppKey, model: ArtifactId, linked: Vec<AccountId>) {
        Self::fund(provider);
        let most: u32 = <Runtime as pallet_providers::Config>::MaxModels::get();
        let others = (0..most).map(Self::register_model).filter(|other| *other != model);
        // The one that is looked for comes last.
        let mut models: Vec<_> = others.take(most.saturating_sub(1) as usize).collect();
        models.push(model);
        let most: u32 = <Runtime as pallet_providers::Config>::MaxLinked::get();
        let links = (0..most).map(|index| account("linked", index, 0)).chain(linked);
        let mut links: Vec<AccountId> = links.collect();
        links.drain(..links.len().saturating_sub(most as usize));
        let proof = app_key.sign(&proof_of_possession_payload(&System::block_hash(0), provider));
        let bond = 1_000 * TOKEN;
        Providers::register(
            RuntimeOrigin::signed(provider.clone()),
            bond,
            app_key,
            proof.expect("the keystore has the key"),
            BoundedVec::truncate_from(models),
            BoundedVec::truncate_from(links),
        )
        .expect("the provider is new");
    }

    fn set_validators(validators: Vec<(AccountId, AppKey)>) {
        let set = || validators.iter().map(|(account, key)| (account, key.clone()));
        Verification::on_new_session(true, set(), set());
    }

    fn assign_job(provider: &AccountId, model: ArtifactId, work: WorkSpec) -> JobId {
        let class = VerificationClass::Exact;
        let price: Balance = <Runtime as pallet_market::Config>::MinAskPrice::get();
        let units = work.max_units();
        Market::place_ask(RuntimeOrigin::signed(provider.clone()), model, class, price, 1, units, u32::MAX)
            .expect("it serves it");
        let requester = account("requester", 0, 0);
        Self::fund(&requester);
        let max_price = fee(units, price).expect("it is no great sum");
        let deadline = <Runtime as pallet_market::Config>::MaxDeadline::get();
        let job = pallet_market::NextJobId::<Runtime>::get();
        let order = JobOrder::V1(JobOrderV1 { work, model, class, max_price, deadline });
        Market::submit(RuntimeOrigin::signed(requester), order).expect("the order can be taken");
        let beacon_block = System::block_number().saturating_add(1);
        pallet_verification::Beacons::<Runtime>::insert(beacon_block, H256::repeat_byte(1));
        Self::set_block(beacon_block.saturating_add(1));
        job
    }

    fn set_block(block: BlockNumber) {
        System::set_block_number(block);
    }

    fn set_author(author: &AccountId) {
        unhashed::put(&storage_prefix(b"Authorship", b"Author"), author);
    }
}
