//! The files that models come in: safetensors and GGUF, read piece by piece and never trusted.

pub(crate) mod encoding;
pub mod gguf;
mod quants;
pub(crate) mod safetensors;
pub(crate) mod source;
pub(crate) mod store;
