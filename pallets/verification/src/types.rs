//! What the pallet stores and returns, and why it refuses an attestation.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    pallet_prelude::{InvalidTransaction, TransactionValidityError},
    traits::ConstU32,
    BoundedVec, PalletError,
};
use scale_info::TypeInfo;
use sp_core::H256;
use strike_primitives::{
    app::AppKey,
    commitment::{Commitment, StopReason},
    job::VerificationClass,
    traits::{AuditOutcome, MAX_VALIDATORS},
    verdict::{same_vote, AuditRef, Verdict},
    AccountId, Attempt, BlockNumber, JobId,
};

/// A list with at most one item for each validator of a set.
pub type PerValidator<V> = BoundedVec<V, ConstU32<MAX_VALIDATORS>>;

/// Index of a validator set; counted up from 0, the set of genesis.
pub type SetId = u32;

/// A validator's place in its set.
pub type Position = u8;

/// A validator of a session with the app key that signs its verdicts.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SessionValidator {
    /// Its account.
    pub account: AccountId,
    /// Its `strk` session key.
    pub key: AppKey,
}

/// The validators of some sessions in a row.
pub type KeySet = PerValidator<SessionValidator>;

/// What an open audit waits for.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Phase {
    /// Sealed verdicts.
    #[codec(index = 0)]
    Sealing {
        /// Last time at which a seal counts.
        until: BlockNumber,
    },
    /// The sealed verdicts, opened.
    #[codec(index = 1)]
    Revealing {
        /// Last time at which a reveal counts.
        until: BlockNumber,
    },
    /// Nothing more; its outcome was refused and is delivered again.
    #[codec(index = 2)]
    Delivering {
        /// Time of the next try.
        retry_at: BlockNumber,
        /// Tries that failed.
        failed: u32,
    },
}

impl Phase {
    /// The time at which the deadline queue has to look at the audit.
    pub fn due(&self) -> BlockNumber {
        match self {
            // A time that saturates is never reached.
            Self::Sealing { until } | Self::Revealing { until } => until.saturating_add(1),
            Self::Delivering { retry_at, .. } => *retry_at,
        }
    }
}

/// A commitment under audit. Seed and spec hash are copied, so that nothing depends on how long beacons are kept.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct OpenAudit {
    /// The attempt.
    pub attempt: Attempt,
    /// Who committed.
    pub provider: AccountId,
    /// How the result is verified.
    pub class: VerificationClass,
    /// What is judged.
    pub commitment: Commitment,
    /// Its hash.
    pub commitment_hash: H256,
    /// [`strike_primitives::job::spec_hash`] of the work.
    pub spec_hash: H256,
    /// [`strike_primitives::job::seed`] of the attempt.
    pub seed: H256,
    /// Block of the commitment.
    pub committed_at: BlockNumber,
    /// Time of the commitment.
    pub opened_at: BlockNumber,
    /// The validator set that checks.
    pub set: SetId,
    /// Which of the set may judge, in ascending order.
    pub eligible: PerValidator<Position>,
    /// What it waits for.
    pub phase: Phase,
    /// Seals, in the order they came.
    pub seals: PerValidator<(Position, H256)>,
    /// Verdicts and work tags, in the order they were revealed.
    pub reveals: PerValidator<(Position, Verdict, Option<H256>)>,
}

impl OpenAudit {
    /// The block whose beacon the checks are bound to: the one after the commitment, which the provider could not know.
    pub fn beacon_block(&self) -> BlockNumber {
        self.committed_at.saturating_add(1)
    }

    /// How signed verdicts name this audit.
    pub fn reference(&self, job: JobId) -> AuditRef {
        AuditRef { job, attempt: self.attempt, commitment: self.commitment_hash, beacon_block: self.beacon_block() }
    }

    /// Last time of sealing once a majority has sealed at `time`, at most `until`. The others get as long again as the
    /// majority took, and at least `least`: seals hide who agrees, so a few that are quick and wrong must not shut out
    /// those that are slower and right.
    pub fn sealing_after_majority(&self, time: BlockNumber, until: BlockNumber, least: BlockNumber) -> BlockNumber {
        until.min(time.saturating_add(time.saturating_sub(self.opened_at).max(least)))
    }

