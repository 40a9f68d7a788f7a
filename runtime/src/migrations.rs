//! What the first block of this runtime changes in the state that older ones left behind.
//!
//! No release came before this one, so no chain needs any. One small migration stands here all the same: it keeps the
//! way open and tested, in process and over a network (`e2e/tests/networks/upgrade.rs` puts a chain back to what it begins
//! with).

use crate::{Market, Runtime};
use core::marker::PhantomData;
use frame_support::{
    migrations::VersionedMigration,
    traits::{Get, UncheckedOnRuntimeUpgrade},
    weights::Weight,
};
use pallet_market::{Pending, PendingCount};

/// Run in this order, before anything else in that block. Each does nothing where its pallet's storage has another
/// version than the one it begins with.
pub type SingleBlockMigrations = (CountWaiting,);

/// Market, from version 0 to 1: the number of waiting jobs is that of the lists. Reads all lists once, which
/// hold no more jobs than deposits are held for.
pub type CountWaiting =
    VersionedMigration<0, 1, CountLists<Runtime>, Market, <Runtime as frame_system::Config>::DbWeight>;

/// What [`CountWaiting`] does where the storage has version 0.
pub struct CountLists<T>(PhantomData<T>);

impl<T: pallet_market::Config> UncheckedOnRuntimeUpgrade for CountLists<T> {
    fn on_runtime_upgrade() -> Weight {
        let (mut lists, mut waiting) = (0u64, 0u32);
        for list in Pending::<T>::iter_values() {
            lists = lists.saturating_add(1);
            waiting = waiting.saturating_add(u32::try_from(list.jobs.len()).unwrap_or(u32::MAX));
        }
        PendingCount::<T>::put(waiting);
        // Each list and the search for the next one, the last of which finds none.
        T::DbWeight::get().reads_writes(lists.saturating_mul(2).saturating_add(1), 1)
    }

    #[cfg(feature = "try-runtime")]
    fn post_upgrade(_: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
        pallet_market::Pallet::<T>::do_try_state()
    }
}
