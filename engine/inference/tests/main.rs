//! The engine as its users see it, in one program. `fuzz_cases` counts all memory and stands alone.

mod adapters;
mod embeddings;
mod exact;
mod families;
mod fixtures;
mod generation;
mod golden;
mod grammar;
mod hostile_files;
mod reference;
