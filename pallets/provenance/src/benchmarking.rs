//! What the calls cost.

// What cannot be set up has nobody to answer to.
#![allow(clippy::expect_used)]

use crate::{Artifacts, Call, Config, Pallet};
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::{traits::Get, BoundedVec};
use frame_system::RawOrigin;
use sp_runtime::Perbill;
use strike_primitives::{
    artifact::{ArtifactId, ArtifactKind},
    benchmarking::BenchmarkHelper,
    AccountId, H256,
};

const MODEL: ArtifactId = ArtifactId { kind: ArtifactKind::Bundle, root: H256([7; 32]) };

fn owner<T: Config>() -> AccountId {
    let owner = account("owner", 0, 0);
    T::BenchmarkHelper::fund(&owner);
    owner
}

/// A model with the longest name.
fn registered<T: Config>() -> AccountId {
    let owner = owner::<T>();
    let name = BoundedVec::truncate_from(vec![b'n'; T::MaxName::get() as usize]);
    Pallet::<T>::do_register(&owner, MODEL, name, 1, T::MaxRoyalty::get()).expect("the model is not registered");
    owner
}

/// A model that is offered to somebody.
fn offered<T: Config>() -> (AccountId, AccountId) {
    let (owner, other) = (registered::<T>(), account("other", 0, 0));
    T::BenchmarkHelper::fund(&other);
    Pallet::<T>::do_offer_ownership(owner.clone(), MODEL, other.clone()).expect("the owner offers it");
    (owner, other)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register_model(n: Linear<1, { T::MaxName::get() }>) {
        let owner = owner::<T>();
        let name = BoundedVec::truncate_from(vec![b'n'; n as usize]);
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), MODEL, name, 1, T::MaxRoyalty::get());
        assert!(Artifacts::<T>::contains_key(MODEL));
    }

    #[benchmark]
    fn set_royalty() {
        let owner = registered::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), MODEL, Perbill::zero());
        assert!(Artifacts::<T>::get(MODEL).is_some_and(|record| record.royalty == Perbill::zero()));
    }

    // In place of an earlier offer.
    #[benchmark]
    fn offer_ownership() {
        let (owner, _) = offered::<T>();
        let third: AccountId = account("third", 0, 0);
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), MODEL, third.clone());
        assert!(Artifacts::<T>::get(MODEL).is_some_and(|record| record.offered_to == Some(third)));
    }

    #[benchmark]
    fn withdraw_offer() {
        let (owner, _) = offered::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), MODEL);
        assert!(Artifacts::<T>::get(MODEL).is_some_and(|record| record.offered_to.is_none()));
    }

    #[benchmark]
    fn accept_ownership() {
        let (_, other) = offered::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(other.clone()), MODEL);
        assert!(Artifacts::<T>::get(MODEL).is_some_and(|record| record.owner == other));
    }
}
