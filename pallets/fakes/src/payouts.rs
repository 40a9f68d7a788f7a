//! Payments that may be undeliverable.

use crate::tables::Kept;
use frame_support::{
    storage::with_storage_layer,
    traits::{
        fungible::{Mutate, MutateHold},
        tokens::{Fortitude, Precision, Preservation, Restriction},
    },
};
use sp_runtime::{DispatchError, DispatchResult};
use std::marker::PhantomData;
use strike_primitives::{
    traits::{Delivery, Payouts},
    AccountId, Balance,
};

/// Has what is kept, which a test has to endow with the existential deposit.
pub fn till() -> AccountId {
    AccountId::new([98; 32])
}

/// A table of who is owed what, over the real money of [`till`].
pub struct FakePayouts<Currency>(PhantomData<Currency>);

impl<Currency> FakePayouts<Currency>
where
    Currency: Mutate<AccountId, Balance = Balance> + MutateHold<AccountId, Balance = Balance>,
{
    fn transfer_held(reason: &Currency::Reason, from: &AccountId, to: &AccountId, amount: Balance) -> DispatchResult {
        let (exactly, free, force) = (Precision::Exact, Restriction::Free, Fortitude::Force);
        with_storage_layer(|| Currency::transfer_on_hold(reason, from, to, amount, exactly, free, force).map(|_| ()))
    }

    /// Pay out what is kept for an account.
    pub fn claim(who: &AccountId) -> DispatchResult {
        with_storage_layer(|| {
            let amount = Kept::mutate(|kept| kept.remove(who)).ok_or("nothing is kept")?;
            Currency::transfer(&till(), who, amount, Preservation::Preserve).map(|_| ())
        })
    }
}

impl<Currency> Payouts<Currency::Reason> for FakePayouts<Currency>
where
    Currency: Mutate<AccountId, Balance = Balance> + MutateHold<AccountId, Balance = Balance>,
{
    fn deliver(
        reason: &Currency::Reason,
        from: &AccountId,
        to: &AccountId,
        amount: Balance,
    ) -> Result<Delivery, DispatchError> {
        match Self::transfer_held(reason, from, to, amount) {
            Ok(()) => Ok(Delivery::Made),
            Err(_) => Self::defer(reason, from, to, amount).map(|()| Delivery::Deferred),
        }
    }

    fn defer(reason: &Currency::Reason, from: &AccountId, to: &AccountId, amount: Balance) -> DispatchResult {
        Self::transfer_held(reason, from, &till(), amount)?;
        Kept::mutate(|kept| *kept.entry(to.clone()).or_default() += amount);
        Ok(())
    }
}
