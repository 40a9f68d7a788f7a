//! Model files: what is in them, and the one form in which the exact class computes with it.

pub mod architecture;
pub mod chat_template;
pub mod tensors;
pub mod tokenizer;
