//! The bridge between the chain and the engine.
//!
//! [`run`] follows the chain, asks the runtime what this node's app keys owe, runs it on threads of its own, and leaves
//! results in the mailbox. The verification pallet's off-chain worker signs and submits them from there. Nothing here
//! signs or submits, and no inference happens inside an off-chain worker.
//!
//! - [`run`], [`WorkerParams`], [`Limits`]: the task.
//! - [`Executor`]: the seam to the engine; [`EngineExecutor`] is the engine behind it.
//! - [`ModelStore`]: the models the node can run.

mod chain;
mod duty;
mod engine;
mod fetch;
mod limits;
mod metrics;
mod runs;
mod schedule;
#[cfg(test)]
mod tests;
mod worker;

pub use engine::{
    execute::{Claimed, EngineExecutor, ExecuteError, Executor, Outcome},
    memory::shown as shown_bytes,
    model_store::{model_id, ModelStore, ModelStoreError},
    threads::{limit_import_threads, usual_threads},
};
pub use limits::{Limits, LOG_TARGET};
pub use strike_inference::Control;
pub use worker::{run, WorkerParams};
