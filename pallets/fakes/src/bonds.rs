//! Bonds at risk.

use crate::{
    registry::FakeRegistry,
    tables::{BondsOf, CompensateFails, ReleaseFails},
};
use frame_support::{
    ensure,
    traits::{
        fungible::Mutate,
        tokens::{Fortitude, Precision, Preservation},
    },
};
use sp_runtime::{DispatchError, DispatchResult};
use std::marker::PhantomData;
use strike_primitives::{
    traits::{Bonds, ProviderRegistry},
    AccountId, Balance,
};

/// Has the money of all bonds, which a test has to endow it with.
pub fn vault() -> AccountId {
    AccountId::new([99; 32])
}

/// Bonds of a table, over the real money of [`vault`].
pub struct FakeBonds<Currency>(PhantomData<Currency>);

/// Change a provider's bond and what is reserved of it.
fn with_bond<R>(
    provider: &AccountId,
    change: impl FnOnce(&mut (Balance, Balance)) -> Result<R, DispatchError>,
) -> Result<R, DispatchError> {
    BondsOf::try_mutate(|bonds| change(bonds.get_mut(provider).ok_or("no such provider")?))
}

/// Take up to `amount` of what is reserved out of the bond. Returns how much it was.
fn lower(provider: &AccountId, amount: Balance) -> Result<Balance, DispatchError> {
    with_bond(provider, |(bond, reserved)| {
        let amount = amount.min(*reserved);
        *bond -= amount;
        *reserved -= amount;
        Ok(amount)
    })
}

impl<Currency: Mutate<AccountId, Balance = Balance>> Bonds for FakeBonds<Currency> {
    fn available(provider: &AccountId) -> Balance {
        if !FakeRegistry::is_active(provider) {
            return 0;
        }
        BondsOf::get().get(provider).map_or(0, |(bond, reserved)| bond - reserved)
    }

    fn reserve(provider: &AccountId, amount: Balance) -> DispatchResult {
        with_bond(provider, |(bond, reserved)| {
            ensure!(*reserved + amount <= *bond, "bond too low");
            *reserved += amount;
            Ok(())
        })
    }

    fn release(provider: &AccountId, amount: Balance) -> DispatchResult {
        ensure!(!ReleaseFails::get(), "release fails");
        with_bond(provider, |(_, reserved)| {
            *reserved = reserved.checked_sub(amount).ok_or("not reserved")?;
            Ok(())
        })
    }

    fn slash(provider: &AccountId, amount: Balance) -> Result<Balance, DispatchError> {
        let amount = lower(provider, amount)?;
        Currency::burn_from(&vault(), amount, Preservation::Preserve, Precision::Exact, Fortitude::Force)
    }

    fn compensate(provider: &AccountId, to: &AccountId, amount: Balance) -> Result<Balance, DispatchError> {
        ensure!(!CompensateFails::get(), "compensation fails");
        let amount = lower(provider, amount)?;
        Currency::transfer(&vault(), to, amount, Preservation::Preserve)
    }
}
