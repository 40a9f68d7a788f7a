#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used))]

extern crate alloc;

mod audits;
mod beacon;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod commitments;
mod deadlines;
mod duties;
mod load;
mod offchain;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
pub mod types;
mod validators;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use weights::WeightInfo;

/// Target of this pallet's log lines.
pub const LOG_TARGET: &str = "runtime::verification";
/// Validator sets kept at least; older ones stay while an open audit uses them.
pub const KEPT_SETS: u32 = 8;
/// Tries to hand an outcome to the market before it is given up.
pub const MAX_DELIVERIES: u32 = 12;
/// Longest wait between two of them, in blocks.
pub const MAX_DELIVERY_DELAY: u32 = 256;

/// The pallet; see the crate's documentation.
#[frame_support::pallet]
// The code that FRAME's macros generate uses `expect`; calls here only check the origin and go on to other modules.
#[allow(clippy::expect_used)]
pub mod pallet {
    use crate::{
        types::{AuditSummary, KeySet, OpenAudit, Refusal, SetId},
        weights::WeightInfo,
    };
    use frame_support::{pallet_prelude::*, weights::WeightMeter};
    use frame_system::{offchain::CreateAuthorizedTransaction, pallet_prelude::*};
    use sp_runtime::{traits::UniqueSaturatedInto, Perbill};
    use strike_primitives::{
        app::AppSignature,
        commitment::Commitment,
        traits::{Assignments, Clock, OnVerdict, ProviderRegistry},
        verdict::{RevealedVerdict, SealedVerdict, Verdict},
        AccountId, Attempt, BlockNumber, JobId, H256,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// Storage and calls of the pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the runtime has to provide. Its transaction extensions must include `frame_system::AuthorizeCall`.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId, Hash = H256, RuntimeEvent: From<Event<Self>>>
        + CreateAuthorizedTransaction<Call<Self>>
    {
        /// Providers, their app keys and who is linked to whom.
        type Providers: ProviderRegistry;
        /// Which provider works on what.
        type Assignments: Assignments;
        /// Told of outcomes.
        type OnVerdict: OnVerdict;
        /// What deadlines are counted in.
        type Clock: Clock;
        /// During a block, the VRF output of the author of the block before it; none where that block had none.
        type AuthorRandomness: Get<Option<H256>>;
        /// Time validators have for their sealed verdicts, from the commitment.
        #[pallet::constant]
        type SealPeriod: Get<BlockNumber>;
        /// The least time in which seals are still taken once a majority has sealed: no less than the chain takes to
        /// agree on a final block. The others have as long again as the majority took.
        #[pallet::constant]
        type SealGrace: Get<BlockNumber>;
        /// Time validators have to reveal their verdicts, from the end of sealing.
        #[pallet::constant]
        type RevealPeriod: Get<BlockNumber>;
        /// How long a beacon is kept, in time: longer than the longest deadline of a job, and than both periods
        /// together.
        #[pallet::constant]
        type BeaconHistory: Get<BlockNumber>;
        /// The most of a block's weight that the deadline queue takes.
        #[pallet::constant]
        type HookShare: Get<Perbill>;
        /// The most of a block's weight that attestations take: they come before transactions with fees.
        #[pallet::constant]
        type AttestationShare: Get<Perbill>;
        /// What the transaction of an attestation weighs beside its call and that call's authorization.
        type AttestationOverhead: Get<Weight>;
        /// Priority of all attestations in the pool. One value, so that none of a key's attestations displaces another.
        #[pallet::constant]
        type UnsignedPriority: Get<TransactionPriority>;
        /// Blocks the off-chain worker waits for inclusion before it submits an attestation again.
        #[pallet::constant]
        type ResendAfter: Get<BlockNumber>;
        /// What calls and hooks cost.
        type WeightInfo: WeightInfo;
        /// Makes what benchmarks begin with.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: strike_primitives::benchmarking::BenchmarkHelper;
    }

    /// Beacon of each block kept.
    #[pallet::storage]
    pub type Beacons<T: Config> = StorageMap<_, Twox64Concat, BlockNumber, H256>;

    /// The time at which each beacon kept was entered.
    #[pallet::storage]
    pub type BeaconTimes<T: Config> = StorageMap<_, Twox64Concat, BlockNumber, BlockNumber>;

    /// The block of the oldest beacon kept.
    #[pallet::storage]
    pub type OldestBeacon<T: Config> = StorageValue<_, BlockNumber>;

    /// The newest beacon, which the next one is made from.
    #[pallet::storage]
    pub type LastBeacon<T: Config> = StorageValue<_, H256, ValueQuery>;

    /// Validators with their app keys: the running set, the last sets and those that open audits use.
    #[pallet::storage]
    pub type KeySets<T: Config> = StorageMap<_, Twox64Concat, SetId, KeySet>;

    /// The running set.
    #[pallet::storage]
    pub type CurrentSet<T: Config> = StorageValue<_, SetId, ValueQuery>;

    /// The oldest set kept.
    #[pallet::storage]
    pub type OldestSet<T: Config> = StorageValue<_, SetId, ValueQuery>;

    /// How many open audits use a set.
    #[pallet::storage]
    pub type KeySetUses<T: Config> = StorageMap<_, Twox64Concat, SetId, u32, ValueQuery>;

    /// Audits under way.
    #[pallet::storage]
    pub type OpenAudits<T: Config> = StorageMap<_, Twox64Concat, JobId, OpenAudit>;

    /// The last concluded audit of each job kept.
    #[pallet::storage]
    pub type AuditRecords<T: Config> = StorageMap<_, Twox64Concat, JobId, AuditSummary>;

    /// Which audits have to be looked at at which time.
    #[pallet::storage]
    pub type Deadlines<T: Config> = StorageDoubleMap<_, Twox64Concat, BlockNumber, Twox64Concat, JobId, ()>;

    /// The lowest time that may have deadlines. Lags behind where there was no weight to work them off.
    #[pallet::storage]
    pub type DeadlineCursor<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

    /// What the attestations of this block weigh, in picoseconds.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type BlockAttestations<T: Config> = StorageValue<_, u64, ValueQuery>;

    // What a field's name does not say is in the line of its event.
    #[allow(missing_docs)]
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A provider committed to a result; its audit is open.
        CommitmentRecorded { job: JobId, attempt: Attempt, provider: AccountId, commitment: Commitment },
        /// A validator sealed a verdict.
        VerdictSealed { job: JobId, attempt: Attempt, validator: AccountId },
        /// Sealing is over: `sealed` of `eligible` validators did. They reveal until the block `until`, later if time
        /// stands still.
        RevealStarted { job: JobId, attempt: Attempt, sealed: u32, eligible: u32, until: BlockNumber },
        /// A validator revealed its verdict.
        VerdictRevealed { job: JobId, attempt: Attempt, validator: AccountId, verdict: Verdict },
        /// The audit is over and the market knows its outcome: what a majority of the eligible validators found, or none,
        /// and how many agree with it.
        AuditConcluded { job: JobId, attempt: Attempt, verdict: Option<Verdict>, agreeing: u32, eligible: u32 },
        /// The market refused the outcome; it is delivered again in the block `retry_at`, later if time stands still.
        OutcomeDeferred { job: JobId, attempt: Attempt, error: DispatchError, retry_at: BlockNumber },
        /// The market refused the outcome for the last time; the audit is over without it.
        OutcomeAbandoned { job: JobId, attempt: Attempt, error: DispatchError },
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// The attestation does not fit the state it would change; [`Refusal`] says what to correct. The pool refuses
        /// such an attestation beforehand, so this is met only where the state changed within the same block.
        Refused(Refusal),
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            BlockAttestations::<T>::kill();
            Self::roll_beacon(now.unique_saturated_into());
            T::WeightInfo::on_initialize()
        }

