//! `pallet-transaction-payment`: fees for weight and length, burned.

use crate::{
    constants::fee::{PER_BYTE, PER_PICOSECOND},
    Balance, Balances, Runtime, RuntimeEvent,
};
use frame_support::{
    parameter_types,
    traits::{ConstU128, ConstU8},
    weights::ConstantMultiplier,
};
use pallet_transaction_payment::{ConstFeeMultiplier, FungibleAdapter, Multiplier};
use sp_runtime::traits::One;

parameter_types! {
    /// Fees do not follow demand yet.
    pub FeeMultiplier: Multiplier = Multiplier::one();
}

impl pallet_transaction_payment::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    // Nobody is paid: what is taken leaves the total issuance, so that filling blocks with one's own transactions
    // costs its author as much as anybody else.
    type OnChargeTransaction = FungibleAdapter<Balances, ()>;
    type WeightToFee = ConstantMultiplier<Balance, ConstU128<PER_PICOSECOND>>;
    type LengthToFee = ConstantMultiplier<Balance, ConstU128<PER_BYTE>>;
    type FeeMultiplierUpdate = ConstFeeMultiplier<FeeMultiplier>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}
