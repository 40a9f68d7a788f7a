//! Pay, keep, pay out.

use crate::pallet::*;
use frame_support::{
    storage::with_storage_layer,
    traits::{
        fungible::{Mutate, MutateHold},
        tokens::{Fortitude, Precision, Preservation, Restriction},
    },
};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};
use strike_primitives::{
    traits::{Delivery, Payouts},
    AccountId, Balance,
};

impl<T: Config> Payouts<T::RuntimeHoldReason> for Pallet<T> {
    fn deliver(
        reason: &T::RuntimeHoldReason,
        from: &AccountId,
        to: &AccountId,
        amount: Balance,
    ) -> Result<Delivery, DispatchError> {
        match Self::transfer_held(reason, from, to, amount) {
            Ok(()) => Ok(Delivery::Made),
            Err(_) => Self::defer(reason, from, to, amount).map(|()| Delivery::Deferred),
        }
    }

    fn defer(reason: &T::RuntimeHoldReason, from: &AccountId, to: &AccountId, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        with_storage_layer(|| {
            Self::transfer_held(reason, from, &Self::account(), amount)?;
            Claimable::<T>::try_mutate(to, |claimable| {
                let sum = claimable.unwrap_or(0).checked_add(amount).ok_or(ArithmeticError::Overflow)?;
                *claimable = Some(sum);
                Ok::<_, DispatchError>(())
            })?;
            Self::deposit_event(Event::Deferred { account: to.clone(), from: from.clone(), amount });
            Ok(())
        })
    }
}

impl<T: Config> Pallet<T> {
    fn transfer_held(
        reason: &T::RuntimeHoldReason,
        from: &AccountId,
        to: &AccountId,
        amount: Balance,
    ) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        with_storage_layer(|| {
            T::Currency::transfer_on_hold(
                reason,
                from,
                to,
                amount,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Force,
            )
        })
        .map(|_| ())
    }

    /// Pay out what waits for the account.
    pub(crate) fn do_claim(account: AccountId) -> DispatchResult {
        let amount = Claimable::<T>::take(&account).ok_or(Error::<T>::NothingToClaim)?;
        T::Currency::transfer(&Self::account(), &account, amount, Preservation::Preserve)?;
        Self::deposit_event(Event::Claimed { account, amount });
        Ok(())
    }
}
