//! From one version of the storage to the next.

use crate::{BeaconTimes, Beacons, Config, OldestBeacon, Pallet};
use core::marker::PhantomData;
use frame_support::{
    migrations::VersionedMigration,
    traits::{Get, UncheckedOnRuntimeUpgrade},
    weights::Weight,
};

/// From version 1, in which beacons were dropped by their block's number, to 2, in which each has the time at which it was
/// entered and the oldest one is named.
///
/// Time was the block's number until then, so a beacon was entered at the number of the block behind its own. Reads and writes
/// once what [`Config::BeaconHistory`] bounds.
pub type MigrateToV2<T> =
    VersionedMigration<1, 2, EnterBeaconTimes<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// What [`MigrateToV2`] does where the storage has version 1.
pub struct EnterBeaconTimes<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for EnterBeaconTimes<T> {
    fn on_runtime_upgrade() -> Weight {
        let (mut oldest, mut count) = (None, 0u64);
        for block in Beacons::<T>::iter_keys() {
            BeaconTimes::<T>::insert(block, block.saturating_add(1));
            oldest = Some(oldest.map_or(block, |oldest: u32| oldest.min(block)));
            count = count.saturating_add(1);
        }
        OldestBeacon::<T>::set(oldest);
        // The search for the next key, the last of which finds none.
        let (reads, writes) = (count.saturating_add(1), count.saturating_add(1));
        T::DbWeight::get().reads_writes(reads, writes)
    }

    #[cfg(feature = "try-runtime")]
    fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
        Ok(codec::Encode::encode(&checks::before::<T>()?))
    }

    #[cfg(feature = "try-runtime")]
    fn post_upgrade(state: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
        let before = codec::Decode::decode(&mut &state[..]).map_err(|_| "not what was noted before the upgrade")?;
        checks::after::<T>(before)
    }
}

/// What holds before and after, for try-runtime and the tests.
#[cfg(any(test, feature = "try-runtime"))]
pub(crate) mod checks {
    use crate::{BeaconTimes, Beacons, Config, OldestBeacon, Pallet};
    use frame_support::{ensure, traits::Get};
    use sp_runtime::TryRuntimeError;

    /// There is nothing yet of what the upgrade brings. Returns how many beacons there are.
    pub fn before<T: Config>() -> Result<u32, TryRuntimeError> {
        ensure!(OldestBeacon::<T>::get().is_none(), "an oldest beacon is named already");
        ensure!(BeaconTimes::<T>::iter_keys().next().is_none(), "beacons have times already");
        let beacons = u32::try_from(Beacons::<T>::iter_keys().count()).map_err(|_| "more beacons than blocks")?;
        ensure!(beacons <= T::BeaconHistory::get().saturating_add(1), "more beacons than the history has");
        Ok(beacons)
    }

    /// The same beacons are there, and all that the pallet says of them holds.
    pub fn after<T: Config>(before: u32) -> Result<(), TryRuntimeError> {
        ensure!(Beacons::<T>::iter_keys().count() == before as usize, "beacons came or went");
        ensure!(BeaconTimes::<T>::iter_keys().count() == before as usize, "not every beacon has a time");
        ensure!(
            BeaconTimes::<T>::iter().all(|(block, entered)| entered == block.saturating_add(1)),
            "a beacon was entered at another time"
        );
        Pallet::<T>::do_try_state()
    }
}
