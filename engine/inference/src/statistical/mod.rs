//! The engine of the statistical class: f32 weights, additions in a fixed order. And models of every family in f32 on candle.

mod attention;
mod config;
mod error;
mod float;
mod generate;
mod kernels;
mod math;
mod model;
mod request;
mod sampler;
mod transformer;
mod weights;

pub(crate) use generate::CHUNK;

pub use error::GenerateError;
pub use float::{Device, Reference, ReferenceError, ReferenceOptions, Rounding};
pub use generate::{CheckOutcome, Generation, StopReason, TokenEvent};
pub use model::{Model, ModelInfo};
pub use request::{GenerateRequest, MAX_PROMPT_BYTES};
pub use sampler::{Sampler, MAX_REPETITION_WINDOW};
