//! What an order pays beside its price, for what it makes the chain do and keep. Every way of ordering comes through
//! here: [`Pallet::terms`] says it, [`Pallet::take_upkeep`] takes it.
//!
//! - **Attestations.** Validators and providers put them into blocks for free, so the order pays: the weight of all that
//!   one attempt can cause at the price of weight, and up to eight times that as the load of open jobs rises. It is
//!   burned, however the job ends, for the load was taken. A further attempt causes attestations again where the one
//!   before was committed. So the same is held for each, and goes back if it was not needed.
//! - **Visits.** A job that waits is looked at now and then, until its time is over: paid with the order, where no
//!   provider was free.
//! - **Storage.** Held for the bytes of the job, its order and its receipt, as long as they are kept.

use crate::{pallet::*, types::*, weights::WeightInfo};
use codec::{Encode, MaxEncodedLen};
use frame_support::{
    defensive, ensure,
    traits::{
        fungible::{Mutate, MutateHold},
        tokens::{Fortitude, Precision, Preservation},
        Get,
    },
    weights::{Weight, WeightToFee},
};
use sp_runtime::{traits::Convert, ArithmeticError, DispatchResult, Perbill};
use strike_primitives::{
    api::Costs,
    job::{JobOrder, JobOrderV1},
    receipt::{Payment, Receipt, MAX_PAYMENTS},
    traits::{Attestations, MAX_VALIDATORS},
    AccountId, Balance, BlockNumber, JobId,
};

/// Times by which the attestation fee rises beyond the plain price of weight when the load is at its limit.
const SURCHARGE: Balance = 7;

/// Bytes beside the job, its order and its receipt: their keys, the record of the audit, and the entries by which the job
/// is found, with their keys.
const INDEX_BYTES: u32 = 640;

impl<T: Config> Pallet<T> {
    /// What one more order pays for attestations now. Errors: [`Error::ChainBusy`].
    pub(crate) fn terms() -> Result<Upkeep, Error<T>> {
        let (weight, limit) = (T::Audits::weight(), T::LoadLimit::get());
        let load = weight.ref_time();
        let filled =
            Load::<T>::get().checked_add(load).filter(|filled| *filled <= limit).ok_or(Error::<T>::ChainBusy)?;
        let plain = T::WeightToFee::weight_to_fee(&weight);
        let risen = Perbill::from_rational(filled, limit).square().mul_ceil(plain.saturating_mul(SURCHARGE));
        let fee = plain.saturating_add(risen);
        let further = T::MaxAttempts::get().saturating_sub(1);
        Ok(Upkeep { load, fee, burned: 0, reserve: fee.saturating_mul(further.into()) })
    }

    /// Take what the order of a job pays for attestations, and count its load.
    pub(crate) fn take_upkeep(id: JobId, requester: &AccountId, upkeep: &mut Upkeep) -> DispatchResult {
        let fee = upkeep.fee;
        Self::burn_upkeep(id, requester, upkeep, fee)?;
        if upkeep.reserve > 0 {
            T::Currency::hold(&HoldReason::Attestations.into(), requester, upkeep.reserve)?;
        }
        Load::<T>::try_mutate(|load| -> DispatchResult {
            *load = load.checked_add(upkeep.load).ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })
    }

    /// Take what the order of a job pays for its time of waiting.
    pub(crate) fn pay_visits(id: JobId, job: &mut Job, asks: u32) -> DispatchResult {
        let fee = Self::waiting_fee(job.deadline, asks);
        Self::burn_upkeep(id, &job.requester, &mut job.upkeep, fee)
    }

    fn burn_upkeep(id: JobId, requester: &AccountId, upkeep: &mut Upkeep, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        let (keep, exact, polite) = (Preservation::Preserve, Precision::Exact, Fortitude::Polite);
        T::Currency::burn_from(requester, amount, keep, exact, polite)?;
        Self::upkeep_paid(id, requester, upkeep, amount)
    }

    /// An attempt that was committed has used up what was paid for attestations: the next one uses what is held.
    pub(crate) fn pay_again(id: JobId, job: &mut Job) -> DispatchResult {
        let Job { requester, upkeep, .. } = job;
        let fee = upkeep.fee;
        if fee == 0 {
            return Ok(());
        }
        upkeep.reserve = upkeep.reserve.checked_sub(fee).ok_or(ArithmeticError::Underflow)?;
        let reason = HoldReason::Attestations.into();
        T::Currency::burn_held(&reason, requester, fee, Precision::Exact, Fortitude::Force)?;
        Self::upkeep_paid(id, requester, upkeep, fee)
    }

    fn upkeep_paid(id: JobId, requester: &AccountId, upkeep: &mut Upkeep, amount: Balance) -> DispatchResult {
        upkeep.burned = upkeep.burned.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
        Self::deposit_event(Event::UpkeepPaid { job: id, account: requester.clone(), amount });
        Ok(())
    }

