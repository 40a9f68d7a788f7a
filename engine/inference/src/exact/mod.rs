//! The engine of the exact class: the same job gives the same bits on every machine. `docs/arithmetic.md`.

mod any_model;
mod decoder;
mod embed;
mod encoder;
mod engine;
mod error;
mod generate;
mod grammar;
mod job;
mod loaded;
mod measure;
mod operators;
mod prefixes;
mod score;
mod tensors;
#[cfg(test)]
mod tests;
mod threads;
mod trace;
mod verify;

pub use any_model::AnyModel;
pub use decoder::model::ExactModel;
pub use encoder::model::ExactEncoder;
pub use engine::Engine;
pub use error::{JobError, LoadError};
pub use generate::{Batch, BatchEvent, ExactGeneration};
pub use grammar::{GRAMMAR_ENGINE, MAX_SCHEMA_BYTES};
pub use job::{Job, Sampler, Stop, MAX_STOP_LENGTH, MAX_STOP_SEQUENCES};
pub use loaded::TokenizerFiles;
pub use measure::{Measurement, Workload};
pub use operators::{Difference, Finding, Number, Operator, OperatorOutput, Operators};
pub use strike_models::{cache_entries, default_cache_folder, CacheEntry, CacheFailure, CacheState};
pub use strike_models::{Adapter, CacheUse, Check, OpenOptions};
pub use strike_tokenizers::Tokenizer;
pub use trace::{Hash, TokenTrace, Trace};
pub use verify::{Claim, Divergence, Verification};

#[cfg(test)]
pub(crate) use decoder::cache::{CacheShape, Sequence};
pub(crate) use engine::{PREFIX_MEMORY, ROWS};
pub(crate) use job::in_vocabulary;
pub(crate) use loaded::{open_tokenizer, vocab_size};
pub(crate) use verify::LOGIT_ROWS;
