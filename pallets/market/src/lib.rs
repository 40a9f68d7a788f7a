#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used))]

extern crate alloc;

mod asks;
mod attempts;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod charges;
mod deadlines;
mod demotion;
mod errors;
mod events;
mod genesis;
mod matching;
mod orders;
mod queries;
mod settlement;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
mod upkeep;
mod waiting;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

/// Target of the pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::market";

/// The pallet; see the crate's documentation. Its errors and events are in files of their own.
#[import_section(errors::errors)]
#[import_section(events::events)]
#[frame_support::pallet]
// The code that FRAME's macros generate uses `expect`; calls here only check the origin and go on to other modules.
#[allow(clippy::expect_used)]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::weights::{WeightMeter, WeightToFee};
    use frame_support::{pallet_prelude::*, traits::fungible};
    use frame_system::pallet_prelude::*;
    use sp_core::H256;
    use sp_runtime::{traits::Convert, Perbill};
    use strike_primitives::{
        artifact::ArtifactId,
        job::{JobOrder, VerificationClass},
        receipt::{CloseReason, PaymentRole, Receipt},
        split::Shares,
        traits::*,
        verdict::Verdict,
        AccountId, Attempt, Balance, BlockNumber, JobId, Units,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId, Hash = H256, RuntimeEvent: From<Event<Self>>>
    {
        /// The native token.
        type Currency: fungible::Mutate<AccountId, Balance = Balance>
            + fungible::hold::Mutate<AccountId, Balance = Balance, Reason = Self::RuntimeHoldReason>;
        /// The runtime's reasons for holds.
        type RuntimeHoldReason: From<HoldReason>;
        /// Who serves.
        type Providers: ProviderRegistry;
        /// Bonds at risk.
        type Bonds: Bonds;
        /// What can be run.
        type Artifacts: ArtifactRegistry;
        /// Who owns a share of what a model earns.
        type Royalties: Royalties;
        /// Who checks, and what that makes the chain do.
        type Audits: Audits + Attestations;
        /// What deadlines are counted in.
        type Clock: Clock;
        /// What keeps payments that their payees cannot receive.
        type Payouts: Payouts<Self::RuntimeHoldReason>;
        /// Most asks for one service.
        #[pallet::constant]
        type MaxAsksPerModel: Get<u32>;
        /// Most asks of one provider.
        #[pallet::constant]
        type MaxAsksPerProvider: Get<u32>;
        /// Most jobs that an ask may take at once.
        #[pallet::constant]
        type MaxCapacity: Get<u32>;
        /// Most jobs that wait for one service.
        #[pallet::constant]
        type MaxPending: Get<u32>;
        /// Most waiting jobs that one block tries to assign.
        #[pallet::constant]
        type MaxMatches: Get<u32>;
        /// Blocks between two tries to assign the same waiting job, on average. Above zero.
        #[pallet::constant]
        type VisitEvery: Get<BlockNumber>;
        /// Fewest blocks an order may give a provider: no fewer than finality may lag before time stands still.
        #[pallet::constant]
        type MinDeadline: Get<BlockNumber>;
        /// Most blocks an order may give a provider.
        #[pallet::constant]
        type MaxDeadline: Get<BlockNumber>;
        /// Most providers that get to try a job: from 1 to [`MAX_ATTEMPTS`].
        #[pallet::constant]
        type MaxAttempts: Get<u16>;
        /// Least maximum price of an order. Above zero.
        #[pallet::constant]
        type MinPrice: Get<Balance>;
        /// Least price per 1,000 units of an ask, so that checks have a least fee. Above zero.
        #[pallet::constant]
        type MinAskPrice: Get<Balance>;
        /// Least part of a bond behind a job, so that failing is never free.
        #[pallet::constant]
        type MinAtRisk: Get<Balance>;
        /// How long a provider is demoted after an attempt that failed by its fault. Above zero.
        #[pallet::constant]
        type MinDemotion: Get<BlockNumber>;
        /// The same for one that fails again and again: it doubles each time, up to this.
        #[pallet::constant]
        type MaxDemotion: Get<BlockNumber>;
        /// How a fee is split, among providers, owners and the validators whose verdicts agree with the outcome.
        #[pallet::constant]
        type FeeShares: Get<Shares>;
        /// Share of what a provider has at risk that it loses by committing nothing in time.
        #[pallet::constant]
        type LatePenalty: Get<Perbill>;
        /// The same by a result found invalid, or withheld. Never more: the statistical class decides no large slash.
        #[pallet::constant]
        type InvalidPenalty: Get<Perbill>;
        /// Held of the requester for the bytes of a job, until it is forgotten.
        type JobDeposit: Convert<u32, Balance>;
        /// Held of the provider for the storage of an ask.
        #[pallet::constant]
        type AskDeposit: Get<Balance>;
        /// The price of weight.
        type WeightToFee: WeightToFee<Balance = Balance>;
        /// Most that the attestations of all open jobs may weigh together, in picoseconds. Above zero.
        #[pallet::constant]
        type LoadLimit: Get<u64>;
        /// Blocks that a closed job and its receipt are kept. Above zero.
        #[pallet::constant]
        type Retention: Get<BlockNumber>;
        /// Time after which the end of a job is final, so that its requester may forget it.
        #[pallet::constant]
        type FinalAfter: Get<BlockNumber>;
        /// Share of a block's weight that the pallet's upkeep may use.
        #[pallet::constant]
        type HookShare: Get<Perbill>;
        /// Weights of calls and upkeep.
        type WeightInfo: WeightInfo;
        /// Makes what benchmarks begin with.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: strike_primitives::benchmarking::BenchmarkHelper;
    }

    /// Why the pallet holds money.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The maximum price of an open job.
        Escrow = 0,
        /// Storage of a job.
        JobDeposit = 1,
        /// Storage of an ask.
        AskDeposit = 2,
        /// Attestations of further attempts at an open job.
        Attestations = 3,
    }

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// The asks for a service, cheapest first, older ones first among equals.
    #[pallet::storage]
    pub type Asks<T: Config> =
        StorageMap<_, Blake2_128Concat, Service, BoundedVec<Ask, T::MaxAsksPerModel>, ValueQuery>;
    /// The services each provider has asks for.
    #[pallet::storage]
    pub type AskedServices<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountId, BoundedVec<Service, T::MaxAsksPerProvider>, ValueQuery>;

    /// Demotions of providers, those that ended too: the next one's length depends on the last. Kept until they are over
    /// for as long as they lasted, whatever becomes of the provider's asks.
    #[pallet::storage]
    pub type Demotions<T: Config> = StorageMap<_, Blake2_128Concat, AccountId, Demotion>;
    /// When each demotion is forgotten.
    #[pallet::storage]
    pub type DemotionEnds<T: Config> = StorageDoubleMap<_, Twox64Concat, BlockNumber, Blake2_128Concat, AccountId, ()>;

    /// Jobs that each provider works on, by service: assigned, committed or judged. Outlives a withdrawn ask.
    #[pallet::storage]
    pub type Running<T: Config> = StorageMap<_, Blake2_128Concat, (AccountId, Service), u32, ValueQuery>;
    /// The id the next job gets.
    #[pallet::storage]
    pub type NextJobId<T: Config> = StorageValue<_, JobId, ValueQuery>;
    /// No job below this id is kept. Follows the jobs that are forgotten.
    #[pallet::storage]
    pub type OldestJob<T: Config> = StorageValue<_, JobId, ValueQuery>;
    /// What the attestations of all open jobs weigh, one attempt of each, in picoseconds.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type Load<T: Config> = StorageValue<_, u64, ValueQuery>;
    /// Every job that is not pruned.
    #[pallet::storage]
    pub type Jobs<T: Config> = StorageMap<_, Twox64Concat, JobId, Job>;
    /// The order of every job that is not pruned.
    #[pallet::storage]
    pub type Orders<T: Config> = StorageMap<_, Twox64Concat, JobId, JobOrder>;
    /// The jobs of each requester that are not pruned.
    #[pallet::storage]
    pub type JobsOf<T: Config> = StorageDoubleMap<_, Blake2_128Concat, AccountId, Twox64Concat, JobId, ()>;
    /// Jobs assigned to each provider that wait for its commitment.
    #[pallet::storage]
    pub type AwaitingCommitment<T: Config> = StorageDoubleMap<_, Blake2_128Concat, AccountId, Twox64Concat, JobId, ()>;

    /// Jobs that wait for a provider. A service is here exactly while it is in [`ServiceQueue`].
    #[pallet::storage]
    pub type Pending<T: Config> = StorageMap<_, Blake2_128Concat, Service, Waiting<T::MaxPending>>;
    /// How many jobs wait, over all services.
    #[pallet::storage]
    pub type PendingCount<T: Config> = StorageValue<_, u32, ValueQuery>;
    /// Services with waiting jobs, in the order in which they get their turn; each is in it once.
    #[pallet::storage]
    pub type ServiceQueue<T: Config> = StorageMap<_, Twox64Concat, u64, Service>;
    /// The ends of [`ServiceQueue`].
    #[pallet::storage]
    pub type ServiceQueueEnds<T: Config> = StorageValue<_, QueueEnds, ValueQuery>;

    /// What is due at each time. An entry counts only while it is the job's own `due`.
    #[pallet::storage]
    pub type Deadlines<T: Config> = StorageDoubleMap<_, Twox64Concat, BlockNumber, Twox64Concat, JobId, ()>;
    /// The first time that may have deadlines left. Lags behind when blocks are full.
    #[pallet::storage]
    pub type DeadlineCursor<T: Config> = StorageValue<_, BlockNumber, ValueQuery>;

    /// Verdicts that wait for their settlement.
    #[pallet::storage]
    pub type Verdicts<T: Config> = StorageMap<_, Twox64Concat, JobId, (Attempt, AuditOutcome)>;
    /// Jobs with a verdict, first in first out. A job settled by call before its turn leaves an entry without effect.
    #[pallet::storage]
    pub type SettlementQueue<T: Config> = StorageMap<_, Twox64Concat, u64, JobId>;
    /// The ends of [`SettlementQueue`].
    #[pallet::storage]
    pub type SettlementQueueEnds<T: Config> = StorageValue<_, QueueEnds, ValueQuery>;
    /// The receipt of every closed job that is not pruned.
    #[pallet::storage]
    pub type Receipts<T: Config> = StorageMap<_, Twox64Concat, JobId, Receipt>;

    /// The market's first asks.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The providers must be registered already and able to pay the deposit.
        pub asks: Vec<GenesisAsk>,
        /// Marks the runtime; nothing to set.
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        /// Panics if an ask is not one that `place_ask` takes.
        fn build(&self) {
            Pallet::<T>::build_genesis(&self.asks);
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Offer a model in a class at `price` per 1,000 units, for up to `capacity` jobs at once of up to `max_units`
        /// units each. The ask gets only jobs whose deadline is [`Config::MinDeadline`] and a block for every
        /// `throughput` units, or longer. Replaces the provider's ask for that service; jobs that run keep their price.
        /// With an unchanged price the ask keeps its place among equals. In a full list it takes the place of one that
        /// can get no jobs.
        ///
        /// Origin: signed, an active provider that serves the model. Holds the deposit for a new ask.
        ///
        /// Errors: `ProviderNotActive`, `ModelNotServed`, `ModelNotFound`, `PriceTooLow`, `CapacityOutOfRange`,
        /// `LimitsOutOfRange`, `ThroughputZero`, `TooManyAsks`, `TooManyAsksOfProvider`, or the currency's if the deposit
        /// cannot be held. Emits [`Event::AskPlaced`], and [`Event::AskWithdrawn`] of the ask that made room.
        #[pallet::call_index(0)]
        #[pallet::weight(Pallet::<T>::placing())]
        pub fn place_ask(
            origin: OriginFor<T>,
            model: ArtifactId,
            class: VerificationClass,
            price: Balance,
            capacity: u32,
            max_units: Units,
            throughput: u32,
        ) -> DispatchResult {
            let provider = ensure_signed(origin)?;
            Self::do_place_ask(&provider, (model, class), price, capacity, max_units, throughput)
        }

        /// Take back the ask for a model in a class and get its deposit back. Jobs that run are not touched.
        ///
        /// Origin: signed, whose ask it is. Errors: [`Error::AskNotFound`]. Emits [`Event::AskWithdrawn`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::withdraw_ask(T::MaxAsksPerModel::get()))]
        pub fn withdraw_ask(origin: OriginFor<T>, model: ArtifactId, class: VerificationClass) -> DispatchResult {
            let provider = ensure_signed(origin)?;
            Self::do_withdraw_ask(&provider, (model, class))
        }

        /// Order a job, and pay for all that it makes the chain do. Its maximum price, the deposit and the fee of a further
        /// attempt are held; the cheapest fitting provider gets it at once, else it waits for as long as its deadline says.
        ///
        /// Origin: signed. Errors: `ModelNotFound`, `InputNotSupported`, `InputLengthOutOfRange`, `ClassNotSupported`,
        /// `SamplerInvalid`, `StopSequenceEmpty`, `LimitsOutOfRange`, `DeadlineOutOfRange`, `PriceTooLow`, `ChainBusy`,
        /// `QueueFull`, or the currency's if the money cannot be held. Emits [`Event::UpkeepPaid`],
        /// [`Event::JobSubmitted`], then [`Event::JobAssigned`] or [`Event::JobQueued`].
        #[pallet::call_index(2)]
        #[pallet::weight(Pallet::<T>::worst_submission())]
        pub fn submit(origin: OriginFor<T>, order: JobOrder) -> DispatchResultWithPostInfo {
            let requester = ensure_signed(origin)?;
            Ok(Some(Self::do_submit(requester, order)?).into())
        }

        /// Withdraw a job that waits for a provider. The escrow goes back at once, the deposit when the job is pruned.
        ///
        /// Origin: signed, the job's requester. Errors: [`Error::JobNotFound`], [`Error::NotRequester`],
        /// [`Error::JobAlreadyAssigned`], [`Error::JobAlreadyClosed`]. Emits [`Event::JobClosed`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::cancel())]
        pub fn cancel(origin: OriginFor<T>, job: JobId) -> DispatchResult {
            let requester = ensure_signed(origin)?;
            Self::do_cancel(&requester, job)
        }

        /// Settle a job's verdict now, without waiting for its turn. The effects are the same whoever calls.
        ///
        /// Origin: signed, anybody. Errors: [`Error::JobNotFound`], [`Error::NothingToSettle`]. Emits what the
        /// settlement emits: [`Event::JobSettled`] with its [`Event::PaymentMade`] and [`Event::PaymentDeferred`],
        /// [`Event::AttemptFailed`] or [`Event::SettlementFailed`], then [`Event::JobAssigned`] or
        /// [`Event::JobClosed`].
        #[pallet::call_index(4)]
        #[pallet::weight(Pallet::<T>::worst_settlement())]
        pub fn settle(origin: OriginFor<T>, job: JobId) -> DispatchResultWithPostInfo {
            ensure_signed(origin)?;
            Ok(Some(Self::do_settle(job)?).into())
        }

        /// Forget a closed job before its time, and get its deposit back at once. The order has paid for it.
        ///
        /// Origin: signed, the job's requester. Errors: [`Error::JobNotFound`], [`Error::NotRequester`],
        /// [`Error::JobNotClosed`], [`Error::EndNotFinal`]. Emits [`Event::JobPruned`].
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::forget())]
        pub fn forget(origin: OriginFor<T>, job: JobId) -> DispatchResultWithPostInfo {
            let requester = ensure_signed(origin)?;
            Self::do_forget(&requester, job)?;
            Ok(Pays::No.into())
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_poll(_now: BlockNumberFor<T>, meter: &mut WeightMeter) {
            Self::poll(meter);
        }

        fn integrity_test() {
            Self::check_config();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
