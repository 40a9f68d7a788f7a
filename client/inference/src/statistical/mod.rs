//! The engine of the statistical class: f32 weights, additions in a fixed order.

mod attention;
mod config;
mod error;
mod files;
mod generate;
mod kernels;
mod math;
mod model;
mod request;
mod sampler;
mod text;
mod tokenizer;
mod transformer;
mod weights;

pub use error::{GenerateError, ModelError};
pub use files::{ModelFiles, CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE};
pub use generate::{CheckOutcome, Generation, StopReason, TokenEvent};
pub use model::{Model, ModelInfo};
pub use request::{GenerateRequest, MAX_PROMPT_BYTES, MAX_STOP_LENGTH, MAX_STOP_SEQUENCES};
pub use sampler::{Sampler, MAX_REPETITION_WINDOW};
