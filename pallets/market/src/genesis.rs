//! What the market begins with.

use crate::{pallet::*, types::*};

impl<T: Config> Pallet<T> {
    /// Places the asks.
    ///
    /// Panics if an ask is not one that `place_ask` takes.
    pub(crate) fn build_genesis(asks: &[GenesisAsk]) {
        for (provider, model, class, price, capacity, max_units, throughput) in asks {
            let service = (*model, *class);
            let placed = Self::do_place_ask(provider, service, *price, *capacity, *max_units, *throughput);
            assert!(placed.is_ok(), "ask of {provider:?} in the genesis configuration: {placed:?}");
        }
    }
}
