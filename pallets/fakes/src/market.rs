//! Jobs, and who is told of outcomes.

use crate::tables::{Assigned, Outcomes, RefuseOutcomes};
use frame_support::ensure;
use sp_runtime::{DispatchError, DispatchResult};
use strike_primitives::{
    traits::{AssignedJob, Assignments, AuditOutcome, OnVerdict, RunningAttempt},
    AccountId, Attempt, JobId,
};

/// A market of assigned jobs alone. An outcome ends its job.
pub struct FakeMarket;

impl Assignments for FakeMarket {
    fn assigned_job(job: JobId) -> Option<AssignedJob> {
        Assigned::get().remove(&job)
    }

    fn running_attempt(job: JobId) -> Option<RunningAttempt> {
        let AssignedJob { attempt, provider, assigned_at, commit_deadline, committed, .. } = Self::assigned_job(job)?;
        Some(RunningAttempt { attempt, provider, assigned_at, commit_deadline, committed })
    }

    fn awaiting_commitment(provider: &AccountId, after: Option<JobId>, limit: u32) -> Vec<JobId> {
        let jobs = Assigned::get().into_iter().filter(|(_, it)| it.provider == *provider && !it.committed);
        jobs.map(|(job, _)| job).filter(|job| after.is_none_or(|after| *job > after)).take(limit as usize).collect()
    }

    fn on_committed(job: JobId, attempt: Attempt) -> DispatchResult {
        Assigned::try_mutate(|jobs| {
            let running = jobs.get_mut(&job).filter(|it| it.attempt == attempt);
            running.ok_or(DispatchError::Other("unknown"))?.committed = true;
            Ok(())
        })
    }
}

impl OnVerdict for FakeMarket {
    fn on_verdict(job: JobId, attempt: Attempt, outcome: AuditOutcome) -> DispatchResult {
        ensure!(!RefuseOutcomes::get(), "refused");
        Assigned::mutate(|jobs| jobs.remove(&job));
        Outcomes::mutate(|outcomes| outcomes.push((job, attempt, outcome)));
        Ok(())
    }
}