        fn on_poll(_now: BlockNumberFor<T>, remaining: &mut WeightMeter) {
            Self::drain_deadlines(remaining);
        }

        fn offchain_worker(_now: BlockNumberFor<T>) {
            Self::work_off_mailbox();
        }

        fn integrity_test() {
            let periods = T::SealPeriod::get().saturating_add(T::RevealPeriod::get());
            assert!(T::SealPeriod::get() > 1, "the beacon an audit needs is known two blocks after the commitment");
            assert!(T::RevealPeriod::get() > 0, "reveals need a block");
            assert!(T::SealGrace::get() <= T::SealPeriod::get(), "grace is part of the period");
            assert!(T::BeaconHistory::get() > periods.saturating_add(2), "audits need their beacon to the end");
            let largest = Self::commit_weight().max(Self::seal_weight()).max(Self::reveal_weight());
            assert!(largest.ref_time() <= Self::attestation_limit(), "every attestation must fit into a block");
            assert!(T::ResendAfter::get() > 0, "a resend in the block of the first submission is refused");
            let least = T::WeightInfo::poll_base()
                .saturating_add(T::WeightInfo::poll_height())
                .saturating_add(T::WeightInfo::poll_audit());
            assert!(Self::hook_limit().all_gte(least), "the deadline queue must be able to advance");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Commit to the result of a job.
        ///
        /// Origin: authorized by the signature of the assigned provider's app key over
        /// [`strike_primitives::commitment::commit_payload`]; free of fees. Marks the job as committed with the
        /// market and opens the audit, whose seals count for [`Config::SealPeriod`] or for as long as the order gave
        /// the provider, whichever is longer.
        ///
        /// Errors: [`Error::Refused`]; what the market answers. Refusals: `JobNotAssigned`, `AttemptOver`,
        /// `AttemptNotBegun`, `AlreadyCommitted`, `DeadlinePassed`, `TraceMissing`, `TraceUnexpected`,
        /// `StopUnexpected`, `TooManyInputTokens`, `TooManyOutputTokens`, `OutputUnexpected`, `SeedUnknown`,
        /// `JobRootMismatch`, `NobodyEligible`, `ProviderKeyNotFound`, `BadSignature`. Events:
        /// [`Event::CommitmentRecorded`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::commit())]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_commit())]
        #[pallet::authorize(Self::authorize_commit)]
        pub fn commit(
            origin: OriginFor<T>,
            job: JobId,
            attempt: Attempt,
            commitment: Commitment,
            // Checked when the call was authorized.
            _signature: AppSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            Self::do_commit(job, attempt, commitment)
        }

        /// Seal a verdict: say that it is settled without showing it.
        ///
        /// Origin: authorized by the signature of the validator's app key over
        /// [`strike_primitives::verdict::seal_payload`]; free of fees. With the last eligible seal the reveals begin.
        ///
        /// Errors: [`Error::Refused`]. Refusals: `DrawNotSupported`, `AuditNotOpen`, `AttemptOver`,
        /// `AttemptNotBegun`, `CommitmentMismatch`, `BeaconBlockMismatch`, `NotValidator`, `NotEligible`,
        /// `AlreadySealed`, `SealingClosed`, `BeaconUnknown`, `BadSignature`. Events: [`Event::VerdictSealed`],
        /// [`Event::RevealStarted`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::seal())]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_seal())]
        #[pallet::authorize(Self::authorize_seal)]
        pub fn seal(origin: OriginFor<T>, sealed: SealedVerdict, _signature: AppSignature) -> DispatchResult {
            ensure_authorized(origin)?;
            Self::do_seal(sealed)
        }

        /// Reveal a sealed verdict.
        ///
        /// Origin: authorized by the signature of the validator's app key over
        /// [`strike_primitives::verdict::reveal_payload`]; free of fees. With the last reveal the audit is concluded.
        ///
        /// Errors: [`Error::Refused`]. Refusals: `AuditNotOpen`, `AttemptOver`, `AttemptNotBegun`,
        /// `CommitmentMismatch`, `BeaconBlockMismatch`, `NotValidator`, `NotEligible`, `AlreadyRevealed`,
        /// `RevealingNotBegun`, `RevealingClosed`, `NotSealed`, `WorkTagMissing`, `WorkTagUnexpected`,
        /// `SealMismatch`, `BadSignature`. Events: [`Event::VerdictRevealed`], [`Event::AuditConcluded`],
        /// [`Event::OutcomeDeferred`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::reveal())]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_reveal())]
        #[pallet::authorize(Self::authorize_reveal)]
        pub fn reveal(origin: OriginFor<T>, revealed: RevealedVerdict, _signature: AppSignature) -> DispatchResult {
            ensure_authorized(origin)?;
            Self::do_reveal(revealed)
        }
    }

    impl<T: Config> Pallet<T> {
        /// The block being built or, outside of one, the last one.
        pub(crate) fn now() -> BlockNumber {
            frame_system::Pallet::<T>::block_number().unique_saturated_into()
        }

        /// What deadlines are compared with.
        pub(crate) fn time() -> BlockNumber {
            T::Clock::time()
        }
    }
}
