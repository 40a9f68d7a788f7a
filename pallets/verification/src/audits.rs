//! Audits: from a commitment over sealed and revealed verdicts to one outcome.
//!
//! ```text
//! commit ─▶ Sealing ──all sealed, or grace after a majority, or period over──▶ Revealing ──▶ concluded
//!              └──── fewer than a majority sealed ───▶ concluded, undecided        ▲  all revealed, or period over
//!                                               Delivering ── retry ───────────────┘  (the market refused the outcome)
//! ```

use crate::{
    commitments::{TAG_REVEAL, TAG_SEAL},
    types::{AuditSummary, KeySet, OpenAudit, Phase, Position, Refusal},
    AuditRecords, Beacons, Config, Error, Event, KeySets, OpenAudits, Pallet, LOG_TARGET, MAX_DELIVERIES,
    MAX_DELIVERY_DELAY,
};
use frame_support::{
    defensive, ensure,
    pallet_prelude::{DispatchError, DispatchResult, TransactionSource},
    storage::with_storage_layer,
    traits::{Defensive, Get},
};
use sp_application_crypto::RuntimeAppPublic;
use sp_runtime::transaction_validity::TransactionValidityWithRefund;
use strike_primitives::{
    app::{AppKey, AppSignature},
    commitment::Commitment,
    traits::{Clock, OnVerdict},
    verdict::{reveal_payload, seal_payload, AssignmentProof, AuditRef, RevealedVerdict, SealedVerdict, Verdict},
    AccountId, BlockNumber, JobId,
};

/// An attestation that fits its audit: what has to be done with it and who has to have signed it.
pub(crate) struct Fitting {
    audit: OpenAudit,
    position: Position,
    key: AppKey,
    /// Last time at which it counts.
    until: BlockNumber,
}

impl<T: Config> Pallet<T> {
    /// The job's last commitment, until the job is pruned.
    pub fn commitment(job: JobId) -> Option<Commitment> {
        Self::audit(job).map(|audit| audit.commitment)
    }

    /// The job's open or, if none is open, last audit in short, until the job is pruned.
    pub fn audit(job: JobId) -> Option<AuditSummary> {
        OpenAudits::<T>::get(job).map(|audit| audit.summary(None)).or_else(|| AuditRecords::<T>::get(job))
    }

    /// Open the audit of a commitment that was just recorded.
    pub(crate) fn open_audit(job: JobId, audit: OpenAudit) {
        Self::hold_set(audit.set);
        Self::schedule(job, audit.phase.due());
        OpenAudits::<T>::insert(job, audit);
    }

    /// The open audit that `reference` names, with its validators and, of them, the one that attests.
    fn open_audit_of(reference: &AuditRef, validator: &AccountId) -> Result<(OpenAudit, Position, AppKey), Refusal> {
        let audit = OpenAudits::<T>::get(reference.job).ok_or(Refusal::AuditNotOpen)?;
        ensure!(reference.attempt >= audit.attempt, Refusal::AttemptOver);
        ensure!(reference.attempt == audit.attempt, Refusal::AttemptNotBegun);
        ensure!(reference.commitment == audit.commitment_hash, Refusal::CommitmentMismatch);
        ensure!(reference.beacon_block == audit.beacon_block(), Refusal::BeaconBlockMismatch);
        let set = Self::set_of(&audit);
        let (position, validator) = Self::validator_in(&set, validator).ok_or(Refusal::NotValidator)?;
        ensure!(audit.is_eligible(position), Refusal::NotEligible);
        let key = validator.key.clone();
        Ok((audit, position, key))
    }

    /// Everything a seal has to fit except its signature.
    pub(crate) fn check_seal(sealed: &SealedVerdict) -> Result<Fitting, Refusal> {
        ensure!(sealed.assignment == AssignmentProof::All, Refusal::DrawNotSupported);
        let (audit, position, key) = Self::open_audit_of(&sealed.audit, &sealed.validator)?;
        ensure!(audit.seal_of(position).is_none(), Refusal::AlreadySealed);
        let until = match audit.phase {
            Phase::Sealing { until } if Self::time() <= until => until,
            _ => return Err(Refusal::SealingClosed),
        };
        ensure!(Beacons::<T>::contains_key(audit.beacon_block()), Refusal::BeaconUnknown);
        Ok(Fitting { audit, position, key, until })
    }

