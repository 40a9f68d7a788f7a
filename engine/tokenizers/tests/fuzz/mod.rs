//! Entry functions of the fuzz targets that read texts: tokenizers and chat templates. What an entry is says
//! `engine/models/tests/fuzz`, which stands beside this as `crate::fuzz`.
#![allow(dead_code, reason = "each user takes a part")]

pub mod chat_template;
pub mod costly;
pub mod gguf;
pub mod seeds;
pub mod tokenizer_gguf;
pub mod tokenizer_json;
mod used;

use crate::fuzz::Entry;

pub const ALL: [&Entry; 4] = [&gguf::ENTRY, &tokenizer_json::ENTRY, &tokenizer_gguf::ENTRY, &chat_template::ENTRY];
