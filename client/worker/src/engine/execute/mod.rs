//! Running work: the executor that the worker knows, and the engine behind it.

mod embed;
mod engine_executor;
mod exact;
pub(crate) mod executor;
pub(crate) mod outcome;
mod statistical;

pub use engine_executor::EngineExecutor;
pub use executor::{Claimed, Executor};
pub use outcome::{ExecuteError, Outcome};
