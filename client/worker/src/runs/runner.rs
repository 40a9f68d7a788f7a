//! From a duty to the entry for the mailbox. Blocks for as long as the work takes; called on a thread of its own.

use crate::{
    chain::mailbox::Entry,
    duty::Named,
    engine::execute::{
        executor::{Claimed, Executor},
        outcome::{ExecuteError, Outcome},
    },
    fetch::outputs,
    limits::LOG_TARGET,
    metrics::Metrics,
    runs::{
        failure::Failure,
        judge::{judge, work_tag_of},
        unsaved_results::{UnsavedResult, UnsavedResults},
    },
};
use sp_core::{
    sr25519::{vrf::VrfTranscript, Public},
    H256,
};
use sp_keystore::KeystorePtr;
use std::{
    panic::{catch_unwind, AssertUnwindSafe},
    sync::Arc,
    time::Instant,
};
use strike_blobs::{BlobSource, BlobStore};
use strike_inference::Control;
use strike_primitives::{
    api::{CheckDuty, Duty, ProvideDuty},
    app::{AppKey, APP_KEY_TYPE},
    artifact::{output_bytes_root, ArtifactId, ArtifactKind},
    commitment::{job_root, AttemptBinding, Commitment, CommitmentV1, StopReason},
    job::{Input, VerificationClass},
    mailbox::{CommitmentEntry, VerdictEntry},
    verdict::{salt, salt_input, AuditRef, InvalidReason, Verdict},
};

/// Label of the transcript that salts are derived through. Only this node's keys ever evaluate it.
const SALT_TRANSCRIPT: &[u8] = b"strike/1/salt";

/// What duties are run with. It counts what it does and tells the operator of it.
#[derive(Clone)]
pub(crate) struct Runner {
    /// Runs jobs of this node's providers.
    pub provide: Arc<dyn Executor>,
    /// Runs checks of this node's validators.
    pub check: Arc<dyn Executor>,
    /// Holds the app keys.
    pub keystore: KeystorePtr,
    /// Outputs and inputs of this node. What other nodes have is fetched into it before a run.
    pub blobs: Arc<BlobStore>,
    /// Results of this node's providers whose output could not be written yet.
    pub unsaved: Arc<UnsavedResults>,
    /// Where runs are counted.
    pub metrics: Metrics,
}

impl Runner {
    /// Why a duty can never be done here, as far as that is known without trying. It costs next to nothing.
    pub fn refuses(&self, duty: &Duty) -> Option<Failure> {
        let refused = match duty {
            Duty::Provide(duty) => self.provide.refuses(&duty.model, duty.class, &duty.work),
            // Whether an input is here can be told without the model.
            Duty::Check(duty) if duty.commitment.v1().stop == StopReason::InputUnavailable => None,
            Duty::Check(duty) => self.check.refuses(&duty.model, duty.class, &duty.work),
        };
        refused.map(Failure::Execute)
    }

