//! What the calls and hooks of `pallet_providers` cost at most, measured: `scripts/weights.sh`.
//!
//! Measured on 2026-11-23, 2 steps of 1 repetitions, on `AMD EPYC`, the runtime's Wasm compiled. Each
//! storage access counts as the runtime's [`DbWeight`](frame_system::Config::DbWeight) says; the proof is that of the largest
//! values that may be stored.

#![allow(unused_parens, unused_variables, clippy::unnecessary_cast)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What the pallet's calls and hooks cost.
pub trait WeightInfo {
    /// `register` of this pallet's benchmarks, with `m` from 1 to 32, with `l` from 0 to 16.
    fn register(m: u32, l: u32) -> Weight;
    /// `bond_extra` of this pallet's benchmarks.
    fn bond_extra() -> Weight;
    /// `set_models` of this pallet's benchmarks, with `m` from 1 to 32.
    fn set_models(m: u32) -> Weight;
    /// `set_linked` of this pallet's benchmarks, with `l` from 0 to 16.
    fn set_linked(l: u32) -> Weight;
    /// `set_app_key` of this pallet's benchmarks.
    fn set_app_key() -> Weight;
    /// `leave` of this pallet's benchmarks.
    fn leave() -> Weight;
    /// `rejoin` of this pallet's benchmarks.
    fn rejoin() -> Weight;
    /// `withdraw` of this pallet's benchmarks.
    fn withdraw() -> Weight;
}

/// [`WeightInfo`] at the runtime's costs of storage.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Provenance::Artifacts` (r:32 w:0)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Providers::KeyOwner` (r:1 w:1)
    // Proof: `Providers::KeyOwner` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    fn register(m: u32, l: u32) -> Weight {
        // At least 141_970_000 picoseconds; a proof of 536 + m * 105 bytes.
        Weight::from_parts(134_476_548, 5152)
            .saturating_add(Weight::from_parts(5_415_951, 0).saturating_mul(m.into()))
            .saturating_add(Weight::from_parts(129_843, 0).saturating_mul(l.into()))
            .saturating_add(T::DbWeight::get().reads(5_u64))
            .saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(m.into())))
            .saturating_add(T::DbWeight::get().writes(4_u64))
            .saturating_add(Weight::from_parts(0, 2687).saturating_mul(m.into()))
    }
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    fn bond_extra() -> Weight {
        // At least 93_889_000 picoseconds; a proof of 2655 bytes.
        Weight::from_parts(93_889_000, 5152)
            .saturating_add(T::DbWeight::get().reads(3_u64))
            .saturating_add(T::DbWeight::get().writes(3_u64))
    }
    // Storage: `Provenance::Artifacts` (r:32 w:0)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    fn set_models(m: u32) -> Weight {
        // At least 56_644_000 picoseconds; a proof of 2367 + m * 70 bytes.
        Weight::from_parts(52_701_387, 5152)
            .saturating_add(Weight::from_parts(3_942_612, 0).saturating_mul(m.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64))
            .saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(m.into())))
            .saturating_add(T::DbWeight::get().writes(1_u64))
            .saturating_add(Weight::from_parts(0, 2687).saturating_mul(m.into()))
    }
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    fn set_linked(l: u32) -> Weight {
        // At least 40_590_000 picoseconds; a proof of 1788 bytes.
        Weight::from_parts(40_590_000, 5152)
            .saturating_add(Weight::from_parts(18_125, 0).saturating_mul(l.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64))
            .saturating_add(T::DbWeight::get().writes(1_u64))
    }
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Providers::KeyOwner` (r:1 w:2)
    // Proof: `Providers::KeyOwner` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    fn set_app_key() -> Weight {
        // At least 94_490_000 picoseconds; a proof of 1896 bytes.
        Weight::from_parts(94_490_000, 5152)
            .saturating_add(T::DbWeight::get().reads(3_u64))
            .saturating_add(T::DbWeight::get().writes(3_u64))
    }
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    fn leave() -> Weight {
        // At least 37_525_000 picoseconds; a proof of 1788 bytes.
        Weight::from_parts(37_525_000, 5152)
            .saturating_add(T::DbWeight::get().reads(1_u64))
            .saturating_add(T::DbWeight::get().writes(1_u64))
    }
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    fn rejoin() -> Weight {
        // At least 30_506_000 picoseconds; a proof of 1792 bytes.
        Weight::from_parts(30_506_000, 5152)
            .saturating_add(T::DbWeight::get().reads(1_u64))
            .saturating_add(T::DbWeight::get().writes(1_u64))
    }
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Providers::KeyOwner` (r:0 w:1)
    // Proof: `Providers::KeyOwner` (`max_values`: None, `max_size`: Some(80), added: 2555, mode: `MaxEncodedLen`)
    fn withdraw() -> Weight {
        // At least 76_764_000 picoseconds; a proof of 2659 bytes.
        Weight::from_parts(76_764_000, 5152)
            .saturating_add(T::DbWeight::get().reads(3_u64))
            .saturating_add(T::DbWeight::get().writes(4_u64))
    }
}