    /// The least number of agreeing verdicts that decide: more than half of all that may judge.
    pub fn majority(&self) -> usize {
        (self.eligible.len() / 2).saturating_add(1)
    }

    /// Whether the validator at `position` may judge.
    pub fn is_eligible(&self, position: Position) -> bool {
        self.eligible.contains(&position)
    }

    /// The seal of the validator at `position`.
    pub fn seal_of(&self, position: Position) -> Option<H256> {
        self.seals.iter().find(|(sealed, _)| *sealed == position).map(|(_, seal)| *seal)
    }

    /// The revealed verdict of the validator at `position`.
    pub fn verdict_of(&self, position: Position) -> Option<Verdict> {
        self.reveals.iter().find(|(revealed, ..)| *revealed == position).map(|(_, verdict, _)| *verdict)
    }

    /// The vote of a majority of the eligible validators, if there is one, and how many cast it.
    ///
    /// Verdicts that agree need not be equal; the one revealed first stands for them. That an input could not be had
    /// is confirmed or stays undecided: it may have been served to the validators and not to the provider.
    ///
    /// Each reveal is looked at three times, however they are split (majority vote by Boyer and Moore): a vote without
    /// a majority costs no more than one with it.
    fn majority_vote(&self) -> Option<(Verdict, Option<H256>, u32)> {
        // Whatever more than half of them cast is left when others are struck out against it one by one.
        let mut left: Option<(usize, (&Verdict, &Option<H256>))> = None;
        for (_, verdict, tag) in self.reveals.iter() {
            let vote = (verdict, tag);
            left = match left {
                None | Some((0, _)) => Some((1, vote)),
                Some((lead, ahead)) if same_vote(ahead, vote) => Some((lead.saturating_add(1), ahead)),
                Some((lead, ahead)) => Some((lead.saturating_sub(1), ahead)),
            };
        }
        let (_, ahead) = left?;
        let mut agreeing = self.reveals.iter().filter(|(_, verdict, tag)| same_vote(ahead, (verdict, tag)));
        let (_, verdict, tag) = agreeing.next()?;
        let agreeing = agreeing.count().saturating_add(1);
        let confirmed =
            self.commitment.v1().stop != StopReason::InputUnavailable || *verdict == Verdict::Valid { units: 0 };
        (confirmed && agreeing >= self.majority()).then_some((*verdict, *tag, agreeing as u32))
    }

    /// The verdict that a majority of the eligible validators revealed, with one work tag, if there is one, and how
    /// many they are.
    pub fn tally(&self) -> (Option<Verdict>, u32) {
        self.majority_vote().map_or((None, 0), |(verdict, _, agreeing)| (Some(verdict), agreeing))
    }

    /// What the market is told: the tally, and the accounts of those who agree with it.
    pub fn outcome(&self, set: &KeySet) -> AuditOutcome {
        let vote = self.majority_vote();
        let verdict = vote.as_ref().map(|(verdict, _, _)| *verdict);
        let mut validators = PerValidator::new();
        for (position, revealed, revealed_tag) in self.reveals.iter() {
            let agrees =
                vote.as_ref().is_some_and(|(verdict, tag, _)| same_vote((verdict, tag), (revealed, revealed_tag)));
            if let (true, Some(validator)) = (agrees, set.get(usize::from(*position))) {
                if validators.try_push(validator.account.clone()).is_err() {
                    frame_support::defensive!("there are no more reveals than validators");
                }
            }
        }
        AuditOutcome { verdict, commitment: self.commitment_hash, validators }
    }

    /// Its state in short.
    pub fn summary(&self, concluded_at: Option<BlockNumber>) -> AuditSummary {
        let (verdict, agreeing) = if concluded_at.is_some() { self.tally() } else { (None, 0) };
        AuditSummary {
            attempt: self.attempt,
            provider: self.provider.clone(),
            commitment: self.commitment.clone(),
            committed_at: self.committed_at,
            eligible: self.eligible.len() as u32,
            sealed: self.seals.len() as u32,
            revealed: self.reveals.len() as u32,
            agreeing,
            verdict,
            concluded_at,
        }
    }
}

