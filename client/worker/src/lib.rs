//! The bridge between the chain and the engine.
//!
//! [`run`] follows the chain, asks the runtime what this node's app keys owe, runs it on threads of its own, and leaves
//! results in the mailbox from which the verification pallet's off-chain worker signs and submits them. Nothing here
//! signs or submits, and no inference happens inside an off-chain worker.
//!
//! - [`run`], [`WorkerParams`]: the task.
//! - [`Executor`]: the seam to the engine; [`EngineExecutor`] is the engine behind it.
//! - [`ModelStore`]: the models the node can run.

mod chain;
mod duty;
mod execute;
mod inputs;
mod mailbox;
mod metrics;
mod model_store;
mod outputs;
mod perform;
mod schedule;
mod search;
#[cfg(test)]
mod tests;
mod tokenizers;
mod twin;
mod unkept;
mod worker;

pub use execute::{Claimed, EngineExecutor, ExecuteError, Executor, Outcome};
pub use model_store::{model_id, ModelStore, ModelStoreError};
pub use strike_inference::Control;
pub use worker::{run, Limits, WorkerParams};

/// Target of the worker's log lines.
pub const LOG_TARGET: &str = "strike-worker";
