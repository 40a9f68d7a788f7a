//! Verdicts, payments, penalties and receipts.

use crate::{pallet::*, types::*, weights::WeightInfo};
use alloc::{vec, vec::Vec};
use frame_support::{
    defensive, ensure,
    storage::with_storage_layer,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision},
        Get,
    },
    weights::{Weight, WeightMeter},
    BoundedVec,
};
use sp_core::H256;
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult, Perbill};
use strike_primitives::{
    artifact::ArtifactId,
    receipt::{CloseReason, Payment, PaymentRole, Receipt, MAX_PAYMENTS},
    split::{split, Parts, Sale},
    traits::{AuditOutcome, Bonds, Delivery, OnVerdict, Payouts, Royalties},
    verdict::Verdict,
    AccountId, Attempt, Balance, JobId, Units,
};

/// What a receipt says beyond what the job knows.
#[derive(Default)]
pub(crate) struct Ending {
    commitment: Option<H256>,
    verdict: Option<Verdict>,
    verdicts: u32,
    units: Units,
    fee: Balance,
    burned: Balance,
    refunded: Balance,
    payments: Vec<Payment>,
}

impl<T: Config> OnVerdict for Pallet<T> {
    fn on_verdict(id: JobId, attempt: Attempt, outcome: AuditOutcome) -> DispatchResult {
        let mut job = Jobs::<T>::get(id).ok_or(Error::<T>::JobNotFound)?;
        let JobState::Committed { assignment, .. } = job.state else {
            return Err(Error::<T>::AttemptNotRunning.into());
        };
        ensure!(job.attempt == attempt, Error::<T>::AttemptNotRunning);
        job.state = JobState::Judged(assignment);
        Jobs::<T>::insert(id, job);
        SettlementQueueEnds::<T>::mutate(|ends| {
            SettlementQueue::<T>::insert(ends.tail, id);
            // 2^64 verdicts do not happen.
            ends.tail = ends.tail.saturating_add(1);
        });
        Self::deposit_event(Event::JobJudged { job: id, attempt, verdict: outcome.verdict });
        Verdicts::<T>::insert(id, (attempt, outcome));
        Ok(())
    }
}

impl<T: Config> Pallet<T> {
    /// Settle queued verdicts.
    pub(crate) fn poll_settlements(meter: &mut WeightMeter) {
        let mut ends = SettlementQueueEnds::<T>::get();
        let before = ends;
        while ends.head < ends.tail && meter.can_consume(Self::worst_settlement()) {
            let id = SettlementQueue::<T>::take(ends.head);
            ends.head = ends.head.saturating_add(1);
            // An error means that the job was settled by call before.
            let settled = id.map(Self::do_settle).and_then(Result::ok);
            meter.consume(settled.unwrap_or_else(|| T::WeightInfo::settle_paid(0)));
        }
        if ends != before {
            SettlementQueueEnds::<T>::put(ends);
        }
    }

    /// The most that one settlement costs.
    pub(crate) fn worst_settlement() -> Weight {
        T::WeightInfo::settle_paid(MAX_PAYMENTS).max(T::WeightInfo::settle_failed(T::MaxAsksPerModel::get()))
    }

    /// Settle a job's verdict: all of it, or, if that is impossible, none of it and the requester gets the escrow back.
    pub(crate) fn do_settle(id: JobId) -> Result<Weight, DispatchError> {
        let job = Jobs::<T>::get(id).ok_or(Error::<T>::JobNotFound)?;
        let JobState::Judged(assignment) = job.state.clone() else {
            return Err(Error::<T>::NothingToSettle.into());
        };
        let (_, outcome) = Verdicts::<T>::take(id).ok_or(Error::<T>::NothingToSettle)?;
        let settled = with_storage_layer(|| Self::apply_outcome(id, job.clone(), &assignment, outcome));
        Ok(settled.unwrap_or_else(|error| {
            Self::abandon(id, job, &assignment, error);
            T::WeightInfo::settle_failed(0)
        }))
    }

