//! Weights, estimated from counted accesses, not benchmarked.
//!
//! Every function is the worst case: the storage reads and writes counted in the code, those of the other pallets as stated
//! below, and a stated time for each hash and signature check.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};
use strike_primitives::traits::MAX_VERIFIERS;

/// What calls and hooks of this pallet cost.
pub trait WeightInfo {
    /// Rolling the beacon on.
    fn on_initialize() -> Weight;
    /// Recording a commitment and opening its audit.
    fn commit() -> Weight;
    /// Checking a commitment.
    fn authorize_commit() -> Weight;
    /// Recording a sealed verdict.
    fn seal() -> Weight;
    /// Checking a sealed verdict.
    fn authorize_seal() -> Weight;
    /// Recording a revealed verdict, including the conclusion of the audit.
    fn reveal() -> Weight;
    /// Checking a revealed verdict.
    fn authorize_reveal() -> Weight;
    /// The deadline queue, before it looks at a height.
    fn poll_base() -> Weight;
    /// Finding that a height of the deadline queue is empty.
    fn poll_height() -> Weight;
    /// Working off one entry of the deadline queue, including the conclusion of the audit.
    fn poll_audit() -> Weight;
}

/// One `blake2b-256` of a short input, with the call out of Wasm.
const HASH: u64 = 2_000_000;
/// Hashing the largest work: about 5 KiB.
const HASH_WORK: u64 = 12_000_000;
/// One sr25519 signature check.
const SIGNATURE: u64 = 60_000_000;
/// Decoding, comparing, depositing events.
const BASE: u64 = 10_000_000;
/// Bytes of proof for a read, trie nodes included.
const PROOF_PER_READ: u64 = 1_024;
/// Bytes of proof for the largest values: work of 5 KiB, a set of validators and an audit of 4 KiB each.
const PROOF_OF_VALUES: u64 = 13 * 1_024;

/// Reads of `Assignments::assignment`.
const ASSIGNMENT: u64 = 2;
/// Reads of `ProviderRegistry::linked`.
const LINKED: u64 = 2;
/// Reads and writes of `Assignments::on_committed`.
const ON_COMMITTED: (u64, u64) = (2, 4);
/// Reads and writes of `OnVerdict::on_verdict`.
const ON_VERDICT: (u64, u64) = (3, 4);
/// Reads and writes of concluding an audit, without the set's and the market's share: five of validator sets and their
/// uses, the audit, its summary and two entries of the queue.
const CONCLUDE: (u64, u64) = (6, 9);

/// [`WeightInfo`] from counted accesses at the runtime's database weights.
pub struct CountedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> CountedWeight<T> {
    fn counted(reads: u64, writes: u64, time: u64) -> Weight {
        let proof = reads.saturating_mul(PROOF_PER_READ).saturating_add(PROOF_OF_VALUES);
        Weight::from_parts(BASE.saturating_add(time), proof)
            .saturating_add(T::DbWeight::get().reads_writes(reads, writes))
    }

    fn conclude() -> Weight {
        Self::counted(CONCLUDE.0.saturating_add(ON_VERDICT.0), CONCLUDE.1.saturating_add(ON_VERDICT.1), 0)
    }
}

impl<T: frame_system::Config> WeightInfo for CountedWeight<T> {
    fn on_initialize() -> Weight {
        // Last beacon, author's randomness, clock, oldest beacon, the times of those that may be dropped; last beacon, new beacon
        // and its time, two dropped with their times, oldest beacon.
        Self::counted(7, 8, HASH)
    }

    fn commit() -> Weight {
        // Open audit, beacon, genesis hash, set id, set, its uses, cursor, clock, and each validator's links.
        let links = LINKED.saturating_mul(u64::from(MAX_VERIFIERS));
        let reads = 8u64.saturating_add(ASSIGNMENT).saturating_add(ON_COMMITTED.0).saturating_add(links);
        // Uses of the set, audit, deadline.
        let writes = 3u64.saturating_add(ON_COMMITTED.1);
        Self::counted(reads, writes, HASH_WORK.saturating_add(HASH.saturating_mul(3))).saturating_add(Self::conclude())
    }

    fn authorize_commit() -> Weight {
        // Open audit, beacon, genesis hash, clock, provider's key.
        let time = SIGNATURE.saturating_add(HASH_WORK).saturating_add(HASH.saturating_mul(2));
        Self::counted(5u64.saturating_add(ASSIGNMENT), 0, time)
    }

    fn seal() -> Weight {
        // Audit, set, beacon, cursor, clock; audit and two entries of the queue.
        Self::counted(5, 3, 0)
    }

    fn authorize_seal() -> Weight {
        // Audit, set, beacon, genesis hash, clock.
        Self::counted(5, 0, SIGNATURE)
    }

    fn reveal() -> Weight {
        // Audit, set, genesis hash, clock; audit.
        Self::counted(4, 1, HASH).saturating_add(Self::conclude())
    }

    fn authorize_reveal() -> Weight {
        Self::counted(4, 0, SIGNATURE.saturating_add(HASH))
    }

    fn poll_base() -> Weight {
        // Cursor and clock; cursor.
        Self::counted(2, 1, 0)
    }

    fn poll_height() -> Weight {
        Self::counted(1, 0, 0)
    }

    fn poll_audit() -> Weight {
        // Entry, audit and clock; entry and audit.
        Self::counted(3, 2, 0).saturating_add(Self::conclude())
    }
}
