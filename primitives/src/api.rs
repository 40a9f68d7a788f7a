//! The runtime APIs of the node's worker, its RPC and the tools.

use crate::{
    app::AppKey,
    artifact::ArtifactId,
    commitment::{AttemptBinding, Commitment},
    job::{JobOrder, VerificationClass, WorkSpec},
    receipt::{CloseReason, Receipt},
    verdict::AuditRef,
    AccountId, Attempt, Balance, BlockNumber, JobId, Units,
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::H256;

/// Where a job stands.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum JobStatus {
    /// Waits for a provider.
    #[codec(index = 0)]
    Pending {
        /// Last block of waiting, later if finality lags.
        deadline: BlockNumber,
    },
    /// A provider works on it.
    #[codec(index = 1)]
    Assigned {
        /// Who.
        provider: AccountId,
        /// Since.
        assigned_at: BlockNumber,
        /// Last block for the commitment, later if finality lags.
        deadline: BlockNumber,
    },
    /// The result is being checked.
    #[codec(index = 2)]
    Committed {
        /// Whose result.
        provider: AccountId,
        /// Since.
        committed_at: BlockNumber,
        /// Validators that may check it.
        eligible: u32,
        /// Sealed verdicts so far.
        sealed: u32,
        /// Revealed verdicts so far.
        revealed: u32,
    },
    /// The verdict is in and waits for its settlement.
    #[codec(index = 3)]
    Judged {
        /// Whose result.
        provider: AccountId,
    },
    /// Over; see the receipt.
    #[codec(index = 4)]
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// Everything the chain knows of a job.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct JobInfo {
    /// Its id.
    pub job: JobId,
    /// The running or last attempt.
    pub attempt: Attempt,
    /// Who ordered.
    pub requester: AccountId,
    /// The order.
    pub order: JobOrder,
    /// Block of the order.
    pub submitted_at: BlockNumber,
    /// What is held of the requester for it.
    pub escrow: Balance,
    /// What the requester burned for attestations, and for visits while the job waited.
    pub upkeep: Balance,
    /// What is held of the requester for the attestations of further attempts, until the job closes.
    pub reserve: Balance,
    /// What is held of the requester for storage, until the job is forgotten.
    pub deposit: Balance,
    /// The block in which a closed job is forgotten at the latest, later if finality lags.
    pub kept_until: Option<BlockNumber>,
    /// Where it stands.
    pub status: JobStatus,
    /// The last commitment.
    pub commitment: Option<Commitment>,
    /// Its receipt, once closed.
    pub receipt: Option<Receipt>,
}

/// What an order costs and holds beside its price, whoever gets it. What is burned is not given back, however the job
/// ends.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo, Serialize, Deserialize)]
pub struct Costs {
    /// Burned by the transaction that orders, about: it depends on how many asks are looked at.
    pub transaction_fee: Balance,
    /// Burned with the order, for the attestations of one attempt.
    pub attestation_fee: Balance,
    /// Held until the job closes, and burned only if a further attempt causes attestations again.
    pub reserve: Balance,
    /// Burned with the order if no provider is free: for the visits while it waits.
    pub waiting_fee: Balance,
    /// Held for storage until the job is forgotten.
    pub deposit: Balance,
    /// Blocks for which a closed job is kept, unless its requester forgets it earlier.
    pub retention: BlockNumber,
}

/// What an order would cost now.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo, Serialize, Deserialize)]
pub struct Quote {
    /// The provider that would get it.
    pub provider: AccountId,
    /// Its price per 1,000 units.
    pub price: Balance,
    /// The most units the order can use.
    pub max_units: Units,
    /// The most it can cost; a lower `max_price` finds no provider.
    pub max_fee: Balance,
    /// What the order costs and holds beside that.
    pub costs: Costs,
}

/// An offer of a provider.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo, Serialize, Deserialize)]
pub struct AskInfo {
    /// Whose.
    pub provider: AccountId,
    /// The model.
    pub model: ArtifactId,
    /// The class.
    pub class: VerificationClass,
    /// Price per 1,000 units.
    pub price: Balance,
    /// Jobs it takes at once.
    pub capacity: u32,
    /// Jobs it has.
    pub running: u32,
    /// The most units it takes in one job.
    pub max_units: Units,
    /// The units of one job that it promises to do in a block: an order needs the least deadline there is and a block
    /// for every so many units.
    pub throughput: u32,
}

/// A registered provider.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo, Serialize, Deserialize)]
pub struct ProviderInfo {
    /// Its account.
    pub provider: AccountId,
    /// Its bond.
    pub bond: Balance,
    /// The part that backs jobs.
    pub reserved: Balance,
    /// Whether it takes jobs.
    pub active: bool,
    /// Models it serves.
    pub models: Vec<ArtifactId>,
    /// Accounts it is linked to.
    pub linked: Vec<AccountId>,
    /// Its offers.
    pub asks: Vec<AskInfo>,
}

/// A registered model.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Its typed root.
    pub model: ArtifactId,
    /// Its name.
    pub name: alloc::string::String,
    /// Its size in bytes.
    pub size: u64,
    /// Its owner.
    pub owner: AccountId,
    /// The owner's share of fees, in parts per billion.
    pub royalty: u32,
}

/// Kinds of duties, as [`DutyHead::kind`] has them. A node skips those that it does not know.
pub mod duty_kind {
    /// [`super::Duty::Provide`].
    pub const PROVIDE: u8 = 0;
    /// [`super::Duty::Check`].
    pub const CHECK: u8 = 1;
}

