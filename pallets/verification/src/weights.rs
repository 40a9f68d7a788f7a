//! What the calls and hooks of `pallet_verification` cost at most, measured: `scripts/weights.sh`.
//!
//! Measured on 2026-11-23, 10 steps of 5 repetitions, on `AMD EPYC`, the runtime's Wasm compiled. Each
//! storage access counts as the runtime's [`DbWeight`](frame_system::Config::DbWeight) says; the proof is that of the largest
//! values that may be stored.

#![allow(unused_parens, unused_variables, clippy::unnecessary_cast)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// What the pallet's calls and hooks cost.
pub trait WeightInfo {
    /// `on_initialize` of this pallet's benchmarks.
    fn on_initialize() -> Weight;
    /// `commit` of this pallet's benchmarks.
    fn commit() -> Weight;
    /// `authorize_commit` of this pallet's benchmarks.
    fn authorize_commit() -> Weight;
    /// `seal` of this pallet's benchmarks.
    fn seal() -> Weight;
    /// `authorize_seal` of this pallet's benchmarks.
    fn authorize_seal() -> Weight;
    /// `reveal` of this pallet's benchmarks.
    fn reveal() -> Weight;
    /// `authorize_reveal` of this pallet's benchmarks.
    fn authorize_reveal() -> Weight;
    /// `poll_base` of this pallet's benchmarks.
    fn poll_base() -> Weight;
    /// `poll_height` of this pallet's benchmarks.
    fn poll_height() -> Weight;
    /// `poll_audit` of this pallet's benchmarks.
    fn poll_audit() -> Weight;
}

