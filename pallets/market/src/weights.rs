//! Weights, estimated from counted accesses, not benchmarked.
//!
//! Every figure is a number of storage reads and writes at the runtime's [`frame_system::Config::DbWeight`], plus a stated
//! estimate of the computation. What other pallets do behind a trait is counted with the constants below.

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Estimate for decoding, encoding and hashing a call's own records: 20 µs.
const RECORDS: Weight = Weight::from_parts(20_000_000, 0);
/// Estimate for hashing and encoding an order of up to about 4.5 KiB: 40 µs.
const ORDER: Weight = Weight::from_parts(40_000_000, 0);

/// Reads to see whether one ask fits: its running jobs, whether its provider is active, serves the model and is linked to the
/// requester (both directions), its free bond, and whether anybody could check it (session, links of the validators tried).
const READS_PER_ASK: u64 = 14;
/// Accesses of one movement of held or free money: both accounts and the holds of one.
const MONEY: u64 = 3;
/// Accesses of one operation on a provider's exposure: its record, its hold, its account, one beneficiary.
const EXPOSURE: u64 = 4;

/// What the pallet's calls and the steps of its hook cost at most, given how many asks they look at and how many payments
/// they make.
pub trait WeightInfo {
    /// `place_ask` into a list of `asks`.
    fn place_ask(asks: u32) -> Weight;
    /// `withdraw_ask` from a list of `asks`.
    fn withdraw_ask(asks: u32) -> Weight;
    /// `submit`, looking at `asks`.
    fn submit(asks: u32) -> Weight;
    /// `cancel`.
    fn cancel() -> Weight;
    /// Settling one verdict with `payments`, looking at `asks` for another attempt.
    fn settle(payments: u32, asks: u32) -> Weight;
    /// `claim`.
    fn claim() -> Weight;
    /// The hook finding nothing to do.
    fn poll() -> Weight;
    /// Looking for deadlines at one height.
    fn visit_height() -> Weight;
    /// One deadline: expiring a job, failing an attempt and looking at `asks` for another, or pruning.
    fn pass_deadline(asks: u32) -> Weight;
    /// One waiting job, looking at `asks`.
    fn visit_waiting(asks: u32) -> Weight;
}

/// [`WeightInfo`] from counted accesses at the runtime's database weights.
pub struct CountedWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> CountedWeight<T> {
    fn accesses(reads: u64, writes: u64) -> Weight {
        T::DbWeight::get().reads_writes(reads, writes)
    }

    /// Finding a fit and assigning it: the asks' list, the asks, then exposure, running count, clock, awaiting index and deadline.
    fn matching(asks: u32) -> Weight {
        let fit = READS_PER_ASK.saturating_mul(u64::from(asks)).saturating_add(1);
        Self::accesses(fit.saturating_add(EXPOSURE).saturating_add(3), EXPOSURE.saturating_add(4))
    }

    /// Closing a job: the job, the clock, its receipt, its deadline, the refund.
    fn closing() -> Weight {
        Self::accesses(MONEY.saturating_add(3), MONEY.saturating_add(4))
    }
}

impl<T: frame_system::Config> WeightInfo for CountedWeight<T> {
    fn place_ask(asks: u32) -> Weight {
        // Artifact, activity, models served, the list, the provider's index; the deposit. A comparison an ask: 0.1 µs.
        RECORDS
            .saturating_add(Weight::from_parts(100_000, 0).saturating_mul(asks.into()))
            .saturating_add(Self::accesses(5, 2))
            .saturating_add(Self::accesses(MONEY, MONEY))
    }

    fn withdraw_ask(asks: u32) -> Weight {
        RECORDS
            .saturating_add(Weight::from_parts(100_000, 0).saturating_mul(asks.into()))
            .saturating_add(Self::accesses(2, 2))
            .saturating_add(Self::accesses(MONEY, MONEY))
    }

    fn submit(asks: u32) -> Weight {
        // Artifact, next id; order, job and the requester's index; escrow and deposit; the waiting list and its queue.
        ORDER
            .saturating_add(RECORDS)
            .saturating_add(Self::accesses(2, 4))
            .saturating_add(Self::accesses(MONEY.saturating_mul(2), MONEY.saturating_mul(2)))
            .saturating_add(Self::accesses(3, 5))
            .saturating_add(Self::matching(asks))
    }

    fn cancel() -> Weight {
        RECORDS.saturating_add(Self::accesses(3, 3)).saturating_add(Self::closing())
    }

    fn settle(payments: u32, asks: u32) -> Weight {
        // Job, verdict, queue; royalties; the payments (each may take the way of a claim); the burn; the exposure thrice
        // (slash, compensation, release); then another attempt or the end.
        let payments = u64::from(payments).saturating_mul(MONEY.saturating_mul(2).saturating_add(1));
        RECORDS
            .saturating_mul(2)
            .saturating_add(Self::accesses(4, 3))
            .saturating_add(Self::accesses(4, 0))
            .saturating_add(Self::accesses(payments, payments))
            .saturating_add(Self::accesses(MONEY, MONEY))
            .saturating_add(Self::accesses(EXPOSURE.saturating_mul(3), EXPOSURE.saturating_mul(3)))
            .saturating_add(Self::accesses(1, 2))
            .saturating_add(Self::matching(asks))
            .saturating_add(Self::closing())
    }

    fn claim() -> Weight {
        RECORDS.saturating_add(Self::accesses(1, 1)).saturating_add(Self::accesses(MONEY, MONEY))
    }

    fn poll() -> Weight {
        // Both queues' ends, the number of waiting jobs, the clock, the deadline cursor.
        Self::accesses(5, 3)
    }

    fn visit_height() -> Weight {
        Self::accesses(1, 0)
    }

    fn pass_deadline(asks: u32) -> Weight {
        // The dearest of the three is a failed attempt: as in `settle`, without payments. Pruning frees an audit besides:
        // counted as 8 accesses.
        RECORDS
            .saturating_add(Self::accesses(4, 3))
            .saturating_add(Self::accesses(EXPOSURE.saturating_mul(3), EXPOSURE.saturating_mul(3)))
            .saturating_add(Self::accesses(8, 8))
            .saturating_add(Self::matching(asks))
            .saturating_add(Self::closing())
    }

    fn visit_waiting(asks: u32) -> Weight {
        // The queue's item twice, the service's list, the job, the count.
        RECORDS.saturating_add(Self::accesses(4, 6)).saturating_add(Self::matching(asks))
    }
}
