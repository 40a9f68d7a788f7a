//! Attempts: a provider gets a job, commits, and is free again.

use crate::{pallet::*, types::*};
use alloc::vec::Vec;
use frame_support::{defensive, ensure, storage::with_storage_layer};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};
use strike_primitives::{
    job::JobOrder,
    traits::{AssignedJob, Assignments, Bonds, Clock, RunningAttempt},
    AccountId, Attempt, JobId,
};

impl<T: Config> Pallet<T> {
    /// Assign the job to the provider that fits best, as `attempt`. Changes nothing if there is none. The caller
    /// stores the job. Returns whether it was assigned and how many asks were looked at.
    pub(crate) fn try_assign(id: JobId, job: &mut Job, attempt: Attempt) -> (bool, u32) {
        let demand = Demand {
            service: &job.service,
            max_units: job.max_units,
            max_price: job.escrow,
            deadline: job.deadline,
            requester: Some(&job.requester),
            failed: &job.failed,
        };
        let (fit, visited) = Self::find_fit(&demand);
        let Some(fit) = fit else {
            return (false, visited);
        };
        match with_storage_layer(|| Self::assign(id, job.clone(), attempt, fit)) {
            Ok(assigned) => {
                *job = assigned;
                (true, visited)
            }
            Err(error) => {
                log::error!(target: crate::LOG_TARGET, "job {id} fits but cannot be assigned: {error:?}");
                (false, visited)
            }
        }
    }

    fn assign(id: JobId, mut job: Job, attempt: Attempt, fit: Fit) -> Result<Job, DispatchError> {
        let Fit { provider, price, at_risk, .. } = fit;
        T::Bonds::reserve(&provider, at_risk)?;
        Running::<T>::try_mutate((&provider, &job.service), |running| -> DispatchResult {
            *running = running.checked_add(1).ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })?;
        let assigned_at = Self::now();
        let deadline = Self::time().checked_add(job.deadline).ok_or(ArithmeticError::Overflow)?;
        AwaitingCommitment::<T>::insert(&provider, id, ());
        // A commitment counts up to and at the deadline.
        let due = deadline.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        Self::set_due(id, &mut job, Some(due));
        job.attempt = attempt;
        Self::deposit_event(Event::JobAssigned {
            job: id,
            attempt,
            provider: provider.clone(),
            price,
            at_risk,
            deadline: T::Clock::block_at(deadline),
        });
        job.state = JobState::Assigned(Assignment { provider, price, at_risk, assigned_at, deadline });
        Ok(job)
    }

    /// The provider no longer works on the job: its capacity is free again.
    pub(crate) fn free_capacity(id: JobId, job: &Job, provider: &AccountId) {
        AwaitingCommitment::<T>::remove(provider, id);
        Running::<T>::mutate_exists((provider, &job.service), |running| {
            *running = match running.and_then(|count| count.checked_sub(1)) {
                Some(0) => None,
                None => {
                    defensive!("a job ran that was not counted");
                    None
                }
                less => less,
            }
        });
    }
}

impl<T: Config> Assignments for Pallet<T> {
    fn assigned_job(id: JobId) -> Option<AssignedJob> {
        let job = Jobs::<T>::get(id)?;
        let RunningAttempt { attempt, provider, assigned_at, commit_deadline, committed } = job.running_attempt()?;
        let JobOrder::V1(order) = Orders::<T>::get(id)?;
        Some(AssignedJob {
            attempt,
            provider,
            requester: job.requester,
            model: order.model,
            class: order.class,
            work: order.work,
            assigned_at,
            period: job.deadline,
            commit_deadline,
            committed,
        })
    }

    fn running_attempt(id: JobId) -> Option<RunningAttempt> {
        Jobs::<T>::get(id)?.running_attempt()
    }

    fn awaiting_commitment(provider: &AccountId, after: Option<JobId>, limit: u32) -> Vec<JobId> {
        let jobs = match after {
            Some(after) => {
                let key = AwaitingCommitment::<T>::hashed_key_for(provider, after);
                AwaitingCommitment::<T>::iter_key_prefix_from(provider, key)
            }
            None => AwaitingCommitment::<T>::iter_key_prefix(provider),
        };
        jobs.take(limit as usize).collect()
    }

    fn on_committed(id: JobId, attempt: Attempt) -> DispatchResult {
        let mut job = Jobs::<T>::get(id).ok_or(Error::<T>::JobNotFound)?;
        let JobState::Assigned(assignment) = job.state.clone() else {
            return Err(Error::<T>::AttemptNotRunning.into());
        };
        ensure!(job.attempt == attempt, Error::<T>::AttemptNotRunning);
        let committed_at = Self::now();
        ensure!(Self::time() <= assignment.deadline, Error::<T>::DeadlinePassed);
        AwaitingCommitment::<T>::remove(&assignment.provider, id);
        Self::set_due(id, &mut job, None);
        job.state = JobState::Committed { assignment, committed_at };
        Jobs::<T>::insert(id, job);
        Ok(())
    }
}
