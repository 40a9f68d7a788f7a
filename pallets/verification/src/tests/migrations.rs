use crate::{
    migrations::{checks, MigrateToV2},
    mock::*,
    BeaconTimes, Beacons, OldestBeacon,
};
use frame_support::traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion};
use strike_primitives::traits::Beacon;

/// Takes away what version 1 did not have.
fn as_in_version_1() {
    let _ = BeaconTimes::<Test>::clear(u32::MAX, None);
    OldestBeacon::<Test>::kill();
    StorageVersion::new(1).put::<Verification>();
}

/// Migrates between two blocks, with the checks of try-runtime.
fn migrate() {
    let before = checks::before::<Test>().unwrap();
    assert!(before > 0);
    MigrateToV2::<Test>::on_runtime_upgrade();
    checks::after::<Test>(before).unwrap();
    assert_eq!(Verification::on_chain_storage_version(), 2);
    assert_eq!(Verification::in_code_storage_version(), 2);
}

#[test]
fn beacons_of_version_1_are_kept_as_long_as_they_would_have_been() {
    ExtBuilder::default().execute(|| {
        let history: u32 = BeaconHistory::get();
        run_to(history + 10);
        as_in_version_1();
        migrate();
        for _ in 0..history + 5 {
            next_block();
            let now = System::block_number();
            assert_eq!(Verification::beacon(now - history - 1), None);
            assert!(Verification::beacon(now - history).is_some());
            assert_eq!(Beacons::<Test>::iter().count() as u32, history);
            assert_eq!(BeaconTimes::<Test>::iter().count() as u32, history);
        }
    });
}

#[test]
fn a_chain_younger_than_the_history_is_migrated_too() {
    ExtBuilder::default().execute(|| {
        run_to(5);
        as_in_version_1();
        migrate();
        assert_eq!(OldestBeacon::<Test>::get(), Some(0));
        let history: u32 = BeaconHistory::get();
        run_to(history + 10);
        assert_eq!(Beacons::<Test>::iter().count() as u32, history);
    });
}

#[test]
fn what_has_been_migrated_is_left_alone() {
    ExtBuilder::default().execute(|| {
        run_to(5);
        as_in_version_1();
        migrate();
        stand_still_for(20);
        let times: Vec<_> = BeaconTimes::<Test>::iter().collect();
        MigrateToV2::<Test>::on_runtime_upgrade();
        assert_eq!(BeaconTimes::<Test>::iter().collect::<Vec<_>>(), times);
    });
}
