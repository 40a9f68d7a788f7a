//! The engine of the exact class: the same job gives the same bits on every machine. `docs/arithmetic.md`.

mod adapter;
mod any_model;
mod attend;
mod cache;
mod embed;
mod encoder;
mod encoder_model;
mod encoder_network;
mod engine;
mod error;
mod float_state;
mod forward;
mod grammar;
mod job;
mod loaded;
mod measure;
mod model;
mod network;
mod operators;
mod parallel;
mod prefixes;
mod recorder;
mod score;
mod spare;
mod team;
mod trace;
mod verify;

#[cfg(test)]
mod adversaries;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod encoder_tests;
#[cfg(test)]
mod honest_tests;
#[cfg(test)]
mod sameness_tests;
#[cfg(test)]
mod tests;

pub use any_model::AnyModel;
pub use encoder_model::ExactEncoder;
pub use engine::{Batch, BatchEvent, Engine, ExactGeneration};
pub use error::{JobError, LoadError};
pub use grammar::{GRAMMAR_ENGINE, MAX_SCHEMA_BYTES};
pub use job::{Job, Sampler, Stop};
pub use loaded::TokenizerFiles;
pub use measure::{Measurement, Workload};
pub use model::ExactModel;
pub use operators::{Difference, Finding, Number, Operator, OperatorOutput, Operators};
pub use strike_models::{tokenizer::Tokenizer, Adapter, CacheUse, Check, OpenOptions};
pub use trace::{Hash, TokenTrace, Trace};
pub use verify::{Claim, Divergence, Verification};

pub(crate) use engine::check;
pub(crate) use job::in_vocabulary;
pub(crate) use loaded::{open_tokenizer, vocab_size};
