//! The clock of deadlines, stopped by hand.

use crate::tables::{LostTime, StoppedSince};
use sp_runtime::traits::UniqueSaturatedInto;
use std::marker::PhantomData;
use strike_primitives::{traits::Clock, BlockNumber};

/// Time is the block's number until it is stopped.
pub struct FakeClock<T>(PhantomData<T>);

impl<T: frame_system::Config> FakeClock<T> {
    fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// Time stands still in the blocks that `run` makes.
    pub fn stand_still(run: impl FnOnce()) {
        let since = Self::now();
        StoppedSince::set(Some(since));
        run();
        StoppedSince::set(None);
        LostTime::mutate(|lost| *lost += Self::now() - since);
    }
}

impl<T: frame_system::Config> Clock for FakeClock<T> {
    fn time() -> BlockNumber {
        StoppedSince::get().unwrap_or(Self::now()) - LostTime::get()
    }

    fn block_at(time: BlockNumber) -> BlockNumber {
        time + Self::now() - Self::time()
    }
}
