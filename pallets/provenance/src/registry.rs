//! Artifacts are registered and change hands; and what other pallets may ask about them.

use crate::{Artifact, ArtifactOf, Artifacts, Config, Error, Event, HoldReason, Pallet};
use alloc::{vec, vec::Vec};
use frame_support::{
    ensure,
    traits::{fungible::hold::Mutate, tokens::Precision, Get},
    BoundedVec,
};
use sp_runtime::{
    traits::{UniqueSaturatedInto, Zero},
    ArithmeticError, DispatchError, DispatchResult, Perbill,
};
use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    traits::{ArtifactRegistry, Royalties},
    AccountId, Balance,
};

impl<T: Config> Pallet<T> {
    /// What registering under a name of `name_length` bytes costs in deposit.
    pub fn deposit(name_length: u32) -> Result<Balance, ArithmeticError> {
        T::ByteDeposit::get()
            .checked_mul(name_length.into())
            .and_then(|bytes| bytes.checked_add(T::BaseDeposit::get()))
            .ok_or(ArithmeticError::Overflow)
    }

    pub(crate) fn do_register(
        who: &AccountId,
        model: ArtifactId,
        name: BoundedVec<u8, T::MaxName>,
        size: u64,
        royalty: Perbill,
    ) -> DispatchResult {
        ensure!(is_runnable(model.kind), Error::<T>::NotAModel);
        ensure!(is_valid_name(&name), Error::<T>::InvalidName);
        ensure!(!size.is_zero(), Error::<T>::InvalidSize);
        ensure!(royalty <= T::MaxRoyalty::get(), Error::<T>::RoyaltyTooHigh);
        ensure!(!Artifacts::<T>::contains_key(model), Error::<T>::AlreadyRegistered);

        // The length is at most `MaxName`, a u32.
        let deposit = Self::deposit(name.len() as u32)?;
        T::Currency::hold(&HoldReason::Registration.into(), who, deposit)?;
        let record = Artifact {
            owner: who.clone(),
            offered_to: None,
            name: name.clone(),
            size,
            royalty,
            deposit,
            registered_at: frame_system::Pallet::<T>::block_number().unique_saturated_into(),
        };
        Artifacts::<T>::insert(model, record);
        Self::deposit_event(Event::ModelRegistered {
            model,
            owner: who.clone(),
            name: name.into_inner(),
            size,
            royalty,
            deposit,
        });
        Ok(())
    }

    pub(crate) fn do_set_royalty(who: &AccountId, model: ArtifactId, royalty: Perbill) -> DispatchResult {
        Self::try_mutate_owned(who, model, |record| {
            ensure!(royalty <= record.royalty, Error::<T>::RoyaltyRaised);
            record.royalty = royalty;
            Ok(())
        })?;
        Self::deposit_event(Event::RoyaltySet { model, royalty });
        Ok(())
    }

    pub(crate) fn do_offer_ownership(who: AccountId, model: ArtifactId, new_owner: AccountId) -> DispatchResult {
        Self::try_mutate_owned(&who, model, |record| {
            ensure!(new_owner != record.owner, Error::<T>::AlreadyOwner);
            record.offered_to = Some(new_owner.clone());
            Ok(())
        })?;
        Self::deposit_event(Event::OwnershipOffered { model, owner: who, offered_to: new_owner });
        Ok(())
    }

    pub(crate) fn do_withdraw_offer(who: &AccountId, model: ArtifactId) -> DispatchResult {
        let offered_to =
            Self::try_mutate_owned(who, model, |record| record.offered_to.take().ok_or(Error::<T>::NotOffered.into()))?;
        Self::deposit_event(Event::OfferWithdrawn { model, offered_to });
        Ok(())
    }

    pub(crate) fn do_accept_ownership(who: AccountId, model: ArtifactId) -> DispatchResult {
        let from = Artifacts::<T>::try_mutate(model, |record| -> Result<AccountId, DispatchError> {
            let record = record.as_mut().ok_or(Error::<T>::ArtifactNotFound)?;
            ensure!(record.offered_to.as_ref() == Some(&who), Error::<T>::NotOffered);
            let reason = HoldReason::Registration.into();
            T::Currency::hold(&reason, &who, record.deposit)?;
            T::Currency::release(&reason, &record.owner, record.deposit, Precision::Exact)?;
            record.offered_to = None;
            Ok(core::mem::replace(&mut record.owner, who.clone()))
        })?;
        Self::deposit_event(Event::OwnershipTransferred { model, from, to: who });
        Ok(())
    }

    /// Change the record of a model of `who`; if `change` fails, the record stays as it was.
    fn try_mutate_owned<R>(
        who: &AccountId,
        model: ArtifactId,
        change: impl FnOnce(&mut ArtifactOf<T>) -> Result<R, DispatchError>,
    ) -> Result<R, DispatchError> {
        Artifacts::<T>::try_mutate(model, |record| {
            let record = record.as_mut().ok_or(Error::<T>::ArtifactNotFound)?;
            ensure!(record.owner == *who, Error::<T>::NotOwner);
            change(record)
        })
    }
}

/// Whether a provider can run artifacts of this kind.
pub(crate) fn is_runnable(kind: ArtifactKind) -> bool {
    matches!(kind, ArtifactKind::Bundle | ArtifactKind::Weights)
}

pub(crate) fn is_valid_name(name: &[u8]) -> bool {
    core::str::from_utf8(name).is_ok_and(|name| !name.trim().is_empty() && !name.chars().any(char::is_control))
}

impl<T: Config> ArtifactRegistry for Pallet<T> {
    fn is_model(artifact: &ArtifactId) -> bool {
        is_runnable(artifact.kind) && Artifacts::<T>::contains_key(artifact)
    }
}

impl<T: Config> Royalties for Pallet<T> {
    fn shares(model: &ArtifactId) -> Vec<(AccountId, Perbill)> {
        match Artifacts::<T>::get(model) {
            Some(record) if !record.royalty.is_zero() => vec![(record.owner, record.royalty)],
            _ => Vec::new(),
        }
    }
}
