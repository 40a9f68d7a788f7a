//! Jobs that wait for a provider.

use crate::{pallet::*, types::*, weights::WeightInfo};
use frame_support::{
    defensive,
    traits::Get,
    weights::{Weight, WeightMeter},
};
use sp_runtime::{ArithmeticError, DispatchResult};
use strike_primitives::{traits::Clock, BlockNumber, JobId};

impl<T: Config> Pallet<T> {
    /// Let the job wait.
    pub(crate) fn enqueue(id: JobId, job: &mut Job, deadline: BlockNumber) -> DispatchResult {
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

    /// Try to assign waiting jobs. Services take turns, one job a turn; within a service the visits go in laps from
    /// the oldest job to the youngest. So a job that fits nobody holds up no other one, and whatever may have changed
    /// (an ask, a bond, a free place, a validator) is noticed without being told. A lap takes [`Config::VisitEvery`]
    /// blocks or longer, for no more visits than that are paid with the orders.
    pub(crate) fn poll_waiting(meter: &mut WeightMeter) {
        let ends = ServiceQueueEnds::<T>::get();
        let queued = ends.tail.saturating_sub(ends.head);
        // In so many blocks enough turns to visit each waiting job once if one service has them all, and to drop
        // services without any.
        let lap = queued.max(PendingCount::<T>::get().into());
        let turns_by = |block: u64| lap.saturating_mul(block).checked_div(T::VisitEvery::get().into()).unwrap_or(0);
        let now = u64::from(Self::now());
        let turns = turns_by(now.saturating_add(1)).saturating_sub(turns_by(now)).min(T::MaxMatches::get().into());
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
