//! What the market keeps.

use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{
    traits::{ConstU32, Get},
    BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound,
};
use scale_info::TypeInfo;
use strike_primitives::{
    artifact::ArtifactId,
    job::{VerificationClass, WorkKind},
    receipt::CloseReason,
    traits::RunningAttempt,
    AccountId, Attempt, Balance, BlockNumber, JobId, Units,
};

/// What is traded: a model, verified in one way. Every service has its own asks and its own waiting jobs.
pub type Service = (ArtifactId, VerificationClass);

/// Most attempts that [`crate::Config::MaxAttempts`] may allow.
pub const MAX_ATTEMPTS: u32 = 8;

/// Most owners that one settlement pays royalties to; beyond them the share stays with the provider.
pub const MAX_ROYALTIES: u32 = 32;

/// An ask of the genesis block: provider, model, class, price per 1,000 units, capacity, the most units of one job,
/// throughput.
pub type GenesisAsk = (AccountId, ArtifactId, VerificationClass, Balance, u32, Units, u32);

/// A provider's offer to run a service.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Ask {
    /// Whose it is.
    pub provider: AccountId,
    /// Price per [`strike_primitives::UNITS_PER_PRICE`] units.
    pub price: Balance,
    /// Jobs it takes at once.
    pub capacity: u32,
    /// The most units it takes in one job.
    pub max_units: Units,
    /// The units of one job that it promises to do in a block, at least. Above zero.
    pub throughput: u32,
    /// What is held of the provider for it.
    pub deposit: Balance,
}

impl Ask {
    /// Blocks that a job of so many units needs here: `start`, and one for every `throughput` units.
    pub fn least_deadline(&self, max_units: Units, start: BlockNumber) -> BlockNumber {
        let blocks = max_units.checked_div(self.throughput.into()).unwrap_or(Units::MAX);
        start.saturating_add(BlockNumber::try_from(blocks).unwrap_or(BlockNumber::MAX))
    }
}

/// A provider comes behind others because of attempts that failed by its own fault.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Demotion {
    /// Last time at which it counts.
    pub until: BlockNumber,
    /// How long it lasts.
    pub period: BlockNumber,
}

impl Demotion {
    /// From when on it makes no difference.
    pub fn forgotten_at(&self) -> BlockNumber {
        self.until.saturating_add(self.period).saturating_add(1)
    }
}

/// The terms of one attempt, fixed when it was assigned.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Assignment {
    /// Who works.
    pub provider: AccountId,
    /// The agreed price per [`strike_primitives::UNITS_PER_PRICE`] units.
    pub price: Balance,
    /// What of the provider's bond stands behind the attempt.
    pub at_risk: Balance,
    /// Block of the assignment.
    pub assigned_at: BlockNumber,
    /// Last time at which a commitment counts.
    pub deadline: BlockNumber,
}

/// Where a job stands.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum JobState {
    /// Waits for a provider.
    #[codec(index = 0)]
    Pending {
        /// Last time of waiting.
        deadline: BlockNumber,
    },
    /// A provider works on it.
    #[codec(index = 1)]
    Assigned(Assignment),
    /// A commitment is in and is being checked.
    #[codec(index = 2)]
    Committed {
        /// The terms.
        assignment: Assignment,
        /// Block of the commitment.
        committed_at: BlockNumber,
    },
    /// The verdict is in and waits for its settlement.
    #[codec(index = 3)]
    Judged(Assignment),
    /// Over.
    #[codec(index = 4)]
    Closed(CloseReason),
}

/// What an order pays for what it makes the chain do later.
#[derive(Clone, Default, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Upkeep {
    /// The job's part of [`crate::Load`], in picoseconds: what the attestations of one attempt weigh. Zero once closed.
    pub load: u64,
    /// The attestation fee of one attempt, as it was when the job was ordered.
    pub fee: Balance,
    /// What was burned, all attempts together.
    pub burned: Balance,
    /// What is held of the requester for the attestations of further attempts.
    pub reserve: Balance,
}

