#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used))]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod clock;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

/// The pallet; see the crate's documentation.
#[frame_support::pallet]
// The code that FRAME's macros generate uses `expect`; calls here only check the origin and go on to other modules.
#[allow(clippy::expect_used)]
pub mod pallet {
    use crate::{
        types::{Standing, Time},
        weights::WeightInfo,
    };
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::UniqueSaturatedInto;
    use strike_primitives::{
        finality::{FinalNumber, INHERENT_IDENTIFIER},
        timing::Timing,
        AccountId, BlockNumber,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// Storage and calls of the pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the runtime has to provide.
    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId, RuntimeEvent: From<Event<Self>>> {
        /// The author of the block being executed, if it has one.
        type Author: Get<Option<AccountId>>;
        /// How many validators there are.
        type Validators: Get<u32>;
        /// Blocks that the last final one may lie behind before time stops. Above zero; no more than the shortest
        /// period that a penalty hangs on.
        #[pallet::constant]
        type LagLimit: Get<BlockNumber>;
        /// What the call and the hooks cost.
        type WeightInfo: WeightInfo;
        /// Makes what benchmarks begin with.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: strike_primitives::benchmarking::BenchmarkHelper;
    }

    /// The highest reports of distinct authors, and the block of the last one.
    #[pallet::storage]
    pub type LastReports<T: Config> = StorageValue<_, crate::types::Reports, ValueQuery>;

    /// What the clock shows.
    #[pallet::storage]
    pub type CurrentTime<T: Config> = StorageValue<_, Time, ValueQuery>;

    /// What sessions, eras and long periods are measured in; absent, what production has. BABE reads it in every
    /// block, so reading it costs nothing more.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type GenesisTiming<T: Config> = StorageValue<_, Timing, ValueQuery>;

    /// The chain's measures.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// They are for ever: no call changes them. None stands for [`Timing::PRODUCTION`].
        pub timing: Option<Timing>,
        /// Marks the runtime; nothing to set.
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        /// Panics if the measures are none that a chain can run with.
        fn build(&self) {
            let Some(timing) = self.timing else { return };
            let checked = timing.check();
            assert!(checked.is_ok(), "timing of the genesis configuration: {checked:?}: {timing:?}");
            GenesisTiming::<T>::put(timing);
        }
    }

    // What a field's name does not say is in the line of its event.
    #[allow(missing_docs)]
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Finality lags: from the next block on deadlines stand still. `last_final` is the last block agreed to be final.
        TimeStopped { last_final: BlockNumber },
        /// Finality keeps up again: from the next block on deadlines go on. Time stood still in so many blocks.
        TimeResumed { stood_still: BlockNumber },
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// A block cannot have seen itself or a later one final: report a number below its own.
        NumberTooHigh,
        /// A block has one report: leave the other one out.
        AlreadyReported,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_now: BlockNumberFor<T>) -> Weight {
            // BABE's read of the timing, which has no weight of its own, is counted here.
            T::WeightInfo::on_finalize().saturating_add(T::DbWeight::get().reads(1))
        }

        fn on_finalize(_now: BlockNumberFor<T>) {
            Self::end_block();
        }

        fn integrity_test() {
            assert!(T::LagLimit::get() > 0, "no block is final when it is made");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Report the number of the last block that the author's node has seen final. Without effect in a block that
        /// has no author, and where the author has reported a higher one before.
        ///
        /// Origin: none, as an inherent. Errors, which make the block invalid: [`Error::NumberTooHigh`],
        /// [`Error::AlreadyReported`]. No event.
        #[pallet::call_index(0)]
        #[pallet::weight((T::WeightInfo::note_final(), DispatchClass::Mandatory))]
        pub fn note_final(origin: OriginFor<T>, #[pallet::compact] number: BlockNumber) -> DispatchResult {
            ensure_none(origin)?;
            Self::do_note_final(number)
        }
    }

    #[pallet::inherent]
    impl<T: Config> ProvideInherent for Pallet<T> {
        type Call = Call<T>;
        // No node can say of another one what it has seen, so nothing is checked but what the call itself checks.
        type Error = frame_support::inherent::MakeFatalError<()>;
        const INHERENT_IDENTIFIER: InherentIdentifier = INHERENT_IDENTIFIER;

        fn create_inherent(data: &InherentData) -> Option<Self::Call> {
            let number = data.get_data::<FinalNumber>(&INHERENT_IDENTIFIER).ok().flatten()?;
            Some(Call::note_final { number })
        }

        fn is_inherent(call: &Self::Call) -> bool {
            matches!(call, Call::note_final { .. })
        }
    }

    impl<T: Config> Pallet<T> {
        /// The block being built or, outside of one, the last one.
        pub(crate) fn now() -> BlockNumber {
            frame_system::Pallet::<T>::block_number().unique_saturated_into()
        }

        /// Whether deadlines stand still.
        pub fn stands_still() -> bool {
            matches!(CurrentTime::<T>::get().standing, Some(Standing { .. }))
        }
    }
}
