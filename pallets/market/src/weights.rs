//! What the calls and hooks of `pallet_market` cost at most, measured: `scripts/weights.sh`.
//!
//! Not measured yet: what orders and ends do for attestations and their load (`UPKEEP`), and `forget`. Estimates stand
//! for them.
//!
//! Measured on 2026-11-23, 10 steps of 5 repetitions, on `AMD EPYC`, the runtime's Wasm compiled. Each
//! storage access counts as the runtime's [`DbWeight`](frame_system::Config::DbWeight) says; the proof is that of the largest
//! values that may be stored.

#![allow(unused_parens, unused_variables, clippy::unnecessary_cast)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Burning the upkeep of an order and holding what further attempts need, or giving it back: two more changes of an
/// account that is read anyway, two events, and the load, which stays in memory. Generous: to be measured.
const UPKEEP: Weight = Weight::from_parts(80_000_000, 0);

/// What the pallet's calls and hooks cost.
pub trait WeightInfo {
    /// `place_ask` of this pallet's benchmarks, with `a` from 0 to 127.
    fn place_ask(a: u32) -> Weight;
    /// `place_ask_in_full_list` of this pallet's benchmarks.
    fn place_ask_in_full_list() -> Weight;
    /// `withdraw_ask` of this pallet's benchmarks, with `a` from 1 to 128.
    fn withdraw_ask(a: u32) -> Weight;
    /// `submit_assigned` of this pallet's benchmarks, with `a` from 1 to 128.
    fn submit_assigned(a: u32) -> Weight;
    /// `submit_queued` of this pallet's benchmarks, with `a` from 0 to 128.
    fn submit_queued(a: u32) -> Weight;
    /// `cancel` of this pallet's benchmarks.
    fn cancel() -> Weight;
    /// `settle_paid` of this pallet's benchmarks, with `p` from 2 to 66.
    fn settle_paid(p: u32) -> Weight;
    /// `settle_failed` of this pallet's benchmarks, with `a` from 2 to 128.
    fn settle_failed(a: u32) -> Weight;
    /// `poll` of this pallet's benchmarks.
    fn poll() -> Weight;
    /// `visit_height` of this pallet's benchmarks.
    fn visit_height() -> Weight;
    /// `forget_demotion` of this pallet's benchmarks.
    fn forget_demotion() -> Weight;
    /// `expire_waiting` of this pallet's benchmarks.
    fn expire_waiting() -> Weight;
    /// `expire_assigned` of this pallet's benchmarks, with `a` from 2 to 128.
    fn expire_assigned(a: u32) -> Weight;
    /// `prune` of this pallet's benchmarks.
    fn prune() -> Weight;
    /// `forget` of this pallet's benchmarks.
    fn forget() -> Weight;
    /// `visit_waiting` of this pallet's benchmarks, with `a` from 1 to 128.
    fn visit_waiting(a: u32) -> Weight;
}

