//! From a file's description of a tokenizer to one that is checked and has one form.

pub mod canonical;
mod components;
pub(crate) mod control;
mod decoder;
pub(crate) mod encode;
pub(crate) mod error;
pub(crate) mod gguf;
pub(crate) mod model;
mod post;
mod pre;
pub(crate) mod stream;