/// A job without its order, which is kept apart because it is large and never changes.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Job {
    /// Who ordered and pays.
    pub requester: AccountId,
    /// The model and the class ordered.
    pub service: Service,
    /// The kind of work ordered.
    pub kind: WorkKind,
    /// The most units the work can use.
    pub max_units: Units,
    /// What is held of the requester to pay for it: the order's `max_price` while the job is open, nothing after.
    pub escrow: Balance,
    /// What is held of the requester for the storage.
    pub deposit: Balance,
    /// What it pays for beside the work.
    pub upkeep: Upkeep,
    /// Blocks each provider has for its commitment.
    pub deadline: BlockNumber,
    /// Block of the order.
    pub submitted_at: BlockNumber,
    /// The running or last attempt.
    pub attempt: Attempt,
    /// Providers whose attempts failed.
    pub failed: BoundedVec<AccountId, ConstU32<MAX_ATTEMPTS>>,
    /// What was burned of providers' bonds, all attempts together.
    pub slashed: Balance,
    /// What providers' bonds paid the requester, all attempts together.
    pub compensated: Balance,
    /// Where it stands.
    pub state: JobState,
    /// The time at which the deadline queue looks at it, if time alone can change its state.
    pub due: Option<BlockNumber>,
}

impl Job {
    /// The running attempt, from its assignment until its verdict.
    pub fn running_attempt(&self) -> Option<RunningAttempt> {
        let (assignment, committed) = match &self.state {
            JobState::Assigned(assignment) => (assignment, false),
            JobState::Committed { assignment, .. } => (assignment, true),
            JobState::Pending { .. } | JobState::Judged(_) | JobState::Closed(_) => return None,
        };
        Some(RunningAttempt {
            attempt: self.attempt,
            provider: assignment.provider.clone(),
            assigned_at: assignment.assigned_at,
            commit_deadline: assignment.deadline,
            committed,
        })
    }

    /// The terms of the running attempt.
    pub fn assignment(&self) -> Option<&Assignment> {
        match &self.state {
            JobState::Assigned(assignment) | JobState::Committed { assignment, .. } | JobState::Judged(assignment) => {
                Some(assignment)
            }
            JobState::Pending { .. } | JobState::Closed(_) => None,
        }
    }
}

/// Jobs that wait for a provider of one service.
#[derive(CloneNoBound, PartialEqNoBound, EqNoBound, DebugNoBound, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[scale_info(skip_type_params(Bound))]
#[codec(mel_bound())]
pub struct Waiting<Bound: Get<u32>> {
    /// The jobs, oldest first: ids in ascending order.
    pub jobs: BoundedVec<JobId, Bound>,
    /// The next lap's visit goes to the first job that is not below this id, or to the oldest if there is none.
    pub next: JobId,
}

impl<Bound: Get<u32>> Default for Waiting<Bound> {
    fn default() -> Self {
        Self { jobs: BoundedVec::new(), next: 0 }
    }
}

/// Both ends of a queue kept as a map from position to item.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct QueueEnds {
    /// Position of the first item.
    pub head: u64,
    /// Position the next item gets.
    pub tail: u64,
}

/// What matching needs to know of a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand<'a> {
    /// What is wanted.
    pub service: &'a Service,
    /// The most units it can use.
    pub max_units: Units,
    /// The most it may cost.
    pub max_price: Balance,
    /// Blocks a provider has for it.
    pub deadline: BlockNumber,
    /// Who asks, if that is known.
    pub requester: Option<&'a AccountId>,
    /// Providers that are out of question.
    pub failed: &'a [AccountId],
}

/// An ask that fits a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Fit {
    /// Whose.
    pub provider: AccountId,
    /// Its price.
    pub price: Balance,
    /// The most the job can cost there.
    pub max_fee: Balance,
    /// What the provider risks: no less than it can earn, and no less than [`crate::Config::MinAtRisk`].
    pub at_risk: Balance,
}
