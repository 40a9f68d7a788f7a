//! What the calls cost.

// What cannot be set up has nobody to answer to.
#![allow(clippy::expect_used)]

use crate::{Call, Config, Pallet, ProviderState, Providers};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::{traits::Get, BoundedVec};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use sp_application_crypto::RuntimeAppPublic;
use sp_runtime::traits::Zero;
use strike_primitives::{
    app::{proof_of_possession_payload, AppKey, AppSignature},
    artifact::ArtifactId,
    benchmarking::BenchmarkHelper,
    AccountId,
};

fn funded<T: Config>() -> AccountId {
    let provider = account("provider", 0, 0);
    T::BenchmarkHelper::fund(&provider);
    provider
}

/// A key, and the proof that the account holds it.
fn key<T: Config>(provider: &AccountId) -> (AppKey, AppSignature) {
    let key = T::BenchmarkHelper::new_key();
    let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
    let proof = key.sign(&proof_of_possession_payload(&genesis, provider)).expect("the keystore has the key");
    (key, proof)
}

fn models<T: Config>(count: u32) -> BoundedVec<ArtifactId, T::MaxModels> {
    BoundedVec::truncate_from((0..count).map(|seed| T::BenchmarkHelper::register_model(seed)).collect())
}

fn links<T: Config>(count: u32) -> BoundedVec<AccountId, T::MaxLinked> {
    BoundedVec::truncate_from((0..count).map(|index| account("linked", index, 0)).collect())
}

/// A provider with as many models and links as may be.
fn registered<T: Config>() -> AccountId {
    let provider = account("provider", 0, 0);
    let model = T::BenchmarkHelper::register_model(0);
    T::BenchmarkHelper::register_provider(&provider, T::BenchmarkHelper::new_key(), model, Vec::new());
    provider
}

fn state<T: Config>(provider: &AccountId) -> Option<ProviderState> {
    Providers::<T>::get(provider).map(|record| record.state)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register(m: Linear<1, { T::MaxModels::get() }>, l: Linear<0, { T::MaxLinked::get() }>) {
        let provider = funded::<T>();
        let ((key, proof), models, links) = (key::<T>(&provider), models::<T>(m), links::<T>(l));
        #[extrinsic_call]
        _(RawOrigin::Signed(provider.clone()), T::MinBond::get(), key, proof, models, links);
        assert!(Providers::<T>::contains_key(provider));
    }

    #[benchmark]
    fn bond_extra() {
        let provider = registered::<T>();
        let before = Providers::<T>::get(&provider).map(|record| record.bond);
        #[extrinsic_call]
        _(RawOrigin::Signed(provider.clone()), T::MinBond::get());
        assert!(Providers::<T>::get(&provider).map(|record| record.bond) > before);
    }

    #[benchmark]
    fn set_models(m: Linear<1, { T::MaxModels::get() }>) {
        let provider = registered::<T>();
        let models = models::<T>(m);
        #[extrinsic_call]
        _(RawOrigin::Signed(provider.clone()), models.clone());
        assert!(Providers::<T>::get(provider).is_some_and(|record| record.models == models));
    }

    // None of the old links is among the new ones.
    #[benchmark]
    fn set_linked(l: Linear<0, { T::MaxLinked::get() }>) {
        let provider = registered::<T>();
        let links = links::<T>(l);
        #[extrinsic_call]
        _(RawOrigin::Signed(provider.clone()), links.clone());
        assert!(Providers::<T>::get(provider).is_some_and(|record| record.linked == links));
    }

    #[benchmark]
    fn set_app_key() {
        let provider = registered::<T>();
        let (key, proof) = key::<T>(&provider);
        #[extrinsic_call]
        _(RawOrigin::Signed(provider.clone()), key.clone(), proof);
        assert!(Providers::<T>::get(provider).is_some_and(|record| record.app_key == key));
    }

    #[benchmark]
    fn leave() {
        let provider = registered::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(provider.clone()));
        assert!(matches!(state::<T>(&provider), Some(ProviderState::Leaving { .. })));
    }

    #[benchmark]
    fn rejoin() {
        let provider = registered::<T>();
        Pallet::<T>::do_leave(provider.clone()).expect("it is active");
        #[extrinsic_call]
        _(RawOrigin::Signed(provider.clone()));
        assert_eq!(state::<T>(&provider), Some(ProviderState::Active));
    }

    #[benchmark]
    fn withdraw() {
        let provider = registered::<T>();
        Pallet::<T>::do_leave(provider.clone()).expect("it is active");
        let Some(ProviderState::Leaving { withdrawable_at }) = state::<T>(&provider) else {
            panic!("it leaves");
        };
        T::BenchmarkHelper::set_block(withdrawable_at);
        #[extrinsic_call]
        _(RawOrigin::Signed(provider.clone()));
        assert_eq!(state::<T>(&provider), None);
    }
}