    /// A job is over: it causes no more attestations, and what was held for such goes back.
    pub(crate) fn end_upkeep(id: JobId, job: &mut Job) {
        let load = core::mem::take(&mut job.upkeep.load);
        Load::<T>::mutate(|all| match all.checked_sub(load) {
            Some(rest) => *all = rest,
            None => {
                defensive!("the load of an open job is counted");
                *all = 0;
            }
        });
        let reserve = core::mem::take(&mut job.upkeep.reserve);
        Self::give_back(id, HoldReason::Attestations, &job.requester, reserve);
    }

    /// What the visits of a job cost that waits for so many blocks, each of which looks at so many asks.
    pub(crate) fn waiting_fee(deadline: BlockNumber, asks: u32) -> Balance {
        let visits = deadline.checked_div(T::VisitEvery::get()).unwrap_or(deadline).saturating_add(1);
        let visit = T::WeightInfo::visit_waiting(asks.max(1));
        T::WeightToFee::weight_to_fee(&visit.saturating_mul(visits.into()))
    }

    /// What is held for what the chain keeps of a job: bytes of the order as it is, of the job and of a receipt with as
    /// many payments as its model and the validators of now can cause.
    pub(crate) fn storage_deposit(order: &JobOrder) -> Balance {
        let JobOrder::V1(JobOrderV1 { model, .. }) = order;
        // The provider, and a compensation.
        let payments = Self::owners(model).len().saturating_add(T::Audits::validators() as usize).saturating_add(2);
        let payment = Payment::max_encoded_len();
        let most = payment.saturating_mul(MAX_PAYMENTS as usize);
        let receipt = Receipt::max_encoded_len().saturating_sub(most).saturating_add(payment.saturating_mul(payments));
        let bytes = order.encoded_size().saturating_add(Job::max_encoded_len()).saturating_add(receipt);
        T::JobDeposit::convert(u32::try_from(bytes).unwrap_or(u32::MAX).saturating_add(INDEX_BYTES))
    }

    /// What an order costs and holds beside its price now, and how many asks are looked at for it. The fee of the
    /// transaction is that of the call alone. `None` if it is not one that is taken now.
    pub fn costs(order: &JobOrder) -> Option<Costs> {
        Self::ensure_order(order).ok()?;
        let JobOrder::V1(JobOrderV1 { model, class, .. }) = order;
        let (_, visited) = Self::find_fit(&Self::demand_of(order, &(*model, *class)));
        Self::costs_at(order, visited)
    }

    /// [`Self::costs`] where so many asks were looked at.
    pub(crate) fn costs_at(order: &JobOrder, visited: u32) -> Option<Costs> {
        let JobOrder::V1(JobOrderV1 { deadline, .. }) = order;
        let Upkeep { fee, reserve, .. } = Self::terms().ok()?;
        Some(Costs {
            transaction_fee: T::WeightToFee::weight_to_fee(&Self::submission(visited, T::Audits::validators())),
            attestation_fee: fee,
            reserve,
            waiting_fee: Self::waiting_fee(*deadline, visited),
            deposit: Self::storage_deposit(order),
            retention: T::Retention::get(),
        })
    }

    /// What the call costs that so many asks were looked at for, with so many validators: to take the order, to end its
    /// first attempt, which may look at as many asks again or pay as many validators, and to forget it. What is done
    /// later is paid for here; [`Config::HookShare`] says how much of it a block does.
    pub(crate) fn submission(asks: u32, validators: u32) -> Weight {
        let taken = T::WeightInfo::submit_assigned(asks).max(T::WeightInfo::submit_queued(asks));
        let paid = T::WeightInfo::settle_paid(validators.saturating_add(2));
        let ended = Self::deadline(asks).max(T::WeightInfo::settle_failed(asks)).max(paid);
        taken.saturating_add(ended).saturating_add(T::WeightInfo::prune().max(T::WeightInfo::forget()))
    }

    /// The most that an order costs.
    pub(crate) fn worst_submission() -> Weight {
        Self::submission(T::MaxAsksPerModel::get(), MAX_VALIDATORS)
    }

    /// Forget a closed job at its requester's wish, once its end is final: whoever follows it has seen it then.
    pub(crate) fn do_forget(requester: &AccountId, id: JobId) -> DispatchResult {
        let mut job = Jobs::<T>::get(id).ok_or(Error::<T>::JobNotFound)?;
        ensure!(job.requester == *requester, Error::<T>::NotRequester);
        ensure!(matches!(job.state, JobState::Closed(_)), Error::<T>::JobNotClosed);
        // Time goes on only while finality keeps up, so time that has passed is final.
        let closed_at = job.due.unwrap_or_default().saturating_sub(T::Retention::get());
        let now = Self::time();
        ensure!(now >= closed_at.saturating_add(T::FinalAfter::get()), Error::<T>::EndNotFinal);
        Self::set_due(id, &mut job, None);
        Self::prune(id, &job);
        Ok(())
    }
}
