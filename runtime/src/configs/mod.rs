//! How each pallet is set up in this runtime, one file a pallet; and `timing`, the periods that several share.

mod authority_discovery;
mod authorship;
pub mod babe;
mod balances;
pub mod finality;
mod grandpa;
mod historical;
pub mod market;
pub mod offences;
mod payouts;
mod provenance;
pub mod providers;
pub mod session;
mod sudo;
pub mod system;
mod timestamp;
pub mod timing;
mod transaction_payment;
pub mod transactions;
mod verification;
