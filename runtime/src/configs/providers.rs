//! `pallet-providers`: who serves, and the bonds behind it.

use crate::{
    constants::{currency::STRIKE, time::DAYS},
    Balance, Balances, BlockNumber, Provenance, Runtime, RuntimeHoldReason,
};
use frame_support::{
    parameter_types,
    traits::{ConstU128, ConstU32},
};

parameter_types! {
    /// As long as an equivocation stays answerable. Counted in blocks; a bond that stands behind an open job stays in
    /// any case.
    pub const UnbondingPeriod: BlockNumber = 7 * DAYS;
}

/// The smallest bond of an active provider: 100 tokens.
pub const MIN_BOND: Balance = 100 * STRIKE;

impl pallet_providers::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Artifacts = Provenance;
    type MinBond = ConstU128<MIN_BOND>;
    type UnbondingPeriod = UnbondingPeriod;
    type MaxModels = ConstU32<32>;
    type MaxLinked = ConstU32<16>;
    type WeightInfo = pallet_providers::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Chain;
}
