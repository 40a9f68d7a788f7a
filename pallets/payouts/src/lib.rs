#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used))]

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod payments;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use weights::WeightInfo;

/// The pallet; see the crate's documentation.
#[frame_support::pallet]
// The code that FRAME's macros generate uses `expect`; calls here only check the origin and go on to other modules.
#[allow(clippy::expect_used)]
pub mod pallet {
    use crate::weights::WeightInfo;
    use frame_support::{
        pallet_prelude::*,
        traits::fungible::{self, Inspect, Mutate},
        PalletId,
    };
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::AccountIdConversion;
    use strike_primitives::{AccountId, Balance};

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// Storage and calls of the pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the runtime has to provide.
    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId, RuntimeEvent: From<Event<Self>>> {
        /// The native token.
        type Currency: fungible::Mutate<AccountId, Balance = Balance>
            + fungible::hold::Mutate<AccountId, Balance = Balance, Reason = Self::RuntimeHoldReason>;

        /// The runtime's reasons for holds: money is paid out of any of them.
        type RuntimeHoldReason: Encode + TypeInfo + 'static;

        /// Names the account that keeps what waits.
        #[pallet::constant]
        type PalletId: Get<PalletId>;

        /// What the call costs.
        type WeightInfo: WeightInfo;

        /// Makes what benchmarks begin with.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: strike_primitives::benchmarking::BenchmarkHelper;
    }

    /// What waits for each account, above zero. The pallet's account has it.
    #[pallet::storage]
    pub type Claimable<T: Config> = StorageMap<_, Blake2_128Concat, AccountId, Balance>;

    /// Nothing to set: the pallet's account gets what keeps it alive.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Marks the runtime; nothing to set.
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let account = Pallet::<T>::account();
            if T::Currency::balance(&account) < T::Currency::minimum_balance() {
                assert!(
                    T::Currency::mint_into(&account, T::Currency::minimum_balance()).is_ok(),
                    "the existential deposit can be minted at genesis"
                );
            }
        }
    }

    // What a field's name does not say is in the line of its event.
    #[allow(missing_docs)]
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// `amount` of `from` waits for `account` to claim it.
        Deferred { account: AccountId, from: AccountId, amount: Balance },
        /// `account` got all that waited for it.
        Claimed { account: AccountId, amount: Balance },
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// Nothing waits for the account.
        NothingToClaim,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Get the payments that could not be delivered to the caller's account before.
        ///
        /// Origin: signed. Errors: [`Error::NothingToClaim`], or the currency's if the account still cannot receive
        /// them. Emits [`Event::Claimed`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::claim())]
        pub fn claim(origin: OriginFor<T>) -> DispatchResult {
            let account = ensure_signed(origin)?;
            Self::do_claim(account)
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    impl<T: Config> Pallet<T> {
        /// The account that keeps what waits.
        pub fn account() -> AccountId {
            T::PalletId::get().into_account_truncating()
        }
    }
}