    /// Everything a reveal has to fit except its signature.
    pub(crate) fn check_reveal(revealed: &RevealedVerdict) -> Result<Fitting, Refusal> {
        let (audit, position, key) = Self::open_audit_of(&revealed.audit, &revealed.validator)?;
        ensure!(audit.verdict_of(position).is_none(), Refusal::AlreadyRevealed);
        let until = match audit.phase {
            Phase::Sealing { .. } => return Err(Refusal::RevealingNotBegun),
            Phase::Revealing { until } if Self::time() <= until => until,
            _ => return Err(Refusal::RevealingClosed),
        };
        let seal = audit.seal_of(position).ok_or(Refusal::NotSealed)?;
        let traced = audit.commitment.v1().trace_root.is_some();
        if traced && matches!(revealed.verdict, Verdict::Valid { .. }) {
            ensure!(revealed.work_tag.is_some(), Refusal::WorkTagMissing);
        } else {
            ensure!(revealed.work_tag.is_none(), Refusal::WorkTagUnexpected);
        }
        ensure!(revealed.seal(&Self::genesis()) == seal, Refusal::SealMismatch);
        Ok(Fitting { audit, position, key, until })
    }

    pub(crate) fn authorize_seal(
        source: TransactionSource,
        sealed: &SealedVerdict,
        signature: &AppSignature,
    ) -> TransactionValidityWithRefund {
        Self::ensure_room(source, Self::seal_weight())?;
        let fitting = Self::check_seal(sealed)?;
        ensure!(fitting.key.verify(&seal_payload(&Self::genesis(), sealed), signature), Refusal::BadSignature);
        Self::valid_until(fitting.until, (TAG_SEAL, sealed.audit.job, sealed.audit.attempt, &sealed.validator))
    }

    pub(crate) fn authorize_reveal(
        source: TransactionSource,
        revealed: &RevealedVerdict,
        signature: &AppSignature,
    ) -> TransactionValidityWithRefund {
        Self::ensure_room(source, Self::reveal_weight())?;
        let fitting = Self::check_reveal(revealed)?;
        ensure!(fitting.key.verify(&reveal_payload(&Self::genesis(), revealed), signature), Refusal::BadSignature);
        let AuditRef { job, attempt, .. } = revealed.audit;
        Self::valid_until(fitting.until, (TAG_REVEAL, job, attempt, &revealed.validator))
    }

    pub(crate) fn do_seal(sealed: SealedVerdict) -> DispatchResult {
        let Fitting { mut audit, position, until, .. } = Self::check_seal(&sealed).map_err(Error::<T>::Refused)?;
        let SealedVerdict { audit: AuditRef { job, attempt, .. }, validator, seal, .. } = sealed;
        audit.seals.try_push((position, seal)).map_err(|_| Error::<T>::Refused(Refusal::AlreadySealed))?;
        Self::count_attestation(Self::seal_weight());
        Self::deposit_event(Event::VerdictSealed { job, attempt, validator });

        if audit.seals.len() >= audit.eligible.len() {
            Self::unschedule(job, audit.phase.due());
            Self::end_sealing(job, audit);
            return Ok(());
        }
        if audit.seals.len() == audit.majority() {
            Self::unschedule(job, audit.phase.due());
            let until = audit.sealing_after_majority(Self::time(), until, T::SealGrace::get());
            audit.phase = Phase::Sealing { until };
            Self::schedule(job, audit.phase.due());
        }
        OpenAudits::<T>::insert(job, audit);
        Ok(())
    }

    pub(crate) fn do_reveal(revealed: RevealedVerdict) -> DispatchResult {
        let Fitting { mut audit, position, .. } = Self::check_reveal(&revealed).map_err(Error::<T>::Refused)?;
        let RevealedVerdict { audit: AuditRef { job, attempt, .. }, validator, verdict, work_tag, .. } = revealed;
        audit
            .reveals
            .try_push((position, verdict, work_tag))
            .map_err(|_| Error::<T>::Refused(Refusal::AlreadyRevealed))?;
        Self::count_attestation(Self::reveal_weight());
        Self::deposit_event(Event::VerdictRevealed { job, attempt, validator, verdict });

        if audit.reveals.len() >= audit.seals.len() {
            Self::unschedule(job, audit.phase.due());
            Self::conclude(job, audit);
        } else {
            OpenAudits::<T>::insert(job, audit);
        }
        Ok(())
    }

