//! The runtime of the tests. Pallets, order and shares as in the chain's; periods are shorter.

use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstU128, ConstU16, ConstU32, ConstU64, Get},
    weights::{
        constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND},
        ConstantMultiplier, Weight,
    },
    PalletId,
};
use frame_system::limits::BlockWeights;
use sp_runtime::{
    traits::{BlakeTwo256, Convert, IdentityLookup},
    Perbill,
};
use std::collections::BTreeMap;
use strike_primitives::{
    split::{Checks, Given, Served, Shares},
    AccountId, Balance, BlockNumber, H256, TOKEN,
};

pub type TxExtension = frame_system::AuthorizeCall<Test>;
pub type Extrinsic = sp_runtime::testing::TestXt<RuntimeCall, TxExtension>;
type Block = sp_runtime::generic::Block<sp_runtime::generic::Header<BlockNumber, BlakeTwo256>, Extrinsic>;

/// A thousandth of a token.
pub const ED: Balance = TOKEN / 1_000;
pub const MIN_PRICE: Balance = TOKEN / 1_000_000;
pub const MIN_BOND: Balance = 100 * TOKEN;
/// Shorter than an audit, so that a bond can be due while a job is open.
pub const UNBONDING_PERIOD: BlockNumber = 10;
pub const MIN_DEADLINE: BlockNumber = 4;
pub const MAX_DEADLINE: BlockNumber = 30;
/// As long as a provider may be given least.
pub const LAG_LIMIT: BlockNumber = MIN_DEADLINE;
pub const SEAL_PERIOD: BlockNumber = 12;
pub const SEAL_GRACE: BlockNumber = 3;
pub const REVEAL_PERIOD: BlockNumber = 6;
pub const RETENTION: BlockNumber = 20;
/// Seed of the first validator's account and keys; the others' follow.
pub const FIRST_VALIDATOR: u8 = 10;
/// More than the cheapest jobs cost, and less than those at usual prices.
pub const MIN_AT_RISK: Balance = TOKEN / 100_000;
pub const MIN_DEMOTION: BlockNumber = 12;
pub const MAX_DEMOTION: BlockNumber = 36;
pub const JOB_DEPOSIT: Balance = TOKEN / 2;
pub const ASK_DEPOSIT: Balance = TOKEN / 10;
pub const LATE_PENALTY: Perbill = Perbill::from_percent(10);
pub const INVALID_PENALTY: Perbill = Perbill::from_percent(50);
/// 5 % burns, validators get 10 %.
const FEE_SHARES: Shares = match Shares::new(
    Perbill::from_percent(5),
    Checks::every(Perbill::from_percent(10)),
    Given::NOTHING,
    Served::NOTHING,
) {
    Ok(shares) => shares,
    Err(_) => panic!("every share has a receiver"),
};

#[frame_support::runtime]
mod test_runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(4)]
    pub type Balances = pallet_balances;
    // Genesis is built in this order: asks need models and providers.
    #[runtime::pallet_index(40)]
    pub type Provenance = pallet_provenance;
    #[runtime::pallet_index(41)]
    pub type Providers = pallet_providers;
    #[runtime::pallet_index(42)]
    pub type Market = pallet_market;
    #[runtime::pallet_index(43)]
    pub type Verification = pallet_verification;
    #[runtime::pallet_index(48)]
    pub type Finality = pallet_finality;
    #[runtime::pallet_index(51)]
    pub type Payouts = pallet_payouts;
}

parameter_types! {
    pub MaxBlock: Weight = Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND.saturating_mul(2), u64::MAX);
    pub TestBlockWeights: BlockWeights =
        BlockWeights::with_sensible_defaults(MaxBlock::get(), Perbill::from_percent(75));
    pub const MaxRoyalty: Perbill = Perbill::from_percent(50);
    pub const PayoutsPalletId: PalletId = PalletId(*b"strk/pay");
    pub const FeeShares: Shares = FEE_SHARES;
    pub const LatePenalty: Perbill = LATE_PENALTY;
    pub const InvalidPenalty: Perbill = INVALID_PENALTY;
    pub const MarketHookShare: Perbill = Perbill::from_percent(20);
    pub const VerificationHookShare: Perbill = Perbill::from_percent(10);
    pub const AttestationShare: Perbill = Perbill::from_percent(30);
    pub const AttestationOverhead: Weight = Weight::zero();
}

/// The same for every job. What deposits and upkeep come to is tested on the market alone and on the chain's runtime.
pub struct JobDeposit;

impl Convert<u32, Balance> for JobDeposit {
    fn convert(_: u32) -> Balance {
        JOB_DEPOSIT
    }
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
    type Hash = H256;
    type Hashing = BlakeTwo256;
    type AccountData = pallet_balances::AccountData<Balance>;
    type BlockWeights = TestBlockWeights;
    type DbWeight = ParityDbWeight;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<ED>;
    type AccountStore = System;
}

impl pallet_provenance::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type BaseDeposit = ConstU128<{ TOKEN / 10 }>;
    type ByteDeposit = ConstU128<{ TOKEN / 10_000 }>;
    type MaxRoyalty = MaxRoyalty;
    type MaxName = ConstU32<64>;
    type WeightInfo = pallet_provenance::weights::SubstrateWeight<Test>;
}