    fn apply_outcome(
        id: JobId,
        job: Job,
        assignment: &Assignment,
        outcome: AuditOutcome,
    ) -> Result<Weight, DispatchError> {
        let (reason, penalty) = match outcome.verdict {
            Some(Verdict::Valid { units }) => return Self::pay(id, job, assignment, units, outcome),
            Some(Verdict::Invalid { .. }) => (CloseReason::Invalid, T::InvalidPenalty::get()),
            Some(Verdict::Withheld) => (CloseReason::Withheld, T::InvalidPenalty::get()),
            None => (CloseReason::Undecided, Perbill::zero()),
        };
        let visited = Self::fail_attempt(id, job, assignment, reason, penalty, Ending::of(&outcome))?;
        Ok(T::WeightInfo::settle_failed(visited))
    }

    /// Pay for a valid result.
    fn pay(
        id: JobId,
        mut job: Job,
        assignment: &Assignment,
        units: Units,
        outcome: AuditOutcome,
    ) -> Result<Weight, DispatchError> {
        let units = units.min(job.max_units);
        let owners = Self::owners(&job.service.0);
        let parts = Self::parts(&job, assignment.price, units, &owners, outcome.validators.len())?;
        ensure!(parts.fee <= job.escrow, ArithmeticError::Underflow);
        let burned = parts.burned;
        let due = Self::due(&parts, &assignment.provider, owners, &outcome.validators);

        if burned > 0 {
            let reason = HoldReason::Escrow.into();
            T::Currency::burn_held(&reason, &job.requester, burned, Precision::Exact, Fortitude::Force)?;
        }
        // What can be neither delivered nor kept for a claim goes back to the requester and is no part of the fee.
        let mut paid = burned;
        let mut payments = Vec::with_capacity(due.len());
        for payment in due {
            if Self::deliver(id, &job.requester, &payment) {
                paid = paid.checked_add(payment.amount).ok_or(ArithmeticError::Overflow)?;
                payments.push(payment);
            }
        }
        let unused = job.escrow.checked_sub(paid).ok_or(ArithmeticError::Underflow)?;
        job.escrow = 0;
        let refunded = Self::give_back(id, HoldReason::Escrow, &job.requester, unused);
        T::Bonds::release(&assignment.provider, assignment.at_risk)?;
        Self::free_capacity(id, &job, &assignment.provider);

        Self::deposit_event(Event::JobSettled {
            job: id,
            attempt: job.attempt,
            provider: assignment.provider.clone(),
            units,
            fee: paid,
            burned,
            refunded,
        });
        let made = u32::try_from(payments.len()).unwrap_or(MAX_PAYMENTS);
        let ending = Ending { units, fee: paid, burned, refunded, payments, ..Ending::of(&outcome) };
        Self::close(id, job, CloseReason::Settled, ending);
        Ok(T::WeightInfo::settle_paid(made))
    }

    /// Who owns a share of what the model earns, as many as one settlement pays.
    pub(crate) fn owners(model: &ArtifactId) -> Vec<(AccountId, Perbill)> {
        T::Royalties::shares(model).into_iter().take(MAX_ROYALTIES as usize).collect()
    }

    /// What the work costs, and how it is split. Orders have no license and no application yet, and operators no pools.
    fn parts(
        job: &Job,
        price: Balance,
        units: Units,
        owners: &[(AccountId, Perbill)],
        validators: usize,
    ) -> Result<Parts, DispatchError> {
        let royalties: Vec<Perbill> = owners.iter().map(|(_, share)| *share).collect();
        let sale = Sale {
            units,
            price,
            license: None,
            app: None,
            kind: job.kind,
            royalties: &royalties,
            leaf: false,
            pool: None,
            validators: &vec![None; validators],
        };
        Ok(split(&T::FeeShares::get(), &sale)?)
    }

    /// The payments that a split asks for, provider first, then owners, then validators.
    fn due(
        parts: &Parts,
        provider: &AccountId,
        owners: Vec<(AccountId, Perbill)>,
        validators: &[AccountId],
    ) -> Vec<Payment> {
        let payment = |account: AccountId, role, amount: Balance| Payment { account, role, amount };
        let earned = payment(provider.clone(), PaymentRole::Provider, parts.provider.operator);
        let royalties = owners
            .into_iter()
            .zip(&parts.royalties)
            .map(|((account, _), amount)| payment(account, PaymentRole::Royalty, *amount));
        let checked = validators
            .iter()
            .zip(&parts.validators)
            .map(|(account, earning)| payment(account.clone(), PaymentRole::Validator, earning.operator));
        core::iter::once(earned).chain(royalties).chain(checked).filter(|payment| payment.amount > 0).collect()
    }

