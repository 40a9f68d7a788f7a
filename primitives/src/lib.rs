//! Types, hashing and traits shared by the Strike runtime and its nodes.
//!
//! Everything here that crosses a wire or a hash is specified in `docs/protocol.md`; the test vectors in
//! `docs/protocol-vectors.json` hold both to it.
//!
//! - [`hashing`], [`merkle`]: domain-separated `blake2b-256` and the Merkle trees built on it.
//! - [`artifact`]: typed roots of models and other files.
//! - [`eligibility`]: who may judge a provider.
//! - [`embedding`]: input and output of embedding jobs as bytes.
//! - [`job`], [`commitment`], [`verdict`], [`receipt`]: what is ordered, delivered, found and paid.
//! - [`split`]: who gets what of a fee.
//! - [`timing`]: what long periods are measured in.
//! - [`app`]: the key that providers and validators sign attestations with.
//! - [`finality`]: what authors report of it.
//! - `model_folder` (with `std`): the artifact that a folder with a model's files is.
//! - `amount` (with `std`): amounts in JSON, as decimal strings.
//! - [`mailbox`]: how the native worker hands results to the off-chain worker.
//! - [`traits`]: how the pallets know each other.
//! - [`api`]: the runtime APIs of the node, its RPC and the tools.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "std")]
pub mod amount;
pub mod api;
pub mod app;
pub mod artifact;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
pub mod blob;
pub mod commitment;
pub mod eligibility;
pub mod embedding;
pub mod finality;
pub mod hashing;
pub mod job;
pub mod mailbox;
pub mod merkle;
#[cfg(feature = "std")]
pub mod model_folder;
pub mod receipt;
pub mod split;
pub mod timing;
pub mod traits;
pub mod verdict;

#[cfg(test)]
mod vectors;

pub use sp_core::H256;

/// An account: 32 bytes, shown in SS58 with the network's prefix.
pub type AccountId = sp_runtime::AccountId32;
/// An amount of the native token in its smallest unit, 10^-12 of a token.
pub type Balance = u128;
/// A block's height.
pub type BlockNumber = u32;
/// Identifies a job for ever; counted up from 0.
pub type JobId = u64;
/// Which try at a job: 0 for the first provider, counted up with each reassignment.
pub type Attempt = u16;
/// Work, counted: one token read or written.
pub type Units = u64;

/// One token in its smallest unit.
pub const TOKEN: Balance = 1_000_000_000_000;
/// Decimals of the native token.
pub const TOKEN_DECIMALS: u8 = 12;
/// Symbol of the native token.
pub const TOKEN_SYMBOL: &str = "STRIKE";
/// Prices are per this many units.
pub const UNITS_PER_PRICE: Units = 1_000;
