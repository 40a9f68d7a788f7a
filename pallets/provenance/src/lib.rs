#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used))]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
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
pub use types::{Artifact, ArtifactOf};
pub use weights::WeightInfo;

/// The pallet; see the crate's documentation.
#[frame_support::pallet]
// The code that FRAME's macros generate uses `expect`; calls here only check the origin and go on to other modules.
#[allow(clippy::expect_used)]
pub mod pallet {
    use super::*;
    use alloc::{string::String, vec::Vec};
    use core::marker::PhantomData;
    use frame_support::{
        pallet_prelude::*,
        traits::{fungible, StorageVersion},
    };
    use frame_system::pallet_prelude::*;
    use sp_runtime::Perbill;
    use strike_primitives::{artifact::ArtifactId, AccountId, Balance, H256};

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
        /// The part of the deposit that every registration costs.
        #[pallet::constant]
        type BaseDeposit: Get<Balance>;
        /// The part of the deposit for each byte of the name.
        #[pallet::constant]
        type ByteDeposit: Get<Balance>;
        /// The highest royalty.
        #[pallet::constant]
        type MaxRoyalty: Get<Perbill>;
        /// Longest name in bytes.
        #[pallet::constant]
        type MaxName: Get<u32>;
        /// Weights of the calls.
        type WeightInfo: WeightInfo;
        /// Makes what benchmarks begin with.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: strike_primitives::benchmarking::BenchmarkHelper;
    }

    /// Why the pallet holds balance.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The deposit for a registered artifact.
        #[codec(index = 0)]
        Registration,
    }

    /// Every registered artifact.
    #[pallet::storage]
    pub type Artifacts<T: Config> = StorageMap<_, Blake2_128Concat, ArtifactId, ArtifactOf<T>>;

    /// Models registered in the first block.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Owner, typed root, name, size in bytes, royalty. The deposit is put on hold, so the owner needs the balance.
        pub models: Vec<(AccountId, ArtifactId, String, u64, Perbill)>,
        #[doc(hidden)]
        #[serde(skip)]
        pub _config: PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            for (owner, model, name, size, royalty) in &self.models {
                let bytes = name
                    .clone()
                    .into_bytes()
                    .try_into()
                    .unwrap_or_else(|_| panic!("genesis model {name}: the name is too long"));
                if let Err(error) = Pallet::<T>::do_register(owner, *model, bytes, *size, *royalty) {
                    panic!("genesis model {name}: {error:?}");
                }
            }
        }
    }

    // What a field's name does not say is in the line of its event.
    #[allow(missing_docs)]
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A model was registered: a name in UTF-8, a size in bytes, the owner's share of fees, and what it has on hold.
        ModelRegistered {
            model: ArtifactId,
            owner: AccountId,
            name: Vec<u8>,
            size: u64,
            royalty: Perbill,
            deposit: Balance,
        },
        /// An owner lowered its share of fees to `royalty`.
        RoyaltySet { model: ArtifactId, royalty: Perbill },
        /// An owner offered its model to another account, which may accept.
        OwnershipOffered { model: ArtifactId, owner: AccountId, offered_to: AccountId },
        /// An owner took its offer back.
        OfferWithdrawn { model: ArtifactId, offered_to: AccountId },
        /// A model has a new owner.
        OwnershipTransferred { model: ArtifactId, from: AccountId, to: AccountId },
    }

    /// Why a call failed.
    #[pallet::error]
    pub enum Error<T> {
        /// The root is registered already. Its owner can offer it.
        AlreadyRegistered,
        /// No such artifact is registered. Register it first.
        ArtifactNotFound,
        /// The kind of artifact is nothing a provider can run. Register a bundle or weights.
        NotAModel,
        /// The name is empty, has control characters, or is not UTF-8. Choose another.
        InvalidName,
        /// The size is zero. Name the bytes of the model's files.
        InvalidSize,
        /// The royalty is above `MaxRoyalty`. Choose a lower one.
        RoyaltyTooHigh,
        /// The royalty is above the one so far. A royalty is only ever lowered.
        RoyaltyRaised,
        /// The account is not the owner. Only the owner can do this.
        NotOwner,
        /// The account owns it already. Offer it to another.
        AlreadyOwner,
        /// Ownership is not on offer to this account. Ask the owner for an offer.
        NotOffered,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::BaseDeposit::get() > 0, "the deposit pays for storage, so it cannot be zero");
            assert!(T::MaxName::get() > 0, "a model has a name");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Register a model and become its owner.
        ///
        /// Origin: signed by any account.
        ///
        /// `model` is the typed root of a bundle or of weights, `size` the bytes of its files. Puts
        /// [`Config::BaseDeposit`] and [`Config::ByteDeposit`] for each byte of `name` on hold. A registration is for
        /// good, and `royalty` can later only be lowered.
        ///
        /// Errors: [`NotAModel`](Error::NotAModel), [`InvalidName`](Error::InvalidName),
        /// [`InvalidSize`](Error::InvalidSize), [`RoyaltyTooHigh`](Error::RoyaltyTooHigh),
        /// [`AlreadyRegistered`](Error::AlreadyRegistered), and the currency's if the balance does not cover the
        /// deposit.
        ///
        /// Events: [`ModelRegistered`](Event::ModelRegistered).
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register_model(name.len() as u32))]
        pub fn register_model(
            origin: OriginFor<T>,
            model: ArtifactId,
            name: BoundedVec<u8, T::MaxName>,
            size: u64,
            royalty: Perbill,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_register(&who, model, name, size, royalty)
        }

        /// Lower the royalty.
        ///
        /// Origin: signed by the owner.
        ///
        /// Counts for every job that settles from now on.
        ///
        /// Errors: [`ArtifactNotFound`](Error::ArtifactNotFound), [`NotOwner`](Error::NotOwner),
        /// [`RoyaltyRaised`](Error::RoyaltyRaised).
        ///
        /// Events: [`RoyaltySet`](Event::RoyaltySet).
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::set_royalty())]
        pub fn set_royalty(origin: OriginFor<T>, model: ArtifactId, royalty: Perbill) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_set_royalty(&who, model, royalty)
        }

        /// Offer ownership to another account.
        ///
        /// Origin: signed by the owner.
        ///
        /// Replaces an earlier offer. Nothing changes until the other account accepts.
        ///
        /// Errors: [`ArtifactNotFound`](Error::ArtifactNotFound), [`NotOwner`](Error::NotOwner),
        /// [`AlreadyOwner`](Error::AlreadyOwner).
        ///
        /// Events: [`OwnershipOffered`](Event::OwnershipOffered).
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::offer_ownership())]
        pub fn offer_ownership(origin: OriginFor<T>, model: ArtifactId, new_owner: AccountId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_offer_ownership(who, model, new_owner)
        }

        /// Take an offer of ownership back.
        ///
        /// Origin: signed by the owner.
        ///
        /// Errors: [`ArtifactNotFound`](Error::ArtifactNotFound), [`NotOwner`](Error::NotOwner),
        /// [`NotOffered`](Error::NotOffered).
        ///
        /// Events: [`OfferWithdrawn`](Event::OfferWithdrawn).
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::withdraw_offer())]
        pub fn withdraw_offer(origin: OriginFor<T>, model: ArtifactId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_withdraw_offer(&who, model)
        }

        /// Accept an offer and become the owner.
        ///
        /// Origin: signed by the account ownership was offered to.
        ///
        /// Puts the same deposit on hold, and releases the old owner's. Royalties of jobs that settle from now on go to
        /// the new owner.
        ///
        /// Errors: [`ArtifactNotFound`](Error::ArtifactNotFound), [`NotOffered`](Error::NotOffered), and the currency's
        /// if the balance does not cover the deposit.
        ///
        /// Events: [`OwnershipTransferred`](Event::OwnershipTransferred).
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::accept_ownership())]
        pub fn accept_ownership(origin: OriginFor<T>, model: ArtifactId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_accept_ownership(who, model)
        }
    }
}
