//! Tokenizers and chat templates, in one program. `fuzz_cases` counts all memory and stands alone.

mod chat_template;
mod chat_tokens;
mod pins;
mod tokenizer;
