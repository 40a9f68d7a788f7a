//! Commitments: what a provider's has to fit, and the audit it opens.

use crate::{
    types::{OpenAudit, PerValidator, Phase, Position, Refusal},
    Config, CurrentSet, Error, Event, OpenAudits, Pallet,
};
use frame_support::{
    ensure,
    pallet_prelude::{DispatchResult, TransactionSource, ValidTransaction},
    traits::Get,
    weights::Weight,
};
use sp_application_crypto::RuntimeAppPublic;
use sp_runtime::transaction_validity::TransactionValidityWithRefund;
use strike_primitives::{
    app::AppSignature,
    commitment::{commit_payload, job_root, AttemptBinding, Commitment, CommitmentV1, StopReason},
    job::{seed, spec_hash, VerificationClass, WorkSpec},
    traits::{AssignedJob, Assignments, Beacon, ProviderRegistry},
    AccountId, Attempt, BlockNumber, JobId, H256,
};

/// First part of the `provides` tags of this pallet's transactions.
pub(crate) const TAG_PREFIX: &str = "StrikeVerification";
/// Second part: which step a transaction is.
pub(crate) const TAG_COMMIT: u8 = 0;
/// See [`TAG_COMMIT`].
pub(crate) const TAG_SEAL: u8 = 1;
/// See [`TAG_COMMIT`].
pub(crate) const TAG_REVEAL: u8 = 2;

impl<T: Config> Pallet<T> {
    /// What a result of the job's running attempt is bound to: genesis, job, attempt, provider, work and seed.
    ///
    /// `None` while the job is not assigned, and until the beacon of the block after the assignment is known, that is
    /// up to and including the block after it.
    pub fn binding(job: JobId) -> Option<AttemptBinding> {
        let assigned = T::Assignments::assigned_job(job)?;
        Self::binding_of(job, &assigned)
    }

    /// [`Self::binding`] where the assignment is at hand. Once a commitment is in, its audit remembers the seed.
    pub(crate) fn binding_of(job: JobId, assigned: &AssignedJob) -> Option<AttemptBinding> {
        if let Some(audit) = OpenAudits::<T>::get(job).filter(|audit| audit.attempt == assigned.attempt) {
            return Some(Self::binding_of_audit(job, &audit));
        }
        let genesis = Self::genesis();
        let beacon = Self::beacon(assigned.assigned_at.checked_add(1)?)?;
        Some(AttemptBinding {
            genesis,
            job,
            attempt: assigned.attempt,
            provider: assigned.provider.clone(),
            spec_hash: spec_hash(&assigned.work, &assigned.model, assigned.class),
            seed: seed(&genesis, job, assigned.attempt, &beacon),
        })
    }

    /// What the commitment under audit is bound to.
    pub(crate) fn binding_of_audit(job: JobId, audit: &OpenAudit) -> AttemptBinding {
        AttemptBinding {
            genesis: Self::genesis(),
            job,
            attempt: audit.attempt,
            provider: audit.provider.clone(),
            spec_hash: audit.spec_hash,
            seed: audit.seed,
        }
    }

    /// Hash of the genesis block: what signed payloads and seeds begin with.
    pub fn genesis() -> H256 {
        // Frame never prunes this one.
        frame_system::Pallet::<T>::block_hash(frame_system::pallet_prelude::BlockNumberFor::<T>::default())
    }

    /// Everything a commitment has to fit except its signature and [who may judge it](Self::judges).
    pub(crate) fn check_commitment(
        job: JobId,
        attempt: Attempt,
        commitment: &Commitment,
    ) -> Result<(AssignedJob, AttemptBinding), Refusal> {
        let assigned = T::Assignments::assigned_job(job).ok_or(Refusal::JobNotAssigned)?;
        ensure!(attempt >= assigned.attempt, Refusal::AttemptOver);
        ensure!(attempt == assigned.attempt, Refusal::AttemptNotBegun);
        ensure!(!assigned.committed, Refusal::AlreadyCommitted);
        ensure!(Self::time() <= assigned.commit_deadline, Refusal::DeadlinePassed);
        check_claims(commitment.v1(), &assigned.work, assigned.class)?;
        let binding = Self::binding_of(job, &assigned).ok_or(Refusal::SeedUnknown)?;
        ensure!(is_bound(commitment.v1(), &binding), Refusal::JobRootMismatch);
        Ok((assigned, binding))
    }

