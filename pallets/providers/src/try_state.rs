//! The invariants of the pallet.

use crate::{registry::all_distinct, Config, HoldReason, KeyOwner, Pallet, Providers};
use frame_support::{ensure, traits::fungible::hold::Inspect};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
    /// Check all of storage. The runtime's state check and tests call it; never a block.
    ///
    /// - What is on hold for a provider's bond equals the bond, and at most that much is reserved.
    /// - The owners of keys are the inverse of the providers' keys.
    /// - Every provider serves at least one model, lists none twice, and is not linked to itself.
    pub fn do_try_state() -> DispatchResult {
        let mut providers: u64 = 0;
        for (who, record) in Providers::<T>::iter() {
            providers = providers.saturating_add(1);
            ensure!(
                T::Currency::balance_on_hold(&HoldReason::Bond.into(), &who) == record.bond,
                "a bond differs from what is on hold"
            );
            ensure!(record.reserved <= record.bond, "more is reserved than bonded");
            ensure!(
                KeyOwner::<T>::get(&record.app_key).as_ref() == Some(&who),
                "a provider's app key is not owned by it"
            );
            ensure!(!record.models.is_empty(), "a provider serves no model");
            ensure!(all_distinct(&record.models), "a provider lists a model twice");
            ensure!(all_distinct(&record.linked), "a provider lists a link twice");
            ensure!(!record.linked.contains(&who), "a provider is linked to itself");
        }
        let mut keys: u64 = 0;
        for (_, who) in KeyOwner::<T>::iter() {
            keys = keys.saturating_add(1);
            ensure!(Providers::<T>::contains_key(&who), "an app key is owned by an account that is no provider");
        }
        ensure!(keys == providers, "an app key is owned that its provider does not use");
        Ok(())
    }
}
