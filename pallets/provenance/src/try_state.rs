//! The invariants of the pallet.

use crate::{
    registry::{is_runnable, is_valid_name},
    Artifacts, Config, HoldReason, Pallet,
};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::hold::Inspect};
use sp_runtime::{ArithmeticError, DispatchResult};
use strike_primitives::{AccountId, Balance};

impl<T: Config> Pallet<T> {
    /// Check all of storage. The runtime's state check and tests call it; never a block.
    ///
    /// - What an owner has on hold equals the deposits of its artifacts.
    /// - Every artifact is of a kind that can be run, has a valid name and a size, and is not on offer to its owner.
    pub fn do_try_state() -> DispatchResult {
        let mut deposits: BTreeMap<AccountId, Balance> = BTreeMap::new();
        for (artifact, record) in Artifacts::<T>::iter() {
            ensure!(is_runnable(artifact.kind), "an artifact is registered that cannot be run");
            ensure!(is_valid_name(&record.name), "an artifact has an invalid name");
            ensure!(record.size > 0, "an artifact has no size");
            ensure!(record.offered_to.as_ref() != Some(&record.owner), "an artifact is on offer to its owner");
            let sum = deposits.entry(record.owner).or_default();
            *sum = sum.checked_add(record.deposit).ok_or(ArithmeticError::Overflow)?;
        }
        for (owner, deposit) in deposits {
            ensure!(
                T::Currency::balance_on_hold(&HoldReason::Registration.into(), &owner) == deposit,
                "an owner's deposits differ from what is on hold"
            );
        }
        Ok(())
    }
}
