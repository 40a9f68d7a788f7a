//! What the calls and hooks of `pallet_finality` cost at most, measured: `scripts/weights.sh`.
//!
//! Measured on 2026-11-23, 10 steps of 5 repetitions, on `AMD EPYC`, the runtime's Wasm compiled. Each
//! storage access counts as the runtime's [`DbWeight`](frame_system::Config::DbWeight) says; the proof is that of the largest
//! values that may be stored.

#![allow(unused_parens, unused_variables, clippy::unnecessary_cast)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What the pallet's calls and hooks cost.
pub trait WeightInfo {
    /// `note_final` of this pallet's benchmarks.
    fn note_final() -> Weight;
    /// `on_finalize` of this pallet's benchmarks.
    fn on_finalize() -> Weight;
}

/// [`WeightInfo`] at the runtime's costs of storage.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Finality::LastReports` (r:1 w:1)
    // Proof: `Finality::LastReports` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    fn note_final() -> Weight {
        // At least 18_167_000 picoseconds; a proof of 178 bytes.
        Weight::from_parts(20_601_000, 1635)
            .saturating_add(T::DbWeight::get().reads(1_u64))
            .saturating_add(T::DbWeight::get().writes(1_u64))
    }
    // Storage: `Finality::CurrentTime` (r:1 w:1)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Finality::LastReports` (r:1 w:0)
    // Proof: `Finality::LastReports` (`max_values`: Some(1), `max_size`: Some(150), added: 645, mode: `MaxEncodedLen`)
    // Storage: `Session::Validators` (r:1 w:0)
    // Proof: `Session::Validators` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
    fn on_finalize() -> Weight {
        // At least 15_723_000 picoseconds; a proof of 353 bytes.
        Weight::from_parts(17_887_000, 1838)
            .saturating_add(T::DbWeight::get().reads(3_u64))
            .saturating_add(T::DbWeight::get().writes(1_u64))
    }
}
