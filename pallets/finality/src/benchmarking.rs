//! What the inherent and the end of a block cost.

use crate::{
    pallet::*,
    types::{Standing, Time, MAX_QUORUM},
};
use frame_benchmarking::v2::*;
use frame_support::traits::Get;
use frame_system::RawOrigin;
use strike_primitives::{benchmarking::BenchmarkHelper, AccountId, BlockNumber};

const NOW: BlockNumber = 1_000;

/// As many authors as are kept have reported.
fn report<T: Config>() {
    T::BenchmarkHelper::set_block(NOW);
    LastReports::<T>::mutate(|reports| {
        for index in 0..MAX_QUORUM {
            reports.enter(account("author", index, 0), NOW.saturating_sub(2));
        }
    });
}

#[benchmarks]
mod benchmarks {
    use super::*;

    // By an author who has not reported before, so that another one is dropped.
    #[benchmark]
    fn note_final() {
        report::<T>();
        let author: AccountId = account("author", MAX_QUORUM, 0);
        T::BenchmarkHelper::set_author(&author);
        let number = NOW.saturating_sub(1);
        #[extrinsic_call]
        _(RawOrigin::None, number);
        assert_eq!(LastReports::<T>::get().highest.first(), Some(&(author, number)));
    }

    // Time goes on again.
    #[benchmark]
    fn on_finalize() {
        report::<T>();
        let kept_up = T::LagLimit::get().saturating_sub(1);
        CurrentTime::<T>::put(Time { lost: 0, standing: Some(Standing { since: 1, kept_up }) });
        #[block]
        {
            Pallet::<T>::end_block();
        }
        assert!(!Pallet::<T>::stands_still());
    }
}
