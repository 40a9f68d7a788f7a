//! What runtime APIs show. Nothing here is called on chain.

use crate::{pallet::*, types::*};
use alloc::vec::Vec;
use strike_primitives::{
    api::{AskInfo, JobInfo, JobStatus, Quote},
    artifact::ArtifactId,
    job::{JobOrder, JobOrderV1, VerificationClass},
    traits::Clock,
    AccountId, JobId,
};

/// Most ids that [`Pallet::job_ids`] looks at in one call.
const MAX_IDS: usize = 10_000;

impl<T: Config> Pallet<T> {
    /// What the order would cost now, from the very search that assigns jobs, for a requester linked to nobody.
    /// `None` if the order is not one that `submit` takes, or no ask fits it within its maximum price. The fee of the
    /// transaction is that of the call alone.
    pub fn quote(order: &JobOrder) -> Option<Quote> {
        Self::ensure_order(order).ok()?;
        let JobOrder::V1(JobOrderV1 { work, model, class, .. }) = order;
        let max_units = work.max_units();
        let (fit, visited) = Self::find_fit(&Self::demand_of(order, &(*model, *class)));
        let Fit { provider, price, max_fee, .. } = fit?;
        Some(Quote { provider, price, max_units, max_fee, costs: Self::costs_at(order, visited)? })
    }

    /// What an order needs of an ask, for a requester linked to nobody.
    pub(crate) fn demand_of<'a>(order: &JobOrder, service: &'a Service) -> Demand<'a> {
        let JobOrder::V1(JobOrderV1 { work, max_price, deadline, .. }) = order;
        Demand {
            service,
            max_units: work.max_units(),
            max_price: *max_price,
            deadline: *deadline,
            requester: None,
            failed: &[],
        }
    }

    /// What the market knows of a job. The commitment and, for a committed job, the counts of its audit are the
    /// verification pallet's to fill in.
    pub fn job_info(id: JobId) -> Option<JobInfo> {
        let job = Jobs::<T>::get(id)?;
        let closed = matches!(job.state, JobState::Closed(_));
        let status = match job.state {
            JobState::Pending { deadline } => JobStatus::Pending { deadline: T::Clock::block_at(deadline) },
            JobState::Assigned(Assignment { provider, assigned_at, deadline, .. }) => {
                JobStatus::Assigned { provider, assigned_at, deadline: T::Clock::block_at(deadline) }
            }
            JobState::Committed { assignment, committed_at } => JobStatus::Committed {
                provider: assignment.provider,
                committed_at,
                eligible: 0,
                sealed: 0,
                revealed: 0,
            },
            JobState::Judged(assignment) => JobStatus::Judged { provider: assignment.provider },
            JobState::Closed(reason) => JobStatus::Closed { reason },
        };
        Some(JobInfo {
            job: id,
            attempt: job.attempt,
            requester: job.requester,
            order: Orders::<T>::get(id)?,
            submitted_at: job.submitted_at,
            escrow: job.escrow,
            upkeep: job.upkeep.burned,
            reserve: job.upkeep.reserve,
            deposit: job.deposit,
            kept_until: job.due.filter(|_| closed).map(T::Clock::block_at),
            status,
            commitment: None,
            receipt: Receipts::<T>::get(id),
        })
    }

    /// Up to `limit` ids of jobs that are kept, at least one, newest first, below `before`, of one requester or of all; and the id
    /// to go on before, where older ones were not looked at. One call looks at 10,000 ids at most, so a page may be short, or
    /// empty, though others follow.
    pub fn job_ids(requester: Option<&AccountId>, before: Option<JobId>, limit: u32) -> (Vec<JobId>, Option<JobId>) {
        let end = before.unwrap_or(JobId::MAX).min(NextJobId::<T>::get());
        let limit = limit.max(1) as usize;
        let Some(requester) = requester else { return Self::walk(end, limit, Jobs::<T>::contains_key) };
        // Almost everybody has fewer, whose ids are all read, wherever they lie.
        let mut ids: Vec<JobId> = JobsOf::<T>::iter_key_prefix(requester).take(MAX_IDS.saturating_add(1)).collect();
        if ids.len() > MAX_IDS {
            return Self::walk(end, limit, |id| JobsOf::<T>::contains_key(requester, id));
        }
        ids.retain(|id| *id < end);
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let more = ids.len() > limit;
        ids.truncate(limit);
        let next = ids.last().copied().filter(|_| more);
        (ids, next)
    }

    /// Goes down from below `end` until `limit` ids are found.
    fn walk(end: JobId, limit: usize, is_one: impl Fn(JobId) -> bool) -> (Vec<JobId>, Option<JobId>) {
        let oldest = OldestJob::<T>::get();
        let (mut ids, mut next) = (Vec::new(), end);
        for id in (oldest..end).rev().take(MAX_IDS) {
            if ids.len() >= limit {
                break;
            }
            if is_one(id) {
                ids.push(id);
            }
            next = id;
        }
        (ids, Some(next).filter(|next| *next > oldest))
    }

    /// The asks of a provider.
    pub fn asks_of(provider: &AccountId) -> Vec<AskInfo> {
        AskedServices::<T>::get(provider)
            .into_iter()
            .filter_map(|service| {
                let ask = Asks::<T>::get(service).into_iter().find(|ask| ask.provider == *provider)?;
                Some(Self::ask_info(service, ask))
            })
            .collect()
    }

    /// All asks for a model, by class, the cheapest first.
    pub fn asks_for(model: &ArtifactId) -> Vec<AskInfo> {
        [VerificationClass::Exact, VerificationClass::Statistical]
            .into_iter()
            .map(|class| (*model, class))
            .flat_map(|service| Asks::<T>::get(service).into_iter().map(move |ask| Self::ask_info(service, ask)))
            .collect()
    }

    fn ask_info(service: Service, ask: Ask) -> AskInfo {
        let running = Running::<T>::get((&ask.provider, service));
        let Ask { provider, price, capacity, max_units, throughput, .. } = ask;
        AskInfo { provider, model: service.0, class: service.1, price, capacity, running, max_units, throughput }
    }
}
