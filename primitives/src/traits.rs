//! How the pallets know each other. Each trait is named for what it does and implemented by the pallet that owns the
//! state.

use crate::{
    app::AppKey,
    artifact::ArtifactId,
    job::{VerificationClass, WorkSpec},
    timing::Timing,
    verdict::Verdict,
    AccountId, Attempt, Balance, BlockNumber, JobId,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::weights::Weight;
use scale_info::TypeInfo;
use sp_core::H256;
use sp_runtime::{DispatchError, DispatchResult, Perbill};

/// Who serves. Implemented by the providers pallet.
pub trait ProviderRegistry {
    /// Whether the account is registered, not leaving, and bonded with at least the minimum.
    fn is_active(provider: &AccountId) -> bool;
    /// The key it signs commitments with.
    fn app_key(provider: &AccountId) -> Option<AppKey>;
    /// The provider that registered `key`.
    fn provider_of(key: &AppKey) -> Option<AccountId>;
    /// Whether it says that it serves `model`.
    fn serves(provider: &AccountId, model: &ArtifactId) -> bool;
    /// Whether the two are the same operator: equal, or either linked to the other.
    fn linked(provider: &AccountId, other: &AccountId) -> bool {
        Self::own_links(provider)(other) || Self::names(other, provider)
    }
    /// Tells of others whether the provider is them, or names them as the same operator. What is known of the provider
    /// is read once for all.
    fn own_links(provider: &AccountId) -> impl Fn(&AccountId) -> bool;
    /// Whether `who` is registered, and names `other` as the same operator.
    fn names(who: &AccountId, other: &AccountId) -> bool;
}

/// Bonds at risk. Implemented by the providers pallet, the only owner of bonds.
pub trait Bonds {
    /// The part of an active provider's bond that backs no job; zero for others.
    fn available(provider: &AccountId) -> Balance;
    /// Put `amount` of the bond behind a job.
    fn reserve(provider: &AccountId, amount: Balance) -> DispatchResult;
    /// Take `amount` from behind a job.
    fn release(provider: &AccountId, amount: Balance) -> DispatchResult;
    /// Burn up to `amount` of what is reserved; it is no longer reserved. Returns what was burned.
    fn slash(provider: &AccountId, amount: Balance) -> Result<Balance, DispatchError>;
    /// Pay up to `amount` of what is reserved to `beneficiary`; it is no longer reserved. Returns what was paid;
    /// the rest could not be delivered and was burned.
    fn compensate(provider: &AccountId, beneficiary: &AccountId, amount: Balance) -> Result<Balance, DispatchError>;
}

/// Registered artifacts. Implemented by the provenance pallet.
pub trait ArtifactRegistry {
    /// Whether the artifact is registered as something a provider can run.
    fn is_model(artifact: &ArtifactId) -> bool;
}

/// Who is owed a share of what a model earns. Implemented by the provenance pallet.
pub trait Royalties {
    /// Shares of the fee, flattened over the lineage, together at most one.
    fn shares(model: &ArtifactId) -> Vec<(AccountId, Perbill)>;
}

/// The chain's public randomness. Implemented by the verification pallet.
pub trait Beacon {
    /// The beacon of `block`: a hash over the VRF outputs of the authors up to and including that block's. Known from
    /// the next block on, kept for a bounded number of blocks.
    fn beacon(block: BlockNumber) -> Option<H256>;
}

/// What deadlines are counted in. Implemented by the finality pallet.
///
/// *Time* goes on by one with every block as long as finality keeps up, and stands still while it lags. A provider may
/// publish only after finality, so it could miss a deadline counted in blocks. Time never goes back, and is one and the
/// same for everything in a block.
pub trait Clock {
    /// The time now: the block's number less the blocks in which time stood still.
    fn time() -> BlockNumber;
    /// The block that will have this time if time goes on from now; for one that is over, a block that is.
    fn block_at(time: BlockNumber) -> BlockNumber;
}

/// What sessions, eras and periods of an hour or more are measured in. Implemented by the finality pallet.
pub trait GetTiming {
    /// The chain's measures: the same in every block.
    fn timing() -> Timing;
}

/// An assigned job as the verification pallet needs it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct AssignedJob {
    /// The attempt that is running.
    pub attempt: Attempt,
    /// Who it is assigned to.
    pub provider: AccountId,
    /// Who ordered.
    pub requester: AccountId,
    /// The model.
    pub model: ArtifactId,
    /// The class.
    pub class: VerificationClass,
    /// The work.
    pub work: WorkSpec,
    /// Block of the assignment; the seed's beacon is that of the next block, known in the state of the one after it.
    pub assigned_at: BlockNumber,
    /// Blocks that the order gives each provider.
    pub period: BlockNumber,
    /// Last time at which a commitment counts.
    pub commit_deadline: BlockNumber,
    /// Whether a commitment is in.
    pub committed: bool,
}