/// An audit in short: what is kept of it until its job is pruned.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct AuditSummary {
    /// The attempt.
    pub attempt: Attempt,
    /// Who committed.
    pub provider: AccountId,
    /// What was judged.
    pub commitment: Commitment,
    /// Block of the commitment.
    pub committed_at: BlockNumber,
    /// Validators that may judge.
    pub eligible: u32,
    /// How many sealed a verdict.
    pub sealed: u32,
    /// How many revealed it.
    pub revealed: u32,
    /// How many agree with the outcome; 0 while it is open or undecided.
    pub agreeing: u32,
    /// The outcome; none while it is open or undecided.
    pub verdict: Option<Verdict>,
    /// Block of the conclusion; none while it is open.
    pub concluded_at: Option<BlockNumber>,
}

/// Why a commitment, a seal or a reveal is refused.
///
/// The pool answers with `InvalidTransaction::Custom` of the number behind each variant, except where the doc line says
/// `Stale` (the chain has it already or is past it; nothing is left to do) or `BadProof`.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo, PalletError,
)]
#[repr(u8)]
pub enum Refusal {
    /// 1: no provider is assigned to the job, or it is over.
    JobNotAssigned = 1,
    /// 2: the attempt has not begun on this fork.
    AttemptNotBegun = 2,
    /// 3: the deadline of the commitment has passed.
    DeadlinePassed = 3,
    /// 4: the exact class has a trace root, unless the job ended in a job error.
    TraceMissing = 4,
    /// 5: the statistical class has no trace root, and neither has a job error.
    TraceUnexpected = 5,
    /// 6: more input tokens than the job allows, without saying so in the stop reason.
    TooManyInputTokens = 6,
    /// 7: more output tokens than the job allows.
    TooManyOutputTokens = 7,
    /// 8: output tokens beside a stop reason that means there is no output.
    OutputUnexpected = 8,
    /// 9: the provider has no app key in the registry.
    ProviderKeyNotFound = 9,
    /// 10: the beacon of the seed is not known yet, or no more.
    SeedUnknown = 10,
    /// 11: the job root is not that of this job, attempt, provider, work and seed.
    JobRootMismatch = 11,
    /// 12: such work does not end for this reason.
    StopUnexpected = 12,
    /// 13: the provider is linked to half of the validators or more by its own word, so nobody may judge.
    NobodyEligible = 13,
    /// 20: no audit of the job is open.
    AuditNotOpen = 20,
    /// 21: the audit is of another commitment.
    CommitmentMismatch = 21,
    /// 22: the audit is bound to the beacon of another block.
    BeaconBlockMismatch = 22,
    /// 23: the audit's beacon is not known yet.
    BeaconUnknown = 23,
    /// 24: seals are no longer taken.
    SealingClosed = 24,
    /// 25: private draws are not supported; every eligible validator checks.
    DrawNotSupported = 25,
    /// 26: the account is not in the validator set of the audit.
    NotValidator = 26,
    /// 27: the validator is the provider or linked to it.
    NotEligible = 27,
    /// 28: verdicts are not yet to be revealed.
    RevealingNotBegun = 28,
    /// 29: reveals are no longer taken.
    RevealingClosed = 29,
    /// 30: the validator sealed no verdict.
    NotSealed = 30,
    /// 31: only a valid verdict on a commitment with a trace has a work tag.
    WorkTagUnexpected = 31,
    /// 32: verdict and salt are not what was sealed.
    SealMismatch = 32,
    /// 33: a valid verdict on a commitment with a trace has a work tag.
    WorkTagMissing = 33,
    /// `Stale`: a commitment for the attempt is in.
    AlreadyCommitted = 40,
    /// `Stale`: the validator has sealed.
    AlreadySealed = 41,
    /// `Stale`: the validator has revealed.
    AlreadyRevealed = 42,
    /// `Stale`: the job is at a later attempt.
    AttemptOver = 43,
    /// `BadProof`: the signature is not by the app key that has to sign.
    BadSignature = 50,
}

impl From<Refusal> for InvalidTransaction {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AlreadyCommitted | Refusal::AlreadySealed | Refusal::AlreadyRevealed | Refusal::AttemptOver => {
                Self::Stale
            }
            Refusal::BadSignature => Self::BadProof,
            other => Self::Custom(other as u8),
        }
    }
}

impl From<Refusal> for TransactionValidityError {
    fn from(refusal: Refusal) -> Self {
        Self::Invalid(refusal.into())
    }
}
