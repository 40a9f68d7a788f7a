#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used))]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod bonds;
mod queries;
mod registry;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::{GenesisProvider, Provider, ProviderOf, ProviderState};
pub use weights::WeightInfo;

/// The pallet; see the crate's documentation.
#[frame_support::pallet]
// The code that FRAME's macros generate uses `expect`; calls here only check the origin and go on to other modules.
#[allow(clippy::expect_used)]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use core::marker::PhantomData;
    use frame_support::{
        pallet_prelude::*,
        traits::{fungible, StorageVersion},
    };
    use frame_system::pallet_prelude::*;
    use strike_primitives::{
        app::{AppKey, AppSignature},
        artifact::ArtifactId,
        traits::ArtifactRegistry,
        AccountId, Balance, BlockNumber, H256,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the pallet needs of the runtime.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId, Hash = H256, RuntimeEvent: From<Event<Self>>>
    {
        /// The native token.
        type Currency: fungible::Inspect<AccountId, Balance = Balance>
            + fungible::hold::Mutate<AccountId, Reason = Self::RuntimeHoldReason>;
        /// The runtime's hold reason.
        type RuntimeHoldReason: From<HoldReason>;
        /// Which models are registered.
        type Artifacts: ArtifactRegistry;
        /// The smallest bond of an active provider.
        #[pallet::constant]
        type MinBond: Get<Balance>;
        /// Blocks from leaving until the bond can be withdrawn.
        #[pallet::constant]
        type UnbondingPeriod: Get<BlockNumber>;
        /// Most models a provider lists.
        #[pallet::constant]
        type MaxModels: Get<u32>;
        /// Most accounts a provider is linked to.
        #[pallet::constant]
        type MaxLinked: Get<u32>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
        /// Makes what benchmarks begin with.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: strike_primitives::benchmarking::BenchmarkHelper;
    }

    /// Why the pallet holds balance.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// A provider's bond.
        #[codec(index = 0)]
        Bond,
    }

    /// Every registered provider.
    #[pallet::storage]
    pub type Providers<T: Config> = StorageMap<_, Blake2_128Concat, AccountId, ProviderOf<T>>;

    /// The provider of each registered app key: the inverse of [`Provider::app_key`].
    #[pallet::storage]
    pub type KeyOwner<T: Config> = StorageMap<_, Blake2_128Concat, AppKey, AccountId>;

    /// Providers registered in the first block.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Who they are. The bond is put on hold, so the account needs the balance. That the models are registered is
        /// not checked, because they may be registered later in the same genesis.
        pub providers: Vec<GenesisProvider>,
        #[doc(hidden)]
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            for (who, bond, app_key, models, linked) in &self.providers {
                let models =
                    models.clone().try_into().unwrap_or_else(|_| panic!("genesis provider {who:?}: too many models"));
                let linked =
                    linked.clone().try_into().unwrap_or_else(|_| panic!("genesis provider {who:?}: too many links"));
                if let Err(error) = Pallet::<T>::do_register(who, *bond, app_key.clone(), models, linked) {
                    panic!("genesis provider {who:?}: {error:?}");
                }
            }
        }
    }

    // What a field's name does not say is in the line of its event.
    #[allow(missing_docs)]
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A provider registered.
        ProviderRegistered { provider: AccountId, bond: Balance, app_key: AppKey },
        /// A provider added `amount` to its bond, which is `bond` now.
        BondIncreased { provider: AccountId, amount: Balance, bond: Balance },
        /// A provider changed the models it serves; these are all of them now.
        ModelsSet { provider: AccountId, models: Vec<ArtifactId> },
        /// A provider changed its links; these are all of them now.
        LinksSet { provider: AccountId, linked: Vec<AccountId> },
        /// A provider has a new app key.
        AppKeySet { provider: AccountId, app_key: AppKey },
        /// A provider takes no more jobs. From the block `withdrawable_at` on it can withdraw its bond, if nothing is
        /// reserved then.
        LeaveStarted { provider: AccountId, withdrawable_at: BlockNumber },
        /// A leaving provider stays.
        LeaveCancelled { provider: AccountId },
        /// A provider withdrew its bond and is registered no more; it got `bond` back.
        ProviderRemoved { provider: AccountId, bond: Balance },
        /// A part of the provider's bond was burned.
        Slashed { provider: AccountId, amount: Balance },
        /// A part of the provider's bond was paid to an account that it wronged.
        Compensated { provider: AccountId, beneficiary: AccountId, amount: Balance },
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// The account is a provider already. Change what is registered with the other calls.
        AlreadyRegistered,
        /// The account is no provider. Register it first.
        ProviderNotFound,
        /// The bond is below the minimum. Bond at least `MinBond`.
        BondTooLow,
        /// The amount is zero. Name what to add.
        ZeroAmount,
        /// The app key belongs to a provider, perhaps this one. Use a new key.
        AppKeyTaken,
        /// The proof is no signature by the app key over this chain and account. Sign `proof_of_possession_payload`
        /// with it.
        InvalidProof,
        /// No model is listed. A provider serves at least one.
        NoModels,
        /// A model is listed twice. List each once.
        DuplicateModel,
        /// A listed artifact is not registered as a model. Have it registered, or leave it out.
        ModelNotRegistered,
        /// An account is listed twice. List each once.
        DuplicateLink,
        /// The provider is listed as linked to itself. Leave it out.
        SelfLink,
        /// A part of the bond backs jobs. Wait until they are over.
        JobsRunning,
        /// The provider is leaving already. Withdraw when the unbonding period is over, or rejoin.
        AlreadyLeaving,
        /// The provider is not leaving. Call `leave` first.
        NotLeaving,
        /// The unbonding period is not over. Wait for the block that `LeaveStarted` named.
        UnbondingNotOver,
        /// The provider is leaving or its bond is below the minimum, so it takes no jobs. It can rejoin or add to its
        /// bond.
        NotActive,
        /// The free part of the bond is smaller than the amount. The provider can add to its bond.
        BondUnavailable,
        /// Less than the amount is reserved. Release no more than was reserved.
        NotReserved,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::MinBond::get() > 0, "MinBond pays for what a provider stores, so it cannot be zero");
            assert!(T::MaxModels::get() > 0, "a provider serves at least one model");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Become a provider.
        ///
        /// Origin: signed by the account that becomes the provider; it may be a validator's.
        ///
        /// Puts `bond`, at least [`Config::MinBond`], on hold. `proof` is a signature by `app_key` over
        /// [`proof_of_possession_payload`](strike_primitives::app::proof_of_possession_payload). `models` are
        /// registered models, at least one. `linked` are accounts of the same operator; as validators they do not check
        /// this provider's results.
        ///
        /// Errors: [`AlreadyRegistered`](Error::AlreadyRegistered), [`BondTooLow`](Error::BondTooLow),
        /// [`AppKeyTaken`](Error::AppKeyTaken), [`InvalidProof`](Error::InvalidProof), [`NoModels`](Error::NoModels),
        /// [`DuplicateModel`](Error::DuplicateModel), [`ModelNotRegistered`](Error::ModelNotRegistered),
        /// [`DuplicateLink`](Error::DuplicateLink), [`SelfLink`](Error::SelfLink), and the currency's if the balance
        /// does not cover the bond.
        ///
        /// Events: [`ProviderRegistered`](Event::ProviderRegistered).
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register(models.len() as u32, linked.len() as u32))]
        pub fn register(
            origin: OriginFor<T>,
            bond: Balance,
            app_key: AppKey,
            proof: AppSignature,
            models: BoundedVec<ArtifactId, T::MaxModels>,
            linked: BoundedVec<AccountId, T::MaxLinked>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::ensure_registered_models(&models)?;
            Self::ensure_possession(&who, &app_key, &proof)?;
            Self::do_register(&who, bond, app_key, models, linked)
        }

        /// Add to the bond.
        ///
        /// Origin: signed by the provider.
        ///
        /// Puts `amount` more on hold. A provider whose bond a slash took below the minimum is active again once the
        /// bond reaches it.
        ///
        /// Errors: [`ProviderNotFound`](Error::ProviderNotFound), [`ZeroAmount`](Error::ZeroAmount), and the currency's
        /// if the balance does not cover the amount.
        ///
        /// Events: [`BondIncreased`](Event::BondIncreased).
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::bond_extra())]
        pub fn bond_extra(origin: OriginFor<T>, amount: Balance) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_bond_extra(who, amount)
        }

        /// Replace the list of models served.
        ///
        /// Origin: signed by the provider.
        ///
        /// Jobs that run already are not affected.
        ///
        /// Errors: [`ProviderNotFound`](Error::ProviderNotFound), [`NoModels`](Error::NoModels),
        /// [`DuplicateModel`](Error::DuplicateModel), [`ModelNotRegistered`](Error::ModelNotRegistered).
        ///
        /// Events: [`ModelsSet`](Event::ModelsSet).
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::set_models(models.len() as u32))]
        pub fn set_models(origin: OriginFor<T>, models: BoundedVec<ArtifactId, T::MaxModels>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_models(who, models)
        }

        /// Replace the list of linked accounts.
        ///
        /// Origin: signed by the provider.
        ///
        /// A list that holds all of the old one is taken at any time. A link is removed only while no part of the bond
        /// is reserved, so that no linked validator comes to judge a job that runs.
        ///
        /// Errors: [`ProviderNotFound`](Error::ProviderNotFound), [`DuplicateLink`](Error::DuplicateLink),
        /// [`SelfLink`](Error::SelfLink), [`JobsRunning`](Error::JobsRunning).
        ///
        /// Events: [`LinksSet`](Event::LinksSet).
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::set_linked(linked.len() as u32))]
        pub fn set_linked(origin: OriginFor<T>, linked: BoundedVec<AccountId, T::MaxLinked>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_linked(who, linked)
        }

        /// Replace the app key.
        ///
        /// Origin: signed by the provider.
        ///
        /// `proof` is a signature by the new key, as for [`register`](Pallet::register). The old key is free again.
        ///
        /// Errors: [`ProviderNotFound`](Error::ProviderNotFound), [`JobsRunning`](Error::JobsRunning),
        /// [`AppKeyTaken`](Error::AppKeyTaken), [`InvalidProof`](Error::InvalidProof).
        ///
        /// Events: [`AppKeySet`](Event::AppKeySet).
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::set_app_key())]
        pub fn set_app_key(origin: OriginFor<T>, app_key: AppKey, proof: AppSignature) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::ensure_possession(&who, &app_key, &proof)?;
            Self::do_set_app_key(who, app_key)
        }

        /// Take no more jobs, and start the unbonding period.
        ///
        /// Origin: signed by the provider.
        ///
        /// Jobs that run go on, and the bond behind them stays at risk.
        ///
        /// Errors: [`ProviderNotFound`](Error::ProviderNotFound), [`AlreadyLeaving`](Error::AlreadyLeaving).
        ///
        /// Events: [`LeaveStarted`](Event::LeaveStarted).
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::leave())]
        pub fn leave(origin: OriginFor<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_leave(who)
        }

        /// Stay after all: end the unbonding period and take jobs again.
        ///
        /// Origin: signed by the provider.
        ///
        /// Errors: [`ProviderNotFound`](Error::ProviderNotFound), [`NotLeaving`](Error::NotLeaving).
        ///
        /// Events: [`LeaveCancelled`](Event::LeaveCancelled).
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::rejoin())]
        pub fn rejoin(origin: OriginFor<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_rejoin(who)
        }

        /// Get the bond back and be a provider no more. Asks are the market's: they get no jobs from then on, and
        /// their deposits come back when they are withdrawn or make room for others.
        ///
        /// Origin: signed by the provider.
        ///
        /// Possible when the unbonding period is over and nothing is reserved. Releases the hold and frees the app key.
        ///
        /// Errors: [`ProviderNotFound`](Error::ProviderNotFound), [`NotLeaving`](Error::NotLeaving),
        /// [`UnbondingNotOver`](Error::UnbondingNotOver), [`JobsRunning`](Error::JobsRunning).
        ///
        /// Events: [`ProviderRemoved`](Event::ProviderRemoved).
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::withdraw())]
        pub fn withdraw(origin: OriginFor<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_withdraw(who)
        }
    }
}
