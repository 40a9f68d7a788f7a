//! The Strike runtime: the state transition of a chain on which AI work is bought, done, checked and paid.
//!
//! - [`constants`]: time, money and fees;
//! - [`configs`]: one file a pallet, how it is set up here;
//! - [`migrations`]: from the state of older runtimes;
//! - [`apis`]: what the node and its users may ask;
//! - [`genesis_config_presets`]: the built-in chains `development` and `local_testnet`.
//!
//! Pallet indices are part of every encoded call, event and error, so they are explicit and never reused; see
//! the runtime enum at the end of this file for the gaps that are reserved.

#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "256"]
// The runtime macro writes undocumented items into this module and ignores an attribute of its own. The modules below
// are held to documentation one by one.
#![allow(missing_docs)]

extern crate alloc;

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
#[deny(missing_docs)]
pub mod benchmarks;
#[deny(missing_docs)]
pub mod configs;
#[deny(missing_docs)]
pub mod constants;
#[deny(missing_docs)]
pub mod genesis_config_presets;
#[cfg(test)]
mod metadata_snapshot;
#[deny(missing_docs)]
pub mod migrations;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use sp_runtime::{
    generic, impl_opaque_keys,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;
pub use strike_primitives::{Balance, BlockNumber};

/// The number of transactions an account has sent.
pub type Nonce = u32;
/// A hash of a block, a transaction or a state root.
pub type Hash = sp_core::H256;
/// A signature by any of the supported schemes.
pub type Signature = MultiSignature;
/// The public key that a signature speaks for.
pub type AccountPublic = <Signature as Verify>::Signer;
/// An account: 32 bytes derived from its public key.
pub type AccountId = <AccountPublic as IdentifyAccount>::AccountId;
/// How transactions name an account.
pub type Address = MultiAddress<AccountId, ()>;

/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// What every transaction is checked for, in this order.
///
/// Authorized calls are settled first, so that a forged attestation is dropped before anything else is done for it;
/// what knows the true weight comes last. Wallets know all of these by name: none of ours may be added that is not of
/// zero size.
pub type TxExtension = (
    frame_system::AuthorizeCall<Runtime>,
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckMortality<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
    pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
    frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
    frame_system::WeightReclaim<Runtime>,
);

/// A transaction as it arrives, before its signature is checked.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What a user signs.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// Executes blocks: dispatches calls and hooks to the pallets.
pub type Executive =
    frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

/// Block types for a node that stores and forwards transactions without decoding them, so that it goes on working
/// after the runtime has changed.
pub mod opaque {
    use super::{generic, BlakeTwo256, BlockNumber};
    pub use sp_runtime::OpaqueExtrinsic as UncheckedExtrinsic;

    /// A block's header.
    pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
    /// A block of undecoded transactions.
    pub type Block = generic::Block<Header, UncheckedExtrinsic>;
    /// Names a block by number or by hash.
    pub type BlockId = generic::BlockId<Block>;
    /// A block's hash.
    pub type Hash = <BlakeTwo256 as sp_runtime::traits::Hash>::Output;
}

impl_opaque_keys! {
    /// The keys a validator's machine holds. Their order is part of the chain's state.
    pub struct SessionKeys {
        /// Draws slots and seals blocks (sr25519).
        pub babe: Babe,
        /// Votes on finality (ed25519).
        pub grandpa: Grandpa,
        /// Signs the validator's network addresses (sr25519).
        pub authority_discovery: AuthorityDiscovery,
        /// Signs attestations and evaluates the verification VRF (sr25519).
        pub strk: Verification,
    }
}

/// Which runtime this is. Raise `spec_version` with every change of what a block does, and `transaction_version` with
/// every change of how a call is encoded.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: alloc::borrow::Cow::Borrowed("strike"),
    impl_name: alloc::borrow::Cow::Borrowed("strike-node"),
    authoring_version: 1,
    spec_version: 108,
    impl_version: 1,
    apis: apis::RUNTIME_API_VERSIONS,
    transaction_version: 2,
    system_version: 1,
};

// Indices are for ever. 0..=14 consensus and base, 15 development only, 16..=39 SDK pallets, 40..=59 Strike.
// Reserved: 16 Preimage, 17 Scheduler, 18 ConvictionVoting, 19 Referenda, 20 Origins, 21 TechnicalCommittee, 22
// Whitelist, 23 Treasury, 24 Utility; 44 Channels, 45 Agents, 46 Rewards, 47 Training, 49 Validators, 50 Access.
//
// Order matters for hooks: Authorship notes the author before Session turns, Session before Historical reads it.
#[frame_support::runtime]
mod runtime {
    /// The runtime: all pallets at their indices.
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
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;

    #[runtime::pallet_index(2)]
    pub type Babe = pallet_babe;

    #[runtime::pallet_index(3)]
    pub type Authorship = pallet_authorship;

    #[runtime::pallet_index(4)]
    pub type Balances = pallet_balances;

    #[runtime::pallet_index(5)]
    pub type TransactionPayment = pallet_transaction_payment;

    #[runtime::pallet_index(6)]
    pub type Session = pallet_session;

    #[runtime::pallet_index(7)]
    pub type Historical = pallet_session::historical;

    #[runtime::pallet_index(8)]
    pub type Offences = pallet_offences;

    #[runtime::pallet_index(9)]
    pub type Grandpa = pallet_grandpa;

    #[runtime::pallet_index(10)]
    pub type AuthorityDiscovery = pallet_authority_discovery;

    /// Has a key in development chains only; without one no call of it passes.
    #[runtime::pallet_index(15)]
    pub type Sudo = pallet_sudo;

    // Genesis is built in the order of the indices: models before those who serve them, these before their asks.
    #[runtime::pallet_index(40)]
    pub type Provenance = pallet_provenance;

    #[runtime::pallet_index(41)]
    pub type Providers = pallet_providers;

    #[runtime::pallet_index(42)]
    pub type Market = pallet_market;

    #[runtime::pallet_index(43)]
    pub type Verification = pallet_verification;

    // The clock of deadlines is moved at a block's end, so its place among the hooks does not matter.
    #[runtime::pallet_index(48)]
    pub type Finality = pallet_finality;

    #[runtime::pallet_index(51)]
    pub type Payouts = pallet_payouts;
}