/// [`WeightInfo`] at the runtime's costs of storage.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Babe::AuthorVrfRandomness` (r:1 w:0)
    // Proof: `Babe::AuthorVrfRandomness` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
    // Storage: `Verification::LastBeacon` (r:1 w:1)
    // Proof: `Verification::LastBeacon` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Verification::OldestBeacon` (r:1 w:1)
    // Proof: `Verification::OldestBeacon` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::BeaconTimes` (r:2 w:3)
    // Proof: `Verification::BeaconTimes` (`max_values`: None, `max_size`: Some(16), added: 2491, mode: `MaxEncodedLen`)
    // Storage: `Verification::Beacons` (r:0 w:3)
    // Proof: `Verification::Beacons` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    fn on_initialize() -> Weight {
        // At least 49_022_000 picoseconds; a proof of 303 bytes.
        Weight::from_parts(52_138_000, 5972)
            .saturating_add(T::DbWeight::get().reads(6_u64))
            .saturating_add(T::DbWeight::get().writes(8_u64))
    }
    // Storage: `Market::Jobs` (r:1 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Market::Orders` (r:1 w:0)
    // Proof: `Market::Orders` (`max_values`: None, `max_size`: Some(4447), added: 6922, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Verification::OpenAudits` (r:1 w:1)
    // Proof: `Verification::OpenAudits` (`max_values`: None, `max_size`: Some(5205), added: 7680, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Verification::Beacons` (r:1 w:0)
    // Proof: `Verification::Beacons` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Verification::CurrentSet` (r:1 w:0)
    // Proof: `Verification::CurrentSet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:0)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:65 w:0)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySetUses` (r:1 w:1)
    // Proof: `Verification::KeySetUses` (`max_values`: None, `max_size`: Some(16), added: 2491, mode: `MaxEncodedLen`)
    // Storage: `Verification::DeadlineCursor` (r:1 w:0)
    // Proof: `Verification::DeadlineCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Market::Deadlines` (r:0 w:1)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Market::AwaitingCommitment` (r:0 w:1)
    // Proof: `Market::AwaitingCommitment` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Storage: `Verification::Deadlines` (r:0 w:1)
    // Proof: `Verification::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    fn commit() -> Weight {
        // At least 831_753_000 picoseconds; a proof of 119394 bytes.
        Weight::from_parts(977_310_000, 271520)
            .saturating_add(T::DbWeight::get().reads(75_u64))
            .saturating_add(T::DbWeight::get().writes(6_u64))
    }
    // Storage: `Market::Jobs` (r:1 w:0)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Market::Orders` (r:1 w:0)
    // Proof: `Market::Orders` (`max_values`: None, `max_size`: Some(4447), added: 6922, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Verification::OpenAudits` (r:1 w:0)
    // Proof: `Verification::OpenAudits` (`max_values`: None, `max_size`: Some(5205), added: 7680, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Verification::Beacons` (r:1 w:0)
    // Proof: `Verification::Beacons` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:65 w:0)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Verification::CurrentSet` (r:1 w:0)
    // Proof: `Verification::CurrentSet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:0)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    fn authorize_commit() -> Weight {
        // At least 842_149_000 picoseconds; a proof of 119394 bytes.
        Weight::from_parts(923_209_000, 271520).saturating_add(T::DbWeight::get().reads(73_u64))
    }
    // Storage: `Verification::OpenAudits` (r:1 w:1)
    // Proof: `Verification::OpenAudits` (`max_values`: None, `max_size`: Some(5205), added: 7680, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:0)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Verification::Beacons` (r:1 w:0)
    // Proof: `Verification::Beacons` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Verification::DeadlineCursor` (r:1 w:0)
    // Proof: `Verification::DeadlineCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::Deadlines` (r:0 w:2)
    // Proof: `Verification::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    fn seal() -> Weight {
        // At least 108_642_000 picoseconds; a proof of 6793 bytes.
        Weight::from_parts(153_818_000, 8670)
            .saturating_add(T::DbWeight::get().reads(5_u64))
            .saturating_add(T::DbWeight::get().writes(3_u64))
    }
    // Storage: `Verification::OpenAudits` (r:1 w:0)
    // Proof: `Verification::OpenAudits` (`max_values`: None, `max_size`: Some(5205), added: 7680, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:0)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Verification::Beacons` (r:1 w:0)
    // Proof: `Verification::Beacons` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    fn authorize_seal() -> Weight {
        // At least 123_343_000 picoseconds; a proof of 6847 bytes.
        Weight::from_parts(149_041_000, 8670).saturating_add(T::DbWeight::get().reads(5_u64))
    }
    // Storage: `Verification::OpenAudits` (r:1 w:1)
    // Proof: `Verification::OpenAudits` (`max_values`: None, `max_size`: Some(5205), added: 7680, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:1)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySetUses` (r:1 w:1)
    // Proof: `Verification::KeySetUses` (`max_values`: None, `max_size`: Some(16), added: 2491, mode: `MaxEncodedLen`)
    // Storage: `Verification::OldestSet` (r:1 w:1)
    // Proof: `Verification::OldestSet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::CurrentSet` (r:1 w:0)
    // Proof: `Verification::CurrentSet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Market::Jobs` (r:1 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Market::SettlementQueueEnds` (r:1 w:1)
    // Proof: `Market::SettlementQueueEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Market::SettlementQueue` (r:0 w:1)
    // Proof: `Market::SettlementQueue` (`max_values`: None, `max_size`: Some(24), added: 2499, mode: `MaxEncodedLen`)
    // Storage: `Market::Verdicts` (r:0 w:1)
    // Proof: `Market::Verdicts` (`max_values`: None, `max_size`: Some(2110), added: 4585, mode: `MaxEncodedLen`)
    // Storage: `Verification::Deadlines` (r:0 w:1)
    // Proof: `Verification::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Verification::AuditRecords` (r:0 w:1)
    // Proof: `Verification::AuditRecords` (`max_values`: None, `max_size`: Some(192), added: 2667, mode: `MaxEncodedLen`)
    fn reveal() -> Weight {
        // At least 172_846_000 picoseconds; a proof of 10134 bytes.
        Weight::from_parts(265_304_000, 8670)
            .saturating_add(T::DbWeight::get().reads(9_u64))
            .saturating_add(T::DbWeight::get().writes(10_u64))
    }
    // Storage: `Verification::OpenAudits` (r:1 w:0)
    // Proof: `Verification::OpenAudits` (`max_values`: None, `max_size`: Some(5205), added: 7680, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:0)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `System::BlockHash` (r:1 w:0)
    // Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    fn authorize_reveal() -> Weight {
        // At least 173_648_000 picoseconds; a proof of 9533 bytes.
        Weight::from_parts(174_759_000, 8670).saturating_add(T::DbWeight::get().reads(4_u64))
    }
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Verification::DeadlineCursor` (r:1 w:0)
    // Proof: `Verification::DeadlineCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    fn poll_base() -> Weight {
        // At least 9_945_000 picoseconds; a proof of 72 bytes.
        Weight::from_parts(11_367_000, 1498).saturating_add(T::DbWeight::get().reads(2_u64))
    }
    // Storage: `Verification::Deadlines` (r:1 w:0)
    // Proof: `Verification::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    fn poll_height() -> Weight {
        // At least 7_982_000 picoseconds; a proof of 43 bytes.
        Weight::from_parts(8_622_000, 3493).saturating_add(T::DbWeight::get().reads(1_u64))
    }
    // Storage: `Verification::Deadlines` (r:2 w:1)
    // Proof: `Verification::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Verification::OpenAudits` (r:1 w:1)
    // Proof: `Verification::OpenAudits` (`max_values`: None, `max_size`: Some(5205), added: 7680, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:1)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySetUses` (r:1 w:1)
    // Proof: `Verification::KeySetUses` (`max_values`: None, `max_size`: Some(16), added: 2491, mode: `MaxEncodedLen`)
    // Storage: `Verification::OldestSet` (r:1 w:1)
    // Proof: `Verification::OldestSet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::CurrentSet` (r:1 w:0)
    // Proof: `Verification::CurrentSet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Market::Jobs` (r:1 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Market::SettlementQueueEnds` (r:1 w:1)
    // Proof: `Market::SettlementQueueEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Market::SettlementQueue` (r:0 w:1)
    // Proof: `Market::SettlementQueue` (`max_values`: None, `max_size`: Some(24), added: 2499, mode: `MaxEncodedLen`)
    // Storage: `Market::Verdicts` (r:0 w:1)
    // Proof: `Market::Verdicts` (`max_values`: None, `max_size`: Some(2110), added: 4585, mode: `MaxEncodedLen`)
    // Storage: `Verification::AuditRecords` (r:0 w:1)
    // Proof: `Verification::AuditRecords` (`max_values`: None, `max_size`: Some(192), added: 2667, mode: `MaxEncodedLen`)
    fn poll_audit() -> Weight {
        // At least 176_311_000 picoseconds; a proof of 10089 bytes.
        Weight::from_parts(194_599_000, 8670)
            .saturating_add(T::DbWeight::get().reads(9_u64))
            .saturating_add(T::DbWeight::get().writes(10_u64))
    }
}
