//! Orders, matching, waiting jobs and the running attempt.

use crate::{pallet::*, types::*, weights::WeightInfo};
use alloc::vec::Vec;
use frame_support::{
    defensive, ensure,
    storage::with_storage_layer,
    traits::{fungible::MutateHold, Get},
    weights::{Weight, WeightMeter},
};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};
use strike_primitives::{
    job::{self, Input, JobOrder, JobOrderV1, WorkSpec, MAX_BLOB_INPUT, MAX_TOKENS},
    receipt::CloseReason,
    traits::{ArtifactRegistry, AssignedJob, Assignments, Audits, Bonds, Clock, ProviderRegistry},
    AccountId, Attempt, JobId,
};

impl<T: Config> Pallet<T> {
    /// Take an order: hold its money, then assign it or let it wait. Returns how many asks were looked at.
    pub(crate) fn do_submit(requester: AccountId, order: JobOrder) -> Result<u32, DispatchError> {
        Self::ensure_order(&order)?;
        let JobOrder::V1(JobOrderV1 { ref work, model, class, max_price, deadline }) = order;
        let (escrow, deposit) = (max_price, T::JobDeposit::get());
        T::Currency::hold(&HoldReason::Escrow.into(), &requester, escrow)?;
        T::Currency::hold(&HoldReason::JobDeposit.into(), &requester, deposit)?;

        let id = NextJobId::<T>::get();
        NextJobId::<T>::put(id.checked_add(1).ok_or(ArithmeticError::Overflow)?);
        let now = Self::now();
        let expiry = Self::time().checked_add(deadline).ok_or(ArithmeticError::Overflow)?;
        let mut job = Job {
            requester: requester.clone(),
            service: (model, class),
            max_units: work.max_units(),
            escrow,
            deposit,
            deadline,
            submitted_at: now,
            attempt: 0,
            failed: Default::default(),
            slashed: 0,
            compensated: 0,
            state: JobState::Pending { deadline: expiry },
            due: None,
        };
        Orders::<T>::insert(id, order);
        JobsOf::<T>::insert(&requester, id, ());
        Self::deposit_event(Event::JobSubmitted { job: id, requester, model, class, max_price });

        let (assigned, visited) = Self::try_assign(id, &mut job, 0);
        if !assigned {
            Self::enqueue(id, &mut job, expiry)?;
        }
        Jobs::<T>::insert(id, job);
        Ok(visited)
    }

    /// Close a waiting job at its requester's wish.
    pub(crate) fn do_cancel(requester: &AccountId, id: JobId) -> DispatchResult {
        let job = Jobs::<T>::get(id).ok_or(Error::<T>::JobNotFound)?;
        ensure!(job.requester == *requester, Error::<T>::NotRequester);
        match job.state {
            JobState::Pending { .. } => {
                Self::dequeue(&job.service, id);
                Self::close_unpaid(id, job, CloseReason::Cancelled, Default::default());
                Ok(())
            }
            JobState::Closed(_) => Err(Error::<T>::JobAlreadyClosed.into()),
            JobState::Assigned(_) | JobState::Committed { .. } | JobState::Judged(_) => {
                Err(Error::<T>::JobAlreadyAssigned.into())
            }
        }
    }

    /// Whether an order can be taken at all, whoever serves it.
    pub(crate) fn ensure_order(order: &JobOrder) -> DispatchResult {
        let JobOrder::V1(order) = order;
        ensure!(T::Artifacts::is_model(&order.model), Error::<T>::ModelNotFound);
        match order.work.input() {
            Input::Plain(_) => {}
            Input::Blob { length, .. } => {
                ensure!((1..=MAX_BLOB_INPUT).contains(length), Error::<T>::InputLengthOutOfRange)
            }
            Input::Encrypted { .. } => return Err(Error::<T>::InputNotSupported.into()),
        }
        ensure!(order.work.has_class(order.class), Error::<T>::ClassNotSupported);
        ensure!((1..=MAX_TOKENS).contains(&order.work.max_input_tokens()), Error::<T>::LimitsOutOfRange);
        match &order.work {
            WorkSpec::Generate(work) => {
                ensure!(work.sampler.is_valid(), Error::<T>::SamplerInvalid);
                ensure!(work.stop.iter().all(|sequence| !sequence.is_empty()), Error::<T>::StopSequenceEmpty);
                ensure!((1..=MAX_TOKENS).contains(&work.max_output_tokens), Error::<T>::LimitsOutOfRange);
            }
            WorkSpec::Embed(_) => {}
        }
        let deadlines = T::MinDeadline::get()..=T::MaxDeadline::get();
        ensure!(deadlines.contains(&order.deadline), Error::<T>::DeadlineOutOfRange);
        ensure!(order.max_price >= T::MinPrice::get(), Error::<T>::PriceTooLow);
        Ok(())
    }