    /// End an attempt that came to nothing: the provider pays the penalty, and the next fitting provider gets the
    /// job; if there is none, it is closed and the escrow goes back. Returns how many asks were looked at.
    pub(crate) fn fail_attempt(
        id: JobId,
        mut job: Job,
        assignment: &Assignment,
        reason: CloseReason,
        penalty: Perbill,
        ending: Ending,
    ) -> Result<u32, DispatchError> {
        let provider = &assignment.provider;
        let (burned, compensated) = Self::punish(id, &job, assignment, penalty)?;
        if !penalty.is_zero() {
            Self::demote(provider);
        }
        job.slashed = job.slashed.checked_add(burned).ok_or(ArithmeticError::Overflow)?;
        job.compensated = job.compensated.checked_add(compensated).ok_or(ArithmeticError::Overflow)?;
        Self::free_capacity(id, &job, provider);
        // One that was late has caused no attestations: the next attempt uses what is paid.
        let attested = matches!(job.state, JobState::Judged(_));
        Self::deposit_event(Event::AttemptFailed {
            job: id,
            attempt: job.attempt,
            provider: provider.clone(),
            reason,
            burned,
            compensated,
        });

        let mut visited = 0;
        let next = job.attempt.checked_add(1).filter(|next| *next < T::MaxAttempts::get());
        if let (Some(next), Ok(())) = (next, job.failed.try_push(provider.clone())) {
            let (assigned, looked_at) = Self::try_assign(id, &mut job, next);
            if assigned {
                if attested {
                    Self::pay_again(id, &mut job)?;
                }
                Jobs::<T>::insert(id, job);
                return Ok(looked_at);
            }
            visited = looked_at;
        }
        Self::close_unpaid(id, job, reason, ending);
        Ok(visited)
    }

    /// Take the penalty from what stands behind the attempt and release the rest. At least half of it is burned, so
    /// that nobody gains by failing their own job, and the requester gets no more than that share of what the job
    /// could have cost. Returns what was burned and what the requester got.
    fn punish(
        id: JobId,
        job: &Job,
        assignment: &Assignment,
        penalty: Perbill,
    ) -> Result<(Balance, Balance), DispatchError> {
        let Assignment { provider, price, at_risk, .. } = assignment;
        let max_fee = strike_primitives::job::fee(job.max_units, *price).unwrap_or(*at_risk).min(*at_risk);
        let half = penalty.mul_floor(max_fee).checked_div(2).unwrap_or(0);
        let penalty = penalty.mul_floor(*at_risk);
        let mut burn = penalty.saturating_sub(half);
        let (mut compensated, mut undelivered) = (0, 0);
        if half > 0 {
            match with_storage_layer(|| T::Bonds::compensate(provider, &job.requester, half)) {
                // What could not be delivered is burned already.
                Ok(amount) => (compensated, undelivered) = (amount, half.saturating_sub(amount)),
                // Whoever cannot be compensated must not be the provider's gain.
                Err(_) => burn = penalty,
            }
        }
        if compensated > 0 {
            Self::deposit_event(Event::PaymentMade {
                job: id,
                account: job.requester.clone(),
                role: PaymentRole::Compensation,
                amount: compensated,
            });
        }
        let slashed = if burn > 0 { T::Bonds::slash(provider, burn)? } else { 0 };
        let burned = slashed.checked_add(undelivered).ok_or(ArithmeticError::Overflow)?;
        let rest = at_risk.checked_sub(burned).and_then(|rest| rest.checked_sub(compensated));
        let rest = rest.ok_or(ArithmeticError::Underflow)?;
        if rest > 0 {
            T::Bonds::release(provider, rest)?;
        }
        Ok((burned, compensated))
    }

    /// Close a job with the whole escrow back to the requester.
    pub(crate) fn close_unpaid(id: JobId, mut job: Job, reason: CloseReason, mut ending: Ending) {
        ending.refunded = Self::give_back(id, HoldReason::Escrow, &job.requester, job.escrow);
        job.escrow = 0;
        Self::close(id, job, reason, ending);
    }