    /// What the duty needs loaded, and who loads it; nothing where it is done without a model.
    pub fn needed<'a>(&'a self, duty: &'a Duty) -> Option<(&'a Arc<dyn Executor>, &'a ArtifactId, VerificationClass)> {
        match duty {
            Duty::Provide(duty) => Some((&self.provide, &duty.model, duty.class)),
            Duty::Check(duty) if duty.commitment.v1().stop == StopReason::InputUnavailable => None,
            Duty::Check(duty) => Some((&self.check, &duty.model, duty.class)),
        }
    }

    /// Run `duty`. If its input `is_given_up`, a duty that can end without its input does so. A panic of the engine is
    /// a failure like another, not the end of the node.
    pub fn run(&self, duty: &Duty, is_given_up: bool, control: &Control) -> Result<Entry, Failure> {
        let (started, named) = (Instant::now(), Named(duty));
        // The node's panic handler ends the process unless told otherwise.
        let _guard = sp_panic_handler::AbortGuard::force_unwind();
        let entry = catch_unwind(AssertUnwindSafe(|| match duty {
            Duty::Provide(duty) => self.provide(duty, named, is_given_up, control),
            Duty::Check(duty) => self.check(duty, named, is_given_up, control),
        }))
        .unwrap_or_else(|panic| {
            let message = panic
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Err(Failure::Panicked(message))
        })?;
        self.metrics.ran(named.kind(), started.elapsed());
        Ok(entry)
    }

    fn provide(
        &self,
        duty: &ProvideDuty,
        named: Named,
        is_given_up: bool,
        control: &Control,
    ) -> Result<Entry, Failure> {
        let result = match self.unsaved.take(&duty.binding) {
            Some(result) => result,
            None => match self.provide.run(&duty.model, duty.class, &duty.work, &duty.binding.seed, control) {
                Err(ExecuteError::InputMissing(_)) if is_given_up => {
                    commit(&duty.binding, Outcome::job_error(StopReason::InputUnavailable))
                }
                outcome => commit(&duty.binding, outcome?),
            },
        };
        // Before the result is published, so that a node that sees the commitment can ask for the output.
        if let Err(error) = self.blobs.put(ArtifactKind::Output, &result.output) {
            self.unsaved.keep(&duty.binding, result);
            return Err(error.into());
        }
        let CommitmentV1 { n_in, n_out, .. } = result.commitment;
        self.metrics.tokens(named.kind(), n_in, n_out);
        log::info!(target: LOG_TARGET, "Finished {named}: read {n_in} tokens, wrote {n_out}");
        Ok(Entry::Commitment(CommitmentEntry { commitment: Commitment::V1(result.commitment) }))
    }

    fn check(&self, duty: &CheckDuty, named: Named, is_given_up: bool, control: &Control) -> Result<Entry, Failure> {
        if duty.commitment.v1().stop == StopReason::InputUnavailable {
            return self.check_unavailable(duty, named, is_given_up);
        }
        let replayed = self.replay(duty, control)?;
        let is_replayed = replayed.is_some();
        let outcome = match replayed {
            Some(outcome) => outcome,
            None => self.check.run(&duty.model, duty.class, &duty.work, &duty.binding.seed, control)?,
        };
        let verdict = judge(duty.commitment.v1(), &outcome);
        if matches!(verdict, Verdict::Valid { .. }) {
            // The verdict does not depend on this copy; it serves requesters when the provider is gone.
            if let Err(error) = self.blobs.put(ArtifactKind::Output, &outcome.output) {
                let job = duty.audit.job;
                log::warn!(target: LOG_TARGET, "The output of job {job} was checked but not kept: {error}");
            }
        }
        let work_tag = match (&outcome.trace, verdict) {
            (Some(trace), Verdict::Valid { .. }) => Some(work_tag_of(trace, &duty.audit, &duty.beacon)),
            _ => None,
        };
        let salt = self.salt(&duty.key, &duty.binding.genesis, &duty.audit)?;
        self.metrics.tokens(named.kind(), outcome.n_in, outcome.n_out);
        self.metrics.checked(&verdict, is_replayed);
        let how = if is_replayed { " by a replay of its output" } else { "" };
        log::info!(target: LOG_TARGET, "Finished {named}{how}: {verdict:?}");
        Ok(Entry::Verdict(VerdictEntry { verdict, work_tag, salt }))
    }

    /// The check of a claim that the input is unavailable: valid if it is unavailable here too. The work is not run.
    fn check_unavailable(&self, duty: &CheckDuty, named: Named, is_given_up: bool) -> Result<Entry, Failure> {
        let Input::Blob { root, length } = duty.work.input() else {
            return Err(ExecuteError::NotSupported("claims that a plain input is missing").into());
        };
        let input = self.blobs.get(ArtifactKind::File, root)?;
        let verdict = if input.is_some_and(|bytes| bytes.len() as u64 == *length) {
            Verdict::Invalid { reason: InvalidReason::StopMismatch }
        } else if is_given_up {
            judge(duty.commitment.v1(), &Outcome::job_error(StopReason::InputUnavailable))
        } else {
            return Err(ExecuteError::InputMissing(*root).into());
        };
        let salt = self.salt(&duty.key, &duty.binding.genesis, &duty.audit)?;
        self.metrics.tokens(named.kind(), 0, 0);
        self.metrics.checked(&verdict, false);
        log::info!(target: LOG_TARGET, "Finished {named}: {verdict:?}");
        Ok(Entry::Verdict(VerdictEntry { verdict, work_tag: None, salt }))
    }

    /// The outcome of the work by way of the provider's output if it is here: one pass over it instead of a pass for
    /// each of its tokens. `None` leaves any doubt to a run of the work.
    fn replay(&self, duty: &CheckDuty, control: &Control) -> Result<Option<Outcome>, ExecuteError> {
        let Some(query) = outputs::query_of(duty) else { return Ok(None) };
        let claim = duty.commitment.v1();
        // From this node's disk alone: a fetch would hold up the runs that wait.
        match self.blobs.read(&query) {
            Ok(output) => {
                let claimed = Claimed { output, stop: claim.stop, trace_root: claim.trace_root };
                self.check.replay(&duty.model, duty.class, &duty.work, &duty.binding.seed, &claimed, control)
            }
            Err(error) => {
                let job = duty.audit.job;
                log::debug!(target: LOG_TARGET, "Job {job} is run again, its output is not here: {error}");
                Ok(None)
            }
        }
    }

    /// The salt of a verdict, derived from the key alone: a node with the key can open its seals without the mailbox.
    fn salt(&self, key: &AppKey, genesis: &H256, audit: &AuditRef) -> Result<H256, Failure> {
        let input = VrfTranscript::new(SALT_TRANSCRIPT, &[(b"input", &salt_input(genesis, audit))]);
        let pre_output = self
            .keystore
            .sr25519_vrf_pre_output(APP_KEY_TYPE, &Public::from(key.clone()), &input)
            .map_err(|error| Failure::Keystore(error.to_string()))?
            .ok_or(Failure::KeyMissing)?;
        Ok(salt(pre_output.0.as_bytes()))
    }
}

/// What a provider commits to for an outcome, with the output itself.
fn commit(binding: &AttemptBinding, outcome: Outcome) -> UnsavedResult {
    let trace_root = outcome.trace_root();
    let Outcome { output, n_in, n_out, stop, .. } = outcome;
    let out_root = output_bytes_root(&output);
    let job_root = job_root(binding, &out_root, &trace_root, n_in, n_out, stop);
    UnsavedResult { commitment: CommitmentV1 { job_root, out_root, trace_root, n_in, n_out, stop }, output }
}
