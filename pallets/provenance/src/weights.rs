//! Weights of the calls.
//!
//! Estimated from counted accesses, not benchmarked: every storage item a call reads or writes in the worst case,
//! priced by the runtime's [`DbWeight`](frame_system::Config::DbWeight), and the stated estimates below for
//! computation. The proof size is the largest encoded size of what is read, rounded up to 4 KiB an item.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What each call costs at most.
pub trait WeightInfo {
    /// [`register_model`](crate::Pallet::register_model) with a name of so many bytes.
    fn register_model(name: u32) -> Weight;
    /// [`set_royalty`](crate::Pallet::set_royalty).
    fn set_royalty() -> Weight;
    /// [`offer_ownership`](crate::Pallet::offer_ownership).
    fn offer_ownership() -> Weight;
    /// [`withdraw_offer`](crate::Pallet::withdraw_offer).
    fn withdraw_offer() -> Weight;
    /// [`accept_ownership`](crate::Pallet::accept_ownership).
    fn accept_ownership() -> Weight;
}

/// Picoseconds of reference time to decode, check and encode a record and emit the event.
const RECORD: u64 = 15_000_000;
/// Picoseconds to check one byte of a name.
const NAME_BYTE: u64 = 10_000;
/// Bytes of proof for one storage item.
const ITEM_PROOF: u64 = 4_096;

/// [`WeightInfo`] from counted accesses.
pub struct CountedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> CountedWeight<T> {
    fn of(compute: u64, reads: u64, writes: u64) -> Weight {
        Weight::from_parts(compute, ITEM_PROOF.saturating_mul(reads))
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }
}

impl<T: frame_system::Config> WeightInfo for CountedWeight<T> {
    // Reads and writes: artifact, account, holds.
    fn register_model(name: u32) -> Weight {
        Self::of(RECORD.saturating_add(NAME_BYTE.saturating_mul(name.into())), 3, 3)
    }

    // Reads and writes: artifact.
    fn set_royalty() -> Weight {
        Self::of(RECORD, 1, 1)
    }

    // Reads and writes: artifact.
    fn offer_ownership() -> Weight {
        Self::of(RECORD, 1, 1)
    }

    // Reads and writes: artifact.
    fn withdraw_offer() -> Weight {
        Self::of(RECORD, 1, 1)
    }

    // Reads and writes: artifact, account and holds of both owners.
    fn accept_ownership() -> Weight {
        Self::of(RECORD, 5, 5)
    }
}