    /// The way out when an attempt can be ended neither as settled nor as failed: never pay, never punish, free
    /// everything.
    pub(crate) fn abandon(id: JobId, job: Job, assignment: &Assignment, error: DispatchError) {
        log::error!(target: crate::LOG_TARGET, "job {id} cannot be settled: {error:?}");
        Self::deposit_event(Event::SettlementFailed { job: id, attempt: job.attempt, error });
        let released = with_storage_layer(|| T::Bonds::release(&assignment.provider, assignment.at_risk));
        if let Err(error) = released {
            log::error!(target: crate::LOG_TARGET, "the bond behind job {id} cannot be released: {error:?}");
        }
        Self::free_capacity(id, &job, &assignment.provider);
        Self::close_unpaid(id, job, CloseReason::Undecided, Default::default());
    }

    /// Write the receipt and let the job be pruned in time.
    fn close(id: JobId, mut job: Job, reason: CloseReason, ending: Ending) {
        Self::end_upkeep(id, &mut job);
        let now = Self::now();
        let (provider, price) =
            job.assignment().map_or((None, 0), |assignment| (Some(assignment.provider.clone()), assignment.price));
        let mut payments = ending.payments;
        if job.compensated > 0 {
            payments.push(Payment {
                account: job.requester.clone(),
                role: PaymentRole::Compensation,
                amount: job.compensated,
            });
        }
        let receipt = Receipt {
            job: id,
            attempt: job.attempt,
            reason,
            requester: job.requester.clone(),
            provider,
            model: job.service.0,
            class: job.service.1,
            commitment: ending.commitment,
            verdict: ending.verdict,
            verdicts: ending.verdicts,
            units: ending.units,
            price,
            fee: ending.fee,
            refunded: ending.refunded,
            burned: ending.burned,
            slashed: job.slashed,
            upkeep: job.upkeep.burned,
            payments: BoundedVec::truncate_from(payments),
            submitted_at: job.submitted_at,
            closed_at: now,
        };
        Self::deposit_event(Event::JobClosed { job: id, reason, receipt: receipt.hash() });
        Receipts::<T>::insert(id, receipt);
        // Block heights end long after this sum could be cut short.
        Self::set_due(id, &mut job, Some(Self::time().saturating_add(T::Retention::get())));
        job.state = JobState::Closed(reason);
        Jobs::<T>::insert(id, job);
    }

    /// Pay from the escrow; what the payee cannot receive is kept for a claim. Returns whether either was possible.
    fn deliver(id: JobId, requester: &AccountId, payment: &Payment) -> bool {
        let Payment { account, role, amount } = payment.clone();
        match T::Payouts::deliver(&HoldReason::Escrow.into(), requester, &account, amount) {
            Ok(Delivery::Made) => Self::deposit_event(Event::PaymentMade { job: id, account, role, amount }),
            Ok(Delivery::Deferred) => Self::deposit_event(Event::PaymentDeferred { job: id, account, role, amount }),
            Err(error) => {
                log::error!(target: crate::LOG_TARGET, "payment of job {id} cannot be kept for {account:?}: {error:?}");
                return false;
            }
        }
        true
    }

    /// Give held money back to whose it is; what the account cannot receive is kept for a claim. Returns how much it
    /// was.
    pub(crate) fn give_back(id: JobId, reason: HoldReason, account: &AccountId, amount: Balance) -> Balance {
        if amount == 0 {
            return 0;
        }
        let released = with_storage_layer(|| T::Currency::release(&reason.into(), account, amount, Precision::Exact));
        if released.is_ok() {
            return amount;
        }
        if T::Payouts::defer(&reason.into(), account, account, amount).is_ok() {
            Self::deposit_event(Event::RefundDeferred { job: id, account: account.clone(), amount });
            return amount;
        }
        defensive!("held money can be given back or kept for a claim");
        0
    }
}

impl Ending {
    /// What the validators found.
    fn of(outcome: &AuditOutcome) -> Self {
        Self {
            commitment: Some(outcome.commitment),
            verdict: outcome.verdict,
            // At most [`strike_primitives::traits::MAX_VALIDATORS`].
            verdicts: outcome.validators.len() as u32,
            ..Default::default()
        }
    }
}
