//! `pallet-payouts`: payments that could not be delivered.

use crate::{Balances, Runtime, RuntimeHoldReason};
use frame_support::{parameter_types, PalletId};

parameter_types! {
    /// Names the account of payments that could not be delivered.
    pub const PayoutsPalletId: PalletId = PalletId(*b"strk/pay");
}

impl pallet_payouts::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type PalletId = PayoutsPalletId;
    type WeightInfo = pallet_payouts::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Chain;
}
