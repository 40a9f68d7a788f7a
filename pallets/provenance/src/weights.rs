//! What the calls and hooks of `pallet_provenance` cost at most, measured: `scripts/weights.sh`.
//!
//! Measured on 2026-11-23, 10 steps of 5 repetitions, on `AMD EPYC`, the runtime's Wasm compiled. Each
//! storage access counts as the runtime's [`DbWeight`](frame_system::Config::DbWeight) says; the proof is that of the largest
//! values that may be stored.

#![allow(unused_parens, unused_variables, clippy::unnecessary_cast)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What the pallet's calls and hooks cost.
pub trait WeightInfo {
    /// `register_model` of this pallet's benchmarks, with `n` from 1 to 64.
    fn register_model(n: u32) -> Weight;
    /// `set_royalty` of this pallet's benchmarks.
    fn set_royalty() -> Weight;
    /// `offer_ownership` of this pallet's benchmarks.
    fn offer_ownership() -> Weight;
    /// `withdraw_offer` of this pallet's benchmarks.
    fn withdraw_offer() -> Weight;
    /// `accept_ownership` of this pallet's benchmarks.
    fn accept_ownership() -> Weight;
}

/// [`WeightInfo`] at the runtime's costs of storage.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Provenance::Artifacts` (r:1 w:1)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    fn register_model(n: u32) -> Weight {
        // At least 99_738_000 picoseconds; a proof of 268 bytes.
        Weight::from_parts(125_581_591, 3677)
            .saturating_add(T::DbWeight::get().reads(3_u64))
            .saturating_add(T::DbWeight::get().writes(3_u64))
    }
    // Storage: `Provenance::Artifacts` (r:1 w:1)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    fn set_royalty() -> Weight {
        // At least 28_512_000 picoseconds; a proof of 251 bytes.
        Weight::from_parts(29_374_000, 3677)
            .saturating_add(T::DbWeight::get().reads(1_u64))
            .saturating_add(T::DbWeight::get().writes(1_u64))
    }
    // Storage: `Provenance::Artifacts` (r:1 w:1)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    fn offer_ownership() -> Weight {
        // At least 28_322_000 picoseconds; a proof of 283 bytes.
        Weight::from_parts(30_385_000, 3677)
            .saturating_add(T::DbWeight::get().reads(1_u64))
            .saturating_add(T::DbWeight::get().writes(1_u64))
    }
    // Storage: `Provenance::Artifacts` (r:1 w:1)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    fn withdraw_offer() -> Weight {
        // At least 28_873_000 picoseconds; a proof of 283 bytes.
        Weight::from_parts(30_615_000, 3677)
            .saturating_add(T::DbWeight::get().reads(1_u64))
            .saturating_add(T::DbWeight::get().writes(1_u64))
    }
    // Storage: `Provenance::Artifacts` (r:1 w:1)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:2 w:2)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    fn accept_ownership() -> Weight {
        // At least 152_036_000 picoseconds; a proof of 616 bytes.
        Weight::from_parts(163_212_000, 6254)
            .saturating_add(T::DbWeight::get().reads(5_u64))
            .saturating_add(T::DbWeight::get().writes(5_u64))
    }
}
