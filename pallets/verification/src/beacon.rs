//! The beacon: a hash that rolls on over the VRF outputs of the authors.

use crate::{Beacons, Config, LastBeacon, Pallet};
use frame_support::traits::Get;
use strike_primitives::{traits::Beacon, verdict::next_beacon, BlockNumber, H256};

impl<T: Config> Pallet<T> {
    /// Add the beacon of the block before `now`, and drop the one that has been kept long enough.
    ///
    /// A block's VRF output is known when the block is complete, so its beacon is entered by the next one. A block without
    /// an output (genesis, and nothing else where every slot has a VRF) rolls the beacon on over zeros.
    pub(crate) fn roll_beacon(now: BlockNumber) {
        let Some(block) = now.checked_sub(1) else { return };
        let randomness = T::AuthorRandomness::get().unwrap_or_default();
        let beacon = next_beacon(&LastBeacon::<T>::get(), &randomness);
        LastBeacon::<T>::put(beacon);
        Beacons::<T>::insert(block, beacon);
        if let Some(old) = block.checked_sub(T::BeaconHistory::get()) {
            Beacons::<T>::remove(old);
        }
    }
}

impl<T: Config> Beacon for Pallet<T> {
    fn beacon(block: BlockNumber) -> Option<H256> {
        Beacons::<T>::get(block)
    }
}
