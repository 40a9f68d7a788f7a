//! The clock of deadlines, stopped by hand.

use super::{run_for, Others, System};
use frame_support::parameter_types;
use strike_primitives::traits::Clock;

parameter_types! {
    /// The block since which time stands still.
    static StoppedSince: Option<u32> = None;
    /// Blocks in which it stood still before.
    static LostTime: u32 = 0;
}

/// As it is in the first block.
pub fn reset_clock() {
    StoppedSince::set(None);
    LostTime::set(0);
}

impl Clock for Others {
    fn time() -> u32 {
        StoppedSince::get().unwrap_or(System::block_number()) - LostTime::get()
    }
    fn block_at(time: u32) -> u32 {
        time + System::block_number() - Self::time()
    }
}

/// Finality lags for so many blocks.
pub fn stand_still_for(blocks: u32) {
    StoppedSince::set(Some(System::block_number()));
    run_for(blocks);
    StoppedSince::set(None);
    LostTime::mutate(|lost| *lost += blocks);
}
