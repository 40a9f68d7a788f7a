//! From one version of the storage to the next.

use crate::{
    pallet::{Asks, Config, Pallet},
    types::Ask,
};
use codec::{Decode, Encode};
use core::marker::PhantomData;
use frame_support::{
    migrations::VersionedMigration,
    traits::{Get, UncheckedOnRuntimeUpgrade},
    weights::Weight,
    BoundedVec,
};
use strike_primitives::{AccountId, Balance, Units};

/// From version 1 to 2, in which each ask says its throughput.
///
/// Who asked before that took any deadline, and still does: the throughput is the largest there is. Reads and writes the lists of
/// all services once, of which there are no more than asks that a deposit is held for.
pub type MigrateToV2<T> = VersionedMigration<1, 2, AddThroughput<T>, Pallet<T>, <T as frame_system::Config>::DbWeight>;

/// An ask of version 1.
#[derive(Encode, Decode)]
pub(crate) struct AskV1 {
    pub provider: AccountId,
    pub price: Balance,
    pub capacity: u32,
    pub max_units: Units,
    pub deposit: Balance,
}

impl From<AskV1> for Ask {
    fn from(ask: AskV1) -> Self {
        let AskV1 { provider, price, capacity, max_units, deposit } = ask;
        Self { provider, price, capacity, max_units, throughput: u32::MAX, deposit }
    }
}

/// What [`MigrateToV2`] does where the storage has version 1.
pub struct AddThroughput<T>(PhantomData<T>);

impl<T: Config> UncheckedOnRuntimeUpgrade for AddThroughput<T> {
    fn on_runtime_upgrade() -> Weight {
        let mut lists = 0u64;
        Asks::<T>::translate::<BoundedVec<AskV1, T::MaxAsksPerModel>, _>(|_, asks| {
            lists = lists.saturating_add(1);
            // As many as before, so none is cut off.
            Some(BoundedVec::truncate_from(asks.into_iter().map(Ask::from).collect()))
        });
        // The search for the next key, the last of which finds none.
        T::DbWeight::get().reads_writes(lists.saturating_mul(2).saturating_add(1), lists)
    }

    #[cfg(feature = "try-runtime")]
    fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
        // Decodes the keys alone.
        Ok((Asks::<T>::iter_keys().count() as u64).encode())
    }

    #[cfg(feature = "try-runtime")]
    fn post_upgrade(state: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
        let before = u64::decode(&mut &state[..]).map_err(|_| "not what was noted before the upgrade")?;
        frame_support::ensure!(Asks::<T>::iter().count() as u64 == before, "lists of asks came or went");
        Pallet::<T>::do_try_state()
    }
}
