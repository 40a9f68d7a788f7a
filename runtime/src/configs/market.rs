//! `pallet-market`: asks, jobs and their money.

use super::timing::TimingUnits;
use crate::{
    constants::{
        currency::{deposit, MICROSTRIKE, MILLISTRIKE},
        hook_shares,
        time::{HOURS, MINUTES},
    },
    Balance, Balances, BlockNumber, Finality, Payouts, Provenance, Providers, Runtime, RuntimeHoldReason, Verification,
};
use frame_support::{
    parameter_types,
    traits::{ConstU128, ConstU16, ConstU32, Get},
};
use sp_runtime::Perbill;
use strike_primitives::split::{Checks, Given, Served, Shares};

/// The fewest blocks an order may give a provider: half a minute.
pub const MIN_DEADLINE: BlockNumber = MINUTES / 2;
/// The most blocks an order may give a provider: one hour.
pub const MAX_DEADLINE: BlockNumber = HOURS;

/// What of a bond stands behind the cheapest job: a bond of 100 tokens is enough for 2,000 jobs at once.
pub const MIN_AT_RISK: Balance = 50 * MILLISTRIKE;

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
    /// The job, its order, its receipt and its indices.
    pub const JobDeposit: Balance = deposit(4, 1_024);
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
    type MinDeadline = ConstU32<MIN_DEADLINE>;
    type MaxDeadline = ConstU32<MAX_DEADLINE>;
    type MaxAttempts = ConstU16<2>;
    type MinPrice = ConstU128<MICROSTRIKE>;
    type MinAtRisk = ConstU128<MIN_AT_RISK>;
    type MinDemotion = ConstU32<MIN_DEMOTION>;
    type MaxDemotion = MaxDemotion;
    type FeeShares = FeeShares;
    type LatePenalty = LatePenalty;
    type InvalidPenalty = InvalidPenalty;
    type JobDeposit = JobDeposit;
    type AskDeposit = AskDeposit;
    // How long a closed job and its receipt can be read: one day.
    type Retention = TimingUnits<1>;
    type HookShare = HookShare;
    type WeightInfo = pallet_market::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = crate::benchmarks::Chain;
}
