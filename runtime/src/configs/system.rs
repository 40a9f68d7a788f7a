//! `frame-system`: accounts, events, and the limits of a block.

use super::session::LastValidatorStays;
use crate::{
    AccountId, Balance, Block, BlockNumber, Hash, Nonce, PalletInfo, Runtime, RuntimeCall, RuntimeEvent, RuntimeOrigin,
    RuntimeTask, VERSION,
};
use frame_support::{
    derive_impl,
    dispatch::DispatchClass,
    parameter_types,
    weights::{
        constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND},
        Weight,
    },
};
use frame_system::limits::{BlockLength, BlockWeights};
use sp_runtime::Perbill;
use sp_version::RuntimeVersion;

/// The part of a block that user transactions may fill. The rest is kept for operational calls and hooks.
pub const NORMAL_DISPATCH_RATIO: Perbill = Perbill::from_percent(75);

/// Compute in one block: 2 of the slot's 3 seconds on reference hardware.
///
/// A solochain's blocks carry no storage proof, so proof size is not a limit. It still has to be there: hooks that run
/// in what is left of a block (`on_poll`, `on_idle`) get nothing when one of the two dimensions is zero.
pub const MAXIMUM_BLOCK_WEIGHT: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND.saturating_mul(2), u64::MAX);

/// Bytes of transactions in one block.
pub const MAXIMUM_BLOCK_LENGTH: u32 = 5 * 1024 * 1024;

/// SS58 address type of the chain. Free in the SS58 registry when it was chosen.
pub const SS58_PREFIX: u16 = 5757;

parameter_types! {
    /// How many block hashes the state keeps: 3.4 hours. It bounds the era of mortal transactions.
    pub const BlockHashCount: BlockNumber = 4096;
    /// Which runtime this is.
    pub const Version: RuntimeVersion = VERSION;
    /// Limits of a block's weight.
    pub RuntimeBlockWeights: BlockWeights =
        BlockWeights::with_sensible_defaults(MAXIMUM_BLOCK_WEIGHT, NORMAL_DISPATCH_RATIO);
    /// Limits of a block's length.
    pub RuntimeBlockLength: BlockLength = BlockLength::builder()
        .max_length(MAXIMUM_BLOCK_LENGTH)
        .modify_max_length_for_class(DispatchClass::Normal, |max| *max = NORMAL_DISPATCH_RATIO * *max)
        .build();
    /// SS58 address type of the chain.
    pub const SS58Prefix: u16 = SS58_PREFIX;
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
    type Block = Block;
    type AccountId = AccountId;
    type Nonce = Nonce;
    type Hash = Hash;
    type BaseCallFilter = LastValidatorStays;
    type BlockHashCount = BlockHashCount;
    type AccountData = pallet_balances::AccountData<Balance>;
    type BlockWeights = RuntimeBlockWeights;
    type BlockLength = RuntimeBlockLength;
    type DbWeight = ParityDbWeight;
    type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
    type ExtensionsWeightInfo = frame_system::SubstrateExtensionsWeight<Runtime>;
    type Version = Version;
    type SS58Prefix = SS58Prefix;
    type SingleBlockMigrations = crate::migrations::SingleBlockMigrations;
}
