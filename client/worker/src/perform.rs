//! From a duty to what goes into the mailbox. Blocks for as long as the work takes; called on a thread of its own.

use crate::{
    execute::{Claimed, ExecuteError, Executor, Outcome},
    mailbox::Entry,
    outputs,
    schedule::Ended,
    unkept::{Finished, Unkept},
};
use sp_core::{
    sr25519::{vrf::VrfTranscript, Public},
    H256,
};
use sp_keystore::KeystorePtr;
use std::{
    panic::{catch_unwind, AssertUnwindSafe},
    sync::Arc,
};
use strike_blobs::{BlobError, BlobSource, BlobStore};
use strike_inference::{exact::Trace, Control};
use strike_primitives::{
    api::{CheckDuty, Duty, ProvideDuty},
    app::{AppKey, APP_KEY_TYPE},
    artifact::{output_bytes_root, ArtifactKind},
    commitment::{job_root, Commitment, CommitmentV1, StopReason},
    job::Input,
    mailbox::{CommitmentEntry, VerdictEntry},
    verdict::{salt, salt_input, work_cell, work_tag, AuditRef, InvalidReason, Verdict},
    Units,
};

/// Label of the transcript that salts are derived through. Only this node's keys ever evaluate it.
const SALT_TRANSCRIPT: &[u8] = b"strike/1/salt";

/// What a run gave.
#[derive(Clone, Debug)]
pub(crate) struct Performed {
    pub entry: Entry,
    pub n_in: u32,
    pub n_out: u32,
    /// What a check found.
    pub verdict: Option<Verdict>,
    /// Whether a check was a replay of the provider's output.
    pub replayed: bool,
}

/// Why a run gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    #[error("the output could not be kept: {0}")]
    Store(#[from] BlobError),
    #[error("the keystore failed: {0}")]
    Keystore(String),
    #[error("the app key is no longer in the keystore")]
    KeyMissing,
    #[error("the run panicked: {0}")]
    Panicked(String),
    #[error("no thread could be started: {0}")]
    NoThread(std::io::Error),
}

impl Failure {
    /// As metrics name it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Execute(error) => error.reason(),
            Self::Store(_) => "store",
            Self::Keystore(_) => "keystore",
            Self::KeyMissing => "key_missing",
            Self::Panicked(_) => "panicked",
            Self::NoThread(_) => "no_thread",
        }
    }

    /// What the operator can do, where there is something.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Store(_) => {
                "see that the disk of the base path has room and can be written to; the result is kept meanwhile, while the node runs"
            }
            Self::NoThread(_) => "raise the limit of threads or processes that this node's user may have",
            Self::Keystore(_) => "see that the keystore folder can be read",
            Self::Panicked(_) => "report it, with this line",
            Self::Execute(ExecuteError::Engine(_)) => "see that the machine has memory left, or report it, with this line",
            Self::Execute(ExecuteError::Model(_)) => "see that the model's files are as they were, and that they can be read",
            Self::Execute(ExecuteError::TooSlow) => "this machine is too slow for such jobs: lower the units that its asks take",
            Self::Execute(ExecuteError::Input(_)) => "see that the disk of the base path can be read",
            Self::Execute(_) | Self::KeyMissing => return None,
        })
    }

    /// As the schedule sees it.
    pub fn ended<R>(&self) -> Ended<R> {
        match self {
            Self::Execute(ExecuteError::Cancelled) => Ended::Cancelled,
            Self::Execute(ExecuteError::ModelMissing(_) | ExecuteError::NotSupported(_)) | Self::KeyMissing => {
                Ended::Hopeless
            }
            Self::Execute(_) | Self::Store(_) | Self::Keystore(_) | Self::Panicked(_) | Self::NoThread(_) => {
                Ended::Failed
            }
        }
    }
}

/// What duties are performed with.
#[derive(Clone)]
pub(crate) struct Workshop {
    /// Runs jobs of this node's providers.
    pub provide: Arc<dyn Executor>,
    /// Runs checks of this node's validators.
    pub check: Arc<dyn Executor>,
    pub keystore: KeystorePtr,
    /// Outputs and inputs that are here: what other nodes have is fetched into it before a run.
    pub blobs: Arc<BlobStore>,
    /// Results of this node's providers whose output could not be written yet.
    pub unkept: Arc<Unkept>,
}

impl Workshop {
    /// Perform `duty`; if its input `is_given_up`, also without it. A panic of the engine is a failure like another, not the end of the node.
    pub fn perform(&self, duty: &Duty, is_given_up: bool, control: &Control) -> Result<Performed, Failure> {
        // The node's panic handler ends the process unless told otherwise.
        let _guard = sp_panic_handler::AbortGuard::force_unwind();
        catch_unwind(AssertUnwindSafe(|| match duty {
            Duty::Provide(duty) => self.provide(duty, is_given_up, control),
            Duty::Check(duty) => self.check(duty, is_given_up, control),
        }))
        .unwrap_or_else(|panic| {
            let message = panic
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Err(Failure::Panicked(message))
        })
    }

