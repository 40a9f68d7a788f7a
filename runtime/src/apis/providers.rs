//! `ProvidersApi`: providers with the asks that the market has of them.

use crate::{AccountId, Market, Providers};
use alloc::vec::Vec;
use strike_primitives::api::ProviderInfo;

/// Up to `limit` registered providers with their asks, from the one after `after` in storage order.
pub(super) fn providers(after: Option<&AccountId>, limit: u32) -> Vec<ProviderInfo> {
    let mut providers = Providers::providers_after(after, limit);
    for provider in &mut providers {
        provider.asks = Market::asks_of(&provider.provider);
    }
    providers
}
