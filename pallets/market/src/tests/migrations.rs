use crate::{
    migrations::{AskV1, MigrateToV2},
    mock::*,
    Asks, Pallet,
};
use codec::Encode;
use frame_support::{
    storage::unhashed,
    traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion},
};

#[test]
fn asks_of_version_1_take_any_deadline_as_before() {
    ExtBuilder::default().ask(provider(1), 100, 2).ask(provider(2), 200, 1).run(|| {
        let key = Asks::<Test>::hashed_key_for((MODEL, CLASS));
        let old = |n, price, capacity| {
            let (provider, deposit) = (provider(n), ASK_DEPOSIT);
            AskV1 { provider, price, capacity, max_units: 1_000, deposit }
        };
        unhashed::put_raw(&key, &vec![old(1, 100, 2), old(2, 200, 1)].encode());
        StorageVersion::new(1).put::<Pallet<Test>>();

        MigrateToV2::<Test>::on_runtime_upgrade();
        assert_eq!(Pallet::<Test>::on_chain_storage_version(), 2);
        let asks = Asks::<Test>::get((MODEL, CLASS));
        assert_eq!(asks.iter().map(|ask| ask.throughput).collect::<Vec<_>>(), [u32::MAX; 2]);
        assert_eq!(Market::asks_of(&provider(1))[0].capacity, 2);
        let least = order(UNIT);
        assert!(asks.iter().all(|ask| ask.least_deadline(least.work.max_units(), 2) == 2));
        check();

        // Once is enough.
        let before = asks;
        MigrateToV2::<Test>::on_runtime_upgrade();
        assert_eq!(Asks::<Test>::get((MODEL, CLASS)), before);
    });
}
