//! What runtime APIs show. Nothing here is called on chain.

use crate::{Config, Pallet, ProviderOf, Providers};
use alloc::vec::Vec;
use frame_support::traits::Get;
use strike_primitives::{api::ProviderInfo, AccountId};

impl<T: Config> Pallet<T> {
    /// What is registered of `provider`, without its asks, which the market pallet keeps.
    pub fn provider_info(provider: &AccountId) -> Option<ProviderInfo> {
        Providers::<T>::get(provider).map(|record| Self::info(provider.clone(), record))
    }

    /// Up to `limit` providers, from the one after `after` in storage order; each as from [`Self::provider_info`].
    pub fn providers_after(after: Option<&AccountId>, limit: u32) -> Vec<ProviderInfo> {
        let records = match after {
            Some(after) => Providers::<T>::iter_from_key(after),
            None => Providers::<T>::iter(),
        };
        records.take(limit as usize).map(|(provider, record)| Self::info(provider, record)).collect()
    }

    fn info(provider: AccountId, record: ProviderOf<T>) -> ProviderInfo {
        ProviderInfo {
            active: record.is_active(T::MinBond::get()),
            bond: record.bond,
            reserved: record.reserved,
            models: record.models.into_inner(),
            linked: record.linked.into_inner(),
            asks: Vec::new(),
            provider,
        }
    }
}
