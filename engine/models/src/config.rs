//! Configurations: `config.json` and GGUF metadata become an [`Architecture`](crate::architecture::Architecture).
//!
//! Both are read into the same description, which one function checks: the numbers that reach the architecture do not depend
//! on the container.

mod bounds;
mod decoder;
mod encoder;
mod from_gguf;
mod from_json;
mod pooling;
mod rope;
mod special;

pub(crate) use from_gguf::architecture as from_gguf;
pub use from_json::vocab_size;
pub(crate) use from_json::{architecture as from_json, CONFIG_FILE, CONFIG_LIMIT};
pub(crate) use pooling::{PoolingContents, PoolingFiles};
pub use special::SpecialTokens;
pub(crate) use special::GENERATION_FILE;

use crate::architecture::Architecture;

/// What the files say beside the tensors.
pub(crate) struct Configuration {
    pub family: Family,
    pub architecture: Architecture,
    pub special: SpecialTokens,
    /// Rows of a position table before the first position.
    pub position_offset: usize,
    /// The base of the rotary embedding, where nothing but it decides the angles.
    pub rotary_base: Option<f64>,
}

/// The model families that are read. They differ in the names of their tensors and in what their configurations leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Llama 2 and 3, SmolLM2.
    Llama,
    Mistral,
    /// Qwen 2 and 2.5.
    Qwen2,
    Qwen3,
    Phi3,
    Gemma2,
    Gemma3,
    /// BERT, and RoBERTa, whose position table begins after the padding token's number.
    Bert,
    Roberta,
}

impl Family {
    /// Norm weights in safetensors are the difference from 1.
    pub fn norms_add_one(self) -> bool {
        matches!(self, Self::Gemma2 | Self::Gemma3)
    }
}