/// Most jobs and audits that one page of duties looks at.
pub const MAX_DUTY_HEADS: u32 = 256;
/// Keys that one page of duties looks at, the first ones: anybody can ask a node, and every key is held against every
/// validator.
pub const MAX_DUTY_KEYS: usize = 64;

/// A duty in short: enough to choose which to do, without its work.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct DutyHead {
    /// One of [`duty_kind`].
    pub kind: u8,
    /// The place of the key that owes it, in the list of keys that was asked for.
    pub key: u32,
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: Attempt,
    /// Whose result it is about.
    pub provider: AccountId,
    /// Last block of the step owed next, later if finality lags.
    pub deadline: BlockNumber,
    /// Names the duty on this fork: as long as it stays, the [`Duty`] does too, but for its deadline.
    pub id: H256,
}

/// Where a page of duties goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct DutyCursor {
    /// The kind that is being listed.
    pub kind: u8,
    /// The place of the key that is, for kinds that are listed key by key.
    pub key: u32,
    /// The job behind which the page begins, in the order of storage.
    pub after: Option<JobId>,
}

/// Some of the jobs that the chain keeps.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct JobPage {
    /// The jobs, newest first. May be empty though there are more pages: requesters may have had many forgotten.
    pub jobs: Vec<JobInfo>,
    /// Ask for the jobs before this id for the next page; `None` behind the last one.
    pub next: Option<JobId>,
}

/// Some of what keys owe.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct DutyPage {
    /// What is owed, in the order of storage. May be empty though there are more pages.
    pub heads: Vec<DutyHead>,
    /// Where the next page begins; `None` behind the last one.
    pub next: Option<DutyCursor>,
}

/// Work that one of a node's keys owes.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
// Lives for one call at a time: boxing the larger variant would save nothing.
#[allow(clippy::large_enum_variant)]
pub enum Duty {
    /// Run a job and commit to the result.
    #[codec(index = 0)]
    Provide(ProvideDuty),
    /// Check a commitment: first to seal, later to reveal.
    #[codec(index = 1)]
    Check(CheckDuty),
}

/// A job to run.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct ProvideDuty {
    /// The key that owes it.
    pub key: AppKey,
    /// Job, attempt, provider and seed.
    pub binding: AttemptBinding,
    /// The model.
    pub model: ArtifactId,
    /// The class.
    pub class: VerificationClass,
    /// The work.
    pub work: WorkSpec,
    /// Block of the assignment: the result is published once this block is final.
    pub assigned_at: BlockNumber,
    /// Last block for the commitment, later if finality lags.
    pub deadline: BlockNumber,
}

/// A commitment to check.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct CheckDuty {
    /// The key that owes it.
    pub key: AppKey,
    /// The validator whose key it is.
    pub validator: AccountId,
    /// What is judged.
    pub audit: AuditRef,
    /// The beacon of [`AuditRef::beacon_block`]: the verdict is published once that block is final.
    pub beacon: H256,
    /// Job, attempt, provider and seed.
    pub binding: AttemptBinding,
    /// The model.
    pub model: ArtifactId,
    /// The class.
    pub class: VerificationClass,
    /// The work.
    pub work: WorkSpec,
    /// What the provider committed to.
    pub commitment: Commitment,
    /// Block of the commitment.
    pub committed_at: BlockNumber,
    /// Last block of the step owed next, of the seal, then of the reveal; later if finality lags.
    pub deadline: BlockNumber,
}

// One API an area: a change in one stops no node that asks only others. Each change of a type that an API takes or
// returns raises its version.
sp_api::decl_runtime_apis! {
    /// Jobs, and what a node's keys owe.
    pub trait StrikeApi {
        /// A job, while it is kept.
        fn job(job: JobId) -> Option<JobInfo>;
        /// Up to `limit` of the jobs kept, newest first, below `before`, of one requester or of all, in pages.
        fn jobs(requester: Option<AccountId>, before: Option<JobId>, limit: u32) -> JobPage;
        /// What these keys owe, in short and in pages: those behind `after`, of at most `limit` that are looked at.
        fn duty_heads(keys: Vec<AppKey>, after: Option<DutyCursor>, limit: u32) -> DutyPage;
        /// The duty of this kind that `key` owes for the job.
        fn duty(key: AppKey, kind: u8, job: JobId) -> Option<Duty>;
    }

    /// Asks and prices.
    pub trait MarketApi {
        /// What an order would cost now; `None` if no ask fits it.
        fn quote(order: JobOrder) -> Option<Quote>;
        /// What an order costs and holds now beside its price; `None` if it is not one that is taken now.
        fn costs(order: JobOrder) -> Option<Costs>;
        /// All asks for a model, by class, the cheapest first.
        fn asks(model: ArtifactId) -> Vec<AskInfo>;
    }

    /// Who serves.
    pub trait ProvidersApi {
        /// Up to `limit` registered providers with their asks, from the one after `after` in storage order.
        fn providers(after: Option<AccountId>, limit: u32) -> Vec<ProviderInfo>;
        /// The provider that registered an app key.
        fn provider_of(key: AppKey) -> Option<AccountId>;
    }

    /// What is registered.
    pub trait ProvenanceApi {
        /// Up to `limit` registered models, from the one after `after` in storage order.
        fn models(after: Option<ArtifactId>, limit: u32) -> Vec<ModelInfo>;
    }
}
