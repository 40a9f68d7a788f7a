//! What the call of `pallet_payouts` costs at most, taken over from `pallet_market`, not measured here yet.
//!
//! `pallet_market` measured the same work on 2026-11-23. `scripts/weights.sh payouts` measures it here.
//!
//! Each storage access counts as the runtime's [`DbWeight`](frame_system::Config::DbWeight) says; the proof is that of the largest
//! values that may be stored.

#![allow(unused_parens, unused_variables, clippy::unnecessary_cast)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What the pallet's calls and hooks cost.
pub trait WeightInfo {
    /// `claim` of this pallet's benchmarks.
    fn claim() -> Weight;
}

/// [`WeightInfo`] at the runtime's costs of storage.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Payouts::Claimable` (r:1 w:1)
    // Proof: `Payouts::Claimable` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    fn claim() -> Weight {
        // At least 70_224_000 picoseconds; a proof of 439 bytes.
        Weight::from_parts(104_966_000, 6196)
            .saturating_add(T::DbWeight::get().reads(3_u64))
            .saturating_add(T::DbWeight::get().writes(3_u64))
    }
}