    /// The cheapest ask that can take the job now, and how many asks were looked at. Demoted providers come behind all
    /// others, so that nobody who fails again and again keeps a service from those who would not.
    pub(crate) fn find_fit(demand: &Demand) -> (Option<Fit>, u32) {
        let (mut visited, mut demoted) = (0u32, None);
        for ask in Asks::<T>::get(demand.service) {
            visited = visited.saturating_add(1);
            // The list is sorted by price: where one ask is too dear, so are all that follow.
            let Some(max_fee) = job::fee(demand.max_units, ask.price).filter(|fee| *fee <= demand.max_price) else {
                break;
            };
            let in_time = demand.deadline >= ask.least_deadline(demand.max_units, T::MinDeadline::get());
            let at_risk = max_fee.max(T::MinAtRisk::get());
            let fit = Fit { provider: ask.provider, price: ask.price, max_fee, at_risk };
            if demand.max_units <= ask.max_units
                && in_time
                && !demand.failed.contains(&fit.provider)
                && Running::<T>::get((&fit.provider, demand.service)) < ask.capacity
            {
                let is_demoted = Self::is_demoted(&fit.provider);
                // Of the demoted ones the cheapest is enough.
                if (is_demoted && demoted.is_some()) || !Self::can_serve(demand, &fit) {
                    continue;
                }
                if !is_demoted {
                    return (Some(fit), visited);
                }
                demoted = Some(fit);
            }
        }
        (demoted, visited)
    }

    fn is_demoted(provider: &AccountId) -> bool {
        Demotions::<T>::get(provider).is_some_and(|demotion| Self::time() <= demotion.until)
    }

    /// An attempt failed by the provider's fault. A provider that fails again within one period after its last demotion ended is
    /// demoted for twice as long. What fails during a demotion, as all that runs on a machine that is down, adds nothing.
    pub(crate) fn demote(provider: &AccountId) {
        // Nothing is kept of those without asks.
        if !AskedServices::<T>::contains_key(provider) {
            return;
        }
        let now = Self::time();
        Demotions::<T>::mutate(provider, |demotion| {
            let period = match demotion {
                Some(last) if now <= last.until => return,
                Some(last) if now <= last.until.saturating_add(last.period) => {
                    last.period.saturating_mul(2).min(T::MaxDemotion::get())
                }
                _ => T::MinDemotion::get(),
            };
            *demotion = Some(Demotion { until: now.saturating_add(period), period });
        });
    }

    /// Whether the provider may and can take the job. Who would check or pay itself may not.
    fn can_serve(demand: &Demand, fit: &Fit) -> bool {
        let provider = &fit.provider;
        T::Providers::is_active(provider)
            && T::Providers::serves(provider, &demand.service.0)
            && demand
                .requester
                .is_none_or(|requester| requester != provider && !T::Providers::linked(provider, requester))
            && T::Bonds::available(provider) >= fit.at_risk
            && T::Audits::has_eligible_validator(provider)
    }

    /// Assign the job to the provider that fits best, as `attempt`. Changes nothing if there is none. The caller stores the
    /// job. Returns whether it was assigned and how many asks were looked at.
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

    /// Let the job wait.
    fn enqueue(id: JobId, job: &mut Job, deadline: u32) -> DispatchResult {
        let queued = Pending::<T>::contains_key(job.service);
        Pending::<T>::try_mutate(job.service, |waiting| {
            waiting.get_or_insert_with(Default::default).jobs.try_push(id).map_err(|_| Error::<T>::QueueFull)
        })?;
        PendingCount::<T>::try_mutate(|count| -> DispatchResult {
            *count = count.checked_add(1).ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })?;
        if !queued {
            Self::push_service(job.service);
        }
        Self::set_due(id, job, Some(deadline.checked_add(1).ok_or(ArithmeticError::Overflow)?));
        Self::deposit_event(Event::JobQueued { job: id, deadline: T::Clock::block_at(deadline) });
        Ok(())
    }

