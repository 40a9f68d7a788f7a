//! A chain, over the JSON-RPC of one of its nodes.
//!
//! Calls are encoded with the protocol's own types and then decoded by the chain's metadata before they are signed, so a
//! runtime that understands them otherwise is noticed here. Reads go through the runtime APIs of
//! `strike_primitives::api`, each called by its name.

pub mod calls;
pub mod client;
pub mod errors;
pub mod follow;
pub mod output;
pub mod submit;

pub use calls::Call;
pub use client::Chain;
pub use follow::{follow, Update};
pub use submit::{Inclusion, Submission};

use strike_primitives::H256;

/// A hash as subxt writes it.
pub fn subxt_hash(hash: H256) -> subxt::config::substrate::H256 {
    subxt::config::substrate::H256(hash.0)
}
