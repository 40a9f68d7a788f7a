//! The node, put together: database, network, consensus, off-chain workers and RPC.

mod announce;
mod blobs;
mod consensus;
mod final_jobs;
mod full;
mod handles;
mod inherents;
mod network;
mod partial;
mod providers;
mod resilient;
mod work;

pub use blobs::WrapAnswer;
pub use full::new_full;
pub use partial::{new_partial, Consensus, Partial};
pub use work::{WorkOptions, WorkServices, WrapProvider, Wraps};