    fn provide(&self, duty: &ProvideDuty, is_given_up: bool, control: &Control) -> Result<Performed, Failure> {
        let finished: Finished = match self.unkept.take(&duty.binding) {
            Some(finished) => finished,
            None => match self.provide.run(&duty.model, duty.class, &duty.work, &duty.binding.seed, control) {
                Err(ExecuteError::InputMissing(_)) if is_given_up => Outcome::job_error(StopReason::InputUnavailable),
                outcome => outcome?,
            }
            .into(),
        };
        // Before the result is published, so that whoever sees the commitment can ask for the output.
        let out_root = match self.blobs.put(ArtifactKind::Output, &finished.output) {
            Ok(out_root) => out_root,
            Err(error) => {
                self.unkept.keep(&duty.binding, finished);
                return Err(error.into());
            }
        };
        let Finished { trace_root, n_in, n_out, stop, .. } = finished;
        let job_root = job_root(&duty.binding, &out_root, &trace_root, n_in, n_out, stop);
        let commitment = Commitment::V1(CommitmentV1 { job_root, out_root, trace_root, n_in, n_out, stop });
        Ok(Performed {
            entry: Entry::Commitment(CommitmentEntry { commitment }),
            n_in,
            n_out,
            verdict: None,
            replayed: false,
        })
    }

    fn check(&self, duty: &CheckDuty, is_given_up: bool, control: &Control) -> Result<Performed, Failure> {
        if duty.commitment.v1().stop == StopReason::InputUnavailable {
            return self.check_unavailable(duty, is_given_up);
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
                log::warn!(target: crate::LOG_TARGET, "The output of job {} was checked but not kept: {error}", duty.audit.job);
            }
        }
        let work_tag = match (&outcome.trace, verdict) {
            (Some(trace), Verdict::Valid { .. }) => Some(tag(trace, &duty.audit, &duty.beacon)),
            _ => None,
        };
        let salt = self.salt(&duty.key, &duty.binding.genesis, &duty.audit)?;
        Ok(Performed {
            entry: Entry::Verdict(VerdictEntry { verdict, work_tag, salt }),
            n_in: outcome.n_in,
            n_out: outcome.n_out,
            verdict: Some(verdict),
            replayed: is_replayed,
        })
    }

    /// The check of a claim that the input could not be had: true if it cannot be had here either. The work is not run.
    fn check_unavailable(&self, duty: &CheckDuty, is_given_up: bool) -> Result<Performed, Failure> {
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
        Ok(Performed {
            entry: Entry::Verdict(VerdictEntry { verdict, work_tag: None, salt }),
            n_in: 0,
            n_out: 0,
            verdict: Some(verdict),
            replayed: false,
        })
    }

    /// What the work gives, by way of the provider's output if it is here: one pass over it instead of a pass for each of its
    /// tokens. Finds only what is right: any doubt is left to a run of the work.
    fn replay(&self, duty: &CheckDuty, control: &Control) -> Result<Option<Outcome>, ExecuteError> {
        let Some(wanted) = outputs::wanted(duty) else { return Ok(None) };
        let claim = duty.commitment.v1();
        // From this node's disk alone: a fetch would hold up the runs that wait.
        match self.blobs.read(&wanted) {
            Ok(output) => {
                let claimed = Claimed { output, stop: claim.stop, trace_root: claim.trace_root };
                self.check.replay(&duty.model, duty.class, &duty.work, &duty.binding.seed, &claimed, control)
            }
            Err(error) => {
                log::debug!(target: crate::LOG_TARGET, "Job {} is run again, its output is not here: {error}", duty.audit.job);
                Ok(None)
            }
        }
    }

    /// The salt of a verdict, derived from the key alone: whoever has the key can open its seals without the mailbox.
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

/// The work tag of a check: made of the cell of the trace that the audit draws.
fn tag(trace: &Trace, audit: &AuditRef, beacon: &H256) -> H256 {
    let (positions, layers) = (trace.tokens().len() as u64, trace.layers() as u64);
    let cell = work_cell(audit, beacon, positions.saturating_mul(layers)).and_then(|cell| {
        let (position, layer) = (cell.checked_div(layers)?, cell.checked_rem(layers)?);
        trace.cells(position as usize).get(layer as usize).copied()
    });
    // A run without a position has no cell: its output is empty whatever the model.
    work_tag(&cell.map(H256).unwrap_or_default())
}

/// Compare a provider's claim with what the check got. The output comes first: if it differs, nothing else matters.
pub(crate) fn judge(claim: &CommitmentV1, outcome: &Outcome) -> Verdict {
    let invalid = |reason| Verdict::Invalid { reason };
    if claim.out_root != output_bytes_root(&outcome.output) {
        invalid(InvalidReason::OutputMismatch)
    } else if (claim.n_in, claim.n_out) != (outcome.n_in, outcome.n_out) {
        invalid(InvalidReason::CountMismatch)
    } else if claim.stop != outcome.stop {
        invalid(InvalidReason::StopMismatch)
    } else if claim.trace_root != outcome.trace_root() {
        invalid(InvalidReason::TraceMismatch)
    } else {
        Verdict::Valid { units: units(outcome) }
    }
}

/// Units as this check counted them: tokens read and written, and none where the job made an output impossible.
fn units(outcome: &Outcome) -> Units {
    if outcome.stop.is_job_error() {
        0
    } else {
        Units::from(outcome.n_in).saturating_add(Units::from(outcome.n_out))
    }
}