/// [`WeightInfo`] at the runtime's costs of storage.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    // Storage: `Provenance::Artifacts` (r:1 w:0)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:1 w:0)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Market::Asks` (r:1 w:1)
    // Proof: `Market::Asks` (`max_values`: None, `max_size`: Some(10292), added: 12767, mode: `MaxEncodedLen`)
    // Storage: `Market::AskedServices` (r:1 w:1)
    // Proof: `Market::AskedServices` (`max_values`: None, `max_size`: Some(2226), added: 4701, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    fn place_ask(a: u32) -> Weight {
        // At least 152_466_000 picoseconds; a proof of 4439 + a * 89 bytes.
        Weight::from_parts(212_722_120, 13757)
            .saturating_add(Weight::from_parts(782_833, 0).saturating_mul(a.into()))
            .saturating_add(T::DbWeight::get().reads(6_u64))
            .saturating_add(T::DbWeight::get().writes(4_u64))
    }
    // Storage: `Provenance::Artifacts` (r:1 w:0)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:129 w:0)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Market::Asks` (r:1 w:1)
    // Proof: `Market::Asks` (`max_values`: None, `max_size`: Some(10292), added: 12767, mode: `MaxEncodedLen`)
    // Storage: `Market::AskedServices` (r:2 w:2)
    // Proof: `Market::AskedServices` (`max_values`: None, `max_size`: Some(2226), added: 4701, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:2 w:2)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Market::Demotions` (r:0 w:1)
    // Proof: `Market::Demotions` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    fn place_ask_in_full_list() -> Weight {
        // At least 2_124_722_000 picoseconds; a proof of 233589 bytes.
        Weight::from_parts(2_250_678_000, 537888)
            .saturating_add(T::DbWeight::get().reads(137_u64))
            .saturating_add(T::DbWeight::get().writes(8_u64))
    }
    // Storage: `Market::Asks` (r:1 w:1)
    // Proof: `Market::Asks` (`max_values`: None, `max_size`: Some(10292), added: 12767, mode: `MaxEncodedLen`)
    // Storage: `Market::AskedServices` (r:1 w:1)
    // Proof: `Market::AskedServices` (`max_values`: None, `max_size`: Some(2226), added: 4701, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Market::Demotions` (r:0 w:1)
    // Proof: `Market::Demotions` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    fn withdraw_ask(a: u32) -> Weight {
        // At least 117_444_000 picoseconds; a proof of 1570 + a * 87 bytes.
        Weight::from_parts(162_191_815, 13757)
            .saturating_add(T::DbWeight::get().reads(4_u64))
            .saturating_add(T::DbWeight::get().writes(5_u64))
    }
    // Storage: `Provenance::Artifacts` (r:1 w:0)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Market::NextJobId` (r:1 w:1)
    // Proof: `Market::NextJobId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Market::Asks` (r:1 w:0)
    // Proof: `Market::Asks` (`max_values`: None, `max_size`: Some(10292), added: 12767, mode: `MaxEncodedLen`)
    // Storage: `Market::Running` (r:128 w:1)
    // Proof: `Market::Running` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
    // Storage: `Market::Demotions` (r:128 w:0)
    // Proof: `Market::Demotions` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:162 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Verification::CurrentSet` (r:1 w:0)
    // Proof: `Verification::CurrentSet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:0)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    // Storage: `Market::Orders` (r:0 w:1)
    // Proof: `Market::Orders` (`max_values`: None, `max_size`: Some(4447), added: 6922, mode: `MaxEncodedLen`)
    // Storage: `Market::Jobs` (r:0 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Market::Deadlines` (r:0 w:1)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Market::JobsOf` (r:0 w:1)
    // Proof: `Market::JobsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Storage: `Market::AwaitingCommitment` (r:0 w:1)
    // Proof: `Market::AwaitingCommitment` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    fn submit_assigned(a: u32) -> Weight {
        // At least 443_267_000 picoseconds; a proof of 61840 + a * 1774 bytes.
        Weight::from_parts(445_981_000, 119311)
            .saturating_add(Weight::from_parts(152_010_282, 0).saturating_mul(a.into()))
            // By count: 31 validators more than were read when it was measured.
            .saturating_add(T::DbWeight::get().reads(67_u64))
            .saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(a.into())))
            .saturating_add(T::DbWeight::get().writes(10_u64))
            .saturating_add(Weight::from_parts(0, 4420).saturating_mul(a.into()))
            .saturating_add(UPKEEP)
    }
    // Storage: `Provenance::Artifacts` (r:1 w:0)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Market::NextJobId` (r:1 w:1)
    // Proof: `Market::NextJobId` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Market::Asks` (r:1 w:0)
    // Proof: `Market::Asks` (`max_values`: None, `max_size`: Some(10292), added: 12767, mode: `MaxEncodedLen`)
    // Storage: `Market::Running` (r:128 w:0)
    // Proof: `Market::Running` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
    // Storage: `Market::Demotions` (r:128 w:0)
    // Proof: `Market::Demotions` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:161 w:0)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Verification::CurrentSet` (r:1 w:0)
    // Proof: `Verification::CurrentSet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:0)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    // Storage: `Market::Pending` (r:1 w:1)
    // Proof: `Market::Pending` (`max_values`: None, `max_size`: Some(8252), added: 10727, mode: `MaxEncodedLen`)
    // Storage: `Market::PendingCount` (r:1 w:1)
    // Proof: `Market::PendingCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Market::Orders` (r:0 w:1)
    // Proof: `Market::Orders` (`max_values`: None, `max_size`: Some(4447), added: 6922, mode: `MaxEncodedLen`)
    // Storage: `Market::Jobs` (r:0 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Market::Deadlines` (r:0 w:1)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Market::JobsOf` (r:0 w:1)
    // Proof: `Market::JobsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    fn submit_queued(a: u32) -> Weight {
        // At least 280_276_000 picoseconds; a proof of 68750 + a * 1774 bytes.
        Weight::from_parts(251_239_310, 138336)
            .saturating_add(Weight::from_parts(140_476_490, 0).saturating_mul(a.into()))
            // By count: 31 validators more than were read when it was measured.
            .saturating_add(T::DbWeight::get().reads(62_u64))
            .saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(a.into())))
            .saturating_add(T::DbWeight::get().writes(9_u64))
            .saturating_add(Weight::from_parts(0, 4162).saturating_mul(a.into()))
            .saturating_add(UPKEEP)
    }
    // Storage: `Market::Jobs` (r:1 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Market::Pending` (r:1 w:1)
    // Proof: `Market::Pending` (`max_values`: None, `max_size`: Some(8252), added: 10727, mode: `MaxEncodedLen`)
    // Storage: `Market::PendingCount` (r:1 w:1)
    // Proof: `Market::PendingCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Market::Deadlines` (r:0 w:2)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Market::Receipts` (r:0 w:1)
    // Proof: `Market::Receipts` (`max_values`: None, `max_size`: Some(6543), added: 9018, mode: `MaxEncodedLen`)
    fn cancel() -> Weight {
        // At least 148_791_000 picoseconds; a proof of 9760 bytes.
        Weight::from_parts(167_919_000, 11717)
            .saturating_add(T::DbWeight::get().reads(6_u64))
            .saturating_add(T::DbWeight::get().writes(8_u64))
            .saturating_add(UPKEEP)
    }
    // Storage: `Market::Jobs` (r:1 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Market::Verdicts` (r:1 w:1)
    // Proof: `Market::Verdicts` (`max_values`: None, `max_size`: Some(2110), added: 4585, mode: `MaxEncodedLen`)
    // Storage: `Provenance::Artifacts` (r:1 w:0)
    // Proof: `Provenance::Artifacts` (`max_values`: None, `max_size`: Some(212), added: 2687, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:68 w:4)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Payouts::Claimable` (r:64 w:64)
    // Proof: `Payouts::Claimable` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:1 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Market::Running` (r:1 w:1)
    // Proof: `Market::Running` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Market::Deadlines` (r:0 w:1)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Market::Receipts` (r:0 w:1)
    // Proof: `Market::Receipts` (`max_values`: None, `max_size`: Some(6543), added: 9018, mode: `MaxEncodedLen`)
    // Storage: `Market::AwaitingCommitment` (r:0 w:1)
    // Proof: `Market::AwaitingCommitment` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    fn settle_paid(p: u32) -> Weight {
        // At least 337_791_000 picoseconds; a proof of 5667 + p * 56 bytes.
        Weight::from_parts(362_123_801, 18763)
            .saturating_add(Weight::from_parts(67_744_976, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(7_u64))
            .saturating_add(T::DbWeight::get().reads((2_u64).saturating_mul(p.into())))
            .saturating_add(T::DbWeight::get().writes(10_u64))
            .saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(p.into())))
            .saturating_add(Weight::from_parts(0, 2623).saturating_mul(p.into()))
            .saturating_add(UPKEEP)
    }
    // Storage: `Market::Jobs` (r:1 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Market::Verdicts` (r:1 w:1)
    // Proof: `Market::Verdicts` (`max_values`: None, `max_size`: Some(2110), added: 4585, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:162 w:2)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Market::AskedServices` (r:1 w:0)
    // Proof: `Market::AskedServices` (`max_values`: None, `max_size`: Some(2226), added: 4701, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Market::Demotions` (r:128 w:1)
    // Proof: `Market::Demotions` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    // Storage: `Market::Running` (r:128 w:2)
    // Proof: `Market::Running` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
    // Storage: `Market::Asks` (r:1 w:0)
    // Proof: `Market::Asks` (`max_values`: None, `max_size`: Some(10292), added: 12767, mode: `MaxEncodedLen`)
    // Storage: `Verification::CurrentSet` (r:1 w:0)
    // Proof: `Verification::CurrentSet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:0)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    // Storage: `Market::Deadlines` (r:0 w:1)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Market::AwaitingCommitment` (r:0 w:2)
    // Proof: `Market::AwaitingCommitment` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    fn settle_failed(a: u32) -> Weight {
        // At least 488_354_000 picoseconds; a proof of 64543 + a * 1779 bytes.
        Weight::from_parts(716_022_000, 118975)
            .saturating_add(Weight::from_parts(154_737_434, 0).saturating_mul(a.into()))
            // By count: 31 validators more than were read when it was measured, and the end of a demotion.
            .saturating_add(T::DbWeight::get().reads(71_u64))
            .saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(a.into())))
            .saturating_add(T::DbWeight::get().writes(15_u64))
            .saturating_add(Weight::from_parts(0, 4421).saturating_mul(a.into()))
            .saturating_add(UPKEEP)
    }
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Market::DeadlineCursor` (r:1 w:1)
    // Proof: `Market::DeadlineCursor` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Market::Deadlines` (r:1 w:0)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Market::ServiceQueueEnds` (r:1 w:0)
    // Proof: `Market::ServiceQueueEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Market::PendingCount` (r:1 w:0)
    // Proof: `Market::PendingCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Market::SettlementQueueEnds` (r:1 w:0)
    // Proof: `Market::SettlementQueueEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    fn poll() -> Weight {
        // At least 21_783_000 picoseconds; a proof of 244 bytes.
        Weight::from_parts(23_775_000, 3493)
            .saturating_add(T::DbWeight::get().reads(6_u64))
            .saturating_add(T::DbWeight::get().writes(1_u64))
    }
    // Storage: `Market::Deadlines` (r:1 w:0)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    fn visit_height() -> Weight {
        // At least 7_852_000 picoseconds; a proof of 215 bytes.
        // Estimated, not measured yet: two of what one queue took.
        Weight::from_parts(17_146_000, 6986).saturating_add(T::DbWeight::get().reads(2_u64))
    }
    // Storage: `Market::DemotionEnds` (r:2 w:1)
    // Storage: `Market::Demotions` (r:0 w:1)
    fn forget_demotion() -> Weight {
        // Estimated, not measured yet: as passing a deadline without a job, twice.
        Weight::from_parts(40_000_000, 6986)
            .saturating_add(T::DbWeight::get().reads(2_u64))
            .saturating_add(T::DbWeight::get().writes(2_u64))
    }
    // Storage: `Market::Deadlines` (r:2 w:2)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Market::Jobs` (r:1 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Market::Pending` (r:1 w:1)
    // Proof: `Market::Pending` (`max_values`: None, `max_size`: Some(8252), added: 10727, mode: `MaxEncodedLen`)
    // Storage: `Market::PendingCount` (r:1 w:1)
    // Proof: `Market::PendingCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Market::Receipts` (r:0 w:1)
    // Proof: `Market::Receipts` (`max_values`: None, `max_size`: Some(6543), added: 9018, mode: `MaxEncodedLen`)
    fn expire_waiting() -> Weight {
        // At least 176_292_000 picoseconds; a proof of 9842 bytes.
        Weight::from_parts(231_073_000, 11717)
            .saturating_add(T::DbWeight::get().reads(8_u64))
            .saturating_add(T::DbWeight::get().writes(8_u64))
            .saturating_add(UPKEEP)
    }
    // Storage: `Market::Deadlines` (r:2 w:2)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Market::Jobs` (r:1 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:162 w:2)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:2 w:2)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Market::AskedServices` (r:1 w:0)
    // Proof: `Market::AskedServices` (`max_values`: None, `max_size`: Some(2226), added: 4701, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Market::Demotions` (r:128 w:1)
    // Proof: `Market::Demotions` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    // Storage: `Market::Running` (r:128 w:2)
    // Proof: `Market::Running` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
    // Storage: `Market::Asks` (r:1 w:0)
    // Proof: `Market::Asks` (`max_values`: None, `max_size`: Some(10292), added: 12767, mode: `MaxEncodedLen`)
    // Storage: `Verification::CurrentSet` (r:1 w:0)
    // Proof: `Verification::CurrentSet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:0)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    // Storage: `Market::AwaitingCommitment` (r:0 w:2)
    // Proof: `Market::AwaitingCommitment` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    fn expire_assigned(a: u32) -> Weight {
        // At least 541_764_000 picoseconds; a proof of 62531 + a * 1781 bytes.
        Weight::from_parts(448_552_292, 118975)
            .saturating_add(Weight::from_parts(193_111_011, 0).saturating_mul(a.into()))
            // By count: 31 validators more than were read when it was measured, and the end of a demotion.
            .saturating_add(T::DbWeight::get().reads(71_u64))
            .saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(a.into())))
            .saturating_add(T::DbWeight::get().writes(15_u64))
            .saturating_add(Weight::from_parts(0, 4421).saturating_mul(a.into()))
            .saturating_add(UPKEEP)
    }
    // Storage: `Market::Deadlines` (r:2 w:1)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Market::Jobs` (r:1 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Verification::OpenAudits` (r:1 w:0)
    // Proof: `Verification::OpenAudits` (`max_values`: None, `max_size`: Some(5205), added: 7680, mode: `MaxEncodedLen`)
    // Storage: `System::Account` (r:1 w:1)
    // Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    // Storage: `Balances::Holds` (r:1 w:1)
    // Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    // Storage: `Market::Orders` (r:0 w:1)
    // Proof: `Market::Orders` (`max_values`: None, `max_size`: Some(4447), added: 6922, mode: `MaxEncodedLen`)
    // Storage: `Market::JobsOf` (r:0 w:1)
    // Proof: `Market::JobsOf` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    // Storage: `Market::Receipts` (r:0 w:1)
    // Proof: `Market::Receipts` (`max_values`: None, `max_size`: Some(6543), added: 9018, mode: `MaxEncodedLen`)
    // Storage: `Verification::AuditRecords` (r:0 w:1)
    // Proof: `Verification::AuditRecords` (`max_values`: None, `max_size`: Some(192), added: 2667, mode: `MaxEncodedLen`)
    fn prune() -> Weight {
        // At least 198_645_000 picoseconds; a proof of 1651 bytes.
        Weight::from_parts(242_529_000, 8670)
            .saturating_add(T::DbWeight::get().reads(6_u64))
            .saturating_add(T::DbWeight::get().writes(8_u64))
    }
    // An estimate: `prune`, and the deadline that it takes back.
    fn forget() -> Weight {
        Self::prune()
            .saturating_add(Weight::from_parts(40_000_000, 0))
            .saturating_add(T::DbWeight::get().reads_writes(1_u64, 1_u64))
    }
    // Storage: `Market::Pending` (r:1 w:1)
    // Proof: `Market::Pending` (`max_values`: None, `max_size`: Some(8252), added: 10727, mode: `MaxEncodedLen`)
    // Storage: `Market::ServiceQueueEnds` (r:1 w:1)
    // Proof: `Market::ServiceQueueEnds` (`max_values`: Some(1), `max_size`: Some(16), added: 511, mode: `MaxEncodedLen`)
    // Storage: `Market::Jobs` (r:1 w:1)
    // Proof: `Market::Jobs` (`max_values`: None, `max_size`: Some(503), added: 2978, mode: `MaxEncodedLen`)
    // Storage: `Finality::CurrentTime` (r:1 w:0)
    // Proof: `Finality::CurrentTime` (`max_values`: Some(1), `max_size`: Some(13), added: 508, mode: `MaxEncodedLen`)
    // Storage: `Market::Asks` (r:1 w:0)
    // Proof: `Market::Asks` (`max_values`: None, `max_size`: Some(10292), added: 12767, mode: `MaxEncodedLen`)
    // Storage: `Market::Running` (r:128 w:1)
    // Proof: `Market::Running` (`max_values`: None, `max_size`: Some(86), added: 2561, mode: `MaxEncodedLen`)
    // Storage: `Market::Demotions` (r:128 w:0)
    // Proof: `Market::Demotions` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    // Storage: `Providers::Providers` (r:162 w:1)
    // Proof: `Providers::Providers` (`max_values`: None, `max_size`: Some(1687), added: 4162, mode: `MaxEncodedLen`)
    // Storage: `Verification::CurrentSet` (r:1 w:0)
    // Proof: `Verification::CurrentSet` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Verification::KeySets` (r:1 w:0)
    // Proof: `Verification::KeySets` (`max_values`: None, `max_size`: Some(4110), added: 6585, mode: `MaxEncodedLen`)
    // Storage: `Market::PendingCount` (r:1 w:1)
    // Proof: `Market::PendingCount` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    // Storage: `Market::Deadlines` (r:0 w:1)
    // Proof: `Market::Deadlines` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    // Storage: `Market::ServiceQueue` (r:0 w:1)
    // Proof: `Market::ServiceQueue` (`max_values`: None, `max_size`: Some(50), added: 2525, mode: `MaxEncodedLen`)
    // Storage: `Market::AwaitingCommitment` (r:0 w:1)
    // Proof: `Market::AwaitingCommitment` (`max_values`: None, `max_size`: Some(64), added: 2539, mode: `MaxEncodedLen`)
    fn visit_waiting(a: u32) -> Weight {
        // At least 442_666_000 picoseconds; a proof of 68994 + a * 1771 bytes.
        Weight::from_parts(514_123_000, 119311)
            .saturating_add(Weight::from_parts(184_811_870, 0).saturating_mul(a.into()))
            // By count: 31 validators more than were read when it was measured.
            .saturating_add(T::DbWeight::get().reads(67_u64))
            .saturating_add(T::DbWeight::get().reads((3_u64).saturating_mul(a.into())))
            .saturating_add(T::DbWeight::get().writes(9_u64))
            .saturating_add(Weight::from_parts(0, 4420).saturating_mul(a.into()))
    }
}
