//! `pallet-timestamp`: the time of a block, which BABE holds against its slot.

use crate::{constants::time::MINIMUM_PERIOD_MILLIS, Babe, Runtime};
use frame_support::traits::ConstU64;

impl pallet_timestamp::Config for Runtime {
    type Moment = u64;
    type OnTimestampSet = Babe;
    type MinimumPeriod = ConstU64<MINIMUM_PERIOD_MILLIS>;
    type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}
