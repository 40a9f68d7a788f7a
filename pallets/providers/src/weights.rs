//! Weights of the calls.
//!
//! Estimated from counted accesses, not benchmarked: every storage item a call reads or writes in the worst case,
//! priced by the runtime's [`DbWeight`](frame_system::Config::DbWeight), and the stated estimates below for
//! computation. The proof size is the largest encoded size of what is read, rounded up to 4 KiB an item.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What each call costs at most.
pub trait WeightInfo {
    /// [`register`](crate::Pallet::register) with so many models and linked accounts.
    fn register(models: u32, linked: u32) -> Weight;
    /// [`bond_extra`](crate::Pallet::bond_extra).
    fn bond_extra() -> Weight;
    /// [`set_models`](crate::Pallet::set_models) with so many models.
    fn set_models(models: u32) -> Weight;
    /// [`set_linked`](crate::Pallet::set_linked) with so many linked accounts.
    fn set_linked(linked: u32) -> Weight;
    /// [`set_app_key`](crate::Pallet::set_app_key).
    fn set_app_key() -> Weight;
    /// [`leave`](crate::Pallet::leave).
    fn leave() -> Weight;
    /// [`rejoin`](crate::Pallet::rejoin).
    fn rejoin() -> Weight;
    /// [`withdraw`](crate::Pallet::withdraw).
    fn withdraw() -> Weight;
}

/// Picoseconds of reference time to check one sr25519 signature, with its host call.
const SIGNATURE_CHECK: u64 = 60_000_000;
/// Picoseconds to decode, check and encode a record and emit the event.
const RECORD: u64 = 15_000_000;
/// Picoseconds for one entry of a list: decoded, compared with the others, encoded.
const ENTRY: u64 = 500_000;
/// Bytes of proof for one storage item.
const ITEM_PROOF: u64 = 4_096;

/// [`WeightInfo`] from counted accesses.
pub struct CountedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> CountedWeight<T> {
    fn of(compute: u64, reads: u64, writes: u64) -> Weight {
        Weight::from_parts(compute, ITEM_PROOF.saturating_mul(reads))
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }

    fn entries(count: u32) -> u64 {
        ENTRY.saturating_mul(count.into())
    }
}

impl<T: frame_system::Config> WeightInfo for CountedWeight<T> {
    // Reads: genesis hash, provider, key owner, account, holds, every model. Writes: provider, key owner, account,
    // holds.
    fn register(models: u32, linked: u32) -> Weight {
        let compute = SIGNATURE_CHECK
            .saturating_add(RECORD)
            .saturating_add(Self::entries(models))
            .saturating_add(Self::entries(linked));
        Self::of(compute, 5u64.saturating_add(models.into()), 4)
    }

    // Reads and writes: provider, account, holds.
    fn bond_extra() -> Weight {
        Self::of(RECORD, 3, 3)
    }

    // Reads: provider, every model. Writes: provider.
    fn set_models(models: u32) -> Weight {
        Self::of(RECORD.saturating_add(Self::entries(models)), 1u64.saturating_add(models.into()), 1)
    }

    // Reads and writes: provider. Every old link is looked up in the new list.
    fn set_linked(linked: u32) -> Weight {
        Self::of(RECORD.saturating_add(Self::entries(linked).saturating_mul(2)), 1, 1)
    }

    // Reads: genesis hash, provider, key owner. Writes: provider, old and new key owner.
    fn set_app_key() -> Weight {
        Self::of(SIGNATURE_CHECK.saturating_add(RECORD), 3, 3)
    }

    // Reads and writes: provider.
    fn leave() -> Weight {
        Self::of(RECORD, 1, 1)
    }

    // Reads and writes: provider.
    fn rejoin() -> Weight {
        Self::of(RECORD, 1, 1)
    }

    // Reads: provider, account, holds. Writes: provider, key owner, account, holds.
    fn withdraw() -> Weight {
        Self::of(RECORD, 3, 4)
    }
}
