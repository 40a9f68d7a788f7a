//! Weights, estimated from counted accesses, not benchmarked: every storage item that is read or written, at the runtime's
//! [`DbWeight`](frame_system::Config::DbWeight), and a stated time for decoding and encoding.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What the call and the hooks cost at most.
pub trait WeightInfo {
    /// [`note_final`](crate::Pallet::note_final).
    fn note_final() -> Weight;
    /// The end of a block.
    fn on_finalize() -> Weight;
}

/// Picoseconds of reference time to decode, sort and encode the reports.
const RECORDS: u64 = 10_000_000;
/// Bytes of proof for one storage item.
const ITEM_PROOF: u64 = 4_096;

/// [`WeightInfo`] from counted accesses.
pub struct CountedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> CountedWeight<T> {
    fn of(reads: u64, writes: u64) -> Weight {
        Weight::from_parts(RECORDS, ITEM_PROOF.saturating_mul(reads))
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }
}

impl<T: frame_system::Config> WeightInfo for CountedWeight<T> {
    // Reads: reports, the author. Writes: reports.
    fn note_final() -> Weight {
        Self::of(2, 1)
    }

    // Reads: reports, validators, the clock. Writes: the clock.
    fn on_finalize() -> Weight {
        Self::of(3, 1)
    }
}
