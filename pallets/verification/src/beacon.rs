//! The beacon: a hash that rolls on over the VRF outputs of the authors.

use crate::{BeaconTimes, Beacons, Config, LastBeacon, OldestBeacon, Pallet};
use frame_support::traits::Get;
use strike_primitives::{
    traits::{Beacon, Clock},
    verdict::next_beacon,
    BlockNumber, H256,
};

/// Beacons dropped in one block: more than are made, so that those which piled up while time stood still become fewer.
const DROPPED_AT_ONCE: u32 = 2;

impl<T: Config> Pallet<T> {
    /// Add the beacon of the block before `now`, and drop what has been kept long enough. While time stands still
    /// none is: jobs whose deadlines stand still need theirs.
    ///
    /// A block's VRF output is known when the block is complete, so its beacon is entered by the next one. A block
    /// without an output (genesis, and nothing else where every slot has a VRF) rolls the beacon on over zeros.
    pub(crate) fn roll_beacon(now: BlockNumber) {
        let Some(block) = now.checked_sub(1) else { return };
        let randomness = T::AuthorRandomness::get().unwrap_or_default();
        let beacon = next_beacon(&LastBeacon::<T>::get(), &randomness);
        LastBeacon::<T>::put(beacon);
        Beacons::<T>::insert(block, beacon);
        BeaconTimes::<T>::insert(block, T::Clock::time());
        Self::drop_beacons(block);
    }

    fn drop_beacons(newest: BlockNumber) {
        let (time, history) = (T::Clock::time(), T::BeaconHistory::get());
        let before = OldestBeacon::<T>::get();
        let mut oldest = before.unwrap_or(newest);
        for _ in 0..DROPPED_AT_ONCE {
            let Some(entered) = BeaconTimes::<T>::get(oldest) else { break };
            if entered.saturating_add(history) > time {
                break;
            }
            Beacons::<T>::remove(oldest);
            BeaconTimes::<T>::remove(oldest);
            oldest = oldest.saturating_add(1);
        }
        if before != Some(oldest) {
            OldestBeacon::<T>::put(oldest);
        }
    }
}

impl<T: Config> Beacon for Pallet<T> {
    fn beacon(block: BlockNumber) -> Option<H256> {
        Beacons::<T>::get(block)
    }
}
