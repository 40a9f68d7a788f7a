//! What the market begins with.

use crate::{pallet::*, types::*};
use frame_support::traits::fungible::{Inspect, Mutate};

impl<T: Config> Pallet<T> {
    /// Places the asks, and gives the pallet's account the existential deposit, so that it can keep the smallest
    /// payment.
    ///
    /// Panics if an ask is not one that `place_ask` takes.
    pub(crate) fn build_genesis(asks: &[GenesisAsk]) {
        let account = Self::account();
        if T::Currency::balance(&account) < T::Currency::minimum_balance() {
            assert!(
                T::Currency::mint_into(&account, T::Currency::minimum_balance()).is_ok(),
                "the existential deposit can be minted at genesis"
            );
        }
        for (provider, model, class, price, capacity, max_units, throughput) in asks {
            let service = (*model, *class);
            let placed = Self::do_place_ask(provider, service, *price, *capacity, *max_units, *throughput);
            assert!(placed.is_ok(), "ask of {provider:?} in the genesis configuration: {placed:?}");
        }
    }
}
