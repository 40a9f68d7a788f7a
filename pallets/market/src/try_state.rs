//! What holds after every block.

use crate::{pallet::*, types::*};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use frame_support::{
    ensure,
    traits::{fungible::InspectHold, Get},
};
use sp_runtime::TryRuntimeError;
use strike_primitives::{AccountId, Balance, JobId};

type Outcome = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    /// Check that money held equals what is owed, and that every index says what the jobs say.
    pub fn do_try_state() -> Outcome {
        let jobs: BTreeMap<JobId, Job> = Jobs::<T>::iter().collect();
        Self::check_periods()?;
        Self::check_money(&jobs)?;
        Self::check_asks()?;
        Self::check_running(&jobs)?;
        Self::check_waiting(&jobs)?;
        Self::check_deadlines(&jobs)?;
        Self::check_records(&jobs)
    }

    /// Periods may follow the chain's timing, and prices its validators, so they are known in its state alone.
    fn check_periods() -> Outcome {
        ensure!(T::Retention::get() > 0, "a receipt must be readable");
        ensure!(T::MinAskPrice::get() > 0, "a service has a price");
        let (first, most) = (T::MinDemotion::get(), T::MaxDemotion::get());
        ensure!(first > 0 && first <= most, "a demotion lasts a while, and at first no longer than at most");
        Ok(())
    }

    fn check_money(jobs: &BTreeMap<JobId, Job>) -> Outcome {
        let mut held: BTreeMap<AccountId, (Balance, Balance, Balance, Balance)> = BTreeMap::new();
        let mut load = 0u64;
        for job in jobs.values() {
            let closed = matches!(job.state, JobState::Closed(_));
            let sums = held.entry(job.requester.clone()).or_default();
            sums.0 = sums.0.saturating_add(job.escrow);
            sums.1 = sums.1.saturating_add(job.deposit);
            sums.3 = sums.3.saturating_add(job.upkeep.reserve);
            load = load.saturating_add(job.upkeep.load);
            ensure!((job.escrow > 0) != closed, "only open jobs have an escrow");
            ensure!(!closed || (job.upkeep.load, job.upkeep.reserve) == (0, 0), "only open jobs cause attestations");
        }
        ensure!(Load::<T>::get() == load, "the load is that of the open jobs");
        for ask in Asks::<T>::iter_values().flatten() {
            let sums = held.entry(ask.provider).or_default();
            sums.2 = sums.2.saturating_add(ask.deposit);
        }
        for (account, (escrow, deposit, asks, attestations)) in held {
            let on_hold = |reason: HoldReason| T::Currency::balance_on_hold(&reason.into(), &account);
            ensure!(on_hold(HoldReason::Escrow) == escrow, "escrow held is that of the open jobs");
            ensure!(on_hold(HoldReason::JobDeposit) == deposit, "deposits held are those of the jobs kept");
            ensure!(on_hold(HoldReason::AskDeposit) == asks, "deposits held are those of the asks");
            ensure!(on_hold(HoldReason::Attestations) == attestations, "what further attempts need is held");
        }
        Ok(())
    }

    fn check_asks() -> Outcome {
        let mut asked = BTreeSet::new();
        for (service, asks) in Asks::<T>::iter() {
            ensure!(asks.is_sorted_by_key(|ask| ask.price), "asks are sorted by price");
            for ask in asks {
                ensure!(asked.insert((ask.provider, service)), "a provider has one ask for a service");
            }
        }
        let indexed: Vec<_> = AskedServices::<T>::iter()
            .flat_map(|(provider, services)| services.into_iter().map(move |service| (provider.clone(), service)))
            .collect();
        ensure!(indexed.len() == asked.len(), "each ask is indexed once");
        ensure!(indexed.iter().all(|entry| asked.contains(entry)), "indexed asks exist");
        for (provider, demotion) in Demotions::<T>::iter() {
            // A lagging cursor comes to it later.
            ensure!(
                DemotionEnds::<T>::contains_key(demotion.forgotten_at(), &provider),
                "a demotion is forgotten in its time"
            );
            ensure!(
                (T::MinDemotion::get()..=T::MaxDemotion::get()).contains(&demotion.period),
                "a demotion lasts as long as may be"
            );
            ensure!(
                demotion.until <= Self::time().saturating_add(demotion.period),
                "a demotion began at the latest now"
            );
        }
        ensure!(
            DemotionEnds::<T>::iter_keys().count() == Demotions::<T>::iter_keys().count(),
            "each demotion is forgotten once"
        );
        Ok(())
    }

    fn check_running(jobs: &BTreeMap<JobId, Job>) -> Outcome {
        let mut running: BTreeMap<(AccountId, Service), u32> = BTreeMap::new();
        let mut awaiting = BTreeSet::new();
        for (id, job) in jobs {
            let Some(assignment) = job.assignment() else { continue };
            let count = running.entry((assignment.provider.clone(), job.service)).or_default();
            *count = count.saturating_add(1);
            if matches!(job.state, JobState::Assigned(_)) {
                awaiting.insert((assignment.provider.clone(), *id));
            }
        }
        ensure!(running == Running::<T>::iter().collect(), "running counts are those of the jobs");
        let indexed: BTreeSet<_> = AwaitingCommitment::<T>::iter().map(|(provider, id, ())| (provider, id)).collect();
        ensure!(awaiting == indexed, "jobs that await a commitment are indexed");
        Ok(())
    }

    fn check_waiting(jobs: &BTreeMap<JobId, Job>) -> Outcome {
        let mut waiting = BTreeSet::new();
        for (service, list) in Pending::<T>::iter() {
            ensure!(list.jobs.is_sorted(), "waiting jobs are sorted by age");
            for id in list.jobs {
                ensure!(jobs.get(&id).is_some_and(|job| job.service == service), "waiting jobs wait for their service");
                ensure!(waiting.insert(id), "a job waits once");
            }
        }
        let pending: BTreeSet<JobId> =
            jobs.iter().filter(|(_, job)| matches!(job.state, JobState::Pending { .. })).map(|(id, _)| *id).collect();
        ensure!(waiting == pending, "exactly the pending jobs wait");
        ensure!(PendingCount::<T>::get() as usize == pending.len(), "pending jobs are counted");

        let ends = ServiceQueueEnds::<T>::get();
        let queued: Vec<Service> = (ends.head..ends.tail).filter_map(ServiceQueue::<T>::get).collect();
        ensure!(queued.len() == ServiceQueue::<T>::iter().count(), "the queue has nothing outside its ends");
        ensure!(queued.len() as u64 == ends.tail.saturating_sub(ends.head), "the queue has no holes");
        let distinct: BTreeSet<Service> = queued.iter().copied().collect();
        ensure!(distinct.len() == queued.len(), "a service is queued once");
        ensure!(distinct == Pending::<T>::iter_keys().collect(), "exactly the services with a list are queued");
        Ok(())
    }

    fn check_deadlines(jobs: &BTreeMap<JobId, Job>) -> Outcome {
        let cursor = DeadlineCursor::<T>::get();
        let mut entries = BTreeSet::new();
        for (height, id, ()) in Deadlines::<T>::iter() {
            ensure!(height >= cursor, "no deadline lies behind the cursor");
            ensure!(jobs.get(&id).is_some_and(|job| job.due == Some(height)), "deadlines are those of the jobs");
            entries.insert(id);
        }
        let ends = SettlementQueueEnds::<T>::get();
        let queued: BTreeSet<JobId> = (ends.head..ends.tail).filter_map(SettlementQueue::<T>::get).collect();
        ensure!(
            SettlementQueue::<T>::iter_keys().all(|at| (ends.head..ends.tail).contains(&at)),
            "the settlement queue has nothing outside its ends"
        );
        for (id, job) in jobs {
            let verdict = Verdicts::<T>::get(id);
            let timed = matches!(job.state, JobState::Pending { .. } | JobState::Assigned(_) | JobState::Closed(_));
            ensure!(timed == entries.contains(id), "a job that time can move has a deadline, others have none");
            ensure!(
                matches!(job.state, JobState::Judged(_)) == verdict.is_some(),
                "exactly the judged jobs have a verdict"
            );
            if let Some((attempt, _)) = verdict {
                ensure!(attempt == job.attempt, "the verdict is on the running attempt");
                ensure!(queued.contains(id), "a verdict waits in the queue");
            }
        }
        ensure!(Verdicts::<T>::iter_keys().all(|id| jobs.contains_key(&id)), "verdicts belong to jobs");
        Ok(())
    }

    fn check_records(jobs: &BTreeMap<JobId, Job>) -> Outcome {
        let (oldest, next) = (OldestJob::<T>::get(), NextJobId::<T>::get());
        ensure!(oldest <= next, "the oldest job has an id");
        for (id, job) in jobs {
            ensure!(*id < next && *id >= oldest, "ids are counted up, and none is below the oldest");
            ensure!(Orders::<T>::contains_key(id), "every job has its order");
            ensure!(JobsOf::<T>::contains_key(&job.requester, id), "every job is indexed");
            let receipt = Receipts::<T>::get(id);
            match job.state {
                JobState::Closed(reason) => {
                    let receipt = receipt.ok_or("every closed job has a receipt")?;
                    ensure!(receipt.reason == reason, "job and receipt agree");
                }
                _ => ensure!(receipt.is_none(), "only closed jobs have a receipt"),
            }
        }
        ensure!(Orders::<T>::iter_keys().count() == jobs.len(), "orders belong to jobs");
        ensure!(JobsOf::<T>::iter_keys().count() == jobs.len(), "indexed jobs exist");
        ensure!(Receipts::<T>::iter_keys().all(|id| jobs.contains_key(&id)), "receipts belong to jobs");
        Ok(())
    }
}
