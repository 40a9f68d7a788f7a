//! What always holds of the pallet's state.

use crate::pallet::*;
use frame_support::{ensure, traits::fungible::Inspect};
use sp_runtime::TryRuntimeError;
use strike_primitives::Balance;

impl<T: Config> Pallet<T> {
    /// Everything that waits is above zero, and the pallet's account has it beside what keeps it alive.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let mut owed: Balance = T::Currency::minimum_balance();
        for amount in Claimable::<T>::iter_values() {
            ensure!(amount > 0, "nothing waits for nobody");
            owed = owed.checked_add(amount).ok_or("what waits is no more than there is")?;
        }
        ensure!(T::Currency::total_balance(&Self::account()) >= owed, "what waits is there");
        Ok(())
    }
}