impl pallet_providers::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Artifacts = Provenance;
    type MinBond = ConstU128<MIN_BOND>;
    type UnbondingPeriod = ConstU32<UNBONDING_PERIOD>;
    type MaxModels = ConstU32<32>;
    type MaxLinked = ConstU32<16>;
    type WeightInfo = pallet_providers::weights::SubstrateWeight<Test>;
}

impl pallet_market::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Providers = Providers;
    type Bonds = Providers;
    type Artifacts = Provenance;
    type Royalties = Provenance;
    type Audits = Verification;
    type Clock = Finality;
    type Payouts = Payouts;
    type MaxAsksPerModel = ConstU32<128>;
    type MaxAsksPerProvider = ConstU32<64>;
    type MaxCapacity = ConstU32<1_024>;
    type MaxPending = ConstU32<1_024>;
    type MaxMatches = ConstU32<64>;
    type VisitEvery = ConstU32<1>;
    type MinDeadline = ConstU32<MIN_DEADLINE>;
    type MaxDeadline = ConstU32<MAX_DEADLINE>;
    type MaxAttempts = ConstU16<2>;
    type MinPrice = ConstU128<MIN_PRICE>;
    type MinAskPrice = ConstU128<MIN_PRICE>;
    type MinAtRisk = ConstU128<MIN_AT_RISK>;
    type MinDemotion = ConstU32<MIN_DEMOTION>;
    type MaxDemotion = ConstU32<MAX_DEMOTION>;
    type FeeShares = FeeShares;
    type LatePenalty = LatePenalty;
    type InvalidPenalty = InvalidPenalty;
    type JobDeposit = JobDeposit;
    type AskDeposit = ConstU128<ASK_DEPOSIT>;
    type WeightToFee = ConstantMultiplier<Balance, ConstU128<0>>;
    type LoadLimit = ConstU64<{ u64::MAX }>;
    type Retention = ConstU32<RETENTION>;
    type FinalAfter = ConstU32<{ LAG_LIMIT + 1 }>;
    type HookShare = MarketHookShare;
    type WeightInfo = pallet_market::weights::SubstrateWeight<Test>;
}

impl pallet_payouts::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type PalletId = PayoutsPalletId;
    type WeightInfo = pallet_payouts::weights::SubstrateWeight<Test>;
}

/// What everybody has, free and held together.
pub fn totals() -> BTreeMap<AccountId, Balance> {
    let all = frame_system::Account::<Test>::iter();
    all.map(|(account, info)| (account, info.data.free + info.data.reserved)).collect()
}

/// The account of a validator of the first session: 0 to 3.
pub fn validator_account(index: u8) -> AccountId {
    AccountId::new([FIRST_VALIDATOR + index; 32])
}

/// Four validators author in turns.
pub struct Author;

impl Get<Option<AccountId>> for Author {
    fn get() -> Option<AccountId> {
        Some(validator_account((System::block_number() % 4) as u8))
    }
}

impl pallet_finality::Config for Test {
    type Author = Author;
    type Validators = ConstU32<4>;
    type LagLimit = ConstU32<LAG_LIMIT>;
    type WeightInfo = pallet_finality::weights::SubstrateWeight<Test>;
}

/// A value for each author, as a VRF output would be.
pub struct AuthorRandomness;

impl Get<Option<H256>> for AuthorRandomness {
    fn get() -> Option<H256> {
        let parent = System::block_number().checked_sub(1)?;
        (parent > 0).then(|| H256(sp_io::hashing::blake2_256(&parent.to_le_bytes())))
    }
}

impl pallet_verification::Config for Test {
    type Providers = Providers;
    type Assignments = Market;
    type OnVerdict = Market;
    type Clock = Finality;
    type AuthorRandomness = AuthorRandomness;
    type SealPeriod = ConstU32<SEAL_PERIOD>;
    type SealGrace = ConstU32<SEAL_GRACE>;
    type RevealPeriod = ConstU32<REVEAL_PERIOD>;
    type BeaconHistory = ConstU32<{ MAX_DEADLINE + SEAL_PERIOD + REVEAL_PERIOD + 20 }>;
    type HookShare = VerificationHookShare;
    type AttestationShare = AttestationShare;
    type AttestationOverhead = AttestationOverhead;
    type UnsignedPriority = ConstU64<{ u64::MAX / 2 }>;
    type ResendAfter = ConstU32<4>;
    type WeightInfo = pallet_verification::weights::SubstrateWeight<Test>;
}

impl<LocalCall> frame_system::offchain::CreateTransactionBase<LocalCall> for Test
where
    RuntimeCall: From<LocalCall>,
{
    type RuntimeCall = RuntimeCall;
    type Extrinsic = Extrinsic;
}

impl<LocalCall> frame_system::offchain::CreateTransaction<LocalCall> for Test
where
    RuntimeCall: From<LocalCall>,
{
    type Extension = TxExtension;
    fn create_transaction(call: RuntimeCall, extension: Self::Extension) -> Extrinsic {
        Extrinsic::new_transaction(call, extension)
    }
}

impl<LocalCall> frame_system::offchain::CreateAuthorizedTransaction<LocalCall> for Test
where
    RuntimeCall: From<LocalCall>,
{
    fn create_extension() -> Self::Extension {
        TxExtension::new()
    }
}
