//! The engine of the exact class: the same job gives the same bits on every machine. `docs/arithmetic.md`.

mod cache;
mod engine;
mod error;
mod float_state;
mod forward;
mod job;
mod measure;
mod model;
mod network;
mod prefixes;
mod score;
mod team;
mod trace;
mod verify;

#[cfg(test)]
mod tests;

pub use engine::{Batch, BatchEvent, Engine, ExactGeneration};
pub use error::{JobError, LoadError};
pub use job::{Job, Sampler, Stop};
pub use measure::{Measurement, Workload};
pub use model::ExactModel;
pub use strike_models::{CacheUse, OpenOptions};
pub use trace::{Hash, TokenTrace, Trace};
pub use verify::{Claim, Divergence, Verification};