/// An assigned job in short: what can be told without its order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunningAttempt {
    /// The attempt that is running.
    pub attempt: Attempt,
    /// Who it is assigned to.
    pub provider: AccountId,
    /// Block of the assignment.
    pub assigned_at: BlockNumber,
    /// Last time at which a commitment counts.
    pub commit_deadline: BlockNumber,
    /// Whether a commitment is in.
    pub committed: bool,
}

/// Which provider works on what. Implemented by the market pallet.
pub trait Assignments {
    /// The job's running assignment: from assignment until its verdict.
    fn assigned_job(job: JobId) -> Option<AssignedJob>;
    /// The same in short; cheaper to read.
    fn running_attempt(job: JobId) -> Option<RunningAttempt>;
    /// Up to `limit` jobs assigned to `provider` that wait for its commitment, behind `after` in the order of storage.
    fn awaiting_commitment(provider: &AccountId, after: Option<JobId>, limit: u32) -> Vec<JobId>;
    /// A commitment for the running attempt is in: the commit deadline no longer applies.
    fn on_committed(job: JobId, attempt: Attempt) -> DispatchResult;
}

/// What an audit found. Every committed attempt gets exactly one.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct AuditOutcome {
    /// The verdict of the majority of eligible validators, or none where there was no such majority.
    pub verdict: Option<Verdict>,
    /// Hash of the commitment judged.
    pub commitment: H256,
    /// The validators whose verdicts agree with it, in the order of their reveals.
    pub validators: frame_support::BoundedVec<AccountId, frame_support::traits::ConstU32<MAX_VALIDATORS>>,
}

/// Most validators that check one job.
pub const MAX_VALIDATORS: u32 = 64;

/// Told of outcomes. Implemented by the market pallet, which queues the settlement, so nothing re-enters.
pub trait OnVerdict {
    /// The audit of this attempt is over.
    fn on_verdict(job: JobId, attempt: Attempt, outcome: AuditOutcome) -> DispatchResult;
}

/// Audits and what they keep. Implemented by the verification pallet.
pub trait Audits {
    /// Whether anybody could check a result of `provider` now: by [`crate::eligibility::eligible`].
    fn has_eligible_validator(provider: &AccountId) -> bool;
    /// Drop everything kept for a job that is pruned.
    fn forget(job: JobId);
}

/// What checking a result makes the chain do. Implemented by the verification pallet.
pub trait Attestations {
    /// Most validators that check a result now.
    fn validators() -> u32;
    /// What all attestations of one attempt weigh at most, each with its transaction: a commitment, and a seal and a
    /// reveal of every validator of now.
    fn weight() -> Weight;
}

/// What became of a payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// The payee has it.
    Made,
    /// The payee could not receive it: it waits for the payee's claim.
    Deferred,
}

/// Payments that may be undeliverable. Implemented by the payouts pallet.
///
/// What is paid is on hold of `from` for `reason`, and is taken by force. An error leaves everything as it was.
pub trait Payouts<Reason> {
    /// Pay `amount` to `to`, or, if `to` cannot receive it, keep it as [`defer`](Self::defer) does.
    fn deliver(reason: &Reason, from: &AccountId, to: &AccountId, amount: Balance) -> Result<Delivery, DispatchError>;
    /// Keep `amount` until `to` claims it.
    fn defer(reason: &Reason, from: &AccountId, to: &AccountId, amount: Balance) -> DispatchResult;
}
