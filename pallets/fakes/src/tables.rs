//! What the fakes know.

// The macro writes undocumented items beside each table.
#![allow(missing_docs)]

use frame_support::{pallet_prelude::ValueQuery, storage_alias};
use sp_runtime::Perbill;
use std::collections::{BTreeMap, BTreeSet};
use strike_primitives::{
    app::AppKey,
    artifact::ArtifactId,
    traits::{AssignedJob, AuditOutcome},
    AccountId, Attempt, Balance, BlockNumber, JobId,
};

/// The bond of each provider, and what is reserved of it.
#[storage_alias]
pub type BondsOf = StorageValue<Fakes, BTreeMap<AccountId, (Balance, Balance)>, ValueQuery>;

/// The app key of each provider that has one.
#[storage_alias]
pub type AppKeys = StorageValue<Fakes, BTreeMap<AccountId, AppKey>, ValueQuery>;

/// Providers that take no jobs.
#[storage_alias]
pub type Inactive = StorageValue<Fakes, BTreeSet<AccountId>, ValueQuery>;

/// Who serves which model.
#[storage_alias]
pub type Served = StorageValue<Fakes, BTreeSet<(AccountId, ArtifactId)>, ValueQuery>;

/// Who named whom as linked.
#[storage_alias]
pub type Linked = StorageValue<Fakes, BTreeSet<(AccountId, AccountId)>, ValueQuery>;

/// Whether releasing a bond is an error.
#[storage_alias]
pub type ReleaseFails = StorageValue<Fakes, bool, ValueQuery>;

/// Whether paying from a bond is an error.
#[storage_alias]
pub type CompensateFails = StorageValue<Fakes, bool, ValueQuery>;

/// What is kept for each account.
#[storage_alias]
pub type Kept = StorageValue<Fakes, BTreeMap<AccountId, Balance>, ValueQuery>;

/// The registered models.
#[storage_alias]
pub type Models = StorageValue<Fakes, BTreeSet<ArtifactId>, ValueQuery>;

/// Who is owed which share of what any model earns.
#[storage_alias]
pub type Shares = StorageValue<Fakes, Vec<(AccountId, Perbill)>, ValueQuery>;

/// The jobs that are assigned.
#[storage_alias]
pub type Assigned = StorageValue<Fakes, BTreeMap<JobId, AssignedJob>, ValueQuery>;

/// The outcomes that were told, oldest first.
#[storage_alias]
pub type Outcomes = StorageValue<Fakes, Vec<(JobId, Attempt, AuditOutcome)>, ValueQuery>;

/// Whether an outcome is answered with an error.
#[storage_alias]
pub type RefuseOutcomes = StorageValue<Fakes, bool, ValueQuery>;

/// Whether no validator is eligible for any provider.
#[storage_alias]
pub type NobodyChecks = StorageValue<Fakes, bool, ValueQuery>;

/// The jobs whose audits were to be forgotten, oldest first.
#[storage_alias]
pub type Forgotten = StorageValue<Fakes, Vec<JobId>, ValueQuery>;

/// The block since which time stands still, if it does.
#[storage_alias]
pub type StoppedSince = StorageValue<Fakes, Option<BlockNumber>, ValueQuery>;

/// Blocks in which time stood still before.
#[storage_alias]
pub type LostTime = StorageValue<Fakes, BlockNumber, ValueQuery>;

/// How many validators check, and what the attestations of an attempt weigh, in picoseconds.
#[storage_alias]
pub type Attesting = StorageValue<Fakes, (u32, u64), ValueQuery>;
