//! Orders: what is taken, what it costs to take it, and how a requester takes it back.

use crate::{pallet::*, types::*, weights::WeightInfo};
use frame_support::{
    dispatch::{DispatchErrorWithPostInfo, WithPostDispatchInfo},
    ensure,
    traits::{fungible::MutateHold, Get},
    weights::Weight,
};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};
use strike_primitives::{
    job::{Input, JobOrder, JobOrderV1, WorkSpec, MAX_BLOB_INPUT, MAX_TOKENS},
    receipt::CloseReason,
    traits::{ArtifactRegistry, Attestations},
    AccountId, BlockNumber, JobId,
};

impl<T: Config> Pallet<T> {
    /// Take an order: take its money, then assign it or let it wait. Returns what the call costs.
    pub(crate) fn do_submit(requester: AccountId, order: JobOrder) -> Result<Weight, DispatchErrorWithPostInfo> {
        // What is refused before any ask is looked at pays for no more.
        let (id, mut job, expiry) =
            Self::open_job(requester, order).map_err(|error| error.with_weight(T::WeightInfo::submit_queued(0)))?;
        let (assigned, visited) = Self::try_assign(id, &mut job, 0);
        if !assigned {
            Self::pay_visits(id, &mut job, visited)?;
            Self::enqueue(id, &mut job, expiry)?;
        }
        Jobs::<T>::insert(id, job);
        Ok(Self::submission(visited, T::Audits::validators()))
    }

    /// A job for an order, with its money taken, and the last time of its waiting. The caller stores the job.
    fn open_job(requester: AccountId, order: JobOrder) -> Result<(JobId, Job, BlockNumber), DispatchError> {
        Self::ensure_order(&order)?;
        let mut upkeep = Self::terms()?;
        let JobOrder::V1(JobOrderV1 { ref work, model, class, max_price, deadline }) = order;
        let (escrow, deposit) = (max_price, Self::storage_deposit(&order));
        T::Currency::hold(&HoldReason::Escrow.into(), &requester, escrow)?;
        T::Currency::hold(&HoldReason::JobDeposit.into(), &requester, deposit)?;

        let id = NextJobId::<T>::get();
        NextJobId::<T>::put(id.checked_add(1).ok_or(ArithmeticError::Overflow)?);
        Self::take_upkeep(id, &requester, &mut upkeep)?;
        let now = Self::now();
        let expiry = Self::time().checked_add(deadline).ok_or(ArithmeticError::Overflow)?;
        let job = Job {
            requester: requester.clone(),
            service: (model, class),
            kind: work.kind(),
            max_units: work.max_units(),
            escrow,
            deposit,
            upkeep,
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
        Ok((id, job, expiry))
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
}
