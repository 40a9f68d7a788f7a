//! Providers come, change and leave; and what other pallets may ask about them.

use crate::{Config, Error, Event, HoldReason, KeyOwner, Pallet, Provider, ProviderOf, ProviderState, Providers};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    traits::{fungible::hold::Mutate, tokens::Precision, Get},
    BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_application_crypto::RuntimeAppPublic;
use sp_runtime::{
    traits::{UniqueSaturatedInto, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};
use strike_primitives::{
    app::{proof_of_possession_payload, AppKey, AppSignature},
    artifact::ArtifactId,
    traits::{ArtifactRegistry, ProviderRegistry},
    AccountId, Balance, BlockNumber,
};

impl<T: Config> Pallet<T> {
    /// Change the record of `provider`; if `change` fails, the record stays as it was.
    pub(crate) fn try_mutate_provider<R>(
        provider: &AccountId,
        change: impl FnOnce(&mut ProviderOf<T>) -> Result<R, DispatchError>,
    ) -> Result<R, DispatchError> {
        Providers::<T>::try_mutate(provider, |record| change(record.as_mut().ok_or(Error::<T>::ProviderNotFound)?))
    }

    fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// Register without asking for proof of the key or whether the models are registered, for the genesis block.
    pub(crate) fn do_register(
        who: &AccountId,
        bond: Balance,
        app_key: AppKey,
        models: BoundedVec<ArtifactId, T::MaxModels>,
        linked: BoundedVec<AccountId, T::MaxLinked>,
    ) -> DispatchResult {
        ensure!(!Providers::<T>::contains_key(who), Error::<T>::AlreadyRegistered);
        ensure!(bond >= T::MinBond::get(), Error::<T>::BondTooLow);
        ensure!(!KeyOwner::<T>::contains_key(&app_key), Error::<T>::AppKeyTaken);
        Self::ensure_model_list(&models)?;
        Self::ensure_link_list(who, &linked)?;

        T::Currency::hold(&HoldReason::Bond.into(), who, bond)?;
        KeyOwner::<T>::insert(&app_key, who);
        let record =
            Provider { bond, reserved: 0, app_key: app_key.clone(), models, linked, state: ProviderState::Active };
        Providers::<T>::insert(who, record);
        Self::deposit_event(Event::ProviderRegistered { provider: who.clone(), bond, app_key });
        Ok(())
    }

    pub(crate) fn do_bond_extra(who: AccountId, amount: Balance) -> DispatchResult {
        ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
        let bond = Self::try_mutate_provider(&who, |record| {
            T::Currency::hold(&HoldReason::Bond.into(), &who, amount)?;
            record.bond = record.bond.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
            Ok(record.bond)
        })?;
        Self::deposit_event(Event::BondIncreased { provider: who, amount, bond });
        Ok(())
    }

    pub(crate) fn do_set_models(who: AccountId, models: BoundedVec<ArtifactId, T::MaxModels>) -> DispatchResult {
        Self::ensure_model_list(&models)?;
        Self::ensure_registered_models(&models)?;
        Self::try_mutate_provider(&who, |record| {
            record.models = models.clone();
            Ok(())
        })?;
        Self::deposit_event(Event::ModelsSet { provider: who, models: models.into_inner() });
        Ok(())
    }

    pub(crate) fn do_set_linked(who: AccountId, linked: BoundedVec<AccountId, T::MaxLinked>) -> DispatchResult {
        Self::ensure_link_list(&who, &linked)?;
        Self::try_mutate_provider(&who, |record| {
            let keeps_all = record.linked.iter().all(|link| linked.contains(link));
            ensure!(keeps_all || record.reserved.is_zero(), Error::<T>::JobsRunning);
            record.linked = linked.clone();
            Ok(())
        })?;
        Self::deposit_event(Event::LinksSet { provider: who, linked: linked.into_inner() });
        Ok(())
    }

    pub(crate) fn do_set_app_key(who: AccountId, app_key: AppKey) -> DispatchResult {
        Self::try_mutate_provider(&who, |record| {
            ensure!(record.reserved.is_zero(), Error::<T>::JobsRunning);
            ensure!(!KeyOwner::<T>::contains_key(&app_key), Error::<T>::AppKeyTaken);
            KeyOwner::<T>::remove(&record.app_key);
            KeyOwner::<T>::insert(&app_key, &who);
            record.app_key = app_key.clone();
            Ok(())
        })?;
        Self::deposit_event(Event::AppKeySet { provider: who, app_key });
        Ok(())
    }

    pub(crate) fn do_leave(who: AccountId) -> DispatchResult {
        let withdrawable_at = Self::try_mutate_provider(&who, |record| {
            ensure!(record.state == ProviderState::Active, Error::<T>::AlreadyLeaving);
            let withdrawable_at =
                Self::now().checked_add(T::UnbondingPeriod::get()).ok_or(ArithmeticError::Overflow)?;
            record.state = ProviderState::Leaving { withdrawable_at };
            Ok(withdrawable_at)
        })?;
        Self::deposit_event(Event::LeaveStarted { provider: who, withdrawable_at });
        Ok(())
    }

    pub(crate) fn do_rejoin(who: AccountId) -> DispatchResult {
        Self::try_mutate_provider(&who, |record| {
            ensure!(record.state != ProviderState::Active, Error::<T>::NotLeaving);
            record.state = ProviderState::Active;
            Ok(())
        })?;
        Self::deposit_event(Event::LeaveCancelled { provider: who });
        Ok(())
    }

    pub(crate) fn do_withdraw(who: AccountId) -> DispatchResult {
        let record = Providers::<T>::get(&who).ok_or(Error::<T>::ProviderNotFound)?;
        let ProviderState::Leaving { withdrawable_at } = record.state else {
            return Err(Error::<T>::NotLeaving.into());
        };
        ensure!(Self::now() >= withdrawable_at, Error::<T>::UnbondingNotOver);
        ensure!(record.reserved.is_zero(), Error::<T>::JobsRunning);

        // Slashes may have taken all of it.
        if !record.bond.is_zero() {
            T::Currency::release(&HoldReason::Bond.into(), &who, record.bond, Precision::Exact)?;
        }
        KeyOwner::<T>::remove(&record.app_key);
        Providers::<T>::remove(&who);
        Self::deposit_event(Event::ProviderRemoved { provider: who, bond: record.bond });
        Ok(())
    }

    /// Whether `proof` shows that `who` holds `app_key`.
    pub(crate) fn ensure_possession(who: &AccountId, app_key: &AppKey, proof: &AppSignature) -> DispatchResult {
        let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
        ensure!(app_key.verify(&proof_of_possession_payload(&genesis, who), proof), Error::<T>::InvalidProof);
        Ok(())
    }

    /// Whether all of `models` can be run.
    pub(crate) fn ensure_registered_models(models: &[ArtifactId]) -> DispatchResult {
        ensure!(models.iter().all(T::Artifacts::is_model), Error::<T>::ModelNotRegistered);
        Ok(())
    }

    fn ensure_model_list(models: &[ArtifactId]) -> DispatchResult {
        ensure!(!models.is_empty(), Error::<T>::NoModels);
        ensure!(all_distinct(models), Error::<T>::DuplicateModel);
        Ok(())
    }

    fn ensure_link_list(who: &AccountId, linked: &[AccountId]) -> DispatchResult {
        ensure!(!linked.contains(who), Error::<T>::SelfLink);
        ensure!(all_distinct(linked), Error::<T>::DuplicateLink);
        Ok(())
    }
}

pub(crate) fn all_distinct<V: Ord>(values: &[V]) -> bool {
    let mut sorted: Vec<&V> = values.iter().collect();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair.first() != pair.last())
}

impl<T: Config> ProviderRegistry for Pallet<T> {
    fn is_active(provider: &AccountId) -> bool {
        Providers::<T>::get(provider).is_some_and(|record| record.is_active(T::MinBond::get()))
    }

    fn app_key(provider: &AccountId) -> Option<AppKey> {
        Providers::<T>::get(provider).map(|record| record.app_key)
    }

    fn provider_of(key: &AppKey) -> Option<AccountId> {
        KeyOwner::<T>::get(key)
    }

    fn serves(provider: &AccountId, model: &ArtifactId) -> bool {
        Providers::<T>::get(provider).is_some_and(|record| record.models.contains(model))
    }

    fn own_links(provider: &AccountId) -> impl Fn(&AccountId) -> bool {
        let linked = Providers::<T>::get(provider).map(|record| record.linked).unwrap_or_default();
        move |other| provider == other || linked.contains(other)
    }

    fn names(who: &AccountId, other: &AccountId) -> bool {
        Providers::<T>::get(who).is_some_and(|record| record.linked.contains(other))
    }
}
