#![doc = include_str!("../README.md")]

pub mod chat_template;
mod tokenizer;

pub use tokenizer::canonical;
pub use tokenizer::encode::{Tokenizer, MAX_FILE_BYTES, MAX_FILE_VALUES, MAX_TEXT_BYTES};
pub use tokenizer::error::TokenizerError;
pub use tokenizer::gguf::GgufTokenizer;
pub use tokenizer::model::{MAX_MERGES, MAX_TOKENS, MAX_TOKEN_BYTES, MAX_VOCABULARY_BYTES};
pub use tokenizer::stream::TextStream;
