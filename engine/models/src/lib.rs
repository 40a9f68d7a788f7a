//! Model files: what is in them, and the one form in which the exact class computes with it.
//!
//! [`Model::open`] reads safetensors or GGUF, brings every weight matrix into canonical blocks, and keeps them as panels in a
//! cache file. Whichever container a model came in, it has one [`Model::weights_root`]. Formats: `FORMATS.md`.

mod adapter;
mod aligned;
pub mod architecture;
mod block_quants;
mod blocks;
mod cache;
pub mod chat_template;
mod config;
mod encoding;
mod equalized;
mod error;
mod float_model;
pub mod gguf;
mod identity;
mod image;
mod import;
mod k_quants;
mod layout;
mod merkle;
mod model;
mod names;
mod opened;
mod origin;
mod panels;
mod provider;
mod root;
mod safetensors_files;
mod source;
mod store;
pub mod synthetic;
pub mod tensors;
pub mod tokenizer;

pub use adapter::{Adapter, Factors, FloatAdapter, FloatFactors};
pub use config::{vocab_size, SpecialTokens};
pub use error::ModelError;
pub use float_model::{FloatMatrix, FloatModel};
pub use layout::{layout, TensorKind, TensorShape};
pub use model::{CacheUse, Check, Model, ModelFiles, OpenOptions, CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE};
pub use root::{adapted_model_root, model_root, ARITHMETIC_VERSION};
