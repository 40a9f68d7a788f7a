//! `pallet-market`: asks, jobs and their money.

use super::timing::TimingUnits;
use crate::{
    constants::{
        currency::{deposit, deposit_for_a_day, MICROSTRIKE, MILLISTRIKE},
        fee::PER_PICOSECOND,
        hook_shares,
        time::{HOURS, MINUTES},
    },
    Balance, Balances, BlockNumber, Finality, Payouts, Provenance, Providers, Runtime, RuntimeHoldReason, Verification,
};
use frame_support::{
    parameter_types,
    traits::{ConstU128, ConstU16, ConstU32, ConstU64, Get},
    weights::{constants::WEIGHT_REF_TIME_PER_SECOND, ConstantMultiplier},
};
use sp_runtime::{traits::Convert, Perbill};
use strike_primitives::{
    split::{Checks, Given, Served, Shares},
    traits::Attestations,
};

/// The fewest blocks an order may give a provider: a minute and a half. What a provider publishes rests on a final block, which
/// may lie a minute behind; half a minute is left for the work.
pub const MIN_DEADLINE: BlockNumber = 3 * MINUTES / 2;
/// The most blocks an order may give a provider: one hour.
pub const MAX_DEADLINE: BlockNumber = HOURS;

/// What of a bond stands behind the cheapest job: a bond of 100 tokens is enough for 2,000 jobs at once.
pub const MIN_AT_RISK: Balance = 50 * MILLISTRIKE;

/// What each validator that agrees earns of 1,000 units at least: 1/2,000 of what they cost at the built-in model's first
/// ask, so that no check is free however cheap the work.
pub const MIN_CHECK_PRICE: Balance = 5 * MICROSTRIKE;

/// The least price of 1,000 units: the validators' share of it is [`MIN_CHECK_PRICE`] for each validator of now. With four
/// of them that is 0.0002 tokens.
pub struct MinAskPrice;

impl Get<Balance> for MinAskPrice {
    fn get() -> Balance {
        let validators = Balance::from(<Verification as Attestations>::validators());
        let checks = MIN_CHECK_PRICE.saturating_mul(validators.max(1));
        let share = CHECKS.generate.min(CHECKS.embed);
        share.saturating_reciprocal_mul_ceil(checks).max(MICROSTRIKE)
    }
}

/// What the attestations of all open jobs may weigh: half of thirty blocks, in picoseconds. Blocks give attestations
/// 29 % of themselves, so all that is open passes in 52 blocks even if it comes at once:
/// commitments in 16, seals in 13 of the 40 that they have, reveals in 22, which begin one after the other as the
/// commitments did. With four validators these are 2,600 jobs.
pub const LOAD_LIMIT: u64 = 15 * 2 * WEIGHT_REF_TIME_PER_SECOND;

/// Blocks between two tries to assign the same waiting job: half a minute.
pub const VISIT_EVERY: BlockNumber = MINUTES / 2;

/// What is held for the bytes of a job, its order and its receipt, which are gone a day after its end.
pub struct JobDeposit;

impl Convert<u32, Balance> for JobDeposit {
    fn convert(bytes: u32) -> Balance {
        deposit_for_a_day(bytes)
    }
}

/// How long a provider is demoted at first: ten minutes.
pub const MIN_DEMOTION: BlockNumber = 10 * MINUTES;

/// How long a provider is demoted at most: a day, and never less than at first.
pub struct MaxDemotion;

impl Get<BlockNumber> for MaxDemotion {
    fn get() -> BlockNumber {
        TimingUnits::<1>::get().max(MIN_DEMOTION)
    }
}

/// What a job costs nobody can pay back to itself.
const LEVY: Perbill = Perbill::from_percent(5);
/// Shared equally by the validators whose verdicts agree with the outcome.
const CHECKS: Checks = Checks::every(Perbill::from_percent(10));
/// Nothing serves delegators, licenses, applications or pots yet, so all of the levy burns.
const FEE_SHARES: Shares = match Shares::new(LEVY, CHECKS, Given::NOTHING, Served::NOTHING) {
    Ok(shares) => shares,
    // When the runtime is compiled.
    Err(_) => panic!("a share has no receiver, or the shares leave nothing"),
};

parameter_types! {
    /// How a fee is split.
    pub const FeeShares: Shares = FEE_SHARES;
    /// Of what is at risk; half of it compensates the requester, half burns.
    pub const LatePenalty: Perbill = Perbill::from_percent(10);
    /// Likewise. No floating-point comparison costs a provider more than this.
    pub const InvalidPenalty: Perbill = Perbill::from_percent(50);
    /// One ask.
    pub const AskDeposit: Balance = deposit(1, 128);
    /// For matching, deadlines and settlements.
    pub const HookShare: Perbill = hook_shares::MARKET;
}

impl pallet_market::Config for Runtime {
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
    type VisitEvery = ConstU32<VISIT_EVERY>;
    type MinDeadline = ConstU32<MIN_DEADLINE>;
    type MaxDeadline = ConstU32<MAX_DEADLINE>;
    type MaxAttempts = ConstU16<2>;
    type MinPrice = ConstU128<MICROSTRIKE>;
    type MinAskPrice = MinAskPrice;
    type MinAtRisk = ConstU128<MIN_AT_RISK>;
    type MinDemotion = ConstU32<MIN_DEMOTION>;
    type MaxDemotion = MaxDemotion;
    type FeeShares = FeeShares;
    type LatePenalty = LatePenalty;
    type InvalidPenalty = InvalidPenalty;
    type JobDeposit = JobDeposit;
    type AskDeposit = AskDeposit;
    // What a transaction's weight costs, so that what is done later costs no less than what is done at once.
    type WeightToFee = ConstantMultiplier<Balance, ConstU128<PER_PICOSECOND>>;
    type LoadLimit = ConstU64<LOAD_LIMIT>;
    // How long a closed job and its receipt can be read: one day.
    type Retention = TimingUnits<1>;
    // Time goes on only while finality lags by no more than the shortest deadline.
    type FinalAfter = ConstU32<{ MIN_DEADLINE + 1 }>;
    type HookShare = HookShare;
    type WeightInfo = pallet_market::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Chain;
}