    /// The deadline queue came to an audit. Does nothing where the audit has moved on since it was queued.
    pub(crate) fn on_deadline(job: JobId, time: BlockNumber) {
        let Some(audit) = OpenAudits::<T>::get(job) else { return };
        if time < audit.phase.due() {
            return;
        }
        match audit.phase {
            Phase::Sealing { .. } => Self::end_sealing(job, audit),
            Phase::Revealing { .. } | Phase::Delivering { .. } => Self::conclude(job, audit),
        }
    }

    /// No more seals. Opens the reveals, or ends the audit where they could no longer decide anything.
    fn end_sealing(job: JobId, mut audit: OpenAudit) {
        if audit.seals.len() < audit.majority() {
            return Self::conclude(job, audit);
        }
        let until = Self::time().saturating_add(T::RevealPeriod::get());
        Self::deposit_event(Event::RevealStarted {
            job,
            attempt: audit.attempt,
            sealed: audit.seals.len() as u32,
            eligible: audit.eligible.len() as u32,
            until: T::Clock::block_at(until),
        });
        audit.phase = Phase::Revealing { until };
        Self::schedule(job, audit.phase.due());
        OpenAudits::<T>::insert(job, audit);
    }

    /// Close the audit and hand over its outcome, all or nothing. Where the market refuses it, it is tried again
    /// later, at growing intervals, and given up after [`MAX_DELIVERIES`] tries, so that nothing stays open for ever.
    fn conclude(job: JobId, mut audit: OpenAudit) {
        let attempt = audit.attempt;
        let delivered = with_storage_layer(|| -> Result<(), DispatchError> {
            let outcome = audit.outcome(&Self::set_of(&audit));
            Self::close(job, &audit);
            T::OnVerdict::on_verdict(job, attempt, outcome)
        });
        let Err(error) = delivered else { return };

        let failed = match audit.phase {
            Phase::Delivering { failed, .. } => failed.saturating_add(1),
            _ => 1,
        };
        log::error!(target: LOG_TARGET, "outcome of job {job}, attempt {attempt} refused {failed} times: {error:?}");
        if failed >= MAX_DELIVERIES {
            Self::close(job, &audit);
            Self::deposit_event(Event::OutcomeAbandoned { job, attempt, error });
            return;
        }
        let delay = 1u32.checked_shl(failed).map_or(MAX_DELIVERY_DELAY, |delay| delay.min(MAX_DELIVERY_DELAY));
        let retry_at = Self::time().saturating_add(delay);
        let block = T::Clock::block_at(retry_at);
        Self::deposit_event(Event::OutcomeDeferred { job, attempt, error, retry_at: block });
        audit.phase = Phase::Delivering { retry_at, failed };
        Self::schedule(job, retry_at);
        OpenAudits::<T>::insert(job, audit);
    }

    /// Replace the open audit by its summary.
    fn close(job: JobId, audit: &OpenAudit) {
        let summary = audit.summary(Some(Self::now()));
        Self::deposit_event(Event::AuditConcluded {
            job,
            attempt: audit.attempt,
            verdict: summary.verdict,
            agreeing: summary.agreeing,
            eligible: summary.eligible,
        });
        AuditRecords::<T>::insert(job, summary);
        OpenAudits::<T>::remove(job);
        Self::release_set(audit.set);
    }

    /// Drop what is kept of a job.
    pub(crate) fn forget_job(job: JobId) {
        AuditRecords::<T>::remove(job);
        if let Some(audit) = OpenAudits::<T>::take(job) {
            defensive!("a job under audit is not pruned");
            Self::unschedule(job, audit.phase.due());
            Self::release_set(audit.set);
        }
    }

    /// The validators an audit is judged by.
    pub(crate) fn set_of(audit: &OpenAudit) -> KeySet {
        KeySets::<T>::get(audit.set).defensive_unwrap_or_default()
    }
}
