//! The order book.

use crate::{pallet::*, types::*, weights::WeightInfo};
use frame_support::{
    ensure,
    traits::{fungible::MutateHold, tokens::Precision, Get},
    weights::Weight,
};
use sp_runtime::{DispatchError, DispatchResult};
use strike_primitives::{
    artifact::ArtifactId,
    job::MAX_TOKENS,
    traits::{ArtifactRegistry, ProviderRegistry},
    AccountId, Balance, Units,
};

impl<T: Config> Pallet<T> {
    /// Insert or replace the provider's ask for a service. In a full list it takes the place of one that is of no use.
    pub(crate) fn do_place_ask(
        provider: &AccountId,
        service: Service,
        price: Balance,
        capacity: u32,
        max_units: Units,
        throughput: u32,
    ) -> DispatchResult {
        let (model, class) = service;
        ensure!(T::Artifacts::is_model(&model), Error::<T>::ModelNotFound);
        ensure!(T::Providers::is_active(provider), Error::<T>::ProviderNotActive);
        ensure!(T::Providers::serves(provider, &model), Error::<T>::ModelNotServed);
        ensure!(price >= T::MinAskPrice::get(), Error::<T>::PriceTooLow);
        ensure!((1..=T::MaxCapacity::get()).contains(&capacity), Error::<T>::CapacityOutOfRange);
        // No order can use more than its two limits together.
        let most = Units::from(MAX_TOKENS).saturating_mul(2);
        ensure!((1..=most).contains(&max_units), Error::<T>::LimitsOutOfRange);
        ensure!(throughput > 0, Error::<T>::ThroughputZero);

        Asks::<T>::try_mutate(service, |asks| -> DispatchResult {
            let old = asks.iter().position(|ask| ask.provider == *provider).map(|at| (asks.remove(at), at));
            let (deposit, place) = match old {
                Some((ask, at)) if ask.price == price => (ask.deposit, Some(at)),
                Some((ask, _)) => (ask.deposit, None),
                None => {
                    if asks.is_full() {
                        let useless = asks.iter().position(|ask| !Self::is_of_use(ask, &model));
                        Self::close_ask(service, asks.remove(useless.ok_or(Error::<T>::TooManyAsks)?))?;
                    }
                    (Self::open_ask(provider, service)?, None)
                }
            };
            let place = place.unwrap_or_else(|| asks.partition_point(|ask| ask.price <= price));
            let ask = Ask { provider: provider.clone(), price, capacity, max_units, throughput, deposit };
            asks.try_insert(place, ask).map_err(|_| Error::<T>::TooManyAsks)?;
            Ok(())
        })?;
        Self::deposit_event(Event::AskPlaced {
            provider: provider.clone(),
            model,
            class,
            price,
            capacity,
            max_units,
            throughput,
        });
        Ok(())
    }

    /// The most that placing an ask costs.
    pub(crate) fn placing() -> Weight {
        T::WeightInfo::place_ask(T::MaxAsksPerModel::get()).max(T::WeightInfo::place_ask_in_full_list())
    }

    /// Whether the ask can get jobs as long as its provider does nothing.
    fn is_of_use(ask: &Ask, model: &ArtifactId) -> bool {
        T::Providers::is_active(&ask.provider) && T::Providers::serves(&ask.provider, model)
    }

    /// Remove the provider's ask for a service.
    pub(crate) fn do_withdraw_ask(provider: &AccountId, service: Service) -> DispatchResult {
        let ask = Asks::<T>::try_mutate_exists(service, |asks| -> Result<Ask, DispatchError> {
            let list = asks.as_mut().ok_or(Error::<T>::AskNotFound)?;
            let at = list.iter().position(|ask| ask.provider == *provider).ok_or(Error::<T>::AskNotFound)?;
            let ask = list.remove(at);
            if list.is_empty() {
                *asks = None;
            }
            Ok(ask)
        })?;
        Self::close_ask(service, ask)
    }

    /// What belongs to an ask that is out of its list: the note of its provider goes, and its deposit back.
    fn close_ask(service: Service, ask: Ask) -> DispatchResult {
        let Ask { provider, deposit, .. } = ask;
        AskedServices::<T>::mutate_exists(&provider, |services| {
            if let Some(list) = services {
                list.retain(|asked| *asked != service);
                if list.is_empty() {
                    *services = None;
                }
            }
        });
        T::Currency::release(&HoldReason::AskDeposit.into(), &provider, deposit, Precision::Exact)?;
        let (model, class) = service;
        Self::deposit_event(Event::AskWithdrawn { provider, model, class });
        Ok(())
    }

    /// Note that the provider has an ask for the service and hold the deposit for it. Returns the deposit.
    fn open_ask(provider: &AccountId, service: Service) -> Result<Balance, DispatchError> {
        AskedServices::<T>::try_append(provider, service).map_err(|_| Error::<T>::TooManyAsksOfProvider)?;
        let deposit = T::AskDeposit::get();
        T::Currency::hold(&HoldReason::AskDeposit.into(), provider, deposit)?;
        Ok(deposit)
    }
}
