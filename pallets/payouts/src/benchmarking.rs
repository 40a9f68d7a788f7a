//! What the call costs.

use crate::pallet::*;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::Inspect;
use frame_system::RawOrigin;
use strike_primitives::{benchmarking::BenchmarkHelper, AccountId};

#[benchmarks]
mod benchmarks {
    use super::*;

    // The caller's account does not exist before.
    #[benchmark]
    fn claim() {
        let caller: AccountId = account("caller", 0, 0);
        let amount = T::Currency::minimum_balance();
        T::BenchmarkHelper::fund(&Pallet::<T>::account());
        Claimable::<T>::insert(&caller, amount);
        #[extrinsic_call]
        _(RawOrigin::Signed(caller.clone()));
        assert!(!Claimable::<T>::contains_key(&caller));
        assert_eq!(T::Currency::total_balance(&caller), amount);
    }
}
