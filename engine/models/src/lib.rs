#![doc = include_str!("../README.md")]

mod adapter;
pub mod architecture;
mod cache;
mod canonical;
mod config;
mod containers;
mod error;
mod open;
pub mod synthetic;

/// The tensors of a model in canonical form: their names, and how the engine sees them.
pub mod tensors {
    pub use crate::architecture::tensors::{LayerTensor, TensorName};
    pub use crate::canonical::matrix::{Matrix, Packing, BLOCK, PANEL_BLOCK_Q4, PANEL_BLOCK_Q8, PANEL_COLUMNS};
}

pub use adapter::{Adapter, Factors, FloatAdapter, FloatFactors};
pub use architecture::layout::{layout, TensorKind, TensorShape};
pub use architecture::SpecialTokens;
pub use cache::housekeeping::{cache_entries, CacheEntry, CacheState};
pub use cache::{default_folder as default_cache_folder, CacheFailure, CacheUse, Check};
pub use canonical::root::{adapted_model_root, model_root, ARITHMETIC_VERSION};
pub use config::from_json::vocab_size;
pub use containers::gguf;
pub use containers::source::read_whole;
pub use error::ModelError;
pub use open::files::{ModelFiles, CONFIG_FILE, TOKENIZER_FILE, TOKENIZER_LIMIT, WEIGHTS_FILE};
pub use open::float::{FloatMatrix, FloatModel};
pub use open::model::{Model, OpenOptions};
pub use open::size::ModelSize;
