//! Bonds at risk: what other pallets put behind jobs, and what becomes of it.

use crate::{Config, Error, Event, HoldReason, Pallet, ProviderOf, Providers};
use frame_support::{
    defensive, ensure,
    storage::with_storage_layer,
    traits::{
        fungible::hold::Mutate,
        tokens::{Fortitude, Precision, Restriction},
        Get,
    },
};
use sp_runtime::{traits::Zero, ArithmeticError, DispatchError, DispatchResult};
use strike_primitives::{traits::Bonds, AccountId, Balance};

impl<T: Config> Bonds for Pallet<T> {
    fn available(provider: &AccountId) -> Balance {
        match Providers::<T>::get(provider) {
            Some(record) if record.is_active(T::MinBond::get()) => record.unreserved(),
            _ => 0,
        }
    }

    fn reserve(provider: &AccountId, amount: Balance) -> DispatchResult {
        Self::try_mutate_provider(provider, |record| {
            ensure!(record.is_active(T::MinBond::get()), Error::<T>::NotActive);
            ensure!(amount <= record.unreserved(), Error::<T>::BondUnavailable);
            record.reserved = record.reserved.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
            Ok(())
        })
    }

    fn release(provider: &AccountId, amount: Balance) -> DispatchResult {
        Self::try_mutate_provider(provider, |record| {
            record.reserved = record.reserved.checked_sub(amount).ok_or(Error::<T>::NotReserved)?;
            Ok(())
        })
    }

    // Callers may be hooks, which no storage transaction surrounds: hold and record change together or not at all.
    fn slash(provider: &AccountId, amount: Balance) -> Result<Balance, DispatchError> {
        with_storage_layer(|| {
            Self::try_mutate_provider(provider, |record| Self::burn_reserved(provider, record, amount))
        })
    }

    fn compensate(provider: &AccountId, beneficiary: &AccountId, amount: Balance) -> Result<Balance, DispatchError> {
        with_storage_layer(|| {
            Self::try_mutate_provider(provider, |record| {
                let amount = amount.min(record.reserved);
                if amount.is_zero() {
                    return Ok(0);
                }
                let paid = with_storage_layer(|| {
                    T::Currency::transfer_on_hold(
                        &HoldReason::Bond.into(),
                        provider,
                        beneficiary,
                        amount,
                        Precision::Exact,
                        Restriction::Free,
                        Fortitude::Force,
                    )
                });
                match paid {
                    Ok(paid) => {
                        record.lower(paid)?;
                        let (provider, beneficiary) = (provider.clone(), beneficiary.clone());
                        Self::deposit_event(Event::Compensated { provider, beneficiary, amount: paid });
                        Ok(paid)
                    }
                    // It cannot be delivered. Whoever is at fault does not get it back either.
                    Err(_) => Self::burn_reserved(provider, record, amount).map(|_| 0),
                }
            })
        })
    }
}

impl<T: Config> Pallet<T> {
    /// Burn up to `amount` of what is reserved, and return what was burned.
    fn burn_reserved(
        provider: &AccountId,
        record: &mut ProviderOf<T>,
        amount: Balance,
    ) -> Result<Balance, DispatchError> {
        let amount = amount.min(record.reserved);
        if amount.is_zero() {
            return Ok(0);
        }
        let burned = T::Currency::burn_held(
            &HoldReason::Bond.into(),
            provider,
            amount,
            Precision::BestEffort,
            Fortitude::Force,
        )?;
        if burned < amount {
            defensive!("a bond is on hold in full");
        }
        record.lower(burned)?;
        Self::deposit_event(Event::Slashed { provider: provider.clone(), amount: burned });
        Ok(burned)
    }
}
