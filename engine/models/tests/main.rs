//! The readers of model files and their canonical form, in one program: each would link the crates anew. `fuzz_cases` counts all memory and
//! stands alone.

mod adapters;
mod cache;
mod common;
mod configurations;
mod containers;
mod float_model;
mod gguf_types;
mod hostile_files;
mod speed;