    /// Who may judge a commitment of `provider` that comes in now. Where the provider's own links keep out half of the
    /// validators or more, it is no answer: else a provider about to be late could link itself to them and go free.
    /// Where the validators keep themselves out, all of them, it is taken, and its audit ends undecided.
    pub(crate) fn judges(provider: &AccountId) -> Result<PerValidator<Position>, Refusal> {
        Self::eligible_in(&Self::current_validators(), provider).ok_or(Refusal::NobodyEligible)
    }

    pub(crate) fn authorize_commit(
        source: TransactionSource,
        job: &JobId,
        attempt: &Attempt,
        commitment: &Commitment,
        signature: &AppSignature,
    ) -> TransactionValidityWithRefund {
        Self::ensure_room(source, Self::commit_weight())?;
        let (assigned, binding) = Self::check_commitment(*job, *attempt, commitment)?;
        let key = T::Providers::app_key(&assigned.provider).ok_or(Refusal::ProviderKeyNotFound)?;
        let payload = commit_payload(&binding.genesis, *job, *attempt, commitment);
        ensure!(key.verify(&payload, signature), Refusal::BadSignature);
        // Dearer than a signature, so only for who has the key.
        Self::judges(&assigned.provider)?;
        Self::valid_until(assigned.commit_deadline, (TAG_COMMIT, job, attempt, &assigned.provider))
    }

    /// Validity of an attestation that counts up to and including time `last`. Equal priority for all: none displaces
    /// another, and a second transaction for the same step waits until the pool has dropped the first.
    pub(crate) fn valid_until(last: BlockNumber, provides: impl codec::Encode) -> TransactionValidityWithRefund {
        ValidTransaction::with_tag_prefix(TAG_PREFIX)
            .priority(T::UnsignedPriority::get())
            .and_provides(provides)
            .longevity(u64::from(last.saturating_sub(Self::time())).saturating_add(1))
            .propagate(true)
            .build()
            .map(|validity| (validity, Weight::zero()))
    }

    pub(crate) fn do_commit(job: JobId, attempt: Attempt, commitment: Commitment) -> DispatchResult {
        let (assigned, binding) = Self::check_commitment(job, attempt, &commitment).map_err(Error::<T>::Refused)?;
        let eligible = Self::judges(&assigned.provider).map_err(Error::<T>::Refused)?;
        T::Assignments::on_committed(job, attempt)?;
        Self::count_attestation(Self::commit_weight());
        Self::deposit_event(Event::CommitmentRecorded {
            job,
            attempt,
            provider: assigned.provider.clone(),
            commitment: commitment.clone(),
        });
        // Validators have as long as the provider had, who did no more than they have to.
        let period = T::SealPeriod::get().max(assigned.period);
        let set = CurrentSet::<T>::get();
        let audit = OpenAudit {
            attempt,
            commitment_hash: commitment.hash(),
            commitment,
            class: assigned.class,
            spec_hash: binding.spec_hash,
            seed: binding.seed,
            committed_at: Self::now(),
            opened_at: Self::time(),
            set,
            eligible,
            phase: Phase::Sealing { until: Self::time().saturating_add(period) },
            seals: PerValidator::new(),
            reveals: PerValidator::new(),
            provider: assigned.provider,
        };
        Self::open_audit(job, audit);
        Ok(())
    }
}

/// Whether the job root is that of this commitment's fields under `binding`.
pub(crate) fn is_bound(commitment: &CommitmentV1, binding: &AttemptBinding) -> bool {
    let CommitmentV1 { job_root: claimed, out_root, trace_root, n_in, n_out, stop } = commitment;
    *claimed == job_root(binding, out_root, trace_root, *n_in, *n_out, *stop)
}

/// Counts and roots that the job and its class allow.
fn check_claims(commitment: &CommitmentV1, work: &WorkSpec, class: VerificationClass) -> Result<(), Refusal> {
    match class {
        VerificationClass::Exact if commitment.stop.is_job_error() => {
            ensure!(commitment.trace_root.is_none(), Refusal::TraceUnexpected)
        }
        VerificationClass::Exact => ensure!(commitment.trace_root.is_some(), Refusal::TraceMissing),
        VerificationClass::Statistical => ensure!(commitment.trace_root.is_none(), Refusal::TraceUnexpected),
    }
    ensure!(work.may_stop(commitment.stop), Refusal::StopUnexpected);
    ensure!(
        commitment.stop == StopReason::InputTooLong || commitment.n_in <= work.max_input_tokens(),
        Refusal::TooManyInputTokens
    );
    ensure!(commitment.n_out <= work.max_output_tokens(), Refusal::TooManyOutputTokens);
    ensure!(!commitment.stop.is_job_error() || commitment.n_out == 0, Refusal::OutputUnexpected);
    Ok(())
}
