//! `pallet-providers`: who serves, and the bonds behind it.

use super::timing::TimingUnits;
use crate::{constants::currency::STRIKE, Balance, Balances, Provenance, Runtime, RuntimeHoldReason};
use frame_support::traits::{ConstU128, ConstU32};

/// The smallest bond of an active provider: 100 tokens.
pub const MIN_BOND: Balance = 100 * STRIKE;

impl pallet_providers::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Artifacts = Provenance;
    type MinBond = ConstU128<MIN_BOND>;
    // As long as an equivocation stays answerable: seven days. Counted in blocks; a bond that stands behind an open
    // job stays in any case.
    type UnbondingPeriod = TimingUnits<7>;
    type MaxModels = ConstU32<32>;
    type MaxLinked = ConstU32<16>;
    type WeightInfo = pallet_providers::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Chain;
}