    /// The job no longer waits. Its service stays in the queue until its next turn, even if nothing else waits for it.
    pub(crate) fn dequeue(service: &Service, id: JobId) {
        Pending::<T>::mutate(service, |waiting| {
            let Some(waiting) = waiting else {
                defensive!("a pending job's service is kept");
                return;
            };
            let before = waiting.jobs.len();
            waiting.jobs.retain(|job| *job != id);
            if waiting.jobs.len() < before {
                PendingCount::<T>::mutate(|count| *count = count.saturating_sub(1));
            } else {
                defensive!("a pending job is in its service's list");
            }
        });
    }

    fn push_service(service: Service) {
        ServiceQueueEnds::<T>::mutate(|ends| {
            ServiceQueue::<T>::insert(ends.tail, service);
            // 2^64 turns do not happen.
            ends.tail = ends.tail.saturating_add(1);
        });
    }

    pub(crate) fn pop_service() -> Option<Service> {
        ServiceQueueEnds::<T>::mutate(|ends| {
            if ends.head == ends.tail {
                return None;
            }
            let service = ServiceQueue::<T>::take(ends.head);
            ends.head = ends.head.saturating_add(1);
            service
        })
    }

    /// Try to assign waiting jobs. Services take turns, one job a turn; within a service the visits go in laps from the oldest
    /// job to the youngest. So a job that fits nobody holds up no other one, and whatever may have changed (an ask, a bond, a
    /// free place, a validator) is noticed without being told.
    pub(crate) fn poll_waiting(meter: &mut WeightMeter) {
        let ends = ServiceQueueEnds::<T>::get();
        let queued = ends.tail.saturating_sub(ends.head);
        // Enough turns to visit each waiting job once if one service has them all, and to drop services without any.
        let turns = queued.max(PendingCount::<T>::get().into()).min(T::MaxMatches::get().into());
        for _ in 0..turns {
            if !meter.can_consume(Self::worst_visit()) {
                return;
            }
            let Some(service) = Self::pop_service() else {
                return;
            };
            let visited = Self::visit(&service);
            meter.consume(T::WeightInfo::visit_waiting(visited));
        }
    }

    /// One turn of a service that is out of the queue. Returns how many asks were looked at.
    pub(crate) fn visit(service: &Service) -> u32 {
        let Some(mut waiting) = Pending::<T>::get(service) else {
            defensive!("a queued service is kept");
            return 0;
        };
        let at = waiting.jobs.iter().position(|id| *id >= waiting.next).unwrap_or(0);
        let Some(id) = waiting.jobs.get(at).copied() else {
            Pending::<T>::remove(service);
            return 0;
        };
        // After the youngest job the next lap begins, so that a job that comes meanwhile waits behind the older ones.
        waiting.next = at.checked_add(1).and_then(|next| waiting.jobs.get(next)).copied().unwrap_or(0);
        Pending::<T>::insert(service, waiting);
        Self::push_service(*service);

        let Some(mut job) = Jobs::<T>::get(id) else {
            defensive!("a waiting job is kept");
            Self::dequeue(service, id);
            return 0;
        };
        // A job whose time is over is not assigned any more, even if the deadline queue lags.
        if !matches!(job.state, JobState::Pending { deadline } if Self::time() <= deadline) {
            return 0;
        }
        let (assigned, visited) = Self::try_assign(id, &mut job, 0);
        if assigned {
            Self::dequeue(service, id);
            Jobs::<T>::insert(id, job);
        }
        visited
    }

    /// The most that one visit of a waiting job costs.
    pub(crate) fn worst_visit() -> Weight {
        T::WeightInfo::visit_waiting(T::MaxAsksPerModel::get())
    }
}

impl<T: Config> Assignments for Pallet<T> {
    fn assigned_job(id: JobId) -> Option<AssignedJob> {
        let job = Jobs::<T>::get(id)?;
        let (assignment, committed) = match job.state {
            JobState::Assigned(assignment) => (assignment, false),
            JobState::Committed { assignment, .. } => (assignment, true),
            JobState::Pending { .. } | JobState::Judged(_) | JobState::Closed(_) => return None,
        };
        let JobOrder::V1(order) = Orders::<T>::get(id)?;
        Some(AssignedJob {
            attempt: job.attempt,
            provider: assignment.provider,
            requester: job.requester,
            model: order.model,
            class: order.class,
            work: order.work,
            assigned_at: assignment.assigned_at,
            period: job.deadline,
            commit_deadline: assignment.deadline,
            committed,
        })
    }

    fn awaiting_commitment(provider: &AccountId) -> Vec<JobId> {
        let mut jobs: Vec<JobId> = AwaitingCommitment::<T>::iter_key_prefix(provider).collect();
        jobs.sort_unstable();
        jobs
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
