//! What the calls and hooks of `pallet_providers` cost at most, measured: `scripts/weights.sh`.
//!
//! Measured on 2026-11-23, 10 steps of 5 repetitions, on `AMD EPYC`, the runtime's Wasm compiled. Each
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
        // At least 134_720_000 picoseconds; a proof of 698 + m * 100 bytes.
        Weight::from_parts(123_677_389, 5152)
            .saturating_add(Weight::from_parts(4_964_189, 0).saturating_mul(m.into()))
            .saturating_add(Weight::from_parts(541_817, 0).saturating_mul(l.into()))
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
        // At least 87_429_000 picoseconds; a proof of 2655 bytes.
        Weight::from_parts(88_601_000, 5152)
            .saturating_add(T::DbWeight::get().reads(3_u64))
            .saturating_add(T::DbWeight::get().writes(3_u64))
    }
    // Storage: `Provenance::Artifacts` (r:32 w:0)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    fn set_models(m: u32) -> Weight {
        // At least 33_240_000 picoseconds; a proof of 2656 + m * 64 bytes.
        Weight::from_parts(31_527_780, 5152)
            .saturating_add(Weight::from_parts(5_029_514, 0).saturating_mul(m.into()))
            .saturating_add(T::DbWeight::get().reads(1_u64))
            .saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(m.into())))
            .saturating_add(T::DbWeight::get().writes(1_u64))
            .saturating_add(Weight::from_parts(0, 2687).saturating_mul(m.into()))
    }
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    fn set_linked(l: u32) -> Weight {
        // At least 28_442_000 picoseconds; a proof of 1788 bytes.
        Weight::from_parts(35_298_885, 5152)
            .saturating_add(Weight::from_parts(98_098, 0).saturating_mul(l.into()))
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
        // At least 85_927_000 picoseconds; a proof of 1896 bytes.
        Weight::from_parts(88_922_000, 5152)
            .saturating_add(T::DbWeight::get().reads(3_u64))
            .saturating_add(T::DbWeight::get().writes(3_u64))
    }
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    fn leave() -> Weight {
        // At least 30_586_000 picoseconds; a proof of 1788 bytes.
        Weight::from_parts(33_700_000, 5152)
            .saturating_add(T::DbWeight::get().reads(1_u64))
            .saturating_add(T::DbWeight::get().writes(1_u64))
    }
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    fn rejoin() -> Weight {
        // At least 35_202_000 picoseconds; a proof of 1792 bytes.
        Weight::from_parts(37_305_000, 5152)
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
        // At least 84_154_000 picoseconds; a proof of 2659 bytes.
        Weight::from_parts(91_676_000, 5152)
            .saturating_add(T::DbWeight::get().reads(3_u64))
            .saturating_add(T::DbWeight::get().writes(4_u64))
    }
}
