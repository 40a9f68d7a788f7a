//! `pallet-provenance`: models and their owners.

use crate::{
    constants::currency::{deposit, MICROSTRIKE},
    Balance, Balances, Runtime, RuntimeHoldReason,
};
use frame_support::{
    parameter_types,
    traits::{ConstU128, ConstU32},
};
use sp_runtime::Perbill;

parameter_types! {
    /// One entry and its fixed fields.
    pub const BaseDeposit: Balance = deposit(1, 128);
    /// Half of what a user pays may go to the model's owner, so that serving stays worth while.
    pub const MaxRoyalty: Perbill = Perbill::from_percent(50);
}

impl pallet_provenance::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type BaseDeposit = BaseDeposit;
    type ByteDeposit = ConstU128<{ 100 * MICROSTRIKE }>;
    type MaxRoyalty = MaxRoyalty;
    type MaxName = ConstU32<64>;
    type WeightInfo = pallet_provenance::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Chain;
}
