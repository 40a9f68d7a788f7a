//! Who serves.

use crate::tables::{AppKeys, BondsOf, Inactive, Linked, Served};
use strike_primitives::{app::AppKey, artifact::ArtifactId, traits::ProviderRegistry, AccountId};

/// Providers of a table: everybody with a bond or an app key.
pub struct FakeRegistry;

impl ProviderRegistry for FakeRegistry {
    fn is_active(provider: &AccountId) -> bool {
        let registered = BondsOf::get().contains_key(provider) || AppKeys::get().contains_key(provider);
        registered && !Inactive::get().contains(provider)
    }

    fn app_key(provider: &AccountId) -> Option<AppKey> {
        AppKeys::get().remove(provider)
    }

    fn provider_of(key: &AppKey) -> Option<AccountId> {
        AppKeys::get().into_iter().find(|(_, known)| known == key).map(|(account, _)| account)
    }

    fn serves(provider: &AccountId, model: &ArtifactId) -> bool {
        Served::get().contains(&(provider.clone(), *model))
    }

    fn own_links(provider: &AccountId) -> impl Fn(&AccountId) -> bool {
        move |other| provider == other || Self::names(provider, other)
    }

    fn names(who: &AccountId, other: &AccountId) -> bool {
        Linked::get().contains(&(who.clone(), other.clone()))
    }
}
